//! Draws a layer's outline within a tolerance that varies along the contour, so that its curves do
//! not cross each other. `trace` finds contours and fits curves.

use chat2svg_vector::ByteCost;
use kurbo::{BezPath, PathEl, Point};

use crate::{
    contours::{CLEARANCE, contours, fit_closed, signed_area},
    crossing::crossings,
    picture::{Pixel, squared_distance},
    stack::Layer,
};

/// Contours that enclose less, in pixels, are dropped.
pub(crate) const LEAST_CONTOUR: f64 = 1.5;
/// How many times the tolerance an outline may be off where its two sides look alike.
const LOOSEST: f64 = 3.0;
/// Points to either side over which the contrast of both sides is averaged.
const CONTRAST_REACH: usize = 3;
/// Pixels around a crossing in which the contour is followed more closely.
const AROUND: f64 = 4.0;
/// Factor of the slack at those points, each time.
const TIGHTENING: f64 = 0.35;
/// Most times; what still crosses then is drawn as the contour itself, which crosses nothing.
const ATTEMPTS: usize = 5;

/// What the tolerance of an outline depends on.
#[derive(Clone, Copy)]
pub(crate) struct ContourTolerance<'a> {
    /// How far it may be off in pixels, where both sides differ clearly.
    pub(crate) tolerance: f64,
    /// Squared error in pixels that a byte must save.
    pub(crate) per_byte: f64,
    /// The picture with its edges made steps, row by row.
    pub(crate) sharp: &'a [Pixel],
    /// Its width in pixels.
    pub(crate) width: usize,
    /// Contours that enclose less, in pixels, are dropped.
    pub(crate) least_area: f64,
    /// Pixels of the fitting resolution, in which crossings are judged, per pixel here.
    pub(crate) scale: f64,
}

/// A contour on the way to becoming an outline.
struct Line {
    points: Vec<Point>,
    /// The same points a little away from pixel centres, so that no two parts of contours touch.
    clear: Vec<Point>,
    /// How far the outline may be from each.
    slack: Vec<f64>,
    restores_corners: bool,
    /// Whether it is drawn from point to point, without curves.
    is_polygon: bool,
}

/// The outline of a layer's visible and hidden borders.
pub(crate) fn outline(layer: &Layer, limits: ContourTolerance<'_>) -> BezPath {
    let mut lines: Vec<Line> = contours(&layer.field, 0.0)
        .into_iter()
        .zip(contours(&layer.field, CLEARANCE))
        .filter(|(points, _)| signed_area(points).abs() >= limits.least_area)
        .map(|(points, clear)| Line {
            slack: slack(&points, layer, limits),
            points,
            clear,
            restores_corners: true,
            is_polygon: false,
        })
        .collect();
    let mut path = fitted(&lines);
    for _ in 0..ATTEMPTS {
        let places = crossings(&path, limits.scale);
        if places.is_empty() {
            break;
        }
        for line in &mut lines {
            line.keep_to_contour(&places);
        }
        path = fitted(&lines);
    }
    // First those that cross; what curves beside them then still meet, last of all.
    for is_last in [false, true] {
        let places = crossings(&path, limits.scale);
        if places.is_empty() {
            break;
        }
        for line in &mut lines {
            line.is_polygon |= is_last || line.is_near(&places);
        }
        path = fitted(&lines);
    }
    path
}

impl Line {
    fn is_near(&self, places: &[Point]) -> bool {
        let near = |point: &Point| places.iter().any(|place| place.distance(*point) <= AROUND);
        self.points.iter().any(near)
    }

    /// Follows the contour more closely around some places.
    fn keep_to_contour(&mut self, places: &[Point]) {
        for index in 0..self.points.len() {
            let point = self.points[index];
            if places.iter().any(|place| place.distance(point) <= AROUND) {
                self.points[index] = self.clear[index];
                self.slack[index] *= TIGHTENING;
                self.restores_corners = false;
            }
        }
    }
}

fn fitted(lines: &[Line]) -> BezPath {
    let mut path = BezPath::new();
    for line in lines {
        if line.is_polygon {
            let points = line.clear.iter().enumerate();
            path.extend(points.map(|(index, point)| match index {
                0 => PathEl::MoveTo(*point),
                _ => PathEl::LineTo(*point),
            }));
            path.close_path();
            continue;
        }
        fit_closed(&line.points, &line.slack, line.restores_corners, &mut path);
    }
    path
}

/// How far an outline may be from each point of a contour: little where one would see it, more
/// where both sides look alike and following every turn would cost more bytes than it gains.
fn slack(points: &[Point], layer: &Layer, limits: ContourTolerance<'_>) -> Vec<f64> {
    let (sharp, width) = (limits.sharp, limits.width);
    let height = sharp.len() / width.max(1);
    let pixel = |x: f64, y: f64| {
        // Contours run between pixel centres; the nearest pixel stands for what is off the canvas.
        let at = |value: f64, side: usize| (value.max(0.0) as usize).min(side.saturating_sub(1));
        sharp.get(at(y, height) * width + at(x, width))
    };
    let contrasts: Vec<f64> = points
        .iter()
        .map(|point| {
            let (x, y) = (point.x - 0.5, point.y - 0.5);
            let sides = pixel(x.floor(), y.floor()).zip(pixel(x.ceil(), y.ceil()));
            sides.map_or(0.0, |(a, b)| f64::from(squared_distance(*a, *b)))
        })
        .collect();
    let count = points.len();
    let tolerance = limits.tolerance;
    (0..count)
        .map(|index| {
            if layer.is_hidden(points[index]) {
                return tolerance.max(1.0);
            }
            let around = (0..=2 * CONTRAST_REACH).map(|step| {
                contrasts[(index + count * CONTRAST_REACH + step - CONTRAST_REACH) % count]
            });
            let contrast = around.sum::<f64>() / (2 * CONTRAST_REACH + 1) as f64;
            let affordable = ByteCost::TOLERANCE * limits.per_byte / contrast.max(1e-6);
            affordable.clamp(tolerance, LOOSEST * tolerance)
        })
        .collect()
}
