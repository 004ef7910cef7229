//! Everyday things: vessels, books, balls, balloons, flags.

use kurbo::Rect;

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, path_data};
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

/// A cup with a handle.
pub(super) fn cup(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0xE4574C, &[0x3B88C3, 0xF2EDE4, 0x5FA88E]);
    let clay = params.tones(default);
    let mut pen = Pen::new();
    pen.push(chat2svg_vector::Node::Shape(
        crate::embedded::art::pen::stroked(
            "handle",
            path_data("M80 34 C104 26 108 66 78 68"),
            8.0,
            clay.dark,
        ),
    ));
    pen.ellipse("inside", (48.0, 20.0), (38.0, 10.0), clay.deep);
    pen.ellipse("drink", (48.0, 22.0), (34.0, 7.5), hex(0x6B3F22));
    let front = pen.len();
    pen.path(
        "cup",
        "M10 20 C14 34 82 34 86 20 L82 84 Q80 94 68 94 L28 94 Q16 94 14 84Z",
        clay.base,
    );
    pen.path(
        "cup shade",
        "M86 20 L82 84 Q80 94 68 94 L56 94 Q68 92 70 82 L73 29 Q83 26 86 20Z",
        clay.dark,
    );
    Drawing::of(pen.finish())
        .with_vessel(Rect::new(18.0, -16.0, 78.0, 60.0), 26.0, front, true)
        .with_support(22.0, 74.0, 22.0)
}

/// A vase.
pub(super) fn vase(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0x3F7FB0, &[0xC96B4B, 0x5FA88E, 0x9266CC]);
    let clay = params.tones(default);
    let mut pen = Pen::new();
    pen.ellipse("mouth", (40.0, 8.0), (20.0, 5.0), clay.deep);
    let front = pen.len();
    pen.path("vase", "M20 8 Q40 16 60 8 Q58 22 52 30 C84 52 82 92 60 116 Q40 121 20 116 C-2 92 -4 52 28 30 Q22 22 20 8Z", clay.base);
    pen.path(
        "vase shade",
        "M60 8 Q58 22 52 30 C84 52 82 92 60 116 Q53 118 46 118.4 C70 94 66 56 42 32 Q48 22 49 12Z",
        clay.dark,
    );
    pen.path(
        "band",
        "M4.6 70 Q40 84 75.4 70 L74.5 80 Q40 94 5.5 80Z",
        clay.light,
    );
    Drawing::of(pen.finish()).with_vessel(Rect::new(10.0, -60.0, 70.0, 50.0), 12.0, front, true)
}

/// A ball with a stripe.
pub(super) fn ball(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0xDD2E44, &[0x3B88C3, 0xF4900C, 0x5FA845]);
    let rubber = params.tones(default);
    let mut pen = Pen::new();
    pen.circle("ball", (50.0, 50.0), 46.0, rubber.base);
    pen.path(
        "stripe",
        "M7 34 Q50 52 93 34 L96 48 Q50 68 4 48Z",
        hex(0xFFFFFF),
    );
    pen.path(
        "ball shade",
        "M78 14 A46 46 0 1 1 14 78 A54 54 0 0 0 78 14Z",
        rubber.dark,
    );
    pen.path(
        "stripe shade",
        "M84.5 37 L93 34 L96 48 Q88 52 79 54.6Q83 46 84.5 37Z",
        hex(0xDCE4EA),
    );
    pen.ellipse("glint", (32.0, 22.0), (9.0, 6.0), rubber.light);
    Drawing::of(pen.finish())
}

/// A toy balloon on a string.
pub(super) fn balloon(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0xDD2E44, &[0x3B88C3, 0xFFC83D, 0x9266CC, 0x5FA845]);
    let skin = params.tones(default);
    let mut pen = Pen::new();
    pen.line_data(
        "string",
        "M40 104 C34 120 48 132 40 150 C36 158 40 164 40 170",
        1.8,
        hex(0x8899A6),
    );
    pen.path(
        "balloon",
        "M40 2 C64 2 78 22 78 46 C78 72 56 92 40 98 C24 92 2 72 2 46 C2 22 16 2 40 2Z",
        skin.base,
    );
    pen.path(
        "balloon shade",
        "M60 8 C72 16 78 30 78 46 C78 72 56 92 40 98 C34 96 27 92 21 87 C52 82 70 52 60 8Z",
        skin.dark,
    );
    pen.path("knot", "M40 96 L47 106 L33 106Z", skin.dark);
    pen.ellipse("glint", (22.0, 32.0), (7.0, 12.0), skin.light);
    Drawing::of(pen.finish())
}

/// A closed book, lying with its cover to the viewer.
pub(super) fn book(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0xB5443C, &[0x3B6EA5, 0x4E8A5A, 0x7A5CA8]);
    let cover = params.tones(default);
    let mut pen = Pen::new();
    pen.rect("back cover", (6.0, 6.0, 82.0, 108.0), 5.0, cover.deep);
    pen.rect("pages", (10.0, 8.0, 76.0, 102.0), 3.0, hex(0xF4EFE1));
    pen.line_data("page edges", "M84 14 L84 106", 1.6, hex(0xD8CFBB));
    pen.rect("front cover", (4.0, 2.0, 78.0, 108.0), 5.0, cover.base);
    pen.rect("spine", (4.0, 2.0, 13.0, 108.0), 5.0, cover.dark);
    pen.rect("title plate", (28.0, 22.0, 42.0, 26.0), 3.0, hex(0xFFE3A0));
    pen.rect("title", (34.0, 29.0, 30.0, 4.0), 2.0, cover.dark);
    pen.rect("title", (39.0, 37.0, 20.0, 4.0), 2.0, cover.dark);
    Drawing::of(pen.finish()).with_support(8.0, 80.0, 3.0)
}

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
