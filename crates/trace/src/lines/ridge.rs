//! How much each pixel stands out from what lies beside it, as thin things do: the difference to
//! the morphological closing (or opening) of luma.

use std::ops::RangeInclusive;

use kurbo::{Point, Vec2};

use super::Chain;
use crate::{
    neighbours::square,
    picture::{Picture, luma},
};

/// Half the side of the square within which a thing is thin.
const REACH: usize = 2;
/// Least difference of luma.
const LEAST: f32 = 0.045;
/// Share of the strongest difference nearby that belongs to a ridge.
const SHARE: f32 = 0.42;
/// Points before and after over which a ridge's direction is taken.
const DIRECTION_REACH: usize = 4;
/// Shorter side in pixels from which a sign is more than the rim of something round and wide.
const NO_RIM: usize = 3;
/// Steps per pixel across a ridge.
const STEPS: i32 = 4;
/// Pixels to each side that are looked at across a ridge.
const ACROSS: i32 = 3;

/// Pixels beside a line at which there is ground, and the share of the line's difference that may
/// be there.
const CLEAR: f64 = 2.0;
const CLEAR_SHARE: f64 = 0.3;

/// Share of a course that stands out less than where its colour is taken, and pixels to each side
/// within which its ground is.
const PUREST: f64 = 0.75;
const GROUND: usize = 4;
/// Cosine of the differences from the ground of two mixtures of one colour, and by what factor the
/// fainter may differ less.
const SAME_HUE: f32 = 0.95;
const FAINTER: f32 = 2.5;

/// What stands out, row by row.
pub(super) struct Ridges<'a> {
    picture: &'a Picture,
    values: Vec<f32>,
    lumas: Vec<f32>,
}

/// What lies across a ridge.
pub(super) struct Look {
    pub(super) center: Point,
    /// Difference summed across, in pixels.
    pub(super) sum: f64,
    pub(super) peak: f64,
    /// Whether there is nothing but ground to both sides.
    pub(super) is_clear: bool,
    /// Index of the pixel that stands out most.
    pub(super) pixel: usize,
}

impl<'a> Ridges<'a> {
    /// Of what is darker than its ground (`sign` 1) or lighter (-1).
    pub(super) fn of(picture: &'a Picture, sign: f32) -> Self {
        let (width, height) = (picture.width, picture.height);
        let lumas: Vec<f32> = picture
            .pixels
            .iter()
            .map(|pixel| sign * luma(*pixel))
            .collect();
        let raised = extremes(&lumas, width, height, f32::max);
        let closed = extremes(&raised, width, height, f32::min);
        let values = closed.iter().zip(&lumas).map(|(ground, own)| ground - own);
        Self {
            picture,
            values: values.collect(),
            lumas,
        }
    }

    /// Width and height in pixels.
    pub(super) fn size(&self) -> [usize; 2] {
        self.picture.size()
    }

    /// Whether a place stands out at all, if only beside what does so more.
    pub(super) fn is_ink(&self, point: Point) -> bool {
        self.values[self.pixel(point)] >= LEAST
    }

    /// Whether two courses are of one colour, mixed with their ground more or less, as those of
    /// thin lines are.
    pub(super) fn is_one_color(&self, a: &[Point], b: &[Point]) -> bool {
        let pair = self.contrast(a).zip(self.contrast(b));
        pair.is_none_or(|(a, b)| {
            let product = |a: [f32; 3], b: [f32; 3]| (0..3).map(|i| a[i] * b[i]).sum::<f32>();
            let (own, other) = (product(a, a).sqrt(), product(b, b).sqrt());
            let is_alike = product(a, b) >= SAME_HUE * own * other;
            is_alike && own.max(other) <= FAINTER * own.min(other)
        })
    }

    /// By what a course differs from its ground where it stands out most, but for what crosses it.
    fn contrast(&self, course: &[Point]) -> Option<[f32; 3]> {
        let size = self.size();
        let by_value = |a: &usize, b: &usize| self.values[*a].total_cmp(&self.values[*b]);
        let strongest = |point: &Point| square(size, self.pixel(*point), 1).max_by(by_value);
        let mut seen: Vec<usize> = course.iter().filter_map(strongest).collect();
        seen.sort_by(by_value);
        let purest = *seen.get((PUREST * seen.len() as f64) as usize)?;
        let ground = square(size, purest, GROUND).min_by(by_value)?;
        let [own, ground] = [purest, ground].map(|index| self.picture.pixels[index]);
        Some([0, 1, 2].map(|i| own[i] - ground[i]))
    }

    /// The pixel of a place.
    pub(super) fn pixel(&self, point: Point) -> usize {
        self.picture.pixel_at(point)
    }

    /// The pixels of ridges.
    pub(super) fn mask(&self) -> Vec<bool> {
        let [width, height] = self.size();
        let strongest = extremes(&self.values, width, height, f32::max);
        let pairs = self.values.iter().zip(&strongest);
        pairs
            .map(|(value, most)| *value >= LEAST && *value >= SHARE * most)
            .collect()
    }

