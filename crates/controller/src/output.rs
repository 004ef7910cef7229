//! The output step: a document becomes SVG text, a PNG, and the result document. Pure.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use chat2svg_protocol::{CanvasSize, JobId, JobMetadata, JobState, JobView};
use chat2svg_vector::{Document, EncodeError, ParseError, ParseLimits, RenderError, WriteOptions};
use serde::Serialize;
use thiserror::Error;

/// Longest side of a result's PNG in pixels.
pub const LONGEST_PNG_SIDE: u32 = CanvasSize::MAX;

/// Why a result could not be made into a PNG.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The kept text is no document any more.
    #[error("the result cannot be read back: {0}")]
    Parse(#[from] ParseError),
    /// The document cannot be rendered.
    #[error("the result could not be rendered: {0}")]
    Render(#[from] RenderError),
    /// The pixels cannot be encoded.
    #[error("the result could not be written as PNG: {0}")]
    Encode(#[from] EncodeError),
}

/// The result of a job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Result))]
pub struct ResultDocument {
    /// Id of the job.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: JobId,
    /// succeeded, or degraded when less was served than was asked for.
    pub state: JobState,
    /// The picture as SVG.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub svg_content: Arc<str>,
    /// The picture as PNG at its nominal size, in base64.
    pub base64_image: String,
    /// What was done, and what could not be.
    pub metadata: Option<JobMetadata>,
}

impl ResultDocument {
    /// A result document from its parts.
    pub fn new(view: JobView, svg: Arc<str>, png: &[u8]) -> Self {
        Self {
            id: view.id,
            state: view.state,
            svg_content: svg,
            base64_image: STANDARD.encode(png),
            metadata: view.metadata,
        }
    }
}

/// A document as the SVG text that is kept and served.
pub fn svg(document: &Document) -> String {
    document.to_svg(&WriteOptions::default())
}

/// A kept result as PNG, on a transparent ground: `width` pixels wide, or at its nominal size; scaled
/// down where a side would be longer than `longest` pixels.
///
/// # Errors
/// When the text cannot be read, rendered or encoded.
pub fn png(svg: &str, width: Option<u32>, longest: u32) -> Result<Vec<u8>, OutputError> {
    let document = Document::parse(svg.as_bytes(), &ParseLimits::default())?.document;
    let (width, height) = png_size(document.width, document.height, width, longest);
    Ok(document.render(width, height, None)?.encode_png()?)
}

/// The size in pixels that keeps the proportions, each side `1..=longest`.
fn png_size(width: f64, height: f64, wanted: Option<u32>, longest: u32) -> (u32, u32) {
    let longest = f64::from(longest.max(1));
    let scale = wanted.map_or(1.0, |wanted| f64::from(wanted) / width);
    let scale = scale.min(longest / width).min(longest / height);
    let side = |length: f64| (length * scale).round().clamp(1.0, longest) as u32;
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_are_kept_and_no_side_is_too_long() {
        assert_eq!(png_size(512.0, 256.0, None, 4096), (512, 256));
        assert_eq!(png_size(512.0, 256.0, Some(1024), 4096), (1024, 512));
        assert_eq!(png_size(100.0, 400.0, Some(2000), 4096), (1024, 4096));
        assert_eq!(png_size(1e6, 10.0, None, 4096), (4096, 1));
        assert_eq!(png_size(0.2, 0.2, None, 4096), (1, 1));
    }
}
