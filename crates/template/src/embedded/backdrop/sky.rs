//! The sky, with sun, moon, stars and clouds; the plain ground; outer space.

use chat2svg_vector::{Color, Emission, Meaning};

use super::{BACKGROUND, CLOUDS, GLOW, Medium, SKY, Scenery, Stage, light_of, vertical};
use crate::embedded::art::pen::{Pen, ellipse, rounded_polygon, star_points};
use crate::embedded::art::tone::hex;
use crate::embedded::generators::{self, Params};
use crate::embedded::scene::{Background, TimeOfDay, Weather};

/// The sky down to a horizon: gradient, stars, sun or moon, clouds.
pub(super) fn draw(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, horizon: f64) {
    let (width, unit) = (scenery.size.width, scenery.unit);
    let stops = scenery.light.sky();
    let overcast = scenery.light.overcast;
    pen.group_of(SKY, "sky", |pen| {
        pen.fill("sky", scenery.band(0.0), vertical(0.0, horizon, &stops));
        if scenery.light.is_night() && !overcast {
            for _ in 0..34 {
                let at = (
                    scenery.dice.range(0.02, 0.98) * width,
                    scenery.dice.range(0.02, 0.92) * horizon,
                );
                let radius = unit * scenery.dice.pick(0.28, &[0.4, 0.55]);
                pen.circle("star", at, radius, hex(0xF6EFC9));
            }
            for _ in 0..4 {
                let at = (
                    scenery.dice.range(0.06, 0.94) * width,
                    scenery.dice.range(0.05, 0.6) * horizon,
                );
                pen.fill(
                    "bright star",
                    rounded_polygon(&star_points(4, at, unit * 1.7, unit * 0.55), unit * 0.1),
                    hex(0xFFF6D6),
                );
            }
        }
    });
    let sun = (scenery.own_sun && !overcast).then(|| celestial(pen, scenery, horizon));
    clouds(pen, scenery, horizon, sun);
}

/// Draws the sun or the moon; returns where its middle is across the canvas.
fn celestial(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, horizon: f64) -> f64 {
    let (width, unit) = (scenery.size.width, scenery.unit);
    let side = if scenery.dice.chance(0.5) { 0.2 } else { 0.8 };
    let x = width * (side + scenery.dice.range(-0.05, 0.05));
    match scenery.light.time {
        TimeOfDay::Day => pen.group_of(light_of(Emission::Sun), "sun", |pen| {
            pen.circle("glow", (x, horizon * 0.26), unit * 11.0, hex(0xDDF0F0));
            pen.means(GLOW);
            pen.circle("sun", (x, horizon * 0.26), unit * 7.5, hex(0xFFD95A));
        }),
        TimeOfDay::Sunrise => pen.group_of(light_of(Emission::Sun), "sun", |pen| {
            pen.circle(
                "outer glow",
                (x, horizon * 0.86),
                unit * 17.0,
                hex(0xFFE6B8),
            );
            pen.means(GLOW);
            pen.circle("glow", (x, horizon * 0.86), unit * 12.5, hex(0xFFE09A));
            pen.means(GLOW);
            pen.circle("sun", (x, horizon * 0.86), unit * 8.5, hex(0xFFCB5C));
        }),
        TimeOfDay::Sunset => pen.group_of(light_of(Emission::Sun), "sun", |pen| {
            pen.circle(
                "outer glow",
                (x, horizon * 0.84),
                unit * 20.0,
                hex(0xFBA56F),
            );
            pen.means(GLOW);
            pen.circle("glow", (x, horizon * 0.84), unit * 14.5, hex(0xFDB96F));
            pen.means(GLOW);
            pen.circle("sun", (x, horizon * 0.84), unit * 9.5, hex(0xFFE08A));
        }),
        TimeOfDay::Night => pen.group_of(light_of(Emission::Moon), "moon", |pen| {
            pen.circle("glow", (x, horizon * 0.28), unit * 11.0, hex(0x33427C));
            pen.means(GLOW);
            pen.circle("moon", (x, horizon * 0.28), unit * 7.5, hex(0xFBF1CF));
            for (dx, dy, radius) in [(-2.4, -1.6, 1.5), (2.0, 1.8, 1.1), (1.4, -3.2, 0.8)] {
                pen.circle(
                    "crater",
                    (x + dx * unit, horizon * 0.28 + dy * unit),
                    radius * unit,
                    hex(0xE6D9AE),
                );
            }
        }),
    }
    x
}

