//! Simple people, standing and facing the viewer. Skin, hair and clothes vary with the seed; the
//! colour that was asked for goes to the clothes.

use chat2svg_vector::Color;

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::Pen;
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

const SKINS: [u32; 5] = [0xF7D7B8, 0xF0C08E, 0xD9A066, 0xB07A4A, 0x7C5236];
const HAIRS: [u32; 5] = [0x2B2320, 0x5C3A21, 0x8E5A2B, 0xD9A441, 0x9C4A22];

struct Looks {
    skin: Tones,
    hair: Tones,
    top: Tones,
    bottom: Tones,
    shoes: Color,
}

impl Looks {
    fn draw(params: &Params, dice: &mut Dice<'_>, tops: &[u32]) -> Self {
        let skin = dice.pick(SKINS[1], &SKINS);
        // Dark skin mostly goes with dark hair.
        let hair = if skin == SKINS[3] || skin == SKINS[4] {
            dice.pick(HAIRS[0], &HAIRS[..2])
        } else {
            dice.pick(HAIRS[1], &HAIRS)
        };
        let top = dice.pick(tops[0], tops);
        let bottom = dice.pick(0x3D5A80, &[0x4A4E69, 0x6B705C, 0x2F4858]);
        Self {
            skin: Tones::of(hex(skin)),
            hair: Tones::of(hex(hair)),
            top: params.tones(top),
            bottom: Tones::of(hex(bottom)),
            shoes: hex(0x3A3231),
        }
    }
}

/// Head with ears and a friendly face; `cy` is the head's centre.
fn face(pen: &mut Pen, cy: f64, radius: f64, looks: &Looks) {
    pen.group("head", |pen| {
        pen.circle(
            "left ear",
            (50.0 - radius * 0.98, cy + radius * 0.1),
            radius * 0.2,
            looks.skin.dark,
        );
        pen.circle(
            "right ear",
            (50.0 + radius * 0.98, cy + radius * 0.1),
            radius * 0.2,
            looks.skin.dark,
        );
        pen.ellipse("face", (50.0, cy), (radius * 0.95, radius), looks.skin.base);
        for side in [-1.0, 1.0] {
            pen.ellipse(
                "eye",
                (50.0 + side * radius * 0.36, cy + radius * 0.08),
                (radius * 0.105, radius * 0.15),
                hex(0x3B2A22),
            );
            pen.ellipse(
                "cheek",
                (50.0 + side * radius * 0.56, cy + radius * 0.4),
                (radius * 0.16, radius * 0.1),
                crate::embedded::art::tone::mix(looks.skin.base, hex(0xE8737A), 0.4),
            );
        }
        pen.line_data(
            "smile",
            &format!(
                "M{:.2} {:.2} Q50 {:.2} {:.2} {:.2}",
                50.0 - radius * 0.28,
                cy + radius * 0.48,
                cy + radius * 0.72,
                50.0 + radius * 0.28,
                cy + radius * 0.48
            ),
            radius * 0.09,
            hex(0x9C4A3C),
        );
    });
}

fn limbs(
    pen: &mut Pen,
    shoulder: f64,
    hand: f64,
    width: f64,
    spread: f64,
    sleeve: Color,
    skin: Color,
) {
    for (side, label) in [(-1.0, "left arm"), (1.0, "right arm")] {
        pen.group(label, |pen| {
            let x0 = 50.0 + side * spread;
            let x1 = 50.0 + side * (spread + 11.0);
            let mid = shoulder + (hand - shoulder) * 0.55;
            pen.line_data(
                "arm",
                &format!("M{x0:.1} {shoulder:.1} Q{x1:.1} {mid:.1} {x1:.1} {hand:.1}"),
                width * 0.82,
                skin,
            );
            pen.line_data(
                "sleeve",
                &format!(
                    "M{x0:.1} {shoulder:.1} Q{:.1} {:.1} {:.1} {mid:.1}",
                    x0 + side * 6.0,
                    shoulder + (mid - shoulder) * 0.5,
                    x0 + side * 8.6
                ),
                width,
                sleeve,
            );
            pen.circle("hand", (x1, hand), width * 0.52, skin);
        });
    }
}

fn legs(pen: &mut Pen, top: f64, bottom: f64, width: f64, cloth: Tones, shoes: Color) {
    for (side, color) in [(-1.0, cloth.base), (1.0, cloth.dark)] {
        let x = 50.0 + side * width * 0.56;
        pen.rect(
            "leg",
            (x - width / 2.0, top, width, bottom - top),
            width * 0.3,
            color,
        );
        pen.path(
            "shoe",
            &format!(
                "M{:.1} {:.1} Q{:.1} {:.1} {:.1} {:.1} L{:.1} {:.1} Q{:.1} {:.1} {:.1} {:.1}Z",
                x - width * 0.55,
                bottom + 4.0,
                x - width * 0.55,
                bottom - 4.0,
                x,
                bottom - 4.0,
                x + width * 0.3,
                bottom - 4.0,
                x + width * 0.75,
                bottom - 2.0,
                x + width * 0.75,
                bottom + 4.0
            ),
            shoes,
        );
    }
}

