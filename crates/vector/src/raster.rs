//! Pixel pictures as they travel between the stages. No codecs here.

use thiserror::Error;

/// A picture: eight-bit sRGB with straight (not premultiplied) alpha, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    width: u32,
    height: u32,
    pixels: Vec<[u8; 4]>,
}

/// Why a raster could not be made.
#[derive(Debug, Error)]
pub enum RasterError {
    /// Pixel count and size disagree.
    #[error("a raster of {width} × {height} needs {} pixels, {found} were given", u64::from(*.width) * u64::from(*.height))]
    SizeMismatch {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Pixels given.
        found: usize,
    },
    /// One side is zero.
    #[error("a raster needs at least one pixel, {width} × {height} was given")]
    Empty {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
}

impl Raster {
    /// A raster from its pixels.
    ///
    /// # Errors
    /// When a side is zero, or the number of pixels is not `width * height`.
    pub fn new(width: u32, height: u32, pixels: Vec<[u8; 4]>) -> Result<Self, RasterError> {
        if width == 0 || height == 0 {
            return Err(RasterError::Empty { width, height });
        }
        if u64::from(width) * u64::from(height) != pixels.len() as u64 {
            return Err(RasterError::SizeMismatch {
                width,
                height,
                found: pixels.len(),
            });
        }
        Ok(Self {
            width,
            height,
            pixels,
        })
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels, row by row from the top left.
    pub fn pixels(&self) -> &[[u8; 4]] {
        &self.pixels
    }

    /// All pixels, to be changed in place.
    pub fn pixels_mut(&mut self) -> &mut [[u8; 4]] {
        &mut self.pixels
    }
}
