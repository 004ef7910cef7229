//! How lines go on where they meet: there their pixels are one broad zone, whose skeleton leads
//! from one line to the other. Pieces that are seen alone are joined by smooth bridges, or by
//! corners, that lead over ink.

use std::collections::BTreeMap;

use chat2svg_stop::{Stop, Stopped};
use kurbo::{CubicBez, ParamCurve as _, Point, Vec2};

use super::{
    pieces::{End, Piece},
    ridge::{Ridges, is_alike},
};
use crate::neighbours::{beside, square};

/// Longest bridge in pixels, and as a multiple of the length of the shorter piece.
const LONGEST: f64 = 90.0;
const MOST_TIMES: f64 = 4.0;
/// Furthest from an end to a corner, in pixels.
const CORNER_REACH: f64 = 24.0;
/// Share of what two pieces stand out by that there is all along a bridge: a fainter line may lie
/// over it.
const LEAST_INK: f64 = 0.15;
/// How far in pixels from a corner there need not be ink.
const TIP: f64 = 3.0;
/// Sine of the least turn at a corner.
const LEAST_CORNER: f64 = 0.25;
/// Most that a bridge may turn from an end to its chord, in radians.
const MOST_TURN: f64 = 0.8;
/// By how much in radians a bridge may leave an end in another direction than its curvature leads.
const MOST_OFF: f64 = 0.3;
/// Length in pixels up to which directions are the less certain.
const CERTAIN: f64 = 6.0;
/// Largest ratio of the strengths of two pieces of one line.
const MOST_RATIO: f64 = 1.5;
/// Most pieces that are looked at, the longest first: all pairs of their ends are.
const MOST_PIECES: usize = 1500;
/// Times that all pairs are looked at for a better choice, and most ends that are tried for one.
const ROUNDS: usize = 8;
const MOST_TRIED: usize = 12;

/// How well one end goes on in another, from 1 for a bridge just allowed to 2 for the best, and
/// less for a corner.
fn worth(a: &End, b: &End, ridges: &Ridges<'_>) -> Option<f64> {
    let gap = b.place - a.place;
    let apart = gap.hypot();
    let shorter = a.length.min(b.length);
    let is_as_strong = a.strength.max(b.strength) <= MOST_RATIO * a.strength.min(b.strength);
    if apart > LONGEST.min(MOST_TIMES * shorter) || !is_as_strong {
        return None;
    }
    let worth = smooth_worth(a, b).or_else(|| corner_worth(a, b))?;
    let way = way(a, b)?;
    // The tip of a pointed corner may lie a little off the ink.
    let tip = corner(a, b).filter(|_| worth < 1.0);
    let is_tip = |point: &Point| tip.is_some_and(|tip| tip.distance(*point) < TIP);
    let is_ink = |point: &Point| {
        is_tip(point) || ridges.is_ink(a.ground, LEAST_INK * a.peak.min(b.peak), *point)
    };
    (way.iter().all(is_ink) && is_alike(a.contrast, b.contrast)).then_some(worth)
}

fn smooth_worth(a: &End, b: &End) -> Option<f64> {
    let gap = b.place - a.place;
    let apart = gap.hypot();
    let angle = |from: Vec2, to: Vec2| from.cross(to).atan2(from.dot(to));
    let chord = if apart > 1.5 { gap } else { a.way - b.way };
    let turns = [angle(a.way, chord), angle(chord, -b.way)];
    if turns.iter().any(|turn| turn.abs() > MOST_TURN) {
        return None;
    }
    // Between two ends curvature changes evenly.
    let (first, second) = (a.curvature, -b.curvature);
    let led = [2.0 * first + second, first + 2.0 * second].map(|sum| sum * apart / 6.0);
    let off: f64 = turns
        .iter()
        .zip(led)
        .map(|(turn, led)| (turn - led).abs())
        .sum();
    let off = off * apart / (apart + CERTAIN);
    (off <= MOST_OFF).then_some(2.0 - off / MOST_OFF)
}

fn corner_worth(a: &End, b: &End) -> Option<f64> {
    let place = corner(a, b)?;
    let reach = place.distance(a.place) + place.distance(b.place);
    Some(0.5 - 0.25 * reach / (2.0 * CORNER_REACH))
}

/// Where two ends would meet if they went on straight.
fn corner(a: &End, b: &End) -> Option<Point> {
    let cross = a.way.cross(b.way);
    if cross.abs() < LEAST_CORNER {
        return None;
    }
    let gap = b.place - a.place;
    let reaches = [gap.cross(b.way) / cross, gap.cross(a.way) / cross];
    let is_near = reaches
        .iter()
        .all(|reach| (-2.0..CORNER_REACH).contains(reach));
    is_near.then(|| a.place + a.way * reaches[0])
}

