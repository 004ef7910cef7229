//! Open country: meadow, garden, park, farm, forest, mountains, desert, snow.

use chat2svg_vector::Material;

use super::{FAR, GROUND, Medium, SCENERY, SURROUNDING, Scenery, Stage, sky};
use crate::embedded::art::pen::{Pen, path_data};
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::generators::{self, Params};
use crate::embedded::scene::{Season, Weather};

fn stage(scenery: &Scenery<'_, '_>, top: f64, bottom: f64, horizon: f64) -> Stage {
    Stage {
        size: scenery.size,
        horizon: scenery.y(horizon),
        ground_top: scenery.y(top),
        ground_bottom: scenery.y(bottom),
        sky_bottom: scenery.y(horizon - 0.12),
        water: None,
        medium: Medium::Ground,
    }
}

fn distant_hills(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, y: f64) {
    let grass = if scenery.grass().base.to_oklab().lightness > 0.9 {
        hex(0xDDE8F0)
    } else {
        hex(0x78B27A)
    };
    pen.group_of(FAR, "distant hills", |pen| {
        let swing = scenery.y(0.05);
        let far = scenery.rolling(y - scenery.y(0.05), swing, 3);
        pen.fill("far hills", far, scenery.light.far(grass, 0.75));
        let near = scenery.rolling(y, swing * 0.7, 2);
        pen.fill("near hills", near, scenery.light.far(grass, 0.4));
    });
}

fn lawn(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, y: f64) {
    let grass = scenery.grass();
    pen.group_of(GROUND, "ground", |pen| {
        let back = scenery.rolling(y, scenery.y(0.012), 2);
        pen.fill("grass", back, grass.base);
        pen.made_of(scenery.turf());
        let front = scenery.rolling(y + scenery.y(0.2), scenery.y(0.02), 2);
        pen.fill("near grass", front, grass.dark.mix(grass.base, 0.35));
        pen.made_of(scenery.turf());
        tufts(pen, scenery, y + scenery.y(0.06), grass, 9);
    });
}

/// Small strokes of grass (or marks in snow) spread over the ground.
fn tufts(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, top: f64, tones: Tones, count: usize) {
    let unit = scenery.unit;
    for index in 0..count {
        let x =
            scenery.size.width * ((index as f64 + scenery.dice.range(0.15, 0.85)) / count as f64);
        let depth = scenery.dice.range(0.0, 1.0);
        let y = top + (scenery.size.height - top) * depth * 0.92;
        let size = unit * (0.5 + 0.6 * depth);
        let mut blade =
            path_data("M-2.6 0 Q-2.8 -2 -3.6 -3 M0 0 Q0 -3 0.4 -4.4 M2.6 0 Q2.8 -2 3.8 -2.8");
        blade.apply_affine(kurbo::Affine::translate((x, y)) * kurbo::Affine::scale(size * 0.6));
        pen.line("tuft", blade, size * 0.55, tones.dark.lighten(-0.03));
    }
}

fn flowers(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, top: f64, count: usize) {
    let unit = scenery.unit;
    for _ in 0..count {
        let depth = scenery.dice.range(0.0, 1.0);
        let at = (
            scenery.size.width * scenery.dice.range(0.02, 0.98),
            top + (scenery.size.height - top) * depth,
        );
        let rgb = scenery.dice.pick(0xFFFFFF, &[0xFFD95A, 0xF28FA5, 0xC8A6E8]);
        let color = scenery.light.on_ground(hex(rgb));
        pen.circle("flower", at, unit * (0.55 + 0.5 * depth), color);
    }
}

fn is_white(scenery: &Scenery<'_, '_>) -> bool {
    scenery.season == Some(Season::Winter) || scenery.weather == Some(Weather::Snowfall)
}

/// Rolling grassland.
pub(super) fn meadow(pen: &mut Pen, _: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.62);
    sky::draw(pen, scenery, horizon);
    distant_hills(pen, scenery, horizon - scenery.y(0.01));
    lawn(pen, scenery, horizon);
    if !is_white(scenery) {
        pen.group("meadow flowers", |pen| {
            flowers(pen, scenery, horizon + scenery.y(0.05), 14);
        });
    }
    stage(scenery, 0.7, 0.92, 0.62)
}

