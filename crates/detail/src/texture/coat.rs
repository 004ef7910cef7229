//! Coats of animals: ticks of fur, rows of feathers; few, and only on the largest part.

use chat2svg_vector::Shape;
use kurbo::{BezPath, Point, Vec2};

use super::{Surface, chance, joined};
use crate::additions::stroked;

/// Pairs of short strokes that hang down and outward.
pub(super) fn fur(surface: &Surface<'_>) -> Vec<Shape> {
    let seen = surface.seen;
    let size =
        (seen.width().min(seen.height()) * 0.05).clamp(surface.unit * 0.5, surface.unit * 2.0);
    let middle = seen.center().x;
    let marks = surface
        .places(41)
        .take(90)
        .filter_map(|place| {
            let out = ((place.x - middle) / (seen.width() * 0.5).max(1e-9)).clamp(-1.0, 1.0);
            let hang = Vec2::new(0.55 * out, 1.0) * size * (0.8 + 0.5 * chance(place));
            let beside = Vec2::new(0.75 * size, -0.15 * size);
            let held = [
                place,
                place + hang,
                place + beside,
                place + beside + hang,
                place - Vec2::new(size, 0.0),
                place + Vec2::new(1.8 * size, 0.0),
            ];
            surface.holds(&held).then(|| {
                let mut path = BezPath::new();
                for (root, length) in [(place, 1.0), (place + beside, 0.75)] {
                    let tip = root + hang * length;
                    path.move_to(root);
                    path.quad_to(root.lerp(tip, 0.5) + Vec2::new(0.18 * size, 0.0), tip);
                }
                path
            })
        })
        .take(surface.count(9));
    one(surface, joined(marks), "fur", size * 0.2)
}

/// Scallops in staggered rows over the breast.
pub(super) fn feathers(surface: &Surface<'_>) -> Vec<Shape> {
    let seen = surface.seen;
    let size =
        (seen.width().min(seen.height()) * 0.085).clamp(surface.unit * 0.5, surface.unit * 2.4);
    let mut marks = Vec::new();
    for row in 0..4 {
        for column in 0..4 {
            let shift = if row % 2 == 0 { 0.0 } else { 1.1 };
            let center = Point::new(
                seen.center().x + ((f64::from(column) - 1.75) * 2.2 + shift) * size,
                seen.center().y + (f64::from(row) * 1.7 - 1.0) * size,
            );
            let held = [
                center - Vec2::new(size, 0.2 * size),
                center + Vec2::new(size, -0.2 * size),
                center + Vec2::new(0.0, size),
            ];
            if surface.holds(&held) {
                let mut path = BezPath::new();
                path.move_to(center - Vec2::new(0.8 * size, 0.2 * size));
                path.quad_to(
                    center + Vec2::new(0.0, 1.2 * size),
                    center + Vec2::new(0.8 * size, -0.2 * size),
                );
                marks.push(path);
            }
        }
    }
    marks.truncate(surface.count(12));
    one(surface, joined(marks), "feathers", size * 0.22)
}

fn one(surface: &Surface<'_>, path: Option<BezPath>, name: &str, width: f64) -> Vec<Shape> {
    path.map(|path| {
        let lift = if surface.item.lightness() < 0.4 {
            0.09
        } else {
            -0.08
        };
        stroked(surface.label(name), path, surface.tone(lift), width, 0.7)
    })
    .into_iter()
    .collect()
}
