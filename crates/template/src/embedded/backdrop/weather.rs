//! What falls from the sky or veils it, in front of everything.

use chat2svg_vector::{Drawn, Fill, FillRule, Meaning, Node, Paint, Shape};
use kurbo::BezPath;

use super::{Scenery, WEATHER};
use crate::embedded::art::pen::{Pen, ellipse, path_data, stroked};
use crate::embedded::art::tone::hex;
use crate::embedded::scene::Weather;

/// Draws the weather in front of the objects.
pub(super) fn fall(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) {
    match scenery.weather {
        Some(Weather::Rain) => rain(pen, scenery, 46),
        Some(Weather::Storm) => {
            lightning(pen, scenery);
            rain(pen, scenery, 60);
        }
        Some(Weather::Snowfall) => snowfall(pen, scenery),
        Some(Weather::Fog) => fog(pen, scenery),
        Some(Weather::Wind) => wind(pen, scenery),
        Some(Weather::Clouds) | None => {}
    }
}

/// Points spread evenly over the canvas: a jittered grid, so that there are no clumps and no gaps.
fn scattered(scenery: &mut Scenery<'_, '_>, count: usize) -> Vec<(f64, f64)> {
    let (width, height) = (scenery.size.width, scenery.size.height);
    let columns = ((count as f64 * width / height).sqrt().ceil() as usize).max(1);
    let rows = count.div_ceil(columns);
    (0..rows * columns)
        .map(|index| {
            let (column, row) = (index % columns, index / columns);
            (
                width * (column as f64 + scenery.dice.range(0.1, 0.9)) / columns as f64,
                height * (row as f64 + scenery.dice.range(0.1, 0.9)) / rows as f64,
            )
        })
        .collect()
}

fn rain(pen: &mut Pen, scenery: &mut Scenery<'_, '_>, count: usize) {
    let unit = scenery.unit;
    // One path for all drops: they are one thing to whoever edits the picture.
    let mut drops = BezPath::new();
    for (x, y) in scattered(scenery, count) {
        let length = unit * scenery.dice.range(2.6, 4.4);
        drops.move_to((x, y));
        drops.line_to((x - length * 0.28, y + length));
    }
    pen.group_of(WEATHER, "rain", |pen| {
        let mut shape = stroked("raindrops", drops, unit * 0.5, hex(0xD6EAF8));
        shape.opacity = 0.75;
        pen.push(Node::Shape(shape));
    });
}

fn lightning(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) {
    let (unit, width) = (scenery.unit, scenery.size.width);
    let x = width * scenery.dice.pick(0.16, &[0.82, 0.72]);
    let y = scenery.y(0.2);
    pen.group_of(WEATHER, "lightning", |pen| {
        let mut bolt = path_data("M8 0 L-4 17 L3 17 L-6 36 L14 12 L6 12 L14 0Z");
        bolt.apply_affine(kurbo::Affine::translate((x, y)) * kurbo::Affine::scale(unit * 0.8));
        pen.fill("bolt", bolt, hex(0xFFE36B));
    });
}

fn snowfall(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) {
    let unit = scenery.unit;
    pen.group_of(WEATHER, "falling snow", |pen| {
        for (x, y) in scattered(scenery, 54) {
            let radius = unit * scenery.dice.pick(0.45, &[0.65, 0.9]);
            pen.circle("snowflake", (x, y), radius, hex(0xFFFFFF));
        }
    });
}

fn fog(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) {
    let (size, unit) = (scenery.size, scenery.unit);
    pen.group_of(WEATHER, "fog", |pen| {
        for (share, opacity) in [(0.42, 0.4), (0.58, 0.46), (0.76, 0.5), (0.9, 0.4)] {
            let center = (
                size.width * scenery.dice.range(0.3, 0.7),
                size.height * share,
            );
            let path = ellipse(
                center,
                (size.width * 0.72, unit * scenery.dice.range(6.0, 9.0)),
            );
            pen.push(Node::Shape(Shape {
                id: String::new(),
                label: "fog bank".to_owned(),
                meaning: Meaning::NONE,
                drawn: Drawn::Here,
                path,
                fill: Some(Fill {
                    paint: Paint::Solid(hex(0xEEF2F4)),
                    opacity,
                    rule: FillRule::NonZero,
                }),
                stroke: None,
                opacity: 1.0,
            }));
        }
    });
}

fn wind(pen: &mut Pen, scenery: &mut Scenery<'_, '_>) {
    let unit = scenery.unit;
    pen.group_of(WEATHER, "wind", |pen| {
        for (share_x, share_y) in [(0.12, 0.24), (0.56, 0.14), (0.62, 0.46), (0.08, 0.56)] {
            let (x, y) = (
                scenery.size.width * (share_x + scenery.dice.range(-0.04, 0.04)),
                scenery.y(share_y),
            );
            let mut gust = path_data(
                "M0 8 L18 8 C26 8 26 -2 19 -1 C15 0 16 5 19 4 M5 12 L26 12 C33 12 32 20 27 19",
            );
            gust.apply_affine(kurbo::Affine::translate((x, y)) * kurbo::Affine::scale(unit * 0.75));
            let mut shape = stroked("gust", gust, unit * 0.8, hex(0xFFFFFF));
            shape.opacity = 0.8;
            pen.push(Node::Shape(shape));
        }
    });
}
