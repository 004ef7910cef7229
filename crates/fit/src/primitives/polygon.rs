//! Polygons along sampled outlines: each side is the line of least squares through its own samples,
//! each corner where two sides meet.

use chat2svg_trace::moments::Moments;
use kurbo::{BezPath, PathEl, Point, Vec2};

/// Most corners of a polygon.
pub(super) const MOST_CORNERS: usize = 24;
/// Distance in pixels of a side's ends within which samples are not its own: anti-aliasing rounds
/// corners off.
const ROUNDED: f64 = 1.6;
/// Length in pixels up to which a side may be a corner that anti-aliasing has cut off.
const SHORT: f64 = 2.6;
/// Distance in pixels up to which sides that nearly follow an axis follow it.
const UPRIGHT: f64 = 0.12;
/// Of the tolerance how far a straight side's samples may bend: an arc in short sides is none.
const STRAIGHT: f64 = 0.15;
/// How far a corner may lie from the sampled outline, in pixels, at a right angle.
const LARGEST_SHIFT: f64 = 1.5;

/// A line through a point, with a unit direction.
#[derive(Clone, Copy)]
struct Side {
    through: Point,
    along: Vec2,
    /// Half the length over which it has samples.
    half: f64,
    /// How far its samples bend away from it, in pixels.
    bow: f64,
}

/// The corners of the polygon from which no sample of a closed outline is further than about
/// `tolerance`; `None` where it has too many.
pub(super) fn corners(samples: &[Point], tolerance: f64) -> Option<Vec<Point>> {
    let mut stops = simplified(samples, tolerance)?;
    for _ in 0..MOST_CORNERS {
        let sides = sides(samples, &stops)?;
        let Some(flat) = flattest(samples, &stops, &sides, tolerance) else {
            let is_straight = sides.iter().all(|side| side.bow <= STRAIGHT * tolerance);
            return meeting(samples, &stops, &sides).filter(|_| is_straight);
        };
        stops.remove(flat);
        if stops.len() < 3 {
            return None;
        }
    }
    None
}

/// A closed path along corners.
pub(super) fn outline(corners: &[Point]) -> BezPath {
    let lines = corners.iter().skip(1).map(|corner| PathEl::LineTo(*corner));
    let start = corners.iter().take(1).map(|corner| PathEl::MoveTo(*corner));
    start.chain(lines).chain([PathEl::ClosePath]).collect()
}

/// Indices of the samples that the closed outline needs (Ramer 1972, Douglas and Peucker 1973).
fn simplified(samples: &[Point], tolerance: f64) -> Option<Vec<usize>> {
    let count = samples.len();
    let first = farthest(samples, 0)?;
    let second = farthest(samples, first)?;
    let mut stops = Vec::new();
    for (from, to) in [(first, second), (second, first)] {
        let mut open = vec![(from, if to > from { to } else { to + count })];
        while let Some((from, to)) = open.pop() {
            let (a, b) = (samples[from % count], samples[to % count]);
            let chord = b - a;
            let length = chord.hypot();
            let off = |index: &usize| {
                let offset = samples[index % count] - a;
                match length > 0.0 {
                    true => (offset.cross(chord) / length).abs(),
                    false => offset.hypot(),
                }
            };
            let worst = (from + 1..to).max_by(|x, y| off(x).total_cmp(&off(y)));
            match worst.filter(|index| off(index) > tolerance) {
                Some(index) => open.extend([(index, to), (from, index)]),
                None => stops.push(from % count),
            }
            if stops.len() + open.len() > 2 * MOST_CORNERS {
                return None;
            }
        }
    }
    (stops.len() >= 3).then_some(stops)
}

/// The sample that is farthest from another.
fn farthest(samples: &[Point], from: usize) -> Option<usize> {
    let start = samples.get(from)?;
    let apart = |index: &usize| samples[*index].distance_squared(*start);
    (0..samples.len()).max_by(|a, b| apart(a).total_cmp(&apart(b)))
}

/// The samples from one stop to the next, in order.
fn between<'a>(
    samples: &'a [Point],
    stops: &[usize],
    side: usize,
) -> impl Iterator<Item = Point> + 'a {
    let count = samples.len();
    let from = stops[side];
    let to = stops[(side + 1) % stops.len()];
    let steps = (to + count - from) % count;
    (0..=steps).map(move |step| samples[(from + step) % count])
}

