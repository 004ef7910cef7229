//! Tall buildings: castles and skyscrapers.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

fn battlements(
    pen: &mut Pen,
    (x, y, width, height): (f64, f64, f64, f64),
    merlons: usize,
    stone: Tones,
) {
    let step = width / (merlons as f64 * 2.0 - 1.0);
    let mut data = format!("M{x} {:.2}", y + height);
    for index in 0..merlons {
        let left = x + 2.0 * step * index as f64;
        let tooth = height * 0.34;
        data += &format!(" L{left:.2} {y:.2} L{:.2} {y:.2}", left + step);
        if index + 1 < merlons {
            data += &format!(
                " L{:.2} {:.2} L{:.2} {:.2}",
                left + step,
                y + tooth,
                left + 2.0 * step,
                y + tooth
            );
        }
    }
    data += &format!(" L{:.2} {:.2}Z", x + width, y + height);
    // The teeth are drawn as one outline: the first tooth's left edge closes the shape.
    pen.path("battlements", &data, stone.light);
    pen.rect(
        "battlement shade",
        (x, y + height * 0.82, width, height * 0.18),
        0.0,
        stone.dark,
    );
}

/// A castle: keep, two towers with pointed roofs, gate.
pub(super) fn castle(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let stone = params.tones(0xC9C3B8);
    let roof_default = dice.pick(0x7A5CA8, &[0xB5443C, 0x3F6FA5]);
    let roof = Tones::of(hex(roof_default));
    let mut pen = Pen::new();
    pen.rect("keep", (58.0, 44.0, 64.0, 90.0), 0.0, stone.dark);
    battlements(&mut pen, (54.0, 30.0, 72.0, 20.0), 5, stone);
    pen.line_data("flag pole", "M90 30 L90 4", 2.0, hex(0x66757F));
    pen.path("flag", "M91 4 L110 9 L91 15Z", roof.base);
    for x in [70.0, 100.0] {
        pen.path(
            "window",
            &format!(
                "M{x} 76 L{x} 66 A5 5 0 0 1 {} 66 L{} 76Z",
                x + 10.0,
                x + 10.0
            ),
            hex(0x4F5964),
        );
    }
    for x in [14.0, 130.0] {
        pen.rect("tower", (x, 58.0, 36.0, 96.0), 0.0, stone.base);
        pen.rect("tower shade", (x + 24.0, 58.0, 12.0, 96.0), 0.0, stone.dark);
        pen.polygon(
            "tower roof",
            &[(x + 18.0, 14.0), (x + 42.0, 62.0), (x - 6.0, 62.0)],
            2.0,
            roof.base,
        );
        pen.polygon(
            "tower roof shade",
            &[(x + 18.0, 14.0), (x + 42.0, 62.0), (x + 22.0, 62.0)],
            1.5,
            roof.dark,
        );
        pen.path(
            "window",
            &format!(
                "M{} 96 L{} 84 A5 5 0 0 1 {} 84 L{} 96Z",
                x + 13.0,
                x + 13.0,
                x + 23.0,
                x + 23.0
            ),
            hex(0x4F5964),
        );
    }
    battlements(
        &mut pen,
        (46.0, 92.0, 88.0, 62.0),
        6,
        Tones {
            light: stone.base,
            dark: stone.deep,
            ..stone
        },
    );
    pen.path(
        "gate",
        "M76 154 L76 128 A14 14 0 0 1 104 128 L104 154Z",
        hex(0x5F3F2A),
    );
    pen.line_data(
        "portcullis",
        "M83 117 L83 154 M90 114 L90 154 M97 117 L97 154 M76 132 L104 132 M76 144 L104 144",
        1.8,
        hex(0x8A6A4C),
    );
    Drawing::of(pen.finish()).with_support(56.0, 124.0, 32.0)
}

/// An office tower with lit and dark windows.
pub(super) fn skyscraper(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0x6F8CA5, &[0x8497A6, 0x5D7A8C, 0x9A8FA8]);
    let walls = params.tones(default);
    let mut pen = Pen::new();
    let height = dice.range(150.0, 200.0);
    let top = 210.0 - height;
    pen.line_data(
        "mast",
        &format!("M40 {top:.1} L40 {:.1}", top - 16.0),
        2.4,
        walls.deep,
    );
    pen.rect("tower", (10.0, top, 60.0, height), 2.0, walls.base);
    pen.rect("tower shade", (52.0, top, 18.0, height), 2.0, walls.dark);
    let rows = ((height - 26.0) / 15.0) as u32;
    for row in 0..rows {
        for column in 0..4 {
            let lit = dice.chance(0.25);
            let at = (
                16.0 + 13.2 * f64::from(column),
                top + 9.0 + 15.0 * f64::from(row),
                8.4,
                9.0,
            );
            pen.rect(
                "window",
                at,
                0.8,
                if lit { hex(0xFFE08A) } else { hex(0xBFDCEC) },
            );
        }
    }
    pen.rect("entrance", (30.0, 194.0, 20.0, 16.0), 1.0, hex(0x3E4B56));
    Drawing::of(pen.finish()).with_support(12.0, 68.0, top)
}
