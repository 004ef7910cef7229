//! The paint that explains pixels of which some let the ground through: a colour or gradient under
//! one opacity, or a gradient of opacity. What opaque samples need is `paint_fit`'s business.

use chat2svg_vector::{Color, GradientStop, Paint};
use kurbo::{Affine, Point, Vec2};

use crate::{
    paint_fit::{FittedPaint, GradientThreshold, Sample, fit_flat, fit_knots, fit_paint},
    picture::{Pixel, straight},
};

/// Alpha from which what is painted is opaque.
pub const OPAQUE: f32 = 0.985;
/// Standard deviation of alpha up to which it is one opacity.
const EVEN: f64 = 0.012;
/// Most stops of a gradient of opacity.
const MOST_STOPS: usize = 6;
/// Standard deviation of a colour's component over a gradient of opacity up to which it is one
/// colour.
const ONE_COLOR: f64 = 0.02;
/// Alpha from which eight bits leave something of a colour.
const READABLE: f32 = 0.06;

/// A paint, and the opacity under which it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPaint {
    /// The paint itself, gradients with an opacity for each stop.
    pub paint: Paint,
    /// `0.0..=1.0`.
    pub opacity: f32,
}

impl FoundPaint {
    /// Whether it hides all that lies below.
    pub fn is_opaque(&self) -> bool {
        let hides = |stops: &[GradientStop]| stops.iter().all(|stop| stop.opacity >= OPAQUE);
        self.opacity >= OPAQUE
            && match &self.paint {
                Paint::Solid(_) => true,
                Paint::Linear(gradient) => hides(&gradient.stops),
                Paint::Radial(gradient) => hides(&gradient.stops),
            }
    }
}

/// The paint of pixels at places; flat without a threshold for gradients, `None` without pixels.
pub(crate) fn fit_pixels(
    pixels: &[(Point, Pixel)],
    threshold: Option<GradientThreshold>,
) -> Option<FoundPaint> {
    let count = pixels.len().max(1) as f64;
    let mean = pixels
        .iter()
        .map(|(_, pixel)| f64::from(pixel[3]))
        .sum::<f64>()
        / count;
    let spread = pixels
        .iter()
        .map(|(_, pixel)| (f64::from(pixel[3]) - mean).powi(2));
    let spread = (spread.sum::<f64>() / count).sqrt();
    let straight: Vec<Sample> = pixels
        .iter()
        .map(|&(position, pixel)| Sample {
            position,
            color: straight(pixel),
        })
        .collect();
    let opacity = if mean as f32 >= OPAQUE {
        1.0
    } else {
        mean as f32
    };
    let fitted = |samples: &[Sample]| match threshold {
        Some(threshold) => fit_paint(samples, threshold),
        None => fit_flat(samples),
    };
    if opacity == 1.0 || spread <= EVEN {
        let paint = fitted(&straight)?.paint;
        return Some(FoundPaint { paint, opacity });
    }
    if let Some(threshold) = threshold {
        let samples: Vec<Sample> = pixels
            .iter()
            .map(|&(position, pixel)| Sample {
                position,
                color: [pixel[3]; 3],
            })
            .collect();
        let threshold = GradientThreshold {
            stops: MOST_STOPS,
            ..threshold
        };
        let fitted = fit_paint(&samples, threshold)?;
        if let Some(paint) = with_colors(fitted, pixels) {
            return Some(FoundPaint {
                paint,
                opacity: 1.0,
            });
        }
    }
    let paint = Paint::Solid(mean_color(pixels.iter().map(|(_, pixel)| (*pixel, 1.0)))?);
    Some(FoundPaint { paint, opacity })
}

