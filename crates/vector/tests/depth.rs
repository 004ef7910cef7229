//! Accepted depth is safe on the stack of an ordinary thread, whatever nests or refers.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use chat2svg_vector::sanitise::sanitise;
use chat2svg_vector::{Document, ParseError, ParseLimits, Resource, WriteOptions};

fn wrap(content: &str) -> String {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">{content}</svg>")
}

const RECT: &str = "<rect width=\"9\" height=\"9\"/>";

/// Chains of one kind, some levels deep.
fn chain(kind: &str, levels: usize) -> String {
    let links = |link: &dyn Fn(usize) -> String| (1..=levels).map(link).collect::<String>();
    let big = "width=\"99\" height=\"99\"";
    match kind {
        "svg" => format!(
            "{}{RECT}{}",
            format!("<svg viewBox=\"0 0 50 50\" {big}>").repeat(levels),
            "</svg>".repeat(levels)
        ),
        "use" => format!(
            "<defs><g id=\"l0\">{RECT}</g>{}</defs><use href=\"#l{levels}\"/>",
            links(&|n| format!("<use id=\"l{n}\" href=\"#l{}\"/>", n - 1))
        ),
        "symbol" => format!(
            "<defs><g id=\"l0\">{RECT}</g>{}</defs><use href=\"#l{levels}\" {big}/>",
            links(&|n| format!(
                "<symbol id=\"l{n}\" viewBox=\"0 0 50 50\"><use href=\"#l{}\" {big}/></symbol>",
                n - 1
            ))
        ),
        "marker" => format!(
            "{}<path d=\"M0 0L50 50\" stroke=\"red\" marker-end=\"url(#l{levels})\"/>",
            links(&|n| format!(
                "<marker id=\"l{n}\" markerWidth=\"9\" markerHeight=\"9\"><path d=\"M0 0L5 5\" \
                 stroke=\"red\" marker-end=\"url(#l{})\"/></marker>",
                n - 1
            ))
        ),
        "inherited marker" => format!(
            "{}<g marker-end=\"url(#l{levels})\"><path d=\"M0 0L50 50\" stroke=\"red\"/></g>",
            links(&|n| format!(
                "<g marker-end=\"url(#l{})\"><marker id=\"l{n}\"><path d=\"M0 0L5 5\" stroke=\"red\"/></marker></g>",
                n - 1
            ))
        ),
        "pattern" => format!(
            "{}<path d=\"M0 0L99 50\" stroke=\"url(#l{levels})\"/>",
            links(&|n| format!(
                "<pattern id=\"l{n}\" width=\".5\" height=\".5\"><g stroke=\"url(#l{})\">\
                 <path d=\"M0 0L9 9\"/></g></pattern>",
                n - 1
            ))
        ),
        "clip" => format!(
            "{}<rect {big} clip-path=\"url(#l{levels})\"/>",
            links(&|n| format!(
                "<clipPath id=\"l{n}\" clip-path=\"url(#l{})\">{RECT}</clipPath>",
                n - 1
            ))
        ),
        "clip inside" => format!(
            "{}<rect {big} clip-path=\"url(#l{levels})\"/>",
            links(&|n| format!(
                "<clipPath id=\"l{n}\"><rect {big} clip-path=\"url(#l{})\"/></clipPath>",
                n - 1
            ))
        ),
        "gradient" => format!(
            "<linearGradient id=\"l0\"><stop/><stop offset=\"1\"/></linearGradient>{}\
             <rect {big} fill=\"url(#l{levels})\"/>",
            links(&|n| format!("<linearGradient id=\"l{n}\" href=\"#l{}\"/>", n - 1))
        ),
        _ => format!(
            "{}{RECT}{}",
            "<g opacity=\".9\" transform=\"rotate(1)\">".repeat(levels),
            "</g>".repeat(levels)
        ),
    }
}

const KINDS: [&str; 10] = [
    "g",
    "svg",
    "use",
    "symbol",
    "marker",
    "inherited marker",
    "pattern",
    "clip",
    "clip inside",
    "gradient",
];

#[test]
fn accepted_depth_is_safe_on_an_ordinary_stack_and_the_rest_is_refused() {
    for kind in KINDS {
        let deepest = std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || {
                let mut deepest = 0;
                for levels in (2..150).step_by(3) {
                    let svg = wrap(&chain(kind, levels));
                    let Ok(parsed) = Document::parse(svg.as_bytes(), &ParseLimits::default())
                    else {
                        break;
                    };
                    deepest = levels;
                    parsed
                        .document
                        .render(32, 32, None)
                        .expect("it is rendered");
                    let written = parsed.document.to_svg(&WriteOptions::default());
                    Document::parse(written.as_bytes(), &ParseLimits::for_own_output())
                        .expect("what was written is read");
                    sanitise(svg.as_bytes(), &ParseLimits::default()).expect("and as text");
                }
                deepest
            })
            .expect("a thread starts")
            .join()
            .expect("the stack suffices");
        assert!((20..140).contains(&deepest), "{kind}: {deepest}");
        for levels in [400, 3_000] {
            let svg = wrap(&chain(kind, levels));
            let error = Document::parse(svg.as_bytes(), &ParseLimits::default());
            assert!(
                matches!(
                    error,
                    Err(ParseError::TooDeep { .. }
                        | ParseError::TooCostly {
                            resource: Resource::Levels,
                            ..
                        })
                ),
                "{kind}"
            );
        }
    }
}
