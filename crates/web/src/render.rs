//! Finished documents as PNG, rendered off the arbiter.

use std::sync::Arc;

use chat2svg_supervision::ComputePool;
use chat2svg_vector::{Document, ParseLimits};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::problem::Problem;

/// A document as PNG. Without a width it has the document's nominal size; no side exceeds `longest`.
pub(crate) async fn render_png(
    compute: &ComputePool,
    cancel: &CancellationToken,
    svg: Arc<str>,
    width: Option<u32>,
    longest: u32,
) -> Result<Vec<u8>, Problem> {
    compute
        .run(cancel, move || {
            let document = Document::parse(svg.as_bytes(), &ParseLimits::default())
                .map_err(|error| error.to_string())?
                .document;
            let (width, height) = pixel_size(document.width, document.height, width, longest);
            let raster = document
                .render(width, height, None)
                .map_err(|error| error.to_string())?;
            raster.encode_png().map_err(|error| error.to_string())
        })
        .await?
        .map_err(|message| {
            error!(%message, "a stored result could not be rendered");
            Problem::internal()
        })
}

/// The size in pixels that keeps the proportions, each side `1..=longest`.
fn pixel_size(width: f64, height: f64, wanted: Option<u32>, longest: u32) -> (u32, u32) {
    let longest = f64::from(longest);
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
        assert_eq!(pixel_size(512.0, 256.0, None, 4096), (512, 256));
        assert_eq!(pixel_size(512.0, 256.0, Some(1024), 4096), (1024, 512));
        assert_eq!(pixel_size(100.0, 400.0, Some(2000), 4096), (1024, 4096));
        assert_eq!(pixel_size(1e6, 10.0, None, 4096), (4096, 1));
        assert_eq!(pixel_size(0.2, 0.2, None, 4096), (1, 1));
    }
}
