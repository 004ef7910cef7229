//! Pieces of landscape: hills, mountains, ways and waters, fences, walls, rocks.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

/// A rounded green hill.
pub(super) fn hill(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let grass = params.tones(0x86BE5B);
    let mut pen = Pen::new();
    let peak = dice.range(100.0, 140.0);
    pen.path(
        "hill",
        &format!(
            "M0 100 C{:.1} 84 {:.1} 8 {peak:.1} 8 C{:.1} 8 {:.1} 84 240 100Z",
            peak * 0.4,
            peak * 0.55,
            peak + (240.0 - peak) * 0.45,
            peak + (240.0 - peak) * 0.6
        ),
        grass.base,
    );
    pen.path(
        "hill shade",
        &format!(
            "M{peak:.1} 8 C{:.1} 8 {:.1} 84 240 100 L150 100 C170 80 150 30 {peak:.1} 8Z",
            peak + (240.0 - peak) * 0.45,
            peak + (240.0 - peak) * 0.6
        ),
        grass.dark,
    );
    for (x, y) in [(0.62, 60.0), (0.8, 36.0), (0.5, 84.0)] {
        let x = peak * x;
        pen.line_data(
            "tuft",
            &format!(
                "M{:.1} {y} q2 -6 1 -9 M{:.1} {y} q-1 -5 -5 -7",
                x + 2.0,
                x - 1.0
            ),
            2.2,
            grass.dark,
        );
    }
    Drawing::of(pen.finish()).with_support(peak - 34.0, peak + 34.0, 12.0)
}

/// A mountain with a cap of snow.
pub(super) fn mountain(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let rock = params.tones(0x7F8FA3);
    let mut pen = Pen::new();
    let peak = dice.range(90.0, 120.0);
    pen.polygon(
        "mountain",
        &[(0.0, 150.0), (peak, 4.0), (210.0, 150.0)],
        3.0,
        rock.base,
    );
    pen.path(
        "mountain shade",
        &format!(
            "M{peak:.1} 6 L208.5 149 Q209 150 206 150 L{:.1} 150 L{:.1} 104 L{:.1} 84 L{:.1} 46Z",
            peak + 16.0,
            peak - 6.0,
            peak + 14.0,
            peak - 4.0
        ),
        rock.dark,
    );
    let left = |y: f64| peak - (y - 4.0) * peak / 146.0;
    let right = |y: f64| peak + (y - 4.0) * (210.0 - peak) / 146.0;
    pen.path(
        "snow cap",
        &format!(
            "M{peak:.1} 4.6 L{:.1} 48 L{:.1} 40 L{:.1} 56 L{:.1} 44 L{:.1} 52 L{:.1} 46Z",
            right(48.0),
            right(48.0) - 10.0,
            peak + 8.0,
            peak - 6.0,
            left(46.0) + 10.0,
            left(46.0)
        ),
        hex(0xFFFFFF),
    );
    pen.path(
        "snow shade",
        &format!(
            "M{peak:.1} 4.6 L{:.1} 48 L{:.1} 40 L{:.1} 56 L{:.1} 42Z",
            right(48.0),
            right(48.0) - 10.0,
            peak + 8.0,
            peak - 1.0
        ),
        hex(0xDCE6EF),
    );
    Drawing::of(pen.finish()).with_support(peak - 8.0, peak + 8.0, 8.0)
}

/// A winding footpath in perspective.
pub(super) fn path(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let earth = params.tones(0xDDBE8C);
    let mut pen = Pen::new();
    pen.path("path edge", "M92 0 C64 18 146 34 112 54 C84 72 32 82 6 120 L164 120 C150 84 176 66 168 48 C160 28 96 20 100 0Z", earth.dark);
    pen.path("path", "M94 0 C70 18 148 34 118 55 C92 74 44 84 22 120 L148 120 C138 84 166 64 160 48 C152 28 92 20 98 0Z", earth.base);
    Drawing::of(pen.finish())
}

/// A straight road with a dashed middle line.
pub(super) fn road(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let asphalt = params.tones(0x6B757D);
    let mut pen = Pen::new();
    pen.path("verge", "M88 0 L112 0 L206 120 L-6 120Z", asphalt.light);
    pen.path("road", "M90 0 L110 0 L192 120 L8 120Z", asphalt.base);
    for (top, bottom) in [(6.0, 16.0), (26.0, 44.0), (58.0, 80.0), (96.0, 120.0)] {
        let half = |y: f64| 0.8 + y * 0.045;
        pen.path(
            "marking",
            &format!(
                "M{:.2} {top} L{:.2} {top} L{:.2} {bottom} L{:.2} {bottom}Z",
                100.0 - half(top),
                100.0 + half(top),
                100.0 + half(bottom),
                100.0 - half(bottom)
            ),
            hex(0xFFF3C4),
        );
    }
    Drawing::of(pen.finish()).with_support(40.0, 160.0, 104.0)
}

