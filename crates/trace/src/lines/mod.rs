//! Lines of even width, drawn as one stroke each and taken out of the picture in which regions are
//! looked for: thin ones, found along their ridges, and rings of any width. What else is wide, and
//! what is short or uneven, is a region's business.

mod bars;
mod chains;
mod order;
mod region;
mod ridge;
mod rings;
mod skeleton;
mod straight;

use chat2svg_stop::Stop;
use chat2svg_vector::Color;
use kurbo::{BezPath, Point};

use crate::{
    contours::fit_open,
    neighbours::square,
    picture::{Picture, Pixel, luma},
};
use bars::without_bars;
use chains::chains;
use order::in_painting_order;
pub use region::{Mask, RegionLine};
use ridge::{Look, Ridges};
use rings::take_rings;
use skeleton::thinned;
use straight::{Straight, sides};

/// Shortest line in pixels.
const LEAST_LENGTH: f64 = 20.0;
/// Fewest points of a side between corners of what is no line as a whole.
const LONG: usize = 40;
/// Alpha below which a line is translucent if it is wider than this in pixels: else it may be
/// thin.
const CLEARLY: f64 = 0.9;
const UNSURE_WIDTH: f64 = 1.3;
/// Widest line in pixels.
const LARGEST_WIDTH: f64 = 3.2;
/// Share of the middle width by which the quartiles of an even line's width may differ.
const EVEN: f64 = 0.4;
/// How far a line's stroke may be from its ridge, in pixels.
const TOLERANCE: f64 = 0.35;
/// Points of a chain from where it is seen to be crossed to where it is alone again, if there are
/// enough such.
const CROSSINGS: [usize; 3] = [8, 3, 0];
/// Points of a straight line at which it is seen alone, at least, and one in so many of all.
const LEAST_ALONE: usize = 15;
const MOST_CROSSED: usize = 6;
/// How far in pixels from it what crosses may seem to lead it.
const MOST_OFF: f64 = 2.0;
/// Pixels beside a line that its anti-aliasing reaches.
const SOFT: f64 = 1.2;
/// Pixels to each side within which the ground beside a line is looked up.
const GROUND_REACH: usize = 5;
/// How much a line may turn, in radians: writing turns more.
const MOST_TURN: f64 = 1.3;
const TURN_PER_PIXEL: f64 = 0.075;
/// Points between which turns are measured.
const TURN_STEP: usize = 3;
/// Points to each side over which a course is averaged.
const SMOOTH: usize = 2;
/// Most lines.
const MOST_LINES: usize = 200;
/// By how much a sign stands out, in luma; its shortest and longest side in pixels; and how many
/// make a text.
const SIGN_CONTRAST: f32 = 0.2;
const SIGN_SIDE: std::ops::RangeInclusive<usize> = 4..=48;
const LEAST_SIGNS: usize = 24;

/// A line of a picture, in its pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its centre line.
    pub path: BezPath,
    /// In pixels.
    pub width: f64,
    /// Its one colour.
    pub color: Color,
}

/// The lines of a picture, and the picture without them.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// In painting order: those that may lie below others come first.
    pub lines: Vec<Line>,
    /// The picture as its ground would continue beneath them.
    pub rest: Picture,
}

/// The thin lines of a picture; `None` when it has none, or there is no time to look.
pub fn lines_of(picture: &Picture, stop: &Stop) -> Option<Lines> {
    if picture.width.min(picture.height) < 16 {
        return None;
    }
    let shown = &*picture.on_contrast();
    let mut is_taken = vec![false; picture.pixels.len()];
    let mut lines = Vec::new();
    let [dark, light] = [1.0, -1.0].map(|sign| Ridges::of(shown, sign));
    for (ridges, others) in [(&dark, &light), (&light, &dark)] {
        let (width, height) = (picture.width, picture.height);
        let skeleton = thinned(ridges.mask(), width, height, stop).ok()?;
        let mut open = chains(&skeleton, ridges, stop).ok()?;
        open.reverse();
        while let Some(chain) = open.pop() {
            if lines.len() == MOST_LINES {
                break;
            }
            stop.check().ok()?;
            if let Some((line, course)) = line_along(ridges, others, picture, &chain) {
                lines.push((line, course));
            } else {
                // As a whole it may be crossed too often.
                let mut sides = sides(&chain.points);
                sides.retain(|side| side.len() < chain.points.len() && side.len() >= LONG);
                open.extend(sides.into_iter().map(Chain::open));
            }
        }
    }
    let lines = without_bars(lines, shown);
    if lines.is_empty() {
        return None;
    }
    for (line, course) in &lines {
        take(&mut is_taken, picture, course, 0.5 * line.width + SOFT);
    }
    let rest = Picture {
        pixels: without(picture, shown, &is_taken),
        ..*picture
    };
    let lines = in_painting_order(lines, shown);
    Some(Lines { lines, rest })
}

