//! Furniture, seen from the front.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::hex;
use crate::embedded::dice::Dice;

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
