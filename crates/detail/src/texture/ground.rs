//! What lies underfoot, in perspective: grass, water, sand, snow. Marks grow toward the viewer.

use chat2svg_vector::{Color, Paint, Shape};
use kurbo::{BezPath, Point};

use super::{Surface, chance, joined};
use crate::{
    additions::{filled, stroked},
    light::Source,
};

/// Least lenses of a light's track.
const LEAST_OF_TRACK: usize = 3;

/// A flat lens with pointed ends.
fn lens(center: Point, half: f64, thick: f64) -> BezPath {
    let mut path = BezPath::new();
    path.move_to((center.x - half, center.y));
    path.quad_to((center.x, center.y - thick), (center.x + half, center.y));
    path.quad_to((center.x, center.y + thick), (center.x - half, center.y));
    path.close_path();
    path
}

/// Lenses spread over the surface, where it is seen at both ends and the middle.
fn lenses(
    surface: &Surface<'_>,
    salt: u64,
    count: usize,
    size: impl Fn(f64) -> (f64, f64),
) -> Option<BezPath> {
    let marks = surface
        .places(salt)
        .take(count * 5)
        .filter_map(|place| {
            let (half, thick) = size(surface.nearness(place.y));
            let half = half * (0.7 + 0.6 * chance(place));
            let ends = [
                place,
                place - kurbo::Vec2::new(half, 0.0),
                place + kurbo::Vec2::new(half, 0.0),
                place - kurbo::Vec2::new(0.0, thick),
                place + kurbo::Vec2::new(0.0, thick),
            ];
            surface.holds(&ends).then(|| lens(place, half, thick))
        })
        .take(count);
    joined(marks)
}

/// Broad patches of lighter grass, and tufts in front.
pub(super) fn grass(surface: &Surface<'_>) -> Vec<Shape> {
    let unit = surface.unit;
    let patches = lenses(surface, 1, surface.count(3), |near| {
        (unit * (6.0 + 14.0 * near), unit * (1.1 + 3.4 * near))
    });
    let near: Vec<Point> = surface
        .places(2)
        .take(90)
        .filter(|place| {
            // More of them the nearer the ground.
            let near = surface.nearness(place.y);
            near > 0.25 && chance(*place) < near
        })
        .filter(|place| surface.holds(&[*place, *place - kurbo::Vec2::new(0.0, unit)]))
        .take(surface.count(11))
        .collect();
    let tufts = |far: bool| {
        let of_band = |place: &&Point| (surface.nearness(place.y) < 0.68) == far;
        joined(
            near.iter()
                .filter(of_band)
                .map(|place| tuft(surface, *place)),
        )
    };
    let mut shapes = Vec::new();
    if let Some(path) = patches {
        let paint = Paint::Solid(surface.tone(0.04));
        shapes.push(filled(surface.label("patches"), path, paint, 0.35));
    }
    for (far, width) in [(true, 0.28), (false, 0.5)] {
        if let Some(path) = tufts(far) {
            let color = surface.tone(-0.1);
            shapes.push(stroked(
                surface.label("blades"),
                path,
                color,
                unit * width,
                0.8,
            ));
        }
    }
    shapes
}

fn tuft(surface: &Surface<'_>, foot: Point) -> BezPath {
    let size = surface.unit * (0.5 + 1.5 * surface.nearness(foot.y));
    let lean = chance(foot) - 0.5;
    let mut path = BezPath::new();
    for (from, bend, tall) in [
        (-0.45, -0.7, 0.8),
        (0.0, lean * 0.6, 1.35),
        (0.45, 0.75, 0.9),
    ] {
        let root = Point::new(foot.x + from * size, foot.y);
        path.move_to(root);
        path.quad_to(
            (root.x + 0.1 * bend * size, root.y - 0.7 * tall * size),
            (root.x + bend * size, root.y - tall * size),
        );
    }
    path
}

/// Ripples, denser toward the horizon, and under a low sun or the moon its track.
pub(super) fn water(surface: &Surface<'_>) -> Vec<Shape> {
    let unit = surface.unit;
    let size = |near: f64| (unit * (1.6 + 7.0 * near), unit * (0.12 + 0.5 * near));
    let mut shapes = Vec::new();
    for (salt, lift, name) in [(3, 0.09, "bright ripples"), (4, -0.06, "dark ripples")] {
        if let Some(path) = lenses(surface, salt, surface.count(6), size) {
            let paint = Paint::Solid(surface.tone(lift));
            shapes.push(filled(surface.label(name), path, paint, 0.6));
        }
    }
    shapes.extend(track(surface));
    shapes
}

