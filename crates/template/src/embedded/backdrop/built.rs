//! Built places: city, street, room.

use chat2svg_vector::{Emission, Habitat, Material, Meaning};

use super::{BACKGROUND, FAR, GROUND, Medium, SCENERY, SURROUNDING, Scenery, Stage, sky};
use crate::embedded::art::pen::{Pen, path_data};
use crate::embedded::art::tone::hex;
use crate::embedded::generators::{self, Params};

/// The window of a room.
const WINDOW: Meaning = Meaning {
    emits: Some(Emission::Daylight),
    habitat: Some(Habitat::Wall),
    ..SURROUNDING
};

fn skyline(
    pen: &mut Pen,
    scenery: &mut Scenery<'_, '_>,
    foot: f64,
    far: f32,
    (low, high): (f64, f64),
    rgb: u32,
    windows: bool,
) {
    let color = scenery.light.far(hex(rgb), far);
    let lit = if scenery.light.is_night() {
        hex(0xFFD97A)
    } else {
        color.lighten(0.09)
    };
    let mut x = -scenery.x(0.02);
    while x < scenery.size.width {
        let wide = scenery.size.width * scenery.dice.range(0.07, 0.13);
        let tall = scenery.size.height * scenery.dice.range(low, high);
        let top = foot - tall;
        pen.rect("building", (x, top, wide, tall), 0.0, color);
        if scenery.dice.chance(0.3) {
            pen.rect(
                "roof house",
                (x + wide * 0.3, top - tall * 0.06, wide * 0.35, tall * 0.07),
                0.0,
                color,
            );
        }
        if windows {
            let columns = 3;
            let rows = ((tall / (scenery.unit * 4.4)) as usize).min(8);
            // One path per building: its windows are one thing to whoever edits the picture.
            let mut panes = kurbo::BezPath::new();
            for row in 0..rows {
                for column in 0..columns {
                    if scenery.dice.chance(0.72) {
                        let px = x + wide * (0.16 + 0.26 * column as f64);
                        let py = top + scenery.unit * (2.0 + 4.2 * row as f64);
                        panes.extend(crate::embedded::art::pen::rounded_rect(
                            (px, py, wide * 0.15, scenery.unit * 2.2),
                            0.0,
                        ));
                    }
                }
            }
            if !panes.is_empty() {
                pen.fill("windows", panes, lit);
            }
        }
        x += wide + scenery.unit * 0.3;
    }
}

/// A skyline behind a pavement.
pub(super) fn city(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.7);
    sky::draw(pen, scenery, horizon);
    pen.group_of(FAR, "far skyline", |pen| {
        skyline(pen, scenery, horizon, 0.65, (0.3, 0.52), 0x8FA3B8, false);
    });
    pen.group_of(SCENERY, "skyline", |pen| {
        skyline(pen, scenery, horizon, 0.15, (0.14, 0.36), 0x6F86A0, true);
    });
    ground(pen, scenery, horizon);
    Stage {
        size: scenery.size,
        horizon,
        ground_top: scenery.y(0.755),
        ground_bottom: scenery.y(0.93),
        sky_bottom: scenery.y(0.4),
        water: None,
        medium: Medium::Ground,
    }
}

fn ground(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, horizon: f64) {
    let (w, h) = (scenery.size.width, scenery.size.height);
    let pavement = scenery.ground(hex(0xC9CDD0));
    let asphalt = scenery.ground(hex(0x6D7780));
    pen.group_of(GROUND, "street", |pen| {
        pen.fill("pavement", scenery.band(horizon), pavement.base);
        pen.rect(
            "kerb",
            (0.0, horizon + h * 0.075, w, h * 0.016),
            0.0,
            pavement.dark,
        );
        pen.rect("road", (0.0, horizon + h * 0.09, w, h), 0.0, asphalt.base);
        let line = scenery.light.on_ground(hex(0xF5EBC4));
        let y = horizon + h * 0.2;
        for index in 0..5 {
            pen.rect(
                "marking",
                (w * (0.03 + 0.21 * f64::from(index)), y, w * 0.11, h * 0.014),
                scenery.unit * 0.4,
                line,
            );
        }
    });
}

