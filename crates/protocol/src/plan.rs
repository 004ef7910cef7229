//! What the scheduler decides, and how its queue stands.

use serde::{Deserialize, Serialize};

use crate::{BackendId, ResourceLevel, Stage};

/// The stages that a job runs, in order, each with its level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagePlan {
    /// The level that the machine afforded when the plan was made.
    pub machine: ResourceLevel,
    /// Stages to run; those left out are skipped.
    pub stages: Vec<PlannedStage>,
    /// Why stages were left out or run at a lower level, when some are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// A stage, its level, and who is to serve it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStage {
    /// The stage.
    pub stage: Stage,
    /// Its level.
    pub level: ResourceLevel,
    /// Who is asked.
    #[serde(default)]
    pub source: Source,
}

impl PlannedStage {
    /// A stage that whoever stands in its line is asked for.
    pub fn new(stage: Stage, level: ResourceLevel) -> Self {
        Self {
            stage,
            level,
            source: Source::Line,
        }
    }
}

/// Who is asked to serve a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The backends of the stage's line, first choice first.
    #[default]
    Line,
    /// The embedded backend alone: there is no time, no money or no room for the models before it.
    Embedded,
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
    /// Jobs that arrive in a second, of late.
    #[serde(default)]
    pub arrivals_per_second: f64,
    /// Seconds of work that wait, at the least that each job can be served with.
    #[serde(default)]
    pub backlog_seconds: f64,
    /// What a share of the machine is worth at the margin, in units of quality; 0 when nothing is
    /// scarce.
    #[serde(default)]
    pub price: f64,
    /// What a second of a core costs those who wait for one meanwhile, in units of quality; 0 when
    /// nobody does.
    #[serde(default)]
    pub delay: f64,
    /// What the stages are expected to take and give, as learnt.
    #[serde(default)]
    pub predictions: Vec<Prediction>,
}

/// What a backend is expected to take and give at a level, learnt from what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prediction {
    /// The stage.
    pub stage: Stage,
    /// Its backend.
    pub backend: BackendId,
    /// The level.
    pub level: ResourceLevel,
    /// Whether it works on a picture from outside.
    pub from_outside: bool,
    /// Seconds of undisturbed work that half of its runs take at most, for an input of 512 × 512
    /// pixels.
    pub seconds: f64,
    /// The same for as many of its runs as plans reckon with.
    pub safe_seconds: f64,
    /// MiB of memory that a job is reckoned to take while it runs, for an input of 512 × 512
    /// pixels.
    pub memory_mb: f64,
    /// Share of the error that it takes away, `0.0..=1.0`, where that is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// Runs observed.
    pub observations: u64,
    /// Of these, runs whose memory could be measured: nothing else ran beside them, or they had a
    /// process of their own.
    #[serde(default)]
    pub memory_observations: u64,
}
