//! What is rendered is what is exported: resvg's picture of the written SVG equals our own.

mod common;

use chat2svg_vector::{Color, Document, ParseLimits, Shape, WriteOptions};
use kurbo::Shape as _;
use proptest::prelude::*;

/// Mean difference allowed per component, of 1.
const TOLERANCE: f64 = 1.0 / 255.0;

#[test]
fn every_feature_renders_as_resvg_does() {
    let document = common::everything();
    let svg = document.to_svg(&WriteOptions::default());
    for (width, height) in [(200, 150), (512, 384), (300, 100), (64, 200)] {
        let ours = document.render(width, height, None).expect("renders");
        let theirs = common::render_with_resvg(&document, &svg, width, height);
        for background in [Color::WHITE, Color::BLACK] {
            let difference = ours
                .mean_difference(&theirs, background)
                .expect("same size");
            assert!(
                difference < TOLERANCE,
                "{width}×{height}: {}",
                difference * 255.0
            );
        }
    }
}

#[test]
fn a_rounded_document_has_the_numbers_that_are_read_back() {
    let options = WriteOptions::default();
    let mut document = common::everything();
    document.edit_shapes(|index, shape, _, _| {
        let odd = 0.123_456_7 / (1.0 + index as f64);
        shape.opacity *= 1.0 - odd as f32;
        if let Some(stroke) = &mut shape.stroke {
            stroke.width += odd;
        }
    });
    let svg = document.to_svg(&options);
    let read = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("own output");
    let rounded = document.rounded(&options);
    let (read, rounded) = (read.document.shapes(), rounded.shapes());
    assert_eq!(read.len(), rounded.len());
    for (read, rounded) in read.iter().zip(&rounded) {
        let bounds = [read, rounded]
            .map(|visit| (visit.transform * visit.shape.path.clone()).bounding_box());
        let (read, rounded) = (read.shape, rounded.shape);
        assert!(
            (read.opacity - rounded.opacity).abs() < 1e-5,
            "{}",
            read.label
        );
        let corners = [
            bounds[0].origin() - bounds[1].origin(),
            bounds[0].size().to_vec2() - bounds[1].size().to_vec2(),
        ];
        assert!(
            corners.iter().all(|by| by.hypot() < 2e-3),
            "{}: {corners:?}",
            read.label
        );
        let width = |shape: &Shape| shape.stroke.as_ref().map(|stroke| stroke.width);
        let widths = width(read).zip(width(rounded));
        assert!(
            widths.is_none_or(|(a, b)| (a - b).abs() < 1e-5),
            "{widths:?}"
        );
    }
}

#[test]
fn points_with_caps_are_dots() {
    let svg = br##"<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">
        <g stroke="#135" stroke-width="12" stroke-linecap="round">
            <path d="M20 20z"/><path d="M50 20h0z"/><path d="M80 20h0"/><path d="M20 60z m30 0z" stroke-linecap="square"/>
        </g><path stroke="red" stroke-width="12" d="M80 60z"/></svg>"##;
    let document = Document::parse(svg, &ParseLimits::default())
        .expect("reads")
        .document;
    let ours = document.render(100, 100, None).expect("renders");
    for (x, y, is_drawn) in [
        (20, 20, true),
        (50, 20, true),
        (80, 20, true),
        (20, 60, true),
        (50, 60, true),
        (80, 60, false),
    ] {
        let drawn = ours.pixel(x, y).is_some_and(|[.., alpha]| alpha > 200);
        assert_eq!(drawn, is_drawn, "{x} {y}");
    }
    let svg = document.to_svg(&WriteOptions::default());
    let theirs = common::render_with_resvg(&document, &svg, 100, 100);
    let difference = ours
        .mean_difference(&theirs, Color::WHITE)
        .expect("same size");
    assert!(
        difference < 0.1 * TOLERANCE,
        "{}\n{svg}",
        difference * 255.0
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn random_documents_render_as_resvg_does(document in common::any_document()) {
        let svg = document.to_svg(&WriteOptions::default());
        prop_assume!(common::has_layers_near_the_canvas(&svg));
        let ours = document.render(128, 128, None).expect("renders");
        let theirs = common::render_with_resvg(&document, &svg, 128, 128);
        let difference = ours.mean_difference(&theirs, Color::WHITE).expect("same size");
        prop_assert!(difference < TOLERANCE, "{}\n{svg}", difference * 255.0);
    }

    #[test]
    fn a_rounded_document_looks_as_the_written_one_does(document in common::any_document()) {
        let options = WriteOptions::default();
        let svg = document.to_svg(&options);
        let read = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("own output");
        let written = read.document.render(128, 128, None).expect("renders");
        let rounded = document.rounded(&options);
        let rounded = rounded.render(128, 128, None).expect("renders");
        let difference = written.mean_difference(&rounded, Color::WHITE).expect("same size");
        // Reading multiplies opacities, which may move what is composited by a level, and where a
        // curve turns back its stroke's join may fall to the other side.
        prop_assert!(difference < 0.5 * TOLERANCE, "{}\n{svg}", difference * 255.0);
    }

    #[test]
    fn flattened_documents_look_the_same(document in common::any_document()) {
        let mut flat = document.clone();
        flat.flatten_transforms();
        let before = document.render(128, 128, None).expect("renders");
        let after = flat.render(128, 128, None).expect("renders");
        let difference = before.mean_difference(&after, Color::WHITE).expect("same size");
        prop_assert!(difference < TOLERANCE, "{}", difference * 255.0);
    }
}

#[test]
fn flattening_a_picture_of_everything_changes_nothing_seen() {
    let document = common::everything();
    let mut flat = document.clone();
    assert_eq!(flat.flatten_transforms(), 0);
    let before = document.render(400, 300, None).expect("renders");
    let after = flat.render(400, 300, None).expect("renders");
    let difference = before
        .mean_difference(&after, Color::WHITE)
        .expect("same size");
    assert!(difference < 0.1 / 255.0, "{}", difference * 255.0);
}