fn short_hair(pen: &mut Pen, cy: f64, r: f64, hair: Tones) {
    pen.path("hair", &format!(
        "M{:.2} {:.2} C{:.2} {:.2} {:.2} {:.2} 50 {:.2} C{:.2} {:.2} {:.2} {:.2} {:.2} {:.2} C{:.2} {:.2} {:.2} {:.2} {:.2} {:.2} C{:.2} {:.2} {:.2} {:.2} {:.2} {:.2}Z",
        50.0 - r * 1.02, cy + r * 0.05, 50.0 - r * 1.1, cy - r * 0.75, 50.0 - r * 0.6, cy - r * 1.16, cy - r * 1.16,
        50.0 + r * 0.6, cy - r * 1.16, 50.0 + r * 1.1, cy - r * 0.75, 50.0 + r * 1.02, cy + r * 0.05,
        50.0 + r * 0.85, cy - r * 0.3, 50.0 + r * 0.7, cy - r * 0.5, 50.0 + r * 0.25, cy - r * 0.55,
        50.0 - r * 0.2, cy - r * 0.5, 50.0 - r * 0.8, cy - r * 0.45, 50.0 - r * 1.02, cy + r * 0.05), hair.base);
}

fn long_hair_back(pen: &mut Pen, cy: f64, r: f64, hair: Tones, length: f64) {
    pen.path("hair behind", &format!(
        "M{:.2} {:.2} C{:.2} {:.2} {:.2} {:.2} 50 {:.2} C{:.2} {:.2} {:.2} {:.2} {:.2} {:.2} L{:.2} {:.2} Q50 {:.2} {:.2} {:.2}Z",
        50.0 - r * 1.14, cy, 50.0 - r * 1.16, cy - r * 0.8, 50.0 - r * 0.6, cy - r * 1.2, cy - r * 1.2,
        50.0 + r * 0.6, cy - r * 1.2, 50.0 + r * 1.16, cy - r * 0.8, 50.0 + r * 1.14, cy,
        50.0 + r * 1.2, cy + length, cy + length + r * 0.24, 50.0 - r * 1.2, cy + length), hair.dark);
}

/// A man in shirt and trousers.
pub(super) fn man(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let looks = Looks::draw(
        params,
        dice,
        &[0x3B88C3, 0xC8503C, 0x5C913B, 0x8A6FB0, 0xE0A030],
    );
    let beard = dice.chance(0.35);
    let mut pen = Pen::new();
    legs(&mut pen, 112.0, 172.0, 14.0, looks.bottom, looks.shoes);
    limbs(
        &mut pen,
        66.0,
        110.0,
        12.0,
        19.0,
        looks.top.dark,
        looks.skin.base,
    );
    pen.rect("neck", (44.5, 42.0, 11.0, 16.0), 4.0, looks.skin.dark);
    pen.path(
        "shirt",
        "M38 54 Q50 60 62 54 Q72 56 72 66 L69 120 Q50 124 31 120 L28 66 Q28 56 38 54Z",
        looks.top.base,
    );
    pen.path(
        "shirt shade",
        "M62 54 Q72 56 72 66 L69 120 Q63 121.4 57 121.8 Q66 90 62 54Z",
        looks.top.dark,
    );
    face(&mut pen, 29.0, 18.0, &looks);
    if beard {
        pen.path("beard", "M33 32 C34 50 42 53 50 53 C58 53 66 50 67 32 C64 40 60 42 56 40 Q50 37 44 40 C40 42 36 40 33 32Z", looks.hair.base);
        pen.line_data("mouth", "M46 43 Q50 46 54 43", 1.5, hex(0xC77C6A));
    }
    short_hair(&mut pen, 29.0, 18.0, looks.hair);
    Drawing::of(pen.finish())
        .with_head(33.0, 67.0, 12.0)
        .with_hand(80.0, 110.0)
}

