//! Outlines of equal strength in a blurred picture.

use contour::ContourBuilder;
use kurbo::{BezPath, Point, Rect, Vec2};

use crate::{Document, Group, Metadata, Node};

use super::nodes::weight;
use super::spare::Spare;

/// Standard deviations beyond which nothing is seen of a blur.
pub(super) const REACH: f64 = 3.0;
/// Pixels per standard deviation of the picture in which the blur is measured.
const PIXELS: f64 = 3.0;
/// Fewest of them with which outlines still come out.
const FEWEST_PIXELS: f64 = 1.0;
/// Longest side of that picture.
const MAX_SIDE: f64 = 640.0;
/// How far from a straight line a point may be that is left out, in standard deviations.
const STRAIGHT: f64 = 0.04;

/// The strengths of a blur on a grid.
pub(super) struct Field {
    pub(super) area: Rect,
    cell: f64,
    width: usize,
    height: usize,
    values: Vec<f64>,
    /// The strongest value before blurring.
    pub(super) strongest_before: f32,
    sigma: Vec2,
}

impl Field {
    /// Measures nodes that paint within a rectangle, blurred; `None` when that takes too much.
    pub(super) fn of(
        nodes: &[Node],
        painted: Rect,
        sigma: Vec2,
        spare: &mut Spare,
    ) -> Option<Self> {
        let area = painted.inflate(
            REACH * sigma.x + sigma.x.max(sigma.y) * 0.5,
            REACH * sigma.y + sigma.x.max(sigma.y) * 0.5,
        );
        let narrow = narrow_side(sigma);
        let cell = (narrow / PIXELS).max(area.width().max(area.height()) / MAX_SIDE);
        if !(cell * FEWEST_PIXELS <= narrow && area.is_finite()) {
            return None;
        }
        let (width, height) = ((area.width() / cell).ceil(), (area.height() / cell).ceil());
        let (width, height) = (width.max(3.0) as u32, height.max(3.0) as u32);
        let is_little =
            spare.take_pixels(width as usize * height as usize) && spare.take(weight(nodes));
        is_little.then_some(())?;
        let area = Rect::from_origin_size(
            area.origin(),
            (f64::from(width) * cell, f64::from(height) * cell),
        );
        let document = Document {
            width: area.width(),
            height: area.height(),
            view_box: area,
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: vec![Node::Group(Group {
                children: nodes.to_vec(),
                ..Group::new("")
            })],
        };
        let picture = document.render(width, height, None).ok()?;
        let values: Vec<f32> = picture
            .pixels()
            .iter()
            .map(|pixel| f32::from(pixel[3]) / 255.0)
            .collect();
        let strongest_before = values.iter().copied().fold(0.0, f32::max);
        let (width, height) = (width as usize, height as usize);
        let across = kernel(sigma.x / cell)?;
        let down = kernel(sigma.y / cell)?;
        spare
            .take_pixels(width * height * (across.len() + down.len()) / 8)
            .then_some(())?;
        let values = blurred_rows(&values, width, &across);
        let values = transposed(&values, width, height);
        let values = blurred_rows(&values, height, &down);
        let mut values = transposed(&values, height, width);
        // Outlines close inside the grid.
        for (index, value) in values.iter_mut().enumerate() {
            let (x, y) = (index % width, index / width);
            if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
                *value = 0.0;
            }
        }
        Some(Self {
            area,
            cell,
            width,
            height,
            values: values.into_iter().map(f64::from).collect(),
            strongest_before,
            sigma,
        })
    }

    /// For each threshold the outlines of what is stronger.
    pub(super) fn rings(&self, thresholds: &[f64]) -> Option<Vec<BezPath>> {
        let builder = ContourBuilder::new(self.width, self.height, true)
            .x_step(self.cell)
            .y_step(self.cell)
            .x_origin(self.area.x0)
            .y_origin(self.area.y0);
        let found = builder.lines(&self.values, thresholds).ok()?;
        let narrow = narrow_side(self.sigma);
        let paths = found.into_iter().map(|line| {
            let mut path = BezPath::new();
            for ring in line.geometry().iter() {
                let points: Vec<Point> = ring.0.iter().map(|at| Point::new(at.x, at.y)).collect();
                smooth(&points, narrow * STRAIGHT, &mut path);
            }
            path
        });
        Some(paths.collect())
    }
}

