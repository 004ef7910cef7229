//! Houses and other buildings, seen from the front.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, path_data};
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;
use crate::embedded::scene::Material;

/// A window with four panes.
fn panes(
    pen: &mut Pen,
    (x, y, width, height): (f64, f64, f64, f64),
    frame: chat2svg_vector::Color,
) {
    let bar = width.min(height) * 0.09;
    pen.group("window", |pen| {
        pen.rect(
            "window frame",
            (x - bar, y - bar, width + 2.0 * bar, height + 2.0 * bar),
            bar,
            frame,
        );
        pen.rect("window glass", (x, y, width, height), 0.6, hex(0xA9D8F0));
        pen.path(
            "window light",
            &format!(
                "M{x} {y} L{:.1} {y} L{x} {:.1}Z",
                x + width * 0.8,
                y + height * 0.8
            ),
            hex(0xCDEAF8),
        );
        pen.rect(
            "glazing bar",
            (x + width / 2.0 - bar / 2.0, y, bar, height),
            0.0,
            frame,
        );
        pen.rect(
            "glazing bar",
            (x, y + height / 2.0 - bar / 2.0, width, bar),
            0.0,
            frame,
        );
    });
}

/// An arched or square door with a knob.
fn doorway(pen: &mut Pen, (x, y, width, height): (f64, f64, f64, f64), tones: Tones, arched: bool) {
    let bulge = if arched { width / 2.0 } else { 1.5 };
    pen.group("door", |pen| {
        let shape = |inset: f64| {
            let (l, r, t, b) = (x + inset, x + width - inset, y + inset, y + height);
            let k = (bulge - inset).max(0.5);
            path_data(&format!("M{l} {b} L{l} {:.2} A{k} {k} 0 0 1 {:.2} {t} L{:.2} {t} A{k} {k} 0 0 1 {r} {:.2} L{r} {b}Z", t + k, l + k, r - k, t + k))
        };
        pen.fill("door frame", shape(0.0), tones.deep);
        pen.fill("door leaf", shape(width * 0.09), tones.base);
        pen.circle("knob", (x + width * 0.76, y + height * 0.58), width * 0.065, hex(0xFFD983));
    });
}

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

/// A barn with a gambrel roof.
pub(super) fn barn(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let walls = params.tones(0xB83A34);
    let trim = hex(0xF6EFE6);
    let roof = Tones::of(hex(0x66757F));
    let mut pen = Pen::new();
    pen.path(
        "wall",
        "M18 120 L18 58 L36 28 L70 12 L104 28 L122 58 L122 120Z",
        walls.base,
    );
    pen.path(
        "wall shade",
        "M70 12 L104 28 L122 58 L122 120 L104 120 L104 50Z",
        walls.dark,
    );
    pen.line_data(
        "roof",
        "M12 60 L34 26 L70 9 L106 26 L128 60",
        7.0,
        roof.base,
    );
    pen.rect("hay door", (58.0, 34.0, 24.0, 20.0), 1.0, trim);
    pen.rect("hay door leaf", (61.0, 37.0, 18.0, 17.0), 0.0, walls.deep);
    pen.rect("door frame", (42.0, 70.0, 56.0, 50.0), 1.0, trim);
    pen.rect("left door", (46.0, 74.0, 22.5, 46.0), 0.0, walls.dark);
    pen.rect("right door", (71.5, 74.0, 22.5, 46.0), 0.0, walls.dark);
    for x in [46.0, 71.5] {
        pen.line_data(
            "brace",
            &format!(
                "M{} 76 L{} 118 M{} 76 L{} 118",
                x + 2.0,
                x + 20.5,
                x + 20.5,
                x + 2.0
            ),
            3.0,
            trim,
        );
    }
    Drawing::of(pen.finish()).with_support(50.0, 90.0, 14.0)
}

/// A village church with a steeple.
pub(super) fn church(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let walls = params.tones(0xF1ECE2);
    let roof = Tones::of(hex(0x6C7F8F));
    let mut pen = Pen::new();
    pen.line_data("cross", "M40 2 L40 22 M34 9 L46 9", 3.0, hex(0xC79A3B));
    pen.polygon(
        "spire",
        &[(40.0, 20.0), (60.0, 62.0), (20.0, 62.0)],
        1.5,
        roof.base,
    );
    pen.polygon(
        "spire shade",
        &[(40.0, 20.0), (60.0, 62.0), (44.0, 62.0)],
        1.0,
        roof.dark,
    );
    pen.rect("nave", (52.0, 96.0, 76.0, 48.0), 0.0, walls.dark);
    pen.polygon(
        "nave roof",
        &[(52.0, 70.0), (116.0, 70.0), (134.0, 98.0), (52.0, 98.0)],
        2.0,
        roof.base,
    );
    pen.rect("tower", (22.0, 60.0, 36.0, 84.0), 0.0, walls.base);
    pen.circle("rose window", (40.0, 78.0), 7.0, hex(0x8FC1DD));
    doorway(
        &mut pen,
        (30.0, 112.0, 20.0, 32.0),
        Tones::of(hex(0x7A4B2E)),
        true,
    );
    for x in [70.0, 90.0, 110.0] {
        pen.path(
            "arched window",
            &format!(
                "M{x} 130 L{x} 114 A5 5 0 0 1 {} 114 L{} 130Z",
                x + 10.0,
                x + 10.0
            ),
            hex(0x8FC1DD),
        );
    }
    Drawing::of(pen.finish())
}

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