fn clouds(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, horizon: f64, sun: Option<f64>) {
    let (width, unit) = (scenery.size.width, scenery.unit);
    let heavy = matches!(
        scenery.weather,
        Some(Weather::Rain | Weather::Storm | Weather::Snowfall)
    );
    let count = match scenery.weather {
        Some(Weather::Clouds) => 5,
        Some(Weather::Rain | Weather::Storm | Weather::Snowfall) => 4,
        Some(Weather::Fog) => 0,
        _ if scenery.light.is_night() => 1,
        _ => 2,
    };
    let color = match (heavy, scenery.light.time) {
        (true, TimeOfDay::Night) => hex(0x59617C),
        (true, _) if scenery.weather == Some(Weather::Storm) => hex(0x6E7B88),
        (true, _) => hex(0xB5C1CA),
        (false, TimeOfDay::Day) => Color::WHITE,
        (false, TimeOfDay::Sunrise) => hex(0xFFF1E4),
        (false, TimeOfDay::Sunset) => hex(0xF9A98C),
        (false, TimeOfDay::Night) => hex(0x4C5A94),
    };
    if count == 0 {
        return;
    }
    pen.group_of(CLOUDS, "clouds", |pen| {
        for index in 0..count {
            let slot = (index as f64 + 0.5) / count as f64;
            let x = width * (slot + scenery.dice.range(-0.3, 0.3) / count as f64);
            // A cloud over the sun hides it: it goes to the other side.
            let x = match sun {
                Some(sun) if (x - sun).abs() < unit * 22.0 && !heavy => {
                    if sun < width / 2.0 {
                        sun + unit * 26.0
                    } else {
                        sun - unit * 26.0
                    }
                }
                _ => x,
            };
            let lift = if heavy { 0.3 } else { 0.5 };
            let y = horizon
                * (if index % 2 == 0 { 0.24 } else { lift } + scenery.dice.range(-0.05, 0.05));
            let wide = unit
                * if heavy {
                    scenery.dice.range(26.0, 36.0)
                } else {
                    scenery.dice.range(13.0, 21.0)
                };
            cloud(pen, scenery, (x, y), wide, color);
        }
    });
}

/// A cloud of the generator, centred at a point.
pub(super) fn cloud(
    pen: &mut Pen,
    scenery: &mut Scenery<'_, '_>,
    center: (f64, f64),
    wide: f64,
    color: Color,
) {
    let params = Params {
        color: Some(color),
        ..Params::default()
    };
    let drawing = generators::draw_with("cloud", &params, scenery.dice);
    if let Some(drawing) = drawing {
        let high = wide * drawing.bounds.height() / drawing.bounds.width().max(1e-6);
        let scale = high / drawing.bounds.height().max(1e-6);
        pen.placed(
            kurbo::Affine::translate((center.0, center.1))
                * kurbo::Affine::scale(scale)
                * kurbo::Affine::translate((
                    -drawing.bounds.center().x,
                    -drawing.bounds.center().y,
                )),
            |pen| {
                for node in drawing.nodes {
                    pen.push(node);
                }
            },
        );
    }
}

/// No surroundings: a plain ground; under a single object a large soft disc.
pub(super) fn plain(
    pen: &mut Pen,
    scenery: &mut Scenery<'_, '_>,
    asked: Option<Background>,
    icon: bool,
) -> Stage {
    let size = scenery.size;
    let color = {
        let rgb = scenery.dice.pick(
            0xFBE9D0,
            &[0xDDEFF6, 0xE4F1DC, 0xF7E1E1, 0xEAE5F5, 0xFCF0C8],
        );
        if scenery.light.is_night() {
            hex(0x1E2750)
        } else {
            hex(rgb)
        }
    };
    let lightness = color.to_oklab().lightness;
    let lift = if lightness > 0.5 {
        color.mix(Color::WHITE, 0.5)
    } else {
        color.lighten(0.05)
    };
    let paint_plain = |pen: &mut Pen| {
        pen.fill("background", scenery.band(0.0), color);
        if icon {
            let radius = size.width.min(size.height) * 0.43;
            pen.circle("disc", (size.width / 2.0, size.height / 2.0), radius, lift);
        } else {
            let top = scenery.y(0.7);
            pen.fill(
                "floor",
                scenery.band(top),
                color.lighten(if lightness > 0.5 { -0.04 } else { 0.04 }),
            );
        }
    };
    match asked {
        None => pen.group_of(BACKGROUND, "background", paint_plain),
        Some(Background::Transparent) => {}
        Some(Background::Even([red, green, blue])) => {
            pen.fill(
                "background",
                scenery.band(0.0),
                Color::from_rgb8(red, green, blue),
            );
            pen.means(BACKGROUND);
        }
    }
    if scenery.light.is_night() && asked.is_none() {
        pen.group_of(light_of(Emission::Star), "stars", |pen| {
            for _ in 0..26 {
                let at = (
                    scenery.dice.range(0.02, 0.98) * size.width,
                    scenery.dice.range(0.02, 0.66) * size.height,
                );
                pen.circle(
                    "star",
                    at,
                    scenery.unit * scenery.dice.pick(0.3, &[0.5]),
                    hex(0xF6EFC9),
                );
            }
        });
    }
    Stage {
        size,
        horizon: scenery.y(0.7),
        ground_top: scenery.y(0.76),
        ground_bottom: scenery.y(0.9),
        sky_bottom: scenery.y(0.6),
        water: None,
        medium: Medium::Plain,
    }
}

