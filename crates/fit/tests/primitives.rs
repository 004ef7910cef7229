//! Circles that people bring as pictures: what becomes of them is written as what it is.

#![allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]

use chat2svg_fit::{FitOptions, vectorize};
use chat2svg_vector::{Document, ParseLimits, WriteOptions};

const SIDE: u32 = 120;

#[test]
fn a_circle_is_written_as_one() {
    for ground in ["", "<rect width='120' height='120' fill='#fff'/>"] {
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {SIDE} {SIDE}'>{ground}\
             <circle cx='57.4' cy='63' r='41.7' fill='#2468b0'/></svg>"
        );
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("is read");
        let target = parsed.document.render(SIDE, SIDE, None).expect("renders");
        let options = FitOptions {
            iterations: 120,
            threads: 1,
            ..FitOptions::default()
        };
        let document = vectorize(&target, &options, &mut ())
            .expect("fits")
            .document;
        let svg = document.to_svg(&WriteOptions::default());
        assert_eq!(svg.matches("<circle ").count(), 1, "{svg}");
        assert_eq!(svg.matches("<path ").count(), 0, "{svg}");
    }
}
