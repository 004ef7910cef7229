//! Everyday things: vessels, books, balls, boats, flags.

use kurbo::Rect;

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, path_data};
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;
use crate::embedded::scene::Material;

/// An open box; contents look out of it.
pub(super) fn crate_box(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let board = params.tones(0xC79A63);
    let mut pen = Pen::new();
    pen.polygon(
        "back flap",
        &[(14.0, 24.0), (106.0, 24.0), (112.0, 8.0), (8.0, 8.0)],
        2.0,
        board.dark,
    );
    pen.rect("inside", (12.0, 22.0, 96.0, 30.0), 0.0, board.deep);
    let front = pen.len();
    pen.rect("front", (10.0, 34.0, 100.0, 66.0), 2.0, board.base);
    pen.rect("front shade", (10.0, 34.0, 100.0, 8.0), 2.0, board.dark);
    pen.polygon(
        "left flap",
        &[(12.0, 24.0), (12.0, 38.0), (-6.0, 46.0), (-6.0, 34.0)],
        2.0,
        board.light,
    );
    pen.polygon(
        "right flap",
        &[(108.0, 24.0), (108.0, 38.0), (126.0, 46.0), (126.0, 34.0)],
        2.0,
        board.light,
    );
    pen.rect("tape", (52.0, 34.0, 16.0, 24.0), 0.0, board.light);
    Drawing::of(pen.finish())
        .with_vessel(Rect::new(18.0, 4.0, 102.0, 78.0), 34.0, front, true)
        .with_support(14.0, 106.0, 30.0)
}

/// A wicker basket with a handle.
pub(super) fn basket(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let wicker = params.tones(0xC08A4E);
    let mut pen = Pen::new();
    pen.line_data("handle", "M16 50 C16 -10 104 -10 104 50", 6.0, wicker.dark);
    pen.ellipse("inside", (60.0, 48.0), (54.0, 10.0), wicker.deep);
    let front = pen.len();
    pen.path(
        "basket",
        "M6 48 Q60 64 114 48 L104 98 Q60 108 16 98Z",
        wicker.base,
    );
    for y in [66.0, 80.0, 92.0] {
        let inset = (y - 48.0) * 0.2;
        pen.line_data(
            "weave",
            &format!(
                "M{:.1} {y} Q60 {} {:.1} {y}",
                9.0 + inset,
                y + 13.0,
                111.0 - inset
            ),
            3.0,
            wicker.dark,
        );
    }
    pen.line_data("rim", "M7 48 Q60 65 113 48", 6.0, wicker.light);
    Drawing::of(pen.finish()).with_vessel(Rect::new(18.0, 14.0, 102.0, 80.0), 56.0, front, true)
}

/// A bowl; a glass one shows its contents.
pub(super) fn bowl(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let mut pen = Pen::new();
    if matches!(params.material, Some(Material::Glass | Material::Water)) {
        pen.path(
            "glass bowl",
            "M34 8 Q10 26 10 54 A46 40 0 0 0 102 54 Q102 26 78 8Z",
            hex(0xD8EFF9),
        );
        pen.path("water", "M13 40 Q34 46 56 40 Q78 34 99 40 A46 40 0 0 1 102 54 A46 40 0 0 1 10 54 A46 40 0 0 1 13 40Z", hex(0x8FCDEB));
        let front = pen.len();
        pen.path(
            "glint",
            "M22 34 Q18 44 18 54 Q18 64 23 72 Q14 62 14 52 Q14 42 22 34Z",
            hex(0xFFFFFF),
        );
        pen.line_data("rim", "M34 8 Q56 14 78 8", 4.0, hex(0xFFFFFF));
        return Drawing::of(pen.finish()).with_container(
            Rect::new(24.0, 42.0, 88.0, 86.0),
            front,
            false,
        );
    }
    let clay = params.tones(0x5B9BC9);
    pen.ellipse("inside", (60.0, 22.0), (58.0, 14.0), clay.deep);
    let front = pen.len();
    pen.path(
        "bowl",
        "M2 22 C8 40 112 40 118 22 C118 54 94 76 74 80 L46 80 C26 76 2 54 2 22Z",
        clay.base,
    );
    pen.path(
        "bowl shade",
        "M118 22 C118 54 94 76 74 80 L58 80 C82 74 100 54 104 32 Q116 28 118 22Z",
        clay.dark,
    );
    pen.path(
        "rim",
        "M2 22 C8 40 112 40 118 22 Q119 25 117.6 28 C108 45 12 45 2.4 28 Q1 25 2 22Z",
        clay.light,
    );
    pen.rect("foot", (44.0, 78.0, 32.0, 7.0), 2.0, clay.dark);
    Drawing::of(pen.finish()).with_vessel(Rect::new(18.0, -20.0, 102.0, 60.0), 30.0, front, true)
}

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

