//! Furniture, seen from the front.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::hex;
use crate::embedded::dice::Dice;

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
