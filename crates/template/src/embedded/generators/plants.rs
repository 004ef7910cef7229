//! Trees, bushes, flowers and grass.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, smooth_open};
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;
use kurbo::Affine;

fn stem(pen: &mut Pen, top: (f64, f64), dice: &mut Dice<'_>) {
    let green = Tones::of(hex(0x5C913B));
    let bend = dice.range(-5.0, 5.0);
    pen.line(
        "stem",
        smooth_open(&[(50.0, 130.0), (50.0 + bend, (130.0 + top.1) / 2.0), top]),
        5.0,
        green.base,
    );
    let side = if dice.chance(0.5) { 1.0 } else { -1.0 };
    for (side, y) in [(side, 108.0), (-side, 96.0)] {
        pen.placed(
            Affine::translate((50.0 + bend * 0.6, y)) * Affine::scale_non_uniform(side, 1.0),
            |pen| {
                pen.path(
                    "leaf",
                    "M0 0 C6 -16 22 -20 32 -16 C28 -4 14 4 0 0Z",
                    green.base,
                );
                pen.path(
                    "leaf shade",
                    "M0 0 C12 -4 22 -10 32 -16 C28 -4 14 4 0 0Z",
                    green.dark,
                );
            },
        );
    }
}

/// A flower of five to seven round petals.
pub(super) fn flower(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(
        0xEA596E,
        &[0xF4900C, 0xAA8DD8, 0xF4ABBA, 0x5C9DE0, 0xE8596E],
    );
    let petals = params.tones(default);
    let heart = Tones::of(hex(0xFFCC4D));
    let mut pen = Pen::new();
    stem(&mut pen, (50.0, 42.0), dice);
    let count = 5 + dice.below(3);
    let turn = dice.range(0.0, 60.0);
    for index in 0..count {
        let angle = turn + 360.0 * index as f64 / count as f64;
        let width = 15.5 - count as f64 * 0.6;
        pen.placed(
            Affine::translate((50.0, 40.0)) * Affine::rotate(angle.to_radians()),
            |pen| {
                pen.ellipse(
                    "petal",
                    (0.0, -21.0),
                    (width, 16.5),
                    if index % 2 == 0 {
                        petals.base
                    } else {
                        petals.light
                    },
                );
                pen.ellipse(
                    "petal crease",
                    (0.0, -13.0),
                    (width * 0.28, 7.0),
                    petals.dark,
                );
            },
        );
    }
    pen.circle("heart", (50.0, 40.0), 11.5, heart.base);
    pen.path(
        "heart shade",
        "M61.5 40 A11.5 11.5 0 0 1 39.6 45 A13 13 0 0 0 61.5 40Z",
        heart.dark,
    );
    Drawing::of(pen.finish())
}

/// A daisy: many slim petals.
pub(super) fn daisy(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let petals = params.tones(0xFFFFFF);
    let back = if params.color.is_some() {
        petals.dark
    } else {
        hex(0xDDE6EC)
    };
    let heart = Tones::of(hex(0xFFC83D));
    let mut pen = Pen::new();
    stem(&mut pen, (50.0, 42.0), dice);
    for (layer, color) in [(0.5, back), (0.0, petals.base)] {
        for index in 0..11 {
            let angle: f64 = 360.0 * (f64::from(index) + layer) / 11.0;
            pen.placed(
                Affine::translate((50.0, 40.0)) * Affine::rotate(angle.to_radians()),
                |pen| {
                    pen.ellipse("petal", (0.0, -23.0), (6.4, 15.5), color);
                },
            );
        }
    }
    pen.circle("heart", (50.0, 40.0), 11.0, heart.base);
    pen.path(
        "heart shade",
        "M61 40 A11 11 0 0 1 40 44.8 A12.4 12.4 0 0 0 61 40Z",
        heart.dark,
    );
    Drawing::of(pen.finish())
}

/// A sunflower.
pub(super) fn sunflower(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let petals = params.tones(0xFFC22E);
    let seeds = Tones::of(hex(0x6B3F22));
    let mut pen = Pen::new();
    stem(&mut pen, (50.0, 42.0), dice);
    for (layer, color) in [(0.5, petals.dark), (0.0, petals.base)] {
        for index in 0..13 {
            let angle: f64 = 360.0 * (f64::from(index) + layer) / 13.0;
            pen.placed(
                Affine::translate((50.0, 40.0)) * Affine::rotate(angle.to_radians()),
                |pen| {
                    pen.path(
                        "petal",
                        "M-7 -14 C-8 -28 -3 -36 0 -40 C3 -36 8 -28 7 -14Z",
                        color,
                    );
                },
            );
        }
    }
    pen.circle("seeds", (50.0, 40.0), 18.0, seeds.base);
    pen.circle("seed ring", (50.0, 40.0), 11.5, seeds.dark);
    pen.circle("seed heart", (50.0, 40.0), 5.5, seeds.light);
    Drawing::of(pen.finish())
}

/// A rose.
pub(super) fn rose(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let petals = params.tones(0xD3233F);
    let mut pen = Pen::new();
    stem(&mut pen, (50.0, 50.0), dice);
    let green = Tones::of(hex(0x5C913B));
    pen.path(
        "sepals",
        "M30 52 Q40 66 50 62 Q60 66 70 52 Q60 72 50 72 Q40 72 30 52Z",
        green.dark,
    );
    pen.path(
        "outer petals",
        "M22 30 C16 52 34 66 50 66 C66 66 84 52 78 30 C70 22 60 26 50 30 C40 26 30 22 22 30Z",
        petals.dark,
    );
    pen.path(
        "left petal",
        "M26 24 C20 46 38 60 52 62 C50 46 42 30 26 24Z",
        petals.base,
    );
    pen.path(
        "right petal",
        "M74 24 C80 46 64 60 50 62 C50 46 58 30 74 24Z",
        petals.base,
    );
    pen.ellipse("bud", (50.0, 26.0), (20.0, 17.0), petals.light);
    pen.line_data(
        "spiral",
        "M38 27 C40 14 60 14 62 26 C62 36 46 38 44 28 C44 22 54 20 56 27",
        3.4,
        petals.deep,
    );
    Drawing::of(pen.finish())
}

/// A tuft of grass.
pub(super) fn grass(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let green = params.tones(0x6DAF4A);
    let mut pen = Pen::new();
    for index in 0..9 {
        let x = 8.0 + 10.5 * f64::from(index);
        let height = 22.0 + 18.0 * (1.0 - ((x - 50.0) / 50.0).powi(2)) + dice.range(-4.0, 4.0);
        let lean = (x - 50.0) * 0.3 + dice.range(-5.0, 5.0);
        let color = match index % 3 {
            0 => green.dark,
            1 => green.base,
            _ => green.light,
        };
        pen.path(
            "blade",
            &format!(
                "M{:.1} 60 Q{:.1} {:.1} {:.1} {:.1} Q{:.1} {:.1} {:.1} 60Z",
                x - 5.0,
                x - 3.0,
                60.0 - height * 0.6,
                x + lean,
                60.0 - height,
                x + 4.0,
                60.0 - height * 0.5,
                x + 5.0
            ),
            color,
        );
    }
    Drawing::of(pen.finish())
}