fn sides(samples: &[Point], stops: &[usize]) -> Option<Vec<Side>> {
    (0..stops.len())
        .map(|side| line_along(between(samples, stops, side)))
        .collect()
}

/// The line of least squares through what lies between two corners.
fn line_along(points: impl Iterator<Item = Point>) -> Option<Side> {
    let points: Vec<Point> = points.collect();
    let (from, to) = (*points.first()?, *points.last()?);
    let length = from.distance(to);
    if length <= 0.0 {
        return None;
    }
    let rounded = ROUNDED.min(0.3 * length);
    let own: Vec<Point> = points
        .into_iter()
        .filter(|point| point.distance(from) >= rounded && point.distance(to) >= rounded)
        .collect();
    let half = 0.5 * length;
    let Some(moments) = Moments::of(&own).filter(|_| own.len() > 1) else {
        return Some(Side {
            through: from.midpoint(to),
            along: (to - from) / length,
            half,
            bow: 0.0,
        });
    };
    let through = moments.center;
    let mut along = Vec2::from_angle(moments.angle());
    if along.y.abs() * half < UPRIGHT {
        along = Vec2::new(1.0, 0.0);
    } else if along.x.abs() * half < UPRIGHT {
        along = Vec2::new(0.0, 1.0);
    }
    if along.dot(to - from) < 0.0 {
        along = -along;
    }
    Some(Side {
        through,
        along,
        half,
        bow: bow(&own, through, along),
    })
}

/// How far the middle of some points lies off a line, against their ends.
fn bow(points: &[Point], through: Point, along: Vec2) -> f64 {
    let quarter = points.len() / 4;
    let off = |points: &[Point]| {
        let sum: f64 = points.iter().map(|p| along.cross(*p - through)).sum();
        sum / points.len().max(1) as f64
    };
    let (front, rest) = points.split_at(quarter);
    let (middle, back) = rest.split_at(rest.len() - quarter);
    if quarter == 0 {
        return 0.0;
    }
    (off(middle) - 0.5 * (off(front) + off(back))).abs()
}

/// The stop at which two sides are one: all samples of both lie along a single line.
fn flattest(samples: &[Point], stops: &[usize], sides: &[Side], tolerance: f64) -> Option<usize> {
    let count = stops.len();
    let joins = (0..count).filter_map(|stop| {
        let before = (stop + count - 1) % count;
        let turn = sides[before].along.cross(sides[stop].along);
        if sides[before].along.dot(sides[stop].along) < 0.8 {
            return None;
        }
        let both = || between(samples, stops, before).chain(between(samples, stops, stop));
        let line = line_along(both())?;
        let ends = [both().next()?, both().last()?];
        let worst = both()
            .filter(|point| ends.iter().all(|end| end.distance(*point) >= ROUNDED))
            .map(|point| (point - line.through).cross(line.along).abs())
            .fold(0.0, f64::max);
        (worst <= tolerance).then_some((turn.abs(), stop))
    });
    joins
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, stop)| stop)
}

