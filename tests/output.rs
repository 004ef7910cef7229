//! How a result is written: every switch, on the command line and over HTTP, leaves the picture.

use std::{fs, path::Path};

use crate::support::{Daemon, complaint, disc, folder, json, program, success};
use chat2svg_vector::{Color, Document, ParseLimits, Raster, Resampling};

/// Scenes with gradients, clips, strokes, transforms and what hangs over the canvas.
const SCENES: [&str; 2] = [
    "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='160' viewBox='0 0 200 160'>\
     <linearGradient id='sky'><stop stop-color='#2980b9'/><stop offset='1' stop-color='#ecf0f1'/></linearGradient>\
     <g id='Sky'><rect x='-20' y='-20' width='240' height='200' fill='url(#sky)'/></g>\
     <g id='Sun' transform='translate(190 10) scale(1.5 1)' opacity='.8'><circle r='30' fill='#f1c40f' stroke='#e67e22' stroke-width='6'/></g>\
     <clipPath id='c'><ellipse cx='100' cy='150' rx='90' ry='70'/></clipPath>\
     <g id='Hill' clip-path='url(#c)' transform='rotate(3)'><path d='M-30 180L100 60L240 180Z' fill='#27ae60'/>\
     <path d='M20 120Q100 60 180 130' fill='none' stroke='#145a32' stroke-width='5' stroke-dasharray='12 5' stroke-linecap='round'/></g></svg>",
    "<svg xmlns='http://www.w3.org/2000/svg' width='120' height='120' viewBox='0 0 24 24'>\
     <g id='Icon' fill='none' stroke='#2c3e50' stroke-width='2' stroke-linecap='round' stroke-linejoin='round' transform='matrix(1 .1 -.1 1 1 0)'>\
     <rect x='3' y='4' width='16' height='14' rx='3'/><line x1='3' y1='9' x2='19' y2='9'/><polyline points='7,14 9,16 14,12'/>\
     <polygon points='20,20 23,23 18,23' fill='#c0392b'/><circle cx='6' cy='6.5' r='.5'/></g></svg>",
];

/// Each switch, and what then is in no result.
const SWITCHES: [(&[&str], &[&str]); 8] = [
    (
        &["--flatten-transforms", "--strokes", "outline"],
        &["transform=\"", "stroke"],
    ),
    (
        &["--shapes", "paths"],
        &["<rect", "<circle", "<ellipse", "<line ", "<poly"],
    ),
    (&["--shapes", "primitives"], &[]),
    (&["--strokes", "outline"], &["stroke"]),
    (&["--layers", "plain"], &["inkscape"]),
    (&["--minify"], &["inkscape", "\n <", "<metadata"]),
    (
        &["--id-prefix", "fox-"],
        &["id=\"s", "id=\"c", "(#c", "(#s"],
    ),
    (
        &[
            "--id-prefix",
            "fox-",
            "--minify",
            "--shapes",
            "paths",
            "--strokes",
            "outline",
        ],
        &["<rect", "stroke", "inkscape", "id=\"s"],
    ),
];

/// The picture, drawn large and reduced: the rasteriser knows four rows to a pixel only, which an
/// edge on one of them would show.
fn picture(svg: &str) -> Raster {
    let read = Document::parse(svg.as_bytes(), &ParseLimits::default()).unwrap();
    let large = read
        .document
        .render(1600, 1280, Some(Color::WHITE))
        .unwrap();
    large.resize(400, 320, Resampling::Smooth).unwrap()
}

/// What `clean` makes of a file.
fn cleaned(folder: &Path, svg: &str, arguments: &[&str]) -> String {
    let input = folder.join("in.svg");
    fs::write(&input, svg).unwrap();
    let output = success(program(["clean"]).arg(&input).args(arguments));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_switch_leaves_the_picture() {
    let folder = folder();
    for scene in SCENES {
        let plain = picture(scene);
        for (arguments, absent) in SWITCHES {
            let svg = cleaned(folder.path(), scene, arguments);
            let likeness = plain.psnr(&picture(&svg), Color::WHITE).unwrap();
            assert!(likeness >= 50.0, "{arguments:?}: {likeness} dB\n{svg}");
            for part in absent {
                assert!(!svg.contains(part), "{arguments:?}: {part}\n{svg}");
            }
            // What is written is read again as it is.
            assert_eq!(
                cleaned(folder.path(), &svg, arguments).len(),
                svg.len(),
                "{arguments:?}"
            );
        }
    }
}

#[test]
fn refused_values_say_what_to_write() {
    for (arguments, expected) in [
        (["--id-prefix", "a b"], "begins with a letter"),
        (["--shapes", "svg"], "keep, primitives, paths"),
        (["--strokes", "thin"], "keep, outline"),
        (["--layers", "none"], "inkscape, plain"),
    ] {
        let told = complaint(program(["clean", "-"]).args(arguments), 2);
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}

#[test]
fn a_prompt_is_drawn_as_it_is_asked_for() {
    let arguments = [
        "generate",
        "a fox under a tree",
        "--level",
        "minimal",
        "--minify",
    ];
    let output = success(program(arguments).args(["--id-prefix", "fox-", "--shapes", "paths"]));
    let svg = String::from_utf8(output.stdout).unwrap();
    for absent in ["<circle", "<ellipse", "inkscape", "<metadata", "\n "] {
        assert!(!svg.contains(absent), "{absent}\n{svg}");
    }
    assert!(
        svg.contains("id=\"fox-")
            && svg.matches("id=\"").count() == svg.matches("id=\"fox-").count()
    );
    let document = Document::parse(svg.as_bytes(), &ParseLimits::default())
        .unwrap()
        .document;
    let (shown, painted) = (document.view_box, document.paint_bounds().unwrap());
    assert!(
        shown.inflate(1.0, 1.0).union(painted) == shown.inflate(1.0, 1.0),
        "{painted:?}"
    );
}

#[test]
fn the_service_writes_as_it_is_asked() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let body = serde_json::json!({
        "prompt": "a house", "level": "minimal", "deadline_ms": 60_000,
        "id_prefix": "house-", "minify": true, "layers": "plain", "shapes": "primitives",
    });
    let mut answer = daemon.post("/v1/svg", &[], body.to_string());
    assert_eq!(answer.status().as_u16(), 200);
    let result = json(&mut answer);
    let svg = result["svg_content"].as_str().unwrap();
    assert!(
        svg.contains("id=\"house-") && !svg.contains("inkscape"),
        "{svg}"
    );
    let id = result["id"].as_str().unwrap();
    let job = daemon.job(id);
    assert_eq!(job["request"]["id_prefix"], "house-");
    assert_eq!(job["request"]["minify"], true);

    let fields: [(&str, &[u8]); 4] = [
        ("image", &disc(64)),
        ("level", b"minimal"),
        ("shapes", b"paths"),
        ("minify", b"yes"),
    ];
    let mut answer = daemon.post_form("/v1/vectorize", "wait=60", &fields);
    let svg = json(&mut answer)["svg_content"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        svg.contains("<path") && !svg.contains("<circle") && !svg.contains('\n'),
        "{svg}"
    );
}
