//! Writing: what is said once instead of often, and that the same document comes back.

#![allow(clippy::expect_used, reason = "helpers of tests")]

mod common;

use chat2svg_vector::{
    ClipPath, Color, Document, FillRule, GradientStop, Group, LinearGradient, Metadata, Node,
    Paint, ParseLimits, RadialGradient, Shape, ShapeElements, Spread, WriteOptions,
};
use kurbo::{Affine, BezPath, Circle, Point, Rect, Shape as _};

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
    assert_eq!(count(&svg, " xlink:href=\"#stops-"), 3, "{svg}");
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

fn parse(svg: &str) -> Document {
    let read = Document::parse(svg.as_bytes(), &ParseLimits::default());
    read.expect("is SVG").document
}

#[test]
fn elements_of_a_file_stay_what_they_are() {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='60'>\
        <rect x='1' y='2' width='30' height='20' rx='4'/><rect width='9' height='8' stroke='red'/>\
        <circle cx='50' cy='20' r='9'/><ellipse cx='20' cy='40' rx='9' ry='5'/>\
        <line x1='1' y1='2' x2='30' y2='9' stroke='#000'/><polyline points='1,2 9,9 3,40' fill='none' stroke='#000'/>\
        <polygon points='50,30 60,50 40,50'/><path d='M70 10H80V20H70Z'/></svg>";
    let written = written(&parse(svg));
    for part in [
        "<rect x=\"1\" y=\"2\" width=\"30\" height=\"20\" rx=\"4\"/>",
        "<rect stroke=\"red\" width=\"9\" height=\"8\"/>",
        "<circle cx=\"50\" cy=\"20\" r=\"9\"/>",
        "<ellipse cx=\"20\" cy=\"40\" rx=\"9\" ry=\"5\"/>",
        "x1=\"1\" y1=\"2\" x2=\"30\" y2=\"9\"/>",
        "points=\"1,2 9,9 3,40\"/>",
        "<polygon points=\"50,30 60,50 40,50\"/>",
        "<path d=\"M70 10H80V20H70z\"/>",
    ] {
        let part = part.replace("\"red\"", "\"#f00\"");
        assert!(written.contains(&part), "{part} in {written}");
    }
}

#[test]
fn elements_are_those_that_are_asked_for() {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='60'>\
        <rect x='1' y='2' width='30' height='20'/><circle cx='50' cy='20' r='9'/>\
        <path d='M70 10H80V20H70Z'/><path d='M40 40L50 50L60 40Z'/></svg>";
    let document = parse(svg);
    let with = |shapes| {
        document.to_svg(&WriteOptions {
            shapes,
            ..WriteOptions::default()
        })
    };
    let paths = with(ShapeElements::Paths);
    assert_eq!(count(&paths, "<path "), 4, "{paths}");
    let primitives = with(ShapeElements::Primitives);
    assert_eq!(count(&primitives, "<path "), 0, "{primitives}");
    assert_eq!(count(&primitives, "<rect "), 2, "{primitives}");
    assert_eq!(count(&primitives, "<polygon "), 1, "{primitives}");
}

#[test]
fn ids_that_are_referred_to_are_those_of_one_document() {
    let picture = |red| {
        let mut paint = linear(0.0, Spread::Pad);
        if let Paint::Linear(gradient) = &mut paint {
            gradient.stops[0].color = Color::from_rgb8(red, 0, 0);
        }
        let mut clipped = Group::new("Clipped");
        clipped.clip = Some(ClipPath {
            path: Rect::new(0.0, 0.0, 10.0, 10.0).to_path(0.1),
            rule: FillRule::NonZero,
        });
        clipped.children = vec![Node::Shape(square(4.0, paint))];
        written(&document(vec![Node::Group(clipped)]))
    };
    let (one, other) = (picture(1), picture(2));
    for svg in [&one, &other] {
        for name in ["linear", "clip"] {
            let (_, after) = svg
                .split_once(&format!("id=\"{name}-"))
                .expect("is defined");
            let hash: String = after.chars().take(6).collect();
            assert_eq!(count(svg, &format!("url(#{name}-{hash})")), 1, "{svg}");
        }
        assert!(svg.contains("<g id=\"clipped\""), "{svg}");
    }
    let hash = |svg: &str| {
        svg.split_once("linear-")
            .map(|(_, after)| after[..6].to_owned())
    };
    assert_ne!(hash(&one), hash(&other));
    assert_eq!(hash(&one), hash(&written(&parse(&one))));
}

#[test]
fn a_prefix_is_on_all_ids_and_on_none_twice() {
    let options = WriteOptions {
        id_prefix: "fox-".parse().ok(),
        ..WriteOptions::default()
    };
    let mut group = Group::new("Red fox");
    group.children = vec![Node::Shape(square(4.0, linear(0.0, Spread::Pad)))];
    let once = document(vec![Node::Group(group)]).to_svg(&options);
    for part in [
        "id=\"fox-red-fox\"",
        "id=\"fox-linear\"",
        "url(#fox-linear)",
    ] {
        assert!(once.contains(part), "{part} in {once}");
    }
    assert_eq!(parse(&once).to_svg(&options), once);
}

#[test]
fn a_gradient_of_one_colour_is_that_colour() {
    let mut paint = linear(0.0, Spread::Reflect);
    if let Paint::Linear(gradient) = &mut paint {
        for stop in &mut gradient.stops {
            stop.color = Color::from_rgb8(255, 0, 0);
            stop.opacity = 0.5;
        }
    }
    let svg = written(&document(vec![Node::Shape(square(4.0, paint))]));
    assert!(svg.contains("fill=\"#f00\" fill-opacity=\".5\""), "{svg}");
    assert!(!svg.contains("Gradient"), "{svg}");
}

#[test]
fn only_clips_that_hide_something_are_written() {
    let clip = |path: BezPath, rule| {
        let mut group = Group::new("Clipped");
        group.clip = Some(ClipPath { path, rule });
        group.children = vec![Node::Shape(square(20.0, Paint::Solid(Color::BLACK)))];
        count(&written(&document(vec![Node::Group(group)])), "<clipPath")
    };
    let ring = |outer: f64, inner: f64| {
        let mut path = Circle::new((25.0, 25.0), outer).to_path(0.01);
        path.extend(Circle::new((25.0, 25.0), inner).to_path(0.01));
        path
    };
    let around = Rect::new(0.0, 0.0, 60.0, 60.0).to_path(0.1);
    assert_eq!(clip(around.clone(), FillRule::NonZero), 0);
    assert_eq!(clip(ring(90.0, 80.0), FillRule::NonZero), 0);
    assert_eq!(clip(ring(90.0, 80.0), FillRule::EvenOdd), 1);
    assert_eq!(
        clip(
            Rect::new(22.0, 0.0, 60.0, 60.0).to_path(0.1),
            FillRule::NonZero
        ),
        1
    );
    assert_eq!(clip(ring(30.0, 12.0), FillRule::EvenOdd), 1);
    let open: BezPath = around
        .iter()
        .filter(|element| !matches!(element, kurbo::PathEl::ClosePath))
        .collect();
    assert_eq!(clip(open, FillRule::NonZero), 1);
}
