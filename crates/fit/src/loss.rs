//! What is minimised: the squared error of gamma-encoded colours and of alpha, of the pictures
//! themselves or of the residual's moving average. That gives a shape a gradient toward its target
//! from further away than its own edge.

use chat2svg_diffraster::Image;
use chat2svg_trace::picture::ALPHA_WEIGHT;

/// Mean squared error of two pictures' difference, averaged over squares that reach `reach` pixels
/// to each side, and its gradient with respect to the first. Alpha counts [`ALPHA_WEIGHT`] times.
pub(crate) fn squared_loss(picture: &Image, target: &Image, reach: usize) -> (f64, Image) {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut gradient = vec![0.0; picture.data.len()];
    let mut loss = 0.0_f64;
    let mut residual = vec![0.0_f32; width * height];
    let mut scratch = Vec::new();
    let full = 1.0 / (3.0 * (width * height) as f32);
    for (channel, scale) in [full, full, full, ALPHA_WEIGHT * full]
        .into_iter()
        .enumerate()
    {
        for (index, value) in residual.iter_mut().enumerate() {
            let at = 4 * index + channel;
            *value = picture.data[at] - target.data[at];
        }
        average(&mut residual, width, reach, &mut scratch);
        for value in &residual {
            loss += f64::from(value * value * scale);
        }
        // The average is symmetric, so its adjoint is itself.
        average(&mut residual, width, reach, &mut scratch);
        for (index, value) in residual.iter().enumerate() {
            gradient[4 * index + channel] = 2.0 * scale * value;
        }
    }
    let slope = Image {
        data: gradient,
        ..*picture
    };
    (loss, slope)
}

/// Averages over squares; outside of the picture is zero.
fn average(values: &mut [f32], width: usize, reach: usize, scratch: &mut Vec<f32>) {
    if reach == 0 || width == 0 {
        return;
    }
    let height = values.len() / width;
    for row in values.chunks_exact_mut(width) {
        average_line(row, 1, width, reach, scratch);
    }
    for x in 0..width {
        average_line(&mut values[x..], width, height, reach, scratch);
    }
}

/// Averages `count` values that lie `stride` apart.
fn average_line(
    values: &mut [f32],
    stride: usize,
    count: usize,
    reach: usize,
    scratch: &mut Vec<f32>,
) {
    scratch.clear();
    scratch.push(0.0);
    let mut sum = 0.0_f32;
    for index in 0..count {
        sum += values[index * stride];
        scratch.push(sum);
    }
    let share = 1.0 / (2 * reach + 1) as f32;
    for index in 0..count {
        let (low, high) = (index.saturating_sub(reach), (index + reach + 1).min(count));
        values[index * stride] = share * (scratch[high] - scratch[low]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_that_of_central_differences() {
        let image = |seed: u32| Image {
            width: 6,
            height: 5,
            data: (0..120_u32)
                .map(|i| ((i * 37 + seed * 11) % 23) as f32 / 23.0)
                .collect(),
        };
        let (mut picture, target) = (image(1), image(2));
        for reach in [0, 1] {
            let (_, gradient) = squared_loss(&picture, &target, reach);
            for index in 0..120 {
                let kept = picture.data[index];
                let mut at = |value: f32| {
                    picture.data[index] = value;
                    squared_loss(&picture, &target, reach).0
                };
                let expected = (at(kept + 0.1) - at(kept - 0.1)) / 0.2;
                picture.data[index] = kept;
                assert!((expected - f64::from(gradient.data[index])).abs() < 1e-5);
            }
        }
    }
}