/// A river winding to the foreground.
pub(super) fn river(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let water = params.tones(0x5FB4E5);
    let mut pen = Pen::new();
    pen.path("bank", "M112 0 C84 16 168 30 132 52 C100 72 20 84 -6 120 L214 120 C196 88 220 64 196 44 C176 26 116 18 124 0Z", Tones::of(hex(0xD8C48E)).base);
    pen.path("river", "M114 0 C92 16 172 32 140 54 C112 74 36 88 12 120 L196 120 C182 88 206 64 186 44 C168 28 112 18 122 0Z", water.base);
    for (x, y, length) in [
        (150.0, 44.0, 22.0),
        (126.0, 72.0, 30.0),
        (70.0, 98.0, 34.0),
        (134.0, 108.0, 30.0),
    ] {
        pen.line_data(
            "ripple",
            &format!(
                "M{x} {y} q{:.1} -3 {:.1} 0 t{:.1} 0",
                length * 0.25,
                length * 0.5,
                length * 0.5
            ),
            2.4,
            water.light,
        );
    }
    Drawing::of(pen.finish())
        .with_support(70.0, 160.0, 100.0)
        .with_container(kurbo::Rect::new(60.0, 60.0, 170.0, 116.0), 2, false)
}

/// A pond with ripples and a lily pad.
pub(super) fn pond(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let water = params.tones(0x5FB4E5);
    let mut pen = Pen::new();
    pen.blob(
        "bank",
        &[
            (0.0, 34.0),
            (30.0, 8.0),
            (90.0, 0.0),
            (160.0, 6.0),
            (198.0, 30.0),
            (176.0, 58.0),
            (110.0, 68.0),
            (36.0, 62.0),
        ],
        hex(0xC9B782),
    );
    pen.blob(
        "water",
        &[
            (8.0, 33.0),
            (34.0, 12.0),
            (90.0, 5.0),
            (156.0, 11.0),
            (188.0, 31.0),
            (170.0, 52.0),
            (110.0, 61.0),
            (42.0, 56.0),
        ],
        water.base,
    );
    for (x, y, length) in [
        (40.0, 26.0, 30.0),
        (110.0, 20.0, 36.0),
        (120.0, 46.0, 30.0),
        (58.0, 44.0, 22.0),
    ] {
        pen.line_data(
            "ripple",
            &format!(
                "M{x} {y} q{:.1} -3 {:.1} 0 t{:.1} 0",
                length * 0.25,
                length * 0.5,
                length * 0.5
            ),
            2.2,
            water.light,
        );
    }
    pen.path(
        "lily pad",
        "M150 40 L163 37 A13 5.5 0 1 0 162 43Z",
        hex(0x5C913B),
    );
    Drawing::of(pen.finish())
        .with_support(50.0, 140.0, 36.0)
        .with_container(kurbo::Rect::new(34.0, 4.0, 160.0, 56.0), 7, false)
}

/// A waterfall over a cliff.
pub(super) fn waterfall(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let water = params.tones(0x6FC1EC);
    let rock = Tones::of(hex(0x7C8387));
    let mut pen = Pen::new();
    pen.path(
        "cliff",
        "M2 150 L8 60 Q8 30 24 20 Q50 6 76 12 Q110 8 124 26 Q140 40 140 80 L146 150Z",
        rock.base,
    );
    pen.path(
        "cliff shade",
        "M100 14 Q118 16 124 26 Q140 40 140 80 L146 150 L106 150 Q112 80 100 14Z",
        rock.dark,
    );
    pen.path(
        "grass",
        "M6 34 Q20 8 46 8 L48 20 Q26 22 18 40Z M96 8 Q124 8 136 42 L126 40 Q116 22 94 20Z",
        hex(0x6DAF4A),
    );
    pen.path(
        "water",
        "M46 12 Q72 20 96 12 L104 140 Q74 150 40 140Z",
        water.base,
    );
    for x in [56.0, 70.0, 86.0] {
        pen.line_data(
            "falling water",
            &format!(
                "M{x} 26 L{:.1} 72 M{:.1} 88 L{:.1} 122",
                x - 0.5,
                x - 1.0,
                x - 1.4
            ),
            3.0,
            water.light,
        );
    }
    pen.ellipse("pool", (74.0, 148.0), (74.0, 16.0), water.dark);
    for (x, r) in [
        (44.0, 9.0),
        (58.0, 11.0),
        (74.0, 9.0),
        (90.0, 11.0),
        (103.0, 8.0),
    ] {
        pen.circle("foam", (x, 140.0), r, hex(0xFFFFFF));
    }
    Drawing::of(pen.finish())
}

