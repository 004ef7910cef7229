//! How good a document is: its picture, made of the document as it is written, against the target.

use chat2svg_vector::{Color, Document};

use crate::{FitError, picture::Picture};

/// Sum of squared differences of a document's picture and the target, over all components; both show
/// white where they are transparent.
///
/// # Errors
/// When the document cannot be rendered.
pub(crate) fn document_error(document: &Document, target: &Picture) -> Result<f64, FitError> {
    let picture = document
        .render(
            target.width as u32,
            target.height as u32,
            Some(Color::WHITE),
        )
        .map_err(|error| FitError::Template(error.to_string()))?;
    Ok(picture
        .pixels()
        .iter()
        .zip(&target.pixels)
        .map(|(found, wanted)| {
            (0..3)
                .map(|i| {
                    let difference = f64::from(found[i]) / 255.0 - f64::from(wanted[i]);
                    difference * difference
                })
                .sum::<f64>()
        })
        .sum())
}

/// Peak signal-to-noise ratio in dB of a sum of squared errors over all components of so many pixels;
/// 99 for a perfect picture.
pub(crate) fn psnr(error: f64, pixels: usize) -> f32 {
    let mean = error / (3.0 * pixels as f64);
    (-10.0 * mean.log10()).min(99.0) as f32
}
