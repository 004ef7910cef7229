//! Abstract patterns on a square; two or three tones of one colour with an accent.

use chat2svg_vector::Color;
use kurbo::{Affine, BezPath};

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, ellipse, path_data, rounded_rect};
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

struct Scheme {
    ground: Color,
    main: Tones,
    accent: Color,
}

fn scheme(params: &Params, dice: &mut Dice<'_>) -> Scheme {
    let default = dice.pick(0x3B88C3, &[0xDD5A4E, 0x2E9E8F, 0x8A6FC9, 0xE39A2D]);
    let main = params.tones(default);
    let mut accent = main.base.to_oklch();
    accent.hue += 126.0;
    accent.chroma = accent.chroma.clamp(0.1, 0.16);
    accent.lightness = 0.76;
    let mut ground = main.base.to_oklch();
    ground.chroma *= 0.18;
    ground.lightness = 0.96;
    Scheme {
        ground: Color::from_oklch(ground),
        main,
        accent: Color::from_oklch(accent),
    }
}

fn square(draw: impl FnOnce(&mut Pen, &Scheme), params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let scheme = scheme(params, dice);
    let mut pen = Pen::new();
    pen.rect("ground", (0.0, 0.0, 120.0, 120.0), 0.0, scheme.ground);
    draw(&mut pen, &scheme);
    Drawing::of(pen.finish())
}

/// Even stripes, upright, level or oblique by the seed.
pub(super) fn stripes(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let kind = dice.below(3);
    square(
        |pen, scheme| {
            for index in 0..8 {
                let color = [
                    scheme.main.base,
                    scheme.main.light,
                    scheme.main.base,
                    scheme.accent,
                ][index % 4];
                let at = 15.0 * index as f64;
                match kind {
                    0 => pen.rect("stripe", (at, 0.0, 9.0, 120.0), 0.0, color),
                    1 => pen.rect("stripe", (0.0, at + 3.0, 120.0, 9.0), 0.0, color),
                    // Oblique bands cut at the square's edges: every second eighth of the diagonal.
                    _ => pen.fill("stripe", oblique(30.0 * index as f64, 18.0), color),
                }
            }
        },
        params,
        dice,
    )
}

/// The part of the square of side 120 where `from <= x + y <= from + width`.
fn oblique(from: f64, width: f64) -> BezPath {
    const SIDE: f64 = 120.0;
    let edge = |sum: f64| {
        if sum <= SIDE {
            ((sum, 0.0), (0.0, sum))
        } else {
            ((SIDE, sum - SIDE), (sum - SIDE, SIDE))
        }
    };
    let to = (from + width).min(2.0 * SIDE);
    let ((ax, ay), (bx, by)) = edge(from);
    let ((cx, cy), (dx, dy)) = edge(to);
    let corner = |at: &str| {
        if from < SIDE && to > SIDE {
            at.to_owned()
        } else {
            String::new()
        }
    };
    path_data(&format!(
        "M{ax} {ay}{} L{cx} {cy} L{dx} {dy}{} L{bx} {by}Z",
        corner(" L120 0"),
        corner(" L0 120")
    ))
}

/// Dots in offset rows.
pub(super) fn dots(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let radius = dice.range(5.4, 7.4);
    square(
        |pen, scheme| {
            for row in 0..6 {
                for column in 0..(if row % 2 == 0 { 6 } else { 5 }) {
                    let x = 10.0 + 20.0 * f64::from(column) + if row % 2 == 0 { 0.0 } else { 10.0 };
                    let color = if (row * 2 + column) % 5 == 0 {
                        scheme.accent
                    } else {
                        scheme.main.base
                    };
                    pen.circle("dot", (x, 10.0 + 20.0 * f64::from(row)), radius, color);
                }
            }
        },
        params,
        dice,
    )
}

/// Rolling waves, darker towards the viewer.
pub(super) fn waves(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let height = dice.range(7.0, 11.0);
    square(
        |pen, scheme| {
            for index in 0..6 {
                let y = 18.0 + 18.0 * f64::from(index);
                let color = scheme.main.light.lighten(0.1 - 0.055 * (index as f32));
                let (start, bend) = if index % 2 == 0 {
                    (y, height)
                } else {
                    (y, -height)
                };
                pen.path(
                "wave",
                &format!("M0 {start} C10 {:.1} 20 {:.1} 30 {y} S50 {:.1} 60 {y} S80 {:.1} 90 {y} S110 {:.1} 120 {y} L120 120 L0 120Z", y - bend, y - bend, y + bend, y - bend, y + bend),
                color,
            );
            }
        },
        params,
        dice,
    )
}

/// A checkerboard.
pub(super) fn checker(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    square(
        |pen, scheme| {
            for row in 0..8 {
                for column in 0..8 {
                    if (row + column) % 2 == 0 {
                        pen.rect(
                            "check",
                            (15.0 * f64::from(column), 15.0 * f64::from(row), 15.0, 15.0),
                            0.0,
                            scheme.main.base,
                        );
                    }
                }
            }
        },
        params,
        dice,
    )
}

/// A mosaic of rounded tiles, quarter discs and discs.
pub(super) fn mosaic(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let plan: Vec<(usize, usize)> = (0..25).map(|_| (dice.below(4), dice.below(4))).collect();
    square(
        |pen, scheme| {
            let colors = [
                scheme.main.base,
                scheme.main.dark,
                scheme.main.light,
                scheme.accent,
            ];
            for (index, (kind, turn)) in plan.iter().enumerate() {
                let (x, y) = (24.0 * (index % 5) as f64, 24.0 * (index / 5) as f64);
                let color = colors[(index * 3 + kind) % 4];
                let mut path = match kind {
                    0 => rounded_rect((-11.0, -11.0, 22.0, 22.0), 3.0),
                    1 => path_data("M-11 -11 L11 -11 A22 22 0 0 1 -11 11Z"),
                    2 => ellipse((0.0, 0.0), (10.5, 10.5)),
                    _ => path_data("M-11 -11 L11 -11 L-11 11Z"),
                };
                path.apply_affine(
                    Affine::translate((x + 12.0, y + 12.0))
                        * Affine::rotate(*turn as f64 * std::f64::consts::FRAC_PI_2),
                );
                pen.fill("tile", path, color);
            }
        },
        params,
        dice,
    )
}

/// Concentric rings.
pub(super) fn concentric(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let count = 5 + dice.below(3);
    square(
        |pen, scheme| {
            let colors = [
                scheme.main.base,
                scheme.ground,
                scheme.accent,
                scheme.main.light,
            ];
            for index in 0..count {
                let radius = 54.0 * (1.0 - index as f64 / count as f64);
                pen.circle("ring", (60.0, 60.0), radius, colors[index % 4]);
            }
            pen.circle("centre", (60.0, 60.0), 3.0, hex(0xFFFFFF));
        },
        params,
        dice,
    )
}
