//! Straight lines, and how they go on where lines cross at a small angle: there their pixels are
//! one broad zone, whose skeleton leads from one line to the other.

use std::ops::Range;

use chat2svg_stop::{Stop, Stopped};
use kurbo::{Line, ParamCurveNearest as _, Point, Vec2};

use super::{Chain, ridge::Ridges};
use crate::{moments::Moments, neighbours::square};

/// Shortest straight branch in pixels, without its ends, and the longer one of two to be joined.
const LEAST_LENGTH: f64 = 6.0;
const LONGER: f64 = 12.0;
/// Points at an end of a branch that any crossing bends, and share of all that one may bend.
const BENT: usize = 3;
const MOST_BENT: f64 = 0.35;
/// How far in pixels a run bends.
const BEND: f64 = 1.0;
/// Cosine of the most that a line turns from run to run without a corner.
const LITTLE_TURN: f64 = 0.8;
/// How far in pixels the steps of a run may be off a straight line.
const OFF: f64 = 0.85;
/// The same for the ends of one that is looked at closely.
const NEAR: f64 = 4.0;
/// Pixels between places where ink is looked for.
const STEP: f64 = 0.5;
/// Most straight runs that are looked at, the longest first: all pairs of them are.
const MOST_PARTS: usize = 2000;

/// A straight line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Straight {
    through: Point,
    /// Of length 1.
    along: Vec2,
}

impl Straight {
    /// The line through points, if none is further off than `tolerance`.
    pub(super) fn of(points: &[Point], tolerance: f64) -> Option<Self> {
        let is_near = |line: &Self| {
            points
                .iter()
                .all(|point| line.distance(*point) <= tolerance)
        };
        Self::through(points).filter(is_near)
    }

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

/// A run of points that is straight but for its ends.
struct Part {
    points: Vec<Point>,
    straight: Range<usize>,
}

impl Part {
    /// Points as such, if most of them lie on one straight line, without the ends that crossings
    /// bend.
    fn of(points: &[Point]) -> Option<Self> {
        let count = points.len();
        let mut range = BENT..count.saturating_sub(BENT);
        let least = (1.0 - MOST_BENT) * count as f64 - (2 * BENT) as f64;
        while range.len() as f64 >= least {
            let part = points.get(range.clone())?;
            let [first, last] = [*part.first()?, *part.last()?];
            if first.distance(last) < LEAST_LENGTH {
                return None;
            }
            if Straight::of(part, OFF).is_some() {
                return Some(Self {
                    points: points.to_vec(),
                    straight: range,
                });
            }
            let line = Straight::through(part)?;
            if line.distance(first) > line.distance(last) {
                range.start += 1;
            } else {
                range.end -= 1;
            }
        }
        None
    }

    fn straight(&self) -> &[Point] {
        &self.points[self.straight.clone()]
    }

    fn ends(&self) -> [Point; 2] {
        [self.straight.start, self.straight.end - 1].map(|index| self.points[index])
    }

    /// Between which places on a line it is straight.
    fn places(&self, line: &Straight) -> [f64; 2] {
        let [first, last] = self.ends().map(|end| line.place(end));
        [first.min(last), first.max(last)]
    }

