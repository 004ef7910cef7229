//! Files that go in and places that results go to: hostile, broken, huge, special.

use std::{
    fs::{self, File},
    io::Read as _,
    os::unix::fs::{FileTypeExt as _, symlink},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use serde_json::Value;

use crate::support::{
    Daemon, assert_svg, claiming_png, complaint, crowd, disc, folder, json, noise, one_line,
    problem, program, success, text, wait_until,
};

const XLINK: &str = "http://www.w3.org/1999/xlink";

/// An SVG of 48 by 48 around a body.
fn svg(body: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="{XLINK}" viewBox="0 0 48 48">{body}</svg>"#
    )
}

fn refine(folder: &Path, template: &str) -> Command {
    let (svg, png) = (folder.join("template.svg"), folder.join("target.png"));
    fs::write(&svg, template).unwrap();
    fs::write(&png, disc(48)).unwrap();
    let mut command = program(["refine", "--level", "minimal", "--deadline", "2m"]);
    command.arg("--template").arg(svg);
    command.arg("--target").arg(png);
    command
}

fn vectorize(picture: &Path) -> Command {
    let mut command = program(["vectorize", "--level", "minimal", "--deadline", "2m"]);
    command.arg(picture);
    command
}

#[test]
fn pictures_that_cannot_be_used_are_refused_with_the_reason() {
    let folder = folder();
    let sparse = folder.path().join("sparse.png");
    File::create(&sparse).unwrap().set_len(1 << 30).unwrap();
    let text = complaint(&mut vectorize(&sparse), 1);
    assert!(
        text.contains("sparse.png") && text.contains("max_upload_bytes"),
        "{text}"
    );
    one_line(&text);

    let good = disc(64);
    let gif = b"GIF89a\x01\0\x01\0\0\0\0;";
    let drawing = svg("<circle r='9'/>");
    let claiming = claiming_png(60_000, 60_000);
    let nothing = claiming_png(0, 0);
    let cases: [(&str, &[u8], &str); 7] = [
        ("empty.png", b"", "not a PNG, JPEG or WebP"),
        ("short.png", &good[..good.len() / 2], "cut short"),
        ("signature.png", &good[..8], "cut short"),
        ("moving.gif", gif, "not a PNG, JPEG or WebP"),
        ("drawing.svg", drawing.as_bytes(), "not a PNG, JPEG or WebP"),
        ("wide.png", &claiming, "60000 × 60000"),
        ("nothing.png", &nothing, "PNG"),
    ];
    for (name, bytes, expected) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let text = complaint(&mut vectorize(&path), 1);
        assert!(
            text.contains(name) && text.contains(expected),
            "{name}: {text}"
        );
        one_line(&text);
    }
}

#[test]
fn the_smallest_and_the_plainest_picture_are_traced() {
    let folder = folder();
    let path = folder.path().join("picture.png");
    for side in [1, 2] {
        fs::write(&path, disc(side)).unwrap();
        assert_svg(&String::from_utf8(success(&mut vectorize(&path)).stdout).unwrap());
    }
}

