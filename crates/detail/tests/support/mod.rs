//! A small landscape for the tests of the detailer, and what they look for in its result.
#![allow(
    dead_code,
    clippy::expect_used,
    reason = "no test binary uses all of it, and helpers of tests fail as tests do"
)]

use chat2svg_detail::{DetailConfig, DetailParameters, Enhanced, enhance};
use chat2svg_protocol::{ResourceLevel, Style};
use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, Group, Metadata, Node, Paint, Shape};
use kurbo::{Affine, BezPath, Circle, Point, Rect, Shape as _};

pub(crate) const HORIZON: f64 = 240.0;

/// Parameters of a level, with a target small enough for tests.
pub(crate) fn parameters(level: ResourceLevel) -> DetailParameters {
    DetailParameters {
        target_side: 256,
        ..*DetailConfig::default().levels.get(level)
    }
}

pub(crate) fn layer(label: &str, shapes: &[(&str, BezPath, Color)]) -> Node {
    let children = shapes
        .iter()
        .map(|(name, path, color)| {
            Node::Shape(Shape::filled(*name, path.clone(), Paint::Solid(*color)))
        })
        .collect();
    Node::Group(Group {
        children,
        ..Group::new(label)
    })
}

pub(crate) fn document(layers: Vec<Node>) -> Document {
    Document {
        width: 400.0,
        height: 400.0,
        view_box: Rect::new(0.0, 0.0, 400.0, 400.0),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers,
    }
}

pub(crate) fn sky() -> Node {
    let path = Rect::new(0.0, 0.0, 400.0, 400.0).to_path(0.1);
    layer("sky", &[("sky", path, Color::from_rgb8(150, 205, 245))])
}

pub(crate) fn sun(x: f64, y: f64) -> Node {
    let glow = Circle::new((x, y), 40.0).to_path(0.1);
    let disc = Circle::new((x, y), 28.0).to_path(0.1);
    let yellow = Color::from_rgb8(255, 217, 90);
    layer(
        "sun",
        &[("glow", glow, Color::WHITE), ("sun", disc, yellow)],
    )
}

pub(crate) fn ground(name: &str, color: Color) -> Node {
    let path = Rect::new(0.0, HORIZON, 400.0, 400.0).to_path(0.1);
    layer("ground", &[(name, path, color)])
}

pub(crate) fn grass() -> Node {
    ground("grass", Color::from_rgb8(134, 194, 92))
}

/// A fox of a body and a head, its feet at a point.
pub(crate) fn fox(label: &str, foot: Point) -> Node {
    let body = Rect::new(foot.x - 30.0, foot.y - 60.0, foot.x + 30.0, foot.y).to_path(0.1);
    let head = Circle::new((foot.x, foot.y - 80.0), 26.0).to_path(0.1);
    let orange = Color::from_rgb8(230, 120, 40);
    layer(label, &[("body", body, orange), ("head", head, orange)])
}

pub(crate) fn landscape(sun_at: (f64, f64)) -> Document {
    document(vec![
        sky(),
        sun(sun_at.0, sun_at.1),
        grass(),
        fox("red fox", Point::new(200.0, 310.0)),
    ])
}

pub(crate) fn enhanced(document: &Document, style: Style) -> Enhanced {
    enhance(
        document,
        style,
        &parameters(ResourceLevel::High),
        &Stop::never(),
    )
    .expect("it can be drawn")
}

/// All shapes with a word in their label, in the document's coordinates.
pub(crate) fn shapes_called(document: &Document, word: &str) -> Vec<(String, BezPath)> {
    fn collect(node: &Node, transform: Affine, word: &str, found: &mut Vec<(String, BezPath)>) {
        match node {
            Node::Group(group) => {
                for child in &group.children {
                    collect(child, transform * group.transform, word, found);
                }
            }
            Node::Shape(shape) if shape.label.contains(word) => {
                found.push((shape.label.clone(), transform * &shape.path));
            }
            Node::Shape(_) => {}
        }
    }
    let mut found = Vec::new();
    for node in &document.layers {
        collect(node, Affine::IDENTITY, word, &mut found);
    }
    found
}
