//! The shadow of a rectangle that is large beside its blur: a column from top to bottom, the sides
//! to its left and right, and each corner. Gradients run along lines and around points: in one that
//! follows a rectangle there are six of them.

use chat2svg_vector::{Color, GradientStop, LinearGradient, Paint, RadialGradient, Spread};
use kurbo::{Affine, BezPath, Point, Rect, Shape as _, Vec2};

use super::{Model, Sample, bounds, profile::Profile, shape, simplex::minimised};
use crate::found_shape::FoundShape;

/// Rounds of the search.
const ROUNDS: usize = 400;
/// Distance from the middle of a blurred side at which it ends, in its deviations.
const REACH: f64 = 2.3;
/// Least side of the plain middle in pixels.
const LEAST_MIDDLE: f64 = 2.0;
/// Smallest deviation of a blur in pixels.
const LEAST_BLUR: f64 = 0.8;

#[derive(Clone, Copy, Debug)]
pub(super) struct Patches {
    /// Where nothing of the blur is left, inside.
    middle: Rect,
    /// Width of the blurred sides.
    width: f64,
    profile: Profile,
}

/// How much of a blurred half is left so many deviations beyond its edge.
fn beyond(deviations: f64) -> f64 {
    // Within 0.01 of the normal distribution.
    1.0 / (1.0 + (1.595_8 * deviations + 0.070_6 * deviations.powi(3)).exp())
}

/// The patches that come nearest; `None` where the blur leaves no plain middle.
pub(super) fn of(samples: &[Sample]) -> Option<Patches> {
    let dark = samples
        .iter()
        .map(|sample| sample.alpha)
        .fold(0.0, f64::max);
    let seen = samples.iter().filter(|sample| sample.alpha >= 0.1 * dark);
    let outer = bounds(seen.map(|sample| sample.place));
    let blur = (0.05 * (outer.width() + outer.height())).max(2.0);
    let start = [
        outer.x0 + blur,
        outer.y0 + blur,
        outer.x1 - blur,
        outer.y1 - blur,
        blur,
    ];
    let shape = |[x0, y0, x1, y1, blur]: &[f64; 5], place: Point| {
        let along =
            |at: f64, low: f64, high: f64| beyond((low - at) / blur) * beyond((at - high) / blur);
        along(place.x, *x0, *x1) * along(place.y, *y0, *y1)
    };
    // The strength by least squares, and the error.
    let judged = |at: &[f64; 5]| {
        let (mut both, mut own, mut all) = (0.0, 0.0, 0.0);
        for sample in samples {
            let found = shape(at, sample.place);
            both += found * sample.alpha;
            own += found * found;
            all += sample.alpha * sample.alpha;
        }
        let strength = (both / own.max(1e-12)).clamp(0.0, 1.0);
        (
            strength,
            all - 2.0 * strength * both + strength * strength * own,
        )
    };
    let found = minimised(start, [3.0, 3.0, 3.0, 3.0, 2.0], ROUNDS, |at| {
        if at[4] < LEAST_BLUR || at[0] >= at[2] || at[1] >= at[3] {
            return f64::INFINITY;
        }
        judged(at).1
    });
    let (strength, _) = judged(&found);
    let [x0, y0, x1, y1, blur] = found;
    // Seams at whole pixels are not seen.
    let reach = (REACH * blur).round().max(1.0);
    let middle = Rect::new(
        (x0 + reach).round(),
        (y0 + reach).round(),
        (x1 - reach).round(),
        (y1 - reach).round(),
    );
    let is_plain = middle.width() >= LEAST_MIDDLE && middle.height() >= LEAST_MIDDLE;
    is_plain.then(|| Patches {
        middle,
        width: 2.0 * reach,
        profile: Profile::of(|distance| strength * beyond((2.0 * distance - 1.0) * reach / blur)),
    })
}

impl Model for Patches {
    fn alpha(&self, place: Point) -> f64 {
        let Rect { x0, y0, x1, y1 } = self.middle;
        let across = (x0 - place.x).max(place.x - x1).max(0.0);
        let down = (y0 - place.y).max(place.y - y1).max(0.0);
        self.profile.at(across.hypot(down) / self.width)
    }

    fn shapes(&self, color: Color) -> Vec<FoundShape> {
        let Rect { x0, y0, x1, y1 } = self.middle;
        let width = self.width;
        let stops = self.profile.stops(color);
        // From one blurred side to the middle, and back to the other: two sides with one gradient.
        let across = |from: Point, to: Point| {
            let center = from.midpoint(to);
            let share = width / from.distance(center);
            let first = stops.iter().rev().map(|stop| GradientStop {
                offset: ((1.0 - f64::from(stop.offset)) * share) as f32,
                ..*stop
            });
            Paint::Linear(LinearGradient {
                start: from,
                end: center,
                transform: Affine::IDENTITY,
                stops: first.collect(),
                spread: Spread::Reflect,
            })
        };
        let column = Rect::new(x0, y0 - width, x1, y1 + width);
        let down = across(Point::new(x0, column.y0), Point::new(x0, column.y1));
        let mut sides = Rect::new(x0 - width, y0, x0, y1).to_path(0.1);
        sides.extend(Rect::new(x1, y0, x1 + width, y1).to_path(0.1));
        let along = across(Point::new(x0 - width, y0), Point::new(x1 + width, y0));
        let mut shapes = vec![shape(column.to_path(0.1), down), shape(sides, along)];
        for (corner, out) in [
            (Point::new(x0, y0), Vec2::new(-width, -width)),
            (Point::new(x1, y0), Vec2::new(width, -width)),
            (Point::new(x1, y1), Vec2::new(width, width)),
            (Point::new(x0, y1), Vec2::new(-width, width)),
        ] {
            let gradient = RadialGradient {
                center: corner,
                radius: width,
                focus: corner,
                focal_radius: 0.0,
                transform: Affine::IDENTITY,
                stops: stops.clone(),
                spread: Spread::Pad,
            };
            let path: BezPath = Rect::from_points(corner, corner + out).to_path(0.1);
            shapes.push(shape(path, Paint::Radial(gradient)));
        }
        shapes
    }
}
