//! Things that fly: flags and hot-air balloons.

use kurbo::Rect;

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

/// A flag on a pole.
pub(super) fn flag(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0xDD2E44, &[0x3B88C3, 0x5FA845, 0xF4900C]);
    let cloth = params.tones(default);
    let mut pen = Pen::new();
    pen.rect("pole", (8.0, 6.0, 6.0, 154.0), 2.0, hex(0x8899A6));
    pen.circle("pole top", (11.0, 6.0), 5.5, hex(0xFFD983));
    pen.path(
        "flag",
        "M14 14 C40 2 60 28 104 14 L104 70 C60 84 40 58 14 70Z",
        cloth.base,
    );
    pen.path(
        "flag fold",
        "M44 13.4 C56 17 70 21 82 19.4 L82 75.6 C70 77 56 73 44 67.6Z",
        cloth.dark,
    );
    if let Some(text) = &params.text {
        super::letters(
            &mut pen,
            text,
            Rect::new(24.0, 26.0, 94.0, 60.0),
            hex(0xFFFFFF),
        );
    }
    Drawing::of(pen.finish())
}

/// A hot-air balloon with a basket.
pub(super) fn hot_air_balloon(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0xE8503C, &[0x3B88C3, 0xF4900C, 0x8A5FC0]);
    let cloth = params.tones(default);
    let stripe = Tones::of(if params.color.is_some() {
        hex(0xFFF3DC)
    } else {
        hex(0xFFD24D)
    });
    let rope = hex(0x8A5A3A);
    let mut pen = Pen::new();
    pen.line_data(
        "ropes",
        "M30 88 L41 116 M70 88 L59 116 M44 96 L46 116 M56 96 L54 116",
        1.4,
        rope,
    );
    pen.path(
        "envelope",
        "M50 2 C78 2 96 22 96 48 C96 70 76 84 64 97 L36 97 C24 84 4 70 4 48 C4 22 22 2 50 2Z",
        cloth.base,
    );
    pen.path(
        "stripe",
        "M50 2 C34 2 24 22 24 48 C24 70 34 84 42 97 L36 97 C24 84 4 70 4 48 C4 22 22 2 50 2Z",
        stripe.base,
    );
    pen.path(
        "stripe",
        "M50 2 C66 2 76 22 76 48 C76 70 66 84 58 97 L64 97 C76 84 96 70 96 48 C96 22 78 2 50 2Z",
        stripe.dark,
    );
    pen.path(
        "gore",
        "M50 2 C41 2 38 22 38 48 C38 70 44 84 47 97 L53 97 C56 84 62 70 62 48 C62 22 59 2 50 2Z",
        cloth.light,
    );
    pen.path(
        "gore shade",
        "M59 5 C68 14 72 30 72 48 C72 68 64 82 57 97 L64 97 C76 84 96 70 96 48 C96 26 82 8 59 5Z",
        cloth.dark,
    );
    pen.rect("skirt", (35.0, 95.0, 30.0, 5.0), 2.0, cloth.deep);
    pen.path(
        "basket",
        "M39 114 L61 114 L58.6 130 Q58 133 55 133 L45 133 Q42 133 41.4 130Z",
        hex(0xB5794A),
    );
    pen.path(
        "basket shade",
        "M54 114 L61 114 L58.6 130 Q58 133 55 133 L51 133Z",
        hex(0x96603A),
    );
    pen.rect("basket rim", (37.0, 111.5, 26.0, 4.5), 2.0, rope);
    Drawing::of(pen.finish())
}
