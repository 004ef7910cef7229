//! Jobs that are forgotten on purpose.

use actix::Message;

use super::StoreError;
use crate::JobId;

/// web → controller: forget a job that has ended, with its result.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<RemoveOutcome, StoreError>")]
pub struct Remove {
    /// The job.
    pub job: JobId,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoveOutcome {
    /// It is gone.
    Removed,
    /// It has not ended.
    UnderWay,
    /// There is no such job.
    Unknown,
}

/// controller → store: forget a job and all that is kept of it. Answers whether there was one.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<bool, StoreError>")]
pub struct RemoveJob {
    /// The job.
    pub job: JobId,
}
