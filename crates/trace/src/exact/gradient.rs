//! A canvas of one colour or one gradient, linear or radial, with any number of stops.
//!
//! The colours change along one parameter: the distance along a direction, or from a centre. The
//! parameter is the one over which pixels of equal parameter agree best; the stops are the fewest
//! straight pieces of the colours' course over it.

use chat2svg_vector::{
    Color, GradientStop, LinearGradient, Node, Paint, RadialGradient, Raster, Shape, Spread,
};
use kurbo::{Affine, Rect, Shape as _, Vec2};

use super::{
    group,
    stops::{Mean, fewest},
};
use crate::found_shape::BACKGROUND;

/// Fewest pixels that tell a gradient.
const LEAST_SAMPLES: usize = 64;
/// Most pixels looked at.
const MOST_SAMPLES: usize = 60_000;
/// Width in pixels of the bins in which pixels of one parameter are compared.
const BIN: f64 = 1.0;
/// Variance of a component within bins, in squared levels, up to which a parameter explains a
/// picture: rounding alone gives a twelfth, and a bin has some width.
const EXPLAINED: f64 = 1.2;
/// Fewest pixels that tell whether a parameter is worth being asked of all, and their variance from
/// which it is not.
const FEW_SAMPLES: usize = 3000;
const HOPELESS: f64 = 10.0 * EXPLAINED;
/// Rounds in which a parameter's numbers are improved; the last step in pixels, and the first one
/// when a parameter that explains a picture is made exact.
const SEARCHES: usize = 60;
const LEAST_STEP: f64 = 0.01;
const EXACT_STEP: f64 = 0.1;

/// Pixels that may be one gradient.
pub(crate) struct Area<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Straight colour and alpha of a pixel in levels of 255.
    pub(crate) color: &'a dyn Fn(usize) -> [f64; 4],
    /// Whether a pixel belongs to it.
    pub(crate) is_in: &'a dyn Fn(usize) -> bool,
}

/// Straight colour in levels of 255, and where.
#[derive(Clone, Copy)]
struct Seen {
    place: Vec2,
    color: [f64; 4],
    /// How much an error of its colour shows, squared.
    weight: f64,
}

/// What the colours change along.
#[derive(Clone, Copy)]
enum Parameter {
    /// Along a direction of some angle.
    Linear { angle: f64 },
    /// From a centre, with y stretched by a factor.
    Radial { center: Vec2, stretch: f64 },
}

impl Parameter {
    fn at(self, place: Vec2) -> f64 {
        match self {
            Self::Linear { angle } => place.dot(Vec2::from_angle(angle)),
            Self::Radial { center, stretch } => {
                let off = place - center;
                // Not `hypot`, which takes most of the time: nothing here overflows.
                (off.x.powi(2) + (off.y * stretch).powi(2)).sqrt()
            }
        }
    }

    /// Its numbers, in pixels as far as can be.
    fn numbers(self, size: f64) -> Vec<f64> {
        match self {
            Self::Linear { angle } => vec![angle * size],
            Self::Radial { center, stretch } => vec![center.x, center.y, stretch.ln() * size],
        }
    }

    fn with(self, numbers: &[f64], size: f64) -> Self {
        match (self, numbers) {
            (Self::Linear { .. }, [angle]) => Self::Linear {
                angle: angle / size,
            },
            (Self::Radial { .. }, [x, y, stretch]) => Self::Radial {
                center: Vec2::new(*x, *y),
                stretch: (stretch / size).exp(),
            },
            _ => self,
        }
    }
}

/// The layers of a picture that is one paint; whether they show it is still to be measured.
pub(super) fn layers(picture: &Raster) -> Option<Vec<Node>> {
    let area = Area {
        width: picture.width() as usize,
        height: picture.height() as usize,
        color: &|index| picture.pixels()[index].map(f64::from),
        is_in: &|index| picture.pixels()[index][3] > 0,
    };
    let seen = samples(&area);
    let paint = if seen.iter().all(|s| s.color == seen[0].color) {
        let [red, green, blue, alpha] = seen.first()?.color;
        (alpha == 255.0).then(|| Paint::Solid(color(red, green, blue)))?
    } else {
        paint_of(&area)?
    };
    let [width, height] = [picture.width(), picture.height()].map(f64::from);
    let canvas = Rect::new(0.0, 0.0, width, height).to_path(0.1);
    let shape = Shape::filled("", canvas, paint);
    Some(vec![group(BACKGROUND, vec![Node::Shape(shape)])])
}

