//! Pictures drawn for tests, vectorised and compared.

#![allow(
    dead_code,
    clippy::expect_used,
    reason = "each test uses some, and may panic"
)]

use chat2svg_fit::{FitOptions, FitOutcome, vectorize};
use chat2svg_vector::{Color, Document, ParseLimits, Raster, WriteOptions};

pub(crate) const GROUNDS: [Color; 3] = [Color::BLACK, Color::WHITE, Color::new(0.5, 0.5, 0.5)];

/// The picture of some SVG, transparent where nothing is painted.
pub(crate) fn drawn(width: u32, height: u32, content: &str) -> Raster {
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' \
         viewBox='0 0 {width} {height}'>{content}</svg>"
    );
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("is read");
    let picture = parsed.document.render(width, height, None);
    picture.expect("renders")
}

pub(crate) fn fitted(target: &Raster) -> FitOutcome {
    let options = FitOptions {
        iterations: 120,
        threads: 1,
        ..FitOptions::default()
    };
    vectorize(target, &options, &mut ()).expect("fits")
}

pub(crate) fn svg(outcome: &FitOutcome) -> String {
    outcome.document.to_svg(&WriteOptions::default())
}

pub(crate) fn shown(outcome: &FitOutcome, target: &Raster) -> Raster {
    shown_at(outcome, [target.width(), target.height()])
}

pub(crate) fn shown_at(outcome: &FitOutcome, [width, height]: [u32; 2]) -> Raster {
    let picture = outcome.document.render(width, height, None);
    picture.expect("renders")
}

/// The least quality in dB over the grounds.
pub(crate) fn quality(outcome: &FitOutcome, target: &Raster, grounds: &[Color]) -> f64 {
    let shown = shown(outcome, target);
    let on = |ground: &Color| {
        let (found, wanted) = (shown.over(*ground), target.over(*ground));
        found.psnr(&wanted, *ground).expect("same size")
    };
    grounds.iter().map(on).fold(f64::INFINITY, f64::min)
}

/// Largest difference of any component of any pixel, in levels.
pub(crate) fn largest_difference(outcome: &FitOutcome, target: &Raster) -> u8 {
    let shown = shown(outcome, target);
    let pairs = shown.pixels().iter().zip(target.pixels());
    pairs
        .flat_map(|(found, wanted)| (0..4).map(|i| found[i].abs_diff(wanted[i])))
        .max()
        .unwrap_or(0)
}

/// Numbers that look random, below a bound.
pub(crate) fn random() -> impl FnMut(u32) -> u32 {
    let mut state = 7_u32;
    move |bound| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % bound
    }
}
