//! For tests only: reference pictures. A test renders documents and hands them to a [`Gallery`],
//! which compares each with a PNG in the tree that a person has looked at.
//!
//! On a difference the gallery writes a sheet (reference, ours, difference) and the test fails.
//! With the environment variable [`ACCEPT`] set to `1` it writes the new references instead; look
//! at each of them before you commit it.

#![forbid(unsafe_code)]

mod compare;
mod gallery;
mod png;
mod sheet;

use chat2svg_vector::{Color, Document, Raster, RenderError};

pub use compare::{Difference, TOLERANCE, Tolerance, compare};
pub use gallery::{ACCEPT, Gallery, GalleryError, Mismatch};

/// What a document shows over white, its longest side `side` pixels.
///
/// # Errors
/// When the document cannot be rendered.
pub fn picture_of(document: &Document, side: u32) -> Result<Raster, RenderError> {
    let longest = document.width.max(document.height);
    let pixels = |length: f64| (length / longest * f64::from(side)).round().max(1.0) as u32;
    document.render(
        pixels(document.width),
        pixels(document.height),
        Some(Color::WHITE),
    )
}