/// The one gradient that an area shows, in its pixels; `None` where it shows another paint.
pub(crate) fn paint_of(area: &Area<'_>) -> Option<Paint> {
    let seen = samples(area);
    if seen.len() < LEAST_SAMPLES {
        return None;
    }
    let size = area.width.max(area.height) as f64;
    let slopes = slopes(area);
    let angle = main_direction(&slopes)?;
    let search = Search {
        few: few(&seen, area.width),
        seen: &seen,
        size,
    };
    let linear = search.from(Parameter::Linear { angle });
    let (parameter, profile) = linear
        .and_then(|linear| search.profile(linear))
        .or_else(|| {
            let aspect = area.width as f64 / area.height as f64;
            search.profile(radial(&slopes, aspect, &search)?)
        })?;
    paint_along(parameter, &profile)
}

/// A search for the numbers of a parameter.
struct Search<'a> {
    seen: &'a [Seen],
    /// Some of these, which tell at little cost whether it can be explained at all.
    few: Vec<Seen>,
    size: f64,
}

impl Search<'_> {
    /// The parameter improved; `None` where some pixels tell that it explains nothing.
    fn from(&self, parameter: Parameter) -> Option<Parameter> {
        let is_hopeless = self.few.len() < self.seen.len()
            && spread(self.improved(parameter, &self.few), &self.few) > HOPELESS;
        (!is_hopeless).then(|| self.improved(parameter, self.seen))
    }

    fn improved(&self, parameter: Parameter, seen: &[Seen]) -> Parameter {
        improved(parameter, seen, self.size, 0.04 * self.size, spread)
    }

    /// The parameter that explains what is seen made exact, and the colours' course over it.
    fn profile(&self, parameter: Parameter) -> Option<(Parameter, Profile)> {
        if spread(parameter, self.seen) > EXPLAINED {
            return None;
        }
        let exact = improved(parameter, self.seen, self.size, EXACT_STEP, misfit);
        Some((exact, profile(exact, self.seen)))
    }
}

/// Some of many pixels, in even steps that are no columns.
fn few(seen: &[Seen], width: usize) -> Vec<Seen> {
    let mut step = (seen.len() / FEW_SAMPLES).max(1);
    while step > 1 && width.is_multiple_of(step) {
        step += 1;
    }
    seen.iter().step_by(step).copied().collect()
}

fn color(red: f64, green: f64, blue: f64) -> Color {
    let unit = |level: f64| (level / 255.0).clamp(0.0, 1.0) as f32;
    Color::new(unit(red), unit(green), unit(blue))
}

/// Pixels of an area in even steps.
fn samples(area: &Area<'_>) -> Vec<Seen> {
    let width = area.width;
    let count = width * area.height;
    // No divisor of the width, or the samples would be columns.
    let mut step = count.div_ceil(MOST_SAMPLES).max(1);
    while step > 1 && width.is_multiple_of(step) {
        step += 1;
    }
    (0..count)
        .step_by(step)
        .filter(|index| (area.is_in)(*index))
        .map(|index| {
            let color = (area.color)(index);
            Seen {
                place: Vec2::new((index % width) as f64 + 0.5, (index / width) as f64 + 0.5),
                color,
                weight: (color[3] / 255.0).powi(2),
            }
        })
        .collect()
}

/// Slopes of an area over a few pixels: place, slope of the component that changes most.
fn slopes(area: &Area<'_>) -> Vec<(Vec2, Vec2)> {
    let (width, height) = (area.width, area.height);
    let reach = (width.min(height) / 24).clamp(1, 12);
    let step = ((width * height) as f64 / 8000.0).sqrt().ceil().max(1.0) as usize;
    let at = |x: usize, y: usize| {
        let index = y * width + x;
        (area.is_in)(index).then(|| {
            let [red, green, blue, alpha] = (area.color)(index);
            let share = alpha / 255.0;
            [red * share, green * share, blue * share, alpha]
        })
    };
    let slope_at = |x: usize, y: usize| {
        let (left, right) = (at(x - reach, y)?, at(x + reach, y)?);
        let (above, below) = (at(x, y - reach)?, at(x, y + reach)?);
        (0..4)
            .map(|i| Vec2::new(right[i] - left[i], below[i] - above[i]))
            .max_by(|a, b| a.hypot2().total_cmp(&b.hypot2()))
    };
    let mut found = Vec::new();
    for y in (reach..height.saturating_sub(reach)).step_by(step) {
        for x in (reach..width.saturating_sub(reach)).step_by(step) {
            if let Some(slope) = slope_at(x, y) {
                found.push((Vec2::new(x as f64 + 0.5, y as f64 + 0.5), slope));
            }
        }
    }
    found
}

