//! Any bytes at all: they are refused, or they become a document that is written, read back and
//! looks the same, and text that stays harmless.

#![no_main]

use chat2svg_vector::sanitise::sanitise;
use chat2svg_vector::{Color, CostBudget, Document, ParseLimits, WriteOptions};
use libfuzzer_sys::fuzz_target;

/// Side in pixels at which pictures are compared.
const SIDE: u32 = 48;
/// Mean difference that rounding may make, of a component in `0.0..=1.0`.
const ROUNDING: f64 = 0.02;

fuzz_target!(|bytes: &[u8]| {
    // Small enough that a round takes milliseconds.
    let limits = ParseLimits {
        bytes: 64 << 10,
        elements: 2_000,
        cost: CostBudget {
            elements: 5_000,
            segments: 50_000,
            surfaces: 500,
            ..CostBudget::default()
        },
        ..ParseLimits::default()
    };
    if let Ok(harmless) = sanitise(bytes, &limits) {
        let again = sanitise(harmless.svg.as_bytes(), &ParseLimits::for_own_output());
        assert!(
            again.is_ok(),
            "sanitised text is refused: {again:?}\n{}",
            harmless.svg
        );
    }
    let Ok(parsed) = Document::parse(bytes, &limits) else {
        return;
    };
    let written = parsed.document.to_svg(&WriteOptions::default());
    let again = match Document::parse(written.as_bytes(), &ParseLimits::for_own_output()) {
        Ok(again) => again.document,
        Err(error) => panic!("what was written is refused: {error}\n{written}"),
    };
    let (Ok(before), Ok(after)) = (
        parsed.document.render(SIDE, SIDE, None),
        again.render(SIDE, SIDE, None),
    ) else {
        return;
    };
    let difference = before.mean_difference(&after, Color::WHITE).unwrap_or(1.0);
    assert!(
        difference < ROUNDING,
        "{difference} apart after writing and reading\n{written}"
    );
});