/// A ridge tent.
pub(super) fn tent(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let cloth = params.tones(0xF08A3C);
    let mut pen = Pen::new();
    pen.polygon(
        "tent",
        &[(60.0, 8.0), (120.0, 86.0), (0.0, 86.0)],
        3.0,
        cloth.base,
    );
    pen.polygon(
        "tent side",
        &[(60.0, 8.0), (120.0, 86.0), (84.0, 86.0)],
        2.0,
        cloth.dark,
    );
    pen.polygon(
        "opening",
        &[(60.0, 26.0), (80.0, 86.0), (40.0, 86.0)],
        1.0,
        hex(0x5A4632),
    );
    pen.path("flap", "M60 26 L40 86 L30 86 Q50 62 60 26Z", cloth.light);
    pen.line_data("pole", "M60 10 L60 2", 2.5, hex(0x8A5A3A));
    Drawing::of(pen.finish())
}

/// An arched stone bridge; what is under it shows through the arch.
pub(super) fn bridge(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let stone = params.tones(0xB7AFA3);
    let mut pen = Pen::new();
    pen.path(
        "bridge",
        "M0 92 L0 44 Q100 4 200 44 L200 92 L164 92 Q158 44 100 42 Q42 44 36 92Z",
        stone.base,
    );
    pen.path(
        "arch stones",
        "M36 92 Q42 44 100 42 Q158 44 164 92 L156 92 Q150 52 100 50 Q50 52 44 92Z",
        stone.dark,
    );
    pen.line_data("roadway", "M2 42 Q100 2 198 42", 6.0, stone.light);
    for (x, y) in [
        (14.0, 58.0),
        (30.0, 44.0),
        (168.0, 46.0),
        (182.0, 62.0),
        (12.0, 76.0),
        (176.0, 78.0),
    ] {
        pen.rect("stone", (x - 6.0, y, 12.0, 5.0), 1.5, stone.dark);
    }
    Drawing::of(pen.finish())
        .with_support(50.0, 150.0, 24.0)
        .with_shelter(48.0, 152.0, 58.0)
}

/// A panelled door in its frame.
pub(super) fn door(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let leaf = params.tones(0xA5683C);
    let mut pen = Pen::new();
    pen.rect("door frame", (0.0, 0.0, 74.0, 150.0), 2.0, hex(0xEDE6DA));
    pen.rect("door leaf", (7.0, 7.0, 60.0, 143.0), 0.0, leaf.base);
    for (y, height) in [(16.0, 54.0), (80.0, 58.0)] {
        for x in [14.0, 40.0] {
            pen.rect("panel", (x, y, 20.0, height), 2.0, leaf.dark);
            pen.rect(
                "panel face",
                (x + 2.5, y + 2.5, 17.5, height - 2.5),
                1.5,
                leaf.light,
            );
        }
    }
    pen.circle("knob", (61.5, 78.0), 3.4, hex(0xFFD983));
    Drawing::of(pen.finish())
}

/// A window with a sill, sky in its panes.
pub(super) fn window(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let frame = params.tones(0xFFFFFF);
    let mut pen = Pen::new();
    pen.rect("frame", (4.0, 0.0, 92.0, 110.0), 3.0, frame.base);
    pen.rect("frame shade", (11.0, 7.0, 78.0, 96.0), 1.0, frame.dark);
    for (x, y) in [(13.0, 9.0), (52.0, 9.0), (13.0, 57.0), (52.0, 57.0)] {
        pen.rect("pane", (x, y, 35.0, 44.0), 1.0, hex(0xA9DBF5));
        pen.path(
            "pane light",
            &format!(
                "M{x} {} L{} {y} L{} {y} L{x} {}Z",
                y + 30.0,
                x + 26.0,
                x + 12.0,
                y + 14.0
            ),
            hex(0xD4EEFB),
        );
    }
    pen.rect("sill", (0.0, 106.0, 100.0, 9.0), 3.0, frame.base);
    pen.rect("sill shade", (3.0, 113.0, 94.0, 4.0), 2.0, frame.dark);
    Drawing::of(pen.finish())
        .with_support(2.0, 98.0, 106.0)
        .with_container(kurbo::Rect::new(13.0, 9.0, 87.0, 101.0), 3, false)
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
