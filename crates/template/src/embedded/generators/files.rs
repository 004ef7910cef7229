//! What every drawing in `assets/art` keeps to, and what each of them looks like.

use std::collections::BTreeSet;
use std::path::Path;

use chat2svg_vector::{Document, Node, Paint, ParseLimits, Shape};

use super::*;
use crate::embedded::art::Span;
use crate::embedded::art::asset::marks::{self, Mark};

/// Names and texts of the drawings in files.
fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    REGISTRY.iter().filter_map(|(name, source)| match source {
        Source::Code(_) => None,
        Source::File { svg, .. } => Some((*name, *svg)),
    })
}

fn shapes(nodes: &[Node]) -> Vec<&Shape> {
    let below = nodes.iter().flat_map(|node| match node {
        Node::Shape(shape) => vec![shape],
        Node::Group(group) => shapes(&group.children),
    });
    below.collect()
}

/// Names of groups and shapes.
fn labels(nodes: &[Node]) -> Vec<&str> {
    let below = nodes.iter().flat_map(|node| match node {
        Node::Shape(shape) => vec![shape.label.as_str()],
        Node::Group(group) => {
            let mut all = labels(&group.children);
            all.push(&group.label);
            all
        }
    });
    below.collect()
}

#[test]
fn the_registry_lists_every_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/art");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder of drawings")
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let listed: BTreeSet<String> = files().map(|(name, _)| format!("{name}.svg")).collect();
    assert_eq!(there, listed, "left: files, right: the registry");
}

#[test]
fn nothing_in_a_file_is_left_out_or_misspelt() {
    for (name, svg) in files() {
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default());
        let warnings = parsed.expect(name).warnings;
        assert!(warnings.is_empty(), "{name}: {warnings:?}");
        let problems = marks::read(svg).problems;
        assert!(problems.is_empty(), "{name}: {problems:?}");
        let lost = Asset::parse(svg).expect(name).lost_anchors();
        assert_eq!(lost, 0, "{name}: anchors that paint nothing");
    }
}

#[test]
fn parts_are_named_and_fill_the_view_box() {
    for (name, svg) in files() {
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default());
        let view = parsed.expect(name).document.view_box;
        let drawing = Asset::parse(svg).expect(name).draw(None);
        let nameless = labels(&drawing.nodes)
            .iter()
            .filter(|label| label.is_empty())
            .count();
        assert_eq!(nameless, 0, "{name} has parts without inkscape:label");
        let bounds = drawing.bounds;
        let margins = [
            bounds.x0 - view.x0,
            bounds.y0 - view.y0,
            view.x1 - bounds.x1,
            view.y1 - bounds.y1,
        ];
        assert!(
            margins.iter().all(|margin| (-0.001..=1.0).contains(margin)),
            "{name}: the view box is {view:?}, the drawing {bounds:?}"
        );
    }
}

#[test]
fn numbers_have_at_most_three_decimals() {
    for (name, svg) in files() {
        let (_, body) = svg.split_once("</title>").expect("a title");
        for number in body.split(|c: char| !(c.is_ascii_digit() || c == '.')) {
            let decimals = number
                .split_once('.')
                .map_or(0, |(_, decimals)| decimals.len());
            assert!(decimals <= 3, "{name}: {number}");
        }
    }
}

#[test]
fn a_colour_changes_nothing_but_the_colour() {
    for (name, svg) in files() {
        let asset = Asset::parse(svg).expect(name);
        let (plain, blue) = (asset.draw(None), asset.draw(Some(hex(0x3B88C3))));
        assert_eq!(plain.anchors, blue.anchors, "{name}");
        let (plain, blue) = (shapes(&plain.nodes), shapes(&blue.nodes));
        assert_eq!(plain.len(), blue.len(), "{name}");
        for (plain, blue) in plain.iter().zip(blue) {
            assert_eq!(plain.path, blue.path, "{name}: {}", plain.label);
        }
    }
}

#[test]
fn the_example_in_the_documentation_is_a_drawing() {
    let page = include_str!("../../../../../docs/art.md");
    let (_, rest) = page.split_once("```svg\n").expect("an example");
    let (svg, _) = rest.split_once("```").expect("its end");
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("an SVG");
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    let asset = Asset::parse(svg).expect("a drawing");
    assert!(asset.has_tones() && asset.draw(None).anchors.support.is_some());
    for class in Mark::classes() {
        assert!(
            page.contains(&format!("| `{class}` |")),
            "{class} is not explained"
        );
    }
}

#[test]
fn drawings_in_files_look_as_before() {
    let mut out = String::new();
    for (name, svg) in files() {
        let asset = Asset::parse(svg).expect(name);
        let drawing = asset.draw(None);
        let rect = |rect: kurbo::Rect| {
            // Negative zeros would show.
            let edges =
                [rect.x0, rect.y0, rect.x1, rect.y1].map(|v| (v * 100.0).round() / 100.0 + 0.0);
            format!("{edges:?}")
        };
        let count = shapes(&drawing.nodes).len();
        out += &format!("{name}: {count} shapes in {}", rect(drawing.bounds));
        let anchors = &drawing.anchors;
        for (kind, span) in [
            ("support", anchors.support),
            ("shelter", anchors.shelter),
            ("head", anchors.head),
        ] {
            if let Some(Span { left, right, y }) = span {
                out += &format!(", {kind} {left:.2}..{right:.2} at {y:.2}");
            }
        }
        if let Some(hand) = anchors.hand {
            out += &format!(", hand {:.2} {:.2}", hand.x, hand.y);
        }
        if let Some(held) = &anchors.container {
            let kind = if held.open { "open" } else { "closed" };
            let (from, rim, inside) = (held.front_from, held.rim, rect(held.inside));
            out += &format!(", {kind} container {inside} rim {rim:.2} front from {from}");
        }
        out += &format!("\n  as drawn:{}\n", colors(&drawing));
        out += &format!("  in blue:{}\n", colors(&asset.draw(Some(hex(0x3B88C3)))));
    }
    insta::assert_snapshot!("files", out);
}

/// Colours in order of first use, and how many shapes have each.
fn colors(drawing: &Drawing) -> String {
    let mut counts: Vec<([u8; 3], usize)> = Vec::new();
    for shape in shapes(&drawing.nodes) {
        let Some(Paint::Solid(color)) = shape.main_paint() else {
            panic!("{} is not of one colour", shape.label);
        };
        let color = color.to_rgb8();
        match counts.iter_mut().find(|(known, _)| *known == color) {
            Some((_, count)) => *count += 1,
            None => counts.push((color, 1)),
        }
    }
    let text = |([red, green, blue], count): &([u8; 3], usize)| {
        format!(" #{red:02x}{green:02x}{blue:02x} × {count}")
    };
    counts.iter().map(text).collect()
}
