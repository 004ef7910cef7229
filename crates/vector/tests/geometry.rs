//! Numbers of any size: what reaches far is drawn as it should be, what cannot be drawn is refused
//! with its place, and the rasteriser never fails.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use chat2svg_stop::Looks;
use chat2svg_vector::{
    Color, Document, Group, LineCap, LineJoin, MAX_DASHES, Node, Paint, ParseError, ParseLimits,
    Raster, RenderError, Shape, Stroke, WarningKind, WriteOptions,
};
use kurbo::{Affine, BezPath, Circle, Rect, Shape as _};
use proptest::prelude::*;

const BLACK: Paint = Paint::Solid(Color::BLACK);

fn document(shape: Shape) -> Document {
    let mut document = common::empty(64.0, 64.0);
    document.layers.push(Node::Shape(shape));
    document
}

fn filled(path: BezPath) -> Document {
    document(Shape::filled("", path, BLACK))
}

fn stroke(width: f64) -> Stroke {
    Stroke {
        paint: BLACK,
        opacity: 1.0,
        width,
        cap: LineCap::Butt,
        join: LineJoin::Miter,
        miter_limit: 4.0,
        dashes: Vec::new(),
        dash_offset: 0.0,
    }
}

fn stroked(path: BezPath, stroke: Stroke) -> Document {
    let mut shape = Shape::filled("", path, BLACK);
    shape.fill = None;
    shape.stroke = Some(stroke);
    document(shape)
}

fn line(from: (f64, f64), to: (f64, f64)) -> BezPath {
    let mut path = BezPath::new();
    path.move_to(from);
    path.line_to(to);
    path
}

fn render(document: &Document) -> Raster {
    document
        .render(64, 64, Some(Color::WHITE))
        .expect("renders")
}

/// Mean difference in steps of 255.
fn difference(one: &Document, other: &Document) -> f64 {
    let difference = render(one).mean_difference(&render(other), Color::WHITE);
    difference.expect("same size") * 255.0
}

fn parse(content: &str) -> Result<chat2svg_vector::Parsed, ParseError> {
    let svg =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\">{content}</svg>");
    Document::parse(svg.as_bytes(), &ParseLimits::default())
}

/// From where on geometry is cut before it is drawn, up to the farthest that is drawn.
const SIZES: [f64; 5] = [2e5, 1e6, 1e7, 1e9, 5e10];

#[test]
fn what_is_around_the_canvas_fills_it() {
    let whole = filled(Rect::new(-9.0, -9.0, 99.0, 99.0).to_path(0.1));
    for size in SIZES {
        let around = filled(Rect::new(-size, -size, size, size).to_path(0.1));
        assert_eq!(render(&around), render(&whole), "{size}");
        let half = filled(Rect::new(-size, -size, 32.5, size).to_path(0.1));
        let near = filled(Rect::new(-9.0, -9.0, 32.5, 99.0).to_path(0.1));
        assert_eq!(render(&half), render(&near), "{size}");
    }
}

#[test]
fn the_edge_of_a_huge_circle_is_where_a_line_would_be() {
    let near = filled(Rect::new(-9.0, -9.0, 40.25, 99.0).to_path(0.1));
    for size in SIZES {
        let circle = Circle::new((40.25 - size, 32.0), size).to_path(size * 1e-10);
        let found = difference(&filled(circle), &near);
        assert!(found < 0.3, "{found} at {size}");
    }
}

#[test]
fn strokes_that_reach_far_show_their_part() {
    for size in SIZES {
        // A thick line whose middle is far outside shows its edge.
        let thick = stroked(
            line((20.5 - size, -size), (20.5 - size, size)),
            stroke(2.0 * size),
        );
        let near = filled(Rect::new(-9.0, -9.0, 20.5, 99.0).to_path(0.1));
        let found = difference(&thick, &near);
        assert!(found < 0.3, "thick: {found} at {size}");
        // A thin line that comes from far and goes far.
        let long = stroked(line((-size, 30.0), (size, 30.0)), stroke(6.0));
        let near = filled(Rect::new(-9.0, 27.0, 99.0, 33.0).to_path(0.1));
        let found = difference(&long, &near);
        assert!(found < 0.3, "long: {found} at {size}");
        // Rings.
        let path = Circle::new((30.0 - size, 32.0), size).to_path(size * 1e-10);
        let near = filled(Rect::new(25.0, -9.0, 35.0, 99.0).to_path(0.1));
        let found = difference(&stroked(path, stroke(10.0)), &near);
        assert!(found < 1.0, "ring: {found} at {size}");
    }
}

