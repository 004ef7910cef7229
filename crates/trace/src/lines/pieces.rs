//! Pieces of lines: where a chain is seen apart from others, and how it leads on at its ends.

use kurbo::{Point, Vec2};

use super::{
    ridge::{Look, Ridges},
    straight::{Straight, sides},
};
use crate::linear::solve;

/// Points from where a chain merges with something else to where it is apart from it again.
const MARGIN: usize = 3;
/// Distance in pixels from which two points do not follow each other: a junction is between.
const GAP: f64 = 1.9;
/// Fewest points of a piece.
const LEAST_POINTS: usize = 8;
/// Points at which a line is seen alone, at least, and one in so many of all; else those at which
/// it is seen apart from others.
const LEAST_ALONE: usize = 15;
const MOST_CROSSED: usize = 6;
const LEAST_APART: usize = 20;
const MOST_MERGED: usize = 3;
/// Share of the middle width by which the quartiles of an even line's width may differ.
const EVEN: f64 = 0.4;
/// Points at an end by which its direction is told, those by which its curvature is as well, and
/// how far in pixels they may be off what is told so.
const DIRECTION_POINTS: usize = 10;
const CURVATURE_POINTS: usize = 24;
const LEAST_CURVED: usize = 16;
const OFF: f64 = 0.5;
/// Share of what a line stands out by from which there is ink of it.
const INK: f64 = 0.3;
/// Furthest that an end is led on, in pixels, and the step in which it is.
const BEYOND: f64 = 30.0;
const STEP: f64 = 0.5;

/// A part of a line, from point to point a pixel apart.
#[derive(Clone, Default)]
pub(super) struct Piece {
    pub(super) course: Vec<Point>,
    pub(super) is_closed: bool,
    /// What is seen of it where it is apart from others.
    pub(super) seen: Vec<Look>,
}

/// An end of a piece.
pub(super) struct End {
    pub(super) place: Point,
    /// The direction in which it leads on, of length 1.
    pub(super) way: Vec2,
    /// In that direction, in radians per pixel.
    pub(super) curvature: f64,
    /// By what its piece differs from the ground.
    pub(super) contrast: Option<[f32; 3]>,
    /// Length of its piece, in pixels.
    pub(super) length: f64,
    /// Middle sum across the piece, and middle peak.
    pub(super) strength: f64,
    pub(super) peak: f64,
    /// A pixel of the piece, by which its ground is told.
    pub(super) ground: usize,
}

impl Piece {
    /// The pieces of a chain that are seen apart from others, as they lie across it.
    pub(super) fn apart(looks: &[Look], is_closed: bool) -> Vec<Self> {
        let is_alone = |index: &usize| {
            let near = index.saturating_sub(MARGIN)..(index + MARGIN + 1).min(looks.len());
            looks[near].iter().all(|look| look.is_apart)
        };
        let alone: Vec<usize> = (0..looks.len()).filter(is_alone).collect();
        let runs =
            alone.chunk_by(|a, b| b - a == 1 && looks[*a].center.distance(looks[*b].center) < GAP);
        let runs = runs.filter(|run| run.len() >= LEAST_POINTS);
        let piece = |run: &[usize]| {
            let seen: Vec<Look> = run.iter().map(|index| looks[*index]).collect();
            Self {
                course: seen.iter().map(|look| look.center).collect(),
                is_closed: is_closed && seen.len() == looks.len(),
                seen,
            }
        };
        runs.map(piece).collect()
    }

    /// What is seen of it where there is nothing but ground to both sides.
    fn clear(&self) -> Vec<Look> {
        let clear = self.seen.iter().filter(|look| look.is_clear);
        clear.copied().collect()
    }

    /// What is seen of it where it is alone, if it is so often enough, or apart from others on a
    /// long way, as writing is not.
    pub(super) fn own(&self) -> Option<Vec<Look>> {
        let count = self.course.len();
        let own = self.clear();
        if own.len() >= LEAST_ALONE.max(count / MOST_CROSSED) {
            return Some(own);
        }
        let is_apart = self.seen.len() >= LEAST_APART.max(count / MOST_MERGED);
        is_apart.then(|| self.seen.clone())
    }

    /// Whether it is even where it is alone, or all along.
    pub(super) fn is_even(&self) -> bool {
        let clear = self.clear();
        (clear.len() >= LEAST_POINTS && even_sum(&clear).is_some())
            || even_sum(&self.seen).is_some()
    }

    /// Adds another at its end, reversed or not.
    pub(super) fn append(&mut self, mut other: Self, is_reversed: bool) {
        if is_reversed {
            other.course.reverse();
        }
        self.course.append(&mut other.course);
        self.seen.append(&mut other.seen);
    }