/// Angle of the direction in which colours change most.
fn main_direction(slopes: &[(Vec2, Vec2)]) -> Option<f64> {
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (_, slope) in slopes {
        xx += slope.x * slope.x;
        xy += slope.x * slope.y;
        yy += slope.y * slope.y;
    }
    (xx + yy > 0.0).then(|| 0.5 * (2.0 * xy).atan2(xx - yy))
}

/// The radial parameter that explains an area best: circles first, then ellipses of the canvas's
/// aspect and others.
fn radial(slopes: &[(Vec2, Vec2)], aspect: f64, search: &Search<'_>) -> Option<Parameter> {
    let mut best: Option<(f64, Parameter)> = None;
    for stretch in [1.0, aspect, 0.6, 1.6] {
        let Some(center) = center(slopes, stretch) else {
            continue;
        };
        let Some(found) = search.from(Parameter::Radial { center, stretch }) else {
            continue;
        };
        let spread = spread(found, search.seen);
        if best.as_ref().is_none_or(|(least, _)| spread < *least) {
            best = Some((spread, found));
        }
        if spread <= EXPLAINED {
            break;
        }
    }
    best.map(|(_, found)| found)
}

/// Where the lines along all slopes meet, with y stretched.
fn center(slopes: &[(Vec2, Vec2)], stretch: f64) -> Option<Vec2> {
    let (mut a, mut b, mut c, mut u, mut v) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (place, slope) in slopes {
        // A slope transforms with the inverse.
        let (place, slope) = (
            Vec2::new(place.x, place.y * stretch),
            Vec2::new(slope.x, slope.y / stretch),
        );
        // Distance from the line along the slope, weighted with the slope's square.
        let across = Vec2::new(-slope.y, slope.x);
        let offset = across.dot(place);
        a += across.x * across.x;
        b += across.x * across.y;
        c += across.y * across.y;
        u += across.x * offset;
        v += across.y * offset;
    }
    let determinant = a * c - b * b;
    (determinant > 1e-9 * (a + c).powi(2)).then(|| {
        let x = (c * u - b * v) / determinant;
        let y = (a * v - b * u) / determinant;
        Vec2::new(x, y / stretch)
    })
}

/// The parameter with its numbers improved, one after the other, by ever smaller steps, of which
/// the first is so many pixels: `error` says how well a parameter explains what is seen.
fn improved(
    parameter: Parameter,
    seen: &[Seen],
    size: f64,
    first: f64,
    error: impl Fn(Parameter, &[Seen]) -> f64,
) -> Parameter {
    let mut numbers = parameter.numbers(size);
    let mut least = error(parameter, seen);
    let mut steps = vec![first; numbers.len()];
    for _ in 0..SEARCHES {
        if steps.iter().all(|step| *step < LEAST_STEP) {
            break;
        }
        for index in 0..numbers.len() {
            let kept = numbers[index];
            let mut is_better = false;
            for sign in [1.0, -1.0] {
                numbers[index] = kept + sign * steps[index];
                let found = error(parameter.with(&numbers, size), seen);
                if found < least {
                    least = found;
                    is_better = true;
                    break;
                }
                numbers[index] = kept;
            }
            steps[index] *= if is_better { 1.3 } else { 0.5 };
        }
    }
    parameter.with(&numbers, size)
}

/// Pixels of about one parameter.
#[derive(Clone, Copy, Default)]
struct Bin {
    count: f64,
    /// Sums of the parameter; of what errors of a component weigh; of components by weight, and of
    /// their squares.
    place: f64,
    weights: [f64; 4],
    sums: [f64; 4],
    squares: [f64; 4],
}

impl Bin {
    fn add(&mut self, place: f64, seen: &Seen) {
        self.count += 1.0;
        self.place += place;
        for (i, value) in seen.color.into_iter().enumerate() {
            let weight = if i < 3 { seen.weight } else { 1.0 };
            self.weights[i] += weight;
            self.sums[i] += weight * value;
            self.squares[i] += weight * value * value;
        }
    }

    fn mean(&self, i: usize) -> f64 {
        self.sums[i] / self.weights[i].max(1e-12)
    }
}

/// The mean colours of pixels by their parameter.
struct Profile {
    /// Of each bin that has any pixels, ascending.
    bins: Vec<Mean>,
}

fn bins_of(parameter: Parameter, seen: &[Seen]) -> Vec<Bin> {
    let places: Vec<f64> = seen.iter().map(|seen| parameter.at(seen.place)).collect();
    let low = places.iter().copied().fold(f64::INFINITY, f64::min);
    let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let count = ((high - low) / BIN).floor().clamp(0.0, 1e5) as usize + 1;
    let mut bins = vec![Bin::default(); count];
    for (place, seen) in places.iter().zip(seen) {
        let index = (((place - low) / BIN).max(0.0) as usize).min(count - 1);
        bins[index].add(*place, seen);
    }
    bins
}

