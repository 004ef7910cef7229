//! How much an error shows at each pixel: an eye notices it on a calm ground sooner than in a
//! texture.

use crate::picture::Picture;

/// Half the side of the surroundings, as a share of the picture's longest side.
const REACH: f64 = 1.0 / 28.0;
/// Standard deviation of a ground that is as calm as it matters.
const CALM: f32 = 0.04;
/// Luma of the ground on which transparency is looked at.
const GROUND: f32 = 0.5;
/// Least and most that a pixel counts: calm ground for more, nothing for less than its squared
/// error.
const BOUNDS: [f32; 2] = [1.0, 2.5];

/// The weight of each pixel's squared error, at least 1.
pub(crate) fn salience(picture: &Picture) -> Vec<f32> {
    let (width, height) = (picture.width, picture.height);
    let reach = ((width.max(height) as f64 * REACH) as usize).max(2);
    let luma: Vec<f32> = picture
        .pixels
        .iter()
        .map(|[red, green, blue, alpha]| {
            0.2126 * red + 0.7152 * green + 0.0722 * blue + GROUND * (1.0 - alpha)
        })
        .collect();
    let squares: Vec<f32> = luma.iter().map(|value| value * value).collect();
    let [means, squares] = [luma, squares].map(|values| box_means(&values, width, height, reach));
    let calm: Vec<f32> = means
        .iter()
        .zip(&squares)
        .map(|(mean, square)| 1.0 / ((square - mean * mean).max(0.0).sqrt() + CALM))
        .collect();
    let mean = calm.iter().sum::<f32>() / calm.len().max(1) as f32;
    calm.into_iter()
        .map(|value| (value / mean).clamp(BOUNDS[0], BOUNDS[1]))
        .collect()
}

/// Means over squares of the given reach, by running sums; the edge's squares are smaller.
fn box_means(values: &[f32], width: usize, height: usize, reach: usize) -> Vec<f32> {
    let rows = running_means(values, width, 1, width, height, reach);
    running_means(&rows, 1, width, height, width, reach)
}

/// Means along lines: `lines` of them, `between` apart, each of `length` values `step` apart.
fn running_means(
    values: &[f32],
    between: usize,
    step: usize,
    length: usize,
    lines: usize,
    reach: usize,
) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    let mut sums = vec![0.0_f64; length + 1];
    for line in 0..lines {
        for at in 0..length {
            sums[at + 1] = sums[at] + f64::from(values[line * between + at * step]);
        }
        for at in 0..length {
            let (low, high) = (at.saturating_sub(reach), (at + reach + 1).min(length));
            let mean = (sums[high] - sums[low]) / (high - low) as f64;
            out[line * between + at * step] = mean as f32;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calm_ground_counts_for_more_than_a_texture() {
        let (width, height) = (60, 40);
        let pixels = (0..width * height).map(|i| {
            let (x, y) = (i % width, i / width);
            let is_light = x >= 30 && (x + y) % 2 == 0;
            [if is_light { 0.9 } else { 0.3 }; 3]
        });
        let picture = Picture::opaque(width, height, pixels);
        let weights = salience(&picture);
        assert_eq!(weights.len(), width * height);
        let (calm, busy) = (weights[20 * width + 10], weights[20 * width + 50]);
        assert!(calm > 1.0 && busy == 1.0, "{calm} {busy}");
    }
}