#[test]
fn dashes_that_reach_far_keep_their_phase() {
    let dashed = |from: f64, offset: f64| {
        let mut stroke = stroke(8.0);
        stroke.dashes = vec![20.0, 20.0];
        stroke.dash_offset = offset;
        stroked(line((from, 32.0), (100.0, 32.0)), stroke)
    };
    // A multiple of the pattern further off, within what can be counted.
    let found = difference(&dashed(-200_000.0, 7.0), &dashed(-80.0, 7.0));
    assert!(found < 0.3, "{found}");
}

#[test]
fn scales_of_any_size_draw_the_same_picture() {
    let picture = common::everything();
    let expected = picture.render(200, 150, None).expect("renders");
    for size in [1e-30, 1e-12, 1e-6, 1e6, 1e12, 1e30] {
        let mut scaled = picture.clone();
        for node in &mut scaled.layers {
            let inner = std::mem::replace(node, Node::Group(Group::new("")));
            let mut tiny = inner;
            shrink(&mut tiny, size);
            let mut outer = Group::new("");
            outer.transform = Affine::scale(1.0 / size);
            outer.children.push(tiny);
            *node = Node::Group(outer);
        }
        let found = scaled.render(200, 150, None).expect("renders");
        let found = expected
            .mean_difference(&found, Color::WHITE)
            .expect("same size");
        assert!(found * 255.0 < 1.0, "{} at {size}", found * 255.0);
    }
}

/// Scales the geometry below a node, not its transforms alone.
fn shrink(node: &mut Node, size: f64) {
    match node {
        Node::Shape(shape) => shape.apply_affine(Affine::scale(size)),
        Node::Group(group) => {
            group.transform = Affine::scale(size) * group.transform * Affine::scale(1.0 / size);
            if let Some(clip) = &mut group.clip {
                clip.path.apply_affine(Affine::scale(size));
            }
            for child in &mut group.children {
                shrink(child, size);
            }
        }
    }
}

#[test]
fn what_reaches_beyond_all_measure_is_an_error_not_a_panic() {
    let far = filled(Rect::new(-1e20, -1e20, 1e20, 1e20).to_path(0.1));
    assert_eq!(far.render(64, 64, None), Err(RenderError::OutOfRange));
    let endless = filled(Rect::new(0.0, 0.0, f64::INFINITY, 9.0).to_path(0.1));
    let nothing = endless.render(64, 64, None).expect("is left out");
    assert!(nothing.pixels().iter().all(|pixel| pixel[3] == 0));
}

#[test]
fn numbers_out_of_range_are_refused_where_they_stand() {
    for (content, element, attribute) in [
        ("<rect width='1e10' height='9'/>", "rect", "width"),
        ("<path d='M0 0L1e30 9'/>", "path", "d"),
        ("<g transform='scale(1e12)'/>", "g", "transform"),
        (
            "<circle r='5' style='fill:red;stroke-width:1e38'/>",
            "circle",
            "stroke-width",
        ),
        (
            "<style>rect{stroke-dashoffset:-2e9}</style>",
            "style",
            "stroke-dashoffset",
        ),
        ("<polygon points='1,2 3,9999999999'/>", "polygon", "points"),
        ("<text font-size='1e20'>x</text>", "text", "font-size"),
        ("<symbol viewBox='0 0 1e11 4'/>", "symbol", "viewBox"),
    ] {
        let error = parse(content).expect_err("out of range");
        let ParseError::NumberOutOfRange {
            element: found,
            attribute: name,
            ..
        } = &error
        else {
            panic!("{error}: {content}");
        };
        assert_eq!((found.as_str(), name.as_str()), (element, attribute));
    }
    // What is not geometry is only left out.
    assert!(parse("<rect opacity='1e20' width='9' height='9'/>").is_ok());
}

