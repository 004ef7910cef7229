//! Lines of even width, drawn as one stroke each and taken out of the picture in which regions are
//! looked for: thin ones, found along their ridges, and rings of any width. What else is wide, and
//! what is short or uneven, is a region's business.

mod bars;
mod bridges;
mod chains;
mod order;
mod pieces;
mod region;
mod ridge;
mod rings;
mod skeleton;
mod straight;
mod stroke;

use chat2svg_stop::Stop;
use chat2svg_vector::Color;
use kurbo::{BezPath, Point};

use crate::{
    neighbours::square,
    picture::{Picture, Pixel, luma},
};
use bars::is_bar;
use chains::chains;
use order::in_painting_order;
use pieces::{Piece, even_sum};
pub use region::{Mask, RegionLine};
use ridge::{Look, Ridges};
use rings::take_rings;
use skeleton::thinned;
use straight::Straight;
use stroke::{TOLERANCE, stroke_along, turning};

/// Shortest line in pixels.
const LEAST_LENGTH: f64 = 20.0;
/// Widest line in pixels.
const LARGEST_WIDTH: f64 = 3.2;
/// How far in pixels from a straight line what crosses may seem to lead it.
const MOST_OFF: f64 = 2.0;
/// Pixels beside a line that its anti-aliasing reaches.
const SOFT: f64 = 1.2;
/// Pixels to each side within which the ground beside a line is looked up.
const GROUND_REACH: usize = 5;
/// How much a line may turn, in radians: writing turns more.
const MOST_TURN: f64 = 1.3;
const TURN_PER_PIXEL: f64 = 0.075;
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

/// The thin lines of an opaque picture; `None` when it has none, or there is no time to look.
pub fn lines_of(picture: &Picture, stop: &Stop) -> Option<Lines> {
    if !picture.is_opaque || picture.width.min(picture.height) < 16 {
        return None;
    }
    let mut is_taken = vec![false; picture.pixels.len()];
    let mut lines = Vec::new();
    let [dark, light] = [1.0, -1.0].map(|sign| Ridges::of(picture, sign));
    for (ridges, others) in [(&dark, &light), (&light, &dark)] {
        let (width, height) = (picture.width, picture.height);
        let skeleton = thinned(ridges.mask(), width, height, stop).ok()?;
        let mut pieces = Vec::new();
        for chain in chains(&skeleton, ridges, stop).ok()? {
            stop.check().ok()?;
            let looks = looks_along(ridges, others, &chain);
            let apart = Piece::apart(&looks, chain.is_closed).into_iter();
            pieces.extend(apart.filter(Piece::is_even));
        }
        for piece in bridges::joined(pieces, ridges, stop).ok()? {
            if lines.len() == MOST_LINES {
                break;
            }
            if let Some((line, course)) = line_along(&piece, picture)
                && !is_bar(&course, line.width, line.color, picture)
            {
                lines.push((line, course));
            }
        }
    }
    if lines.is_empty() {
        return None;
    }
    for (line, course) in &lines {
        take(&mut is_taken, picture, course, 0.5 * line.width + SOFT);
    }
    let rest = Picture {
        pixels: without(picture, &is_taken),
        ..*picture
    };
    let lines = in_painting_order(lines, picture);
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
    let signs = [1.0, -1.0].map(|sign| {
        let ridges = Ridges::of(picture, sign);
        ridges.signs(SIGN_CONTRAST, SIGN_SIDE)
    });
    signs.into_iter().sum::<usize>() >= LEAST_SIGNS
}

/// A chain of ridge pixels.
pub(crate) struct Chain {
    pub(crate) points: Vec<Point>,
    pub(crate) is_closed: bool,
}

/// What lies across a chain, point by point where it has a direction.
fn looks_along(ridges: &Ridges<'_>, others: &Ridges<'_>, chain: &Chain) -> Vec<Look> {
    let points = 0..chain.points.len();
    points
        .filter_map(|index| ridges.across(others, chain, index))
        .collect()
}

/// The straight line that a piece is, if nearly all that is seen of it is on it.
fn straight_through(own: &[Look], course: &[Point]) -> Option<Straight> {
    let mut centers: Vec<Point> = own.iter().map(|look| look.center).collect();
    for reach in [2.0 * TOLERANCE, TOLERANCE] {
        let line = Straight::through(&centers)?;
        centers.retain(|center| line.distance(*center) <= reach);
    }
    let line = Straight::through(&centers)?;
    let is_line = 10 * centers.len() >= 9 * own.len()
        && course.iter().all(|point| line.distance(*point) <= MOST_OFF);
    is_line.then_some(line)
}

/// The line along a piece, if it is long and even.
fn line_along(piece: &Piece, picture: &Picture) -> Option<(Line, Vec<Point>)> {
    let Piece {
        course, is_closed, ..
    } = piece;
    let own = piece.own()?;
    let length: f64 = course.windows(2).map(|p| p[0].distance(p[1])).sum();
    if length < LEAST_LENGTH {
        return None;
    }
    let middle = even_sum(&own)?;
    let mut peaks: Vec<f64> = own.iter().map(|look| look.peak).collect();
    peaks.sort_by(f64::total_cmp);
    let contrast = *peaks.get(peaks.len() * 9 / 10)?;
    let width = middle / contrast;
    let is_line = (0.3..=LARGEST_WIDTH).contains(&width)
        && turning(course, *is_closed) <= MOST_TURN + TURN_PER_PIXEL * length;
    if !is_line {
        return None;
    }
    // The colour where the line shows it most purely.
    let (mut sum, mut count) = ([0.0_f64; 3], 0.0);
    for look in own.iter().filter(|look| look.peak >= 0.92 * contrast) {
        for (sum, value) in sum.iter_mut().zip(picture.pixels[look.pixel]) {
            *sum += f64::from(value);
        }
        count += 1.0;
    }
    let [red, green, blue] = sum.map(|sum| (sum / f64::max(count, 1.0)) as f32);
    let mut course = course.clone();
    if !is_closed && let Some(line) = straight_through(&own, &course) {
        course
            .iter_mut()
            .for_each(|point| *point = line.nearest(*point));
    }
    let path = stroke_along(&course, *is_closed);
    let color = Color::new(red, green, blue);
    (path.elements().len() > 1).then_some((Line { path, width, color }, course))
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

/// The picture with what is taken painted as what lies beside it, nearest first.
fn without(picture: &Picture, is_taken: &[bool]) -> Vec<Pixel> {
    let (width, height) = (picture.width, picture.height);
    let ground = |index: usize| {
        for reach in 2..=GROUND_REACH {
            let free = square([width, height], index, reach).filter(|at| !is_taken[*at]);
            let mut around: Vec<Pixel> = free.map(|at| picture.pixels[at]).collect();
            if around.len() >= 3 {
                around.sort_by(|a, b| luma(*a).total_cmp(&luma(*b)));
                return around[around.len() / 2];
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