/// The rings of a picture and its thin lines, if any were found; `None` when it has no rings, or
/// there is no time to look.
pub fn with_rings(picture: &Picture, thin: Option<&Lines>, stop: &Stop) -> Option<Lines> {
    let mut rest = thin.map_or(picture, |thin| &thin.rest).clone();
    let mut lines = take_rings(&mut rest, stop);
    if lines.is_empty() {
        return None;
    }
    lines.extend(thin.iter().flat_map(|thin| thin.lines.iter().cloned()));
    Some(Lines { lines, rest })
}

/// Whether a picture has writing in it: many small signs, each of thin strokes.
pub fn has_writing(picture: &Picture) -> bool {
    let shown = &*picture.on_contrast();
    let signs = [1.0, -1.0].map(|sign| {
        let ridges = Ridges::of(shown, sign);
        ridges.signs(SIGN_CONTRAST, SIGN_SIDE)
    });
    signs.into_iter().sum::<usize>() >= LEAST_SIGNS
}

/// A chain of ridge pixels.
pub(crate) struct Chain {
    pub(crate) points: Vec<Point>,
    pub(crate) is_closed: bool,
}

impl Chain {
    fn open(points: Vec<Point>) -> Self {
        Self {
            points,
            is_closed: false,
        }
    }
}

/// The line along a chain, and its course point by point, if it is even.
fn line_along(
    ridges: &Ridges<'_>,
    others: &Ridges<'_>,
    picture: &Picture,
    chain: &Chain,
) -> Option<(Line, Vec<Point>)> {
    let length: f64 = chain.points.windows(2).map(|p| p[0].distance(p[1])).sum();
    if length < LEAST_LENGTH {
        return None;
    }
    let looks: Vec<_> = (0..chain.points.len())
        .filter_map(|index| ridges.across(others, chain, index))
        .collect();
    if looks.len() * 4 < chain.points.len() * 3 {
        return None;
    }
    let (straight, own) = match straight_line(chain, &looks) {
        Some((line, alone)) => (Some(line), alone),
        None => (None, looks.iter().filter(|look| look.is_clear).collect()),
    };
    if straight.is_none() && own.len() * 4 < looks.len() * 3 {
        return None;
    }
    let mut sums: Vec<f64> = own.iter().map(|look| look.sum).collect();
    sums.sort_by(f64::total_cmp);
    let quartile = |share: f64| sums.get((share * sums.len() as f64) as usize).copied();
    let (low, middle, high) = (quartile(0.2)?, quartile(0.5)?, quartile(0.8)?);
    let mut peaks: Vec<f64> = own.iter().map(|look| look.peak).collect();
    peaks.sort_by(f64::total_cmp);
    let contrast = *peaks.get(peaks.len() * 9 / 10)?;
    // The colour where the line shows it most purely.
    let (mut sum, mut count) = ([0.0_f64; 4], 0.0);
    for look in own.iter().filter(|look| look.peak >= 0.92 * contrast) {
        for (sum, value) in sum.iter_mut().zip(picture.pixels[look.pixel]) {
            *sum += f64::from(value);
        }
        count += 1.0;
    }
    let [red, green, blue, alpha] = sum.map(|sum| sum / f64::max(count, 1.0));
    let seen = middle / contrast;
    // A line that is nowhere opaque is a thin one, where its edges leave that open.
    let width = alpha * seen;
    let is_even = high - low <= EVEN * middle && (0.3..=LARGEST_WIDTH).contains(&width);
    if !is_even || (alpha < CLEARLY && seen > UNSURE_WIDTH) {
        return None;
    }
    let [red, green, blue] = [red, green, blue].map(|sum| (sum / alpha) as f32);
    let mut course: Vec<Point> = looks.iter().map(|look| look.center).collect();
    if let Some(line) = straight {
        course
            .iter_mut()
            .for_each(|point| *point = line.nearest(*point));
    }
    if turning(&course, chain.is_closed) > MOST_TURN + TURN_PER_PIXEL * length {
        return None;
    }
    let path = stroke_along(&course, chain.is_closed);
    (path.elements().len() > 1).then(|| {
        let color = Color::new(red, green, blue);
        (Line { path, width, color }, course)
    })
}