    /// Its first and its last end.
    pub(super) fn ends(&self, ridges: &Ridges<'_>) -> [End; 2] {
        let length = self.course.windows(2).map(|p| p[0].distance(p[1])).sum();
        let middle = |value: fn(&Look) -> f64| {
            let mut values: Vec<f64> = self.seen.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(0.0)
        };
        let contrast = ridges.contrast(&self.course);
        let sides = sides(&self.course);
        [false, true].map(|is_last| {
            let side = if is_last { sides.last() } else { sides.first() };
            let mut near: Vec<Point> = side.unwrap_or(&self.course).clone();
            if near.len() < LEAST_POINTS {
                near.clone_from(&self.course);
            }
            if is_last {
                near.reverse();
            }
            near.truncate(CURVATURE_POINTS);
            let (place, way, curvature) = led(&near);
            let own = if is_last {
                self.seen.last()
            } else {
                self.seen.first()
            };
            End {
                place,
                way,
                curvature,
                contrast,
                length,
                strength: middle(|look| look.sum),
                peak: middle(|look| look.peak),
                ground: own.map_or(0, |look| look.pixel),
            }
        })
    }
}

impl End {
    /// Points beyond it as far as there is ink.
    pub(super) fn beyond(&self, ridges: &Ridges<'_>) -> Vec<Point> {
        let across = Vec2::new(-self.way.y, self.way.x);
        let at = |step: u32| {
            let far = STEP * f64::from(step);
            self.place + self.way * far + across * (0.5 * self.curvature * far * far)
        };
        let steps = (1..).take_while(|step| STEP * f64::from(*step) <= BEYOND);
        let points = steps.map(at);
        let mut points: Vec<Point> = points
            .take_while(|point| ridges.is_ink(self.ground, INK * self.peak, *point))
            .collect();
        let last = points.pop();
        points.into_iter().skip(1).step_by(2).chain(last).collect()
    }
}

/// The middle sum across a line, if it is even.
pub(super) fn even_sum(looks: &[Look]) -> Option<f64> {
    let mut sums: Vec<f64> = looks.iter().map(|look| look.sum).collect();
    sums.sort_by(f64::total_cmp);
    let quartile = |share: f64| sums.get((share * sums.len() as f64) as usize).copied();
    let (low, middle, high) = (quartile(0.2)?, quartile(0.5)?, quartile(0.8)?);
    (high - low <= EVEN * middle).then_some(middle)
}

/// The place at the first of some points, the direction in which they lead there, and the
/// curvature.
fn led(points: &[Point]) -> (Point, Vec2, f64) {
    let first = points.first().copied().unwrap_or_default();
    if points.len() >= LEAST_CURVED
        && let Some(found) = curved(points)
    {
        return found;
    }
    let near = &points[..points.len().min(DIRECTION_POINTS)];
    let back = near.last().copied().unwrap_or_default();
    let way = first - back;
    match Straight::through(near) {
        Some(line) => {
            let way = line.nearest(first) - line.nearest(back);
            (line.nearest(first), way / way.hypot().max(1e-9), 0.0)
        }
        None => (first, way / way.hypot().max(1e-9), 0.0),
    }
}

/// The same by the parabola of least squares; `None` if they are off it.
fn curved(points: &[Point]) -> Option<(Point, Vec2, f64)> {
    let first = points.first()?;
    let mut rows = [[0.0; 3]; 3];
    let mut right = [[0.0; 2]; 3];
    let mut places = Vec::with_capacity(points.len());
    let mut place = 0.0;
    let mut before = *first;
    for point in points {
        place -= point.distance(before);
        before = *point;
        places.push(place);
        let powers = [1.0, place, place * place];
        let off = *point - *first;
        for row in 0..3 {
            for column in 0..3 {
                rows[row][column] += powers[row] * powers[column];
            }
            right[row][0] += powers[row] * off.x;
            right[row][1] += powers[row] * off.y;
        }
    }
    let [start, speed, bend] = solve(rows, right)?.map(|[x, y]| Vec2::new(x, y));
    let is_near = |(point, place): (&Point, &f64)| {
        let found = start + speed * *place + bend * (place * place);
        (*point - *first - found).hypot() <= 2.0 * OFF
    };
    let fast = speed.hypot();
    if fast < 0.3 || !points.iter().zip(&places).all(is_near) {
        return None;
    }
    let curvature = speed.cross(2.0 * bend) / fast.powi(3);
    Some((*first + start, speed / fast, curvature))
}
