//! What a job says of stages 2 and 3: what was added, what was moved, what was gained.

use std::{fs, path::Path, process::Command};

use chat2svg_vector::{Color, Document, ParseLimits};
use serde_json::Value;

use crate::support::{
    Daemon, claiming_png, complaint, disc, folder, json, one_line, program, success,
};

/// A ball on a floor; the ball's place and what comes after it may be changed.
fn scene(x: u32, y: u32, more: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128">
        <rect id="wall" width="128" height="128" fill="#a9cbe8"/>
        <rect id="floor" y="90" width="128" height="38" fill="#8a6a48"/>
        <circle id="ball" cx="{x}" cy="{y}" r="14" fill="#d8402f"/>{more}</svg>"##
    )
}

fn document(svg: &str) -> Document {
    Document::parse(svg.as_bytes(), &ParseLimits::default())
        .unwrap()
        .document
}

/// A command that refines one SVG to the picture of another.
fn refine(folder: &Path, template: &str, target: &str) -> Command {
    let (svg, png) = (folder.join("template.svg"), folder.join("target.png"));
    fs::write(&svg, template).unwrap();
    let picture = document(target)
        .render(128, 128, Some(Color::WHITE))
        .unwrap();
    fs::write(&png, picture.encode_png().unwrap()).unwrap();
    let mut command = program(["refine", "--level", "low", "--deadline", "2m", "--json"]);
    command.arg("--template").arg(svg);
    command.arg("--target").arg(png);
    command
}

fn told(command: &mut Command) -> Value {
    serde_json::from_slice(&success(command).stdout).unwrap()
}

#[test]
fn refine_says_what_it_moved_and_added_and_what_that_gained() {
    let folder = folder();
    let shine = r##"<ellipse cx="62" cy="68" rx="5" ry="4" fill="#fff"/>"##;
    let target = scene(66, 74, shine);
    let answer = told(refine(folder.path(), &scene(40, 60, ""), &target).arg("--add-shapes"));
    let metadata = &answer["metadata"];
    assert_eq!(metadata["tier"], "full", "{metadata}");
    let moved = metadata["detail"]["moved"].as_array().unwrap();
    assert_eq!(moved.len(), 1, "{moved:?}");
    assert_eq!(moved[0]["name"], "ball");
    let by = |axis: usize| moved[0]["by"][axis].as_f64().unwrap();
    assert!(
        (by(0) - 26.0).abs() < 1.5 && (by(1) - 14.0).abs() < 1.5,
        "{moved:?}"
    );
    let added = metadata["detail"]["added"].as_array().unwrap();
    assert!(
        added.iter().any(|name| name == "ball / highlight"),
        "{added:?}"
    );
    let decibels = |key: &str| metadata["fit"][key].as_f64().unwrap();
    assert!(decibels("psnr_after") > 30.0, "{metadata}");
    let result = document(answer["svg_content"].as_str().unwrap());
    for id in ["wall", "floor", "ball"] {
        assert!(result.find_id(id).is_some(), "{id}");
    }
}

#[test]
fn without_leave_to_add_shapes_move_and_none_is_added() {
    let folder = folder();
    let shine = r##"<ellipse cx="62" cy="68" rx="5" ry="4" fill="#fff"/>"##;
    let answer = told(&mut refine(
        folder.path(),
        &scene(40, 60, ""),
        &scene(66, 74, shine),
    ));
    let metadata = &answer["metadata"];
    assert_eq!(metadata["detail"]["moved"][0]["name"], "ball", "{metadata}");
    assert_eq!(metadata["fit"]["paths_added"], 0);
    let result = document(answer["svg_content"].as_str().unwrap());
    assert_eq!(result.counts().shapes, 3);
}

#[test]
fn refine_from_an_empty_template_is_vectorize() {
    let folder = folder();
    let target = scene(40, 60, "");
    let empty = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128" width="128" height="128"/>"#;
    let refined = told(refine(folder.path(), empty, &target).arg("--add-shapes"));
    let mut command = program(["vectorize", "--level", "low", "--deadline", "2m", "--json"]);
    let vectorized = told(command.arg(folder.path().join("target.png")));
    // They are the same but for what they are called.
    let untitled = |answer: &Value| {
        let mut found = document(answer["svg_content"].as_str().unwrap());
        found.title = None;
        found
    };
    assert_eq!(untitled(&refined), untitled(&vectorized));
    assert!(vectorized["metadata"]["detail"].is_null());
    assert!(
        vectorized["metadata"]["fit"]["psnr_after"]
            .as_f64()
            .unwrap()
            > 30.0
    );
}