/// The straight line that a chain follows wherever nothing crosses it, with what lies across it
/// there: elsewhere that is not the line alone.
fn straight_line<'a>(chain: &Chain, looks: &'a [Look]) -> Option<(Straight, Vec<&'a Look>)> {
    let through = |looks: &[&Look]| {
        let centers: Vec<Point> = looks.iter().map(|look| look.center).collect();
        Straight::through(&centers)
    };
    let with_margin = |margin: &usize| {
        let is_alone = |index: &usize| {
            let near = index.saturating_sub(*margin)..(index + margin + 1).min(looks.len());
            looks[near].iter().all(|look| look.is_clear)
        };
        let alone = (0..looks.len()).filter(is_alone);
        let mut alone: Vec<&Look> = alone.map(|index| &looks[index]).collect();
        let found = alone.len();
        // Where a crossing begins, two lines are seen as one beside the middle.
        let rough = through(&alone)?;
        alone.retain(|look| rough.distance(look.center) <= 2.0 * TOLERANCE);
        let line = through(&alone)?;
        alone.retain(|look| line.distance(look.center) <= TOLERANCE);
        let mut points = chain.points.iter();
        let is_line = 4 * alone.len() >= 3 * found
            && alone.len() >= LEAST_ALONE.max(looks.len() / MOST_CROSSED)
            && points.all(|point| line.distance(*point) <= MOST_OFF);
        is_line.then_some((line, alone))
    };
    (!chain.is_closed).then(|| CROSSINGS.iter().find_map(with_margin))?
}

