//! The state of the service as the API shows it.

use chat2svg_protocol::{ActorHealth, CircuitSnapshot, QueueSnapshot, ResourceSnapshot};
use serde::Serialize;
use utoipa::ToSchema;

/// How the service stands. What does not answer is absent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SystemStatus {
    /// Version of the program.
    pub(crate) version: &'static str,
    /// Seconds since it started.
    pub(crate) uptime_seconds: u64,
    /// Whether it takes new jobs and all its actors answer.
    pub(crate) ready: bool,
    /// The machine.
    pub(crate) resources: Option<ResourceSnapshot>,
    /// The queue.
    pub(crate) queue: Option<QueueSnapshot>,
    /// The circuits in front of the stages' backends.
    pub(crate) circuits: Option<Vec<CircuitSnapshot>>,
    /// Places for jobs.
    pub(crate) admission: AdmissionStatus,
    /// The actors under the watchdog.
    pub(crate) actors: Vec<ActorHealth>,
    /// What requests may ask for at most.
    pub(crate) limits: Limits,
}

/// What requests may ask for at most.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Characters in a prompt.
    pub(crate) prompt_chars: usize,
    /// Bytes in a file.
    pub(crate) upload_bytes: usize,
    /// Milliseconds until a deadline.
    pub(crate) deadline_ms: u64,
    /// Pixels in the width of a PNG.
    pub(crate) png_width: u32,
}

/// Places for jobs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AdmissionStatus {
    /// Jobs that may wait and run at once.
    pub(crate) capacity: usize,
    /// How many more would be taken now.
    pub(crate) available: usize,
}
