//! Places at and in the water: beach, sea, lake, river, island, under water.

use chat2svg_vector::Material;
use kurbo::Affine;

use super::{Band, FAR, GROUND, Medium, OPEN_WATER, SKY, Scenery, Stage, WEATHER, sky, vertical};
use crate::embedded::art::pen::{Pen, path_data, smooth_open};
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::generators::{self, Params};

fn wavelets(
    pen: &mut Pen,
    scenery: &mut Scenery<'_, '_>,
    top: f64,
    bottom: f64,
    count: usize,
    tones: Tones,
) {
    for index in 0..count {
        let depth = (index as f64 + scenery.dice.range(0.1, 0.9)) / count as f64;
        let (x, y) = (
            scenery.size.width * scenery.dice.range(0.02, 0.9),
            top + (bottom - top) * depth,
        );
        let mut wave = path_data("M0 0 q3.5 -2.6 7 0 t7 0");
        wave.apply_affine(
            Affine::translate((x, y)) * Affine::scale(scenery.unit * (0.5 + 0.5 * depth)),
        );
        pen.line(
            "wave",
            wave,
            scenery.unit * (0.35 + 0.35 * depth),
            tones.light.lighten(0.03),
        );
    }
}

fn sea_colors(scenery: &Scenery<'_, '_>) -> Tones {
    scenery.ground(hex(0x3F9FD8))
}

fn water(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, top: f64, bottom: f64, label: &str) {
    let tones = sea_colors(scenery);
    pen.group_of(OPEN_WATER, label, |pen| {
        pen.fill(
            "water",
            scenery.band(top),
            vertical(
                top,
                bottom,
                &[(0.0, tones.dark.mix(tones.base, 0.4)), (1.0, tones.light)],
            ),
        );
        wavelets(pen, scenery, top + scenery.y(0.02), bottom, 12, tones);
    });
}

/// Sea behind, sand in front.
pub(super) fn beach(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.46);
    let shore = scenery.y(0.64);
    sky::draw(pen, scenery, horizon);
    water(pen, scenery, horizon, shore, "sea");
    let sand = scenery.ground(hex(0xF2DDA8));
    let w = scenery.size.width;
    let line = [
        (-0.05, 0.02),
        (0.2, -0.012),
        (0.5, 0.016),
        (0.78, -0.01),
        (1.05, 0.014),
    ];
    let h = scenery.size.height;
    let at = |lift: f64| line.map(|(x, y)| (w * x, shore + h * (y + lift)));
    pen.group_of(GROUND, "shore", |pen| {
        pen.fill(
            "foam",
            scenery.below_line(&at(-0.018)),
            scenery.light.on_ground(hex(0xFFFFFF)),
        );
        pen.fill("wet sand", scenery.below_line(&at(0.0)), sand.dark);
        pen.made_of(Material::Sand);
        pen.fill("sand", scenery.below_line(&at(0.022)), sand.base);
        pen.made_of(Material::Sand);
        for _ in 0..10 {
            let center = (
                w * scenery.dice.range(0.04, 0.96),
                scenery.size.height * scenery.dice.range(0.72, 0.97),
            );
            pen.ellipse(
                "pebble",
                center,
                (scenery.unit * 0.7, scenery.unit * 0.4),
                sand.dark,
            );
        }
    });
    pen.group("shells", |pen| {
        for x in [0.1, 0.92] {
            let (x, y, s) = (w * x, scenery.y(0.93), scenery.unit * 0.5);
            let mut shell = path_data("M0 4 C-5 3 -6 -2 -3 -5 Q0 -7.4 3 -5 C6 -2 5 3 0 4Z");
            shell.apply_affine(Affine::translate((x, y)) * Affine::scale(s));
            pen.fill("shell", shell, scenery.light.on_ground(hex(0xF7B7A3)));
        }
    });
    Stage {
        size: scenery.size,
        horizon,
        ground_top: scenery.y(0.74),
        ground_bottom: scenery.y(0.93),
        sky_bottom: scenery.y(0.36),
        water: Some(Band {
            top: scenery.y(0.5),
            bottom: scenery.y(0.62),
        }),
        medium: Medium::Ground,
    }
}