#[test]
fn svgs_that_are_traps_are_refused_with_the_reason() {
    let folder = folder();
    let tenfold = |index: usize| format!(r##"<use xlink:href="#u{index}"/>"##).repeat(10);
    let uses: String = (1..10)
        .map(|index| format!(r#"<g id="u{index}">{}</g>"#, tenfold(index - 1)))
        .collect();
    let bomb = svg(&format!(
        r##"<defs><g id="u0"><rect width="1" height="1"/></g>{uses}</defs><use xlink:href="#u9"/>"##
    ));
    let entities: String = (1..10)
        .map(|index| {
            let inner = format!("&a{};", index - 1).repeat(10);
            format!(r#"<!ENTITY a{index} "{inner}">"#)
        })
        .collect();
    let laughs = format!(
        r#"<!DOCTYPE svg [<!ENTITY a0 "ha">{entities}]>{}"#,
        svg("<text>&a9;</text>")
    );
    let thief = format!(
        r#"<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>{}"#,
        svg("<text>&x;</text>")
    );
    let deep = svg(&format!(
        "{}{}",
        "<g>".repeat(50_000),
        "</g>".repeat(50_000)
    ));
    let many = svg(&r#"<rect width="2" height="2"/>"#.repeat(150_000));
    let far = svg(r#"<circle cx="1e39" cy="32" r="18"/>"#);
    let endless = svg(r#"<path d="M0 0 L 1e30 5 Z"/>"#);
    let cases = [
        (bomb.as_str(), "once its references"),
        (&laughs, "holds another entity"),
        (&thief, "refers to another file"),
        (&deep, "deep"),
        (&many, "elements"),
        (&far, "cx of <circle>"),
        (&endless, "d of <path>"),
        ("<html><body/></html>", "<html>"),
        ("a fox", "not an SVG"),
        ("", "SVG"),
        ("<svg xmlns='http://www.w3.org/2000/svg'><g>", "SVG"),
    ];
    for (template, expected) in cases {
        let shown: String = template.chars().take(60).collect();
        let text = complaint(&mut refine(folder.path(), template), 1);
        assert!(
            text.contains("template.svg") && text.contains(expected),
            "{shown}: {text}"
        );
        one_line(&text);
    }
}

#[test]
fn svgs_with_harmful_parts_lose_them() {
    let folder = folder();
    let disc = r##"<circle cx="24" cy="24" r="14" fill="#c82"/>"##;
    for harmful in [
        r#"<script>alert(1)</script>"#,
        r#"<rect width="9" height="9" onclick="alert(1)"/>"#,
        r#"<a href="javascript:alert(1)"><rect width="9" height="9"/></a>"#,
        r#"<image href="file:///etc/hostname" width="9" height="9"/>"#,
        r#"<image xlink:href="http://198.51.100.1/x.png" width="9" height="9"/>"#,
        r##"<use href="http://198.51.100.1/x.svg#a"/>"##,
        r##"<rect width="9" height="9" fill="url(http://198.51.100.1/x.svg#a)"/>"##,
        r#"<style>@import url(http://198.51.100.1/x.css); rect { fill: red }</style>"#,
        r#"<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="http://198.51.100.1/"/></foreignObject>"#,
    ] {
        let template = svg(&format!("{harmful}{disc}"));
        let output = success(&mut refine(folder.path(), &template));
        let svg = String::from_utf8(output.stdout).unwrap();
        assert_svg(&svg);
        for forbidden in [
            "script",
            "alert",
            "onclick",
            "198.51.100.1",
            "hostname",
            "<image",
            "iframe",
            "@import",
        ] {
            assert!(!svg.contains(forbidden), "{forbidden} of {harmful}: {svg}");
        }
    }
}

#[test]
fn what_was_left_out_of_a_file_is_told() {
    let folder = folder();
    let template = svg(r#"<script>alert(1)</script><circle cx="24" cy="24" r="14"/>"#);
    let output = success(refine(folder.path(), &template).arg("--json"));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let warning = "script: scripts are removed";
    assert_eq!(result["metadata"]["warnings"], serde_json::json!([warning]));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(warning), "{told}");
}

#[test]
fn a_budget_of_bytes_is_kept_and_every_result_has_a_title() {
    let folder = folder();
    let path = folder.path().join("noise.png");
    fs::write(&path, noise(64)).unwrap();
    let vectorized = success(vectorize(&path).args(["--bytes", "3000"])).stdout;
    let text = String::from_utf8(vectorized).unwrap();
    assert!(text.len() <= 3_001, "{} bytes", text.len());
    assert!(text.contains("<title>Vectorized picture</title>"), "{text}");

    let refined = success(&mut refine(folder.path(), &svg("<circle r='9'/>"))).stdout;
    let text = String::from_utf8(refined).unwrap();
    assert!(text.contains("<title>Drawing</title>"), "{text}");

    let complaint = complaint(vectorize(&path).args(["--bytes", "1"]), 2);
    assert!(complaint.contains("512 to 16777216"), "{complaint}");
}

#[test]
fn an_svg_is_cleaned_and_kept_as_a_job_of_its_own() {
    let folder = folder();
    let mut daemon = Daemon::start(folder.path(), &[]);
    let file = svg(
        r##"<script>alert(1)</script><g id="mine"><circle cx="9" cy="9" r="7" fill="#b33"/></g>
            <g id="yours"><circle cx="30" cy="9" r="7" fill="#b33"/></g>"##,
    );
    let fields: [(&str, &[u8]); 2] = [("svg", file.as_bytes()), ("deadline_ms", b"60000")];
    let answer = json(&mut daemon.post_form("/v1/clean", "wait=60", &fields));
    assert_eq!(answer["state"], "succeeded", "{answer}");
    assert_eq!(
        answer["metadata"]["warnings"],
        serde_json::json!(["script: scripts are removed"])
    );
    let clean = answer["svg_content"].as_str().unwrap();
    assert!(!clean.contains("script"), "{clean}");
    assert!(
        clean.contains("id=\"mine\"") && clean.contains("id=\"yours\""),
        "{clean}"
    );
    let id = answer["id"].as_str().unwrap();
    daemon.signal("KILL");
    daemon.wait();
    drop(daemon);
    let daemon = Daemon::start(folder.path(), &[]);
    assert_eq!(daemon.job(id)["request"]["kind"], "clean");
    let kept = text(&mut daemon.get(&format!("/v1/jobs/{id}/result.svg")));
    assert_eq!(kept, clean);
    let alien: [(&str, &[u8]); 2] = [("svg", file.as_bytes()), ("paths", b"4")];
    problem(
        daemon.post_form("/v1/clean", "wait=60", &alien),
        422,
        "invalid-fields",
    );
    let broken: [(&str, &[u8]); 1] = [("svg", b"no svg at all")];
    problem(
        daemon.post_form("/v1/clean", "wait=60", &broken),
        422,
        "invalid-file",
    );
}

#[test]
fn odd_svgs_are_taken() {
    let folder = folder();
    for odd in [
        String::new(),
        r##"<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>"##.to_owned(),
        r#"<text x="5" y="20">Hi</text>"#.to_owned(),
        r#"<path d="M NaN 0 L 5 5 Z"/><circle cx="9" cy="32" r="18"/>"#.to_owned(),
        r#"<path d="M0 0 L"/><rect width="-5" height="5"/>"#.to_owned(),
    ] {
        let output = success(&mut refine(folder.path(), &svg(&odd)));
        assert!(
            String::from_utf8(output.stdout).unwrap().contains("<svg"),
            "{odd}"
        );
    }
}

#[test]
fn a_file_survives_a_job_that_fails() {
    let folder = folder();
    let (kept, broken) = (folder.path().join("kept.svg"), folder.path().join("in.png"));
    fs::write(&kept, "mine").unwrap();
    fs::write(&broken, &disc(32)[..50]).unwrap();
    complaint(vectorize(&broken).arg("-o").arg(&kept), 1);
    assert_eq!(fs::read(&kept).unwrap(), b"mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn an_interrupted_job_leaves_nothing_behind() {
    let folder = folder();
    let picture = folder.path().join("crowd.png");
    fs::write(&picture, crowd(512)).unwrap();
    let results = folder.path().join("results");
    fs::create_dir(&results).unwrap();
    for signal in ["INT", "TERM"] {
        let mut child = program(["vectorize", "--level", "high", "--paths", "4096"])
            .args(["--deadline", "5m", "-o"])
            .arg(results.join("out.svg"))
            .arg(&picture)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The file to be is there as soon as the place was found good.
        wait_until("the job begins", || {
            fs::read_dir(&results).unwrap().next().is_some()
        });
        // From here to the handling of signals is a short way, but it is one.
        wait_until("signals are handled", || handles(child.id(), signal));
        let killed = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let status = child.wait().unwrap();
        let mut text = String::new();
        child.stderr.unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(status.code(), Some(1), "{signal}: {text}");
        assert!(text.contains("interrupted"), "{signal}: {text}");
        one_line(&text);
        assert_eq!(fs::read_dir(&results).unwrap().count(), 0, "{signal}");
    }
}

/// Whether a process handles a signal itself, as the kernel tells.
fn handles(pid: u32, signal: &str) -> bool {
    let bit = match signal {
        "INT" => 2,
        _ => 15,
    };
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << (bit - 1)) != 0)
}

#[test]
fn a_link_is_followed_and_stays_a_link() {
    let folder = folder();
    let real = folder.path().join("real.svg");
    let link = folder.path().join("link.svg");
    fs::write(&real, "old").unwrap();
    symlink("real.svg", &link).unwrap();
    success(program(["generate", "a house", "--level", "minimal", "-o"]).arg(&link));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_svg(&fs::read_to_string(&real).unwrap());
}

#[test]
fn a_link_to_nothing_is_followed_and_what_it_leads_to_is_made() {
    let folder = folder();
    let (link, there) = (
        folder.path().join("link.svg"),
        folder.path().join("new.svg"),
    );
    symlink("new.svg", &link).unwrap();
    success(program(["generate", "a house", "--level", "minimal", "-o"]).arg(&link));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_svg(&fs::read_to_string(there).unwrap());

    let lost = folder.path().join("lost.svg");
    symlink("no/such/folder/new.svg", &lost).unwrap();
    let mut command = program(["generate", "a house", "-o"]);
    let text = complaint(command.arg(&lost), 1);
    one_line(&text);
    assert!(
        text.contains("lost.svg") && !text.contains(".chat2svg-"),
        "{text}"
    );
    assert!(fs::symlink_metadata(&lost).unwrap().is_symlink());
}

/// What a terminal would obey, or what would turn or break a line.
fn treacherous(text: &str) -> Option<char> {
    let turns = |letter| matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.chars()
        .find(|letter| letter.is_control() && *letter != '\n' || turns(*letter))
}

#[test]
fn nothing_from_outside_drives_a_terminal() {
    const EVIL: [&str; 4] = [
        "\u{1b}]0;mine\u{7}",
        "\u{9b}2J",
        "\u{202e}gvs.",
        "\u{2028}second line",
    ];
    for evil in EVIL {
        let folder = folder();
        let path = folder.path().join(format!("a{evil}.png"));
        // A name in an error.
        let text = complaint(&mut vectorize(&path), 1);
        assert_eq!(treacherous(&text), None, "{text:?}");
        assert!(text.contains("\\u{"), "{text:?}");
        // A name in a place that cannot be written.
        let deep = path.join("deep.svg");
        let text = complaint(program(["generate", "a house", "-o"]).arg(&deep), 1);
        assert_eq!(treacherous(&text), None, "{text:?}");
        // Words that are not drawn.
        let prompt = format!("a house and a zxqv{evil}zxqv");
        let mut command = program(["generate", "--level", "minimal"]);
        let output = success(command.arg(prompt));
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(treacherous(&text), None, "{text:?}");
    }
    // Names in warnings; XML itself has no control characters below C1, but for white space.
    let template = svg(
        "<foo\u{202e} a='1'/><rect bad\u{2028}='1' width='9' height='9'/>\
         <text y='20' font-family='\u{9b}31m\u{202e}'>abc</text><circle cx='24' cy='24' r='14'/>",
    );
    let folder = folder();
    let output = refine(folder.path(), &template).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(treacherous(&text), None, "{text:?}");
}

#[test]
fn what_is_no_file_is_written_into_and_not_replaced() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let mut command = program(["generate", "a house", "--level", "minimal", "-o"]);
    let output = command.arg(&pipe).output().unwrap();
    assert!(
        fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo(),
        "a device or pipe must not be replaced by a file"
    );
    assert_eq!(output.status.code(), Some(0));
    assert_svg(&reader.join().unwrap());
}

#[test]
fn two_results_need_two_places() {
    let folder = folder();
    let path = folder.path().join("both");
    let mut command = program(["generate", "a house", "-o"]);
    let text = complaint(command.arg(&path).arg("--png").arg(&path), 2);
    one_line(&text);
    assert!(text.contains("--png"), "{text}");
    assert!(!path.exists());
}
