//! Geometric shapes that stay in code: a computed spiral, and a pyramid that has its own usual
//! colour.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, path_data, smooth_open};
use crate::embedded::art::tone::Tones;
use crate::embedded::dice::Dice;

/// The usual colours of shapes.
pub(super) const COLORS: [u32; 6] = [0xDD2E44, 0x3B88C3, 0xF4900C, 0x5FA845, 0x9266CC, 0xFFC83D];

fn tones(params: &Params, dice: &mut Dice<'_>) -> Tones {
    let default = dice.pick(COLORS[0], &COLORS[1..]);
    params.tones(default)
}

/// An Archimedean spiral.
pub(super) fn spiral(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let points: Vec<(f64, f64)> = (0..=26)
        .map(|index| {
            let angle = f64::from(index) * std::f64::consts::FRAC_PI_4;
            let radius = 2.0 + 44.0 * f64::from(index) / 26.0;
            (50.0 + radius * angle.cos(), 50.0 + radius * angle.sin())
        })
        .collect();
    let mut pen = Pen::new();
    pen.line("spiral", smooth_open(&points), 7.0, tones.base);
    Drawing::of(pen.finish())
}

/// A pyramid with a lit and a shaded face.
pub(super) fn pyramid(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = match params.color {
        Some(_) => tones(params, dice),
        None => params.tones(0xE5B768),
    };
    let mut pen = Pen::new();
    pen.fill("lit face", path_data("M56 4 L84 92 L2 84Z"), tones.base);
    pen.fill(
        "shaded face",
        path_data("M56 4 L84 92 L112 82Z"),
        tones.dark,
    );
    pen.line_data("course", "M29 45.5 L71 50", 1.2, tones.dark);
    pen.line_data("course", "M16 65 L77.5 71", 1.2, tones.dark);
    Drawing::of(pen.finish())
}
