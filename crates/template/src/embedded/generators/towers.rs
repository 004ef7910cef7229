//! Tall buildings: towers, castles, lighthouses, skyscrapers, windmills.

use super::Params;
use super::openings::doorway;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

/// A round stone tower with battlements.
pub(super) fn tower(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let stone = params.tones(0xAEB4B8);
    let mut pen = Pen::new();
    pen.path("shaft", "M24 60 L76 60 L80 170 L20 170Z", stone.base);
    pen.path("shaft shade", "M60 60 L76 60 L80 170 L62 170Z", stone.dark);
    battlements(&mut pen, (14.0, 30.0, 72.0, 34.0), 4, stone);
    for (x, y) in [
        (32.0, 82.0),
        (50.0, 100.0),
        (30.0, 124.0),
        (64.0, 130.0),
        (42.0, 146.0),
    ] {
        pen.rect("stone", (x, y, 12.0, 5.0), 1.5, stone.dark);
    }
    pen.path(
        "slit",
        "M45 92 L45 78 A5 5 0 0 1 55 78 L55 92Z",
        hex(0x4A5259),
    );
    doorway(
        &mut pen,
        (39.0, 138.0, 22.0, 32.0),
        Tones::of(hex(0x7A4B2E)),
        true,
    );
    Drawing::of(pen.finish()).with_support(16.0, 84.0, 31.0)
}

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

/// A striped lighthouse on a rock.
pub(super) fn lighthouse(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let stripe = params.tones(0xD8433B);
    let white = Tones::of(hex(0xF7F4EE));
    let mut pen = Pen::new();
    let edge = |y: f64| 10.0 + (y - 40.0) * 0.085;
    for index in 0..5 {
        let (top, bottom) = (
            40.0 + 24.0 * f64::from(index),
            64.0 + 24.0 * f64::from(index),
        );
        let tones = if index % 2 == 0 { white } else { stripe };
        pen.path(
            "tower band",
            &format!(
                "M{:.2} {top} L{:.2} {top} L{:.2} {bottom} L{:.2} {bottom}Z",
                50.0 - edge(top),
                50.0 + edge(top),
                50.0 + edge(bottom),
                50.0 - edge(bottom)
            ),
            tones.base,
        );
        pen.path(
            "tower band shade",
            &format!(
                "M{:.2} {top} L{:.2} {top} L{:.2} {bottom} L{:.2} {bottom}Z",
                50.0 + edge(top) * 0.4,
                50.0 + edge(top),
                50.0 + edge(bottom),
                50.0 + edge(bottom) * 0.4
            ),
            tones.dark,
        );
    }
    pen.rect("gallery", (34.0, 36.0, 32.0, 6.0), 2.0, hex(0x3F4A52));
    pen.rect("lantern", (41.0, 18.0, 18.0, 18.0), 1.0, hex(0xFFE9A3));
    pen.line_data(
        "lantern bars",
        "M47 18 L47 36 M53 18 L53 36",
        1.6,
        hex(0x3F4A52),
    );
    pen.path("cap", "M37 19 Q50 0 63 19Z", stripe.base);
    pen.circle("cap ball", (50.0, 8.0), 2.6, hex(0x3F4A52));
    pen.path(
        "door",
        "M44 160 L44 146 A6 6 0 0 1 56 146 L56 160Z",
        hex(0x5B6F80),
    );
    pen.path(
        "window",
        "M46.5 98 L46.5 92 A3.5 3.5 0 0 1 53.5 92 L53.5 98Z",
        hex(0x5B6F80),
    );
    pen.path(
        "rock",
        "M8 178 Q14 164 28 162 Q36 152 50 157 Q66 152 74 162 Q88 164 94 178Z",
        hex(0x8C8A86),
    );
    pen.path(
        "rock shade",
        "M50 178 Q62 166 74 162 Q88 164 94 178Z",
        hex(0x73716E),
    );
    Drawing::of(pen.finish())
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

/// A tower mill with four sails.
pub(super) fn windmill(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let walls = params.tones(0xEFE3CF);
    let cap = Tones::of(hex(0x8E5240));
    let wood = hex(0x7A4B2E);
    let mut pen = Pen::new();
    pen.path("tower", "M44 62 L84 62 L96 160 L32 160Z", walls.base);
    pen.path("tower shade", "M70 62 L84 62 L96 160 L74 160Z", walls.dark);
    pen.path("cap", "M40 64 Q42 36 64 34 Q86 36 88 64Z", cap.base);
    pen.path(
        "cap shade",
        "M64 34 Q86 36 88 64 L72 64 Q74 44 64 34Z",
        cap.dark,
    );
    doorway(
        &mut pen,
        (54.0, 130.0, 20.0, 30.0),
        Tones::of(hex(0x8C5A36)),
        true,
    );
    pen.path(
        "window",
        "M59 102 L59 94 A5 5 0 0 1 69 94 L69 102Z",
        hex(0x5B6F80),
    );
    for turn in 0..4 {
        let angle = std::f64::consts::FRAC_PI_2 * f64::from(turn) + 0.5;
        pen.placed(
            kurbo::Affine::translate((64.0, 56.0)) * kurbo::Affine::rotate(angle),
            |pen| {
                pen.group("sail", |pen| {
                    pen.rect("sail cloth", (2.0, -56.0, 14.0, 44.0), 1.5, hex(0xFFFFFF));
                    pen.line_data(
                        "sail lattice",
                        "M2 -45 L16 -45 M2 -34 L16 -34 M2 -23 L16 -23",
                        1.4,
                        hex(0xC9B79F),
                    );
                    pen.line_data("sail stock", "M1 0 L1 -57", 3.4, wood);
                });
            },
        );
    }
    pen.circle("hub", (64.0, 56.0), 5.0, wood);
    Drawing::of(pen.finish())
}
