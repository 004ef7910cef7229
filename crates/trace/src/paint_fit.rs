//! The paint that explains coloured samples best: flat, linear or radial gradient, by least
//! squares. Where the samples come from, and what shape they belong to, is the caller's business.

use chat2svg_vector::{Color, GradientStop, LinearGradient, Paint, RadialGradient, Spread};
use kurbo::{Affine, Point, Vec2};

use crate::linear::{solve, solve_tridiagonal};

/// A colour seen at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Where, in the coordinates in which the paint will be used.
    pub position: Point,
    /// Gamma-encoded sRGB, `0.0..=1.0`.
    pub color: [f32; 3],
}

/// A paint, and how far it is from the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedPaint {
    /// The paint.
    pub paint: Paint,
    /// Mean squared error over samples and components.
    pub error: f64,
}

/// When a gradient is worth its bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientThreshold {
    /// A gradient must lower the mean squared error by at least this much …
    pub gain: f64,
    /// … and to at most this share of the flat colour's error.
    pub share: f64,
    /// Most stops of a gradient, at least 2.
    pub stops: usize,
}

impl Default for GradientThreshold {
    fn default() -> Self {
        Self {
            gain: 2e-5,
            share: 0.7,
            stops: 4,
        }
    }
}

/// The simplest paint that explains the samples: a gradient only where it passes the threshold, a
/// radial one only where it clearly beats the linear one. `None` without samples.
pub fn fit_paint(samples: &[Sample], threshold: GradientThreshold) -> Option<FittedPaint> {
    let flat = fit_flat(samples)?;
    let worth = |fitted: &FittedPaint, than: &FittedPaint| {
        than.error - fitted.error >= threshold.gain && fitted.error <= than.error * threshold.share
    };
    let mut best = flat;
    if best.error < threshold.gain || samples.len() < 12 {
        return Some(best);
    }
    if let Some(linear) = fit_linear(samples, threshold).filter(|found| worth(found, &best)) {
        best = linear;
    }
    if let Some(radial) = fit_radial(samples, threshold).filter(|found| worth(found, &best)) {
        best = radial;
    }
    Some(best)
}

/// The mean colour. `None` without samples.
pub fn fit_flat(samples: &[Sample]) -> Option<FittedPaint> {
    if samples.is_empty() {
        return None;
    }
    let count = samples.len() as f64;
    let mut sum = [0.0_f64; 3];
    let mut squares = 0.0_f64;
    for sample in samples {
        for (total, value) in sum.iter_mut().zip(sample.color) {
            *total += f64::from(value);
            squares += f64::from(value).powi(2);
        }
    }
    let mean = sum.map(|total| total / count);
    let error = (squares / count - mean.iter().map(|value| value * value).sum::<f64>()) / 3.0;
    Some(FittedPaint {
        paint: Paint::Solid(color_of(mean)),
        error: error.max(0.0),
    })
}

