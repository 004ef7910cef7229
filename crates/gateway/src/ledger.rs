//! What was sent and costs money, on record before it is sent.

use chat2svg_protocol::{CallFailure, JobId};
use futures_util::future::BoxFuture;

use crate::Money;

/// A call that is about to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    /// The job that it is for.
    pub job: JobId,
    /// The provider.
    pub provider: String,
    /// What is called: the model's name, or a workflow's.
    pub what: String,
    /// What it may cost at most.
    pub at_most: Money,
}

/// How a recorded call ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Settlement {
    /// It was answered, and cost this much.
    Answered(Money),
    /// It failed or was given up; it may have cost up to this much.
    Failed(Money),
}

/// Where calls are recorded. A call that is recorded and was never settled has an unknown outcome:
/// the process died meanwhile.
pub trait Ledger: Send + Sync + 'static {
    /// Records a call; answers its number once the record would survive the end of the process.
    ///
    /// # Errors
    /// When it cannot be recorded. The call is not sent then.
    fn begin(&self, record: CallRecord) -> BoxFuture<'static, Result<i64, CallFailure>>;

    /// Records how a call ended. It may be lost; then the outcome stays unknown.
    fn settle(&self, call: i64, settlement: Settlement);

    /// How many calls for a job have an unknown outcome, because the process died meanwhile.
    fn lost(&self, job: JobId) -> BoxFuture<'static, u32>;
}

/// A ledger for processes that keep nothing: every call is recorded nowhere.
#[derive(Clone, Copy, Debug)]
pub struct NoLedger;

impl Ledger for NoLedger {
    fn begin(&self, _: CallRecord) -> BoxFuture<'static, Result<i64, CallFailure>> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn settle(&self, _: i64, _: Settlement) {}

    fn lost(&self, _: JobId) -> BoxFuture<'static, u32> {
        Box::pin(std::future::ready(0))
    }
}
