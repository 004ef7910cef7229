//! The ledger of paid calls, kept in the job store.

use std::time::Duration;

use chat2svg_gateway::{CallRecord, Ledger, Settlement};
use chat2svg_protocol::{
    CallFailure, Fault, JobId,
    messages::{BeginCall, LostCalls, SettleCall},
};
use chat2svg_supervision::Line;
use futures_util::{FutureExt as _, future::BoxFuture};
use tracing::warn;

/// A ledger behind the store's mailbox.
pub(crate) struct StoreLedger {
    begin: Line<BeginCall>,
    settle: Line<SettleCall>,
    lost: Line<LostCalls>,
    patience: Duration,
}

impl StoreLedger {
    /// A ledger in a store, which has `patience` to answer.
    pub(crate) fn new(
        begin: Line<BeginCall>,
        settle: Line<SettleCall>,
        lost: Line<LostCalls>,
        patience: Duration,
    ) -> Self {
        Self {
            begin,
            settle,
            lost,
            patience,
        }
    }
}

impl Ledger for StoreLedger {
    fn begin(&self, record: CallRecord) -> BoxFuture<'static, Result<i64, CallFailure>> {
        let (line, patience) = (self.begin.clone(), self.patience);
        async move {
            let begin = BeginCall {
                job: record.job,
                provider: record.provider,
                what: record.what,
                at_most: record.at_most,
            };
            let refused = |why: String| {
                let reason = format!("the call was not sent, for it could not be recorded: {why}");
                CallFailure::new(Fault::Request, reason)
            };
            match line.ask(begin, patience).await {
                Ok(Ok(number)) => Ok(number),
                Ok(Err(error)) => Err(refused(error.to_string())),
                Err(error) => Err(refused(error.to_string())),
            }
        }
        .boxed()
    }

    fn settle(&self, call: i64, settlement: Settlement) {
        let (answered, cost) = match settlement {
            Settlement::Answered(cost) => (true, cost),
            Settlement::Failed(cost) => (false, cost),
        };
        self.settle.tell(SettleCall {
            call,
            answered,
            cost,
        });
    }

    fn lost(&self, job: JobId) -> BoxFuture<'static, u32> {
        let (line, patience) = (self.lost.clone(), self.patience);
        async move {
            match line.ask(LostCalls { job }, patience).await {
                Ok(Ok(count)) => count,
                Ok(Err(error)) => {
                    warn!(%job, %error, "whether calls were lost is not known");
                    0
                }
                Err(error) => {
                    warn!(%job, %error, "whether calls were lost is not known");
                    0
                }
            }
        }
        .boxed()
    }
}