#[test]
fn products_out_of_range_are_refused() {
    let nested = |inner: &str| {
        format!(
            "<g transform='scale(1e4)'><g id='deep' transform='rotate(3) scale(1e4)'>{inner}</g></g>"
        )
    };
    for (content, what) in [
        (
            "<path id='arc' d='M0 0A1e9 1e9 0 1 1 3 3'/>".to_owned(),
            "arc",
        ),
        (
            "<path id='arc' stroke='#000' d='M0 0A1e9 1e9 0 1 1 3 3'/>".to_owned(),
            "arc",
        ),
        (nested("<path id='far' d='M0 0L9 9L90 0'/>"), "far"),
        (
            nested("<path id='curve' stroke='red' d='M0 0Q9 9 90 0'/>"),
            "deep",
        ),
        (
            "<path stroke='red' id='wide' stroke-width='1e7' d='M0 0Q9 9 90 0'/>".to_owned(),
            "wide",
        ),
    ] {
        let error = parse(&content).expect_err("out of range").to_string();
        assert!(error.contains(what), "{error}: {content}");
    }
    // Large coordinates of maps are ordinary.
    let map = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='450000 -5200000 9000 9000'><path fill='none' stroke='red' stroke-width='30' d='M450100-5199000l500 900-80 70'/></svg>";
    let map = Document::parse(map.as_bytes(), &ParseLimits::default()).expect("is read");
    assert_eq!(map.document.counts().shapes, 1);
}

/// What drawing programs write: many long numbers under a transform that makes them larger.
#[test]
fn what_is_read_of_far_reaching_text_can_be_read_again() {
    for scale in [1e3, 1e4, 3e4, 1e5, 1e6] {
        let text = "<text x='1' y='12' font-size='10' stroke='red' stroke-width='.2'>go</text>";
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1000000 500000'>\
            <g transform='scale({scale})'>{text}<path d='M1 1C5 9 9 2 3 3' stroke='red'/></g>\
            <text transform='matrix({scale} 0 0 {scale} 9 9)' font-size='2' stroke='red'>go</text></svg>"
        );
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("read");
        let written = parsed.document.to_svg(&WriteOptions::default());
        Document::parse(written.as_bytes(), &ParseLimits::for_own_output())
            .unwrap_or_else(|error| panic!("{error}: {written}"));
    }
}

#[test]
fn clip_paths_may_reach_as_far_as_they_like() {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'><clipPath id='c'>\
        <rect width='5e8' height='30'/><circle cx='20' cy='40' r='9'/></clipPath>\
        <path clip-path='url(#c)' d='M1 1C5 9 9 2 40 60' stroke='red'/></svg>";
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("read");
    let written = parsed.document.to_svg(&WriteOptions::default());
    let again = Document::parse(written.as_bytes(), &ParseLimits::default()).expect("read again");
    assert!(difference(&parsed.document, &again.document) < 0.01);
}

#[test]
fn tiles_too_small_to_see_do_not_cost_the_file() {
    for size in ["1e-30", "1e-8", "0.00001"] {
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'>\
            <pattern id='p' width='.2' height='{size}'><rect width='3' height='3' fill='red'/></pattern>\
            <path d='M40 40l20 5-9 20z' fill='url(#p)'/><circle r='9'/></svg>"
        );
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default());
        assert!(parsed.is_ok(), "{:?}", parsed.err());
    }
}

#[test]
fn ordinary_files_are_not_taken_for_far_reaching() {
    let circle = "M 544.06634 487.06226 A 20.783747 20.783747 0 1 1 502.49885,487.06226 \
                  A 20.783747 20.783747 0 1 1 544.06634 487.06226 z ";
    for content in [
        format!(
            "<path d=\"{circle}\" style=\"fill:none;stroke:#000;stroke-width:1.36\" \
             transform=\"matrix(9.161179,0,0,9.161179,-4590.921,-4258.674)\"/>"
        ),
        format!(
            "<g transform=\"rotate(20)\"><path d=\"{}\" stroke=\"red\"/></g>",
            circle.repeat(200)
        ),
    ] {
        parse(&content).expect("is ordinary");
    }
}