/// How much a course turns in all, in radians.
fn turning(course: &[Point], is_closed: bool) -> f64 {
    let points = smoothed(course, SMOOTH, false);
    let ways: Vec<kurbo::Vec2> = points
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

/// Points over which a course's direction is taken at a corner.
const TURN_REACH: usize = 5;
/// Least turn of a corner in radians.
const LEAST_TURN: f64 = 0.65;

/// A stroke's path: curves between corners.
fn stroke_along(course: &[Point], is_closed: bool) -> BezPath {
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
fn smoothed(points: &[Point], reach: usize, is_closed: bool) -> Vec<Point> {
    let count = points.len();
    (0..count)
        .map(|index| {
            let reach = if is_closed {
                reach.min((count - 1) / 2)
            } else {
                reach.min(index).min(count - 1 - index)
            };
            let around = (0..=2 * reach).map(|step| points[(index + count + step - reach) % count]);
            let sum = around.fold(kurbo::Vec2::ZERO, |sum, point| sum + point.to_vec2());
            (sum / (2 * reach + 1) as f64).to_point()
        })
        .collect()
}

/// Marks the pixels within `reach` of a course.
fn take(is_taken: &mut [bool], picture: &Picture, course: &[Point], reach: f64) {
    for point in course {
        let low = |value: f64| (value - reach).floor().max(0.0) as usize;
        let high = |value: f64, side: usize| ((value + reach).ceil().max(0.0) as usize).min(side);
        for y in low(point.y)..high(point.y, picture.height) {
            for x in low(point.x)..high(point.x, picture.width) {
                let center = Point::new(x as f64 + 0.5, y as f64 + 0.5);
                if center.distance(*point) <= reach + 0.3 {
                    is_taken[y * picture.width + x] = true;
                }
            }
        }
    }
}

/// The picture with what is taken painted as what lies beside it, nearest first; `shown` is how it
/// looks on an opaque ground.
fn without(picture: &Picture, shown: &Picture, is_taken: &[bool]) -> Vec<Pixel> {
    let (width, height) = (picture.width, picture.height);
    let ground = |index: usize| {
        for reach in 2..=GROUND_REACH {
            let free = square([width, height], index, reach).filter(|at| !is_taken[*at]);
            let mut around: Vec<usize> = free.collect();
            if around.len() >= 3 {
                let luma = |at: usize| luma(shown.pixels[at]);
                around.sort_by(|a, b| luma(*a).total_cmp(&luma(*b)));
                return picture.pixels[around[around.len() / 2]];
            }
        }
        picture.pixels[index]
    };
    (0..is_taken.len())
        .map(|index| {
            if is_taken[index] {
                ground(index)
            } else {
                picture.pixels[index]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::*;

    fn picture(ink: impl Fn(Point) -> f64) -> Picture {
        let pixels = (0..120 * 90).map(|index| {
            let mut cover = 0.0;
            for step in 0..16 {
                let x = f64::from(index % 120) + (f64::from(step % 4) + 0.5) / 4.0;
                let y = f64::from(index / 120) + (f64::from(step / 4) + 0.5) / 4.0;
                cover += ink(Point::new(x, y)) / 16.0;
            }
            [1.0 - 0.9 * cover as f32; 3]
        });
        Picture::opaque(120, 90, pixels)
    }

    fn within(off: f64, width: f64) -> f64 {
        if off.abs() < 0.5 * width { 1.0 } else { 0.0 }
    }

    #[test]
    fn many_small_signs_are_writing_and_a_few_lines_are_none() {
        let signs = |p: Point| match p.y % 16.0 < 7.0 {
            true => within(p.x % 6.0 - 3.0, 1.4),
            false => 0.0,
        };
        assert!(has_writing(&picture(signs)));
        let lines = |p: Point| within(p.x % 30.0 - 15.0, 1.4).max(within(p.y - 40.0, 1.4));
        assert!(!has_writing(&picture(lines)));
        let areas = |p: Point| within(p.x % 24.0 - 12.0, 14.0);
        assert!(!has_writing(&picture(areas)));
        // Their tops and sides are rows of a pixel.
        let disc =
            |p: Point| 11.3 - Point::new(p.x % 30.0, p.y % 30.0).distance(Point::new(15.0, 15.0));
        assert!(!has_writing(&picture(|p| disc(p).clamp(0.0, 1.0))));
    }

    #[test]
    fn a_line_goes_on_straight_where_another_crosses_it() {
        let circle = |p: Point| within(p.distance(Point::new(60.0, 45.0)) - 30.0, 1.5);
        let slope = |p: Point| within(p.y - 46.3 - 0.2 * (p.x - 60.0), 1.2);
        let found =
            lines_of(&picture(|p| circle(p).max(slope(p))), &Stop::never()).expect("has lines");
        // The circle may be left open where the other line runs into it.
        assert!((2..=3).contains(&found.lines.len()), "{:?}", found.lines);
        let straight = found
            .lines
            .iter()
            .filter(|line| line.path.bounding_box().width() > 110.0);
        assert_eq!(straight.count(), 1, "{:?}", found.lines);
        for line in &found.lines {
            assert!((1.0..1.8).contains(&line.width), "{}", line.width);
            assert!(line.color.red < 0.3);
        }
        let left = found
            .rest
            .pixels
            .iter()
            .filter(|pixel| pixel[0] < 0.8)
            .count();
        assert!(left < 12, "{left} pixels of ink are left");
    }

    #[test]
    fn areas_and_short_strokes_are_no_lines() {
        let disc = |p: Point| within(p.distance(Point::new(40.0, 45.0)), 40.0);
        let dash = |p: Point| within(p.y - 20.0, 1.5) * within(p.x - 95.0, 12.0);
        assert_eq!(
            lines_of(&picture(|p| disc(p).max(dash(p))), &Stop::never()),
            None
        );
    }
}
