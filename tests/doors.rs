//! The doors through the real program: one prompt and seed give one picture, and controls hold.

use std::{collections::BTreeSet, io::Read as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chat2svg_vector::{Document, Paint, ParseLimits};
use serde_json::{Value, json};

use crate::{
    mcp::Host,
    page::chromium::Page,
    support::{
        Daemon, complaint, crowd, disc, folder, json as answered, problem, program, success,
    },
};

const PROMPT: &str = "a red fox under a green tree at sunset";

fn ask(daemon: &Daemon, path: &str, body: &Value) -> Value {
    let mut answer = daemon.post(path, &[], body.to_string());
    let status = answer.status().as_u16();
    let body = answered(&mut answer);
    assert_eq!(status, 200, "{path}: {body}");
    body
}

fn decoded(picture: &Value) -> String {
    let bytes = BASE64_STANDARD.decode(picture["b64_json"].as_str().unwrap());
    String::from_utf8(bytes.unwrap()).unwrap()
}

#[test]
fn every_door_gives_the_same_picture() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let ours = json!({ "prompt": PROMPT, "seed": 7, "level": "low", "deadline_ms": 60_000 });
    let wanted = ask(&daemon, "/v1/svg", &ours)["svg_content"].clone();
    let wanted = wanted.as_str().unwrap();

    let openai = json!({ "prompt": PROMPT, "seed": 7, "quality": "low", "deadline_ms": 60_000, "output_format": "svg" });
    let drawn = ask(&daemon, "/v1/images/generations", &openai);
    assert_eq!(drawn["data"][0]["svg"], wanted);
    let recraft =
        json!({ "prompt": PROMPT, "random_seed": 7, "quality": "low", "deadline_ms": 60_000 });
    let drawn = ask(&daemon, "/v1/images/generations/vector", &recraft);
    assert_eq!(decoded(&drawn["data"][0]), wanted);
    let quiver =
        json!({ "prompt": PROMPT, "seed": 7, "reasoning_effort": "low", "deadline_ms": 60_000 });
    let drawn = ask(&daemon, "/v1/svgs/generations", &quiver);
    assert_eq!(drawn["data"][0]["svg"], wanted);

    let batch =
        json!({ "items": [PROMPT], "usual": { "seed": 7, "level": "low", "deadline_ms": 60_000 } });
    let mut answer = daemon.post("/v1/batch", &[], batch.to_string());
    let mut bytes = Vec::new();
    let mut body = answer.body_mut().as_reader();
    body.read_to_end(&mut bytes).unwrap();
    let found = bytes
        .windows(wanted.len())
        .any(|window| window == wanted.as_bytes());
    assert!(found, "the picture is in the ZIP file as it is");

    // An agent's host gets it as the resource beside the picture that it looks at.
    let drawn = Host::greeted().call("generate", &ours);
    assert_eq!(drawn["content"][2]["resource"]["text"], wanted);
    if let Some(mut page) = Page::open(&daemon.url("/"), 1440, 900) {
        for (field, value) in [
            ("prompt", PROMPT),
            ("seed", "7"),
            ("level", "low"),
            ("deadline", "120000"),
        ] {
            page.evaluate(&format!(
                "document.querySelector('#{field}').value = '{value}'"
            ));
        }
        page.click("#draw");
        page.wait_to_see("#actions");
        let saved = page.download("#download-svg");
        assert_eq!(String::from_utf8(saved).unwrap(), wanted);
    }

    let output = success(&mut program([
        "generate",
        PROMPT,
        "--seed",
        "7",
        "--level",
        "low",
        "--deadline",
        "60s",
        "-o",
        "-",
    ]));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted);
}

#[test]
fn recrafts_controls_hold_in_the_result() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let image = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(disc(96)));
    let vectorized = |more: Value| {
        let mut body =
            json!({ "image_url": image, "response_format": "b64_json", "deadline_ms": 60_000 });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = ask(&daemon, "/v1/images/vectorize", &body);
        decoded(&answer["image"])
    };
    let svg = vectorized(json!({
        "strict_color_palette": [[255, 0, 0], [0, 0, 255], [255, 255, 255]], "max_num_shapes": 6,
        "return_gradients": "off", "small_shape_filter": "on", "svg_compression": "on",
    }));
    assert!(!svg.contains('\n') && !svg.contains("Gradient"), "{svg}");
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).unwrap();
    assert!(parsed.document.counts().shapes <= 6);
    let expected = BTreeSet::from([[255, 0, 0], [0, 0, 255]]);
    assert_eq!(colors_of(&svg), expected, "a red disc on blue");
    let few = vectorized(json!({ "color_reduction": "on" }));
    assert!(
        !few.contains("Gradient") && !few.contains("opacity"),
        "{few}"
    );
    assert_eq!(colors_of(&few).len(), 2, "{few}");
}

/// The colours of solid fills.
fn colors_of(svg: &str) -> BTreeSet<[u8; 3]> {
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).unwrap();
    parsed
        .document
        .shapes()
        .iter()
        .filter_map(|visit| match &visit.shape.fill.as_ref()?.paint {
            Paint::Solid(color) => Some(color.to_rgb8()),
            _ => None,
        })
        .collect()
}

#[test]
fn the_controls_of_a_vectorized_picture_have_names_of_ours_too() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let picture = crowd(96);
    let path = folder.path().join("crowd.png");
    std::fs::write(&path, &picture).unwrap();
    let fields: [(&str, &[u8]); 5] = [
        ("image", &picture),
        ("max_colors", b"5"),
        ("small_shapes", b"no"),
        ("level", b"low"),
        ("deadline_ms", b"60000"),
    ];
    let mut answer = daemon.post_form("/v1/vectorize", "wait=60", &fields);
    let by_http = answered(&mut answer);
    let by_http = by_http["svg_content"]
        .as_str()
        .unwrap_or_else(|| panic!("{by_http}"));
    let colors = colors_of(by_http);
    assert!((2..=5).contains(&colors.len()), "{colors:?}");
    let path = path.to_str().unwrap();
    let output = success(&mut program([
        "vectorize",
        path,
        "--max-colors",
        "5",
        "--no-small-shapes",
        "--no-gradients",
        "--level",
        "minimal",
        "-o",
        "-",
    ]));
    let colors = colors_of(&String::from_utf8(output.stdout).unwrap());
    assert!((2..=5).contains(&colors.len()), "{colors:?}");

    let fields: [(&str, &[u8]); 3] = [
        ("image", &picture),
        ("max_colors", b"few"),
        ("palette", b"red, blue"),
    ];
    let answer = daemon.post_form("/v1/vectorize", "wait=60", &fields);
    let told = problem(answer, 422, "invalid-fields");
    assert_eq!(told["errors"][0]["field"], "max_colors");
    let told = complaint(&mut program(["vectorize", path, "--max-colors", "1"]), 2);
    assert!(told.contains("2 to 64"), "{told}");
}
