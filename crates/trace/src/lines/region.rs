//! Regions that are lines of even width: their middle, and how wide they are. Pixels only; whether
//! a stroke serves better than an outline is decided elsewhere.

use chat2svg_stop::{Stop, Stopped};
use kurbo::{BezPath, Point, Vec2};

use super::{skeleton::thinned, smoothed};
use crate::{contours::fit_open, distance::distance_inside, neighbours::beside};

/// Least length of a line as a multiple of its width.
const LEAST_LENGTH: f64 = 4.0;
/// Most pixels of a side branch, as a multiple of the line's half width, that is taken for a rough
/// edge.
const TWIG: f64 = 1.6;
/// Points to each side over which the staircase of pixels is averaged.
const SMOOTH: usize = 3;

/// A line found in a region, in pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionLine {
    /// Points along its middle, evenly spaced by about a pixel; an open line's ends are on the
    /// border.
    pub(super) points: Vec<Point>,
    /// Whether its end is its start.
    pub is_closed: bool,
    /// In pixels, the same all along.
    pub width: f64,
}

/// Share of a region's pixels that lie two pixels within it from which it is no line.
const DEEP_SHARE: f64 = 0.25;

/// Free pixels around a region in its window.
const MARGIN: i64 = 2;

/// Pixels of a region in a window around it, with a free margin.
#[derive(Clone, Debug)]
pub struct Mask {
    left: i64,
    top: i64,
    width: usize,
    height: usize,
    inside: Vec<bool>,
}

impl Mask {
    /// Of pixels given by their index, in a picture of the given width; `None` when there are none.
    pub fn of(pixels: &[u32], picture_width: usize) -> Option<Self> {
        let place = |pixel: &u32| {
            let index = *pixel as usize;
            (
                (index % picture_width) as i64,
                (index / picture_width) as i64,
            )
        };
        let (mut left, mut top, mut right, mut bottom) = (i64::MAX, i64::MAX, i64::MIN, i64::MIN);
        for (x, y) in pixels.iter().map(place) {
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
        if pixels.is_empty() {
            return None;
        }
        let (left, top) = (left - MARGIN, top - MARGIN);
        let width = (right + MARGIN - left + 1) as usize;
        let height = (bottom + MARGIN - top + 1) as usize;
        let mut inside = vec![false; width * height];
        for (x, y) in pixels.iter().map(place) {
            inside[(y - top) as usize * width + (x - left) as usize] = true;
        }
        Some(Self {
            left,
            top,
            width,
            height,
            inside,
        })
    }

    /// Width and height of the box around the pixels.
    pub fn extent(&self) -> Vec2 {
        let side = |side: usize| side as f64 - 2.0 * MARGIN as f64;
        Vec2::new(side(self.width), side(self.height))
    }

    /// Pixels with what they enclose.
    pub fn filled_area(&self) -> usize {
        let mut is_outside = vec![false; self.inside.len()];
        let mut open = vec![0_usize];
        if let Some(first) = is_outside.first_mut() {
            *first = true;
        }
        while let Some(pixel) = open.pop() {
            for next in beside([self.width, self.height], pixel) {
                if !is_outside[next] && !self.inside[next] {
                    is_outside[next] = true;
                    open.push(next);
                }
            }
        }
        is_outside.iter().filter(|outside| !**outside).count()
    }

    /// Whether it is a line or a rim: few of its pixels have two others of it on all four sides.
    pub fn is_thin(&self) -> bool {
        let inside = |pixel: usize| self.inside.get(pixel) == Some(&true);
        let own = (0..self.inside.len()).filter(|pixel| inside(*pixel));
        let (mut all, mut deep) = (0.0, 0.0);
        for pixel in own {
            // The free margin around the pixels is as wide as this looks.
            let around = [
                pixel.wrapping_sub(2),
                pixel + 2,
                pixel.wrapping_sub(2 * self.width),
                pixel + 2 * self.width,
            ];
            all += 1.0;
            deep += f64::from(u8::from(around.into_iter().all(inside)));
        }
        deep < DEEP_SHARE * all
    }

    /// The line that the region is; `None` when it branches, is too short or too uneven.
    /// `evenness` is the standard deviation of its width over the mean, at most.
    ///
    /// # Errors
    /// When `stop` says so.
    pub fn line(&self, evenness: f64, stop: &Stop) -> Result<Option<RegionLine>, Stopped> {
        let distance = distance_inside(&self.inside, self.width, self.height, false, stop)?;
        let mut thin = thinned(self.inside.clone(), self.width, self.height, stop)?;
        let half = distance.iter().copied().fold(0.0, f32::max);
        remove_twigs(
            &mut thin,
            self.width,
            (TWIG * f64::from(half) + 1.0) as usize,
        );
        let Some((order, is_closed)) = in_order(&thin, self.width) else {
            return Ok(None);
        };
        let place = |pixel: &usize| {
            Point::new(
                (self.left + (pixel % self.width) as i64) as f64 + 0.5,
                (self.top + (pixel / self.width) as i64) as f64 + 0.5,
            )
        };
        let middle: Vec<Point> = order.iter().map(place).collect();
        let mut points = smoothed(&middle, SMOOTH, is_closed);
        if !is_closed {
            let trim = half.ceil() as usize;
            self.reach_border(&mut points, trim);
            points.reverse();
            self.reach_border(&mut points, trim);
            points.reverse();
        }
        let area = self.inside.iter().filter(|inside| **inside).count() as f64;
        let length = length_of(&points, is_closed);
        let width = area / length.max(1.0);
        let is_long = length >= LEAST_LENGTH * width;
        let is_line = is_long && unevenness(&distance, half, &order) <= evenness;
        Ok(is_line.then_some(RegionLine {
            points,
            is_closed,
            width,
        }))
    }

    /// Leads the last point straight on to the border. The middle of a blunt end runs into a
    /// corner: so many points there are replaced.
    fn reach_border(&self, points: &mut Vec<Point>, trim: usize) {
        const STEP: f64 = 0.25;
        if points.len() > 2 * trim + 8 {
            points.truncate(points.len() - trim);
        }
        let Some(mut end) = points.last().copied() else {
            return;
        };
        let back = points[points.len().saturating_sub(7)];
        let way = end - back;
        if way.hypot() < 1e-9 {
            return;
        }
        let step = way / way.hypot() * STEP;
        for _ in 0..(8 * trim + 16) {
            let next = end + step;
            if !self.is_inside(next) {
                break;
            }
            end = next;
        }
        points.push(end);
    }

    fn is_inside(&self, point: Point) -> bool {
        let x = point.x.floor() as i64 - self.left;
        let y = point.y.floor() as i64 - self.top;
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return false;
        };
        x < self.width
            && self
                .inside
                .get(y * self.width + x)
                .copied()
                .unwrap_or(false)
    }
}

