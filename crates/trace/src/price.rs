//! What a byte, a shape and an error are worth. Whatever adds, changes or takes out something asks
//! here; that all who change a document ask for the same price is what makes their changes
//! comparable.

use chat2svg_vector::{ByteCost, Shape};

/// Squared error that a byte must save in a picture of 256 × 256 pixels, when the options do not
/// say.
const GAIN_PER_BYTE: f64 = 0.004;
/// Bytes whose price the least change must gain.
const CHANGE_BYTES: f64 = 4.0;
/// By how many times its price a stroke must gain that a shape did not have: it is one more thing
/// to edit.
const STROKE: f64 = 2.0;
/// By how many times its price a needle sliver must gain.
const SLIVER: f64 = 4.0;
/// Share of the picture's squared error that is a measurable loss, and what always is, in pixels
/// from black to white.
const MEASURABLE_SHARE: f64 = 1e-3;
const MEASURABLE: f64 = 0.02;

/// Mean squared error below which nothing is missing: one level in 255, about where two renderers
/// differ in their edges.
pub const NOISE: f64 = 1.0 / (255.0 * 255.0);

/// What is paid in one picture: squared error over all components, in full-scale pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price(f64);

impl Price {
    /// The usual price in a picture of so many pixels: in proportion to the area, so that a picture
    /// in more pixels is not worth more bytes.
    pub fn of_size(width: usize, height: usize) -> Self {
        Self(GAIN_PER_BYTE * (width * height) as f64 / 65_536.0)
    }

    /// So much for a byte.
    pub const fn of_byte(error: f64) -> Self {
        Self(error)
    }

    /// So many times it.
    pub fn times(self, factor: f64) -> Self {
        Self(factor * self.0)
    }

    /// Of a written byte.
    pub fn byte(self) -> f64 {
        self.0
    }

    /// Of a shape.
    pub fn shape(self, shape: &Shape) -> f64 {
        self.0 * ByteCost::of(shape)
    }

    /// Of a usual shape.
    pub fn usual_shape(self) -> f64 {
        self.0 * ByteCost::USUAL_SHAPE
    }

    /// Of an added shape that is thinner than a pixel.
    pub fn sliver(self, shape: &Shape) -> f64 {
        SLIVER * self.shape(shape)
    }

    /// Of a stroke for a shape that had none.
    pub fn stroke(self) -> f64 {
        self.0 * STROKE * ByteCost::STROKE
    }

    /// Of so many more points.
    pub fn points(self, more: f64) -> f64 {
        self.0 * ByteCost::POINT * more
    }

    /// Of the least change.
    pub fn change(self) -> f64 {
        self.0 * CHANGE_BYTES
    }
}

/// The loss that cannot be measured in a picture of so much squared error.
pub fn unmeasurable(error: f64) -> f64 {
    MEASURABLE + MEASURABLE_SHARE * error
}
