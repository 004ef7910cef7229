//! How a call of a backend ended, and whose fault it was when it gave nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{BackendId, CallSize, ModelUse};

/// Money, in millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(pub u64);

impl Cost {
    /// An amount in US dollars; what is negative or no number counts as nothing.
    pub fn of_dollars(dollars: f64) -> Self {
        Self((dollars * 1e6).round() as u64)
    }
}

/// Whose fault it was that a call gave nothing. It decides what the call says about its backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The provider's: no connection, a server error, a stall, a malformed or useless answer, a
    /// panic.
    Provider,
    /// The provider asks to be left alone for a while (429 or 503 with `Retry-After`).
    Busy {
        /// For how long.
        retry_after: Duration,
    },
    /// Nothing will work before somebody acts: no valid key, no credit, an exhausted quota.
    Terminal,
    /// The request's own: it was understood and turned down.
    Request,
    /// The caller's: it left, or stopped the job.
    Caller,
}

/// How a call that was let through by its circuit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// It gave something of use.
    Served,
    /// The time that it was given was over first. Whether that was time enough, the breaker judges.
    Late,
    /// It gave nothing.
    Failed(Fault),
}

/// What a circuit is told of a call. Facts only: the breaker judges them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallReport {
    /// How it ended, taken at the end of the answer.
    pub end: CallEnd,
    /// How long it took.
    pub spent: Duration,
    /// What happened, for people, when it gave nothing.
    pub reason: Option<String>,
    /// How much work it was.
    pub size: CallSize,
    /// Whether calls of one size take alike, so that a slow one tells of a fault.
    pub comparable: bool,
    /// What it cost.
    pub cost: Cost,
}

/// Why a backend gave nothing.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{reason}")]
pub struct CallFailure {
    /// Whose fault it was; `None` when its time was over.
    pub fault: Option<Fault>,
    /// What happened, for people.
    pub reason: String,
    /// What it cost all the same, where that is known; else the backend's price.
    pub cost: Option<Cost>,
    /// What a model was had to do all the same.
    pub used: Option<Box<ModelUse>>,
}

impl CallFailure {
    /// A failure with its fault.
    pub fn new(fault: Fault, reason: impl Into<String>) -> Self {
        Self {
            fault: Some(fault),
            reason: reason.into(),
            cost: None,
            used: None,
        }
    }

    /// The time was over before there was a result.
    pub fn late() -> Self {
        Self {
            fault: None,
            reason: "its time was over before it had a result".to_owned(),
            cost: None,
            used: None,
        }
    }

    /// The same, with what it cost.
    #[must_use]
    pub fn costing(mut self, cost: Cost) -> Self {
        self.cost = Some(cost);
        self
    }

    /// The same, with what a model was had to do.
    #[must_use]
    pub fn having_used(mut self, used: ModelUse) -> Self {
        self.used = Some(Box::new(used));
        self
    }

    /// The job was stopped.
    pub fn cancelled() -> Self {
        Self::new(Fault::Caller, "cancelled")
    }

    /// How the call ended.
    pub fn end(&self) -> CallEnd {
        self.fault.map_or(CallEnd::Late, CallEnd::Failed)
    }
}

/// What became of a backend's turn at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AttemptOutcome {
    /// It served the stage.
    Served,
    /// Its circuit is open; it was not called.
    Refused,
    /// There was no time left for it, or it cannot be reached from where the job runs; it was not
    /// called.
    Passed,
    /// Its time was over before it had a result.
    Late,
    /// It failed: no connection, a server error, a stall, a malformed or useless answer.
    Failed,
    /// It asked to be left alone for a while.
    Busy,
    /// It cannot serve before somebody acts: no valid key, no credit, an exhausted quota.
    Terminal,
    /// It turned the request down.
    Declined,
    /// The job was stopped meanwhile.
    Cancelled,
}

impl AttemptOutcome {
    /// The name used in the API and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Refused => "refused",
            Self::Passed => "passed",
            Self::Late => "late",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::Terminal => "terminal",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<CallEnd> for AttemptOutcome {
    fn from(end: CallEnd) -> Self {
        match end {
            CallEnd::Served => Self::Served,
            CallEnd::Late => Self::Late,
            CallEnd::Failed(Fault::Provider) => Self::Failed,
            CallEnd::Failed(Fault::Busy { .. }) => Self::Busy,
            CallEnd::Failed(Fault::Terminal) => Self::Terminal,
            CallEnd::Failed(Fault::Request) => Self::Declined,
            CallEnd::Failed(Fault::Caller) => Self::Cancelled,
        }
    }
}

/// A backend's turn at a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// The backend.
    pub backend: BackendId,
    /// What became of it.
    pub outcome: AttemptOutcome,
    /// Seconds that it took.
    pub seconds: f64,
    /// Why it did not serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a model did all the same, when it did not serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<ModelUse>>,
}
