//! Straight lines of least squares, and the sides of a course between its corners.

use kurbo::{Line, ParamCurveNearest as _, Point, Vec2};

use crate::moments::Moments;

/// How far in pixels a run bends.
const BEND: f64 = 1.0;
/// Cosine of the most that a line turns from run to run without a corner.
const LITTLE_TURN: f64 = 0.8;

/// A straight line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Straight {
    through: Point,
    /// Of length 1.
    along: Vec2,
}

impl Straight {
    /// The line of least squares.
    pub(super) fn through(points: &[Point]) -> Option<Self> {
        Moments::of(points).map(|moments| Self {
            through: moments.center,
            along: Vec2::from_angle(moments.angle()),
        })
    }

    /// How far a point lies from it.
    pub(super) fn distance(&self, point: Point) -> f64 {
        self.along.cross(point - self.through).abs()
    }

    /// The place on the line that is nearest to a point.
    pub(super) fn nearest(&self, point: Point) -> Point {
        self.at(self.place(point))
    }

    fn place(&self, point: Point) -> f64 {
        self.along.dot(point - self.through)
    }

    fn at(&self, place: f64) -> Point {
        self.through + self.along * place
    }
}

/// Whether one run goes on in the next without a corner.
fn turns_little(run: &[Point], next: &[Point]) -> bool {
    // A single point has no direction.
    let way = |run: &[Point]| match run {
        [first, .., last] => Some((*last - *first).normalize()),
        _ => None,
    };
    let ways = way(run).zip(way(next));
    ways.is_none_or(|(a, b)| a.dot(b) >= LITTLE_TURN)
}

/// The parts of points between corners.
pub(super) fn sides(points: &[Point]) -> Vec<Vec<Point>> {
    let runs = runs(points);
    let sides = runs.chunk_by(|a, b| turns_little(a, b));
    sides.map(<[&[Point]]>::concat).collect()
}

/// Cuts points where they bend.
fn runs(points: &[Point]) -> Vec<&[Point]> {
    let (mut open, mut found) = (vec![points], Vec::new());
    while let Some(run) = open.pop() {
        match bend(run) {
            Some(index) => {
                let (before, after) = run.split_at(index);
                open.extend([after, before]);
            }
            None => found.push(run),
        }
    }
    found
}

/// Where points lie furthest off the chord between their ends, if they bend.
fn bend(points: &[Point]) -> Option<usize> {
    let chord = Line::new(*points.first()?, *points.last()?);
    let off = |index: usize| (chord.nearest(points[index], 0.1).distance_sq, index);
    let inner = (1..points.len() - 1).map(off);
    let furthest = inner.max_by(|(a, _), (b, _)| a.total_cmp(b));
    furthest.and_then(|(off, index)| (off > BEND * BEND).then_some(index))
}