/// What a paint shows at a place.
pub(crate) fn shown_by(found: &FoundPaint) -> impl Fn(Point) -> Pixel + '_ {
    let offset = offset_in(&found.paint);
    let stops = match &found.paint {
        Paint::Solid(_) => &[][..],
        Paint::Linear(gradient) => &gradient.stops,
        Paint::Radial(gradient) => &gradient.stops,
    };
    let painted = |color: Color, opacity: f32| {
        let alpha = opacity * found.opacity;
        [
            color.red * alpha,
            color.green * alpha,
            color.blue * alpha,
            alpha,
        ]
    };
    move |place: Point| {
        if let Paint::Solid(color) = &found.paint {
            return painted(*color, 1.0);
        }
        let at = offset.as_ref().map_or(0.0, |offset| offset(place)) as f32;
        let after = stops.partition_point(|stop| stop.offset <= at);
        match (
            after.checked_sub(1).and_then(|i| stops.get(i)),
            stops.get(after),
        ) {
            (Some(a), Some(b)) => {
                let share = (at - a.offset) / (b.offset - a.offset).max(1e-6);
                let mix = |a: f32, b: f32| a + share * (b - a);
                let color = Color::new(
                    mix(a.color.red, b.color.red),
                    mix(a.color.green, b.color.green),
                    mix(a.color.blue, b.color.blue),
                );
                painted(color, mix(a.opacity, b.opacity))
            }
            (Some(end), None) | (None, Some(end)) => painted(end.color, end.opacity),
            (None, None) => [0.0; 4],
        }
    }
}

/// The mean of pixels' colours, each as much as it is painted; `None` without paint.
fn mean_color(pixels: impl Iterator<Item = (Pixel, f64)>) -> Option<Color> {
    let (mut sum, mut weight) = ([0.0_f64; 3], 0.0_f64);
    for (pixel, share) in pixels {
        for (sum, component) in sum.iter_mut().zip(pixel) {
            *sum += share * f64::from(component);
        }
        weight += share * f64::from(pixel[3]);
    }
    let [red, green, blue] = sum.map(|sum| (sum / weight).clamp(0.0, 1.0) as f32);
    (weight > 0.0).then(|| Color::new(red, green, blue))
}

/// The gradient of opacity that a gradient fitted to alpha (as grey) stands for, in the colours of
/// the pixels; `None` when that is flat.
fn with_colors(alpha: FittedPaint, pixels: &[(Point, Pixel)]) -> Option<Paint> {
    let mut paint = alpha.paint;
    let whole = mean_color(pixels.iter().map(|(_, pixel)| (*pixel, 1.0)))?;
    let varies = {
        let mut weight = 0.0;
        let mut sum = 0.0;
        for (_, pixel) in pixels {
            let color = straight(*pixel);
            let apart = [whole.red, whole.green, whole.blue];
            let square: f32 = (0..3).map(|i| (color[i] - apart[i]).powi(2)).sum();
            sum += f64::from(square / 3.0) * f64::from(pixel[3]);
            weight += f64::from(pixel[3]);
        }
        (sum / f64::max(weight, 1e-9)).sqrt() > ONE_COLOR
    };
    let colors = varies.then(|| stop_colors(&paint, pixels)).flatten();
    let stops = match &mut paint {
        Paint::Solid(_) => return None,
        Paint::Linear(gradient) => &mut gradient.stops,
        Paint::Radial(gradient) => &mut gradient.stops,
    };
    for (index, stop) in stops.iter_mut().enumerate() {
        stop.opacity = stop.color.red;
        stop.color = colors
            .as_ref()
            .and_then(|colors| colors.get(index))
            .map_or(whole, |of| of.color);
    }
    Some(paint)
}

/// The colours that the stops of a gradient of opacity need; `None` when hardly anything is
/// painted.
fn stop_colors(paint: &Paint, pixels: &[(Point, Pixel)]) -> Option<Vec<GradientStop>> {
    let offset = offset_in(paint)?;
    let stops = match paint {
        Paint::Solid(_) => return None,
        Paint::Linear(gradient) => gradient.stops.len(),
        Paint::Radial(gradient) => gradient.stops.len(),
    };
    let (samples, offsets): (Vec<Sample>, Vec<f64>) = pixels
        .iter()
        .filter(|(_, pixel)| pixel[3] >= READABLE)
        .map(|&(position, pixel)| {
            let color = straight(pixel);
            (Sample { position, color }, offset(position))
        })
        .unzip();
    (samples.len() > stops)
        .then(|| fit_knots(&samples, &offsets, stops))?
        .map(|(stops, _)| stops)
}

