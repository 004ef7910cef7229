//! What shapes of a template are given when a target asks for it: strokes for lines along their
//! outlines, points for forms that those they have cannot take.

#![allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]

use chat2svg_fit::{FitOptions, FitOutcome, refine};
use chat2svg_trace::crossing::crosses_itself;
use chat2svg_vector::{Color, Document, Paint, ParseLimits, Raster, Shape};
use kurbo::PathEl;

fn document(body: &str) -> Document {
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 128 128'>\
         <rect id='ground' width='128' height='128' fill='#d3f2fe'/>{body}</svg>"
    );
    Document::parse(svg.as_bytes(), &ParseLimits::default())
        .expect("is an SVG")
        .document
}

fn target(body: &str) -> Raster {
    document(body)
        .render(128, 128, Some(Color::WHITE))
        .expect("can be drawn")
}

/// Refines without adding paths.
fn fitted(template: &str, target: &Raster, change: impl Fn(&mut FitOptions)) -> FitOutcome {
    let mut options = FitOptions {
        allow_topology: false,
        threads: 1,
        ..FitOptions::default()
    };
    change(&mut options);
    refine(&document(template), target, &options, &mut ()).expect("can be fitted")
}

fn named(document: &Document, id: &str) -> Shape {
    let shapes = document.shapes();
    let found = shapes.iter().find(|visit| visit.shape.id == id);
    found.expect("keeps its name").shape.clone()
}

const PETAL: &str = "<ellipse id='petal' cx='62' cy='66' rx='30' ry='42' fill='#fff'/>";
const PLAIN: &str = "<ellipse cx='64' cy='64' rx='32' ry='40' fill='#fff'/>";

#[test]
fn a_line_around_a_shape_becomes_its_stroke() {
    let outlined = "<ellipse cx='64' cy='64' rx='32' ry='40' fill='#fff' stroke='#2a8a80' \
                    stroke-width='2'/>";
    let outcome = fitted(PETAL, &target(outlined), |_| ());
    let petal = named(&outcome.document, "petal");
    let stroke = petal.stroke.expect("has a stroke");
    let Paint::Solid(color) = stroke.paint else {
        panic!("{:?}", stroke.paint);
    };
    assert!(
        color
            .to_oklab()
            .distance(Color::from_rgb8(0x2a, 0x8a, 0x80).to_oklab())
            < 0.08
    );
    assert!((1.5..2.6).contains(&stroke.width), "{}", stroke.width);
    assert!(
        outcome.report.psnr_after > 36.0,
        "{}",
        outcome.report.psnr_after
    );
    let without = fitted(PETAL, &target(outlined), |options| {
        options.allow_strokes = false;
    });
    assert!(named(&without.document, "petal").stroke.is_none());
    assert!(outcome.report.psnr_after > without.report.psnr_after + 3.0);
}

#[test]
fn a_shape_without_a_line_around_it_gets_none() {
    let outcome = fitted(PETAL, &target(PLAIN), |_| ());
    assert_eq!(named(&outcome.document, "petal").stroke, None);
    assert!(
        outcome.report.psnr_after > 40.0,
        "{}",
        outcome.report.psnr_after
    );
}

#[test]
fn a_triangle_becomes_the_dome_that_the_target_shows() {
    let triangle = "<path id='ice' fill='#2060c0' d='M30 90L64 40L98 90Z'/>";
    let dome = target("<path fill='#2060c0' d='M30 90C30 30 98 30 98 90Z'/>");
    let is_curved = |outcome: &FitOutcome| {
        let path = named(&outcome.document, "ice").path;
        path.elements()
            .iter()
            .any(|element| matches!(element, PathEl::CurveTo(..)))
    };
    let outcome = fitted(triangle, &dome, |_| ());
    let stiff = fitted(triangle, &dome, |options| options.allow_points = false);
    assert!(is_curved(&outcome) && !is_curved(&stiff));
    assert!(outcome.report.psnr_after > stiff.report.psnr_after + 6.0);
}

#[test]
fn a_triangle_that_the_target_shows_stays_one() {
    let triangle = "<path id='ice' fill='#2060c0' d='M30 90L64 40L98 90Z'/>";
    let moved = target("<path fill='#2060c0' d='M34 92L68 42L102 92Z'/>");
    let outcome = fitted(triangle, &moved, |_| ());
    assert_eq!(named(&outcome.document, "ice").path.elements().len(), 4);
}

/// A star with thin arms that differ from seed to seed; no two of its sides cross.
fn star(seed: u32) -> String {
    let mut state = seed;
    let mut next = |low: f64, high: f64| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        low + (high - low) * f64::from(state >> 8) / f64::from(1_u32 << 24)
    };
    let points: Vec<String> = (0..56)
        .map(|at| {
            let angle = std::f64::consts::TAU * (f64::from(at) + next(-0.45, 0.45)) / 56.0;
            let radius = if at % 2 == 0 {
                next(36.0, 60.0)
            } else {
                next(26.0, 34.0)
            };
            let (sin, cos) = angle.sin_cos();
            format!("{:.2},{:.2}", 64.0 + radius * cos, 64.0 + radius * sin)
        })
        .collect();
    format!(
        "<polygon id='star' points='{}' fill='#b03a2e'/>",
        points.join(" ")
    )
}

#[test]
fn no_outline_comes_to_cross_itself_not_even_seen_larger() {
    for seed in 0..12 {
        let template = star(seed);
        // As a larger picture shows it: the fit itself sees 128 pixels.
        assert!(!crosses_itself(
            &named(&document(&template), "star").path,
            4.0
        ));
        let outcome = fitted(&template, &target(&star(seed + 100)), |options| {
            options.allow_points = seed % 2 == 0;
        });
        let path = named(&outcome.document, "star").path;
        assert!(!crosses_itself(&path, 4.0), "{seed}: {}", path.to_svg());
    }
}
