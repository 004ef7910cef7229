//! The target at one size, and how far a document is from it. Measures; changes nothing.

use chat2svg_stop::Stop;
use chat2svg_trace::picture::{Picture, over_white};
use chat2svg_vector::{Color, Document, Raster, RenderError};

/// A picture over white, components in `0.0..=1.0`, row by row.
pub(super) struct View<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: Vec<[f32; 3]>,
    /// Says when to end a measurement.
    stop: &'a Stop,
}

impl<'a> View<'a> {
    /// The target over white.
    pub(super) fn of(target: &Picture, stop: &'a Stop) -> Self {
        Self {
            width: target.width as u32,
            height: target.height as u32,
            pixels: target.pixels.iter().copied().map(over_white).collect(),
            stop,
        }
    }

    /// What a document shows at this size.
    pub(super) fn shown(&self, document: &Document) -> Result<Raster, RenderError> {
        let stop = self.stop;
        document.render_until(self.width, self.height, Some(Color::WHITE), stop)
    }

    /// Squared error of each pixel of a document, over its three components.
    pub(super) fn errors(&self, document: &Document) -> Result<Vec<f32>, RenderError> {
        Ok(self.errors_of(&self.shown(document)?))
    }

    /// Squared error of each pixel of a picture of this size.
    pub(super) fn errors_of(&self, shown: &Raster) -> Vec<f32> {
        shown
            .pixels()
            .iter()
            .zip(&self.pixels)
            .map(|(pixel, wanted)| squared_distance(color_of(pixel), *wanted))
            .collect()
    }

    /// Sum of the squared errors.
    pub(super) fn error(&self, document: &Document) -> Result<f64, RenderError> {
        Ok(sum(&self.errors(document)?))
    }
}

/// The colour of an opaque pixel.
pub(super) fn color_of(pixel: &[u8; 4]) -> [f32; 3] {
    [pixel[0], pixel[1], pixel[2]].map(|value| f32::from(value) / 255.0)
}

pub(super) fn squared_distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum()
}

/// The sum in double precision, in order.
pub(super) fn sum(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum()
}
