//! Trees, bushes and hedges.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, path_data, smooth_closed, smooth_open};
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

/// A crown of leaves: round lobes along an ellipse.
fn crown(
    center: (f64, f64),
    radii: (f64, f64),
    lobes: usize,
    dice: &mut Dice<'_>,
) -> kurbo::BezPath {
    let turn = dice.range(0.0, 1.0);
    let knots: Vec<(f64, f64)> = (0..lobes)
        .map(|index| {
            let share = (index as f64 + turn + dice.range(-0.14, 0.14)) / lobes as f64;
            let (sin, cos) = (std::f64::consts::TAU * share).sin_cos();
            (
                center.0 + radii.0 * 0.88 * cos,
                center.1 + radii.1 * 0.88 * sin,
            )
        })
        .collect();
    let mut data = String::new();
    for (index, (x, y)) in knots.iter().enumerate() {
        let (to_x, to_y) = knots[(index + 1) % lobes];
        let bulge = (to_x - x).hypot(to_y - y) * 0.58;
        if index == 0 {
            data = format!("M{x:.2} {y:.2}");
        }
        data += &format!(" A{bulge:.2} {bulge:.2} 0 0 1 {to_x:.2} {to_y:.2}");
    }
    path_data(&(data + "Z"))
}

/// A deciduous tree: trunk with two boughs, a round crown with a lit and a shaded side.
pub(super) fn tree(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let leaves = params.tones(0x6FAE4C);
    let bark = Tones::of(hex(0x7A4B2E));
    let mut pen = Pen::new();
    let (rx, ry) = (dice.range(37.0, 43.0), dice.range(36.0, 44.0));
    let center = (50.0, 46.0);
    pen.path(
        "trunk",
        "M44 140 C46 118 46 104 44 84 L56 84 C54 104 55 118 58 140 Q51 137 44 140Z",
        bark.base,
    );
    pen.path(
        "trunk shade",
        "M52 84 L56 84 C54 104 55 118 58 140 Q55 138.5 52 138.4 C51 118 51 104 52 84Z",
        bark.dark,
    );
    pen.line_data("left bough", "M47 104 Q42 94 32 88", 4.5, bark.base);
    pen.line_data("right bough", "M54 98 Q58 90 67 84", 4.0, bark.dark);
    pen.fill(
        "crown shade",
        crown((center.0, center.1 + 2.5), (rx, ry), 7, dice),
        leaves.dark,
    );
    pen.fill(
        "crown",
        crown(
            (center.0 - 2.0, center.1 - 3.0),
            (rx * 0.91, ry * 0.89),
            7,
            dice,
        ),
        leaves.base,
    );
    for (x, y, size) in [(-15.0, -16.0, 13.0), (9.0, -22.0, 8.0), (-20.0, 6.0, 7.0)] {
        let at = (
            center.0 + x + dice.range(-2.0, 2.0),
            center.1 + y + dice.range(-2.0, 2.0),
        );
        pen.fill(
            "lit leaves",
            crown(at, (size, size * 0.72), 4, dice),
            leaves.light,
        );
    }
    Drawing::of(pen.finish()).with_shelter(10.0, 90.0, 88.0)
}

