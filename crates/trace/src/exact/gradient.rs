//! A canvas of one colour or one gradient, linear or radial, with any number of stops.
//!
//! The colours change along one parameter: the distance along a direction, or the size of ellipses
//! around a focus. The parameter is the one over which pixels follow one course of colours best;
//! the stops are the fewest straight pieces of this course.

use chat2svg_vector::{
    Color, GradientStop, LinearGradient, Node, Paint, RadialGradient, Raster, Shape, Spread,
};
use kurbo::{Affine, Rect, Shape as _, Vec2};

use super::{
    course::{Course, Seen, improved},
    group,
    parameter::{Free, Parameter, main_direction, map_of, radial},
    stops::{Mean, fewest},
};
use crate::found_shape::BACKGROUND;

/// Fewest pixels that tell a gradient.
const LEAST_SAMPLES: usize = 64;
/// Most pixels looked at.
const MOST_SAMPLES: usize = 60_000;
/// Mean squared error of a pixel, in squared levels over all components, up to which a parameter
/// explains a picture, and up to which nothing but rounding is left.
const EXPLAINED: f64 = 4.8;
const ROUNDING: f64 = 0.12;
/// Fewest pixels that tell whether a parameter is worth being asked of all, and their error from
/// which it is not.
const FEW_SAMPLES: usize = 1500;
const HOPELESS: f64 = 10.0 * EXPLAINED;
/// By which factor, and how much, the error may be more where numbers are zero.
const AS_GOOD: f64 = 1.03;
const AS_GOOD_SUM: f64 = 0.003;
/// Over which shares of an area's shorter side slopes are measured.
const SHARES: [usize; 2] = [24, 8];
/// Rounds in which the guess of a focus is improved.
const LEANS: usize = 3;
/// Levels by which two stops differ that look alike.
const EVEN: f64 = 0.5;
/// Pixels from the focus up to which the first stop is there.
const NEAR: f64 = 1.0;
/// What offsets are written in multiples of, and up to how many levels this may show; pixels from
/// one end that is tried to the next, how many are, and how far, in lengths of the gradient.
const OFFSET: f64 = 0.001;
const OFF: f64 = 0.1;
const END_STEP: f64 = 0.1;
const MOST_ENDS: usize = 400;
const FARTHEST: f64 = 1.1;

/// Pixels that may be one gradient.
pub(crate) struct Area<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Straight colour and alpha of a pixel in levels of 255.
    pub(crate) color: &'a dyn Fn(usize) -> [f64; 4],
    /// Whether a pixel belongs to it.
    pub(crate) is_in: &'a dyn Fn(usize) -> bool,
}

/// The layers of a picture that is one paint, of which `show` says whether they show it.
pub(super) fn layers(picture: &Raster, show: impl Fn(&[Node]) -> bool) -> Option<Vec<Node>> {
    let area = Area {
        width: picture.width() as usize,
        height: picture.height() as usize,
        color: &|index| picture.pixels()[index].map(f64::from),
        is_in: &|index| picture.pixels()[index][3] > 0,
    };
    let seen = samples(&area);
    let [width, height] = [picture.width(), picture.height()].map(f64::from);
    let layers = |paint: Paint| {
        let canvas = Rect::new(0.0, 0.0, width, height).to_path(0.1);
        let shape = Shape::filled("", canvas, paint);
        vec![group(BACKGROUND, vec![Node::Shape(shape)])]
    };
    if seen.iter().all(|s| s.color == seen[0].color) {
        let [red, green, blue, alpha] = seen.first()?.color;
        let layers = layers(Paint::Solid(color(red, green, blue)));
        return (alpha == 255.0 && show(&layers)).then_some(layers);
    }
    paint_of(&area, |paint| show(&layers(paint.clone()))).map(layers)
}