impl RegionLine {
    /// Its middle as a path of few curves, at most `tolerance` pixels away; the ends of an open
    /// line are taken back by `less` pixels, for round caps.
    pub fn path(&self, tolerance: f64, less: f64) -> BezPath {
        let mut points = self.points.clone();
        if !self.is_closed && less > 0.0 {
            for _ in 0..2 {
                shorten(&mut points, less);
                points.reverse();
            }
        }
        if self.is_closed {
            points.extend(self.points.first().copied());
        }
        let mut path = fit_open(&points, tolerance);
        if self.is_closed && !path.elements().is_empty() {
            path.close_path();
        }
        path
    }
}

/// Takes a length off the end of a line.
fn shorten(points: &mut Vec<Point>, mut less: f64) {
    while points.len() > 2 {
        let (last, before) = (points[points.len() - 1], points[points.len() - 2]);
        let step = last.distance(before);
        if step > less {
            let end = points.len() - 1;
            points[end] = last.lerp(before, less / step);
            return;
        }
        less -= step;
        points.pop();
    }
}

fn length_of(points: &[Point], is_closed: bool) -> f64 {
    let steps: f64 = points
        .windows(2)
        .map(|pair| pair[0].distance(pair[1]))
        .sum();
    let closing = points.first().zip(points.last()).filter(|_| is_closed);
    steps + closing.map_or(0.0, |(first, last)| first.distance(*last))
}