    /// The points before, in and after the straight part, in the direction of a line.
    fn along(&self, line: &Straight) -> [Vec<Point>; 3] {
        let (before, rest) = self.points.split_at(self.straight.start);
        let (middle, after) = rest.split_at(self.straight.len());
        let mut parts = [before, middle, after].map(<[Point]>::to_vec);
        let [first, last] = self.ends().map(|end| line.place(end));
        if first > last {
            parts.reverse();
            parts.iter_mut().for_each(|part| part.reverse());
        }
        parts
    }
}

/// A straight run of a branch.
struct Run {
    /// Which branch it is of.
    branch: usize,
    points: Vec<Point>,
    /// Whether it has become a part of another line.
    is_taken: bool,
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

/// Joins straight runs of branches that lie on one line with ink between them, the nearest first,
/// and drops what lies on the way between. What no line takes stays as it was.
///
/// # Errors
/// When `stop` says so.
pub(super) fn through_crossings(
    branches: Vec<Chain>,
    ridges: &Ridges<'_>,
    stop: &Stop,
) -> Result<Vec<Chain>, Stopped> {
    let (mut chains, open): (Vec<Chain>, Vec<Chain>) =
        branches.into_iter().partition(|branch| branch.is_closed);
    let of_branch = |(branch, chain): (usize, &Chain)| {
        let run = |points: &[Point]| Run {
            branch,
            points: points.to_vec(),
            is_taken: false,
        };
        runs(&chain.points).into_iter().map(run).collect::<Vec<_>>()
    };
    let mut runs: Vec<Run> = open.iter().enumerate().flat_map(of_branch).collect();
    let bridged = join(&mut runs, &mut chains, ridges, stop)?;
    for run in &mut runs {
        let is_bridged = |point: &Point| bridged[ridges.pixel(*point)];
        run.is_taken |= run.points.iter().all(is_bridged);
    }
    let kept = runs.chunk_by(|a, b| {
        let is_one = !a.is_taken && !b.is_taken && a.branch == b.branch;
        is_one && turns_little(&a.points, &b.points) && ridges.is_one_color(&a.points, &b.points)
    });
    for kept in kept.filter(|kept| kept.iter().all(|run| !run.is_taken)) {
        let points = kept.iter().flat_map(|run| run.points.iter().copied());
        chains.push(Chain::open(points.collect()));
    }
    Ok(chains)
}

/// Makes chains of the runs that lie on one line. Tells which pixels lie on the ways between them.
fn join(
    runs: &mut [Run],
    chains: &mut Vec<Chain>,
    ridges: &Ridges<'_>,
    stop: &Stop,
) -> Result<Vec<bool>, Stopped> {
    let of_run = |(index, run): (usize, &Run)| Some((index, Part::of(&run.points)?));
    let mut parts: Vec<(usize, Part)> = runs.iter().enumerate().filter_map(of_run).collect();
    parts.sort_by_key(|(_, part)| std::cmp::Reverse(part.points.len()));
    parts.truncate(MOST_PARTS);
    let (indices, parts): (Vec<usize>, Vec<Part>) = parts.into_iter().unzip();
    let mut pairs = Vec::new();
    for (second, b) in parts.iter().enumerate() {
        stop.check()?;
        for (first, a) in parts.iter().enumerate().take(second) {
            let found = Bridge::between(a, b, ridges);
            pairs.extend(found.map(|found| (found.points().len(), first, second)));
        }
    }
    pairs.sort_unstable();
    let mut parts: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
    let mut owners: Vec<usize> = (0..parts.len()).collect();
    let size = ridges.size();
    let mut bridged = vec![false; size[0] * size[1]];
    for (_, first, second) in pairs {
        stop.check()?;
        let owned = [owners[first], owners[second]];
        let [Some(a), Some(b)] = owned.map(|index| parts[index].as_ref()) else {
            continue;
        };
        if owned[0] != owned[1]
            && let Some(bridge) = Bridge::between(a, b, ridges)
        {
            let whole = bridge.joined(a, b);
            parts[owned[1]] = None;
            parts[owned[0]] = Some(whole);
            let lost = owners.iter_mut().filter(|owner| **owner == owned[1]);
            lost.for_each(|owner| *owner = owned[0]);
            for point in bridge.points() {
                square(size, ridges.pixel(point), 1).for_each(|near| bridged[near] = true);
            }
            for index in [first, second] {
                runs[indices[index]].is_taken = true;
            }
        }
    }
    for (part, index) in parts.into_iter().zip(indices) {
        if runs[index].is_taken {
            chains.extend(part.map(|part| Chain::open(part.points)));
        }
    }
    Ok(bridged)
}

/// The way between two parts of one straight line.
struct Bridge {
    line: Straight,
    /// From where to where on the line.
    from: f64,
    to: f64,
}

impl Bridge {
    /// The way between two parts, if they lie on one line apart from each other, in one colour,
    /// with ink all along the way, which is no longer than they are.
    fn between(a: &Part, b: &Part, ridges: &Ridges<'_>) -> Option<Self> {
        let mut by_length = [a.ends(), b.ends()];
        by_length.sort_by(|[a, b], [c, d]| a.distance(*b).total_cmp(&c.distance(*d)));
        // Most need no closer look.
        let [short, [from, to]] = by_length;
        let way = (to - from).normalize();
        let is_far = |end: &Point| way.cross(*end - from).abs() > NEAR;
        if from.distance(to) < LONGER || short.iter().any(is_far) {
            return None;
        }
        let line = Straight::of(&[a.straight(), b.straight()].concat(), OFF)?;
        let [[a0, a1], [b0, b1]] = [a, b].map(|part| part.places(&line));
        let (from, to) = (a1.min(b1), a0.max(b0));
        let bridge = Self { line, from, to };
        let is_short = from <= to && to - from <= a1 - a0 + b1 - b0;
        let is_one = is_short
            && bridge
                .places(STEP)
                .all(|place| ridges.is_ink(line.at(place)))
            && ridges.is_one_color(a.straight(), b.straight());
        is_one.then_some(bridge)
    }

    /// Places on the line between its ends.
    fn places(&self, step: f64) -> impl Iterator<Item = f64> {
        let places = (1..).map(move |count| self.from + step * f64::from(count));
        places.take_while(move |place| *place < self.to)
    }

    /// Points a pixel apart.
    fn points(&self) -> Vec<Point> {
        self.places(1.0).map(|place| self.line.at(place)).collect()
    }

    /// The two parts as one.
    fn joined(&self, a: &Part, b: &Part) -> Part {
        let mut parts = [a, b];
        parts.sort_by(|a, b| {
            let [first, second] = [a, b].map(|part| part.places(&self.line)[0]);
            first.total_cmp(&second)
        });
        let [[mut points, first, _], [_, second, after]] = parts.map(|part| part.along(&self.line));
        let start = points.len();
        points.extend([first, self.points(), second].concat());
        let straight = start..points.len();
        points.extend(after);
        Part { points, straight }
    }
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::super::{Line as Found, lines_of};
    use super::*;
    use crate::picture::Picture;

