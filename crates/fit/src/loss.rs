//! What is minimised: the squared error of gamma-encoded colours and of alpha.

use chat2svg_diffraster::Image;
use chat2svg_trace::picture::ALPHA_WEIGHT;

/// Gradient with respect to the picture of the mean squared error, into `out`; returns the loss.
/// Alpha counts [`ALPHA_WEIGHT`] times.
pub(crate) fn squared_loss(picture: &Image, target: &Image, out: &mut Image) -> f64 {
    out.width = picture.width;
    out.height = picture.height;
    out.data.clear();
    out.data.resize(picture.data.len(), 0.0);
    let area = (picture.width as usize * picture.height as usize) as f32;
    let full = 1.0 / (3.0 * area);
    let scales = [full, full, full, ALPHA_WEIGHT * full];
    let mut loss = 0.0_f64;
    for (channel, scale) in scales.into_iter().enumerate() {
        for at in (channel..picture.data.len()).step_by(scales.len()) {
            let residual = picture.data[at] - target.data[at];
            loss += f64::from(residual * residual * scale);
            out.data[at] = 2.0 * scale * residual;
        }
    }
    loss
}

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
        squared_loss(&picture, &target, &mut gradient);
        let mut scratch = Image::default();
        for index in 0..80 {
            let kept = picture.data[index];
            let mut at = |value: f32| {
                picture.data[index] = value;
                squared_loss(&picture, &target, &mut scratch)
            };
            let expected = (at(kept + 0.01) - at(kept - 0.01)) / 0.02;
            picture.data[index] = kept;
            assert!((expected - f64::from(gradient.data[index])).abs() < 1e-4);
        }
    }
}
