//! A figure in a space suit, facing the viewer; the colour asked for goes to the suit's trim.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

/// An astronaut with helmet, pack and golden visor.
pub(super) fn astronaut(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let suit = Tones::of(hex(0xE9EEF3));
    let joint = hex(0x9AA8B5);
    let trim = params.tones(0xE8743B);
    let mut pen = Pen::new();
    pen.rect("pack", (24.0, 44.0, 52.0, 50.0), 9.0, hex(0x7F8E9C));
    for (side, label) in [(-1.0, "left leg"), (1.0, "right leg")] {
        let x = 50.0 + side * 11.5;
        pen.group(label, |pen| {
            let cloth = if side < 0.0 { suit.base } else { suit.dark };
            pen.rect("leg", (x - 9.5, 92.0, 19.0, 36.0), 7.0, cloth);
            pen.rect("knee", (x - 9.5, 107.0, 19.0, 4.6), 1.6, joint);
            pen.rect("boot", (x - 11.5, 122.0, 23.0, 12.0), 5.5, hex(0x56636F));
        });
    }
    for (side, label) in [(-1.0, "left arm"), (1.0, "right arm")] {
        pen.group(label, |pen| {
            let at = |x: f64| 50.0 + side * x;
            let (shoulder, elbow, hand) = (at(22.0), at(36.0), at(38.0));
            let cloth = if side < 0.0 { suit.base } else { suit.dark };
            pen.line_data(
                "arm",
                &format!("M{shoulder:.1} 56 Q{elbow:.1} 64 {hand:.1} 84"),
                16.0,
                cloth,
            );
            pen.circle("cuff", (at(38.0), 84.0), 8.4, trim.base);
            pen.circle("glove", (at(38.4), 90.0), 8.0, hex(0x56636F));
        });
    }
    pen.rect("torso", (28.0, 46.0, 44.0, 54.0), 14.0, suit.base);
    pen.path(
        "torso shade",
        "M60 46 L62 46 Q72 48 72 60 L72 86 Q72 100 58 100 Q64 74 60 46Z",
        suit.dark,
    );
    pen.rect("belt", (28.0, 88.0, 44.0, 6.0), 2.0, trim.base);
    pen.group("control box", |pen| {
        pen.rect("box", (38.0, 62.0, 24.0, 16.0), 3.0, hex(0xC6D0D9));
        for (x, rgb) in [(43.0, 0xDD4B4B), (50.0, 0xF2B84B), (57.0, 0x58A95F)] {
            pen.circle("button", (x, 68.0), 2.3, hex(rgb));
        }
        pen.rect("slot", (42.0, 73.0, 16.0, 2.2), 1.0, hex(0x7F8E9C));
    });
    pen.group("helmet", |pen| {
        pen.circle("shell", (50.0, 27.0), 27.0, suit.base);
        pen.path(
            "shell shade",
            "M50 0 A27 27 0 0 1 50 54 A34 34 0 0 0 60 26 A34 34 0 0 0 50 0Z",
            suit.dark,
        );
        pen.rect("collar", (32.0, 48.0, 36.0, 6.4), 3.0, joint);
        pen.rect("visor frame", (27.6, 12.0, 44.8, 31.0), 15.0, hex(0x4A5866));
        pen.rect("visor", (30.2, 14.6, 39.6, 25.8), 12.6, hex(0xF0A93A));
        pen.path(
            "visor glow",
            "M33 30 Q32 18 44 17 L54 17 Q42 21 38 34 Q34 34 33 30Z",
            hex(0xFFD98A),
        );
    });
    Drawing::of(pen.finish())
        .with_head(27.0, 73.0, 1.0)
        .with_hand(88.0, 89.0)
}