/// Up in the sky: clouds below and around.
pub(super) fn open(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let size = scenery.size;
    draw(pen, scenery, size.height);
    let white = match scenery.light.time {
        TimeOfDay::Night => hex(0x46538C),
        TimeOfDay::Sunset => hex(0xFBC3A2),
        _ => hex(0xFFFFFF),
    };
    pen.group_of(
        Meaning {
            distance: None,
            ..CLOUDS
        },
        "sea of clouds",
        |pen| {
            for (row, share) in [(0.93, 0.3), (1.0, 0.36)] {
                for index in 0..4 {
                    let x = size.width * (f64::from(index) + scenery.dice.range(0.2, 0.8)) / 4.0;
                    let y = size.height * row;
                    let rx = size.width * share * 0.5;
                    pen.fill(
                        "cloud bank",
                        ellipse((x, y), (rx, rx * 0.36)),
                        if row < 0.95 {
                            white.lighten(-0.04)
                        } else {
                            white
                        },
                    );
                }
            }
        },
    );
    Stage {
        size,
        horizon: scenery.y(0.7),
        ground_top: scenery.y(0.3),
        ground_bottom: scenery.y(0.86),
        sky_bottom: scenery.y(0.82),
        water: None,
        medium: Medium::Weightless,
    }
}

/// Outer space: stars, nebula, a planet or two.
pub(super) fn space(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) -> Stage {
    let (size, unit) = (scenery.size, scenery.unit);
    pen.group_of(SKY, "space", |pen| {
        pen.fill(
            "space",
            scenery.band(0.0),
            vertical(
                0.0,
                size.height,
                &[(0.0, hex(0x0E1230)), (1.0, hex(0x2B2459))],
            ),
        );
        for (color, y) in [(0x242056, 0.32), (0x2E2868, 0.66)] {
            let points: Vec<(f64, f64)> = (0..10)
                .map(|index| {
                    let angle = std::f64::consts::TAU * f64::from(index) / 10.0;
                    let reach = scenery.dice.range(0.8, 1.15);
                    (
                        size.width * (0.5 + 0.44 * reach * angle.cos()),
                        size.height * (y + 0.13 * reach * angle.sin() - 0.12 * angle.cos()),
                    )
                })
                .collect();
            pen.blob("nebula", &points, hex(color));
        }
        for _ in 0..60 {
            let at = (
                scenery.dice.range(0.01, 0.99) * size.width,
                scenery.dice.range(0.01, 0.99) * size.height,
            );
            let radius = unit * scenery.dice.pick(0.22, &[0.34, 0.5]);
            pen.circle("star", at, radius, hex(0xF3EED2));
        }
        for _ in 0..6 {
            let at = (
                scenery.dice.range(0.06, 0.94) * size.width,
                scenery.dice.range(0.06, 0.94) * size.height,
            );
            pen.fill(
                "bright star",
                rounded_polygon(&star_points(4, at, unit * 1.9, unit * 0.55), unit * 0.1),
                hex(0xFFF6D6),
            );
        }
    });
    if scenery.own_sun {
        pen.group("planets", |pen| {
            let left = scenery.dice.chance(0.5);
            for (x, y, high) in [
                (if left { 0.14 } else { 0.86 }, 0.22, 13.0),
                (if left { 0.9 } else { 0.1 }, 0.78, 8.0),
            ] {
                if let Some(drawing) =
                    generators::draw_with("planet", &Params::default(), scenery.dice)
                {
                    let foot = (size.width * x, size.height * y + high * unit / 2.0);
                    scenery.stand_unlit(pen, "planet", drawing, foot, high * unit);
                }
            }
        });
    }
    Stage {
        size,
        horizon: scenery.y(0.7),
        ground_top: scenery.y(0.3),
        ground_bottom: scenery.y(0.88),
        sky_bottom: scenery.y(0.9),
        water: None,
        medium: Medium::Weightless,
    }
}
