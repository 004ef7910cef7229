//! Finished documents as PNG, rendered off the arbiter.

use std::sync::Arc;

use chat2svg_controller::output;
use chat2svg_supervision::ComputePool;
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
        .run(cancel, move || output::png(&svg, width, longest))
        .await?
        .map_err(|error| {
            error!(%error, "a stored result could not be rendered");
            Problem::internal()
        })
}
