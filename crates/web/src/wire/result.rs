//! The result of a job as a JSON document.

use chat2svg_protocol::{JobMetadata, JobState};
use serde::Serialize;
use utoipa::ToSchema;

/// The result of a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Result)]
pub(crate) struct ResultDocument {
    /// Id of the job.
    #[schema(format = Uuid)]
    pub(crate) id: String,
    /// succeeded, or degraded when less was served than was asked for.
    pub(crate) state: JobState,
    /// The picture as SVG.
    pub(crate) svg_content: String,
    /// The picture as PNG at its nominal size, in base64.
    pub(crate) base64_image: String,
    /// What was done, and what could not be.
    pub(crate) metadata: Option<JobMetadata>,
}
