//! Pixel pictures as they travel between the stages. No codecs here.

use thiserror::Error;

use crate::Color;

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

    /// A raster of one colour.
    ///
    /// # Errors
    /// When a side is zero.
    pub fn filled(width: u32, height: u32, pixel: [u8; 4]) -> Result<Self, RasterError> {
        let count = (u64::from(width) * u64::from(height)) as usize;
        Self::new(width, height, vec![pixel; count])
    }

    /// The pixel at a column and row; `None` outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let index = u64::from(y) * u64::from(self.width) + u64::from(x);
        self.pixels.get(index as usize).copied()
    }

    /// Whether no pixel lets the background through.
    pub fn is_opaque(&self) -> bool {
        self.pixels.iter().all(|pixel| pixel[3] == 255)
    }

    /// The picture on a background, opaque. Blends gamma-encoded values, as SVG does.
    pub fn over(&self, background: Color) -> Self {
        let background = background.to_rgb8();
        let pixels = self
            .pixels
            .iter()
            .map(|pixel| {
                let alpha = u32::from(pixel[3]);
                let blend = |index: usize| {
                    let sum = u32::from(pixel[index]) * alpha
                        + u32::from(background[index]) * (255 - alpha);
                    ((sum + 127) / 255) as u8
                };
                [blend(0), blend(1), blend(2), 255]
            })
            .collect();
        Self {
            width: self.width,
            height: self.height,
            pixels,
        }
    }

    /// A raster from tiny-skia's premultiplied pixels.
    pub fn from_premultiplied(pixmap: &tiny_skia::Pixmap) -> Self {
        let pixels = pixmap
            .pixels()
            .iter()
            .map(|pixel| {
                let straight = pixel.demultiply();
                [
                    straight.red(),
                    straight.green(),
                    straight.blue(),
                    straight.alpha(),
                ]
            })
            .collect();
        Self {
            width: pixmap.width(),
            height: pixmap.height(),
            pixels,
        }
    }

    /// The picture as tiny-skia's premultiplied pixels; `None` when it is too large for tiny-skia.
    pub fn to_premultiplied(&self) -> Option<tiny_skia::Pixmap> {
        let mut pixmap = tiny_skia::Pixmap::new(self.width, self.height)?;
        for (out, [red, green, blue, alpha]) in pixmap.pixels_mut().iter_mut().zip(&self.pixels) {
            *out = tiny_skia::ColorU8::from_rgba(*red, *green, *blue, *alpha).premultiply();
        }
        Some(pixmap)
    }
}
