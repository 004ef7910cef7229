//! The store's mailbox: each message becomes an operation on the store's thread.

use actix::prelude::*;
use chat2svg_protocol::{
    Attachment, JobView,
    messages::{
        FinishJob, GetAttachments, GetJob, GetResult, ListJobs, ListUnfinished, PutJob, PutStage,
        StoreError, StoreProbe, Stored, Unfinished, UpdateJob,
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
}

impl StoreActor {
    /// A store actor over an open store, which outlives it.
    pub fn new(config: StoreConfig, worker: StoreWorker) -> Self {
        Self { config, worker }
    }

    fn sweep(&self) {
        let (keep, most) = (self.config.keep_finished(), self.config.keep_finished_jobs);
        let swept = self.worker.run(Unattended::Do, move |database| {
            database.sweep(Timestamp::now(), keep, most)
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
        self.worker.run(Unattended::Do, move |database| {
            database.finish_job(&finish.view, finish.svg.as_deref())
        })
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
            database.list_jobs(list.limit, list.before)
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

impl Handler<StoreProbe> for StoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, _: StoreProbe, _: &mut Self::Context) -> Self::Result {
        self.worker.run(Unattended::Skip, crate::Database::probe)
    }
}
