//! Writing: what is said once instead of often, and that the same document comes back.

#![allow(clippy::expect_used, reason = "helpers of tests")]

mod common;

use chat2svg_vector::{
    Color, Document, GradientStop, Group, LinearGradient, Metadata, Node, Paint, ParseLimits,
    RadialGradient, Shape, Spread, WriteOptions,
};
use kurbo::{Affine, Point, Rect, Shape as _};

fn square(x: f64, paint: Paint) -> Shape {
    Shape::filled("", Rect::new(x, 10.0, x + 8.0, 18.0).to_path(0.1), paint)
}

fn red() -> Paint {
    Paint::Solid(Color::from_rgb8(200, 30, 40))
}

fn group(children: Vec<Node>) -> Group {
    Group {
        children,
        ..Group::new("")
    }
}

fn document(layers: Vec<Node>) -> Document {
    Document {
        width: 100.0,
        height: 100.0,
        view_box: Rect::new(0.0, 0.0, 100.0, 100.0),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers,
    }
}

/// The document as text, after a look at whether that text is read as the same and shown as the
/// same.
fn written(document: &Document) -> String {
    let svg = document.to_svg(&WriteOptions::default());
    let read = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("it is readable");
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    assert_eq!(read.document.to_svg(&WriteOptions::default()), svg);
    let ours = document.render(100, 100, None).expect("renders");
    let theirs = common::render_with_resvg(document, &svg, 100, 100);
    let difference = ours.mean_difference(&theirs, Color::WHITE);
    assert!(difference.expect("same size") < 1.0 / 255.0, "{svg}");
    svg
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn a_group_says_what_all_its_shapes_share() {
    let shapes = |from: f64| {
        [0.0, 10.0, 20.0].map(|x| {
            let mut shape = square(from + x, red());
            shape.opacity = 0.5;
            Node::Shape(shape)
        })
    };
    let inner = group(shapes(40.0).into());
    let mut children: Vec<Node> = shapes(5.0).into();
    children.push(Node::Group(inner));
    let svg = written(&document(vec![Node::Group(group(children))]));
    assert_eq!(count(&svg, "fill=\"#c81e28\""), 1, "{svg}");
    // Opacity is not handed down: a group's would be another picture.
    assert_eq!(count(&svg, " opacity=\".5\""), 6, "{svg}");
}

#[test]
fn a_group_says_nothing_that_one_of_its_shapes_does_not() {
    let black = Paint::Solid(Color::BLACK);
    let shapes = [square(0.0, red()), square(20.0, red()), square(40.0, black)];
    let svg = written(&document(vec![Node::Group(group(
        shapes.map(Node::Shape).into(),
    ))]));
    assert_eq!(count(&svg, "fill=\"#c81e28\""), 2, "{svg}");
    let lonely = Group {
        label: "lonely".to_owned(),
        ..group(vec![Node::Shape(square(0.0, red()))])
    };
    let svg = written(&document(vec![Node::Group(lonely)]));
    assert!(svg.contains("<path fill="), "{svg}");
}

fn stops() -> Vec<GradientStop> {
    let stop = |offset: f32, red: u8, opacity: f32| GradientStop {
        offset,
        color: Color::from_rgb8(red, 90, 40),
        opacity,
    };
    vec![stop(0.0, 250, 1.0), stop(0.5, 130, 0.8), stop(1.0, 20, 0.2)]
}

fn linear(from: f64, spread: Spread) -> Paint {
    Paint::Linear(LinearGradient {
        start: Point::new(from, 0.0),
        end: Point::new(from + 4.0, 0.0),
        transform: Affine::IDENTITY,
        stops: stops(),
        spread,
    })
}

#[test]
fn gradients_of_different_geometry_share_equal_stops() {
    let radial = Paint::Radial(RadialGradient {
        center: Point::new(54.0, 28.0),
        radius: 5.0,
        focus: Point::new(54.0, 28.0),
        focal_radius: 0.0,
        transform: Affine::scale_non_uniform(1.0, 0.5),
        stops: stops(),
        spread: Spread::Pad,
    });
    let paints = [
        linear(0.0, Spread::Repeat),
        linear(20.0, Spread::Pad),
        radial,
    ];
    let layers = paints
        .into_iter()
        .zip([0.0, 20.0, 50.0])
        .map(|(paint, x)| Node::Shape(square(x, paint)));
    let svg = written(&document(layers.collect()));
    assert_eq!(count(&svg, "href=\"#stops\""), 3, "{svg}");
    assert_eq!(count(&svg, "<stop "), 3, "{svg}");
}

#[test]
fn stops_of_one_gradient_stay_in_it() {
    let paint = || linear(20.0, Spread::Pad);
    let layers = vec![
        Node::Shape(square(20.0, paint())),
        Node::Shape(square(22.0, paint())),
    ];
    let svg = written(&document(layers));
    assert!(!svg.contains("href"), "{svg}");
    assert_eq!(count(&svg, "<linearGradient"), 1, "{svg}");
}