/// The one gradient of an area, in its pixels, of which `shows` says whether it shows it.
pub(crate) fn paint_of(area: &Area<'_>, shows: impl Fn(&Paint) -> bool) -> Option<Paint> {
    let seen = samples(area);
    if seen.len() < LEAST_SAMPLES {
        return None;
    }
    let search = Search {
        few: few(&seen, area.width),
        seen: &seen,
        size: area.width.max(area.height) as f64,
    };
    let [fine, coarse] = SHARES.map(|share| slopes(area, share));
    let angle = main_direction(&fine)?;
    let paint = |found: Option<(Parameter, Course)>| {
        let (parameter, course) = found?;
        let course = Course::of(parameter, &course.followers(&seen))?;
        paint_along(parameter, &course.bins).filter(&shows)
    };
    let linear = paint(search.from([Parameter::Linear { angle }]));
    if linear.is_some() {
        return linear;
    }
    let starts = [fine, coarse]
        .into_iter()
        .flat_map(|slopes| starts(&slopes, search.size));
    paint(search.from(starts).map(|found| search.simplest(found)))
}

/// A search for the numbers of a parameter.
struct Search<'a> {
    seen: &'a [Seen],
    /// Some of these, which tell at little cost whether it can be explained at all.
    few: Vec<Seen>,
    size: f64,
}

