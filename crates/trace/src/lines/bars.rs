//! Bars side by side, and the gaps between them: upright lines to both sides of which their own
//! colour is soon seen again. They are regions: as lines they would take each other's pixels, and
//! what goes on beneath them could not be told.

use chat2svg_vector::Color;
use kurbo::{Point, Vec2};

use super::{Line, SOFT};
use crate::picture::{Picture, Pixel};

/// How far in pixels from a column or row a bar's middle may be.
const UPRIGHT: f64 = 0.75;
/// Pixels from a line's sides within which its colour is seen again, and how far off it may be, as
/// a share of its distance from the other colours there.
const NEAR: u32 = 4;
const SAME: f32 = 0.25;
/// Least such distance.
const UNSEEN: f32 = 0.06;
/// One in so many points of a bar's middle has other bars to both sides, at least.
const BETWEEN: usize = 3;

/// The lines, each with its course, that are no bars side by side.
pub(super) fn without_bars(
    lines: Vec<(Line, Vec<Point>)>,
    picture: &Picture,
) -> Vec<(Line, Vec<Point>)> {
    let is_bar = |(line, course): &(Line, Vec<Point>)| {
        let Some(across) = across(course) else {
            return false;
        };
        let is_again = |point: Point, across: Vec2| {
            let first = 0.5 * line.width + SOFT;
            let looks = (0..=NEAR).map(|step| point + (first + f64::from(step)) * across);
            let off: Vec<f32> = looks
                .filter_map(|look| Some(distance(inside(look, picture)?, line.color)))
                .collect();
            let least = off.iter().copied().fold(f32::INFINITY, f32::min);
            let most = off.iter().copied().fold(0.0, f32::max);
            least <= SAME * most.max(UNSEEN)
        };
        let between = course
            .iter()
            .filter(|point| is_again(**point, across) && is_again(**point, -across));
        BETWEEN * between.count() > course.len()
    };
    lines.into_iter().filter(|line| !is_bar(line)).collect()
}

/// The pixel at a place, if the picture has one there.
fn inside(place: Point, picture: &Picture) -> Option<Pixel> {
    let [width, height] = picture.size().map(|side| side as f64);
    let is_inside = (0.0..width).contains(&place.x) && (0.0..height).contains(&place.y);
    let pixel = picture.pixels.get(picture.pixel_at(place)).copied();
    pixel.filter(|_| is_inside)
}

/// Largest difference of a component.
fn distance(pixel: Pixel, color: Color) -> f32 {
    let wanted = [color.red, color.green, color.blue];
    let pairs = pixel.iter().zip(wanted);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The direction across an upright course; `None` of another one.
fn across(course: &[Point]) -> Option<Vec2> {
    let extent = |value: fn(&Point) -> f64| {
        let values = course.iter().map(value);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        values.fold(f64::NEG_INFINITY, f64::max) - low
    };
    let [x, y] = [extent(|point| point.x), extent(|point| point.y)];
    match (x <= 2.0 * UPRIGHT, y <= 2.0 * UPRIGHT) {
        (true, false) => Some(Vec2::new(1.0, 0.0)),
        (false, true) => Some(Vec2::new(0.0, 1.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Stop;

    use super::*;
    use crate::lines::lines_of;

    /// How many lines are found in a picture of upright bars of a shade.
    fn found(shade: f32, [bar, gap]: [usize; 2], count: usize) -> usize {
        let pixels = (0..160 * 90).map(|index: usize| {
            let (x, y) = (index % 160, index / 160);
            let (at, off) = (
                x.wrapping_sub(12) / (bar + gap),
                x.wrapping_sub(12) % (bar + gap),
            );
            let is_bar = x >= 12 && at < count && off < bar && (10 + at % 5..80).contains(&y);
            [if is_bar { shade } else { 1.0 }; 3]
        });
        let picture = Picture::opaque(160, 90, pixels);
        lines_of(&picture, &Stop::never()).map_or(0, |found| found.lines.len())
    }

    #[test]
    fn bars_side_by_side_are_regions_and_lines_with_ground_between_are_not() {
        for shade in [0.1, 0.85] {
            for widths in [[1, 3], [1, 1], [2, 2]] {
                let found = found(shade, widths, 30);
                assert!(found <= 2, "{found} of {widths:?}");
            }
            assert_eq!(found(shade, [1, 12], 6), 6);
        }
    }
}
