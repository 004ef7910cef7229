//! Things of the sky: sun, clouds, planets, fireworks.

use kurbo::Affine;

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, path_data, stroked};
use crate::embedded::art::tone::{Tones, hex, mix};
use crate::embedded::dice::Dice;

/// A sun with rays.
pub(super) fn sun(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let body = params.tones(0xFFCC4D);
    let rays = if params.color.is_some() {
        body.dark
    } else {
        hex(0xFFAC33)
    };
    let mut pen = Pen::new();
    let count = dice.pick(12, &[10, 8]);
    pen.group("rays", |pen| {
        for index in 0..count {
            let angle = std::f64::consts::TAU * index as f64 / count as f64;
            let long = if index % 2 == 0 { -48.0 } else { -43.0 };
            pen.placed(
                Affine::translate((50.0, 50.0)) * Affine::rotate(angle),
                |pen| {
                    pen.polygon(
                        "ray",
                        &[(-5.5, -32.0), (0.0, long), (5.5, -32.0)],
                        2.0,
                        rays,
                    );
                },
            );
        }
    });
    pen.circle("disc", (50.0, 50.0), 27.0, body.base);
    pen.path(
        "disc light",
        "M30 50 A20 20 0 0 1 50 30 A24 24 0 0 0 30 50Z",
        body.light,
    );
    Drawing::of(pen.finish())
}

/// A fluffy cloud with a flat base.
pub(super) fn cloud(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let (light, shade) = match params.color {
        Some(color) => (color, Tones::of(color).dark),
        None => (hex(0xFFFFFF), hex(0xDCE7F0)),
    };
    let mut pen = Pen::new();
    let (a, b) = (dice.range(20.0, 26.0), dice.range(15.0, 20.0));
    let width = 78.0 + a;
    pen.path(
        "cloud shade",
        &format!("M18 56 A17 17 0 0 1 20 23 A{a:.1} {a:.1} 0 0 1 {:.1} 16 A{b:.1} {b:.1} 0 0 1 {:.1} 26 A15.5 15.5 0 0 1 {:.1} 56Z", 24.0 + a * 1.7, 40.0 + a * 1.7, width - 6.0),
        shade,
    );
    pen.path(
        "cloud",
        &format!("M22 49 A13 13 0 0 1 22 25 A{a:.1} {a:.1} 0 0 1 {:.1} 16 A{b:.1} {b:.1} 0 0 1 {:.1} 27 A12 12 0 0 1 {:.1} 49Z", 24.0 + a * 1.7, 38.0 + a * 1.7, width - 12.0),
        light,
    );
    Drawing::of(pen.finish()).with_support(20.0, width - 10.0, 28.0)
}

/// A planet; half of them have a ring.
pub(super) fn planet(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0xE08E5B, &[0x6FA8DC, 0xB58BD9, 0xD9B26F, 0x6FC0A8]);
    let body = params.tones(default);
    let ringed = dice.chance(0.5);
    let mut pen = Pen::new();
    let ring = mix(body.light, hex(0xFFF2D6), 0.5);
    if ringed {
        pen.push(chat2svg_vector::Node::Shape(stroked(
            "ring behind",
            path_data("M2 62 C-6 48 96 14 100 34"),
            5.0,
            Tones::of(ring).dark,
        )));
    }
    pen.circle("planet", (50.0, 50.0), 34.0, body.base);
    pen.path(
        "band",
        "M17.5 40 Q50 52 82.5 40 L84 50 Q50 62 16 50Z",
        body.light,
    );
    pen.path(
        "band",
        "M22 69 Q50 78 78 69 L73 75 Q50 82 27 75Z",
        body.dark,
    );
    pen.path(
        "planet shade",
        "M66 20 A34 34 0 1 1 20 66 A36 36 0 0 0 66 20Z",
        body.dark,
    );
    if ringed {
        pen.push(chat2svg_vector::Node::Shape(stroked(
            "ring",
            path_data("M2 62 C8 78 108 48 100 34"),
            5.0,
            ring,
        )));
    } else {
        pen.ellipse("crater", (38.0, 33.0), (6.0, 4.5), body.dark);
    }
    Drawing::of(pen.finish())
}

/// Three bursts of fireworks.
pub(super) fn fireworks(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let first = params.tones(0xFFD24D);
    let others = [Tones::of(hex(0xF2607A)), Tones::of(hex(0x6FD0F0))];
    let mut pen = Pen::new();
    for ((x, y, reach), tones) in [(56.0, 44.0, 40.0), (20.0, 26.0, 20.0), (92.0, 78.0, 22.0)]
        .into_iter()
        .zip([first, others[0], others[1]])
    {
        let count = if reach > 30.0 { 14 } else { 10 };
        let turn = dice.range(0.0, 0.5);
        pen.group("burst", |pen| {
            for index in 0..count {
                let angle = std::f64::consts::TAU * (f64::from(index) + turn) / f64::from(count);
                let (sin, cos) = angle.sin_cos();
                let far = if index % 2 == 0 { 1.0 } else { 0.78 };
                pen.line_data(
                    "spark",
                    &format!(
                        "M{:.1} {:.1} L{:.1} {:.1}",
                        x + cos * reach * 0.3,
                        y + sin * reach * 0.3,
                        x + cos * reach * far * 0.82,
                        y + sin * reach * far * 0.82
                    ),
                    reach * 0.06,
                    if index % 2 == 0 {
                        tones.base
                    } else {
                        tones.light
                    },
                );
                pen.circle(
                    "spark end",
                    (x + cos * reach * far, y + sin * reach * far),
                    reach * 0.055,
                    tones.light,
                );
            }
            pen.circle("spark heart", (x, y), reach * 0.09, tones.light);
        });
    }
    Drawing::of(pen.finish())
}
