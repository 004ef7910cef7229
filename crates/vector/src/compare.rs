//! How far two pictures are apart.

use thiserror::Error;

use crate::{Color, Raster};

/// Two pictures cannot be compared.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error(
    "pictures of {first_width} × {first_height} and {second_width} × {second_height} pixels cannot be compared; resize one"
)]
pub struct SizesDiffer {
    /// Width of the first.
    pub first_width: u32,
    /// Height of the first.
    pub first_height: u32,
    /// Width of the second.
    pub second_width: u32,
    /// Height of the second.
    pub second_height: u32,
}

impl Raster {
    /// Mean squared difference of the gamma-encoded red, green and blue, each in `0.0..=1.0`, both
    /// pictures composited on the background.
    ///
    /// # Errors
    /// When the sizes differ.
    pub fn mse(&self, other: &Self, background: Color) -> Result<f64, SizesDiffer> {
        let sum = self.sum_differences(other, background, |difference| difference * difference)?;
        Ok(sum / (255.0 * 255.0))
    }

    /// Mean absolute difference of the gamma-encoded red, green and blue, each in `0.0..=1.0`, both
    /// pictures composited on the background.
    ///
    /// # Errors
    /// When the sizes differ.
    pub fn mean_difference(&self, other: &Self, background: Color) -> Result<f64, SizesDiffer> {
        Ok(self.sum_differences(other, background, f64::abs)? / 255.0)
    }

    /// Peak signal-to-noise ratio in decibels, `-10 log10(mse)`; infinite for equal pictures.
    ///
    /// # Errors
    /// When the sizes differ.
    pub fn psnr(&self, other: &Self, background: Color) -> Result<f64, SizesDiffer> {
        Ok(-10.0 * self.mse(other, background)?.log10())
    }

    /// Mean over pixels and components of a function of the difference in steps of eight bits.
    fn sum_differences(
        &self,
        other: &Self,
        background: Color,
        measure: impl Fn(f64) -> f64,
    ) -> Result<f64, SizesDiffer> {
        if (self.width(), self.height()) != (other.width(), other.height()) {
            return Err(SizesDiffer {
                first_width: self.width(),
                first_height: self.height(),
                second_width: other.width(),
                second_height: other.height(),
            });
        }
        let background = background.to_rgb8();
        let sum: f64 = self
            .pixels()
            .iter()
            .zip(other.pixels())
            .map(|(a, b)| {
                (0..3)
                    .map(|i| measure(over(a, background, i) - over(b, background, i)))
                    .sum::<f64>()
            })
            .sum();
        Ok(sum / (3.0 * self.pixels().len() as f64))
    }
}

/// One component of a pixel on a background, in steps of eight bits, not rounded.
fn over(pixel: &[u8; 4], background: [u8; 3], index: usize) -> f64 {
    let alpha = f64::from(pixel[3]) / 255.0;
    f64::from(pixel[index]) * alpha + f64::from(background[index]) * (1.0 - alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(pixel: [u8; 4]) -> Raster {
        Raster::new(2, 3, vec![pixel; 6]).expect("size fits")
    }

    #[test]
    fn measures_follow_their_definitions() {
        let a = plain([255, 0, 0, 255]);
        let b = plain([204, 0, 0, 255]);
        let white = Color::WHITE;
        assert!((a.mse(&b, white).expect("same size") - 0.04 / 3.0).abs() < 1e-9);
        assert!((a.mean_difference(&b, white).expect("same size") - 0.2 / 3.0).abs() < 1e-9);
        assert!((a.psnr(&b, white).expect("same size") - 18.7506).abs() < 1e-3);
        assert_eq!(a.psnr(&a, white), Ok(f64::INFINITY));
    }

    #[test]
    fn transparency_shows_the_background() {
        let clear = plain([10, 20, 30, 0]);
        let white = plain([255, 255, 255, 255]);
        assert_eq!(clear.mse(&white, Color::WHITE), Ok(0.0));
        assert_eq!(clear.mse(&white, Color::BLACK), Ok(1.0));
    }

    #[test]
    fn different_sizes_are_an_error() {
        let other = Raster::new(3, 2, vec![[0; 4]; 6]).expect("size fits");
        assert!(plain([0; 4]).mse(&other, Color::WHITE).is_err());
    }
}