/// A plate seen a little from above.
pub(super) fn plate(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let china = params.tones(0xF5F3EE);
    let mut pen = Pen::new();
    pen.ellipse("plate shade", (80.0, 26.0), (80.0, 22.0), china.deep);
    pen.ellipse("plate", (80.0, 22.0), (80.0, 22.0), china.base);
    pen.ellipse("well", (80.0, 22.5), (56.0, 14.5), china.dark);
    pen.ellipse("well floor", (80.0, 24.0), (53.0, 12.5), china.light);
    Drawing::of(pen.finish()).with_support(34.0, 126.0, 27.0)
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

/// A bottle.
pub(super) fn bottle(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let glass = params.tones(0x4E9A6B);
    let mut pen = Pen::new();
    pen.rect("cork", (23.0, 0.0, 14.0, 14.0), 2.5, hex(0xC79A63));
    pen.path("bottle", "M21 10 L39 10 L39 40 Q54 52 54 70 L54 134 Q54 142 46 142 L14 142 Q6 142 6 134 L6 70 Q6 52 21 40Z", glass.base);
    pen.path("bottle shade", "M33 10 L39 10 L39 40 Q54 52 54 70 L54 134 Q54 142 46 142 L38 142 Q44 140 44 132 L44 70 Q44 54 33 44Z", glass.dark);
    pen.rect("label", (6.0, 82.0, 48.0, 34.0), 0.0, hex(0xF6EEDB));
    pen.line_data("glint", "M13 66 L13 76", 4.0, glass.light);
    Drawing::of(pen.finish())
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

/// A sailing boat.
pub(super) fn boat(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let hull = params.tones(0xC8503C);
    let mut pen = Pen::new();
    pen.rect("mast", (62.0, 4.0, 4.5, 90.0), 1.0, hex(0x8A5A3A));
    pen.path("main sail", "M70 10 Q112 52 116 84 L70 84Z", hex(0xFFFFFF));
    pen.path(
        "main sail shade",
        "M70 66 Q94 72 113.4 70 Q115.4 78 116 84 L70 84Z",
        hex(0xDCE7EE),
    );
    pen.path(
        "jib",
        "M58 18 L58 84 L16 84 Q38 58 58 18Z",
        Tones::of(hex(0xFFE3A0)).base,
    );
    pen.path("pennant", "M64 2 L84 7 L64 13Z", hull.base);
    pen.path(
        "hull",
        "M4 92 L130 92 Q126 118 104 122 L30 122 Q10 116 4 92Z",
        hull.base,
    );
    pen.path(
        "hull shade",
        "M9 106 Q66 112 126 106 Q120 119 104 122 L30 122 Q16 118 9 106Z",
        hull.dark,
    );
    pen.rect("gunwale", (0.0, 88.0, 134.0, 7.0), 3.0, hex(0xF6EEDB));
    Drawing::of(pen.finish()).with_support(20.0, 56.0, 90.0)
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
