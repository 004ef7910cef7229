//! What lit scenes look like: each is compared with a reference picture in `pictures/`.

#![allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]

use std::path::Path;

use chat2svg_detail::{DetailConfig, DetailParameters, enhance};
use chat2svg_protocol::{ResourceLevel, Style};
use chat2svg_reference::{Gallery, TOLERANCE, compare, picture_of};
use chat2svg_stop::Stop;
use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};
use chat2svg_vector::{Document, Raster};

/// Longest side of a picture in pixels.
const SIDE: u32 = 160;

/// Name, prompt and style of each scene. Together they have every light, shadows on land and water,
/// every material with marks, and gloss.
const SCENES: [(&str, &str, Style); 14] = {
    use Style::{Duotone, Flat, LineArt, Monochrome, Night, Pastel, Sticker};
    [
        ("fox", "a red fox under a green tree at sunset", Flat),
        ("boats", "three sailing boats on the sea at dawn", Flat),
        ("owl", "a big owl on a branch under a full moon", Flat),
        ("apple", "a green apple on a wooden table", Flat),
        (
            "room",
            "a lamp beside a sofa in a living room at night",
            Flat,
        ),
        ("castle", "a castle beside a house in the snow", Flat),
        (
            "street",
            "a man under a streetlamp in a city in the rain",
            Flat,
        ),
        ("beach", "a palm tree on a beach", Pastel),
        ("campfire", "a campfire beside a tent in a forest", Night),
        ("desert", "a camel under a palm tree in the desert", LineArt),
        ("vase", "a rose in a blue vase on a table", Monochrome),
        (
            "train",
            "a train on a bridge over a river in the mountains",
            Duotone,
        ),
        ("cat", "a cat with a red ball", Sticker),
        ("house", "a red brick house beside an oak", Flat),
    ]
};

fn composed(prompt: &str, style: Style) -> Document {
    let options = ComposeOptions {
        style: Some(style),
        ..ComposeOptions::default()
    };
    compose_prompt(prompt, &Vocabulary::builtin(), &options).document
}

/// Level high, on a target that is small enough for a test.
fn parameters() -> DetailParameters {
    DetailParameters {
        target_side: 256,
        ..*DetailConfig::default().levels.get(ResourceLevel::High)
    }
}

fn lit(document: &Document, style: Style) -> Document {
    enhance(document, style, &parameters(), &Stop::never())
        .expect("it can be drawn")
        .document
}

fn shown(document: &Document) -> Raster {
    picture_of(document, SIDE).expect("it can be rendered")
}

#[test]
fn lit_scenes_look_like_their_references() {
    let gallery = Gallery::new(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures"),
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures/detail"),
    );
    let pictures = SCENES.map(|(name, prompt, style)| {
        let document = lit(&composed(prompt, style), style);
        (name, shown(&document))
    });
    if let Err(error) = gallery.check(pictures) {
        panic!("{error}");
    }
}

#[test]
fn every_style_has_a_reference() {
    for style in Style::ALL {
        assert!(
            SCENES.iter().any(|(_, _, drawn)| *drawn == style),
            "{style}"
        );
    }
}

#[test]
fn each_effect_left_out_is_a_difference() {
    let none = *DetailConfig::default().levels.get(ResourceLevel::Minimal);
    let whole = parameters();
    let cases = [
        (
            "form",
            "fox",
            DetailParameters {
                form: none.form,
                ..whole
            },
        ),
        (
            "occlusion",
            "fox",
            DetailParameters {
                occlusion: none.occlusion,
                ..whole
            },
        ),
        (
            "rim",
            "fox",
            DetailParameters {
                rim: none.rim,
                ..whole
            },
        ),
        (
            "atmosphere",
            "fox",
            DetailParameters {
                atmosphere: none.atmosphere,
                ..whole
            },
        ),
        (
            "shadow",
            "fox",
            DetailParameters {
                shadow: none.shadow,
                ..whole
            },
        ),
        (
            "cast_shadow",
            "fox",
            DetailParameters {
                cast_shadow: none.cast_shadow,
                ..whole
            },
        ),
        (
            "glow",
            "campfire",
            DetailParameters {
                glow: none.glow,
                ..whole
            },
        ),
        (
            "highlight",
            "apple",
            DetailParameters {
                highlight: none.highlight,
                ..whole
            },
        ),
        (
            "texture",
            "fox",
            DetailParameters {
                texture: none.texture,
                ..whole
            },
        ),
        (
            "contour",
            "desert",
            DetailParameters {
                contour: none.contour,
                ..whole
            },
        ),
    ];
    for (effect, scene, without) in cases {
        let (_, prompt, style) = SCENES
            .into_iter()
            .find(|(name, _, _)| *name == scene)
            .expect(scene);
        let document = composed(prompt, style);
        let made = enhance(&document, style, &without, &Stop::never()).expect("it can be drawn");
        let (with, without) = (shown(&lit(&document, style)), shown(&made.document));
        assert!(
            compare(&with, &without, TOLERANCE).is_some(),
            "{scene} shows no {effect}"
        );
    }
}
