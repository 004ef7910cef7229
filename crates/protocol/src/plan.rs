//! What the scheduler decides, and how its queue stands.

use serde::{Deserialize, Serialize};

use crate::{ResourceLevel, Stage};

/// The stages that a job runs, in order, each with its level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagePlan {
    /// Stages to run; those left out are skipped.
    pub stages: Vec<PlannedStage>,
    /// Why stages were left out, when some were.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// A stage and its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStage {
    /// The stage.
    pub stage: Stage,
    /// Its level.
    pub level: ResourceLevel,
}

/// How a plan was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SolveMethod {
    /// It is proven to be the best.
    Optimal,
    /// It is the best found in the time allowed.
    Feasible,
    /// Oldest first, each with what is left.
    Greedy,
}

/// How the queue stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueSnapshot {
    /// Jobs waiting.
    pub queued: u32,
    /// Jobs running.
    pub running: u32,
    /// Jobs that may run at once.
    pub max_concurrent: u32,
    /// Milliseconds that the last plan took to solve.
    pub last_solve_ms: f64,
    /// How the last plan was found; nothing before the first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_method: Option<SolveMethod>,
}
