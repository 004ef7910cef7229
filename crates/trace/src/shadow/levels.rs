//! A shadow of whatever outline: a stack of its own outlines at some levels of opacity, each filled
//! as evenly as the others. What lies over the shadow hides some of it; there opacity goes on
//! smoothly, so that outlines pass below.

use chat2svg_vector::{Color, Paint};
use kurbo::{BezPath, Point};

use super::{LEAST, Model, shape};
use crate::{
    contours::{Field, contours, fit_closed, signed_area},
    found_shape::FoundShape,
    neighbours::{beside, mask},
    picture::Picture,
    translucent::FoundPaint,
};

/// Step of opacity, as what it leaves of light, that nobody sees, and the most steps.
const STEP: f64 = 0.05;
const MOST_LEVELS: usize = 12;
/// How far an outline may be from its level, in pixels, and the least area that it encloses.
const TOLERANCE: f64 = 0.3;
const LEAST_AREA: f64 = 6.0;
/// Pixels by which opacity goes on as it came below what hides it.
const CONTINUED: usize = 2;
/// Rounds in which hidden opacity is made smooth, at each size.
const ROUNDS: usize = 24;

pub(super) struct Levels {
    width: usize,
    height: usize,
    /// Density (the negative logarithm of the light that comes through) of each pixel.
    density: Vec<f32>,
    /// Density of one outline's inside, and how many lie over each other at most.
    step: f64,
    count: usize,
}

/// The stack for the shadow that some pixels of a picture are.
pub(super) fn of(picture: &Picture, pixels: &[usize]) -> Levels {
    let is_own = mask(picture.pixels.len(), pixels);
    let seen = |index: usize| {
        let alpha = picture.pixels[index][3];
        (alpha < LEAST || is_own[index]).then(|| -(1.0 - alpha).ln())
    };
    let mut seen: Vec<Option<f32>> = (0..picture.pixels.len()).map(seen).collect();
    for _ in 0..CONTINUED {
        seen = continued(&seen, picture.size());
    }
    let most = seen.iter().flatten().copied().fold(0.0, f32::max);
    let count = ((f64::from(most) / STEP).ceil() as usize).clamp(1, MOST_LEVELS);
    Levels {
        width: picture.width,
        height: picture.height,
        density: completed(&seen, picture.size()),
        // The last outline is half a step below what is darkest.
        step: f64::from(most) / (count as f64 + 0.25),
        count,
    }
}

/// Values with those beside known ones as these go on there.
fn continued(values: &[Option<f32>], [width, height]: [usize; 2]) -> Vec<Option<f32>> {
    let at = |x: isize, y: isize| {
        let is_in = (0..width as isize).contains(&x) && (0..height as isize).contains(&y);
        is_in
            .then(|| values[y as usize * width + x as usize])
            .flatten()
    };
    let value = |index: usize| {
        let (x, y) = ((index % width) as isize, (index / width) as isize);
        let ways = [
            (1, 0),
            (-1, 0),
            (0, 1),
            (0, -1),
            (1, 1),
            (-1, 1),
            (1, -1),
            (-1, -1),
        ];
        let told: Vec<f32> = ways
            .into_iter()
            .filter_map(|(dx, dy)| Some(2.0 * at(x + dx, y + dy)? - at(x + 2 * dx, y + 2 * dy)?))
            .collect();
        let mean = told.iter().sum::<f32>() / told.len() as f32;
        (!told.is_empty()).then_some(mean.max(0.0))
    };
    let pairs = values.iter().enumerate();
    pairs
        .map(|(index, known)| known.or_else(|| value(index)))
        .collect()
}

/// Values with those that are not known between those that are, as smooth as can be.
fn completed(values: &[Option<f32>], [width, height]: [usize; 2]) -> Vec<f32> {
    if width.min(height) < 2 || values.iter().all(Option::is_some) {
        return values.iter().map(|value| value.unwrap_or(0.0)).collect();
    }
    let half = [width.div_ceil(2), height.div_ceil(2)];
    let mut sums = vec![(0.0_f32, 0.0_f32); half[0] * half[1]];
    let coarse = |index: usize| index / width / 2 * half[0] + index % width / 2;
    for (index, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let (sum, count) = &mut sums[coarse(index)];
            *sum += value;
            *count += 1.0;
        }
    }
    let means: Vec<Option<f32>> = sums
        .into_iter()
        .map(|(sum, count)| (count > 0.0).then(|| sum / count))
        .collect();
    let below = completed(&means, half);
    let pairs = values.iter().enumerate();
    let mut found: Vec<f32> = pairs
        .map(|(index, value)| value.unwrap_or_else(|| below[coarse(index)]))
        .collect();
    let open: Vec<usize> = (0..values.len())
        .filter(|index| values[*index].is_none())
        .collect();
    for _ in 0..ROUNDS {
        for index in &open {
            let (mut sum, mut count) = (0.0, 0.0);
            for near in beside([width, height], *index) {
                sum += found[near];
                count += 1.0;
            }
            found[*index] = sum / count;
        }
    }
    found
}

/// The outline within which values of pixels are at least a half.
pub(super) fn outline([width, height]: [usize; 2], value: impl Fn(usize, usize) -> f32) -> BezPath {
    // One value more to each side: what the canvas cuts off ends beyond it.
    let (wide, high) = (width + 4, height + 4);
    let value = |index: usize| {
        let (x, y) = (index % wide, index / wide);
        if x == 0 || y == 0 || x + 1 == wide || y + 1 == high {
            return 0.0;
        }
        let inside = |at: usize, side: usize| at.saturating_sub(2).min(side - 1);
        value(inside(x, width), inside(y, height))
    };
    let field = Field {
        width: wide,
        height: high,
        values: (0..wide * high).map(value).collect(),
        origin: Point::new(-1.5, -1.5),
    };
    let mut path = BezPath::new();
    for line in contours(&field, 0.0) {
        if signed_area(&line).abs() >= LEAST_AREA {
            fit_closed(&line, &vec![TOLERANCE; line.len()], false, &mut path);
        }
    }
    path
}

impl Levels {
    /// The outline within which density is at least so much.
    fn outline(&self, density: f64) -> BezPath {
        let value = |x: usize, y: usize| 0.5 * self.density[y * self.width + x] / density as f32;
        outline([self.width, self.height], value)
    }
}

impl Model for Levels {
    fn alpha(&self, place: Point) -> f64 {
        let at = |value: f64, side: usize| (value.max(0.0) as usize).min(side - 1);
        let index = at(place.y, self.height) * self.width + at(place.x, self.width);
        let steps = f64::from(self.density[index]) / self.step;
        let steps = (steps + 0.5).floor().min(self.count as f64);
        1.0 - (-steps * self.step).exp()
    }

    fn shapes(&self, color: Color) -> Vec<FoundShape> {
        let opacity = 1.0 - (-self.step).exp();
        let outlines = (0..self.count).map(|level| self.outline((level as f64 + 0.5) * self.step));
        outlines
            .filter(|path| !path.elements().is_empty())
            .map(|path| FoundShape {
                paint: FoundPaint {
                    paint: Paint::Solid(color),
                    opacity: opacity as f32,
                },
                ..shape(path, Paint::Solid(color))
            })
            .collect()
    }
}