/// Points a pixel apart on the way from one end to another.
fn way(a: &End, b: &End) -> Option<Vec<Point>> {
    let points = |from: Point, to: Point| {
        let count = from.distance(to).floor();
        (1..=count as usize).map(move |step| from.lerp(to, step as f64 / (count + 1.0)))
    };
    if smooth_worth(a, b).is_some() {
        let reach = a.place.distance(b.place) / 3.0;
        let curve = CubicBez::new(
            a.place,
            a.place + a.way * reach,
            b.place + b.way * reach,
            b.place,
        );
        let count = (3.0 * reach).floor() as usize;
        let at = |step: usize| curve.eval(step as f64 / (count + 1) as f64);
        return Some((1..=count).map(at).collect());
    }
    let place = corner(a, b)?;
    Some(
        points(a.place, place)
            .chain([place])
            .chain(points(place, b.place))
            .collect(),
    )
}

/// Joins pieces end to end, and leads the other ends on as far as there is ink. Pieces that lie
/// under bridges are dropped.
///
/// # Errors
/// When `stop` says so.
pub(super) fn joined(
    mut pieces: Vec<Piece>,
    ridges: &Ridges<'_>,
    stop: &Stop,
) -> Result<Vec<Piece>, Stopped> {
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.course.len()));
    pieces.truncate(MOST_PIECES);
    let mut is_marked = vec![false; ridges.size()[0] * ridges.size()[1]];
    pieces.retain(|piece| {
        let pixels: Vec<usize> = piece.course.iter().map(|p| ridges.pixel(*p)).collect();
        let known = pixels.iter().filter(|pixel| is_marked[**pixel]).count();
        let is_new = 2 * known < pixels.len();
        if is_new {
            let size = ridges.size();
            for pixel in pixels {
                is_marked[pixel] = true;
                beside(size, pixel).for_each(|near| is_marked[near] = true);
            }
        }
        is_new
    });
    let (mut found, open): (Vec<Piece>, Vec<Piece>) =
        pieces.into_iter().partition(|piece| piece.is_closed);
    let ends: Vec<End> = open.iter().flat_map(|piece| piece.ends(ridges)).collect();
    let mut worths = BTreeMap::new();
    for (second, b) in ends.iter().enumerate() {
        stop.check()?;
        for (first, a) in ends.iter().enumerate().take(second) {
            if (first != second ^ 1 || a.length > 24.0)
                && a.place.distance_squared(b.place) <= LONGEST * LONGEST
                && let Some(worth) = worth(a, b, ridges)
            {
                worths.insert((first, second), worth);
            }
        }
    }
    let others = matched(ends.len(), &worths, stop)?;
    let size = ridges.size();
    let mut bridged = vec![false; size[0] * size[1]];
    let mut is_used = vec![false; open.len()];
    let mut alone = Vec::new();
    let free = (0..ends.len()).filter(|end| others[*end].is_none());
    for start in free.chain(0..ends.len()) {
        if is_used[start / 2] {
            continue;
        }
        let mut whole = Piece::default();
        let mut entered = start;
        let mut count = 0;
        loop {
            is_used[entered / 2] = true;
            count += 1;
            whole.append(open[entered / 2].clone(), entered % 2 == 1);
            let left = entered ^ 1;
            let Some(next) = others[left] else {
                break;
            };
            let way = way(&ends[left], &ends[next]).unwrap_or_default();
            for point in &way {
                square(size, ridges.pixel(*point), 1).for_each(|near| bridged[near] = true);
            }
            whole.course.extend(way);
            if is_used[next / 2] {
                whole.is_closed = true;
                break;
            }
            entered = next;
        }
        if !whole.is_closed {
            let [mut first, last] = [start, entered ^ 1].map(|end| ends[end].beyond(ridges));
            first.reverse();
            whole.course = [first, whole.course, last].concat();
        }
        if count > 1 {
            found.push(whole);
        } else {
            alone.push(whole);
        }
    }
    let is_left = |piece: &Piece| !piece.seen.iter().all(|look| bridged[look.pixel]);
    found.extend(alone.into_iter().filter(is_left));
    Ok(found)
}

