//! What goes to a child and what comes back.

use std::sync::Arc;

use chat2svg_protocol::{Attachment, AttachmentRole, JobId, JobSpec, JobView};
use serde::{Deserialize, Serialize};

/// Rises with every change of what is sent. Parent and child are the same program, unless its file
/// was replaced while it ran.
pub(crate) const VERSION: u32 = 2;

/// A job to be run isolated.
#[derive(Clone, Debug)]
pub struct IsolatedJob {
    /// Its id.
    pub id: JobId,
    /// What is asked.
    pub spec: JobSpec,
    /// Its files, as they came.
    pub attachments: Vec<Attachment>,
}

/// How a job ended in its process: also a job that failed for its own reasons ends so.
#[derive(Clone, Debug, PartialEq)]
pub struct IsolatedResult {
    /// The job as it ended, with its metadata or its failure.
    pub view: JobView,
    /// The result, as SVG text, exactly when the job succeeded or is degraded.
    pub svg: Option<Arc<str>>,
    /// Bytes of memory that the job took at the most, where its process could tell.
    pub memory_taken: Option<u64>,
}

/// The first frame to a child; its settings and the attachments follow.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RequestHead {
    pub(crate) version: u32,
    pub(crate) id: JobId,
    pub(crate) spec: JobSpec,
    pub(crate) time_left_ms: u64,
    pub(crate) attachments: Vec<AttachmentRole>,
}

/// The last frame from a child; the SVG follows if there is one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndHead {
    pub(crate) view: JobView,
    pub(crate) has_svg: bool,
    pub(crate) memory_taken: Option<u64>,
}