/// The broken mirror image of a light above the water: lenses that grow wider toward the viewer.
fn track(surface: &Surface<'_>) -> Option<Shape> {
    let source = surface.context.light.position?;
    let color = match surface.context.light.source {
        Source::LowSun => Color::from_rgb8(255, 226, 160),
        Source::Moon => Color::from_rgb8(240, 240, 222),
        _ => return None,
    };
    let (top, bottom) = (surface.horizon, surface.context.view.y1);
    let rows = 15;
    let marks = (0..rows).map(|row| {
        let share = (f64::from(row) + 0.5) / f64::from(rows);
        // Rows lie closer together the farther they are.
        let y = top + (bottom - top) * share.powf(1.5);
        let wobble = chance(Point::new(share, 0.37)) - 0.5;
        let half = surface.unit * (3.2 + 5.0 * share) * (1.0 - 0.45 * (2.0 * wobble).abs());
        let center = Point::new(source.x + wobble * surface.unit * (2.0 + 5.0 * share), y);
        let thick = surface.unit * (0.3 + 0.9 * share);
        let seen = surface.holds(&[center])
            && surface.holds(&[center - kurbo::Vec2::new(half * 0.6, 0.0)])
            && surface.holds(&[center + kurbo::Vec2::new(half * 0.6, 0.0)]);
        seen.then(|| lens(center, half, thick))
    });
    // Where a boat or the shore ends it, it does not begin again: one lens by itself is no track.
    let marks: Vec<BezPath> = marks
        .skip_while(Option::is_none)
        .map_while(|mark| mark)
        .collect();
    if marks.len() < LEAST_OF_TRACK {
        return None;
    }
    let path = joined(marks)?;
    let color = surface.context.palette.at(color.to_oklab());
    let opacity = 0.62 * surface.strength;
    Some(filled(
        surface.label("light track"),
        path,
        Paint::Solid(color),
        opacity,
    ))
}

/// Ridges that the wind has drawn: low crescents with pointed ends, the shade of a ridge and its
/// lit back above.
pub(super) fn sand(surface: &Surface<'_>) -> Vec<Shape> {
    let unit = surface.unit;
    let ridges: Vec<(Point, f64)> = surface
        .places(5)
        .take(90)
        .filter_map(|place| {
            let half =
                unit * (2.2 + 6.0 * surface.nearness(place.y)) * (0.75 + 0.5 * chance(place));
            let ends = [
                place,
                Point::new(place.x - half, place.y),
                Point::new(place.x + half, place.y),
                Point::new(place.x, place.y - 0.16 * half),
            ];
            surface.holds(&ends).then_some((place, half))
        })
        .take(surface.count(6))
        .collect();
    // Outer and inner bend of a crescent: the wind leaves the steep side of a ridge in shade.
    let crescents = |outer: f64, inner: f64| {
        joined(ridges.iter().map(|(place, half)| {
            let bend = 0.35 * half * (chance(*place) - 0.5);
            let mut path = BezPath::new();
            path.move_to((place.x - half, place.y));
            path.quad_to(
                (place.x + bend, place.y - outer * half),
                (place.x + half, place.y),
            );
            path.quad_to(
                (place.x + bend, place.y - inner * half),
                (place.x - half, place.y),
            );
            path.close_path();
            path
        }))
    };
    let mut shapes = Vec::new();
    for (outer, inner, lift, name) in [
        (0.3, 0.17, 0.04, "lit ripples"),
        (0.17, 0.02, -0.045, "ripples"),
    ] {
        if let Some(path) = crescents(outer, inner) {
            let paint = Paint::Solid(surface.tone(lift));
            shapes.push(filled(surface.label(name), path, paint, 0.7));
        }
    }
    shapes
}

/// Hollows in blue shade, and crystals that catch the light.
pub(super) fn snow(surface: &Surface<'_>) -> Vec<Shape> {
    let unit = surface.unit;
    let hollows = lenses(surface, 6, surface.count(4), |near| {
        (unit * (4.0 + 10.0 * near), unit * (0.7 + 2.2 * near))
    });
    let sparkles = surface
        .places(7)
        .take(60)
        .filter(|place| surface.holds(&[*place]))
        .take(surface.count(12))
        .map(|place| {
            let reach = unit * (0.3 + 0.5 * surface.nearness(place.y));
            let waist = reach * 0.22;
            let mut path = BezPath::new();
            path.move_to((place.x, place.y - reach));
            for (x, y) in [
                (waist, -waist),
                (reach, 0.0),
                (waist, waist),
                (0.0, reach),
                (-waist, waist),
                (-reach, 0.0),
                (-waist, -waist),
            ] {
                path.line_to((place.x + x, place.y + y));
            }
            path.close_path();
            path
        });
    let sparkles = joined(sparkles);
    let mut shapes = Vec::new();
    if let Some(path) = hollows {
        let paint = Paint::Solid(surface.tone(-0.04));
        shapes.push(filled(surface.label("hollows"), path, paint, 0.45));
    }
    if let Some(path) = sparkles {
        let paint = Paint::Solid(surface.tone(0.3));
        shapes.push(filled(surface.label("sparkle"), path, paint, 0.9));
    }
    shapes
}
