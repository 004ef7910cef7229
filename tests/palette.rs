//! Colours and sizes that a caller sets, through the real program.

use std::collections::BTreeSet;

use chat2svg_vector::{Document, Paint, ParseLimits};
use serde_json::{Value, json};

use crate::support::{
    Daemon, complaint, disc, folder, form, json as answered, one_line, problem, program, success,
};

const BRAND: &str = "#1b3a4b, #f2e9dc, #e07a5f, #81b29a";
const COLORS: [&str; 4] = ["#1b3a4b", "#f2e9dc", "#e07a5f", "#81b29a"];

fn read(svg: &[u8]) -> Document {
    let parsed = Document::parse(svg, &ParseLimits::default());
    parsed.unwrap().document
}

/// All colours of a drawing's paints, stops of gradients included.
fn colors(document: &Document) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for visit in document.shapes() {
        let fill = visit.shape.fill.as_ref().map(|fill| &fill.paint);
        let stroke = visit.shape.stroke.as_ref().map(|stroke| &stroke.paint);
        for paint in fill.into_iter().chain(stroke) {
            let of_paint = match paint {
                Paint::Solid(color) => vec![*color],
                Paint::Linear(gradient) => gradient.stops.iter().map(|stop| stop.color).collect(),
                Paint::Radial(gradient) => gradient.stops.iter().map(|stop| stop.color).collect(),
            };
            for color in of_paint {
                let [red, green, blue] = color.to_rgb8();
                found.insert(format!("#{red:02x}{green:02x}{blue:02x}"));
            }
        }
    }
    found
}

#[track_caller]
fn assert_strict(document: &Document) {
    let strange: Vec<String> = colors(document)
        .into_iter()
        .filter(|color| !COLORS.contains(&color.as_str()))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    for visit in document.shapes() {
        let opacities = [
            visit.opacity,
            visit.shape.opacity,
            visit.shape.fill.as_ref().map_or(1.0, |fill| fill.opacity),
        ];
        assert!(opacities.iter().all(|opacity| *opacity >= 1.0));
    }
}

#[test]
fn a_strict_palette_holds_through_all_stages() {
    for (prompt, style) in [
        ("a red fox under a green tree at sunset", "flat"),
        ("an owl under a full moon", "sticker"),
    ] {
        let output = success(&mut program([
            "generate",
            prompt,
            "--palette",
            BRAND,
            "--strict-palette",
            "--style",
            style,
            "--deadline",
            "60s",
            "-o",
            "-",
        ]));
        let document = read(&output.stdout);
        assert_strict(&document);
        assert!(colors(&document).len() >= 3, "{:?}", colors(&document));
    }
}

#[test]
fn a_fitted_picture_keeps_to_a_strict_palette_too() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let picture = disc(64);
    let fields: [(&str, &[u8]); 5] = [
        ("image", &picture),
        ("palette", BRAND.as_bytes()),
        ("strict_palette", b"true"),
        ("max_paths", b"8"),
        ("deadline_ms", b"60000"),
    ];
    let result = answered(&mut daemon.post_form("/v1/vectorize", "wait=100", &fields));
    let document = read(result["svg_content"].as_str().unwrap().as_bytes());
    assert_strict(&document);
    assert!(colors(&document).len() >= 2, "a disc on a ground");
}

#[test]
fn a_composed_picture_is_as_small_as_asked_for_and_says_what_went() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let draw = |more: Value| {
        let mut body = json!({ "prompt": "a red fox under a green tree at sunset", "level": "low", "deadline_ms": 60_000 });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let mut answer = daemon.post("/v1/svg", &[], body.to_string());
        assert_eq!(answer.status().as_u16(), 200);
        answered(&mut answer)
    };
    let few = draw(json!({ "max_paths": 30 }));
    let document = read(few["svg_content"].as_str().unwrap().as_bytes());
    assert!(document.counts().shapes <= 30);
    let small = draw(json!({ "max_bytes": 6000 }));
    assert!(small["svg_content"].as_str().unwrap().len() <= 6000);
    for result in [&few, &small] {
        let warnings = result["metadata"]["warnings"].to_string();
        assert!(warnings.contains("what shows least went"), "{warnings}");
    }
    // What cannot be kept is said.
    let tiny = draw(json!({ "max_bytes": 512 }));
    let warnings = tiny["metadata"]["warnings"].to_string();
    assert!(warnings.contains("more than the 512"), "{warnings}");
}

#[test]
fn what_is_no_palette_is_refused_everywhere() {
    let told = complaint(
        &mut program(["generate", "a fox", "--palette", "red,sky"]),
        2,
    );
    assert!(told.contains("\"sky\""), "{told}");
    let told = complaint(
        &mut program([
            "generate",
            "a fox",
            "--palette",
            BRAND,
            "--strict-palette",
            "--background",
            "red",
        ]),
        2,
    );
    one_line(&told);
    assert!(told.contains("none of the strict palette"), "{told}");
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let body = json!({ "prompt": "a fox", "palette": ["red", "sky"], "max_paths": 0 });
    let refused = problem(
        daemon.post("/v1/svg", &[], body.to_string()),
        422,
        "invalid-fields",
    );
    let fields: Vec<&str> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert!(fields.contains(&"palette") && fields.contains(&"max_paths"));
    let picture = disc(16);
    let body = form(&[("image", &picture), ("palette", b"red")]);
    let headers = [("content-type", "multipart/form-data; boundary=edge")];
    let refused = problem(
        daemon.send("POST", "/v1/vectorize", &headers, &body),
        422,
        "invalid-fields",
    );
    assert_eq!(refused["errors"][0]["field"], "palette");
}
