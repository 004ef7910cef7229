//! To the store: the ledger of calls that may cost money.

use actix::Message;

use super::StoreError;
use crate::JobId;

/// stages → store: a call that may cost money is about to be sent. Answered with its number when
/// the record would survive a power cut.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<i64, StoreError>")]
pub struct BeginCall {
    /// The job that it is for.
    pub job: JobId,
    /// Who is called.
    pub provider: String,
    /// What is called: a model, a workflow.
    pub what: String,
    /// What it may cost at most; 0 where that is not known.
    pub at_most: f64,
}

/// stages → store: how a recorded call ended. May be lost; its outcome is unknown then.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct SettleCall {
    /// Its number.
    pub call: i64,
    /// Whether it was answered.
    pub answered: bool,
    /// What it cost, or may have cost when it was not answered.
    pub cost: f64,
}

/// stages → store: how many calls for a job have an unknown outcome, because the process died?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<u32, StoreError>")]
pub struct LostCalls {
    /// The job.
    pub job: JobId,
}
