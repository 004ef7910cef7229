//! From the points along a line's middle to the path of its stroke: curves between corners.

use kurbo::{BezPath, Point, Vec2};

use crate::contours::fit_open;

/// How far a line's stroke may be from its ridge, in pixels.
pub(super) const TOLERANCE: f64 = 0.35;
/// Points between which turns are measured.
const TURN_STEP: usize = 3;
/// Points to each side over which a course is averaged.
const SMOOTH: usize = 2;
/// Points over which a course's direction is taken at a corner.
const TURN_REACH: usize = 5;
/// Least turn of a corner in radians.
const LEAST_TURN: f64 = 0.65;

/// How much a course turns in all, in radians.
pub(super) fn turning(course: &[Point], is_closed: bool) -> f64 {
    let points = smoothed(course, SMOOTH, false);
    let ways: Vec<Vec2> = points
        .iter()
        .step_by(TURN_STEP)
        .zip(points.iter().skip(TURN_STEP).step_by(TURN_STEP))
        .map(|(a, b)| *b - *a)
        .collect();
    let turns = ways
        .windows(2)
        .map(|pair| pair[0].cross(pair[1]).atan2(pair[0].dot(pair[1])).abs());
    // A closed line turns once around whatever its shape is.
    turns.sum::<f64>()
        - if is_closed {
            std::f64::consts::TAU
        } else {
            0.0
        }
}

/// A stroke's path: curves between corners.
pub(super) fn stroke_along(course: &[Point], is_closed: bool) -> BezPath {
    let mut points = smoothed(course, SMOOTH, false);
    if is_closed && let Some(first) = points.first().copied() {
        points.push(first);
    }
    let count = points.len();
    let turn = |index: usize| {
        let before = points[index] - points[index - TURN_REACH];
        let after = points[index + TURN_REACH] - points[index];
        before.cross(after).atan2(before.dot(after)).abs()
    };
    let inner = TURN_REACH..count.saturating_sub(TURN_REACH);
    let turns: Vec<(usize, f64)> = inner.map(|index| (index, turn(index))).collect();
    let mut stops = vec![0];
    let mut corners = Vec::new();
    for (index, angle) in &turns {
        let is_peak = turns
            .iter()
            .filter(|(other, _)| other.abs_diff(*index) <= TURN_REACH)
            .all(|(other, found)| found < angle || (found == angle && other >= index));
        if *angle >= LEAST_TURN && is_peak {
            stops.push(*index);
            corners.push((*index, corner(&points, *index)));
        }
    }
    for (index, place) in corners {
        points[index] = place;
    }
    stops.push(count.saturating_sub(1));
    let mut path = BezPath::new();
    for pair in stops.windows(2) {
        let section = fit_open(&section(&points, pair[0], pair[1]), TOLERANCE);
        let skip = usize::from(!path.elements().is_empty());
        path.extend(section.elements().iter().skip(skip).copied());
    }
    if is_closed {
        path.close_path();
    }
    path
}

/// The points between two stops without those that a corner's rounding moved.
fn section(points: &[Point], from: usize, to: usize) -> Vec<Point> {
    let last = points.len().saturating_sub(1);
    let near = |index: usize| {
        (from > 0 && index > from && index < from + 3)
            || (to < last && index < to && index + 3 > to)
    };
    (from..=to)
        .filter(|index| !near(*index))
        .map(|index| points[index])
        .collect()
}

/// Where the two sides of a corner meet.
fn corner(points: &[Point], index: usize) -> Point {
    let at = |offset: isize| {
        let place = index as isize + offset;
        points[place.clamp(0, points.len() as isize - 1) as usize]
    };
    let (a, b, c, d) = (at(-9), at(-3), at(3), at(9));
    let (u, v) = (b - a, d - c);
    let cross = u.cross(v);
    if cross.abs() < 0.3 * u.hypot() * v.hypot() {
        return points[index];
    }
    let meeting = a + u * ((c - a).cross(v) / cross);
    if meeting.distance(points[index]) <= 3.0 {
        meeting
    } else {
        points[index]
    }
}

/// Points, the staircase of pixels averaged over so many to each side. An open line keeps its ends:
/// there the window narrows.
pub(super) fn smoothed(points: &[Point], reach: usize, is_closed: bool) -> Vec<Point> {
    let count = points.len();
    (0..count)
        .map(|index| {
            let reach = if is_closed {
                reach.min((count - 1) / 2)
            } else {
                reach.min(index).min(count - 1 - index)
            };
            let around = (0..=2 * reach).map(|step| points[(index + count + step - reach) % count]);
            let sum = around.fold(Vec2::ZERO, |sum, point| sum + point.to_vec2());
            (sum / (2 * reach + 1) as f64).to_point()
        })
        .collect()
}