/// Mean variance of a component within bins, without what a steady change over a bin's width gives.
fn spread(parameter: Parameter, seen: &[Seen]) -> f64 {
    let bins = bins_of(parameter, seen);
    let (mut sum, mut count) = (0.0, 0.0);
    for (index, bin) in bins.iter().enumerate() {
        if bin.count < 2.0 {
            continue;
        }
        let beside = [
            index.checked_sub(1).and_then(|i| bins.get(i)),
            bins.get(index + 1),
        ];
        for i in 0..4 {
            let own = bin.squares[i] - bin.mean(i) * bin.sums[i];
            let slope = match beside {
                [Some(before), Some(after)] if before.count > 0.0 && after.count > 0.0 => {
                    0.5 * (after.mean(i) - before.mean(i))
                }
                _ => 0.0,
            };
            sum += (own - bin.weights[i] * slope * slope / 12.0).max(0.0);
        }
        count += 4.0 * bin.count;
    }
    if count > 0.0 {
        sum / count
    } else {
        f64::INFINITY
    }
}

/// The course of the colours over a parameter.
fn profile(parameter: Parameter, seen: &[Seen]) -> Profile {
    let bins = bins_of(parameter, seen)
        .into_iter()
        .filter(|bin| bin.count > 0.0)
        .map(|bin| Mean {
            place: bin.place / bin.count,
            color: std::array::from_fn(|i| bin.mean(i)),
            weights: bin.weights.map(|weight| weight / bin.count),
            count: bin.count,
        })
        .collect();
    Profile { bins }
}

/// Mean squared difference of what is seen from the straight lines between the means of bins. It
/// follows steep courses, of which the variance within bins tells little.
fn misfit(parameter: Parameter, seen: &[Seen]) -> f64 {
    let Profile { bins } = profile(parameter, seen);
    let off = |seen: &Seen| {
        let place = parameter.at(seen.place);
        let after = bins.partition_point(|bin| bin.place <= place);
        let after = after.min(bins.len().saturating_sub(1)).max(1);
        let [before, after] = [bins.get(after - 1)?, bins.get(after)?];
        let share = (place - before.place) / (after.place - before.place).max(1e-9);
        let squares = (0..4).map(|i| {
            let shown = before.color[i] + share * (after.color[i] - before.color[i]);
            let weight = if i < 3 { seen.weight } else { 1.0 };
            weight * (seen.color[i] - shown).powi(2)
        });
        Some(squares.sum::<f64>())
    };
    let sum: f64 = seen.iter().filter_map(off).sum();
    sum / seen.len().max(1) as f64
}

/// The gradient along a parameter with the fewest stops that follow the colours' course.
fn paint_along(parameter: Parameter, profile: &Profile) -> Option<Paint> {
    let bins = &profile.bins;
    let (first, last) = (bins.first()?.place - 0.5, bins.last()?.place + 0.5);
    let (knots, colors) = fewest(bins, [first, last])?;
    let (start, end) = match parameter {
        Parameter::Linear { .. } => (knots[0], last),
        // Offsets count from the centre.
        Parameter::Radial { .. } => (0.0, last),
    };
    let stops: Vec<GradientStop> = knots
        .iter()
        .zip(&colors)
        .map(|(knot, [red, green, blue, alpha])| GradientStop {
            offset: ((knot - start) / (end - start)).clamp(0.0, 1.0) as f32,
            color: color(*red, *green, *blue),
            opacity: (alpha / 255.0).clamp(0.0, 1.0) as f32,
        })
        .collect();
    Some(match parameter {
        Parameter::Linear { angle } => {
            let ahead = Vec2::from_angle(angle);
            Paint::Linear(LinearGradient {
                start: (ahead * start).to_point(),
                end: (ahead * end).to_point(),
                transform: Affine::IDENTITY,
                stops,
                spread: Spread::Pad,
            })
        }
        Parameter::Radial { center, stretch } => {
            let is_circle = (stretch - 1.0).abs() * end < 0.5;
            let center = center.to_point();
            let squeezed = Affine::translate(center.to_vec2())
                * Affine::scale_non_uniform(1.0, 1.0 / stretch)
                * Affine::translate(-center.to_vec2());
            Paint::Radial(RadialGradient {
                center,
                radius: end,
                focus: center,
                focal_radius: 0.0,
                transform: if is_circle {
                    Affine::IDENTITY
                } else {
                    squeezed
                },
                stops,
                spread: Spread::Pad,
            })
        }
    })
}
