//! Houses, seen from the front.

use super::Params;
use super::openings::{doorway, panes};
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;
use crate::embedded::scene::Material;

/// A two-storey house; the colour asked for goes to the walls, the roof contrasts.
pub(super) fn house(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let walls_default = dice.pick(0xF3E2C0, &[0xF6EBDD, 0xE9D3B4, 0xDDE8EA]);
    let walls = params.tones(walls_default);
    let roof_default = dice.pick(0xC8503C, &[0xA8452F, 0x8E5240, 0x5E7383]);
    let roof = Tones::of(hex(roof_default));
    let door_default = dice.pick(0x7A4B2E, &[0x3E6E8E, 0x8C2F39, 0x4E7A4E]);
    let door = Tones::of(hex(door_default));
    let mut pen = Pen::new();
    let chimney = dice.chance(0.8);
    if chimney {
        let x = dice.pick(88.0, &[34.0]);
        pen.rect("chimney", (x, 8.0, 13.0, 34.0), 0.0, hex(0x9C5B45));
        pen.rect("chimney cap", (x - 2.0, 6.0, 17.0, 5.0), 1.5, hex(0x7C4433));
    }
    pen.rect("wall", (16.0, 50.0, 108.0, 66.0), 0.0, walls.base);
    pen.rect("wall shade", (16.0, 50.0, 108.0, 9.0), 0.0, walls.dark);
    if params.material == Some(Material::Brick) || params.material == Some(Material::Stone) {
        for (row, y) in [66.0, 78.0, 90.0, 102.0].into_iter().enumerate() {
            for column in 0..4 {
                let x = 20.0 + 27.0 * f64::from(column) + if row % 2 == 0 { 0.0 } else { 9.0 };
                pen.rect("brick", (x, y, 12.0, 5.0), 1.0, walls.dark);
            }
        }
    }
    pen.polygon(
        "roof",
        &[(38.0, 16.0), (102.0, 16.0), (136.0, 54.0), (4.0, 54.0)],
        3.0,
        roof.base,
    );
    pen.path(
        "roof shade",
        "M6 50 L134 50 L136 54 Q136.5 54.6 134 54.6 L6 54.6 Q3.6 54.6 4 54Z",
        roof.dark,
    );
    for y in [27.0, 38.5] {
        let inset = (y - 16.0) * 0.89;
        pen.line_data(
            "tiles",
            &format!("M{:.1} {y} L{:.1} {y}", 40.0 - inset, 100.0 + inset),
            1.5,
            roof.dark,
        );
    }
    let frame = hex(0xFFFFFF);
    panes(&mut pen, (28.0, 68.0, 22.0, 24.0), frame);
    panes(&mut pen, (90.0, 68.0, 22.0, 24.0), frame);
    doorway(&mut pen, (58.0, 74.0, 24.0, 42.0), door, dice.chance(0.5));
    pen.rect("door step", (54.0, 113.0, 32.0, 4.0), 1.5, hex(0xB8BFC4));
    pen.rect("plinth", (16.0, 113.0, 38.0, 3.0), 0.0, walls.deep);
    pen.rect("plinth", (86.0, 113.0, 38.0, 3.0), 0.0, walls.deep);
    Drawing::of(pen.finish()).with_support(42.0, 98.0, 17.0)
}

/// A small cottage with a steep thatched roof.
pub(super) fn cottage(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let walls = params.tones(0xF7EEDC);
    let thatch = Tones::of(hex(0xC79A55));
    let door_default = dice.pick(0x5C8A4A, &[0x3E6E8E, 0xA34646]);
    let door = Tones::of(hex(door_default));
    let mut pen = Pen::new();
    pen.rect("chimney", (84.0, 14.0, 12.0, 30.0), 0.0, hex(0xA69C93));
    pen.rect("chimney cap", (82.0, 12.0, 16.0, 5.0), 1.5, hex(0x867C74));
    pen.rect("wall", (20.0, 58.0, 90.0, 48.0), 0.0, walls.base);
    pen.rect("wall shade", (20.0, 58.0, 90.0, 10.0), 0.0, walls.dark);
    pen.path("thatch", "M36 22 Q65 14 94 22 C104 34 114 48 124 62 Q122 68 114 66 Q102 62 92 64 Q80 68 65 64 Q50 68 38 64 Q28 62 16 66 Q8 68 6 62 C16 48 26 34 36 22Z", thatch.base);
    pen.path("thatch edge", "M9 57.5 L6 62 Q8 68 16 66 Q28 62 38 64 Q50 68 65 64 Q80 68 92 64 Q102 62 114 66 Q122 68 124 62 L121 57.5 Q110 56 98 57 Q82 60 65 57 Q48 60 32 57 Q20 56 9 57.5Z", thatch.dark);
    for x in [40.0, 65.0, 90.0] {
        pen.line_data(
            "straw",
            &format!(
                "M{x} 28 Q{:.1} 38 {:.1} 48",
                x + (x - 65.0) * 0.14,
                x + (x - 65.0) * 0.26
            ),
            1.6,
            thatch.dark,
        );
    }
    let frame = hex(0x8A5A3A);
    panes(&mut pen, (29.0, 74.0, 17.0, 16.0), frame);
    panes(&mut pen, (84.0, 74.0, 17.0, 16.0), frame);
    doorway(&mut pen, (55.0, 70.0, 20.0, 36.0), door, true);
    for (x, color) in [
        (25.0, 0xE8596E),
        (33.0, 0xFFCC4D),
        (42.0, 0xE8596E),
        (50.0, 0xFFFFFF),
    ] {
        pen.circle("window flower", (x, 95.0), 2.6, hex(color));
    }
    pen.rect("flower box", (24.0, 96.0, 28.0, 5.0), 1.5, hex(0x8A5A3A));
    Drawing::of(pen.finish()).with_support(42.0, 88.0, 19.0)
}
