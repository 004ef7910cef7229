//! Furniture, seen from the front.

use kurbo::Rect;

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

/// A table with four legs; its top is seen a little from above, so that things can stand on it.
pub(super) fn table(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let wood = params.tones(0xB5794A);
    let mut pen = Pen::new();
    pen.rect("back leg", (32.0, 30.0, 8.0, 52.0), 2.0, wood.deep);
    pen.rect("back leg", (140.0, 30.0, 8.0, 52.0), 2.0, wood.deep);
    pen.rect("front leg", (10.0, 34.0, 11.0, 66.0), 2.5, wood.dark);
    pen.rect("front leg", (159.0, 34.0, 11.0, 66.0), 2.5, wood.dark);
    pen.rect("apron", (12.0, 30.0, 156.0, 14.0), 2.0, wood.dark);
    pen.polygon(
        "table top",
        &[(20.0, 6.0), (160.0, 6.0), (180.0, 27.0), (0.0, 27.0)],
        3.0,
        wood.light,
    );
    pen.rect("table edge", (0.0, 25.0, 180.0, 8.0), 3.0, wood.base);
    Drawing::of(pen.finish())
        .with_support(22.0, 158.0, 18.0)
        .with_shelter(28.0, 152.0, 46.0)
}

/// A wooden chair.
pub(super) fn chair(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let wood = params.tones(0xA86B3E);
    let mut pen = Pen::new();
    pen.rect("back post", (10.0, 2.0, 9.0, 66.0), 3.0, wood.dark);
    pen.rect("back post", (61.0, 2.0, 9.0, 66.0), 3.0, wood.dark);
    pen.rect("back rail", (10.0, 8.0, 60.0, 11.0), 3.0, wood.base);
    pen.rect("back rail", (14.0, 28.0, 52.0, 8.0), 3.0, wood.base);
    pen.rect("rear leg", (17.0, 66.0, 8.0, 44.0), 2.0, wood.deep);
    pen.rect("rear leg", (55.0, 66.0, 8.0, 44.0), 2.0, wood.deep);
    pen.polygon(
        "seat",
        &[(12.0, 56.0), (68.0, 56.0), (76.0, 68.0), (4.0, 68.0)],
        2.5,
        wood.light,
    );
    pen.rect("seat edge", (4.0, 66.0, 72.0, 8.0), 3.0, wood.base);
    pen.rect("front leg", (6.0, 72.0, 9.0, 48.0), 2.5, wood.dark);
    pen.rect("front leg", (65.0, 72.0, 9.0, 48.0), 2.5, wood.dark);
    Drawing::of(pen.finish())
        .with_support(10.0, 70.0, 62.0)
        .with_shelter(16.0, 64.0, 76.0)
}

/// A park bench.
pub(super) fn bench(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let wood = params.tones(0xA86B3E);
    let iron = hex(0x4F5A62);
    let mut pen = Pen::new();
    for x in [18.0, 138.0] {
        pen.rect("leg", (x, 34.0, 7.0, 44.0), 2.0, iron);
    }
    for y in [6.0, 20.0] {
        pen.rect("back slat", (4.0, y, 154.0, 10.0), 3.0, wood.base);
    }
    pen.polygon(
        "seat",
        &[(8.0, 38.0), (154.0, 38.0), (162.0, 48.0), (0.0, 48.0)],
        2.0,
        wood.light,
    );
    pen.rect("seat edge", (0.0, 47.0, 162.0, 6.0), 2.5, wood.dark);
    Drawing::of(pen.finish())
        .with_support(14.0, 148.0, 43.0)
        .with_shelter(28.0, 134.0, 54.0)
}

/// A sofa with two cushions.
pub(super) fn sofa(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0x4F9AA8, &[0xC96B5B, 0x7B8FB5, 0xD9A441]);
    let cloth = params.tones(default);
    let mut pen = Pen::new();
    for x in [22.0, 150.0] {
        pen.rect("foot", (x, 84.0, 8.0, 12.0), 2.0, hex(0x6B4429));
    }
    pen.rect("back", (14.0, 6.0, 152.0, 60.0), 14.0, cloth.dark);
    pen.rect(
        "left back cushion",
        (24.0, 14.0, 64.0, 44.0),
        9.0,
        cloth.base,
    );
    pen.rect(
        "right back cushion",
        (92.0, 14.0, 64.0, 44.0),
        9.0,
        cloth.base,
    );
    pen.rect("base", (10.0, 62.0, 160.0, 26.0), 6.0, cloth.dark);
    pen.rect(
        "left seat cushion",
        (20.0, 50.0, 69.0, 22.0),
        8.0,
        cloth.light,
    );
    pen.rect(
        "right seat cushion",
        (91.0, 50.0, 69.0, 22.0),
        8.0,
        cloth.light,
    );
    pen.rect("left arm", (2.0, 36.0, 24.0, 52.0), 11.0, cloth.base);
    pen.rect("right arm", (154.0, 36.0, 24.0, 52.0), 11.0, cloth.base);
    Drawing::of(pen.finish()).with_support(28.0, 152.0, 56.0)
}

