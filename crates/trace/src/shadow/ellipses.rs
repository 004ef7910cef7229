//! A shadow as one ellipse, or two that lie over each other, each with a gradient of opacity from
//! its middle to its rim.

use chat2svg_vector::{Color, Paint, RadialGradient, Spread};
use kurbo::{Affine, Ellipse as Outline, Point, Rect, Shape as _};

use super::{Model, Sample, profile::Profile, shape, simplex::minimised};
use crate::found_shape::FoundShape;

/// Rounds of the search for one ellipse, and for two together.
const ROUNDS_OF_ONE: usize = 160;
const ROUNDS_OF_TWO: usize = 120;
const SEARCHES: usize = 3;
/// How often the profile of two is fitted: at each step, and at the end.
const TURNS: usize = 2;
const LAST_TURNS: usize = 24;
/// Smallest radius in pixels.
const LEAST_RADIUS: f64 = 4.0;
/// Accuracy of outlines in pixels.
const ACCURACY: f64 = 0.02;

/// Center and radii.
type Frame = [f64; 4];

#[derive(Clone, Copy, Debug)]
pub(super) struct Ellipse {
    frame: Frame,
    profile: Profile,
}

/// How far a place is from an ellipse's middle, 1 at its rim.
fn distance(frame: &Frame, place: Point) -> f64 {
    let [x, y, across, down] = frame;
    ((place.x - x) / across).hypot((place.y - y) / down)
}

fn is_drawable(frame: &Frame) -> bool {
    frame[2] >= LEAST_RADIUS && frame[3] >= LEAST_RADIUS
}

/// The ellipse that comes nearest.
pub(super) fn one(samples: &[Sample]) -> Option<Ellipse> {
    let first = samples.first()?.place;
    let bounds = samples
        .iter()
        .fold(Rect::from_points(first, first), |all, sample| {
            all.union_pt(sample.place)
        });
    let center = bounds.center();
    let start = [
        center.x,
        center.y,
        0.55 * bounds.width(),
        0.55 * bounds.height(),
    ];
    if !is_drawable(&start) {
        return None;
    }
    let profile = |frame: &Frame| {
        Profile::fitted(
            samples
                .iter()
                .map(|sample| [distance(frame, sample.place), sample.alpha, 1.0]),
        )
    };
    let steps = [3.0, 3.0, 6.0, 6.0];
    let frame = minimised(start, steps, ROUNDS_OF_ONE, |frame| {
        if !is_drawable(frame) {
            return f64::INFINITY;
        }
        let found = Ellipse {
            frame: *frame,
            profile: profile(frame),
        };
        squared_error(samples, |place| found.alpha(place))
    });
    Some(Ellipse {
        frame,
        profile: profile(&frame),
    })
}

/// Two equal ellipses side by side that come nearer together than one does.
pub(super) fn two(samples: &[Sample], one: &Ellipse) -> [Ellipse; 2] {
    let [x, y, across, down] = one.frame;
    let is_wide = across >= down;
    let start = if is_wide {
        [x, y, 0.3 * across, 0.75 * across, down]
    } else {
        [x, y, 0.3 * down, across, 0.75 * down]
    };
    // What was found last is near to what is looked for next.
    let mut profile = Profile::of(|distance| 0.25 * (1.0 - distance));
    let mut best = start;
    for _ in 0..SEARCHES {
        let steps = [2.0, 2.0, 4.0, 4.0, 4.0];
        best = minimised(best, steps, ROUNDS_OF_TWO, |at| {
            let Some(frames) = pair(at, is_wide) else {
                return f64::INFINITY;
            };
            let found = with_profile(samples, frames, profile, TURNS);
            profile = found[0].profile;
            squared_error(samples, |place| found.alpha(place))
        });
    }
    let frames = pair(&best, is_wide).unwrap_or([one.frame; 2]);
    with_profile(samples, frames, profile, LAST_TURNS)
}

/// The frames of two ellipses whose centers lie to both sides of one; `None` where they are too
/// small.
fn pair([x, y, off, across, down]: &[f64; 5], is_wide: bool) -> Option<[Frame; 2]> {
    let frames = [-off, *off].map(|off| match is_wide {
        true => [x + off, *y, *across, *down],
        false => [*x, y + off, *across, *down],
    });
    frames.iter().all(is_drawable).then_some(frames)
}

/// Two ellipses with the profile by which they come nearest, each in turn by what the other lets
/// through.
fn with_profile(
    samples: &[Sample],
    frames: [Frame; 2],
    mut profile: Profile,
    turns: usize,
) -> [Ellipse; 2] {
    let behind = |own: &Frame, other: &Frame, known: &Profile| {
        Profile::fitted(samples.iter().map(|sample| {
            let through = (1.0 - known.at(distance(other, sample.place))).max(0.05);
            let wanted = 1.0 - (1.0 - sample.alpha) / through;
            [distance(own, sample.place), wanted, through * through]
        }))
    };
    for _ in 0..turns {
        let first = behind(&frames[0], &frames[1], &profile);
        let second = behind(&frames[1], &frames[0], &first);
        profile = first.mean(&second);
    }
    frames.map(|frame| Ellipse { frame, profile })
}

fn squared_error(samples: &[Sample], alpha: impl Fn(Point) -> f64) -> f64 {
    let offs = samples
        .iter()
        .map(|sample| alpha(sample.place) - sample.alpha);
    offs.map(|off| off * off).sum()
}

impl Model for Ellipse {
    fn alpha(&self, place: Point) -> f64 {
        self.profile.at(distance(&self.frame, place))
    }

    fn shapes(&self, color: Color) -> Vec<FoundShape> {
        let [x, y, across, down] = self.frame;
        let center = Point::new(x, y);
        let transform = if (across - down).abs() < 1e-9 {
            Affine::IDENTITY
        } else {
            Affine::translate(center.to_vec2())
                * Affine::scale_non_uniform(1.0, down / across)
                * Affine::translate(-center.to_vec2())
        };
        let gradient = RadialGradient {
            center,
            radius: across,
            focus: center,
            focal_radius: 0.0,
            transform,
            stops: self.profile.stops(color),
            spread: Spread::Pad,
        };
        let path = Outline::new(center, (across, down), 0.0).to_path(ACCURACY);
        vec![shape(path, Paint::Radial(gradient))]
    }
}

impl Model for [Ellipse; 2] {
    fn alpha(&self, place: Point) -> f64 {
        let through = self.iter().map(|one| 1.0 - one.alpha(place));
        1.0 - through.product::<f64>()
    }

    fn shapes(&self, color: Color) -> Vec<FoundShape> {
        self.iter().flat_map(|one| one.shapes(color)).collect()
    }
}
