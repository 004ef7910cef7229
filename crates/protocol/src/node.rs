//! How the nodes of a cluster stand.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CircuitSnapshot, QueueSnapshot};

/// What a node of a cluster does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NodeRole {
    /// Answers HTTP and runs stages.
    #[default]
    All,
    /// Answers HTTP only.
    Front,
    /// Runs stages; its HTTP is for health and metrics.
    Worker,
}

impl NodeRole {
    /// The name used in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Front => "front",
            Self::Worker => "worker",
        }
    }

    /// Whether it runs stages.
    pub fn runs_stages(self) -> bool {
        self != Self::Front
    }
}

/// How a node stood a moment ago.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeSnapshot {
    /// What it is called.
    pub node: String,
    /// What it does.
    pub role: NodeRole,
    /// Version of the program.
    pub version: String,
    /// When it said so, by its own clock.
    pub at: Timestamp,
    /// Jobs that it has taken.
    pub jobs: u32,
    /// Jobs that it takes at most.
    pub room: u32,
    /// How its queue stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueSnapshot>,
    /// How its circuits stand.
    #[serde(default)]
    pub circuits: Vec<CircuitSnapshot>,
    /// What one more job has to expect there.
    pub forecast: NodeForecast,
}

/// What one more job has to expect at a node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeForecast {
    /// Seconds until all that is there is served.
    pub wait_seconds: f64,
    /// Seconds that one more job takes.
    pub job_seconds: f64,
    /// Seconds from a job's start to its answer.
    pub least_seconds: f64,
    /// Jobs that may wait and run at once.
    pub places: u32,
}