#[test]
fn dashes_beyond_counting_are_painted_solid_with_a_warning() {
    for dash in ["5 2", "1e-30", "1e-9 3e-9"] {
        let parsed = parse(&format!(
            "<path stroke='#000' stroke-dasharray='{dash}' d='M2 200000000L9 9'/>"
        ));
        let parsed = parsed.expect("is read");
        assert!(
            parsed
                .warnings
                .iter()
                .any(|warning| warning.kind == WarningKind::Dashes)
        );
        let shapes = parsed.document.shapes();
        let stroke = shapes[0].shape.stroke.as_ref().expect("a stroke");
        assert!(stroke.dashes.is_empty() && stroke.opacity > 0.0);
        render(&parsed.document);
    }
    // The same is true of documents that were not read.
    let mut dense = stroke(4.0);
    dense.dashes = vec![1e-4, 1e-4];
    let dense = stroked(line((-1e4, 32.0), (1e4, 32.0)), dense);
    let mut pale = stroke(4.0);
    pale.opacity = 0.5;
    let pale = stroked(line((-1e4, 32.0), (1e4, 32.0)), pale);
    assert_eq!(render(&dense), render(&pale));
    let mut most = stroke(4.0);
    most.dashes = vec![1.0, 1.0];
    let most = stroked(line((0.0, 32.0), (MAX_DASHES as f64, 32.0)), most);
    assert_ne!(render(&most), render(&pale));
}

#[test]
fn no_size_is_written_that_cannot_be_read() {
    for side in [0.0, -1.0, 1e-300, 1e300, f64::INFINITY, f64::NAN] {
        let mut document = filled(Rect::new(9.0, 9.0, 40.0, 40.0).to_path(0.1));
        document.width = side;
        document.view_box = Rect::new(side, 0.0, side + side, 64.0);
        let written = document.to_svg(&WriteOptions::default());
        let root = roxmltree::Document::parse(&written).expect("well-formed");
        let root = root.root_element();
        let number = |text: &str| text.parse::<f64>().expect("a number");
        for name in ["width", "height"] {
            let value = number(root.attribute(name).expect("is written"));
            assert!(value > 0.0 && value <= 1e9, "{written}");
        }
        let view: Vec<f64> = root
            .attribute("viewBox")
            .expect("is written")
            .split(' ')
            .map(number)
            .collect();
        assert!(
            view[2] > 0.0 && view[3] > 0.0 && view.iter().all(|v| v.abs() <= 1e9),
            "{written}"
        );
    }
}

#[test]
fn a_picture_of_many_edges_is_drawn_in_bands_between_which_it_can_be_stopped() {
    // 40,000 lines that all cross each other.
    let mut path = BezPath::new();
    path.move_to((0.0, 0.0));
    for index in 0..20_000 {
        let x = f64::from(index % 64);
        path.line_to((64.0 - x, 64.0));
        path.line_to((x, 0.0));
    }
    let picture = filled(path);
    let looks = Looks::default();
    let stopped = picture.render_until(256, 256, None, &looks.stop_after(3));
    assert_eq!(stopped, Err(RenderError::Stopped));
    assert_eq!(looks.count(), 4);
}

/// A number of any magnitude.
fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => (-40.0..38.0f64, any::<bool>()).prop_map(|(exponent, is_negative)| {
            let sign = if is_negative { "-" } else { "" };
            format!("{sign}{:e}", 10f64.powf(exponent))
        }),
        3 => (0.0..9.0f64).prop_map(|exponent| format!("{:.2}", 10f64.powf(exponent))),
        3 => (0.0..100.0f64).prop_map(|number| format!("{number:.2}")),
    ]
}

