//! A shadow as few ellipses that lie over each other, each with a gradient of opacity of its own
//! from its middle to its rim. Nothing of what they show ends in an edge.

use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Paint, RadialGradient, Spread};
use kurbo::{Affine, Ellipse as Outline, Point, Rect, Shape as _, Vec2};

use super::{Model, Sample, bounds, profile::Profile, shape, simplex::minimised};
use crate::found_shape::FoundShape;

/// Rounds of the search for one, alone and among others, and how often each is looked for anew.
const ROUNDS_ALONE: usize = 160;
const ROUNDS: usize = 50;
const TURNS: usize = 3;
/// Share of the squared error that one more leaves at most, or it is one too many.
const LEFT: f64 = 0.8;
/// Smallest radius in pixels.
const LEAST_RADIUS: f64 = 3.0;
/// Middles that are tried for one more, radii as shares of the shadow's, how much longer than wide,
/// and in how many directions.
const MIDDLES: usize = 60;
const RADII: [f64; 2] = [0.25, 0.5];
const LONGER: f64 = 2.0;
const WAYS: usize = 4;
/// Samples by which these are judged.
const FEW_SAMPLES: usize = 400;
/// Least share of light through all others by which one is still judged.
const LEAST_THROUGH: f64 = 0.05;
/// Accuracy of outlines in pixels.
const ACCURACY: f64 = 0.02;

/// Center, radii, and the angle of the first in radians.
type Frame = [f64; 5];

#[derive(Clone, Copy, Debug)]
pub(super) struct Ellipse {
    frame: Frame,
    profile: Profile,
}

/// A sample of what one ellipse should show, and how much it counts.
#[derive(Clone, Copy)]
struct Wanted {
    place: Point,
    alpha: f64,
    weight: f64,
}

/// How far a place is from an ellipse's middle, 1 at its rim.
fn distance([x, y, across, down, angle]: &Frame, place: Point) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let off = place - Point::new(*x, *y);
    let own = Vec2::new(off.dot(Vec2::new(cos, sin)), off.dot(Vec2::new(-sin, cos)));
    (own.x / across).hypot(own.y / down)
}

fn is_drawable(frame: &Frame) -> bool {
    frame[2] >= LEAST_RADIUS && frame[3] >= LEAST_RADIUS
}

/// The one ellipse that comes nearest, turned where that is not `enough`; `None` where it would be
/// too small, or there is no time.
pub(super) fn one(
    samples: &[Sample],
    stop: &Stop,
    enough: impl Fn(&Vec<Ellipse>) -> bool,
) -> Option<Vec<Ellipse>> {
    stop.check().ok()?;
    let extent = extent(samples);
    let (middle, size) = (extent.center(), extent.size());
    let wanted = wanted(samples, &[]);
    let start = [
        middle.x,
        middle.y,
        0.55 * size.width,
        0.55 * size.height,
        0.0,
    ];
    let best = vec![nearest(&wanted, start, false, ROUNDS_ALONE)?];
    if enough(&best) {
        return Some(best);
    }
    let turned = vec![nearest(&wanted, best[0].frame, true, ROUNDS_ALONE)?];
    let is_better = squared_error(samples, &turned) < LEFT * squared_error(samples, &best);
    Some(if is_better { turned } else { best })
}

/// Some ellipses, and as many more, up to `most`, as come much nearer until they are `enough` or
/// time is up.
pub(super) fn more(
    samples: &[Sample],
    mut best: Vec<Ellipse>,
    most: usize,
    stop: &Stop,
    enough: impl Fn(&Vec<Ellipse>) -> bool,
) -> Vec<Ellipse> {
    let size = extent(samples).size();
    let mut found = best.clone();
    while found.len() < most && !enough(&best) {
        let Some(one_more) = start_of_another(samples, &found, size.width.max(size.height)) else {
            break;
        };
        found.push(one_more);
        for _ in 0..TURNS {
            for index in 0..found.len() {
                if stop.check().is_err() {
                    return best;
                }
                let mut others = found.clone();
                let own = others.remove(index);
                let wanted = wanted(samples, &others);
                if let Some(nearer) = nearest(&wanted, own.frame, true, ROUNDS) {
                    found[index] = nearer;
                }
            }
        }
        if squared_error(samples, &found) < LEFT * squared_error(samples, &best) {
            best.clone_from(&found);
        }
    }
    best
}

/// The box around what is seen.
fn extent(samples: &[Sample]) -> Rect {
    let seen = samples.iter().filter(|sample| sample.alpha > 0.0);
    bounds(seen.map(|sample| sample.place))
}

/// What one ellipse should show behind some others.
fn wanted(samples: &[Sample], others: &[Ellipse]) -> Vec<Wanted> {
    let of_sample = |sample: &Sample| {
        let through = through(others, sample.place).max(LEAST_THROUGH);
        Wanted {
            place: sample.place,
            alpha: 1.0 - (1.0 - sample.alpha) / through,
            weight: through * through,
        }
    };
    samples.iter().map(of_sample).collect()
}