/// A garden: hedge and fence behind a lawn with flower beds.
pub(super) fn garden(pen: &mut Pen, _: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.6);
    sky::draw(pen, scenery, horizon);
    pen.group_of(SCENERY, "hedge", |pen| {
        let leaves = scenery.leaves();
        let swing = scenery.y(0.016);
        let path = scenery.rolling(horizon - scenery.y(0.11), swing, 9);
        pen.fill("hedge", path, scenery.light.far(leaves, 0.2));
        let path = scenery.rolling(horizon - scenery.y(0.05), swing, 8);
        pen.fill(
            "near hedge",
            path,
            scenery.light.on_ground(leaves.lighten(0.03)),
        );
    });
    pen.group_of(SURROUNDING, "fence", |pen| {
        let wood = scenery.ground(hex(0xF7F1E6));
        let (top, high) = (horizon - scenery.y(0.075), scenery.y(0.095));
        pen.rect(
            "rail",
            (0.0, top + high * 0.3, scenery.size.width, high * 0.11),
            0.0,
            wood.dark,
        );
        pen.rect(
            "rail",
            (0.0, top + high * 0.68, scenery.size.width, high * 0.11),
            0.0,
            wood.dark,
        );
        let step = scenery.unit * 4.6;
        let count = (scenery.size.width / step).ceil() as usize;
        for index in 0..count {
            let x = step * index as f64 + step * 0.2;
            let half = step * 0.28;
            pen.polygon(
                "picket",
                &[
                    (x, top + half),
                    (x + half, top),
                    (x + 2.0 * half, top + half),
                    (x + 2.0 * half, top + high),
                    (x, top + high),
                ],
                scenery.unit * 0.2,
                wood.base,
            );
        }
    });
    lawn(pen, scenery, horizon);
    pen.group_of(SURROUNDING, "flower bed", |pen| {
        for index in 0..9 {
            let name = scenery.dice.pick("flower", &["tulip", "daisy"]);
            let params = Params::default();
            if let Some(drawing) = generators::draw_with(name, &params, scenery.dice) {
                let x =
                    scenery.size.width * ((f64::from(index) + scenery.dice.range(0.2, 0.8)) / 9.0);
                let foot = (x, horizon + scenery.y(0.035));
                let high = scenery.size.height * scenery.dice.range(0.075, 0.1);
                scenery.stand(pen, name, drawing, foot, high, 0.0);
            }
        }
    });
    stage(scenery, 0.72, 0.92, 0.6)
}

/// A park: lawn, round trees behind, a winding path.
pub(super) fn park(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.6);
    sky::draw(pen, scenery, horizon);
    distant_hills(pen, scenery, horizon);
    lawn(pen, scenery, horizon);
    pen.group_of(GROUND, "path", |pen| {
        let sand = scenery.ground(hex(0xE6CFA3));
        let (w, h) = (scenery.size.width, scenery.size.height);
        let mut path = path_data(
            "M46 0 C30 8 74 14 62 22 C48 30 8 30 -8 40 L26 40 C40 32 74 28 80 18 C84 8 44 6 50 0Z",
        );
        path.apply_affine(
            kurbo::Affine::translate((w * 0.1, horizon))
                * kurbo::Affine::scale_non_uniform(w * 0.0095, (h - horizon) / 40.0),
        );
        pen.fill("path", path, sand.base);
    });
    back_trees(
        pen,
        scenery,
        horizon + scenery.y(0.015),
        &["tree", "bush", "tree"],
        5,
        (0.15, 0.24),
    );
    stage(scenery, 0.71, 0.92, 0.6)
}

fn back_trees(
    pen: &mut Pen,
    scenery: &mut Scenery<'_, '_>,
    foot: f64,
    kinds: &[&str],
    count: usize,
    (low, high): (f64, f64),
) {
    pen.group_of(SURROUNDING, "trees", |pen| {
        for index in 0..count {
            let mut kind = kinds[scenery.dice.below(kinds.len())];
            if kind == "tree" && scenery.season == Some(Season::Winter) {
                kind = "bare-tree";
            }
            let color = matches!(kind, "tree" | "bush").then(|| scenery.leaves());
            let params = Params {
                color,
                ..Params::default()
            };
            if let Some(drawing) = generators::draw_with(kind, &params, scenery.dice) {
                let x = scenery.size.width
                    * ((index as f64 + scenery.dice.range(0.2, 0.8)) / count as f64);
                let tall = scenery.size.height
                    * scenery.dice.range(low, high)
                    * if kind == "bush" { 0.36 } else { 1.0 };
                scenery.stand(pen, kind, drawing, (x, foot), tall, 0.3);
            }
        }
    });
}