/// A conifer of three to four tiers.
pub(super) fn pine(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let leaves = params.tones(0x3F7F4B);
    let bark = Tones::of(hex(0x6B4429));
    let mut pen = Pen::new();
    pen.rect("trunk", (44.0, 118.0, 12.0, 24.0), 2.0, bark.base);
    pen.rect("trunk shade", (51.0, 118.0, 5.0, 24.0), 2.0, bark.dark);
    let tiers = 3 + dice.below(2);
    for index in (0..tiers).rev() {
        let part = index as f64 / (tiers - 1) as f64;
        let half = 20.0 + 20.0 * part;
        let top = 8.0 + 58.0 * part;
        let bottom = top + 46.0;
        pen.path(
            "tier",
            &format!(
                "M50 {top} C{:.1} {:.1} {:.1} {:.1} {:.1} {bottom} Q{:.1} {:.1} 50 {:.1} Q{:.1} {:.1} {:.1} {bottom} C{:.1} {:.1} {:.1} {:.1} 50 {top}Z",
                50.0 - half * 0.25, top + 20.0, 50.0 - half * 0.6, bottom - 10.0, 50.0 - half,
                50.0 - half * 0.5, bottom + 4.0, bottom + 5.0,
                50.0 + half * 0.5, bottom + 4.0, 50.0 + half,
                50.0 + half * 0.6, bottom - 10.0, 50.0 + half * 0.25, top + 20.0
            ),
            leaves.base.lighten(-0.035 * (index as f32)),
        );
        pen.path(
            "tier shade",
            &format!(
                "M50 {top} C{:.1} {:.1} {:.1} {:.1} {:.1} {bottom} Q{:.1} {:.1} 50 {:.1} Q{:.1} {:.1} 50 {top}Z",
                50.0 + half * 0.25, top + 20.0, 50.0 + half * 0.6, bottom - 10.0, 50.0 + half,
                50.0 + half * 0.5, bottom + 4.0, bottom + 5.0, 50.0 + half * 0.34, bottom - 14.0
            ),
            leaves.dark.lighten(-0.035 * (index as f32)),
        );
    }
    Drawing::of(pen.finish()).with_shelter(14.0, 86.0, 119.0)
}

/// A palm with a leaning trunk.
pub(super) fn palm(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let leaves = params.tones(0x5CA04A);
    let bark = Tones::of(hex(0xA9774A));
    let mut pen = Pen::new();
    let lean = dice.range(6.0, 16.0);
    let top = (54.0 + lean, 40.0);
    pen.path(
        "trunk",
        &format!("M38 140 C44 110 {:.1} 76 {:.1} {:.1} L{:.1} {:.1} C{:.1} 80 54 112 51 140 Q44 137 38 140Z",
            top.0 - 8.0, top.0 - 4.0, top.1, top.0 + 3.0, top.1 + 1.0, top.0 + 2.0),
        bark.base,
    );
    for step in 0..6 {
        let part = f64::from(step) / 6.0;
        let x = 45.0 + (top.0 - 46.0) * (part * 0.85 + 0.08);
        let y = 130.0 - 82.0 * part;
        let half = 5.5 - 2.4 * part;
        pen.line_data(
            "ring",
            &format!(
                "M{:.1} {:.1} Q{x:.1} {:.1} {:.1} {:.1}",
                x - half + 1.0,
                y,
                y + 3.0,
                x + half - 0.5,
                y - 1.0
            ),
            1.4,
            bark.dark,
        );
    }
    for (index, (angle, length)) in [
        (-160.0, 44.0),
        (-20.0, 42.0),
        (-205.0, 38.0),
        (25.0, 38.0),
        (-128.0, 40.0),
        (-52.0, 38.0),
        (-92.0, 30.0),
    ]
    .into_iter()
    .enumerate()
    {
        let angle: f64 = angle + dice.range(-6.0, 6.0);
        let (sin, cos) = angle.to_radians().sin_cos();
        let tip = (top.0 + length * cos, top.1 + length * sin + 16.0);
        let mid = (
            top.0 + length * 0.55 * cos,
            top.1 + length * 0.62 * sin - 6.0,
        );
        let low = (mid.0 - 1.0 * cos, mid.1 + 12.0);
        let color = if index % 2 == 0 {
            leaves.dark
        } else {
            leaves.base
        };
        pen.path(
            "frond",
            &format!(
                "M{:.1} {:.1} Q{:.1} {:.1} {:.1} {:.1} Q{:.1} {:.1} {:.1} {:.1}Z",
                top.0,
                top.1 - 2.0,
                mid.0,
                mid.1,
                tip.0,
                tip.1,
                low.0,
                low.1,
                top.0,
                top.1 + 4.0
            ),
            color,
        );
    }
    let nut = Tones::of(hex(0x70442A));
    pen.circle("coconut", (top.0 - 4.0, top.1 + 5.0), 4.6, nut.base);
    pen.circle("coconut", (top.0 + 5.0, top.1 + 6.0), 4.2, nut.dark);
    Drawing::of(pen.finish()).with_shelter(14.0, 100.0, 74.0)
}