/// The ellipse of a frame with the profile by which it comes nearest, and its squared error.
fn with_profile(wanted: &[Wanted], frame: Frame) -> (Ellipse, f64) {
    let places = wanted
        .iter()
        .map(|sample| [distance(&frame, sample.place), sample.alpha, sample.weight]);
    let profile = Profile::fitted(places.clone());
    let offs = places.map(|[distance, alpha, weight]| {
        let off = profile.at(distance) - alpha;
        weight * off * off
    });
    (Ellipse { frame, profile }, offs.sum())
}

/// The ellipse that comes nearest, looked for around a frame.
fn nearest(wanted: &[Wanted], start: Frame, turns: bool, rounds: usize) -> Option<Ellipse> {
    let judged = |frame: &Frame| match is_drawable(frame) {
        true => with_profile(wanted, *frame).1,
        false => f64::INFINITY,
    };
    let step = (0.2 * start[2].min(start[3])).max(1.0);
    let [x, y, across, down, angle] = start;
    let frame = if turns {
        minimised(start, [step, step, step, step, 0.3], rounds, judged)
    } else {
        let steps = [0.5 * step, 0.5 * step, step, step];
        let upright = |at: &[f64; 4]| judged(&[at[0], at[1], at[2], at[3], angle]);
        let [x, y, across, down] = minimised([x, y, across, down], steps, rounds, upright);
        [x, y, across, down, angle]
    };
    is_drawable(&frame).then(|| with_profile(wanted, frame).0)
}

/// The ellipse that gains most where others leave something, of some to begin with.
fn start_of_another(samples: &[Sample], others: &[Ellipse], size: f64) -> Option<Ellipse> {
    let stride = samples.len().div_ceil(FEW_SAMPLES).max(1);
    let few: Vec<Sample> = samples.iter().step_by(stride).copied().collect();
    let wanted = wanted(&few, others);
    let mut middles: Vec<&Wanted> = wanted.iter().collect();
    middles.sort_by(|a, b| b.alpha.total_cmp(&a.alpha));
    let stride = (middles.len() / 2).div_ceil(MIDDLES).max(1);
    let mut best: Option<(Ellipse, f64)> = None;
    for middle in middles[..middles.len() / 2].iter().step_by(stride) {
        for radius in RADII.map(|share| share * size) {
            for way in 0..=WAYS {
                let (longer, angle) = match way {
                    0 => (1.0, 0.0),
                    way => (LONGER, std::f64::consts::PI * way as f64 / WAYS as f64),
                };
                let Point { x, y } = middle.place;
                let frame = [
                    x,
                    y,
                    radius * f64::sqrt(longer),
                    radius / f64::sqrt(longer),
                    angle,
                ];
                let found = with_profile(&wanted, frame);
                if is_drawable(&frame) && best.is_none_or(|best| found.1 < best.1) {
                    best = Some(found);
                }
            }
        }
    }
    best.map(|(found, _)| found)
}

/// Share of light that some ellipses let through.
fn through(ellipses: &[Ellipse], place: Point) -> f64 {
    let through = ellipses
        .iter()
        .map(|one| 1.0 - one.profile.at(distance(&one.frame, place)));
    through.product()
}

fn squared_error(samples: &[Sample], ellipses: &[Ellipse]) -> f64 {
    let offs = samples
        .iter()
        .map(|sample| 1.0 - through(ellipses, sample.place) - sample.alpha);
    offs.map(|off| off * off).sum()
}

impl Ellipse {
    fn shape(&self, color: Color) -> FoundShape {
        let [x, y, across, down, angle] = self.frame;
        let center = Point::new(x, y);
        let is_round = (across - down).abs() < 1e-9;
        let gradient = RadialGradient {
            center,
            radius: across,
            focus: center,
            focal_radius: 0.0,
            transform: if is_round {
                Affine::IDENTITY
            } else {
                Affine::translate(center.to_vec2())
                    * Affine::rotate(angle)
                    * Affine::scale_non_uniform(1.0, down / across)
                    * Affine::rotate(-angle)
                    * Affine::translate(-center.to_vec2())
            },
            stops: self.profile.stops(color),
            spread: Spread::Pad,
        };
        let path = Outline::new(center, (across, down), angle).to_path(ACCURACY);
        shape(path, Paint::Radial(gradient))
    }
}

impl Model for Vec<Ellipse> {
    fn alpha(&self, place: Point) -> f64 {
        1.0 - through(self, place)
    }

    fn shapes(&self, color: Color) -> Vec<FoundShape> {
        self.iter().map(|one| one.shape(color)).collect()
    }
}