    /// Connected ridges that stand out by `contrast` somewhere, and whose longer side is within
    /// bounds.
    pub(super) fn signs(&self, contrast: f32, sides: RangeInclusive<usize>) -> usize {
        let [width, height] = self.size();
        let mut open = self.mask();
        let mut count = 0;
        for start in 0..open.len() {
            if !std::mem::take(&mut open[start]) {
                continue;
            }
            let mut reached = vec![start];
            let (mut low, mut high) = ([width, height], [0, 0]);
            let mut most = 0.0_f32;
            while let Some(index) = reached.pop() {
                let place = [index % width, index / width];
                for axis in 0..2 {
                    low[axis] = low[axis].min(place[axis]);
                    high[axis] = high[axis].max(place[axis]);
                }
                most = most.max(self.values[index]);
                let near = square([width, height], index, 1);
                reached.extend(near.filter(|near| std::mem::take(&mut open[*near])));
            }
            let [across, down] = [0, 1].map(|axis| high[axis] + 1 - low[axis]);
            let is_sign = sides.contains(&across.max(down)) && across.min(down) >= NO_RIM;
            count += usize::from(is_sign && most >= contrast);
        }
        count
    }

    fn at(&self, point: Point) -> f64 {
        self.between(&self.values, point)
    }

    /// A value between those of four pixels.
    fn between(&self, values: &[f32], point: Point) -> f64 {
        let (x, y) = (point.x - 0.5, point.y - 0.5);
        let value = |x: f64, y: f64| f64::from(values[self.pixel(Point::new(x, y))]);
        let (left, top) = (x.floor(), y.floor());
        let (right, down) = (x - left, y - top);
        (value(left, top) * (1.0 - right) + value(left + 1.0, top) * right) * (1.0 - down)
            + (value(left, top + 1.0) * (1.0 - right) + value(left + 1.0, top + 1.0) * right) * down
    }

    /// What lies across a chain at one of its points; `None` where it has no direction.
    /// `others` stand out the other way.
    pub(super) fn across(&self, others: &Self, chain: &Chain, index: usize) -> Option<Look> {
        let count = chain.points.len();
        let at = |offset: isize| {
            let place = index as isize + offset;
            let place = if chain.is_closed {
                place.rem_euclid(count as isize)
            } else {
                place.clamp(0, count as isize - 1)
            };
            chain.points[place as usize]
        };
        let along = at(DIRECTION_REACH as isize) - at(-(DIRECTION_REACH as isize));
        let length = along.hypot();
        if length < 1.0 {
            return None;
        }
        let across = Vec2::new(-along.y, along.x) / length;
        let here = chain.points[index];
        let value = |step: i32| self.at(here + across * (f64::from(step) / f64::from(STEPS)));
        let (mut peak_step, mut peak) = (0, 0.0);
        for step in -STEPS..=STEPS {
            let found = value(step);
            if found > peak {
                (peak_step, peak) = (step, found);
            }
        }
        // To each side until it rises again: there another line begins.
        let (mut sum, mut moment) = (peak, peak * f64::from(peak_step));
        for side in [-1, 1] {
            let mut before = peak;
            for away in 1..=ACROSS * STEPS {
                let step = peak_step + side * away;
                let found = value(step);
                if found > before + 0.02 * peak {
                    break;
                }
                before = found;
                sum += found;
                moment += found * f64::from(step);
            }
        }
        if peak < f64::from(LEAST) {
            return None;
        }
        let center = here + across * (moment / sum / f64::from(STEPS));
        // Beside a line there is ground; between strokes of writing there are gaps.
        let away = across * (0.5 * sum / peak / f64::from(STEPS) + CLEAR);
        let sides = [center - away, center + away];
        let rough = sides.map(|side| others.at(side).max(self.at(side)));
        // A rim between two areas is theirs.
        let [left, right] = sides.map(|side| self.between(&self.lumas, side));
        let pixel = self.pixel(center);
        Some(Look {
            center,
            sum: sum / f64::from(STEPS),
            peak: f64::from(self.values[pixel]),
            is_clear: rough[0].max(rough[1]).max((left - right).abs()) < CLEAR_SHARE * peak,
            pixel,
        })
    }
}

/// The extreme value within reach of each pixel.
fn extremes(values: &[f32], width: usize, height: usize, of: fn(f32, f32) -> f32) -> Vec<f32> {
    let along = |index: usize, place: usize, side: usize, step: usize, values: &[f32]| {
        let (low, high) = (place.saturating_sub(REACH), (place + REACH).min(side - 1));
        let first = index - (place - low) * step;
        (0..=high - low)
            .map(|offset| values[first + offset * step])
            .fold(values[index], of)
    };
    let rows: Vec<f32> = (0..values.len())
        .map(|index| along(index, index % width, width, 1, values))
        .collect();
    (0..rows.len())
        .map(|index| along(index, index / width, height, width, &rows))
        .collect()
}