/// A farm: fields in rows, a barn, a fence.
pub(super) fn farm(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.58);
    sky::draw(pen, scenery, horizon);
    distant_hills(pen, scenery, horizon);
    pen.group_of(GROUND, "fields", |pen| {
        let grain = scenery.ground(hex(0xE6C45C));
        let path = scenery.rolling(horizon, scenery.y(0.008), 2);
        pen.fill("field", path, grain.base);
        let (w, h) = (scenery.size.width, scenery.y(0.1));
        for index in 0..9 {
            let top = w * (0.1 + 0.1 * f64::from(index));
            let bottom = w * (-0.3 + 0.2 * f64::from(index));
            let mut row = kurbo::BezPath::new();
            row.move_to((top, horizon + h * 0.12));
            row.line_to((bottom.clamp(0.0, w), horizon + h));
            pen.line("furrow", row, scenery.unit * 0.7, grain.dark);
        }
    });
    let side = if scenery.dice.chance(0.5) { 0.16 } else { 0.84 };
    pen.group_of(SURROUNDING, "barn", |pen| {
        if let Some(drawing) = generators::draw_with("barn", &Params::default(), scenery.dice) {
            let foot = (scenery.x(side), horizon + scenery.y(0.03));
            scenery.stand(pen, "barn", drawing, foot, scenery.y(0.22), 0.15);
        }
    });
    lawn(pen, scenery, horizon + scenery.y(0.09));
    stage(scenery, 0.74, 0.93, 0.58)
}

/// Trees, row behind row.
pub(super) fn forest(pen: &mut Pen, _: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.66);
    sky::draw(pen, scenery, horizon);
    let leaves = if is_white(scenery) {
        hex(0x9DB8B0)
    } else {
        scenery.leaves()
    };
    pen.group_of(FAR, "distant trees", |pen| {
        let path = scenery.rolling(scenery.y(0.4), scenery.y(0.03), 9);
        pen.fill("far trees", path, scenery.light.far(leaves, 0.65));
        let path = scenery.rolling(scenery.y(0.5), scenery.y(0.03), 7);
        pen.fill("trees behind", path, scenery.light.far(leaves, 0.42));
    });
    back_trees(
        pen,
        scenery,
        horizon + scenery.y(0.01),
        &["pine", "tree", "pine"],
        7,
        (0.36, 0.48),
    );
    lawn(pen, scenery, horizon - scenery.y(0.005));
    pen.group("near trees", |pen| {
        for (x, kind, tall) in [(0.04, "pine", 0.66), (0.97, "tree", 0.62)] {
            let color = (kind == "tree").then_some(leaves);
            if let Some(drawing) = generators::draw_with(
                kind,
                &Params {
                    color,
                    ..Params::default()
                },
                scenery.dice,
            ) {
                let foot = (scenery.x(x), scenery.y(0.77));
                scenery.stand(pen, kind, drawing, foot, scenery.y(tall), 0.0);
            }
        }
        for x in [0.2, 0.82] {
            if let Some(drawing) = generators::draw_with(
                "bush",
                &Params {
                    color: Some(leaves),
                    ..Params::default()
                },
                scenery.dice,
            ) {
                let foot = (scenery.x(x), scenery.y(0.705));
                scenery.stand(pen, "bush", drawing, foot, scenery.y(0.07), 0.1);
            }
        }
    });
    stage(scenery, 0.76, 0.93, 0.5)
}

/// Peaks behind a valley.
pub(super) fn mountains(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.64);
    sky::draw(pen, scenery, horizon);
    for (meaning, label, far, count, low, high) in [
        (FAR, "far mountains", 0.6, 4, 0.3, 0.38),
        (SCENERY, "mountains", 0.2, 3, 0.34, 0.48),
    ] {
        pen.group_of(meaning, label, |pen| {
            for index in 0..count {
                if let Some(drawing) =
                    generators::draw_with("mountain", &Params::default(), scenery.dice)
                {
                    let slot =
                        (f64::from(index) + 0.5 + scenery.dice.range(-0.2, 0.2)) / f64::from(count);
                    let x = scenery.x(if count == 3 { slot * 1.1 - 0.05 } else { slot });
                    let tall = scenery.size.height * scenery.dice.range(low, high);
                    scenery.stand(
                        pen,
                        "mountain",
                        drawing,
                        (x, horizon + scenery.y(0.03)),
                        tall,
                        far,
                    );
                }
            }
        });
    }
    back_trees(
        pen,
        scenery,
        horizon + scenery.y(0.02),
        &["pine"],
        9,
        (0.06, 0.1),
    );
    lawn(pen, scenery, horizon);
    stage(scenery, 0.72, 0.92, 0.4)
}

