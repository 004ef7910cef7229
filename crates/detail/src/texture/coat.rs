//! Coats of animals: tufts of fur along the sides, rows of feathers; few, and only on the largest
//! part.

use chat2svg_vector::{Paint, Shape};
use kurbo::{BezPath, Point, Vec2};

use super::{Surface, chance, joined};
use crate::additions::{filled, stroked};

/// Least share of the canvas that a coat must have to show tufts: on less they look like scratches.
const LEAST_SHARE: f64 = 0.025;
/// Least size of a tuft, in hundredths of the canvas's shorter side, for the same reason.
const LEAST_SIZE: f64 = 1.5;
/// Lightness from which marks in a coat look like dirt.
const PALEST: f32 = 0.86;
/// Least distance between two tufts, in their size.
const APART: f64 = 3.2;
/// How far from the edge tufts begin and end, in their own size: fur shows where a form turns away.
const MARGIN: (f64, f64) = (1.3, 3.2);

/// Tufts of three pointed locks that hang down and outward, near the edge: a face is left smooth.
pub(super) fn fur(surface: &Surface<'_>) -> Vec<Shape> {
    let seen = surface.seen;
    let size = (seen.width().min(seen.height()) * 0.06).min(surface.unit * 2.4);
    let is_small = surface.share < LEAST_SHARE || size < LEAST_SIZE * surface.unit;
    if is_small || surface.item.lightness() > PALEST {
        return Vec::new();
    }
    let middle = seen.center().x;
    let outward = |place: Point| if place.x < middle { -1.0 } else { 1.0 };
    let taken = surface.places_apart(41, 400, APART * size, surface.count(7), |place| {
        let toward_edge = Vec2::new(outward(place) * size, 0.0);
        let held = [
            place - toward_edge * 1.2,
            place + toward_edge * MARGIN.0,
            place + Vec2::new(0.0, -0.4 * size),
            place + Vec2::new(0.9 * size, 1.3 * size),
            place + Vec2::new(-0.9 * size, 1.3 * size),
        ];
        let is_near_edge = !surface.holds(&[place + toward_edge * MARGIN.1]);
        is_near_edge && surface.holds(&held)
    });
    let tufts = taken.iter().map(|&place| {
        let size = size * (0.85 + 0.3 * chance(place));
        tuft(place, size, outward(place))
    });
    let Some(path) = joined(tufts) else {
        return Vec::new();
    };
    let lift = if surface.item.lightness() < 0.4 {
        0.05
    } else {
        -0.042
    };
    let paint = Paint::Solid(surface.tone(lift));
    vec![filled(surface.label("fur"), path, paint, 0.8)]
}

/// Three locks with pointed tips, the middle one the longest, leaning outward.
fn tuft(root: Point, size: f64, out: f64) -> BezPath {
    let mut path = BezPath::new();
    let at = |x: f64, y: f64| Point::new(root.x + out * x * size, root.y + y * size);
    path.move_to(at(-0.7, -0.1));
    for (tip, notch) in [
        ((-0.55, 0.75), (-0.2, 0.25)),
        ((0.2, 1.15), (0.3, 0.3)),
        ((0.85, 0.85), (0.7, -0.1)),
    ] {
        let from = path.elements().len();
        let bend = if from == 1 { -0.75 } else { tip.0 - 0.3 };
        path.quad_to(at(bend, 0.6 * tip.1), at(tip.0, tip.1));
        path.quad_to(
            at(tip.0 * 0.6 + notch.0 * 0.4, 0.6 * tip.1),
            at(notch.0, notch.1),
        );
    }
    path.quad_to(at(0.0, -0.3), at(-0.7, -0.1));
    path.close_path();
    path
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
    let Some(path) = joined(marks) else {
        return Vec::new();
    };
    let lift = if surface.item.lightness() < 0.4 {
        0.09
    } else {
        -0.07
    };
    let color = surface.tone(lift);
    vec![stroked(
        surface.label("feathers"),
        path,
        color,
        size * 0.2,
        0.7,
    )]
}
