//! Files that mean harm, by kind, through the real daemon: it stays alive and bounded, and answers
//! every one of them within its deadline or with a reason.

use std::{fmt::Write as _, time::Instant};

use serde_json::Value;

use crate::support::{Daemon, HOUSE, claiming_png, disc, folder, json, noise};

/// What the whole process may take while it is sent all of this.
const MOST_MEMORY: u64 = 1_000_000_000;
/// Milliseconds that each file is given.
const DEADLINE_MS: u64 = 2_000;

fn svg(inside: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">{inside}</svg>"#
    )
}

/// `levels` definitions, each of which holds two copies of the one before.
fn doubling(levels: usize, leaf: &str, double: impl Fn(usize) -> String) -> String {
    let levels: String = (1..=levels).map(double).collect();
    format!("<defs>{leaf}{levels}</defs>")
}

fn repeated(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut all, index| {
        let _ = write!(all, "{}", part(index));
        all
    })
}

/// Numbers that no renderer can hold, plainly and as products.
fn numbers() -> Vec<(&'static str, String)> {
    let far = |value: &str| {
        svg(&format!(
            r#"<path d="M0 0L{value} 3L3 {value}Z"/><path d="M0 0A{value} {value} 0 1 1 3 3" stroke="red"/>"#
        ))
    };
    vec![
        ("coordinates of 6e8", far("6e8")),
        ("coordinates of 1e9", far("1e9")),
        ("coordinates of 3e38", far("3e38")),
        (
            "scales that multiply",
            svg(
                r#"<g transform="scale(30000)"><g transform="scale(30000)"><path d="M1 1h3v3z" stroke="red"/></g></g>"#,
            ),
        ),
        (
            "a stroke of 1e8",
            svg(r#"<path d="M0 0C9 9 20 3 60 60" fill="none" stroke="red" stroke-width="1e8"/>"#),
        ),
        (
            "dashes without end",
            svg(r#"<path stroke="red" stroke-dasharray="0.001 0.002" d="M2 900000000L9 9"/>"#),
        ),
        (
            "a gradient of 1e20",
            svg(
                r#"<radialGradient id="g" r="1e20"><stop/></radialGradient><rect width="9" height="9" fill="url(#g)"/>"#,
            ),
        ),
    ]
}

/// Little that becomes much, by every way in which a file can refer to itself.
fn multiplications() -> Vec<(&'static str, String)> {
    let uses = doubling(24, r#"<path id="u0" d="M0 0h1v1"/>"#, |level| {
        let below = format!(r##"<use href="#u{}"/>"##, level - 1).repeat(2);
        format!(r#"<g id="u{level}">{below}</g>"#)
    });
    let zigzag = "h1v1".repeat(300);
    let nested = |levels: usize, open: &str, close: &str| {
        svg(&format!("{}{}", open.repeat(levels), close.repeat(levels)))
    };
    vec![
        ("use of use", svg(&format!(r##"{uses}<use href="#u24"/>"##))),
        (
            "a marker that a group hands down",
            svg(&format!(
                r##"{uses}<defs><marker id="m"><use href="#u10"/></marker></defs><g marker-mid="url(#m)">{}</g>"##,
                format!(r#"<path d="M0 0{zigzag}"/>"#).repeat(20)
            )),
        ),
        (
            "a marker that a style sheet hands down",
            svg(&format!(
                r##"{uses}<style>g{{marker:url(#m)}}</style><defs><marker id="m"><use href="#u10"/></marker></defs><g><g>{}</g></g>"##,
                format!(r#"<path d="M0 0{zigzag}"/>"#).repeat(20)
            )),
        ),
        (
            "markers in markers",
            svg(&format!(
                r#"<defs>{}<marker id="m9"><path d="M0 0h1"/></marker></defs><path marker-mid="url(#m0)" d="M0 0{zigzag}"/>"#,
                repeated(9, |level| format!(
                    r#"<g marker-mid="url(#m{})"><marker id="m{level}"><path d="M0 0h1v1h1v1h1v1"/></marker></g>"#,
                    level + 1
                ))
            )),
        ),
        (
            "a chain of markers",
            svg(&format!(
                r#"<defs>{}<marker id="m400"><path d="M0 0h1"/></marker></defs><path marker-start="url(#m0)" d="M0 0h9"/>"#,
                repeated(400, |level| format!(
                    r#"<g marker-start="url(#m{})"><marker id="m{level}"><path d="M0 0h1"/></marker></g>"#,
                    level + 1
                ))
            )),
        ),
        (
            "a pattern that a group hands down",
            svg(&format!(
                r##"{uses}<pattern id="p" width="1" height="1"><use href="#u12"/></pattern><g stroke="url(#p)">{}</g>"##,
                r#"<path d="M0 0h9v9"/>"#.repeat(400)
            )),
        ),
        (
            "clip paths in clip paths",
            svg(&format!(
                r##"{}<rect clip-path="url(#c20)" width="9" height="9"/>"##,
                doubling(
                    20,
                    r#"<clipPath id="c0"><rect width="9" height="9"/></clipPath>"#,
                    |level| {
                        let below = level - 1;
                        let one =
                            format!(r#"<rect clip-path="url(#c{below})" width="9" height="9"/>"#);
                        format!(r#"<clipPath id="c{level}">{}</clipPath>"#, one.repeat(2))
                    }
                )
            )),
        ),
        (
            "many stops, many times",
            svg(&format!(
                r#"<linearGradient id="g">{}</linearGradient>{}"#,
                repeated(5_000, |at| format!(
                    r#"<stop offset="{}"/>"#,
                    at as f64 / 5_000.0
                )),
                r#"<rect width="9" height="9" fill="url(#g)"/>"#.repeat(5_000)
            )),
        ),
        (
            "text, many times",
            svg(&format!(
                r##"<defs><text id="t" y="9">{}</text></defs>{}"##,
                "words ".repeat(1_000),
                r##"<use href="#t"/>"##.repeat(2_000)
            )),
        ),
        (
            "a long path, many times",
            svg(&format!(
                r##"<defs><path id="t" d="M0 0{}"/></defs>{}"##,
                "h1v1".repeat(20_000),
                r##"<use href="#t"/>"##.repeat(2_000)
            )),
        ),
        ("groups 5,000 deep", nested(5_000, "<g>", "</g>")),
        (
            "view boxes 90 deep",
            nested(
                90,
                r#"<svg viewBox="0 0 9 9" width="9" height="9">"#,
                "</svg>",
            ),
        ),
        (
            "symbols in symbols",
            svg(&format!(
                r##"<symbol id="s0" viewBox="0 0 9 9"><path d="M0 0h9v9"/></symbol>{}<use href="#s300"/>"##,
                repeated(300, |level| format!(
                    r##"<symbol id="s{}" viewBox="0 0 9 9"><use href="#s{level}"/></symbol>"##,
                    level + 1
                ))
            )),
        ),
    ]
}

/// Much that must be read in one pass.
fn bulks() -> Vec<(&'static str, String)> {
    let rect = r#"<rect width="9" height="9"/>"#;
    vec![
        (
            "100,000 declarations",
            svg(&format!(
                "<style>rect{{{}}}</style>{rect}",
                "fill:red;".repeat(100_000)
            )),
        ),
        (
            "100,000 declarations in an attribute",
            svg(&format!(
                r#"<rect width="9" height="9" style="{}"/>"#,
                "fill:red;".repeat(100_000)
            )),
        ),
        (
            "many rules for many elements",
            svg(&format!(
                "<style>{}</style>{}",
                repeated(4_000, |at| format!(".c{at} *{{fill:red}}")),
                r#"<g class="c1 c2 c3"><g/></g>"#.repeat(10_000)
            )),
        ),
        (
            "unknown attributes and elements",
            svg(&repeated(40_000, |at| format!(r#"<x{at} y{at}="1"/>"#))),
        ),
        (
            "one id for all",
            svg(&r#"<path id="a" d="M0 0h1v1"/>"#.repeat(40_000)),
        ),
    ]
}

/// Files that are wrong, and what would show it on a terminal or in the result.
fn oddities() -> Vec<(&'static str, String)> {
    vec![
        (
            "entities",
            format!(
                r#"<!DOCTYPE svg [<!ENTITY a "{}"><!ENTITY b "&a;&a;&a;&a;">]>{}"#,
                "x".repeat(1_000),
                svg("<text>&b;&b;</text>")
            ),
        ),
        (
            "no height",
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="1e9" height="1e-9"><rect width="9" height="9"/></svg>"#.to_owned(),
        ),
        (
            "no view",
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1e-30 1e-30"><rect width="9" height="9"/></svg>"#.to_owned(),
        ),
        (
            "names that move the cursor",
            svg("<text y='20' font-family='\u{9b}31mEVIL'>abc</text><g id='\u{202e}di' onload='x'/>"),
        ),
        ("no end", "<svg xmlns=\"http://www.w3.org/2000/svg\"><g><rect".to_owned()),
        ("nothing", String::new()),
    ]
}

/// Statuses that say what is wrong, or bring the picture. `500` is none of them.
fn is_honest(status: u16, problem: &Value) -> bool {
    match status {
        200 => problem["svg_content"].is_string(),
        413 | 422 | 503 | 504 => problem["detail"].is_string() && problem["code"].is_string(),
        _ => false,
    }
}

#[test]
fn hostile_files_are_answered_and_harm_nothing() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let target = disc(64);
    let deadline = DEADLINE_MS.to_string();
    let files = [numbers(), multiplications(), bulks(), oddities()].concat();
    for (kind, file) in &files {
        let form: [(&str, &[u8]); 4] = [
            ("template", file.as_bytes()),
            ("target", &target),
            ("level", b"minimal"),
            ("deadline_ms", deadline.as_bytes()),
        ];
        let begun = Instant::now();
        let mut answer = daemon.post_form("/v1/refine", "wait=60", &form);
        let took = begun.elapsed();
        let status = answer.status().as_u16();
        let body = json(&mut answer);
        assert!(is_honest(status, &body), "{kind}: {status} {body}");
        assert!(
            took.as_secs() < 30,
            "{kind} held the service up for {took:?}"
        );
        let drawn = body["svg_content"].as_str().unwrap_or("<svg");
        assert!(drawn.starts_with("<svg"), "{kind}: {drawn}");
    }
    let mut house = daemon.post("/v1/svg", &[], HOUSE);
    assert_eq!(house.status().as_u16(), 200, "{}", json(&mut house));
    daemon.assert_unharmed();
    assert!(
        !daemon.log().contains('\u{202e}'),
        "a name reaches the log as it came"
    );
    #[cfg(target_os = "linux")]
    assert!(
        daemon.peak_memory() < MOST_MEMORY,
        "{} bytes",
        daemon.peak_memory()
    );
}

#[test]
fn hostile_pictures_are_answered_and_harm_nothing() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let whole = noise(700);
    let claims = [claiming_png(8_192, 4_096), claiming_png(60_000, 60_000)];
    let damaged = [&whole[..whole.len() / 2], &whole[..40], b"GIF89a", b""];
    let pictures = claims.iter().map(Vec::as_slice).chain(damaged);
    for picture in pictures.chain([whole.as_slice()]) {
        let form: [(&str, &[u8]); 3] = [
            ("image", picture),
            ("level", b"minimal"),
            ("deadline_ms", b"3000"),
        ];
        let mut answer = daemon.post_form("/v1/vectorize", "wait=60", &form);
        let status = answer.status().as_u16();
        let body = json(&mut answer);
        assert!(
            is_honest(status, &body),
            "{} bytes: {status} {body}",
            picture.len()
        );
    }
    daemon.assert_unharmed();
    #[cfg(target_os = "linux")]
    assert!(
        daemon.peak_memory() < MOST_MEMORY,
        "{} bytes",
        daemon.peak_memory()
    );
}
