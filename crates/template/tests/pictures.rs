//! What composed scenes look like: each is compared with a reference picture in `pictures/`.

#![allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]

use std::path::Path;

use chat2svg_protocol::Style;
use chat2svg_reference::{Difference, Gallery, TOLERANCE, compare, picture_of};
use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};
use chat2svg_vector::{Color, Document, Group, Node, Paint, Raster, WriteOptions};
use kurbo::Affine;

/// Longest side of a picture in pixels.
const SIDE: u32 = 160;

/// Name, prompt and style of each scene.
const SCENES: [(&str, &str, Style); 24] = {
    use Style::{Duotone, Flat, LineArt, Monochrome, Night, Pastel, Sticker};
    [
        ("fox", "a red fox under a green tree at sunset", Flat),
        ("boats", "three sailing boats on the sea at dawn", Flat),
        ("owl", "an owl on a branch under a full moon", Flat),
        ("astronaut", "an astronaut holding a flag on the moon", Flat),
        (
            "street",
            "a yellow taxi in front of a tower in a city at night in the rain",
            Flat,
        ),
        ("farm", "five sheep behind a fence on a farm", Flat),
        ("coffee", "a cup of coffee on a wooden table", Flat),
        (
            "room",
            "a black cat on a sofa beside a lamp in a living room",
            Flat,
        ),
        (
            "snow",
            "a snowman between two pine trees in falling snow",
            Flat,
        ),
        ("castle", "a castle on a hill beside a lake", Pastel),
        ("reef", "two orange fish and a turtle under water", Flat),
        ("island", "a lighthouse on an island in a storm", Flat),
        (
            "park",
            "a woman in a red dress beside a man with an umbrella in a park",
            Flat,
        ),
        ("desert", "a camel under a palm tree in the desert", LineArt),
        ("vase", "a rose in a blue vase on a table", Monochrome),
        (
            "train",
            "a train on a bridge over a river in the mountains",
            Duotone,
        ),
        ("rocket", "a rocket above a planet in space", Flat),
        ("tent", "a tent beside a campfire in a forest", Night),
        ("cat", "a cat with a hat under a tree on a hill", Sticker),
        ("fog", "a deer behind two bushes in fog", Flat),
        ("heart", "a blue heart", Flat),
        ("badge", "a badge with the initials AB", Flat),
        ("pattern", "a pattern of red and yellow circles", Flat),
        ("logo", "a logo of an owl", Flat),
    ]
};

fn composed(prompt: &str, style: Style) -> Document {
    let options = ComposeOptions {
        style: Some(style),
        ..ComposeOptions::default()
    };
    compose_prompt(prompt, &Vocabulary::builtin(), &options).document
}

fn shown(document: &Document) -> Raster {
    picture_of(document, SIDE).expect("it can be rendered")
}

#[test]
fn composed_scenes_look_like_their_references() {
    let gallery = Gallery::new(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures"),
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures/template"),
    );
    let pictures = SCENES.map(|(name, prompt, style)| (name, shown(&composed(prompt, style))));
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

/// What is reported when the fox of the first scene is changed.
fn difference_by(change: impl FnOnce(&mut Group)) -> Option<Difference> {
    let (_, prompt, style) = SCENES[0];
    let scene = composed(prompt, style);
    let mut changed = scene.clone();
    let fox = changed.layers.iter_mut().find_map(|layer| match layer {
        Node::Group(group) if group.label == "red fox" => Some(group),
        _ => None,
    });
    change(fox.expect("there is a fox"));
    compare(&shown(&scene), &shown(&changed), TOLERANCE)
}

fn part<'a>(group: &'a mut Group, label: &str) -> &'a mut Group {
    let parts = group.children.iter_mut();
    let mut groups = parts.filter_map(|part| match part {
        Node::Group(group) => Some(group),
        Node::Shape(_) => None,
    });
    groups.find(|group| group.label == label).expect(label)
}

#[test]
fn a_fox_painted_blue_is_a_difference() {
    let found = difference_by(|fox| {
        for node in &mut part(fox, "body").children {
            if let Node::Shape(shape) = node
                && let Some(fill) = &mut shape.fill
            {
                fill.paint = Paint::Solid(Color::from_rgb8(60, 90, 210));
            }
        }
    });
    assert!(
        matches!(found, Some(Difference::Pixels { count, .. }) if count > 300),
        "{found:?}"
    );
}

#[test]
fn eyes_behind_the_head_are_a_difference() {
    let found = difference_by(|fox| {
        let parts = &mut part(fox, "head").children;
        let eyes = parts.iter().position(|part| part.label() == "dark detail");
        let eyes = parts.remove(eyes.expect("there are eyes"));
        parts.insert(0, eyes);
    });
    assert!(
        matches!(found, Some(Difference::Pixels { count, .. }) if count > 10),
        "{found:?}"
    );
}

#[test]
fn a_tail_one_pixel_aside_is_a_difference() {
    let pixel = 512.0 / f64::from(SIDE);
    let found = difference_by(|fox| {
        for node in &mut part(fox, "body").children {
            if let Node::Shape(shape) = node
                && shape.label == "tail"
            {
                shape.path.apply_affine(Affine::translate((pixel, 0.0)));
            }
        }
    });
    assert!(found.is_some());
}

#[test]
fn noise_of_the_last_bits_is_none() {
    let found = difference_by(|fox| {
        for node in &mut part(fox, "body").children {
            if let Node::Shape(shape) = node {
                shape.path.apply_affine(Affine::translate((1e-4, -1e-4)));
            }
        }
    });
    assert_eq!(found, None);
}

/// A cut at the border of the canvas changes no picture and hardly any size.
#[test]
fn nothing_hangs_over_the_canvas_once_it_is_cut() {
    let [mut bytes, mut after_bytes] = [0.0, 0.0];
    for (name, prompt, style) in SCENES {
        let document = composed(prompt, style);
        let mut cut = document.clone();
        cut.cut_overhang();
        let painted = cut.paint_bounds().expect("is painted");
        // Half a pixel is let be.
        let canvas = cut.view_box.inflate(0.51, 0.51);
        assert!(canvas.union(painted) == canvas, "{name}: {painted:?}");
        let picture = |document: &Document| {
            let raster = document.render(256, 256, Some(Color::WHITE));
            raster.expect("renders")
        };
        let likeness = picture(&document).psnr(&picture(&cut), Color::WHITE);
        let likeness = likeness.expect("of one size");
        assert!(likeness >= 60.0, "{name}: {likeness:?}");
        let size = |document: &Document| document.to_svg(&WriteOptions::default()).len() as f64;
        let (before, after) = (size(&document), size(&cut));
        println!("{name}: {before} bytes, {after} once cut");
        assert!(after <= 1.05 * before + 100.0, "{name}: {before}, {after}");
        bytes += before;
        after_bytes += after;
    }
    assert!(
        after_bytes <= 1.02 * bytes,
        "{bytes}, {after_bytes} once cut"
    );
}