/// Where the sides meet; `None` where that is far from the outline. What is too short to be a side
/// is a corner that anti-aliasing has cut off.
fn meeting(samples: &[Point], stops: &[usize], sides: &[Side]) -> Option<Vec<Point>> {
    let count = stops.len();
    let long: Vec<usize> = (0..count)
        .filter(|side| 2.0 * sides[*side].half > SHORT)
        .collect();
    if !(3..=MOST_CORNERS).contains(&long.len()) {
        return None;
    }
    (0..long.len())
        .map(|index| {
            let (own, next) = (long[index], long[(index + 1) % long.len()]);
            let (before, after) = (sides[own], sides[next]);
            let cross = before.along.cross(after.along);
            let ends = [stops[(own + 1) % count], stops[next]].map(|stop| samples[stop]);
            if cross.abs() < 0.05 || ends[0].distance(ends[1]) > SHORT {
                return None;
            }
            let offset = (after.through - before.through).cross(after.along) / cross;
            let mut corner = before.through + before.along * offset;
            for side in [before, after] {
                // To the bit, so that a rectangle is known as one.
                if side.along.y == 0.0 {
                    corner.y = side.through.y;
                } else if side.along.x == 0.0 {
                    corner.x = side.through.x;
                }
            }
            // Anti-aliasing takes more off an acute corner.
            let half_angle = 0.5 * (-before.along).dot(after.along).clamp(-1.0, 1.0).acos();
            let allowed = LARGEST_SHIFT / half_angle.sin().max(0.1);
            let longest = before.half.max(after.half);
            let seen = ends[0].midpoint(ends[1]);
            (corner.distance(seen) <= allowed.min(2.0 * longest)).then_some(corner)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An outline with its corners cut off, as anti-aliasing does.
    fn sampled(corners: &[Point], cut: f64) -> Vec<Point> {
        let mut samples = Vec::new();
        for (index, from) in corners.iter().enumerate() {
            let to = corners[(index + 1) % corners.len()];
            let length = from.distance(to);
            let steps = (length / 0.7) as usize;
            for step in 0..=steps {
                let at = cut + (length - 2.0 * cut) * step as f64 / steps as f64;
                // Noise as of a traced contour.
                let off = 0.05 * ((step * 7 + index * 3) as f64).sin();
                let along = (to - *from) / length;
                samples.push(*from + along * at + Vec2::new(-along.y, along.x) * off);
            }
        }
        samples
    }

    fn star(points: usize, outer: f64, inner: f64) -> Vec<Point> {
        (0..2 * points)
            .map(|i| {
                let angle = std::f64::consts::PI * i as f64 / points as f64 + 0.2;
                let radius = if i % 2 == 0 { outer } else { inner };
                Point::new(80.0, 80.0) + Vec2::from_angle(angle) * radius
            })
            .collect()
    }

    #[test]
    fn corners_are_where_the_sides_meet() {
        let square = [(10.0, 10.0), (60.0, 10.0), (60.0, 45.0), (10.0, 45.0)].map(Point::from);
        for wanted in [square.to_vec(), star(5, 60.0, 24.0), star(3, 50.0, 18.0)] {
            let samples = sampled(&wanted, 0.5);
            let found = corners(&samples, 0.5).expect("is a polygon");
            assert_eq!(found.len(), wanted.len(), "{found:?}");
            for corner in &wanted {
                let apart = found.iter().map(|other| other.distance(*corner));
                let apart = apart.fold(f64::INFINITY, f64::min);
                assert!(apart < 0.1, "{corner} is missed by {apart}");
            }
        }
    }

    #[test]
    fn upright_sides_are_upright() {
        let square = [(10.0, 10.0), (60.0, 10.0), (60.0, 45.0), (10.0, 45.0)].map(Point::from);
        let found = corners(&sampled(&square, 0.4), 0.5).expect("is a polygon");
        let next = found.iter().cycle().skip(1);
        for (from, to) in found.iter().zip(next) {
            assert!(from.x == to.x || from.y == to.y, "{found:?}");
        }
    }

    #[test]
    fn a_large_circle_is_none() {
        let circle: Vec<Point> = (0..900)
            .map(|i| Point::new(300.0, 300.0) + Vec2::from_angle(f64::from(i) * 0.007) * 250.0)
            .collect();
        assert_eq!(corners(&circle, 0.3), None);
    }

    #[test]
    fn sides_along_an_arc_are_none_and_those_of_an_octagon_are() {
        let center = Point::new(20.0, 20.0);
        for radius in [60.0, 80.0, 90.0] {
            let steps = (radius * std::f64::consts::FRAC_PI_2 / 0.7) as usize;
            let arc = (0..=steps).map(|step| {
                center
                    + Vec2::from_angle(std::f64::consts::FRAC_PI_2 * step as f64 / steps as f64)
                        * radius
            });
            let along = (1..(radius / 0.7) as usize).map(|step| 0.7 * step as f64);
            let down = along
                .clone()
                .map(|way| center + Vec2::new(0.0, radius - way));
            let right = along.map(|way| center + Vec2::new(way, 0.0));
            let quarter: Vec<Point> = arc.chain(down).chain([center]).chain(right).collect();
            assert_eq!(corners(&quarter, 0.9), None, "{radius}");
        }
        let octagon: Vec<Point> = (0..8)
            .map(|corner| {
                center + Vec2::from_angle(f64::from(corner) * std::f64::consts::FRAC_PI_4) * 40.0
            })
            .collect();
        assert_eq!(
            corners(&sampled(&octagon, 0.5), 0.9).map(|found| found.len()),
            Some(8)
        );
    }
}