/// Open water.
pub(super) fn sea(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.5);
    sky::draw(pen, scenery, horizon);
    let bottom = scenery.size.height;
    water(pen, scenery, horizon, bottom, "sea");
    let tones = sea_colors(scenery);
    pen.group_of(OPEN_WATER, "waves", |pen| {
        for (index, share) in [0.6, 0.72, 0.85].into_iter().enumerate() {
            let path = crest(scenery, scenery.y(share), 9 - index * 2);
            pen.fill("swell", path, tones.base.lighten(-0.015 * index as f32));
        }
    });
    Stage {
        size: scenery.size,
        horizon,
        ground_top: scenery.y(0.62),
        ground_bottom: scenery.y(0.84),
        sky_bottom: scenery.y(0.4),
        water: Some(Band {
            top: scenery.y(0.6),
            bottom: scenery.y(0.96),
        }),
        medium: Medium::Water,
    }
}

/// Water below a line of scalloped crests.
fn crest(scenery: &Scenery<'_, '_>, y: f64, count: usize) -> kurbo::BezPath {
    let step = scenery.size.width / (count as f64 - 0.5);
    let mut path = kurbo::BezPath::new();
    path.move_to((-step * 0.25, y));
    for index in 0..count {
        let x = step * (index as f64 - 0.25);
        path.quad_to((x + step * 0.5, y + step * 0.16), (x + step, y));
    }
    path.line_to((step * (count as f64 - 0.25), scenery.size.height));
    path.line_to((-step * 0.25, scenery.size.height));
    path.close_path();
    path
}