/// Where in a gradient a place is.
fn offset_in(paint: &Paint) -> Option<impl Fn(Point) -> f64 + use<>> {
    // The way from the focus to the centre, of a radius of one; none of a linear gradient.
    let (to_unit, lean) = match paint {
        Paint::Solid(_) => return None,
        Paint::Linear(gradient) => {
            let way = gradient.transform * gradient.end - gradient.transform * gradient.start;
            let turned = Affine::rotate(-way.atan2()).then_scale(1.0 / way.hypot().max(1e-9));
            let start = gradient.transform * gradient.start;
            (turned * Affine::translate(-start.to_vec2()), None)
        }
        Paint::Radial(gradient) => {
            let size = 1.0 / gradient.radius.max(1e-9);
            let own = Affine::scale(size) * Affine::translate(-gradient.focus.to_vec2());
            let lean = (gradient.center - gradient.focus) * size;
            (own * gradient.transform.inverse(), Some(lean))
        }
    };
    Some(move |place: Point| {
        let at = to_unit * place;
        lean.map_or(at.x, |lean| reach(at.to_vec2(), lean))
    })
}

/// The radius of the circle that goes through a place, of those that run away from the origin by so
/// many of their radii, which are fewer than one.
pub(crate) fn reach(place: Vec2, lean: Vec2) -> f64 {
    let (ahead, rest) = (place.dot(lean), (1.0 - lean.hypot2()).max(1e-9));
    ((ahead * ahead + rest * place.hypot2()).sqrt() - ahead) / rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_that_run_away_from_a_focus_are_told_by_their_radius() {
        let lean = Vec2::new(0.3, -0.4);
        for (radius, angle) in [(1.0, 0.3), (7.0, 2.0), (30.0, 5.5)] {
            let place = lean * radius + Vec2::from_angle(angle) * radius;
            assert!((reach(place, lean) - radius).abs() < 1e-9);
        }
    }

    const THRESHOLD: GradientThreshold = GradientThreshold {
        gain: 1e-5,
        share: 0.9,
        stops: 3,
    };

    fn pixels(of: impl Fn(f64, f64) -> ([f32; 3], f32)) -> Vec<(Point, Pixel)> {
        (0..40 * 30)
            .map(|i| {
                let (x, y) = (f64::from(i % 40) + 0.5, f64::from(i / 40) + 0.5);
                let ([red, green, blue], alpha) = of(x, y);
                let pixel = [red * alpha, green * alpha, blue * alpha, alpha];
                (Point::new(x, y), pixel)
            })
            .collect()
    }

    #[test]
    fn one_opacity_is_one_opacity() {
        let found = fit_pixels(&pixels(|_, _| ([0.8, 0.2, 0.1], 0.4)), Some(THRESHOLD));
        let found = found.expect("has pixels");
        assert!((found.opacity - 0.4).abs() < 0.01);
        let Paint::Solid(color) = found.paint else {
            panic!("a gradient of one colour: {found:?}");
        };
        assert!((color.red - 0.8).abs() < 0.01 && (color.blue - 0.1).abs() < 0.01);
    }

    #[test]
    fn a_ramp_is_a_gradient_of_opacity_in_its_colors() {
        let ramp = pixels(|x, _| ([0.2 + 0.015 * x as f32, 0.4, 0.1], x as f32 / 40.0));
        let found = fit_pixels(&ramp, Some(THRESHOLD)).expect("has pixels");
        let Paint::Linear(gradient) = &found.paint else {
            panic!("no linear gradient: {found:?}");
        };
        let (first, last) = (&gradient.stops[0], gradient.stops.last().expect("a stop"));
        let (low, high) = if first.opacity < last.opacity {
            (first, last)
        } else {
            (last, first)
        };
        assert!(low.opacity < 0.05 && high.opacity > 0.95, "{gradient:?}");
        assert!((high.color.red - 0.75).abs() < 0.06, "{gradient:?}");
        assert!(!found.is_opaque());
    }
}