    const SIDE: usize = 160;

    /// The lines found in a picture of black lines a pixel wide on white.
    fn found(lines: &[Line]) -> Vec<Found> {
        let pixels = (0..SIDE * SIDE).map(|index| {
            let place = Point::new((index % SIDE) as f64 + 0.5, (index / SIDE) as f64 + 0.5);
            let ink = lines.iter().map(|line| {
                let way = line.p1 - line.p0;
                let along = (way.dot(place - line.p0) / way.hypot2()).clamp(0.0, 1.0);
                let off = place.distance(line.p0 + way * along);
                (1.0 - off).clamp(0.0, 1.0) as f32
            });
            [1.0 - ink.fold(0.0, f32::max); 3]
        });
        let picture = Picture::opaque(SIDE, SIDE, pixels);
        lines_of(&picture, &Stop::never()).map_or(Vec::new(), |found| found.lines)
    }

    fn line(from: (f64, f64), to: (f64, f64)) -> Line {
        Line::new(from, to)
    }

    #[test]
    fn lines_that_cross_at_a_small_angle_are_each_one_line() {
        for (a, b) in [
            (
                line((10.0, 60.0), (150.0, 90.0)),
                line((12.0, 90.0), (148.0, 64.0)),
            ),
            (
                line((10.0, 30.5), (150.0, 118.0)),
                line((14.0, 50.0), (150.0, 104.0)),
            ),
            (
                line((66.0, 8.0), (90.0, 150.0)),
                line((84.0, 8.0), (74.0, 152.0)),
            ),
        ] {
            let found = found(&[a, b]);
            assert_eq!(found.len(), 2, "{a:?} {b:?}: {found:?}");
            for wanted in [a, b] {
                let is_near = |found: &&Found| {
                    let bounds = found.path.bounding_box();
                    let wanted = kurbo::Rect::from_points(wanted.p0, wanted.p1);
                    let sides = |of: kurbo::Rect| [of.x0, of.y0, of.x1, of.y1];
                    let pairs = sides(bounds).into_iter().zip(sides(wanted));
                    pairs.into_iter().all(|(a, b)| (a - b).abs() < 2.0)
                };
                let found = found.iter().find(is_near).expect("is found");
                assert_eq!(found.path.elements().len(), 2, "{:?}", found.path);
            }
        }
    }

    #[test]
    fn many_lines_that_cross_are_each_one_line() {
        let rising = (0..6).map(|row| {
            line(
                (8.0, 30.0 + 20.0 * f64::from(row)),
                (152.0, 10.0 + 20.0 * f64::from(row)),
            )
        });
        let falling = (0..6).map(|row| {
            line(
                (8.0, 15.0 + 20.0 * f64::from(row)),
                (152.0, 40.0 + 20.0 * f64::from(row)),
            )
        });
        let lines: Vec<Line> = rising.chain(falling).collect();
        let found = found(&lines);
        assert_eq!(found.len(), 12, "{found:?}");
        assert!(
            found.iter().all(|line| line.path.elements().len() == 2),
            "{found:?}"
        );
    }

    #[test]
    fn what_goes_on_in_another_color_is_another_line() {
        let colors = [[0.8, 0.1, 0.1], [0.1, 0.6, 0.2]];
        let sides = [-1.0, 1.0].map(|sign| {
            let at = |x: f64| 80.0 + sign * 0.4 * (80.0 - x);
            line((10.0, at(10.0)), (150.0, at(150.0)))
        });
        // Each changes into the other where they cross, as two lines that turn do.
        let pixels = (0..SIDE * SIDE).map(|index| {
            let place = Point::new((index % SIDE) as f64 + 0.5, (index / SIDE) as f64 + 0.5);
            let mut color = [1.0; 3];
            for (own, side) in sides.iter().enumerate() {
                let share = (1.2 - side.nearest(place, 0.01).distance_sq.sqrt()).clamp(0.0, 1.0);
                let own = colors[(own + usize::from(place.x > 80.0)) % 2];
                color = [0, 1, 2].map(|i| color[i] + (own[i] - color[i]) * share as f32);
            }
            color
        });
        let picture = Picture::opaque(SIDE, SIDE, pixels);
        let found = lines_of(&picture, &Stop::never()).expect("lines").lines;
        for line in &found {
            let is_of = |color: &[f32; 3]| {
                (line.color.red - color[0]).abs() < 0.15
                    && (line.color.green - color[1]).abs() < 0.15
            };
            assert!(colors.iter().any(is_of), "{line:?}");
        }
        assert!(found.len() >= 2, "{found:?}");
    }

    #[test]
    fn lines_end_where_the_ink_does() {
        let dashes = [
            line((10.0, 60.0), (70.0, 60.0)),
            line((78.0, 60.0), (150.0, 60.0)),
        ];
        assert_eq!(found(&dashes).len(), 2);
    }
}