/// A linear gradient along the direction in which colour changes most.
fn fit_linear(samples: &[Sample], threshold: GradientThreshold) -> Option<FittedPaint> {
    let count = samples.len() as f64;
    let center = samples
        .iter()
        .fold(Vec2::ZERO, |sum, s| sum + s.position.to_vec2())
        / count;
    let mut moments = [0.0_f64; 3];
    let mut cross = [[0.0_f64; 2]; 3];
    for sample in samples {
        let offset = sample.position.to_vec2() - center;
        moments[0] += offset.x * offset.x;
        moments[1] += offset.x * offset.y;
        moments[2] += offset.y * offset.y;
        for (row, value) in cross.iter_mut().zip(sample.color) {
            row[0] += offset.x * f64::from(value);
            row[1] += offset.y * f64::from(value);
        }
    }
    let determinant_of = |[xx, xy, yy]: [f64; 3]| xx * yy - xy * xy;
    if determinant_of(moments) <= 1e-9 * (moments[0] + moments[2]).powi(2) {
        // Samples in one line say nothing of the other direction: there the colours stay.
        moments[0] += 1e-3 * moments[2];
        moments[2] += 1e-3 * moments[0];
    }
    let determinant = determinant_of(moments);
    if determinant <= 0.0 {
        return None;
    }
    // Colour slopes by channel, and their structure tensor, whose main axis is the direction.
    let mut tensor = [0.0_f64; 3];
    for [x, y] in cross {
        let slope_x = (moments[2] * x - moments[1] * y) / determinant;
        let slope_y = (moments[0] * y - moments[1] * x) / determinant;
        tensor[0] += slope_x * slope_x;
        tensor[1] += slope_x * slope_y;
        tensor[2] += slope_y * slope_y;
    }
    if tensor[0] + tensor[2] <= 0.0 {
        return None;
    }
    let angle = 0.5 * (2.0 * tensor[1]).atan2(tensor[0] - tensor[2]);
    let direction = Vec2::from_angle(angle);
    let along: Vec<f64> = samples
        .iter()
        .map(|sample| (sample.position.to_vec2() - center).dot(direction))
        .collect();
    let (low, high) = along.iter().fold((f64::MAX, f64::MIN), |(low, high), &t| {
        (low.min(t), high.max(t))
    });
    if high - low <= f64::EPSILON {
        return None;
    }
    let offsets: Vec<f64> = along.iter().map(|t| (t - low) / (high - low)).collect();
    let (stops, error) = fit_stops(samples, &offsets, threshold)?;
    let gradient = LinearGradient {
        start: (center + direction * low).to_point(),
        end: (center + direction * high).to_point(),
        transform: Affine::IDENTITY,
        stops,
        spread: Spread::Pad,
    };
    Some(FittedPaint {
        paint: Paint::Linear(gradient),
        error,
    })
}

/// A radial gradient around the extremum of the quadratic that fits the colours best.
fn fit_radial(samples: &[Sample], threshold: GradientThreshold) -> Option<FittedPaint> {
    let (center, aspect) = extremum(samples)?;
    let scaled = |position: Point| {
        let offset = position - center;
        Vec2::new(offset.x, offset.y * aspect).hypot()
    };
    let radius = samples
        .iter()
        .map(|sample| scaled(sample.position))
        .fold(0.0, f64::max);
    if radius <= f64::EPSILON {
        return None;
    }
    let offsets: Vec<f64> = samples
        .iter()
        .map(|sample| scaled(sample.position) / radius)
        .collect();
    let (stops, error) = fit_stops(samples, &offsets, threshold)?;
    let transform = Affine::translate(center.to_vec2())
        * Affine::scale_non_uniform(1.0, 1.0 / aspect)
        * Affine::translate(-center.to_vec2());
    let gradient = RadialGradient {
        center,
        radius,
        focus: center,
        focal_radius: 0.0,
        transform: if (aspect - 1.0).abs() < 1e-9 {
            Affine::IDENTITY
        } else {
            transform
        },
        stops,
        spread: Spread::Pad,
    };
    Some(FittedPaint {
        paint: Paint::Radial(gradient),
        error,
    })
}