/// A street of houses.
pub(super) fn street(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let horizon = scenery.y(0.66);
    sky::draw(pen, scenery, horizon);
    pen.group_of(SURROUNDING, "houses", |pen| {
        let colors = [0xF2C9A0, 0xE8A79A, 0xB9D3C3, 0xF1DF9E, 0xBFCBE3];
        let start = scenery.dice.below(5);
        let count = 5;
        for index in 0..count {
            let wall = scenery.ground(hex(colors[(start + index) % 5]));
            let wide = scenery.size.width / count as f64;
            let tall = scenery.size.height * scenery.dice.range(0.26, 0.36);
            let (x, top) = (wide * index as f64, horizon - tall);
            let tiles = scenery.dice.pick(0xA85A48, &[0x7C6A78, 0x8E5240]);
            let roof = scenery.ground(hex(tiles));
            pen.group("house", |pen| {
                pen.rect("wall", (x, top, wide, tall), 0.0, wall.base);
                pen.made_of(Material::Brick);
                if scenery.dice.chance(0.6) {
                    pen.polygon(
                        "roof",
                        &[
                            (x - wide * 0.03, top + 0.5),
                            (x + wide * 0.5, top - tall * 0.3),
                            (x + wide * 1.03, top + 0.5),
                        ],
                        scenery.unit * 0.4,
                        roof.base,
                    );
                    pen.made_of(Material::Tiles);
                } else {
                    pen.rect(
                        "cornice",
                        (x - wide * 0.02, top - tall * 0.06, wide * 1.04, tall * 0.08),
                        0.0,
                        roof.base,
                    );
                }
                let glass = if scenery.light.is_night() {
                    hex(0xFFDF8F)
                } else {
                    scenery.light.on_ground(hex(0xCDE8F5))
                };
                for row in 0..2 {
                    for column in 0..2 {
                        let at = (
                            x + wide * (0.16 + 0.42 * f64::from(column)),
                            top + tall * (0.13 + 0.3 * f64::from(row)),
                            wide * 0.26,
                            tall * 0.19,
                        );
                        pen.rect(
                            "window frame",
                            (
                                at.0 - wide * 0.025,
                                at.1 - wide * 0.025,
                                at.2 + wide * 0.05,
                                at.3 + wide * 0.05,
                            ),
                            0.5,
                            wall.light.lighten(0.06),
                        );
                        pen.rect("window", at, 0.0, glass);
                    }
                }
                pen.rect(
                    "door",
                    (
                        x + wide * 0.38,
                        horizon - tall * 0.25,
                        wide * 0.24,
                        tall * 0.25,
                    ),
                    scenery.unit * 0.5,
                    wall.deep,
                );
            });
        }
    });
    ground(pen, scenery, horizon);
    pen.group("street lamps", |pen| {
        for x in [0.05, 0.95] {
            if let Some(drawing) =
                generators::draw_with("streetlamp", &Params::default(), scenery.dice)
            {
                let foot = (scenery.x(x), horizon + scenery.y(0.07));
                scenery.stand(pen, "street lamp", drawing, foot, scenery.y(0.32), 0.0);
            }
        }
    });
    Stage {
        size: scenery.size,
        horizon,
        ground_top: scenery.y(0.72),
        ground_bottom: scenery.y(0.93),
        sky_bottom: scenery.y(0.26),
        water: None,
        medium: Medium::Ground,
    }
}

/// A room: wall, skirting, floor boards, a window.
pub(super) fn room(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let (w, h) = (scenery.size.width, scenery.size.height);
    let floor_top = h * 0.7;
    let night = scenery.light.is_night();
    let dim = |color: chat2svg_vector::Color| {
        if night {
            color.mix(hex(0x2A2F5A), 0.35)
        } else {
            color
        }
    };
    let wall = dim(hex(scenery
        .dice
        .pick(0xF6E3C8, &[0xDCE9E4, 0xE6E2F1, 0xF8DED3])));
    pen.group_of(BACKGROUND, "wall", |pen| {
        pen.fill("wall", scenery.band(0.0), wall);
        let count = 9;
        for index in 0..count {
            let x = w * (f64::from(index) + 0.25) / f64::from(count);
            pen.rect(
                "wallpaper stripe",
                (x, 0.0, w * 0.5 / f64::from(count), floor_top),
                0.0,
                wall.lighten(0.012),
            );
        }
    });
    let side = if scenery.dice.chance(0.5) { 0.24 } else { 0.76 };
    pen.group_of(WINDOW, "window", |pen| {
        let (cx, top, wide, tall) = (w * side, h * 0.12, w * 0.24, h * 0.28);
        let x = cx - wide / 2.0;
        let b = scenery.unit * 1.4;
        let glass = scenery.light.sky();
        pen.rect(
            "window frame",
            (x - b, top - b, wide + 2.0 * b, tall + 2.0 * b),
            b * 0.4,
            dim(hex(0xFFFFFF)),
        );
        pen.fill(
            "sky outside",
            crate::embedded::art::pen::rounded_rect((x, top, wide, tall), 0.0),
            super::vertical(top, top + tall, &glass),
        );
        if night {
            pen.circle(
                "moon outside",
                (cx + wide * 0.2, top + tall * 0.25),
                scenery.unit * 2.4,
                hex(0xFBF1CF),
            );
        } else {
            let mut hills = path_data("M0 10 Q6 5 12 8 Q18 4 24 8 L24 14 L0 14Z");
            hills.apply_affine(
                kurbo::Affine::translate((x, top + tall - 14.0 * wide / 24.0))
                    * kurbo::Affine::scale(wide / 24.0),
            );
            pen.fill(
                "hills outside",
                hills,
                scenery.light.on_ground(hex(0x8CC36A)),
            );
        }
        pen.rect(
            "glazing bar",
            (cx - b * 0.3, top, b * 0.6, tall),
            0.0,
            dim(hex(0xFFFFFF)),
        );
        pen.rect(
            "glazing bar",
            (x, top + tall * 0.5 - b * 0.3, wide, b * 0.6),
            0.0,
            dim(hex(0xFFFFFF)),
        );
        pen.rect(
            "sill",
            (x - b * 1.8, top + tall + b * 0.6, wide + b * 3.6, b * 1.2),
            b * 0.4,
            dim(hex(0xF1ECE4)),
        );
    });
    pen.group_of(GROUND, "floor", |pen| {
        let wood = crate::embedded::art::tone::Tones::of(dim(hex(0xCE9F6B)));
        pen.fill("floor", scenery.band(floor_top), wood.base);
        pen.made_of(Material::Wood);
        for (index, share) in [0.75, 0.82, 0.91].into_iter().enumerate() {
            let mut board = kurbo::BezPath::new();
            board.move_to((0.0, h * share));
            board.line_to((w, h * share));
            pen.line(
                "board",
                board,
                scenery.unit * (0.35 + 0.1 * index as f64),
                wood.dark,
            );
        }
        pen.rect(
            "skirting",
            (0.0, floor_top - h * 0.022, w, h * 0.03),
            0.0,
            dim(hex(0xFFFFFF)).mix(wall, 0.2),
        );
    });
    Stage {
        size: scenery.size,
        horizon: floor_top,
        ground_top: h * 0.77,
        ground_bottom: h * 0.94,
        sky_bottom: h * 0.34,
        water: None,
        medium: Medium::Ground,
    }
}