/// The smaller of two deviations that is not zero.
fn narrow_side(sigma: Vec2) -> f64 {
    let least = sigma.x.min(sigma.y);
    if least > 0.0 {
        least
    } else {
        sigma.x.max(sigma.y)
    }
}

/// The weights of a blur, from the middle outwards; `None` when it reaches too far.
fn kernel(sigma: f64) -> Option<Vec<f32>> {
    /// Farthest reach in pixels.
    const FARTHEST: f64 = 128.0;
    let reach = (REACH * sigma).ceil();
    if reach > FARTHEST {
        return None;
    }
    let weight = |at: u32| {
        let at = f64::from(at) / sigma.max(1e-9);
        if sigma > 0.0 {
            (-0.5 * at * at).exp()
        } else {
            1.0
        }
    };
    let weights: Vec<f64> = (0..=reach as u32).map(weight).collect();
    let sum: f64 = 2.0 * weights.iter().sum::<f64>() - 1.0;
    Some(weights.iter().map(|weight| (weight / sum) as f32).collect())
}

fn blurred_rows(values: &[f32], width: usize, kernel: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    for row in values.chunks(width.max(1)) {
        for at in 0..row.len() {
            let value = |index: Option<usize>| {
                index
                    .and_then(|index| row.get(index))
                    .copied()
                    .unwrap_or(0.0)
            };
            let sums = kernel.iter().enumerate().map(|(distance, weight)| {
                let after = value(at.checked_add(distance));
                let before = if distance == 0 {
                    0.0
                } else {
                    value(at.checked_sub(distance))
                };
                weight * (before + after)
            });
            out.push(sums.sum());
        }
    }
    out
}

fn transposed(values: &[f32], width: usize, height: usize) -> Vec<f32> {
    let places = (0..width).flat_map(|x| (0..height).map(move |y| y * width + x));
    places
        .map(|place| values.get(place).copied().unwrap_or(0.0))
        .collect()
}

/// Adds a closed curve through the points of a ring that matter: cubics with the ring's own
/// tangents.
fn smooth(ring: &[Point], tolerance: f64, path: &mut BezPath) {
    /// Most points between two that are kept.
    const MAX_SPAN: usize = 24;
    let points = match ring.split_last() {
        Some((last, rest)) if rest.first() == Some(last) => rest,
        _ => ring,
    };
    let count = points.len();
    if count < 4 {
        return;
    }
    let at = |index: usize| points.get(index % count).copied().unwrap_or_default();
    let tangent = |index: usize| {
        let direction = at(index + 1) - at(index + count - 1);
        if direction.hypot() > 0.0 {
            direction / direction.hypot()
        } else {
            Vec2::ZERO
        }
    };
    let curve = |from: usize, to: usize| {
        let (start, end) = (at(from), at(to));
        let length = (end - start).hypot() / 3.0;
        kurbo::CubicBez::new(
            start,
            start + tangent(from) * length,
            end - tangent(to) * length,
            end,
        )
    };
    let is_good = |from: usize, to: usize| {
        let curve = curve(from, to);
        let turned = tangent(from).dot(tangent(to)) > 0.5;
        turned
            && (from + 1..to).all(|index| {
                let share = (index - from) as f64 / (to - from) as f64;
                let near = kurbo::ParamCurve::eval(&curve, share);
                // Points are not spread evenly along the curve, so its direction counts too.
                let away = at(index) - near;
                let direction = tangent(index);
                (away.cross(direction)).abs() <= tolerance
            })
    };
    path.move_to(at(0));
    let mut from = 0;
    while from < count {
        let mut span = 1;
        while span < MAX_SPAN && from + 2 * span <= count && is_good(from, from + 2 * span) {
            span *= 2;
        }
        let mut step = span / 2;
        while step > 0 {
            if from + span + step <= count && is_good(from, from + span + step) {
                span += step;
            }
            step /= 2;
        }
        let next = curve(from, from + span);
        path.curve_to(next.p1, next.p2, next.p3);
        from += span;
    }
    path.close_path();
}