/// A tree without leaves.
pub(super) fn bare_tree(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let bark = params.tones(0x6E4A35);
    let mut pen = Pen::new();
    pen.path(
        "trunk",
        "M43 140 C46 112 45 92 47 60 L53 60 C54 92 55 112 59 140 Q51 137 43 140Z",
        bark.base,
    );
    for (base, angle, length, width) in [
        (100.0, -150.0, 34.0, 5.0),
        (92.0, -32.0, 36.0, 5.0),
        (76.0, -140.0, 36.0, 4.2),
        (70.0, -46.0, 34.0, 4.2),
        (62.0, -104.0, 40.0, 4.6),
        (62.0, -74.0, 38.0, 4.0),
    ] {
        let angle: f64 = (angle + dice.range(-8.0, 8.0)).to_radians();
        let end = (50.0 + length * angle.cos(), base + length * angle.sin());
        let mid = (
            50.0 + length * 0.55 * angle.cos(),
            base + length * 0.42 * angle.sin(),
        );
        pen.line(
            "bough",
            smooth_open(&[(50.0, base), mid, end]),
            width,
            bark.base,
        );
        for side in [-0.5, 0.55] {
            let twig = angle + side;
            let start = (
                50.0 + length * 0.62 * angle.cos(),
                base + length * 0.58 * angle.sin(),
            );
            let reach = length * dice.range(0.4, 0.55);
            pen.line(
                "twig",
                smooth_open(&[
                    start,
                    (start.0 + reach * twig.cos(), start.1 + reach * twig.sin()),
                ]),
                width * 0.45,
                bark.dark,
            );
        }
    }
    Drawing::of(pen.finish()).with_shelter(18.0, 82.0, 92.0)
}

/// A round bush, with berries of the colour asked for when that is not a green.
pub(super) fn bush(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let leaves = params.tones(0x67A548);
    let mut pen = Pen::new();
    pen.fill(
        "back leaves",
        smooth_closed(&[
            (4.0, 56.0),
            (6.0, 36.0),
            (20.0, 24.0),
            (34.0, 12.0),
            (50.0, 6.0),
            (68.0, 12.0),
            (82.0, 24.0),
            (96.0, 36.0),
            (97.0, 56.0),
            (50.0, 60.0),
        ]),
        leaves.dark,
    );
    pen.fill(
        "leaves",
        smooth_closed(&[
            (8.0, 57.0),
            (10.0, 42.0),
            (22.0, 34.0),
            (36.0, 22.0),
            (48.0, 18.0),
            (60.0, 26.0),
            (74.0, 36.0),
            (84.0, 46.0),
            (84.0, 58.0),
            (44.0, 60.0),
        ]),
        leaves.base,
    );
    for (x, y) in [(26.0, 42.0), (48.0, 28.0), (62.0, 44.0)] {
        let at = (x + dice.range(-3.0, 3.0), y + dice.range(-2.0, 2.0));
        pen.fill("lit leaves", crown(at, (8.0, 5.0), 4, dice), leaves.light);
    }
    Drawing::of(pen.finish())
}

/// A clipped hedge.
pub(super) fn hedge(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let leaves = params.tones(0x5E9C45);
    let mut pen = Pen::new();
    pen.rect("hedge", (0.0, 4.0, 200.0, 48.0), 9.0, leaves.base);
    pen.rect("hedge base", (0.0, 36.0, 200.0, 16.0), 8.0, leaves.dark);
    for index in 0..9 {
        let at = (
            12.0 + 22.0 * f64::from(index) + dice.range(-5.0, 5.0),
            dice.range(14.0, 34.0),
        );
        pen.fill("lit leaves", crown(at, (7.0, 3.6), 4, dice), leaves.light);
    }
    Drawing::of(pen.finish()).with_support(0.0, 200.0, 5.0)
}