#[test]
fn generate_says_what_it_added_and_gained() {
    let answer = told(&mut program([
        "generate",
        "a red ball on grass",
        "--level",
        "low",
        "--deadline",
        "2m",
        "--json",
    ]));
    let metadata = &answer["metadata"];
    assert!(
        !metadata["detail"]["added"].as_array().unwrap().is_empty(),
        "{metadata}"
    );
    assert_eq!(metadata["detail"]["moved"], Value::Array(Vec::new()));
    assert!(
        metadata["fit"]["psnr_after"].as_f64().is_some(),
        "{metadata}"
    );
}

#[test]
fn targets_beyond_the_limits_and_cut_short_are_refused() {
    let folder = folder();
    let whole = disc(64);
    let cases: [(&[u8], &str); 2] = [
        (&claiming_png(16_000, 16_000), "16000 × 16000"),
        (&whole[..whole.len() / 2], "cut short"),
    ];
    for (bytes, expected) in cases {
        let mut command = refine(folder.path(), &scene(40, 60, ""), &scene(40, 60, ""));
        fs::write(folder.path().join("target.png"), bytes).unwrap();
        let text = complaint(&mut command, 1);
        assert!(
            text.contains("target.png") && text.contains(expected),
            "{text}"
        );
        one_line(&text);
    }
}

#[test]
fn a_template_that_shows_the_target_comes_back_as_it_is() {
    let template = scene(40, 60, "");
    for (level, side) in [("minimal", 96), ("high", 700)] {
        let folder = folder();
        let (drawing, target) = (folder.path().join("a.svg"), folder.path().join("a.png"));
        fs::write(&drawing, &template).unwrap();
        let picture = document(&template).render(side, side, Some(Color::WHITE));
        fs::write(&target, picture.unwrap().encode_png().unwrap()).unwrap();
        let mut command = program(["refine", "--level", level, "--deadline", "2m", "--json"]);
        command.arg("--template").arg(drawing);
        let answer = told(command.arg("--target").arg(target));
        let svg = answer["svg_content"].as_str().unwrap();
        let found = document(svg);
        assert_eq!(found.layers, document(&template).layers, "{level}");
        assert!(svg.contains("<circle id=\"ball\""), "{svg}");
    }
}

/// Where stage 2 does not run, stage 3 looks for the shapes itself: here somebody holds its circuit
/// open.
#[test]
fn shapes_far_away_are_found_without_stage_2() {
    let drawn = |x: u32, y: u32| {
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128">
            <rect id="wall" width="128" height="128" fill="#a9cbe8"/>
            <rect id="floor" y="90" width="128" height="38" fill="#8a6a48"/>
            <circle id="lamp" cx="100" cy="26" r="11" fill="#f2c230"/>
            <rect id="box" x="{x}" y="{y}" width="20" height="20" rx="6" fill="#d8402f"/></svg>"##
        )
    };
    let (template, shown) = (drawn(10, 62), document(&drawn(82, 50)));
    let target = shown.render(256, 256, Some(Color::WHITE)).unwrap();
    let png = target.encode_png().unwrap();
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let head = [("content-type", "application/json")];
    let path = "/v1/circuits/detail/embedded";
    let held = daemon.send("PUT", path, &head, br#"{"mode": "open"}"#);
    assert_eq!(held.status().as_u16(), 200);
    for may_add in ["true", "false"] {
        let fields: [(&str, &[u8]); 5] = [
            ("template", template.as_bytes()),
            ("target", &png),
            ("level", b"low"),
            ("deadline_ms", b"60000"),
            ("add_shapes", may_add.as_bytes()),
        ];
        let mut answer = daemon.post_form("/v1/refine", "wait=60", &fields);
        assert_eq!(answer.status().as_u16(), 200);
        let result = json(&mut answer);
        let metadata = &result["metadata"];
        assert_eq!(metadata["stages"][0]["status"], "skipped", "{metadata}");
        let moved = metadata["fit"]["moved"].as_array().unwrap();
        let names: Vec<_> = moved.iter().map(|each| &each["name"]).collect();
        assert_eq!(names, ["box"], "{metadata}");
        let fitted = document(result["svg_content"].as_str().unwrap());
        let drawn = fitted.render(256, 256, Some(Color::WHITE)).unwrap();
        let quality = target.psnr(&drawn, Color::WHITE).unwrap();
        assert!(quality >= 45.0, "{quality} dB, {metadata}");
        assert_eq!(fitted.counts().shapes, 4);
        for visit in shown.shapes() {
            let id = visit.shape.id.as_str();
            let found = fitted.shapes();
            let found = found.iter().find(|found| found.shape.id == id);
            let found = found.unwrap_or_else(|| panic!("{id} is lost"));
            assert_eq!(found.shape.fill, visit.shape.fill, "{id}");
        }
    }
}