/// A bed from the side, pillow at the left.
pub(super) fn bed(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let cover = params.tones(0x5B8FC7);
    let wood = Tones::of(hex(0x9A6236));
    let mut pen = Pen::new();
    pen.rect("headboard", (0.0, 8.0, 14.0, 82.0), 5.0, wood.base);
    pen.rect("footboard", (176.0, 34.0, 12.0, 56.0), 5.0, wood.base);
    pen.rect("frame", (6.0, 62.0, 176.0, 16.0), 3.0, wood.dark);
    pen.rect("mattress", (12.0, 46.0, 166.0, 20.0), 6.0, hex(0xF4F0E8));
    pen.rect("pillow", (16.0, 30.0, 44.0, 20.0), 9.0, hex(0xFFFFFF));
    pen.path(
        "pillow shade",
        "M20 44 Q38 50 58 44 Q60 50 52 50 L24 50 Q17 50 20 44Z",
        hex(0xDDE5EC),
    );
    pen.path(
        "blanket",
        "M58 40 Q120 32 172 42 Q178 44 178 50 L178 70 L52 70 Q50 44 58 40Z",
        cover.base,
    );
    pen.path(
        "blanket fold",
        "M58 40 Q66 39 74 38.6 Q68 54 70 70 L52 70 Q50 44 58 40Z",
        cover.light,
    );
    Drawing::of(pen.finish())
        .with_support(66.0, 170.0, 42.0)
        .with_shelter(18.0, 170.0, 80.0)
}

/// A wall shelf.
pub(super) fn shelf(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let wood = params.tones(0xB5794A);
    let mut pen = Pen::new();
    for x in [26.0, 126.0] {
        pen.path(
            "bracket",
            &format!(
                "M{x} 12 L{} 12 L{} 18 Q{} 20 {} 34 L{x} 34Z",
                x + 8.0,
                x + 8.0,
                x + 6.0,
                x + 4.0
            ),
            wood.deep,
        );
    }
    pen.polygon(
        "shelf top",
        &[(8.0, 2.0), (152.0, 2.0), (160.0, 10.0), (0.0, 10.0)],
        1.5,
        wood.light,
    );
    pen.rect("shelf edge", (0.0, 9.0, 160.0, 7.0), 2.0, wood.base);
    Drawing::of(pen.finish()).with_support(10.0, 150.0, 6.0)
}

/// A bookcase with rows of coloured books.
pub(super) fn bookshelf(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let wood = params.tones(0x9A6236);
    let mut pen = Pen::new();
    pen.rect("case", (0.0, 0.0, 100.0, 150.0), 3.0, wood.base);
    let colors = [
        0xC8503C, 0x3B88C3, 0x5C913B, 0xE0A030, 0x9266CC, 0x2E9E8F, 0xF3E2C0,
    ];
    for row in 0..3 {
        let top = 8.0 + 47.0 * f64::from(row);
        pen.rect("compartment", (8.0, top, 84.0, 40.0), 0.0, wood.deep);
        let mut x = 10.0;
        while x < 80.0 {
            let width = dice.range(6.0, 10.0);
            let height = dice.range(25.0, 36.0);
            let color = dice.pick(colors[0], &colors);
            pen.rect(
                "book",
                (x, top + 40.0 - height, width, height),
                1.0,
                hex(color),
            );
            x += width + 0.8;
            if dice.chance(0.12) {
                x += 8.0;
            }
        }
    }
    Drawing::of(pen.finish()).with_support(4.0, 96.0, 0.0)
}

