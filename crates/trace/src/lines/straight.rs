//! Straight lines, and how they go on where lines cross at a small angle: there their pixels are one
//! broad zone, whose skeleton leads from one line to the other.

use std::ops::Range;

use kurbo::{Point, Vec2};

use super::Chain;
use crate::moments::Moments;

/// Shortest straight branch in pixels, without its ends, and the longer one of two to be joined.
const LEAST_LENGTH: f64 = 6.0;
const LONGER: f64 = 12.0;
/// Points at an end of a branch that any crossing bends, and share of all that one may bend.
const BENT: usize = 3;
const MOST_BENT: f64 = 0.35;
/// How far in pixels the steps of a branch may be off a straight line.
const OFF: f64 = 0.85;
/// The same for the ends of one that is looked at closely.
const NEAR: f64 = 4.0;
/// Pixels between places where ink is looked for.
const STEP: f64 = 0.5;
/// How near in pixels to a line what lies all along it is a part of it.
const WITHIN: f64 = 1.5;

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
    fn through(points: &[Point]) -> Option<Self> {
        Moments::of(points).map(|moments| Self {
            through: moments.center,
            along: Vec2::from_angle(moments.angle()),
        })
    }

    fn distance(&self, point: Point) -> f64 {
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

/// An open chain that is straight but for its ends.
struct Part {
    points: Vec<Point>,
    straight: Range<usize>,
}

impl Part {
    /// A chain as such; back as it came where it is none.
    fn of(chain: Chain) -> Result<Self, Chain> {
        match straight(&chain) {
            Some(straight) => Ok(Self {
                points: chain.points,
                straight,
            }),
            None => Err(chain),
        }
    }

    fn straight(&self) -> &[Point] {
        &self.points[self.straight.clone()]
    }

    fn ends(&self) -> [Point; 2] {
        [self.straight.start, self.straight.end - 1].map(|index| self.points[index])
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

/// The points of a chain that lie on one straight line, without the ends that crossings bend; `None`
/// where that is not most of it.
fn straight(chain: &Chain) -> Option<Range<usize>> {
    let count = chain.points.len();
    let mut range = BENT..count.saturating_sub(BENT);
    let least = (1.0 - MOST_BENT) * count as f64 - (2 * BENT) as f64;
    while !chain.is_closed && range.len() as f64 >= least {
        let part = chain.points.get(range.clone())?;
        let [first, last] = [*part.first()?, *part.last()?];
        if first.distance(last) < LEAST_LENGTH {
            return None;
        }
        if Straight::of(part, OFF).is_some() {
            return Some(range);
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

/// Joins straight branches that lie on one line with ink between them, the nearest first, and drops
/// those that lie on what comes between.
pub(super) fn through_crossings(
    branches: Vec<Chain>,
    ink: &[bool],
    size: [usize; 2],
) -> Vec<Chain> {
    let mut chains = Vec::new();
    let mut parts = Vec::new();
    for branch in branches {
        match Part::of(branch) {
            Ok(part) => parts.push(Some(part)),
            Err(chain) => chains.push(chain),
        }
    }
    let mut pairs = Vec::new();
    for (second, b) in parts.iter().flatten().enumerate() {
        for (first, a) in parts.iter().flatten().enumerate().take(second) {
            let found = joined(a, b, ink, size);
            pairs.extend(found.map(|found| (found.bridge.len(), first, second)));
        }
    }
    pairs.sort_unstable();
    let mut owners: Vec<usize> = (0..parts.len()).collect();
    let mut bridges = Vec::new();
    for (_, first, second) in pairs {
        let [first, second] = [owners[first], owners[second]];
        let [Some(a), Some(b)] = [&parts[first], &parts[second]] else {
            continue;
        };
        if first != second
            && let Some(found) = joined(a, b, ink, size)
        {
            parts[second] = None;
            parts[first] = Some(found.part);
            let lost = owners.iter_mut().filter(|owner| **owner == second);
            lost.for_each(|owner| *owner = first);
            bridges.extend(found.bridge);
        }
    }
    chains.extend(parts.into_iter().flatten().map(|part| Chain {
        points: part.points,
        is_closed: false,
    }));
    let is_on_bridge = |point: &Point| bridges.iter().any(|on| on.distance(*point) <= WITHIN);
    chains.retain(|chain| !chain.points.iter().all(is_on_bridge));
    chains
}

/// Two parts as one.
struct Joined {
    part: Part,
    /// The points that were between them.
    bridge: Vec<Point>,
}

/// Two parts as one, if they lie on one line apart from each other, with ink all along the way
/// between them, which is no longer than they are.
fn joined(a: &Part, b: &Part, ink: &[bool], size: [usize; 2]) -> Option<Joined> {
    let mut by_length = [a.ends(), b.ends()];
    by_length.sort_by(|[a, b], [c, d]| a.distance(*b).total_cmp(&c.distance(*d)));
    // Most need no closer look.
    let [short, [from, to]] = by_length;
    let way = (to - from).normalize();
    if from.distance(to) < LONGER || short.iter().any(|end| way.cross(*end - from).abs() > NEAR) {
        return None;
    }
    let line = Straight::of(&[a.straight(), b.straight()].concat(), OFF)?;
    let [[a0, a1], [b0, b1]] = [a, b].map(|part| {
        let [first, last] = part.ends().map(|end| line.place(end));
        [first.min(last), first.max(last)]
    });
    let (from, to) = (a1.min(b1), a0.max(b0));
    let is_ink = |place: f64| {
        let point = line.at(place);
        let [x, y] = [point.x, point.y].map(|value| value.max(0.0) as usize);
        ink[y.min(size[1] - 1) * size[0] + x.min(size[0] - 1)]
    };
    let steps = |step: f64| {
        let places = (1..).map(move |count| from + step * f64::from(count));
        places.take_while(move |place| *place < to)
    };
    if to < from || to - from > a1 - a0 + b1 - b0 || !steps(STEP).all(is_ink) {
        return None;
    }
    let bridge: Vec<Point> = steps(1.0).map(|place| line.at(place)).collect();
    let (first, second) = if a0 <= b0 { (a, b) } else { (b, a) };
    let [mut points, first, _] = first.along(&line);
    let [_, second, after] = second.along(&line);
    let start = points.len();
    points.extend([first.as_slice(), &bridge, &second].concat());
    let straight = start..points.len();
    points.extend(after);
    Some(Joined {
        part: Part { points, straight },
        bridge,
    })
}

#[cfg(test)]
mod tests {
    use kurbo::{Line, Shape as _};

    use super::super::{Line as Found, lines_of};
    use super::*;
    use crate::picture::Picture;
    use chat2svg_stop::Stop;

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
    fn lines_end_where_the_ink_does() {
        let dashes = [
            line((10.0, 60.0), (70.0, 60.0)),
            line((78.0, 60.0), (150.0, 60.0)),
        ];
        assert_eq!(found(&dashes).len(), 2);
    }
}