/// Where a paraboloid through the samples' main colour component peaks, and how much steeper it is
/// along y than along x (as a ratio of lengths). `None` where it has no peak near the samples.
fn extremum(samples: &[Sample]) -> Option<(Point, f64)> {
    let count = samples.len() as f64;
    let center = samples
        .iter()
        .fold(Vec2::ZERO, |sum, s| sum + s.position.to_vec2())
        / count;
    let reach = samples
        .iter()
        .map(|sample| (sample.position.to_vec2() - center).hypot())
        .fold(0.0, f64::max);
    if reach <= f64::EPSILON {
        return None;
    }
    let axis = main_component(samples);
    // Basis 1, x, y, x², y² on coordinates scaled to the samples' reach.
    let mut normal = [[0.0_f64; 5]; 5];
    let mut right = [[0.0_f64]; 5];
    for sample in samples {
        let offset = (sample.position.to_vec2() - center) / reach;
        let value: f64 = axis
            .iter()
            .zip(sample.color)
            .map(|(a, c)| a * f64::from(c))
            .sum();
        let row = [
            1.0,
            offset.x,
            offset.y,
            offset.x * offset.x,
            offset.y * offset.y,
        ];
        for (index, line) in normal.iter_mut().enumerate() {
            for (entry, factor) in line.iter_mut().zip(row) {
                *entry += row[index] * factor;
            }
            right[index][0] += row[index] * value;
        }
    }
    let [_, [slope_x], [slope_y], [bend_x], [bend_y]] = solve(normal, right)?;
    if bend_x * bend_y <= 0.0 {
        return None;
    }
    let aspect = (bend_y / bend_x).sqrt();
    if !(0.2..=5.0).contains(&aspect) {
        return None;
    }
    let peak = Vec2::new(-slope_x / (2.0 * bend_x), -slope_y / (2.0 * bend_y));
    (peak.hypot() < 1.6).then(|| ((center + peak * reach).to_point(), aspect))
}

/// The direction in colour space in which the samples vary most, by power iteration.
fn main_component(samples: &[Sample]) -> [f64; 3] {
    let count = samples.len() as f64;
    let mut mean = [0.0_f64; 3];
    for sample in samples {
        for (total, value) in mean.iter_mut().zip(sample.color) {
            *total += f64::from(value) / count;
        }
    }
    let mut covariance = [[0.0_f64; 3]; 3];
    for sample in samples {
        let offset: [f64; 3] = std::array::from_fn(|i| f64::from(sample.color[i]) - mean[i]);
        for (i, row) in covariance.iter_mut().enumerate() {
            for (entry, other) in row.iter_mut().zip(offset) {
                *entry += offset[i] * other;
            }
        }
    }
    let mut axis = [0.299, 0.587, 0.114];
    for _ in 0..12 {
        let next: [f64; 3] =
            std::array::from_fn(|i| covariance[i].iter().zip(axis).map(|(c, a)| c * a).sum());
        let length = next.iter().map(|value| value * value).sum::<f64>().sqrt();
        if length <= f64::MIN_POSITIVE {
            break;
        }
        axis = next.map(|value| value / length);
    }
    axis
}

/// Colours at evenly spaced offsets, by least squares over hat functions; as few stops as explain
/// the samples nearly as well as the most allowed.
fn fit_stops(
    samples: &[Sample],
    offsets: &[f64],
    threshold: GradientThreshold,
) -> Option<(Vec<GradientStop>, f64)> {
    let fits: Vec<(Vec<GradientStop>, f64)> = (2..=threshold.stops.max(2))
        .filter_map(|knots| fit_knots(samples, offsets, knots))
        .collect();
    let best = fits
        .iter()
        .map(|(_, error)| *error)
        .fold(f64::MAX, f64::min);
    fits.into_iter()
        .find(|(_, error)| *error <= best * 1.1 + threshold.gain * 0.25)
}