/// Standard deviation of the width along a line over its mean. Ends, which run out, do not count.
fn unevenness(distance: &[f32], half: f32, order: &[usize]) -> f64 {
    let trim = (half.ceil() as usize).min(order.len() / 4);
    let middle = order.get(trim..order.len() - trim).unwrap_or(order);
    let widths: Vec<f64> = middle
        .iter()
        .filter_map(|pixel| distance.get(*pixel))
        .map(|distance| f64::from(*distance) + 0.5)
        .collect();
    let count = widths.len().max(1) as f64;
    let mean = widths.iter().sum::<f64>() / count;
    let squares = widths.iter().map(|width| (width - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt() / mean.max(1e-9)
}

/// Neighbours of a pixel of a line, those side by side before those across corners.
fn linked(thin: &[bool], pixel: usize, width: usize) -> Vec<usize> {
    let sides = [pixel - width, pixel + 1, pixel + width, pixel - 1];
    let corners = [
        (pixel - width + 1, 0, 1),
        (pixel + width + 1, 2, 1),
        (pixel + width - 1, 2, 3),
        (pixel - width - 1, 0, 3),
    ];
    let mut found: Vec<usize> = sides.into_iter().filter(|other| thin[*other]).collect();
    // Across a corner only where no side leads there.
    found.extend(
        corners
            .into_iter()
            .filter(|(other, a, b)| thin[*other] && !thin[sides[*a]] && !thin[sides[*b]])
            .map(|(other, _, _)| other),
    );
    found
}

/// Takes out side branches of at most so many pixels.
fn remove_twigs(thin: &mut [bool], width: usize, longest: usize) {
    let ends: Vec<usize> = (0..thin.len())
        .filter(|pixel| thin[*pixel] && linked(thin, *pixel, width).len() == 1)
        .collect();
    for end in ends {
        let mut branch = vec![end];
        loop {
            let last = branch[branch.len() - 1];
            let next: Vec<usize> = linked(thin, last, width)
                .into_iter()
                .filter(|other| !branch.contains(other))
                .collect();
            match next.as_slice() {
                [only] if branch.len() <= longest => branch.push(*only),
                [_, _, ..] if branch.len() > 1 => {
                    // The fork itself belongs to the line.
                    branch.pop();
                    for pixel in branch {
                        thin[pixel] = false;
                    }
                    break;
                }
                _ => break,
            }
        }
    }
}

/// The pixels of a line from end to end, or around; `None` when it branches or is in pieces.
fn in_order(thin: &[bool], width: usize) -> Option<(Vec<usize>, bool)> {
    let all: Vec<usize> = (0..thin.len()).filter(|pixel| thin[*pixel]).collect();
    let mut ends = Vec::new();
    for pixel in &all {
        match linked(thin, *pixel, width).len() {
            1 => ends.push(*pixel),
            2 => {}
            _ => return None,
        }
    }
    let is_closed = ends.is_empty();
    if !is_closed && ends.len() != 2 {
        return None;
    }
    let mut order = vec![ends.first().or(all.first()).copied()?];
    let mut previous = usize::MAX;
    loop {
        let last = *order.last()?;
        let next = linked(thin, last, width)
            .into_iter()
            .find(|other| *other != previous && (*other != order[0] || order.len() < 2));
        match next {
            Some(next) if order.len() <= all.len() => {
                previous = last;
                order.push(next);
            }
            _ => break,
        }
    }
    (order.len() == all.len() && order.len() >= 3).then_some((order, is_closed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(width: u32, height: u32, is_inside: impl Fn(f64, f64) -> bool) -> Vec<u32> {
        (0..width * height)
            .filter(|index| {
                is_inside(
                    f64::from(index % width) + 0.5,
                    f64::from(index / width) + 0.5,
                )
            })
            .collect()
    }

    #[test]
    fn a_ring_is_a_closed_line() {
        let ring = pixels(80, 80, |x, y| {
            ((x - 40.0).hypot(y - 40.0) - 25.0).abs() < 2.0
        });
        let mask = Mask::of(&ring, 80).expect("has pixels");
        assert!(mask.filled_area() > 3 * ring.len());
        let line = mask
            .line(0.3, &Stop::never())
            .expect("not stopped")
            .expect("is a line");
        assert!(line.is_closed);
        assert!((line.width - 4.0).abs() < 0.4, "{}", line.width);
        for point in &line.points {
            let radius = point.distance(Point::new(40.0, 40.0));
            assert!((radius - 25.0).abs() < 1.2, "{radius}");
        }
        assert!(line.path(0.5, 0.0).elements().len() < 16);
    }

    #[test]
    fn a_wave_is_an_open_line() {
        let wave = pixels(120, 40, |x, y| {
            (8.0..112.0).contains(&x) && (y - 20.0 - 6.0 * (x / 12.0).sin()).abs() < 2.0
        });
        let line = Mask::of(&wave, 120)
            .and_then(|mask| mask.line(0.3, &Stop::never()).expect("not stopped"))
            .expect("is a line");
        assert!(!line.is_closed);
        assert!((3.0..4.5).contains(&line.width), "{}", line.width);
    }

    #[test]
    fn discs_wedges_and_crosses_are_not() {
        let disc = pixels(60, 60, |x, y| (x - 30.0).hypot(y - 30.0) < 20.0);
        let wedge = pixels(120, 60, |x, y| {
            (10.0..110.0).contains(&x) && (y - 30.0).abs() < (x - 10.0) / 6.0
        });
        let cross = pixels(80, 80, |x, y| {
            ((x - 40.0).abs() < 2.0 || (y - 40.0).abs() < 2.0) && (x - 40.0).hypot(y - 40.0) < 35.0
        });
        for (region, width) in [(disc, 60), (wedge, 120), (cross, 80)] {
            let line = Mask::of(&region, width)
                .and_then(|mask| mask.line(0.3, &Stop::never()).expect("not stopped"));
            assert_eq!(line, None);
        }
    }
}
