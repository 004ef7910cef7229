//! Leaves of a crown: a few small arcs on the side of the light. In its shade they would look like
//! scales.

use chat2svg_vector::Shape;
use kurbo::{BezPath, Point, Vec2};

use super::{Surface, chance, joined};
use crate::additions::stroked;

/// Least distance between two arcs, in their size.
const APART: f64 = 3.0;

pub(super) fn leaves(surface: &Surface<'_>) -> Vec<Shape> {
    let seen = surface.seen;
    let size =
        (seen.width().min(seen.height()) * 0.045).clamp(surface.unit * 0.4, surface.unit * 1.6);
    let toward = Vec2::new(
        f64::from(surface.context.light.direction[0]),
        f64::from(surface.context.light.direction[1]),
    );
    let taken = surface.places_apart(31, 160, APART * size, surface.count(10), |place| {
        let far = Vec2::new(1.4 * size, 1.2 * size);
        let is_lit = (place - seen.center()).dot(toward) > 0.0;
        is_lit && surface.holds(&[place - far, place + far, place])
    });
    let marks = taken
        .iter()
        .map(|place| arc(*place, size * (0.8 + 0.5 * chance(*place))));
    let Some(path) = joined(marks) else {
        return Vec::new();
    };
    let color = surface.tone(0.055);
    vec![stroked(
        surface.label("lit leaves"),
        path,
        color,
        size * 0.42,
        0.8,
    )]
}

/// An arc open below, as the upper edge of a tuft of leaves.
fn arc(center: Point, size: f64) -> BezPath {
    let mut path = BezPath::new();
    path.move_to((center.x - size, center.y + 0.35 * size));
    path.quad_to(
        (center.x, center.y - 0.9 * size),
        (center.x + size, center.y + 0.35 * size),
    );
    path
}