/// The same with a given number of stops.
pub(crate) fn fit_knots(
    samples: &[Sample],
    offsets: &[f64],
    knots: usize,
) -> Option<(Vec<GradientStop>, f64)> {
    let spans = (knots - 1) as f64;
    let mut diagonal = vec![0.0_f64; knots];
    let mut beside = vec![0.0_f64; knots];
    let mut right = vec![[0.0_f64; 3]; knots];
    let place = |offset: f64| {
        let scaled = (offset * spans).clamp(0.0, spans);
        let knot = (scaled.floor() as usize).min(knots - 2);
        (knot, scaled - knot as f64)
    };
    for (sample, &offset) in samples.iter().zip(offsets) {
        let (knot, fraction) = place(offset);
        let (near, far) = (1.0 - fraction, fraction);
        diagonal[knot] += near * near;
        diagonal[knot + 1] += far * far;
        beside[knot] += near * far;
        for channel in 0..3 {
            right[knot][channel] += near * f64::from(sample.color[channel]);
            right[knot + 1][channel] += far * f64::from(sample.color[channel]);
        }
    }
    // A knot that no sample is near takes its neighbour's colour: a little pull toward smoothness.
    let smoothing = 1e-4 * samples.len() as f64;
    for knot in 0..knots - 1 {
        diagonal[knot] += smoothing;
        diagonal[knot + 1] += smoothing;
        beside[knot] -= smoothing;
    }
    let mut right = solve_tridiagonal(diagonal, &beside, right)?;
    for value in right.iter_mut().flatten() {
        *value = value.clamp(0.0, 1.0);
    }
    let mut error = 0.0;
    for (sample, &offset) in samples.iter().zip(offsets) {
        let (knot, fraction) = place(offset);
        for channel in 0..3 {
            let value =
                right[knot][channel] * (1.0 - fraction) + right[knot + 1][channel] * fraction;
            error += (value - f64::from(sample.color[channel])).powi(2);
        }
    }
    let stops = right
        .iter()
        .enumerate()
        .map(|(knot, color)| GradientStop {
            offset: (knot as f64 / spans) as f32,
            color: color_of(*color),
            opacity: 1.0,
        })
        .collect();
    Some((stops, error / (3.0 * samples.len() as f64)))
}

fn color_of(components: [f64; 3]) -> Color {
    Color::new(
        components[0] as f32,
        components[1] as f32,
        components[2] as f32,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grid(color: impl Fn(Point) -> [f32; 3]) -> Vec<Sample> {
        (0..400)
            .map(|index| {
                let position = Point::new(f64::from(index % 20) * 3.0, f64::from(index / 20) * 2.0);
                Sample {
                    position,
                    color: color(position),
                }
            })
            .collect()
    }

    #[test]
    fn one_colour_stays_flat() {
        let fitted = fit_paint(&grid(|_| [0.2, 0.4, 0.6]), GradientThreshold::default()).unwrap();
        assert!(matches!(fitted.paint, Paint::Solid(_)));
        assert!(fitted.error < 1e-12);
    }

    #[test]
    fn a_ramp_becomes_a_linear_gradient_with_two_stops() {
        let samples = grid(|p| [(p.x / 57.0) as f32, 0.5, 1.0 - (p.x / 114.0) as f32]);
        let fitted = fit_paint(&samples, GradientThreshold::default()).unwrap();
        let Paint::Linear(gradient) = &fitted.paint else {
            panic!("{:?}", fitted.paint)
        };
        assert_eq!(gradient.stops.len(), 2);
        assert!(fitted.error < 0.01);
    }

    #[test]
    fn a_glow_becomes_a_radial_gradient_around_its_middle() {
        let samples = grid(|p| [(1.0 - (p - Point::new(30.0, 18.0)).hypot2() / 2000.0) as f32; 3]);
        let fitted = fit_paint(&samples, GradientThreshold::default()).unwrap();
        let Paint::Radial(gradient) = &fitted.paint else {
            panic!("{:?}", fitted.paint)
        };
        assert!((gradient.center - Point::new(30.0, 18.0)).hypot() < 1.0);
        assert!(fitted.error < 1e-3);
    }

    #[test]
    fn no_samples_give_no_paint() {
        assert_eq!(fit_paint(&[], GradientThreshold::default()), None);
    }

    proptest! {
        #[test]
        fn a_chosen_gradient_is_never_worse_than_flat(
            values in proptest::collection::vec((0.0..50.0, 0.0..50.0, 0.0f32..1.0, 0.0f32..1.0), 1..80)
        ) {
            let samples: Vec<Sample> = values
                .into_iter()
                .map(|(x, y, red, blue)| Sample { position: Point::new(x, y), color: [red, 0.3, blue] })
                .collect();
            let flat = fit_flat(&samples).unwrap();
            let best = fit_paint(&samples, GradientThreshold::default()).unwrap();
            prop_assert!(best.error <= flat.error + 1e-12);
        }
    }
}