impl Search<'_> {
    /// The parameter that explains what is seen best, from the best of several starts on; `None`
    /// where it explains nothing.
    fn from(&self, starts: impl IntoIterator<Item = Parameter>) -> Option<(Parameter, Course)> {
        let mut best: Option<(Parameter, Course)> = None;
        for start in starts {
            let found = improved(start, &self.few, self.size, Free::ALL);
            let least = best
                .as_ref()
                .map_or(f64::INFINITY, |(_, course)| course.error);
            best = found.filter(|(_, course)| course.error < least).or(best);
            if best
                .as_ref()
                .is_some_and(|(_, course)| course.error <= ROUNDING)
            {
                break;
            }
        }
        let (start, course) = best?;
        if course.error > HOPELESS {
            return None;
        }
        improved(start, self.seen, self.size, Free::ALL)
            .filter(|(_, course)| course.error <= EXPLAINED)
    }

    /// The same with as few numbers other than zero as explain as much.
    fn simplest(&self, found: (Parameter, Course)) -> (Parameter, Course) {
        let most = AS_GOOD * found.1.error + AS_GOOD_SUM;
        let simpler = Free::FEWER.into_iter().find_map(|free| {
            let start = found.0.with_only(free, found.1.middle());
            improved(start, self.seen, self.size, free).filter(|(_, course)| course.error <= most)
        });
        simpler.unwrap_or(found)
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

/// Radial parameters to start from, by what slopes tell.
fn starts(slopes: &[(Vec2, Vec2)], size: f64) -> impl Iterator<Item = Parameter> + use<> {
    let circle = radial(slopes, size, false, None);
    let ellipse = radial(slopes, size, true, None);
    let leaning = |start: Option<Parameter>, with_form: bool| {
        (0..LEANS).try_fold(start?, |start, _| {
            radial(slopes, size, with_form, Some(start))
        })
    };
    let starts = [
        circle,
        ellipse,
        leaning(circle, false),
        leaning(ellipse.or(circle), true),
    ];
    starts.into_iter().flatten()
}

/// Slopes of an area over a share of its shorter side, a few pixels: place, slope of the component
/// that changes most.
fn slopes(area: &Area<'_>, share: usize) -> Vec<(Vec2, Vec2)> {
    let (width, height) = (area.width, area.height);
    let reach = (width.min(height) / share).clamp(1, 12);
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

/// Where a gradient ends, at its last stop or a little farther: where what is written of offsets
/// and colours shows it best. The last stop goes there where the course `goes_on` beyond it.
fn end_of(start: f64, knots: &mut [f64], colors: &mut [[f64; 4]], goes_on: bool) -> f64 {
    let count = knots.len();
    let last = knots[count - 1];
    // Nothing changes before the first stop and beyond the last.
    let mut slopes = vec![[0.0; 4]; knots.len() + 1];
    for ((slope, place), pair) in slopes[1..]
        .iter_mut()
        .zip(knots.windows(2))
        .zip(colors.windows(2))
    {
        *slope =
            std::array::from_fn(|i| (pair[1][i] - pair[0][i]) / (place[1] - place[0]).max(1e-9));
    }
    let bend = |pair: &[[f64; 4]]| {
        let changes = (0..4).map(|i| (pair[1][i] - pair[0][i]).abs());
        changes.fold(0.0, f64::max)
    };
    let bends: Vec<f64> = slopes.windows(2).map(bend).collect();
    let (last_color, slope) = (colors[count - 1], slopes[count - 1]);
    let color_at =
        |end: f64| -> [f64; 4] { std::array::from_fn(|i| last_color[i] + slope[i] * (end - last)) };
    // By how many levels what is written is off, where the last stop goes to the end or not.
    let off = |end: f64, goes: bool| {
        let fixed = knots.len() - usize::from(goes);
        let offsets = knots[..fixed].iter().zip(&bends).map(|(knot, bend)| {
            let offset = (knot - start) / (end - start) / OFFSET;
            (offset - offset.round()).abs() * OFFSET * (end - start) * bend
        });
        let color = color_at(if goes { end } else { last });
        // Opacity has more digits than colours.
        let colors = color[..3].iter().map(|value| {
            let off = (value - value.clamp(0.0, 255.0).round()).abs();
            off * color[3] / 255.0
        });
        let is_possible = (0.0..=255.0).contains(&color[3]);
        let off = offsets.chain(colors).fold(0.0, f64::max);
        if is_possible { off } else { f64::INFINITY }
    };
    let farther = |step: usize| (last / END_STEP).ceil() * END_STEP + END_STEP * step as f64;
    let ends = std::iter::once(last).chain((0..MOST_ENDS).map(farther));
    let ends = ends.take_while(|end| end - start <= FARTHEST * (last - start));
    let ways = ends.flat_map(|end| [(end, false), (end, goes_on)]);
    let mut best = (f64::INFINITY, last, false);
    for (end, goes) in ways {
        let found = off(end, goes);
        if found < best.0 {
            best = (found, end, goes);
        }
        if found <= OFF {
            break;
        }
    }
    let (_, end, goes) = best;
    if goes {
        (knots[count - 1], colors[count - 1]) = (end, color_at(end));
    }
    end
}

/// The gradient along a parameter with the fewest stops that follow the colours' course.
fn paint_along(parameter: Parameter, bins: &[Mean]) -> Option<Paint> {
    // Corners of the picture lie a little farther than the means of the last bins.
    let (first, last) = (bins.first()?.place - 0.5, bins.last()?.place + 0.5);
    // Ellipses start from the focus, which no pixel may show.
    let is_focus_seen = matches!(parameter, Parameter::Radial { .. }) && first < NEAR;
    let first = if is_focus_seen { 0.0 } else { first };
    let (mut knots, mut colors) = fewest(bins, [first, last])?;
    // What goes on evenly beyond the last stop but one needs no more.
    let is_even = |[a, b]: [&[f64; 4]; 2]| {
        let off = |i: usize| (a[i] - b[i]).abs() * if i < 3 { a[3] / 255.0 } else { 1.0 };
        (0..4).all(|i| off(i) < EVEN)
    };
    while let [first, second, _, ..] = &colors[..]
        && is_even([first, second])
    {
        knots.remove(0);
        colors.remove(0);
    }
    let found = colors.len();
    while let [.., _, before, last] = &colors[..]
        && is_even([before, last])
    {
        knots.pop();
        colors.pop();
    }
    let goes_on = colors.len() == found;
    let start = match parameter {
        Parameter::Linear { .. } => knots[0],
        // Offsets count from the centre.
        Parameter::Radial { .. } => 0.0,
    };
    let end = end_of(start, &mut knots, &mut colors, goes_on);
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
        Parameter::Radial { lean, form, .. } => {
            let (center, off) = (parameter.center_at(end), lean * end);
            let [xx, xy, yy] = map_of(-form);
            // Around the origin, so that what is rounded of the transform matters least.
            let (own, transform) = if form == Vec2::ZERO {
                (center, Affine::IDENTITY)
            } else {
                let squeezed = Affine::new([xx, xy, xy, yy, 0.0, 0.0]);
                (Vec2::ZERO, Affine::translate(center) * squeezed)
            };
            Paint::Radial(RadialGradient {
                center: own.to_point(),
                radius: end,
                focus: (own - off).to_point(),
                focal_radius: 0.0,
                transform,
                stops,
                spread: Spread::Pad,
            })
        }
    })
}
