//! The state of the service as the API shows it.

use chat2svg_protocol::{
    ActorHealth, BackendId, CircuitSnapshot, CircuitStanding, NodeSnapshot, OpenReason,
    QueueSnapshot, ResourceSnapshot, Stage,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    config::WebConfig,
    raw_answers::{MAX_HEAD_BYTES, MAX_HEADERS},
};

/// How the service stands. What does not answer is absent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SystemStatus {
    /// Version of the program.
    pub(crate) version: &'static str,
    /// Seconds since it started.
    pub(crate) uptime_seconds: u64,
    /// Whether it takes new jobs, all its actors answer and the store works.
    pub(crate) ready: bool,
    /// What is wrong with the store, when something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<&'static str>,
    /// The machine.
    pub(crate) resources: Option<ResourceSnapshot>,
    /// The queue.
    pub(crate) queue: Option<QueueSnapshot>,
    /// The circuits in front of the stages' backends.
    pub(crate) circuits: Option<Vec<CircuitSnapshot>>,
    /// The circuit of the pipeline as a whole, whose calls are jobs. While it is open, no stage
    /// runs: prompts are answered with a composition, other jobs fail at once.
    pub(crate) pipeline: Option<CircuitStanding>,
    /// Who serves the stages, first choice of each stage first.
    pub(crate) line_up: Vec<LineUpPlace>,
    /// Places for jobs.
    pub(crate) admission: AdmissionStatus,
    /// The nodes of the cluster, by name; absent without a cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) nodes: Vec<NodeSnapshot>,
    /// The actors under the watchdog.
    pub(crate) actors: Vec<ActorHealth>,
    /// What requests may ask for at most.
    pub(crate) limits: Limits,
}

/// A backend's place in the line of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineUpPlace {
    /// The stage.
    pub stage: Stage,
    /// The backend.
    pub backend: BackendId,
    /// Its model, when it has one and the configuration names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What requests may ask for at most.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Characters in a prompt.
    pub(crate) prompt_chars: usize,
    /// Bytes in a JSON body.
    pub(crate) json_bytes: usize,
    /// Bytes in a file.
    pub(crate) upload_bytes: usize,
    /// Bytes in the head of a request.
    pub(crate) head_bytes: usize,
    /// Headers of a request.
    pub(crate) headers: usize,
    /// Milliseconds until a deadline.
    pub(crate) deadline_ms: u64,
    /// Pixels in the width of a PNG.
    pub(crate) png_width: u32,
    /// Event streams that one client may follow at once; 0 for no limit.
    pub(crate) event_streams: usize,
}

impl From<&WebConfig> for Limits {
    fn from(config: &WebConfig) -> Self {
        Self {
            prompt_chars: config.max_prompt_chars,
            json_bytes: config.max_json_bytes,
            upload_bytes: config.max_upload_bytes,
            head_bytes: MAX_HEAD_BYTES,
            headers: MAX_HEADERS,
            deadline_ms: config.max_deadline_ms,
            png_width: config.max_png_width,
            event_streams: config.max_streams_per_client,
        }
    }
}

/// Places for jobs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AdmissionStatus {
    /// Jobs that may wait and run at once.
    pub(crate) capacity: usize,
    /// How many more would be taken now.
    pub(crate) available: usize,
}

/// Whether the service does its work, and what keeps it from it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// ready, or the first thing that is wrong.
    pub(crate) status: &'static str,
    /// Actors that do not answer.
    pub(crate) away: Vec<String>,
    /// What is wrong with the store, when something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<&'static str>,
    /// Backends that cannot serve before somebody acts: they have no valid key, no credit or no
    /// quota left. Others serve in their place, so the service stays ready.
    pub(crate) blocked: Vec<BlockedBackend>,
}

/// A backend that cannot serve before somebody acts.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct BlockedBackend {
    /// The stage.
    pub(crate) stage: Stage,
    /// Its backend.
    pub(crate) backend: BackendId,
    /// What must be done.
    pub(crate) remedy: &'static str,
    /// Seconds until it is tried again anyway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_seconds: Option<f64>,
}

impl BlockedBackend {
    /// What a circuit says of its backend; nothing unless somebody has to act.
    pub(crate) fn of(circuit: &CircuitSnapshot) -> Option<Self> {
        (circuit.standing.because == Some(OpenReason::Terminal)).then(|| Self {
            stage: circuit.stage,
            backend: circuit.backend.clone(),
            remedy: "see to its key, credit and quota at the provider",
            retry_after_seconds: circuit.standing.retry_after_seconds,
        })
    }
}

impl Readiness {
    /// The status of a service that does its work.
    pub(crate) const READY: &'static str = "ready";

    pub(crate) fn is_ready(&self) -> bool {
        self.status == Self::READY
    }
}