/// A picket fence.
pub(super) fn fence(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let wood = params.tones(0xF4EEE2);
    let mut pen = Pen::new();
    for y in [24.0, 50.0] {
        pen.rect("rail", (0.0, y, 220.0, 8.0), 1.5, wood.dark);
    }
    for index in 0..10 {
        let x = 4.0 + 22.0 * f64::from(index);
        pen.polygon(
            "picket",
            &[
                (x, 14.0),
                (x + 7.0, 2.0),
                (x + 14.0, 14.0),
                (x + 14.0, 72.0),
                (x, 72.0),
            ],
            1.5,
            wood.base,
        );
    }
    Drawing::of(pen.finish()).with_support(10.0, 210.0, 8.0)
}

/// A wall of bricks or stones.
pub(super) fn wall(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let brick = params.tones(0xB8674F);
    let mut pen = Pen::new();
    pen.rect("mortar", (0.0, 6.0, 200.0, 84.0), 1.0, hex(0xE3D6C6));
    for row in 0..6 {
        let y = 8.5 + 13.6 * f64::from(row);
        let shift = if row % 2 == 0 { 0.0 } else { -16.0 };
        for column in 0..7 {
            let left = (2.0 + 32.0 * f64::from(column) + shift).max(1.0);
            let right = (2.0 + 32.0 * f64::from(column) + shift + 29.5).min(199.0);
            if right - left > 4.0 {
                let color = if (row * 3 + column * 5) % 4 == 0 {
                    brick.dark
                } else {
                    brick.base
                };
                pen.rect("brick", (left, y, right - left, 11.2), 1.2, color);
            }
        }
    }
    pen.rect("coping", (-4.0, 0.0, 208.0, 8.0), 2.0, brick.light);
    Drawing::of(pen.finish()).with_support(4.0, 196.0, 2.0)
}

/// A boulder.
pub(super) fn rock(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let stone = params.tones(0x9AA0A3);
    let mut pen = Pen::new();
    let top = dice.range(8.0, 18.0);
    pen.polygon(
        "rock",
        &[
            (4.0, 70.0),
            (8.0, 40.0),
            (28.0, top + 6.0),
            (58.0, top),
            (86.0, 26.0),
            (98.0, 52.0),
            (98.0, 70.0),
        ],
        7.0,
        stone.base,
    );
    pen.polygon(
        "rock light",
        &[
            (14.0, 40.0),
            (30.0, top + 11.0),
            (57.0, top + 5.0),
            (48.0, 24.0),
            (30.0, 34.0),
        ],
        3.0,
        stone.light,
    );
    pen.polygon(
        "rock shade",
        &[
            (60.0, 40.0),
            (84.0, 30.0),
            (96.0, 54.0),
            (96.0, 70.0),
            (50.0, 70.0),
        ],
        5.0,
        stone.dark,
    );
    Drawing::of(pen.finish()).with_support(26.0, 76.0, top + 4.0)
}

/// An iceberg with a flat shelf to stand on.
pub(super) fn iceberg(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let ice = params.tones(0xE4F3FA);
    let mut pen = Pen::new();
    pen.polygon(
        "peak",
        &[
            (14.0, 82.0),
            (36.0, 34.0),
            (52.0, 6.0),
            (70.0, 30.0),
            (84.0, 82.0),
        ],
        3.0,
        ice.base,
    );
    pen.polygon(
        "peak shade",
        &[
            (52.0, 7.0),
            (70.0, 30.0),
            (84.0, 82.0),
            (58.0, 82.0),
            (62.0, 44.0),
        ],
        2.0,
        ice.dark,
    );
    pen.polygon(
        "shelf",
        &[(0.0, 92.0), (12.0, 70.0), (176.0, 66.0), (190.0, 92.0)],
        4.0,
        ice.light,
    );
    pen.polygon(
        "shelf side",
        &[(0.0, 90.0), (190.0, 90.0), (178.0, 112.0), (12.0, 112.0)],
        4.0,
        ice.dark,
    );
    pen.polygon(
        "crack",
        &[(120.0, 90.0), (132.0, 90.0), (126.0, 104.0)],
        1.0,
        ice.deep,
    );
    pen.path(
        "waterline",
        "M8 108 Q30 104 52 108 T96 108 T140 108 T184 108 L178 116 L12 116Z",
        hex(0x9AD4EE),
    );
    Drawing::of(pen.finish()).with_support(84.0, 180.0, 80.0)
}