/// Under water: light from above, plants and bubbles, a sandy floor.
pub(super) fn underwater(pen: &mut Pen, front: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let (size, unit) = (scenery.size, scenery.unit);
    let deep = if scenery.light.is_night() {
        (0x1F5C8F, 0x0F2A57)
    } else {
        (0x5CC4E0, 0x1C6BA8)
    };
    pen.group_of(SKY, "water", |pen| {
        pen.fill(
            "water",
            scenery.band(0.0),
            vertical(0.0, size.height, &[(0.0, hex(deep.0)), (1.0, hex(deep.1))]),
        );
        for (x, wide) in [(0.14, 0.1), (0.42, 0.14), (0.74, 0.09)] {
            let (x, wide) = (size.width * x, size.width * wide);
            let mut ray = kurbo::BezPath::new();
            ray.move_to((x, 0.0));
            ray.line_to((x + wide, 0.0));
            ray.line_to((x + wide * 0.6 - size.width * 0.1, size.height * 0.78));
            ray.line_to((x - wide * 0.7 - size.width * 0.1, size.height * 0.78));
            ray.close_path();
            let mut shape = chat2svg_vector::Shape::filled(
                "light ray",
                ray,
                chat2svg_vector::Paint::Solid(hex(0xFFFFFF)),
            );
            shape.opacity = 0.1;
            pen.push(chat2svg_vector::Node::Shape(shape));
        }
    });
    pen.group_of(FAR, "far reef", |pen| {
        let path = scenery.rolling(scenery.y(0.8), scenery.y(0.05), 4);
        pen.fill("far reef", path, hex(deep.1).lighten(0.05));
    });
    let sand = scenery.ground(hex(0xE8D3A0));
    pen.group_of(GROUND, "sea floor", |pen| {
        let path = scenery.rolling(scenery.y(0.89), scenery.y(0.016), 3);
        pen.fill("sand", path, sand.base.mix(hex(deep.1), 0.2));
        pen.made_of(Material::Sand);
        for x in [0.08, 0.55, 0.9] {
            let center = (size.width * x, scenery.y(0.95));
            pen.ellipse("stone", center, (unit * 3.2, unit * 1.8), hex(0x6E8AA3));
            pen.ellipse(
                "stone light",
                (center.0 - unit * 0.6, center.1 - unit * 0.5),
                (unit * 1.8, unit * 0.8),
                hex(0x89A3B8),
            );
        }
    });
    pen.group("plants", |pen| {
        for (index, x) in [0.06, 0.12, 0.2, 0.8, 0.88, 0.95].into_iter().enumerate() {
            let (x, foot) = (size.width * x, scenery.y(0.93));
            let tall = scenery.size.height * scenery.dice.range(0.16, 0.34);
            let sway = unit * scenery.dice.range(2.0, 3.6);
            let points: Vec<(f64, f64)> = (0..5)
                .map(|step| {
                    let part = f64::from(step) / 4.0;
                    (
                        x + if step % 2 == 0 { -sway } else { sway } * (0.3 + part * 0.5),
                        foot - tall * part,
                    )
                })
                .collect();
            let rgb = [0x2F9E77, 0x4DB06A, 0xD9627A][index % 3];
            pen.line("seaweed", smooth_open(&points), unit * 1.7, hex(rgb));
        }
    });
    front.group_of(WEATHER, "bubbles", |pen| {
        for _ in 0..12 {
            let at = (
                size.width * scenery.dice.range(0.04, 0.96),
                scenery.size.height * scenery.dice.range(0.06, 0.84),
            );
            let radius = unit * scenery.dice.range(0.5, 1.3);
            let mut ring = crate::embedded::art::pen::stroked(
                "bubble",
                crate::embedded::art::pen::ellipse(at, (radius, radius)),
                unit * 0.32,
                hex(0xE8F8FD),
            );
            ring.opacity = 0.75;
            pen.push(chat2svg_vector::Node::Shape(ring));
        }
    });
    Stage {
        size,
        horizon: scenery.y(0.8),
        ground_top: scenery.y(0.9),
        ground_bottom: scenery.y(0.96),
        sky_bottom: scenery.y(0.8),
        water: Some(Band {
            top: scenery.y(0.08),
            bottom: scenery.y(0.88),
        }),
        medium: Medium::Weightless,
    }
}

/// A river between two banks.
pub(super) fn river(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.5);
    sky::draw(pen, scenery, horizon);
    let grass = scenery.grass();
    pen.group_of(FAR, "far bank", |pen| {
        let hills = scenery.rolling(horizon - scenery.y(0.04), scenery.y(0.04), 3);
        pen.fill("far hills", hills, scenery.light.far(hex(0x78B27A), 0.6));
        let bank = scenery.rolling(horizon, scenery.y(0.01), 3);
        pen.fill("far bank", bank, grass.base);
    });
    let top = scenery.y(0.58);
    let bottom = scenery.y(0.75);
    water(pen, scenery, top, bottom, "river");
    pen.group_of(GROUND, "near bank", |pen| {
        let earth = scenery.ground(hex(0xC9A66B));
        let line = [(-0.05, 0.75), (0.3, 0.735), (0.6, 0.76), (1.05, 0.74)];
        let at = |lift: f64| {
            line.map(|(x, y)| (scenery.size.width * x, scenery.size.height * (y + lift)))
        };
        pen.fill("earth", scenery.below_line(&at(0.0)), earth.base);
        pen.fill("grass", scenery.below_line(&at(0.018)), grass.base);
        pen.made_of(scenery.turf());
    });
    Stage {
        size: scenery.size,
        horizon,
        ground_top: scenery.y(0.8),
        ground_bottom: scenery.y(0.94),
        sky_bottom: scenery.y(0.38),
        water: Some(Band {
            top: scenery.y(0.63),
            bottom: scenery.y(0.73),
        }),
        medium: Medium::Ground,
    }
}

