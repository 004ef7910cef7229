//! Circuits: one in front of every stage backend, and one in front of the pipeline as a whole.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{BackendId, Stage};

/// Names a circuit: a stage and the backend that serves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Circuit {
    /// The stage.
    pub stage: Stage,
    /// Its backend.
    pub backend: BackendId,
}

impl fmt::Display for Circuit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.stage, self.backend)
    }
}

/// Whether calls pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CircuitState {
    /// Calls pass.
    Closed,
    /// Calls are refused until the reset timeout has passed.
    Open,
    /// Probes pass, to see whether the backend is back.
    HalfOpen,
}

impl CircuitState {
    /// The name used in the API and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// Who decides whether calls pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CircuitMode {
    /// The circuit itself, by how calls end.
    #[default]
    Automatic,
    /// It is held open: no call passes.
    Open,
    /// It is held closed: all calls pass, whatever becomes of them.
    Closed,
}

/// How much work a call is, compared with other calls of its backend: calls of the same size are
/// expected to take as long. The smallest probe first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallSize(pub u32);

/// Leave to call a backend. Its outcome is reported with it, exactly once.
#[derive(Debug, PartialEq, Eq)]
pub struct CircuitPermit {
    /// The circuit.
    pub circuit: Circuit,
    /// Which stay in a state the permit was given in; reports from an earlier stay do not count.
    pub generation: u64,
}

/// Why a circuit is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OpenReason {
    /// Too many calls failed.
    Failures,
    /// The backend asked to be left alone for so long.
    AskedToWait,
    /// The backend cannot serve before somebody acts: no valid key, no credit, an exhausted quota.
    Terminal,
    /// Too many calls took far longer than expected.
    Slow,
    /// Calls that gave nothing cost too much.
    Cost,
    /// Somebody holds it open.
    Held,
}

impl OpenReason {
    /// The name used in the API and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::AskedToWait => "asked-to-wait",
            Self::Terminal => "terminal",
            Self::Slow => "slow",
            Self::Cost => "cost",
            Self::Held => "held",
        }
    }
}

impl fmt::Display for OpenReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Failures => "after repeated failures",
            Self::AskedToWait => "because the backend asked to wait",
            Self::Terminal => "until its key, credit or quota is seen to",
            Self::Slow => "since its calls take far longer than usual",
            Self::Cost => "since calls that gave nothing cost too much",
            Self::Held => "since it is held open by hand",
        })
    }
}

/// The circuit is open.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("circuit {circuit} is open {because}; {}", next_probe(*.retry_after))]
pub struct CircuitOpen {
    /// The circuit.
    pub circuit: Circuit,
    /// Why.
    pub because: OpenReason,
    /// When a probe may pass; `None` when somebody must let it.
    pub retry_after: Option<Duration>,
}

/// Leave for a job to go through the pipeline. Its end is reported with it, exactly once.
#[derive(Debug, PartialEq, Eq)]
pub struct PipelinePermit {
    /// Which stay in a state the permit was given in; reports from an earlier stay do not count.
    pub generation: u64,
}

/// The circuit of the pipeline as a whole is open: jobs do not get through their stages.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the pipeline's circuit is open {because}; {}", next_probe(*.retry_after))]
pub struct PipelineOpen {
    /// Why.
    pub because: OpenReason,
    /// When a probe may pass; `None` when somebody must let it.
    pub retry_after: Option<Duration>,
}

fn next_probe(retry_after: Option<Duration>) -> String {
    match retry_after {
        Some(wait) => format!("it lets a probe through in {:.1} s", wait.as_secs_f64()),
        None => "set its mode back to automatic to let calls through".to_owned(),
    }
}

/// A change of a circuit's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CircuitChange {
    /// When it was noticed.
    pub at: Timestamp,
    /// The state before.
    pub from: CircuitState,
    /// The state after.
    pub to: CircuitState,
    /// Why it opened, or had been open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub because: Option<OpenReason>,
}

/// How the circuit of a backend stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CircuitSnapshot {
    /// The stage.
    pub stage: Stage,
    /// Its backend.
    pub backend: BackendId,
    /// Whether calls pass, and why not.
    #[serde(flatten)]
    pub standing: CircuitStanding,
}

/// How a circuit stands: that of a backend, or that of the pipeline as a whole, whose calls are
/// jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CircuitStanding {
    /// Whether calls pass.
    pub state: CircuitState,
    /// Who decides that.
    #[serde(default)]
    pub mode: CircuitMode,
    /// Calls in the window over which shares are taken.
    #[serde(default)]
    pub window_calls: u32,
    /// Those of them that failed.
    #[serde(default)]
    pub window_failures: u32,
    /// Those of them that served, but far later than expected.
    #[serde(default)]
    pub window_slow: u32,
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// Seconds until a probe may pass, when open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_seconds: Option<f64>,
    /// Why it is open, when it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub because: Option<OpenReason>,
    /// What the last call that failed said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_failure: Option<String>,
    /// The latest changes of its state, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changes: Vec<CircuitChange>,
}

impl CircuitStanding {
    /// A circuit that nothing has gone through yet.
    pub fn closed() -> Self {
        Self {
            state: CircuitState::Closed,
            mode: CircuitMode::Automatic,
            window_calls: 0,
            window_failures: 0,
            window_slow: 0,
            consecutive_failures: 0,
            retry_after_seconds: None,
            because: None,
            last_failure: None,
            changes: Vec::new(),
        }
    }
}

/// There is no such circuit.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no circuit {circuit}; there are: {}", .known.join(", "))]
pub struct UnknownCircuit {
    /// What was asked for.
    pub circuit: Circuit,
    /// The circuits there are.
    pub known: Vec<String>,
}
