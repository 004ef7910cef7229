//! Leaves of a crown: small arcs, light on the side of the light and dark on the other.

use chat2svg_vector::Shape;
use kurbo::{BezPath, Point, Vec2};

use super::{Surface, chance, joined};
use crate::additions::stroked;

pub(super) fn leaves(surface: &Surface<'_>) -> Vec<Shape> {
    let seen = surface.seen;
    let size =
        (seen.width().min(seen.height()) * 0.045).clamp(surface.unit * 0.4, surface.unit * 1.6);
    let toward = Vec2::new(
        f64::from(surface.context.light.direction[0]),
        f64::from(surface.context.light.direction[1]),
    );
    let found: Vec<(Point, bool)> = surface
        .places(31)
        .take(120)
        .filter(|place| {
            let far = Vec2::new(1.4 * size, 1.2 * size);
            surface.holds(&[*place - far, *place + far, *place])
        })
        .map(|place| {
            let from_middle = place - seen.center();
            (place, from_middle.dot(toward) > 0.0)
        })
        .take(surface.count(14))
        .collect();
    [
        (true, 0.05, "lit leaves"),
        (false, -0.05, "leaves in shade"),
    ]
    .into_iter()
    .filter_map(|(lit, lift, name)| {
        let marks = found
            .iter()
            .filter(|(_, is_lit)| *is_lit == lit)
            .map(|(place, _)| arc(*place, size * (0.8 + 0.5 * chance(*place))));
        let path = joined(marks)?;
        let color = surface.tone(lift);
        Some(stroked(surface.label(name), path, color, size * 0.42, 0.8))
    })
    .collect()
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
