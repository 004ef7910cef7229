//! What is built: a few bricks of a wall, stones of a castle, tiles of a roof. The eye adds the
//! others.

use chat2svg_vector::{Paint, Shape};
use kurbo::{BezPath, Point, Rect, Shape as _, Vec2};

use super::{Surface, chance, joined};
use crate::additions::{filled, stroked};

/// Cells of a bond over the surface, picked evenly: every second course is shifted by half a cell.
fn courses(surface: &Surface<'_>, salt: u64, cell: Vec2, count: usize) -> Vec<Rect> {
    let origin = surface.seen.origin();
    let mut taken: Vec<(i64, i64)> = Vec::new();
    let mut found = Vec::new();
    for place in surface.places(salt).take(count * 8) {
        let row = ((place.y - origin.y) / cell.y).floor();
        let shift = if row as i64 % 2 == 0 { 0.0 } else { 0.5 };
        let column = ((place.x - origin.x) / cell.x - shift).floor();
        let key = (row as i64, column as i64);
        let corner = Point::new(
            origin.x + (column + shift) * cell.x,
            origin.y + row * cell.y,
        );
        let box_of = Rect::from_origin_size(corner, cell.to_size());
        let corners = [
            Point::new(box_of.x0, box_of.y0),
            Point::new(box_of.x1, box_of.y0),
            Point::new(box_of.x0, box_of.y1),
            Point::new(box_of.x1, box_of.y1),
            box_of.center(),
        ];
        if found.len() < count && !taken.contains(&key) && surface.holds(&corners) {
            taken.push(key);
            found.push(box_of);
        }
    }
    found
}

/// Single bricks and pairs of them, darker and lighter than the wall.
pub(super) fn bricks(surface: &Surface<'_>) -> Vec<Shape> {
    let tall = (surface.seen.height() / 12.0).clamp(surface.unit * 0.8, surface.unit * 2.2);
    let cell = Vec2::new(tall * 2.3, tall);
    let found = courses(surface, 21, cell, surface.count(10));
    blocks(surface, &found, tall * 0.14, 0.0, "bricks")
}

/// Larger stones with round corners.
pub(super) fn stones(surface: &Surface<'_>) -> Vec<Shape> {
    let tall = (surface.seen.height() / 13.0).clamp(surface.unit * 0.9, surface.unit * 2.6);
    let cell = Vec2::new(tall * 1.8, tall);
    let found = courses(surface, 22, cell, surface.count(10));
    blocks(surface, &found, tall * 0.12, tall * 0.22, "stones")
}

fn blocks(
    surface: &Surface<'_>,
    found: &[Rect],
    mortar: f64,
    corner: f64,
    name: &str,
) -> Vec<Shape> {
    let of_tone = |dark: bool| {
        let marks = found
            .iter()
            .filter(|cell| (chance(cell.center()) < 0.62) == dark)
            .map(|cell| {
                cell.inset(-mortar * 0.5)
                    .to_rounded_rect(corner)
                    .to_path(0.2)
            });
        joined(marks)
    };
    [(true, -0.07), (false, 0.05)]
        .into_iter()
        .filter_map(|(dark, lift)| {
            let paint = Paint::Solid(surface.tone(lift));
            Some(filled(surface.label(name), of_tone(dark)?, paint, 0.6))
        })
        .collect()
}

/// The rounded lower edges of tiles.
pub(super) fn tiles(surface: &Surface<'_>) -> Vec<Shape> {
    let tall = (surface.seen.height() / 6.0).clamp(surface.unit * 0.9, surface.unit * 2.6);
    let cell = Vec2::new(tall * 1.3, tall);
    let marks = courses(surface, 23, cell, surface.count(12))
        .into_iter()
        .map(|cell| {
            let mut path = BezPath::new();
            let y = cell.y0 + 0.35 * cell.height();
            path.move_to((cell.x0, y));
            path.quad_to((cell.center().x, cell.y1), (cell.x1, y));
            path
        });
    joined(marks)
        .map(|path| {
            let width = surface.unit * 0.3;
            stroked(
                surface.label("tiles"),
                path,
                surface.tone(-0.08),
                width,
                0.7,
            )
        })
        .into_iter()
        .collect()
}