/// A woman in a dress, with long hair.
pub(super) fn woman(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let looks = Looks::draw(
        params,
        dice,
        &[0xD6456B, 0x9266CC, 0x2E9E8F, 0xE27D3A, 0x4F7CC4],
    );
    let long = dice.chance(0.65);
    let mut pen = Pen::new();
    if long {
        long_hair_back(&mut pen, 29.0, 18.0, looks.hair, 26.0);
    } else {
        pen.circle("bun", (50.0, 8.0), 8.0, looks.hair.dark);
    }
    legs(&mut pen, 124.0, 172.0, 9.5, looks.skin, looks.top.deep);
    limbs(
        &mut pen,
        65.0,
        106.0,
        10.0,
        16.0,
        looks.top.dark,
        looks.skin.base,
    );
    pen.rect("neck", (45.5, 42.0, 9.0, 16.0), 4.0, looks.skin.dark);
    pen.path("dress", "M39 55 Q50 62 61 55 Q68 57 68 65 L63 88 Q74 112 79 136 Q50 146 21 136 Q26 112 37 88 L32 65 Q32 57 39 55Z", looks.top.base);
    pen.path(
        "dress shade",
        "M61 55 Q68 57 68 65 L63 88 Q74 112 79 136 Q70 139.4 60 140.6 Q62 112 56 90 Q62 72 61 55Z",
        looks.top.dark,
    );
    pen.line_data("belt", "M37.5 88 Q50 92 62.5 88", 3.6, looks.top.deep);
    face(&mut pen, 29.0, 17.5, &looks);
    short_hair(&mut pen, 29.0, 17.5, looks.hair);
    Drawing::of(pen.finish())
        .with_head(33.0, 67.0, 12.0)
        .with_hand(77.0, 106.0)
}

/// A boy in T-shirt and shorts.
pub(super) fn boy(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let looks = Looks::draw(
        params,
        dice,
        &[0xF4900C, 0x5C913B, 0x3B88C3, 0xDD2E44, 0xFFC83D],
    );
    let mut pen = Pen::new();
    legs(&mut pen, 92.0, 132.0, 11.0, looks.skin, looks.shoes);
    limbs(
        &mut pen,
        62.0,
        93.0,
        10.0,
        15.0,
        looks.top.dark,
        looks.skin.base,
    );
    pen.path(
        "shorts",
        "M34 88 L66 88 L70 114 L52 114 L50 104 L48 114 L30 114Z",
        looks.bottom.base,
    );
    pen.rect("neck", (46.0, 44.0, 8.0, 12.0), 3.0, looks.skin.dark);
    pen.path(
        "shirt",
        "M40 52 Q50 57 60 52 Q67 54 67 62 L66 93 Q50 97 34 93 L33 62 Q33 54 40 52Z",
        looks.top.base,
    );
    pen.path(
        "shirt shade",
        "M60 52 Q67 54 67 62 L66 93 Q61 94.3 56 94.8 Q62 74 60 52Z",
        looks.top.dark,
    );
    face(&mut pen, 29.0, 20.0, &looks);
    short_hair(&mut pen, 29.0, 20.0, looks.hair);
    Drawing::of(pen.finish())
        .with_head(31.0, 69.0, 9.0)
        .with_hand(76.0, 93.0)
}

/// A girl in a frock, with pigtails or long hair.
pub(super) fn girl(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let looks = Looks::draw(
        params,
        dice,
        &[0xEA596E, 0xFFC83D, 0x9266CC, 0x4FB3BF, 0xF08A5D],
    );
    let pigtails = dice.chance(0.6);
    let mut pen = Pen::new();
    if pigtails {
        for (side, label) in [(-1.0, "left pigtail"), (1.0, "right pigtail")] {
            let x = 50.0 + side * 22.0;
            pen.path(
                label,
                &format!(
                    "M{:.1} 28 C{:.1} 28 {:.1} 44 {:.1} 58 C{:.1} 58 {:.1} 46 {:.1} 34Z",
                    x - side * 4.0,
                    x + side * 12.0,
                    x + side * 14.0,
                    x + side * 8.0,
                    x - side * 4.0,
                    x - side * 4.0,
                    x - side * 6.0
                ),
                looks.hair.dark,
            );
        }
    } else {
        long_hair_back(&mut pen, 29.0, 20.0, looks.hair, 26.0);
    }
    legs(&mut pen, 100.0, 132.0, 8.5, looks.skin, looks.top.deep);
    limbs(
        &mut pen,
        62.0,
        92.0,
        9.0,
        14.0,
        looks.top.dark,
        looks.skin.base,
    );
    pen.rect("neck", (46.0, 44.0, 8.0, 12.0), 3.0, looks.skin.dark);
    pen.path("frock", "M40 52 Q50 58 60 52 Q66 54 65 62 L62 76 Q72 92 75 110 Q50 118 25 110 Q28 92 38 76 L35 62 Q34 54 40 52Z", looks.top.base);
    pen.path(
        "frock shade",
        "M60 52 Q66 54 65 62 L62 76 Q72 92 75 110 Q66 113 58 113.8 Q60 92 55 76 Q61 64 60 52Z",
        looks.top.dark,
    );
    face(&mut pen, 29.0, 20.0, &looks);
    short_hair(&mut pen, 29.0, 20.0, looks.hair);
    if pigtails {
        pen.circle("hair tie", (28.5, 30.0), 3.2, looks.top.base);
        pen.circle("hair tie", (71.5, 30.0), 3.2, looks.top.base);
    }
    Drawing::of(pen.finish())
        .with_head(31.0, 69.0, 9.0)
        .with_hand(75.0, 92.0)
}
