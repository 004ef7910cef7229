//! How good a document is: its picture, made of the document as it is written, against the target.

use chat2svg_vector::{Color, Document, WriteOptions};

use crate::{
    FitError, FitOptions,
    picture::{Picture, squared_error},
};

/// Squared error that a byte must save in a picture of 256 × 256 pixels, when the options do not
/// say.
const GAIN_PER_BYTE: f64 = 0.004;
/// A cost above another by this factor is clearly worse.
const CLEARLY: f64 = 1.05;

/// What a document is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Score {
    /// Squared error over all components of the picture.
    pub(crate) error: f64,
    /// Bytes of the written document.
    pub(crate) bytes: usize,
    /// Bytes above the budget.
    excess: usize,
    /// Error plus what the bytes should have saved.
    pub(crate) cost: f64,
}

impl Score {
    /// Measures a document.
    ///
    /// # Errors
    /// When it cannot be rendered.
    pub(crate) fn of(
        document: &Document,
        target: &Picture,
        options: &FitOptions,
    ) -> Result<Self, FitError> {
        let options_of_file = WriteOptions::default();
        let bytes = document.to_svg(&options_of_file).len();
        // What rounding does to it counts.
        let error = document_error(&document.rounded(&options_of_file), target)?;
        Ok(Self {
            error,
            bytes,
            excess: options
                .byte_budget
                .map_or(0, |budget| bytes.saturating_sub(budget)),
            cost: error + gain_per_byte(target, options) * bytes as f64,
        })
    }

    /// Whether this is to be preferred to another: nearer to the byte budget, then cheaper.
    pub(crate) fn is_better_than(&self, other: &Self) -> bool {
        (self.excess, self.cost) < (other.excess, other.cost)
    }

    /// Whether this is to be preferred to another even if that one had not come to its end.
    pub(crate) fn is_clearly_better_than(&self, other: &Self) -> bool {
        (self.excess, CLEARLY * self.cost) < (other.excess, other.cost)
    }
}

/// Squared error that a byte must save. In proportion to the area, so that a picture in more pixels
/// is not worth more bytes.
pub(crate) fn gain_per_byte(target: &Picture, options: &FitOptions) -> f64 {
    let area = (target.width * target.height) as f64;
    options
        .gain_per_byte
        .map_or(GAIN_PER_BYTE * area / 65_536.0, f64::from)
}

/// Sum of squared differences of a document's picture and the target, over all components; on white
/// when the target is opaque.
fn document_error(document: &Document, target: &Picture) -> Result<f64, FitError> {
    let picture = document
        .render(
            target.width as u32,
            target.height as u32,
            target.is_opaque.then_some(Color::WHITE),
        )
        .map_err(|error| FitError::Template(error.to_string()))?;
    let found = Picture::from_raster(&picture, target.width, target.height);
    Ok(squared_error(&found.pixels, target))
}

/// Peak signal-to-noise ratio in dB of a sum of squared errors over all components of so many
/// pixels; 99 for a perfect picture.
pub(crate) fn psnr(error: f64, pixels: usize) -> f32 {
    let mean = error / (3.0 * pixels as f64);
    (-10.0 * mean.log10()).min(99.0) as f32
}
