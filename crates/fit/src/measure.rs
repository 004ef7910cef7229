//! How good a document is: its picture, made of the document as it is written, against the target.

use chat2svg_trace::{
    Price,
    picture::{Picture, squared_error},
};
use chat2svg_vector::{Color, Document, ParseLimits, Raster, RenderError, WriteOptions};

use crate::{FitError, FitOptions};

/// A cost above another by this factor is clearly worse.
const CLEARLY: f64 = 1.05;

/// What a document is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Score {
    /// Squared error over all components of the picture.
    pub(crate) error: f64,
    /// Bytes of the written document.
    pub(crate) bytes: usize,
    /// Bytes above the budget, where it counts already.
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
            excess: 0,
            cost: error + price(target, options).byte() * bytes as f64,
        })
    }

    /// The same where a budget counts.
    pub(crate) fn within(self, budget: usize) -> Self {
        Self {
            excess: self.bytes.saturating_sub(budget),
            ..self
        }
    }

    /// The same by what the written file shows: elements of basic shapes are rounded otherwise than
    /// paths.
    pub(crate) fn as_written(
        self,
        document: &Document,
        target: &Picture,
    ) -> Result<Self, FitError> {
        let svg = document.to_svg(&WriteOptions::default());
        let Ok(read) = Document::parse(svg.as_bytes(), &ParseLimits::default()) else {
            return Ok(self);
        };
        let error = document_error(&read.document, target)?;
        Ok(Self {
            error,
            cost: self.cost - self.error + error,
            ..self
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

/// The price that the options set, else the usual one.
pub(crate) fn price(target: &Picture, options: &FitOptions) -> Price {
    let usual = || Price::of_size(target.width, target.height);
    options
        .gain_per_byte
        .map_or_else(usual, |gain| Price::of_byte(f64::from(gain)))
}

/// Size in pixels at which the picture is fitted, with a longest side of at most `max_side`.
pub(crate) fn fitting_size(
    template: &Document,
    target: &Raster,
    max_side: u32,
) -> Result<(usize, usize), RenderError> {
    let (width, height) = template.canvas_size([target.width(), target.height()], max_side)?;
    Ok((width as usize, height as usize))
}

/// Sum of squared differences of a document's picture and the target, over all components; on white
/// when the target is opaque.
fn document_error(document: &Document, target: &Picture) -> Result<f64, FitError> {
    let ground = target.is_opaque.then_some(Color::WHITE);
    let picture = document.render(target.width as u32, target.height as u32, ground)?;
    let found = Picture::from_raster(&picture, target.width, target.height);
    Ok(squared_error(&found.pixels, target))
}

/// Peak signal-to-noise ratio in dB of a sum of squared errors over all components of so many
/// pixels; 99 for a perfect picture.
pub(crate) fn psnr(error: f64, pixels: usize) -> f32 {
    let mean = error / (3.0 * pixels as f64);
    (-10.0 * mean.log10()).min(99.0) as f32
}
