//! Pieces of landscape: hills, mountains, rocks.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::hex;
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