/// A standing table lamp.
pub(super) fn lamp(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let shade = params.tones(0xF6C667);
    let metal = Tones::of(hex(0x7A6A5A));
    let mut pen = Pen::new();
    pen.ellipse("foot", (50.0, 114.0), (22.0, 6.0), metal.base);
    pen.path(
        "stem",
        "M46 58 L54 58 L53 86 Q62 100 54 113 L46 113 Q38 100 47 86Z",
        metal.dark,
    );
    pen.polygon(
        "shade",
        &[(34.0, 8.0), (66.0, 8.0), (86.0, 60.0), (14.0, 60.0)],
        4.0,
        shade.base,
    );
    pen.path("shade light", "M37 8 L46 8 L38 60 L18 60Z", shade.light);
    pen.line_data("shade rim", "M17 58.5 L83 58.5", 3.0, shade.dark);
    Drawing::of(pen.finish())
}

/// A street lamp.
pub(super) fn streetlamp(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let iron = params.tones(0x44525C);
    let mut pen = Pen::new();
    pen.path(
        "foot",
        "M22 180 Q24 166 27 162 L33 162 Q36 166 38 180Z",
        iron.base,
    );
    pen.rect("pole", (27.5, 44.0, 5.0, 122.0), 1.0, iron.base);
    pen.rect("collar", (24.0, 48.0, 12.0, 4.0), 2.0, iron.dark);
    pen.polygon(
        "lantern",
        &[(16.0, 18.0), (44.0, 18.0), (38.0, 46.0), (22.0, 46.0)],
        2.0,
        hex(0xFFE9A8),
    );
    pen.line_data(
        "lantern bars",
        "M25 19 L27 45 M35 19 L33 45",
        1.8,
        iron.base,
    );
    pen.path("roof", "M12 19 Q30 -2 48 19Z", iron.base);
    pen.circle("finial", (30.0, 6.0), 3.0, iron.dark);
    Drawing::of(pen.finish())
}

/// An oval rug with a border.
pub(super) fn rug(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0xB5495B, &[0x4F7CA8, 0x7E9B5A]);
    let cloth = params.tones(default);
    let mut pen = Pen::new();
    pen.ellipse("rug", (100.0, 24.0), (100.0, 23.0), cloth.base);
    pen.ellipse("border", (100.0, 24.0), (88.0, 19.0), hex(0xF4E6CC));
    pen.ellipse("field", (100.0, 24.0), (80.0, 16.4), cloth.base);
    pen.ellipse("medallion", (100.0, 24.0), (40.0, 8.0), cloth.light);
    Drawing::of(pen.finish()).with_support(30.0, 170.0, 28.0)
}

/// A picture frame with a small landscape.
pub(super) fn frame(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let wood = params.tones(0xC79A3B);
    let mut pen = Pen::new();
    pen.rect("frame", (0.0, 0.0, 120.0, 92.0), 3.0, wood.base);
    pen.rect("frame shade", (7.0, 7.0, 106.0, 78.0), 1.0, wood.dark);
    pen.rect("mount", (10.0, 10.0, 100.0, 72.0), 0.0, hex(0xFBF6EA));
    pen.rect("painted sky", (20.0, 20.0, 80.0, 52.0), 0.0, hex(0xBCE0F5));
    pen.circle("painted sun", (80.0, 33.0), 7.0, hex(0xFFCC4D));
    pen.path(
        "painted hills",
        "M20 72 L20 56 Q38 40 58 54 Q78 44 100 56 L100 72Z",
        hex(0x77B255),
    );
    Drawing::of(pen.finish()).with_container(Rect::new(20.0, 20.0, 100.0, 72.0), 3, false)
}

/// A plump pillow lying flat.
pub(super) fn pillow(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let cloth = params.tones(0xE9E2F2);
    let mut pen = Pen::new();
    pen.path("pillow", "M6 18 Q2 4 18 10 Q70 0 122 10 Q138 4 134 18 Q140 42 134 60 Q138 74 122 68 Q70 78 18 68 Q2 74 6 60 Q0 42 6 18Z", cloth.base);
    pen.path(
        "pillow shade",
        "M6 56 Q40 64 70 64 Q110 64 135 50 Q136 56 134 60 Q138 74 122 68 Q70 78 18 68 Q2 74 6 60Z",
        cloth.dark,
    );
    pen.path(
        "dent",
        "M46 22 Q70 32 96 22 Q88 38 70 38 Q54 38 46 22Z",
        cloth.dark.lighten(0.03),
    );
    Drawing::of(pen.finish()).with_support(24.0, 116.0, 30.0)
}
