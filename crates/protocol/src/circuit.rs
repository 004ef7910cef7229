//! Circuits: one in front of every stage backend.

use std::{fmt, time::Duration};

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
}

impl fmt::Display for OpenReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Failures => "after repeated failures",
            Self::AskedToWait => "because the backend asked to wait",
            Self::Terminal => "until its key, credit or quota is seen to",
        })
    }
}

/// The circuit is open.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("circuit {circuit} is open {because}; it lets a probe through in {:.1} s", .retry_after.as_secs_f64())]
pub struct CircuitOpen {
    /// The circuit.
    pub circuit: Circuit,
    /// Why.
    pub because: OpenReason,
    /// When a probe may pass.
    pub retry_after: Duration,
}

/// How a circuit stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CircuitSnapshot {
    /// The stage.
    pub stage: Stage,
    /// Its backend.
    pub backend: BackendId,
    /// Whether calls pass.
    pub state: CircuitState,
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
}
