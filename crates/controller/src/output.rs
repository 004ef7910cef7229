//! The output step: a document becomes SVG text, a PNG, and the result document. Pure.

use base64::{Engine, engine::general_purpose::STANDARD};
use chat2svg_protocol::{CanvasSize, JobId, JobMetadata, JobState, JobView};
use chat2svg_vector::{Document, EncodeError, RenderError, WriteOptions};
use serde::Serialize;
use thiserror::Error;

/// Longest side of a result's PNG in pixels.
pub const LONGEST_PNG_SIDE: u32 = CanvasSize::MAX;

/// Why a result could not be made into a PNG.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The document cannot be rendered.
    #[error("the result could not be rendered: {0}")]
    Render(#[from] RenderError),
    /// The pixels cannot be encoded.
    #[error("the result could not be written as PNG: {0}")]
    Encode(#[from] EncodeError),
}

/// A job's result as callers get it.
#[derive(Debug, Serialize)]
pub struct ResultDocument<'a> {
    /// The job.
    pub id: JobId,
    /// How it ended.
    pub state: JobState,
    /// The SVG.
    pub svg_content: &'a str,
    /// The same as PNG, in base64.
    pub base64_image: String,
    /// Everything about the job that a caller may wonder about.
    pub metadata: Option<&'a JobMetadata>,
}

impl<'a> ResultDocument<'a> {
    /// A result document from its parts.
    pub fn new(view: &'a JobView, svg: &'a str, png: &[u8]) -> Self {
        Self {
            id: view.id,
            state: view.state,
            svg_content: svg,
            base64_image: STANDARD.encode(png),
            metadata: view.metadata.as_ref(),
        }
    }
}

/// A document as the SVG text that is kept and served.
pub fn svg(document: &Document) -> String {
    document.to_svg(&WriteOptions::default())
}

/// A document as PNG, on a transparent ground, at its nominal size if that fits, else with a longest
/// side of `longest` pixels.
///
/// # Errors
/// When the document cannot be rendered or encoded.
pub fn png(document: &Document, longest: u32) -> Result<Vec<u8>, OutputError> {
    let (width, height) = png_size(document.width, document.height, longest);
    Ok(document.render(width, height, None)?.encode_png()?)
}

/// The size of a PNG: nominal, scaled down to a longest side; at least one pixel each way.
fn png_size(width: f64, height: f64, longest: u32) -> (u32, u32) {
    let scale = (f64::from(longest) / width.max(height)).min(1.0);
    let side = |length: f64| ((length * scale).round() as u32).clamp(1, longest.max(1));
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_keep_their_size_and_large_ones_fit() {
        assert_eq!(png_size(512.0, 512.0, 1024), (512, 512));
        assert_eq!(png_size(4096.0, 1024.0, 1024), (1024, 256));
        assert_eq!(png_size(4096.0, 0.5, 1024), (1024, 1));
    }
}