/// Which end each goes on in, so that the sum of the worths is large: the best pairs first, then
/// pairs that change partners as long as that is better.
fn matched(
    count: usize,
    worths: &BTreeMap<(usize, usize), f64>,
    stop: &Stop,
) -> Result<Vec<Option<usize>>, Stopped> {
    let worth = |a: usize, b: usize| worths.get(&(a.min(b), a.max(b))).copied();
    let pairs = worths.iter().map(|(&(a, b), &worth)| (worth, a, b));
    let mut pairs: Vec<(f64, usize, usize)> = pairs.collect();
    pairs.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    let mut near = vec![Vec::new(); count];
    for (_, a, b) in &pairs {
        for (from, to) in [(*a, *b), (*b, *a)] {
            if near[from].len() < MOST_TRIED {
                near[from].push(to);
            }
        }
    }
    let mut others: Vec<Option<usize>> = vec![None; count];
    for (_, a, b) in &pairs {
        if others[*a].is_none() && others[*b].is_none() {
            (others[*a], others[*b]) = (Some(*b), Some(*a));
        }
    }
    for _ in 0..ROUNDS {
        stop.check()?;
        let mut is_better = false;
        for (own, a, b) in &pairs {
            let (a, b) = (*a, *b);
            if others[a] != Some(b) {
                continue;
            }
            let exchanges = near[a]
                .iter()
                .flat_map(|c| near[b].iter().map(move |d| (*c, *d)));
            let gain = |(c, d): (usize, usize)| {
                if c == d || c == b || d == a {
                    return None;
                }
                let lost = [c, d].map(|end| others[end].and_then(|other| worth(end, other)));
                let is_pair = others[c] == Some(d);
                let lost: f64 = if is_pair {
                    lost[0].unwrap_or(0.0)
                } else {
                    lost.iter().flatten().sum()
                };
                let rest = match (others[c], others[d]) {
                    (Some(c), Some(d)) if !is_pair => worth(c, d).unwrap_or(0.0),
                    _ => 0.0,
                };
                Some((worth(a, c)? + worth(b, d)? + rest - own - lost, c, d))
            };
            let best = exchanges
                .filter_map(gain)
                .max_by(|(a, ..), (b, ..)| a.total_cmp(b));
            let Some((_, c, d)) = best.filter(|(gain, ..)| *gain > 1e-9) else {
                continue;
            };
            let left = [others[c], others[d]];
            for end in left.into_iter().flatten() {
                others[end] = None;
            }
            if let [Some(e), Some(f)] = left
                && others[c] != Some(d)
                && worth(e, f).is_some()
            {
                (others[e], others[f]) = (Some(f), Some(e));
            }
            (others[a], others[c]) = (Some(c), Some(a));
            (others[b], others[d]) = (Some(d), Some(b));
            is_better = true;
        }
        if !is_better {
            break;
        }
    }
    Ok(others)
}

#[cfg(test)]
mod tests {
    use kurbo::{Line, ParamCurveNearest as _, Shape as _};

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

    /// Some lines through points close to each other.
    fn along(points: impl Iterator<Item = (f64, f64)>) -> Vec<Line> {
        let points: Vec<(f64, f64)> = points.collect();
        points
            .windows(2)
            .map(|pair| line(pair[0], pair[1]))
            .collect()
    }

    #[test]
    fn curves_that_cross_at_a_small_angle_are_each_one_line() {
        let curve = |sign: f64| {
            let at = move |step: i32| {
                let x = f64::from(step) * 4.0 - 72.0;
                (80.0 + x, 80.0 + sign * (0.13 * x - 0.000_02 * x * x * x))
            };
            along((0..=36).map(at))
        };
        let found = found(&[curve(1.0), curve(-1.0)].concat());
        assert_eq!(found.len(), 2, "{found:?}");
        for line in &found {
            let bounds = line.path.bounding_box();
            assert!(bounds.width() > 140.0, "{bounds:?}");
        }
    }

    #[test]
    fn edges_that_meet_in_vertices_leave_no_ink() {
        let vertices = [
            (20.0, 20.0),
            (140.0, 40.0),
            (80.0, 90.0),
            (30.0, 140.0),
            (145.0, 130.0),
        ];
        let edges = (0..5).flat_map(|a| (0..a).map(move |b| (a, b)));
        let edges: Vec<Line> = edges.map(|(a, b)| line(vertices[a], vertices[b])).collect();
        let length = |lines: &[Found]| -> f64 {
            let lengths = lines.iter().map(|line| line.path.perimeter(0.1));
            lengths.sum()
        };
        let wanted: f64 = edges.iter().map(|edge| (edge.p1 - edge.p0).hypot()).sum();
        let drawn = length(&found(&edges));
        assert!(
            (drawn - wanted).abs() < 0.06 * wanted,
            "{drawn} of {wanted}"
        );
    }

    #[test]
    fn the_best_pairs_are_those_of_the_largest_sum() {
        // The best pair alone would leave the two others without any.
        let worths = [((0, 1), 1.9), ((0, 2), 1.7), ((1, 3), 1.6)];
        let found = matched(4, &worths.into_iter().collect(), &Stop::never()).expect("has time");
        assert_eq!(found, [Some(2), Some(3), Some(0), Some(1)]);
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
