//! Where a contour has corners, and where exactly they are.

use kurbo::{Point, Vec2};

/// Arc length in pixels over which the direction on either side of a corner is taken.
const REACH: f64 = 4.0;
/// Arc length next to a corner that anti-aliasing has rounded off.
const ROUNDED: f64 = 0.8;
/// Least turn in radians that makes a corner.
const LEAST_TURN: f64 = 0.6;
/// Least share of the turn that must happen within half the reach: a circle's turn is spread
/// evenly.
const CONCENTRATION: f64 = 0.72;
/// Furthest in pixels that a corner may lie outside its rounded contour.
const LARGEST_SHIFT: f64 = 1.5;

/// A closed polyline measured by its arc length.
pub(super) struct Loop<'a> {
    points: &'a [Point],
    /// Arc length up to each point, and around.
    lengths: Vec<f64>,
}

impl<'a> Loop<'a> {
    pub(super) fn new(points: &'a [Point]) -> Self {
        let mut lengths = Vec::with_capacity(points.len() + 1);
        let mut sum = 0.0;
        for (index, point) in points.iter().enumerate() {
            lengths.push(sum);
            sum += point.distance(points[(index + 1) % points.len()]);
        }
        lengths.push(sum);
        Self { points, lengths }
    }

    pub(super) fn length(&self) -> f64 {
        self.lengths[self.points.len()]
    }

    /// The point at an arc length, taken around the loop.
    pub(super) fn at(&self, length: f64) -> Point {
        let length = length.rem_euclid(self.length());
        let after = self.lengths.partition_point(|l| *l <= length);
        let index = after.clamp(1, self.points.len()) - 1;
        let span = self.lengths[index + 1] - self.lengths[index];
        let next = self.points[(index + 1) % self.points.len()];
        if span <= 0.0 {
            return next;
        }
        self.points[index].lerp(next, (length - self.lengths[index]) / span)
    }

    /// Direction of travel around a point, over `reach` to either side.
    pub(super) fn tangent(&self, index: usize, reach: f64) -> Vec2 {
        let here = self.lengths[index];
        self.at(here + reach) - self.at(here - reach)
    }
}

/// A corner of a contour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Corner {
    /// Index of the contour's point next to it.
    pub(super) index: usize,
    /// Where the two sides meet.
    pub(super) position: Point,
}

/// The corners in order.
pub(super) fn corners(points: &[Point]) -> Vec<Corner> {
    let line = Loop::new(points);
    let length = line.length();
    if points.len() < 6 || length < 4.0 * ROUNDED {
        return Vec::new();
    }
    let reach = REACH.min(length / 6.0);
    let turn = |index: usize, reach: f64| {
        let here = line.lengths[index];
        let gap = ROUNDED.min(reach * 0.25);
        let before = line.at(here - gap) - line.at(here - reach);
        let after = line.at(here + reach) - line.at(here + gap);
        before.cross(after).atan2(before.dot(after))
    };
    let turns: Vec<f64> = (0..points.len())
        .map(|index| turn(index, reach).abs())
        .collect();
    let mut found = Vec::new();
    for (index, angle) in turns.iter().enumerate() {
        if *angle < LEAST_TURN || turn(index, reach * 0.5).abs() < CONCENTRATION * angle {
            continue;
        }
        if is_peak(&line, &turns, index, reach * 0.5) {
            let position = meeting_point(&line, index, reach).unwrap_or(points[index]);
            found.push(Corner { index, position });
        }
    }
    found
}

/// Whether no point within `reach` turns more; of equals the first counts.
fn is_peak(line: &Loop<'_>, turns: &[f64], index: usize, reach: f64) -> bool {
    let count = turns.len();
    let here = line.lengths[index];
    let within = |other: usize| {
        let apart = (line.lengths[other] - here).rem_euclid(line.length());
        apart.min(line.length() - apart) <= reach
    };
    let forward = (1..count)
        .map(|step| (index + step) % count)
        .take_while(|o| within(*o));
    let backward = (1..count)
        .map(|step| (index + count - step) % count)
        .take_while(|o| within(*o));
    forward.chain(backward).all(|other| {
        turns[other] < turns[index] || (turns[other] == turns[index] && other >= index)
    })
}

/// Where the lines along both sides cross, when that is near the contour.
fn meeting_point(line: &Loop<'_>, index: usize, reach: f64) -> Option<Point> {
    let here = line.lengths[index];
    let (a, b) = (line.at(here - reach), line.at(here - ROUNDED));
    let (c, d) = (line.at(here + ROUNDED), line.at(here + reach));
    let (u, v) = (b - a, d - c);
    let cross = u.cross(v);
    if cross.abs() < 0.2 * u.hypot() * v.hypot() {
        return None;
    }
    let meeting = a + u * ((c - a).cross(v) / cross);
    (meeting.distance(line.at(here)) <= LARGEST_SHIFT).then_some(meeting)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(radius: f64) -> Vec<Point> {
        let count = (radius * 7.0) as usize;
        (0..count)
            .map(|i| {
                let angle = i as f64 / count as f64 * std::f64::consts::TAU;
                Point::new(radius * angle.cos(), radius * angle.sin())
            })
            .collect()
    }

    #[test]
    fn circles_have_none() {
        for radius in [3.0, 6.0, 20.0, 90.0] {
            assert_eq!(corners(&circle(radius)), [], "radius {radius}");
        }
    }

    #[test]
    fn a_chamfered_square_has_four_at_its_true_corners() {
        let mut points = Vec::new();
        let side = 20.0;
        let ends = [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)];
        for (index, (x, y)) in ends.iter().enumerate() {
            let (to_x, to_y) = ends[(index + 1) % 4];
            for step in 0..20 {
                let t = (f64::from(step) + 0.5) / 20.0;
                points.push(Point::new(x + (to_x - x) * t, y + (to_y - y) * t));
            }
        }
        let found = corners(&points);
        assert_eq!(found.len(), 4, "{found:?}");
        for corner in found {
            let nearest = ends
                .iter()
                .map(|(x, y)| Point::new(*x, *y).distance(corner.position))
                .fold(f64::INFINITY, f64::min);
            assert!(nearest < 0.05, "{corner:?}");
        }
    }
}
