//! What is minimised when the squared error alone is not: it, the squared error of the picture's
//! Sobel gradients, and structural similarity.

use chat2svg_diffraster::Image;

use crate::{LossOptions, picture::ALPHA_WEIGHT, ssim::add_structure_loss};

/// Gradient with respect to the picture of the loss that the options ask for, into `out`; returns
/// the loss.
pub(crate) fn picture_loss(
    picture: &Image,
    target: &Image,
    options: LossOptions,
    out: &mut Image,
) -> f64 {
    let loss = edge_loss(picture, target, options.edges, out);
    if options.structure > 0.0 {
        loss + add_structure_loss(picture, target, options.structure, out)
    } else {
        loss
    }
}

/// Gradient with respect to the picture of the mean squared error plus `weight` times that of its
/// Sobel gradients, into `out`; returns the loss. Alpha counts [`ALPHA_WEIGHT`] times.
fn edge_loss(picture: &Image, target: &Image, weight: f32, out: &mut Image) -> f64 {
    let (width, height) = (picture.width as usize, picture.height as usize);
    out.width = picture.width;
    out.height = picture.height;
    out.data.clear();
    out.data.resize(picture.data.len(), 0.0);
    let mut loss = 0.0_f64;
    let mut residual = vec![0.0_f32; width * height];
    let full = 1.0 / (3.0 * (width * height) as f32);
    for (channel, scale) in [full, full, full, ALPHA_WEIGHT * full]
        .into_iter()
        .enumerate()
    {
        for (index, value) in residual.iter_mut().enumerate() {
            let at = 4 * index + channel;
            *value = picture.data[at] - target.data[at];
            loss += f64::from(*value * *value * scale);
            out.data[at] = 2.0 * scale * *value;
        }
        if weight == 0.0 {
            continue;
        }
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                for kernel in [SOBEL_X, SOBEL_Y] {
                    let taps = kernel.map(|(dx, dy, factor)| {
                        let index = (y + dy - 1) * width + (x + dx - 1);
                        (index, factor)
                    });
                    let slope: f32 = taps.iter().map(|(i, factor)| factor * residual[*i]).sum();
                    loss += f64::from(weight * scale * slope * slope);
                    for (index, factor) in taps {
                        out.data[4 * index + channel] += 2.0 * weight * scale * slope * factor;
                    }
                }
            }
        }
    }
    loss
}

/// Horizontal differences: offset plus one, and factor.
const SOBEL_X: [(usize, usize, f32); 6] = [
    (0, 0, -0.125),
    (0, 1, -0.25),
    (0, 2, -0.125),
    (2, 0, 0.125),
    (2, 1, 0.25),
    (2, 2, 0.125),
];
/// Vertical differences.
const SOBEL_Y: [(usize, usize, f32); 6] = [
    (0, 0, -0.125),
    (1, 0, -0.25),
    (2, 0, -0.125),
    (0, 2, 0.125),
    (1, 2, 0.25),
    (2, 2, 0.125),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_that_of_central_differences() {
        let image = |seed: u32| Image {
            width: 5,
            height: 4,
            data: (0..80_u32)
                .map(|i| ((i * 37 + seed * 11) % 23) as f32 / 23.0)
                .collect(),
        };
        let (mut picture, target) = (image(1), image(2));
        let mut gradient = Image::default();
        edge_loss(&picture, &target, 0.7, &mut gradient);
        let mut scratch = Image::default();
        for index in 0..80 {
            let kept = picture.data[index];
            let mut at = |value: f32| {
                picture.data[index] = value;
                edge_loss(&picture, &target, 0.7, &mut scratch)
            };
            let expected = (at(kept + 0.01) - at(kept - 0.01)) / 0.02;
            picture.data[index] = kept;
            assert!((expected - f64::from(gradient.data[index])).abs() < 1e-4);
        }
    }
}