/// A lake among hills.
pub(super) fn lake(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.48);
    sky::draw(pen, scenery, horizon);
    pen.group_of(FAR, "distant mountains", |pen| {
        for index in 0..4 {
            if let Some(drawing) =
                generators::draw_with("mountain", &Params::default(), scenery.dice)
            {
                let x =
                    scenery.size.width * ((f64::from(index) + scenery.dice.range(0.3, 0.7)) / 4.0);
                let tall = scenery.size.height * scenery.dice.range(0.18, 0.28);
                scenery.stand(
                    pen,
                    "mountain",
                    drawing,
                    (x, horizon + scenery.y(0.02)),
                    tall,
                    0.45,
                );
            }
        }
    });
    pen.group_of(FAR, "far shore", |pen| {
        let path = scenery.rolling(horizon - scenery.y(0.005), scenery.y(0.012), 6);
        pen.fill("far shore", path, scenery.light.far(scenery.leaves(), 0.3));
    });
    let (top, bottom) = (scenery.y(0.51), scenery.y(0.78));
    water(pen, scenery, top, bottom, "lake");
    pen.group_of(GROUND, "near shore", |pen| {
        let grass = scenery.grass();
        let line = [
            (-0.05, 0.76),
            (0.25, 0.79),
            (0.55, 0.8),
            (0.8, 0.78),
            (1.05, 0.75),
        ];
        let at = |lift: f64| {
            line.map(|(x, y)| (scenery.size.width * x, scenery.size.height * (y + lift)))
        };
        pen.fill(
            "sand",
            scenery.below_line(&at(0.0)),
            scenery.light.on_ground(hex(0xE3CF9C)),
        );
        pen.made_of(Material::Sand);
        pen.fill("grass", scenery.below_line(&at(0.02)), grass.base);
        pen.made_of(scenery.turf());
    });
    Stage {
        size: scenery.size,
        horizon,
        ground_top: scenery.y(0.84),
        ground_bottom: scenery.y(0.95),
        sky_bottom: scenery.y(0.36),
        water: Some(Band {
            top: scenery.y(0.58),
            bottom: scenery.y(0.76),
        }),
        medium: Medium::Ground,
    }
}

/// A small island with a palm in open water.
pub(super) fn island(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.5);
    sky::draw(pen, scenery, horizon);
    let bottom = scenery.size.height;
    water(pen, scenery, horizon, bottom, "sea");
    let sand = scenery.ground(hex(0xF2DDA8));
    let (w, h) = (scenery.size.width, scenery.size.height);
    pen.group_of(GROUND, "island", |pen| {
        pen.ellipse(
            "shallows",
            (w * 0.5, h * 0.84),
            (w * 0.47, h * 0.115),
            scenery.light.on_ground(hex(0x8FD8E8)),
        );
        pen.made_of(Material::Water);
        pen.ellipse(
            "wet sand",
            (w * 0.5, h * 0.825),
            (w * 0.42, h * 0.095),
            sand.dark,
        );
        pen.made_of(Material::Sand);
        pen.ellipse(
            "sand",
            (w * 0.5, h * 0.81),
            (w * 0.42, h * 0.095),
            sand.base,
        );
        pen.made_of(Material::Sand);
    });
    pen.group("palms", |pen| {
        for (x, tall) in [(0.2, 0.42), (0.83, 0.34)] {
            if let Some(drawing) = generators::draw_with("palm", &Params::default(), scenery.dice) {
                scenery.stand(pen, "palm", drawing, (w * x, h * 0.79), h * tall, 0.0);
            }
        }
    });
    Stage {
        size: scenery.size,
        horizon,
        ground_top: scenery.y(0.79),
        ground_bottom: scenery.y(0.87),
        sky_bottom: scenery.y(0.36),
        water: Some(Band {
            top: scenery.y(0.56),
            bottom: scenery.y(0.68),
        }),
        medium: Medium::Ground,
    }
}
