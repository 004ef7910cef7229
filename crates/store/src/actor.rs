//! The store's mailbox: each message becomes an operation on the store's thread.

use actix::prelude::*;
use chat2svg_protocol::{
    Attachment, JobView,
    messages::{
        BeginCall, CountUse, DueWebhook, DueWebhooks, FinishJob, GetAttachments, GetJob, GetResult,
        ListJobs, ListUnfinished, LostCalls, MarkRunning, PutJob, PutStage, RemoveJob, SettleCall,
        SettleWebhook, StoreError, StoreProbe, Stored, Unfinished, UpdateJob, UsesOn,
    },
};
use chat2svg_supervision::answers_polls;
use jiff::Timestamp;
use tracing::info;

use crate::{
    config::StoreConfig,
    worker::{StoreWorker, Unattended},
};

/// The job store.
pub struct StoreActor {
    config: StoreConfig,
    worker: StoreWorker,
    /// Bytes of results since the last sweep.
    unswept: u64,
}

impl StoreActor {
    /// A store actor over an open store, which outlives it.
    pub fn new(config: StoreConfig, worker: StoreWorker) -> Self {
        Self {
            config,
            worker,
            unswept: 0,
        }
    }

    fn sweep(&mut self) {
        self.unswept = 0;
        let keep = self.config.retention();
        let swept = self.worker.run(Unattended::Do, move |database| {
            database.sweep(Timestamp::now(), &keep)
        });
        actix::spawn(async move {
            // A failure was logged where it happened, and the next sweep tries again.
            if let Ok(removed @ 1..) = swept.await {
                info!(removed, "jobs past their retention were removed");
            }
        });
    }
}

impl Actor for StoreActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.sweep();
        context.run_interval(self.config.sweep_interval(), |actor, _| actor.sweep());
    }
}

answers_polls!(StoreActor);

impl Handler<PutJob> for StoreActor {
    type Result = ResponseFuture<Result<Stored, StoreError>>;

    fn handle(&mut self, put: PutJob, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Skip, move |database| {
            database.put_job(&put.view, &put.attachments, put.idempotency_key.as_deref())
        })
    }
}

impl Handler<UpdateJob> for StoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, update: UpdateJob, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Do, move |database| {
            database.update_job(&update.view)
        })
    }
}

impl Handler<MarkRunning> for StoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, mark: MarkRunning, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Do, move |database| {
            database.mark_running(mark.job)
        })
    }
}

impl Handler<BeginCall> for StoreActor {
    type Result = ResponseFuture<Result<i64, StoreError>>;

    fn handle(&mut self, call: BeginCall, _: &mut Self::Context) -> Self::Result {
        // Nobody sends a call whose record nobody waits for.
        self.worker.run(Unattended::Skip, move |database| {
            let BeginCall {
                job,
                provider,
                what,
                at_most,
            } = call;
            database.begin_call(job, &provider, &what, at_most, Timestamp::now())
        })
    }
}

impl Handler<SettleCall> for StoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, end: SettleCall, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Do, move |database| {
            database.settle_call(end.call, end.answered, end.cost)
        })
    }
}

impl Handler<LostCalls> for StoreActor {
    type Result = ResponseFuture<Result<u32, StoreError>>;

    fn handle(&mut self, lost: LostCalls, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Skip, move |database| {
            database.lost_calls(lost.job)
        })
    }
}

impl Handler<PutStage> for StoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, put: PutStage, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Do, move |database| {
            database.put_stage(put.job, &put.kept)
        })
    }
}

impl Handler<GetAttachments> for StoreActor {
    type Result = ResponseFuture<Result<Vec<Attachment>, StoreError>>;

    fn handle(&mut self, get: GetAttachments, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Skip, move |database| {
            database.attachments(get.job)
        })
    }
}

impl Handler<FinishJob> for StoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, finish: FinishJob, _: &mut Self::Context) -> Self::Result {
        let bytes = finish.svg.as_ref().map_or(0, |svg| svg.len());
        let finished = self.worker.run(Unattended::Do, move |database| {
            database.finish_job(&finish.view, finish.svg.as_deref())
        });
        self.unswept = self
            .unswept
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.unswept > self.config.sweep_after_bytes() {
            self.sweep();
        }
        finished
    }
}

impl Handler<GetJob> for StoreActor {
    type Result = ResponseFuture<Result<Option<JobView>, StoreError>>;

    fn handle(&mut self, get: GetJob, _: &mut Self::Context) -> Self::Result {
        self.worker
            .run(Unattended::Skip, move |database| database.get_job(get.job))
    }
}

impl Handler<ListJobs> for StoreActor {
    type Result = ResponseFuture<Result<Vec<JobView>, StoreError>>;

    fn handle(&mut self, list: ListJobs, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Skip, move |database| {
            database.list_jobs(list.limit, list.before, list.owner.as_ref())
        })
    }
}

impl Handler<RemoveJob> for StoreActor {
    type Result = ResponseFuture<Result<bool, StoreError>>;

    fn handle(&mut self, remove: RemoveJob, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Do, move |database| {
            database.remove_job(remove.job)
        })
    }
}

impl Handler<GetResult> for StoreActor {
    type Result = ResponseFuture<Result<Option<std::sync::Arc<str>>, StoreError>>;

    fn handle(&mut self, get: GetResult, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Skip, move |database| {
            database.get_result(get.job)
        })
    }
}

impl Handler<ListUnfinished> for StoreActor {
    type Result = ResponseFuture<Result<Vec<Unfinished>, StoreError>>;

    fn handle(&mut self, _: ListUnfinished, _: &mut Self::Context) -> Self::Result {
        self.worker
            .run(Unattended::Skip, crate::Database::take_up_unfinished)
    }
}

impl Handler<DueWebhooks> for StoreActor {
    type Result = ResponseFuture<Result<Vec<DueWebhook>, StoreError>>;

    fn handle(&mut self, due: DueWebhooks, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Skip, move |database| {
            database.due_webhooks(due.now, due.limit)
        })
    }
}

impl Handler<SettleWebhook> for StoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, settle: SettleWebhook, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Do, move |database| {
            database.settle_webhook(settle.job, settle.next)
        })
    }
}

impl Handler<CountUse> for StoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, count: CountUse, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Do, move |database| {
            database.count_use(&count.key, count.day)
        })
    }
}

impl Handler<UsesOn> for StoreActor {
    type Result = ResponseFuture<Result<Vec<(String, u32)>, StoreError>>;

    fn handle(&mut self, uses: UsesOn, _: &mut Self::Context) -> Self::Result {
        self.worker
            .run(Unattended::Skip, move |database| database.uses_on(uses.day))
    }
}

impl Handler<StoreProbe> for StoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, _: StoreProbe, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Skip, crate::Database::probe)
    }
}
