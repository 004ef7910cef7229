//! Circuits: one in front of every stage backend.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Stage;

/// Names a circuit: a stage and the backend that serves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Circuit {
    /// The stage.
    pub stage: Stage,
    /// Its backend, e.g. "embedded".
    pub backend: String,
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

/// The circuit is open.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("circuit {circuit} is open after repeated failures; it lets a probe through in {:.1} s", .retry_after.as_secs_f64())]
pub struct CircuitOpen {
    /// The circuit.
    pub circuit: Circuit,
    /// When a probe may pass.
    pub retry_after: Duration,
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CircuitOutcome {
    /// It served.
    Success,
    /// It failed in a way that counts against the backend.
    Failure,
    /// It says nothing about the backend (cancelled by the caller).
    Ignored,
}

/// How a circuit stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CircuitSnapshot {
    /// The stage.
    pub stage: Stage,
    /// Its backend.
    pub backend: String,
    /// Whether calls pass.
    pub state: CircuitState,
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// Seconds until a probe may pass, when open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_seconds: Option<f64>,
}
