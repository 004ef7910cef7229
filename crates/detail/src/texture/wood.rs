//! Wood: bark on trunks, grain along boards, boards of a floor.

use chat2svg_vector::Shape;
use kurbo::{BezPath, Point, Vec2};

use super::{Surface, chance, joined};
use crate::additions::stroked;

/// Slightly wavy lines along an axis, where the surface is seen along them.
fn fibres(
    surface: &Surface<'_>,
    salt: u64,
    count: usize,
    length: f64,
    along: Vec2,
) -> Option<BezPath> {
    let across = Vec2::new(-along.y, along.x);
    let marks = surface
        .places(salt)
        .take(count * 10)
        .filter_map(|place| {
            let reach = length * (0.6 + 0.8 * chance(place));
            let sway = reach * 0.06 * if chance(place) > 0.5 { 1.0 } else { -1.0 };
            let (from, to) = (place - along * reach * 0.5, place + along * reach * 0.5);
            let side = across * (reach * 0.05).min(surface.unit * 0.6);
            let held = [from, place + side, place - side, to];
            surface.holds(&held).then(|| {
                let mut path = BezPath::new();
                path.move_to(from);
                path.curve_to(
                    from.lerp(to, 0.33) + across * sway,
                    from.lerp(to, 0.66) - across * sway,
                    to,
                );
                path
            })
        })
        .take(count);
    joined(marks)
}

/// Furrows up and down a trunk, and their lit edges.
pub(super) fn bark(surface: &Surface<'_>) -> Vec<Shape> {
    let length = surface.seen.height() * 0.24;
    let width = (surface.seen.width() * 0.05).clamp(surface.unit * 0.15, surface.unit * 0.6);
    let up = Vec2::new(0.0, 1.0);
    let mut shapes = Vec::new();
    for (salt, count, lift, name) in [(11, 6, -0.09, "bark"), (12, 3, 0.07, "lit bark")] {
        if let Some(path) = fibres(surface, salt, surface.count(count), length, up) {
            let color = surface.tone(lift);
            shapes.push(stroked(surface.label(name), path, color, width, 0.75));
        }
    }
    shapes
}

/// Long lines with the grain, which runs along the longer side.
pub(super) fn grain(surface: &Surface<'_>) -> Vec<Shape> {
    let seen = surface.seen;
    let (long, thick, along) = if seen.width() >= seen.height() {
        (seen.width(), seen.height(), Vec2::new(1.0, 0.0))
    } else {
        (seen.height(), seen.width(), Vec2::new(0.0, 1.0))
    };
    let width = (thick * 0.035).clamp(surface.unit * 0.12, surface.unit * 0.4);
    let mut shapes = Vec::new();
    for (salt, count, lift, name) in [(13, 6, -0.07, "grain"), (14, 3, 0.06, "lit grain")] {
        if let Some(path) = fibres(surface, salt, surface.count(count), long * 0.22, along) {
            let color = surface.tone(lift);
            shapes.push(stroked(surface.label(name), path, color, width, 0.7));
        }
    }
    shapes
}

/// Grain and knots on the boards of a floor, larger toward the viewer.
pub(super) fn floor(surface: &Surface<'_>) -> Vec<Shape> {
    let unit = surface.unit;
    let lines = fibres(
        surface,
        15,
        surface.count(9),
        unit * 14.0,
        Vec2::new(1.0, 0.0),
    );
    let knots = surface
        .places(16)
        .take(40)
        .filter_map(|place| {
            let size = unit * (0.5 + 1.0 * surface.nearness(place.y));
            let held = [
                place,
                place + Vec2::new(2.4 * size, 0.0),
                place - Vec2::new(2.4 * size, 0.0),
                place + Vec2::new(0.0, size),
                place - Vec2::new(0.0, size),
            ];
            surface.holds(&held).then(|| knot(place, size))
        })
        .take(surface.count(3));
    let knots = joined(knots);
    [(lines, 0.26, "grain"), (knots, 0.24, "knots")]
        .into_iter()
        .filter_map(|(path, width, name)| {
            let color = surface.tone(-0.08);
            Some(stroked(
                surface.label(name),
                path?,
                color,
                unit * width,
                0.6,
            ))
        })
        .collect()
}

/// An eye in the grain: a small ring and the fibres that run around it.
fn knot(center: Point, size: f64) -> BezPath {
    let mut path = BezPath::new();
    for (half, thick) in [(0.7, 0.3), (2.2, 0.75)] {
        path.move_to((center.x - half * size, center.y));
        path.quad_to(
            (center.x, center.y - thick * size),
            (center.x + half * size, center.y),
        );
        path.move_to((center.x + half * size, center.y + 0.06 * size));
        path.quad_to(
            (center.x, center.y + thick * size),
            (center.x - half * size, center.y + 0.06 * size),
        );
    }
    path
}
