//! Penalties that keep cubics clean, with their exact gradients: bending, handles out of
//! proportion, and control polygons that turn against themselves. Lengths in pixels at full
//! resolution.

use crate::parameters::CubicSlots;

/// Weights of the penalties, each relative to the picture's squared error in full-scale pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weights {
    /// Bending: squared second difference of each curve's control polygon.
    curvature: f32,
    /// Handles longer than the curve's chord, or shorter than a fiftieth of it.
    handles: f32,
    /// Control polygons that turn against themselves, the way in which a curve crosses itself.
    crossing: f32,
}

impl Weights {
    pub(crate) const USUAL: Self = Self {
        curvature: 1e-5,
        handles: 1e-3,
        crossing: 1e-3,
    };
}

/// A handle longer than its chord by this factor is penalised.
const LONGEST_HANDLE: f32 = 1.2;
/// A handle shorter than this share of its chord is penalised.
const SHORTEST_HANDLE: f32 = 0.02;

/// Adds the penalties' gradient to `gradient` and returns their sum.
pub(crate) fn penalise(
    cubics: &[CubicSlots],
    weights: Weights,
    values: &[f32],
    gradient: &mut [f32],
) -> f64 {
    let mut sum = 0.0;
    for slots in cubics {
        let points = slots.map(|at| [values[at], values[at + 1]]);
        let mut gradients = [[0.0_f32; 2]; 4];
        sum += f64::from(penalise_cubic(&points, weights, &mut gradients));
        for (at, slope) in slots.iter().zip(gradients) {
            gradient[*at] += slope[0];
            gradient[at + 1] += slope[1];
        }
    }
    sum
}

fn penalise_cubic(points: &[[f32; 2]; 4], weights: Weights, gradients: &mut [[f32; 2]; 4]) -> f32 {
    let mut sum = 0.0;
    for first in 0..2 {
        let bend: [f32; 2] = std::array::from_fn(|axis| {
            points[first][axis] - 2.0 * points[first + 1][axis] + points[first + 2][axis]
        });
        sum += weights.curvature * dot(bend, bend);
        for (offset, share) in [(0, 2.0), (1, -4.0), (2, 2.0)] {
            let slope = &mut gradients[first + offset];
            add(slope, bend, weights.curvature * share);
        }
    }
    let chord = minus(points[3], points[0]);
    let length = norm(chord);
    if length < 1e-3 {
        return sum;
    }
    for (anchor, handle) in [(0, 1), (3, 2)] {
        let reach = minus(points[handle], points[anchor]);
        let reach_length = norm(reach);
        let share = reach_length / length;
        if reach_length > 1e-4 && !(SHORTEST_HANDLE..=LONGEST_HANDLE).contains(&share) {
            let allowed = share.clamp(SHORTEST_HANDLE, LONGEST_HANDLE);
            let excess = reach_length - allowed * length;
            sum += weights.handles * excess * excess;
            let slope = 2.0 * weights.handles * excess;
            let along = slope / reach_length;
            add(&mut gradients[handle], reach, along);
            add(&mut gradients[anchor], reach, -along);
            let along = slope * allowed / length;
            add(&mut gradients[3], chord, -along);
            add(&mut gradients[0], chord, along);
        }
    }
    // Each side of the control polygon should lead forward along the chord.
    let scale = 1.0 / (length * length + 1.0);
    for first in 0..3 {
        let side = minus(points[first + 1], points[first]);
        let backward = -dot(side, chord);
        if backward <= 0.0 {
            continue;
        }
        sum += weights.crossing * backward * backward * scale;
        let slope = 2.0 * weights.crossing * backward * scale;
        add(&mut gradients[first + 1], chord, -slope);
        add(&mut gradients[first], chord, slope);
        let of_scale = 2.0 * weights.crossing * backward * backward * scale * scale;
        for (end, sign) in [(3, 1.0), (0, -1.0)] {
            add(&mut gradients[end], side, -slope * sign);
            add(&mut gradients[end], chord, -of_scale * sign);
        }
    }
    sum
}

pub(crate) fn minus(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

pub(crate) fn dot(a: [f32; 2], b: [f32; 2]) -> f32 {
    a[0] * b[0] + a[1] * b[1]
}

pub(crate) fn norm(a: [f32; 2]) -> f32 {
    a[0].hypot(a[1])
}

fn add(sum: &mut [f32; 2], vector: [f32; 2], factor: f32) {
    sum[0] += factor * vector[0];
    sum[1] += factor * vector[1];
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn penalty(values: &[f32], weights: Weights) -> f64 {
        penalise(&[[0, 2, 4, 6]], weights, values, &mut [0.0; 8])
    }

    proptest! {
        #[test]
        fn gradients_are_those_of_central_differences(
            values in prop::collection::vec(-20.0_f32..20.0, 8),
            which in 0_usize..3,
        ) {
            let mut weights = Weights { curvature: 0.0, handles: 0.0, crossing: 0.0 };
            match which {
                0 => weights.curvature = 0.5,
                1 => weights.handles = 0.5,
                _ => weights.crossing = 0.5,
            }
            let gradient_at = |values: &[f32]| {
                let mut gradient = vec![0.0_f32; 8];
                let sum = penalise(&[[0, 2, 4, 6]], weights, values, &mut gradient);
                (sum, gradient)
            };
            let (sum, gradient) = gradient_at(&values);
            prop_assert!(sum >= 0.0);
            let step = 0.02_f32;
            for index in 0..8 {
                let moved = [-step, step].map(|offset| {
                    let mut moved = values.clone();
                    moved[index] += offset;
                    moved
                });
                let [below, above] = moved.each_ref().map(|moved| penalty(moved, weights));
                let expected = (above - below) / (2.0 * f64::from(step));
                // A difference is the mean of the slopes between its ends; a penalty that begins
                // there has slopes unlike the middle's.
                let gradients = moved
                    .map(|moved| gradient_at(&moved).1[index])
                    .map(f64::from);
                let middle = f64::from(gradient[index]);
                let least = gradients.into_iter().fold(middle, f64::min);
                let most = gradients.into_iter().fold(middle, f64::max);
                let size = gradient.iter().map(|g| g.abs()).fold(1.0, f32::max);
                let slack = 0.03 * f64::from(size) + 1e-4 * sum;
                prop_assert!(
                    (least - slack..=most + slack).contains(&expected),
                    "parameter {index}: {expected}, not {least} to {most}"
                );
            }
        }
    }

    #[test]
    fn a_plain_curve_is_not_penalised_for_its_handles() {
        let values = [0.0, 0.0, 3.0, 3.0, 7.0, 3.0, 10.0, 0.0];
        let weights = Weights {
            curvature: 0.0,
            handles: 1.0,
            crossing: 1.0,
        };
        assert_eq!(penalty(&values, weights), 0.0);
    }
}