/// Dunes, with a cactus far off.
pub(super) fn desert(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.6);
    sky::draw(pen, scenery, horizon);
    let sand = scenery.ground(hex(0xEBC583));
    pen.group_of(FAR, "distant dunes", |pen| {
        let path = scenery.rolling(horizon - scenery.y(0.04), scenery.y(0.035), 3);
        pen.fill("far dunes", path, scenery.light.far(hex(0xDFA968), 0.45));
        let path = scenery.rolling(horizon, scenery.y(0.03), 2);
        pen.fill("dunes", path, scenery.light.far(hex(0xE2B36F), 0.15));
    });
    pen.group_of(GROUND, "ground", |pen| {
        let path = scenery.rolling(horizon + scenery.y(0.055), scenery.y(0.02), 2);
        pen.fill("sand", path, sand.base);
        pen.made_of(Material::Sand);
        let path = scenery.rolling(horizon + scenery.y(0.24), scenery.y(0.025), 2);
        pen.fill("near sand", path, sand.dark.mix(sand.base, 0.4));
        pen.made_of(Material::Sand);
        for index in 0..4 {
            let (x, y) = (
                scenery.x(0.12 + 0.24 * f64::from(index)),
                horizon + scenery.size.height * scenery.dice.range(0.12, 0.34),
            );
            let mut ripple = path_data("M-8 0 q4 -2.4 8 0 t8 0");
            ripple.apply_affine(
                kurbo::Affine::translate((x, y)) * kurbo::Affine::scale(scenery.unit * 0.8),
            );
            pen.line("ripple", ripple, scenery.unit * 0.5, sand.dark);
        }
    });
    pen.group("cacti", |pen| {
        for x in [0.1, 0.9] {
            let green = scenery.ground(hex(0x6E9E56));
            let (x, y, s) = (scenery.x(x), horizon + scenery.y(0.1), scenery.unit * 0.55);
            let mut path = path_data(
                "M0 0 L0 -26 M0 -9 L-7 -9 Q-9 -9 -9 -12 L-9 -18 M0 -6 L6 -6 Q8 -6 8 -9 L8 -15",
            );
            path.apply_affine(kurbo::Affine::translate((x, y)) * kurbo::Affine::scale(s));
            pen.line("cactus", path, s * 4.6, green.base);
        }
    });
    stage(scenery, 0.73, 0.92, 0.6)
}

/// A white landscape with firs.
pub(super) fn snow(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.62);
    sky::draw(pen, scenery, horizon);
    let snow = scenery.ground(hex(0xF3F8FB));
    pen.group_of(FAR, "distant hills", |pen| {
        let path = scenery.rolling(horizon - scenery.y(0.07), scenery.y(0.05), 3);
        pen.fill("far hills", path, scenery.light.far(hex(0xC5D8E6), 0.5));
        let path = scenery.rolling(horizon - scenery.y(0.01), scenery.y(0.03), 2);
        pen.fill("near hills", path, scenery.light.far(hex(0xDCE9F2), 0.2));
    });
    pen.group("firs", |pen| {
        for (index, x) in [0.06, 0.17, 0.8, 0.9, 0.97].into_iter().enumerate() {
            let params = Params {
                color: Some(hex(0x6F9A8B)),
                ..Params::default()
            };
            if let Some(drawing) = generators::draw_with("pine", &params, scenery.dice) {
                let foot = (scenery.x(x), horizon + scenery.y(0.015));
                scenery.stand(
                    pen,
                    "fir",
                    drawing,
                    foot,
                    scenery.y(if index % 2 == 0 { 0.2 } else { 0.14 }),
                    0.25,
                );
            }
        }
    });
    pen.group_of(GROUND, "ground", |pen| {
        let path = scenery.rolling(horizon, scenery.y(0.014), 2);
        pen.fill("snow", path, snow.base);
        pen.made_of(Material::Snow);
        let path = scenery.rolling(horizon + scenery.y(0.2), scenery.y(0.025), 2);
        pen.fill(
            "near snow",
            path,
            snow.base.mix(scenery.light.on_ground(hex(0xD3E3EF)), 0.6),
        );
        pen.made_of(Material::Snow);
    });
    stage(scenery, 0.71, 0.92, 0.6)
}