const TEMPLATE: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'>\
<linearGradient id='l' x1='@' x2='@' y2='@' gradientUnits='userSpaceOnUse' gradientTransform='scale(@) rotate(@)'><stop offset='@'/><stop offset='1' stop-color='red'/></linearGradient>\
<radialGradient id='r' cx='@' cy='@' r='@' fx='@' fr='@' gradientUnits='userSpaceOnUse' spreadMethod='repeat'><stop/><stop offset='1' stop-color='#fff'/></radialGradient>\
<clipPath id='c'><circle cx='@' cy='32' r='@'/></clipPath>\
<g transform='translate(@ 3)'><g transform='rotate(@) scale(@ @)' clip-path='url(#c)'>\
<path fill='url(#l)' stroke='url(#r)' stroke-width='@' stroke-miterlimit='@' stroke-linejoin='@j' stroke-linecap='@c' stroke-dasharray='@ @' stroke-dashoffset='@' d='M@ @L@ 9C@ @ 40 @ 9 @Q@ 3 9 @A@ @ 0 1 1 3 @z'/></g></g>\
<rect x='@' y='@' width='@' height='@' rx='@' fill='url(#r)' opacity='.5' stroke='#000'/><ellipse cx='@' rx='@' ry='@' stroke='red' stroke-width='@'/><polyline points='@ @ 4 5 @ @' fill='none' stroke='#000'/>\
<g transform='scale(@)'><text x='@' y='@' font-size='@' stroke='red' stroke-width='@' transform='rotate(@)'>go</text></g></svg>";

fn any_picture() -> impl Strategy<Value = String> {
    let holes = TEMPLATE.matches('@').count();
    let numbers = prop::collection::vec(
        prop_oneof![6 => (0.0..64.0f64).prop_map(|n| format!("{n:.2}")), 1 => any_number()],
        holes,
    );
    (numbers, 0..3usize, 0..3usize).prop_map(|(numbers, join, cap)| {
        let text = TEMPLATE
            .replace("@j", ["miter", "round", "bevel"][join])
            .replace("@c", ["butt", "round", "square"][cap]);
        let mut out = String::new();
        let mut numbers = numbers.iter();
        for part in text.split_inclusive('@') {
            match part.strip_suffix('@') {
                Some(before) => {
                    out.push_str(before);
                    out.push_str(numbers.next().map_or("1", String::as_str));
                }
                None => out.push_str(part),
            }
        }
        out
    })
}

/// Whatever has been read can be written, read again and drawn at any size.
fn goes_all_the_way(svg: &str, sizes: &[(u32, u32)]) -> Result<(), TestCaseError> {
    let Ok(parsed) = Document::parse(svg.as_bytes(), &ParseLimits::default()) else {
        return Ok(());
    };
    let written = parsed.document.to_svg(&WriteOptions::default());
    let again = Document::parse(written.as_bytes(), &ParseLimits::for_own_output());
    prop_assert!(again.is_ok(), "{:?}: {svg}\n{written}", again.err());
    for document in again
        .into_iter()
        .map(|p| p.document)
        .chain([parsed.document])
    {
        for (width, height) in sizes {
            let drawn = document.render(*width, *height, None);
            prop_assert!(drawn.is_ok(), "{:?}: {svg}", drawn.err());
        }
        let seen = document.visibility(16, 16);
        prop_assert!(seen.is_ok(), "{:?}: {svg}", seen.err());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn numbers_of_any_size_never_make_the_rasteriser_fail(svg in any_picture()) {
        goes_all_the_way(&svg, &[(64, 64), (300, 7), (1, 1)])?;
    }

    #[test]
    fn documents_of_any_size_are_drawn_or_refused(
        document in common::any_document(),
        size in -40.0..38.0f64,
        width in 1u32..400,
    ) {
        let mut document = document;
        let mut outer = Group::new("");
        outer.transform = Affine::scale(10f64.powf(size));
        outer.children = std::mem::take(&mut document.layers);
        document.layers.push(Node::Group(outer));
        let drawn = document.render(width, 40, None);
        prop_assert!(matches!(drawn, Ok(_) | Err(RenderError::OutOfRange)), "{:?}", drawn.err());
    }
}

#[test]
fn the_largest_canvas_is_drawn() {
    let picture = filled(Circle::new((32.0, 32.0), 1e6).to_path(1e-3));
    let mut wide = picture.clone();
    wide.view_box = Rect::new(0.0, 0.0, 64.0, 0.04);
    for (document, width, height) in [(&picture, 9000, 20), (&wide, 16_384, 3)] {
        let drawn = document.render(width, height, None).expect("renders");
        let middle = drawn.pixels()[width as usize / 2];
        assert_eq!(middle, [0, 0, 0, 255]);
    }
}
