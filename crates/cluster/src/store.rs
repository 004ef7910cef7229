//! The job store of a cluster, behind the messages of the embedded one.
//!
//! What a controller writes of a job is written under this process's claim of it. An end that
//! cannot be stored is kept until it can be, or until another has ended the job.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix::prelude::*;
use chat2svg_protocol::{
    Attachment, ClientKey, JobId, JobView,
    messages::{
        BeginCall, CountUse, DueWebhook, DueWebhooks, FinishJob, GetAttachments, GetJob, GetResult,
        KeptStage, ListJobs, ListUnfinished, LostCalls, MarkRunning, PutJob, PutStage, RemoveJob,
        SettleCall, SettleWebhook, StoreError, StoreProbe, Stored, Unfinished, UpdateJob, UsesOn,
    },
};
use chat2svg_store::{Retention, StoreConfig};
use chat2svg_supervision::answers_polls;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::{
    catalogue::Catalogue,
    connection::Cluster,
    entry::{CallOutcome, JobEntry, KeptCall, KeptCheckpoint, Telling},
    error::ClusterError,
    ownership::{Claims, Held},
    submission::Submitted,
};

/// Between two attempts to store an end.
const END_PAUSE: Duration = Duration::from_secs(1);

/// The job store of a cluster.
pub struct ClusterStoreActor {
    keeper: Keeper,
    retention: Retention,
    sweep_interval: Duration,
}

impl ClusterStoreActor {
    /// A store for the jobs that this process has claimed, which `claims` tells.
    pub fn new(
        cluster: Cluster,
        catalogue: Catalogue,
        claims: Claims,
        config: &StoreConfig,
    ) -> Self {
        Self {
            keeper: Keeper {
                cluster,
                catalogue,
                claims,
            },
            retention: config.retention(),
            // Often enough to find soon what lost its place in line.
            sweep_interval: config.sweep_interval().min(Duration::from_secs(10)),
        }
    }

    fn sweep(&self) {
        let (keeper, retention) = (self.keeper.clone(), self.retention.clone());
        actix::spawn(async move {
            if let Err(error) = keeper.catalogue.sweep(&retention).await {
                debug!(%error, "the cluster could not be swept; the next sweep tries again");
            }
        });
    }

    /// Does something with the keeper outside of the mailbox.
    fn run<T, F>(&self, work: impl FnOnce(Keeper) -> F) -> ResponseFuture<Result<T, StoreError>>
    where
        F: Future<Output = Result<T, ClusterError>> + 'static,
        T: 'static,
    {
        let work = work(self.keeper.clone());
        Box::pin(async move { work.await.map_err(StoreError::from) })
    }
}

impl Actor for ClusterStoreActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.sweep();
        context.run_interval(self.sweep_interval, |actor, _| actor.sweep());
    }
}

answers_polls!(ClusterStoreActor);

/// What the store does.
#[derive(Clone)]
struct Keeper {
    cluster: Cluster,
    catalogue: Catalogue,
    claims: Claims,
}

impl Keeper {
    fn held(&self, job: JobId) -> Result<Arc<Held>, ClusterError> {
        let held = self.claims.get(job).filter(|held| !held.is_over());
        held.ok_or(ClusterError::Fenced(job))
    }

    async fn put_stage(&self, job: JobId, kept: KeptStage) -> Result<(), ClusterError> {
        let held = self.held(job)?;
        let stage = kept.stage;
        let name = |what: &str| format!("in.{what}-{}", Uuid::now_v7().simple());
        let blobs = self.cluster.blobs();
        let svg = blobs.put(job, name("svg"), kept.svg.as_bytes()).await?;
        let target = match &kept.target {
            Some(target) => Some(blobs.put(job, name("target"), target).await?),
            None => None,
        };
        let kept = KeptCheckpoint {
            stage,
            svg,
            target,
            placement: Some(kept.placement),
        };
        self.cluster
            .change_held(&held, |entry| entry.keep(held.token, kept.clone()))
            .await
    }

    /// Stores an end, as often as it takes; what comes to nothing because another has the job is no
    /// failure.
    async fn finish(
        &self,
        held: Arc<Held>,
        view: JobView,
        svg: Option<Arc<str>>,
    ) -> Result<(), ClusterError> {
        let mut result = None;
        loop {
            let stored = async {
                if let (Some(svg), None) = (&svg, &result) {
                    result = Some(self.cluster.put_result(&held, svg).await?);
                }
                self.cluster
                    .change_held(&held, |entry| {
                        entry.finish(held.token, view.clone(), result.clone())
                    })
                    .await
            };
            match stored.await {
                Ok(()) => {
                    held.ended.cancel();
                    let cluster = self.cluster.clone();
                    // Nobody waits for it.
                    actix::spawn(async move {
                        let ended = held.known.lock().await.0.clone();
                        cluster.tidy(&ended).await;
                    });
                    return Ok(());
                }
                Err(ClusterError::Fenced(job)) => {
                    info!(%job, "the job's end was stored by another node before");
                    return Ok(());
                }
                Err(error @ (ClusterError::Unreachable { .. } | ClusterError::Contended(_))) => {
                    warn!(job = %held.job, %error, "the job's end is kept until it can be stored");
                    tokio::time::sleep(END_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
            if held.lost.is_cancelled() {
                return Ok(());
            }
        }
    }
}

impl Handler<PutJob> for ClusterStoreActor {
    type Result = ResponseFuture<Result<Stored, StoreError>>;

    fn handle(&mut self, put: PutJob, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let key = put.idempotency_key.as_deref();
            let client = ClientKey::default();
            let put = keeper
                .cluster
                .submit(put.view, &put.attachments, key, client, false);
            Ok(match put.await? {
                Submitted::New(_) => Stored::New,
                Submitted::Replayed(job) => Stored::Replayed(job),
                Submitted::Conflict => Stored::Conflict,
            })
        })
    }
}

impl Handler<UpdateJob> for ClusterStoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, update: UpdateJob, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let held = keeper.held(update.view.id)?;
            let view = keeper.cluster.clock().view_to_servers(update.view);
            let change = |entry: &mut JobEntry| entry.update(held.token, view.clone());
            keeper.cluster.change_held(&held, change).await
        })
    }
}

impl Handler<MarkRunning> for ClusterStoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, mark: MarkRunning, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let held = keeper.held(mark.job)?;
            let change = |entry: &mut JobEntry| entry.mark_running(held.token);
            keeper.cluster.change_held(&held, change).await
        })
    }
}

impl Handler<PutStage> for ClusterStoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, put: PutStage, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move { keeper.put_stage(put.job, put.kept).await })
    }
}

impl Handler<BeginCall> for ClusterStoreActor {
    type Result = ResponseFuture<Result<i64, StoreError>>;

    fn handle(&mut self, call: BeginCall, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let held = keeper.held(call.job)?;
            let (_, low) = Uuid::now_v7().as_u64_pair();
            let number = i64::try_from(low >> 2).unwrap_or(i64::MAX);
            let kept = KeptCall {
                number,
                token: held.token,
                provider: call.provider,
                what: call.what,
                begun_at: keeper.cluster.clock().now(),
                outcome: CallOutcome::Sent,
                cost: call.at_most,
            };
            let change = |entry: &mut JobEntry| entry.begin_call(kept.clone());
            keeper.cluster.change_held(&held, change).await?;
            keeper.claims.remember_call(number, call.job);
            Ok(number)
        })
    }
}

impl Handler<SettleCall> for ClusterStoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, end: SettleCall, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let Some(job) = keeper.claims.forget_call(end.call) else {
                return Ok(());
            };
            let outcome = if end.answered {
                CallOutcome::Answered
            } else {
                CallOutcome::Failed
            };
            let settle = |entry: &mut JobEntry| entry.settle_call(end.call, outcome, end.cost);
            keeper.cluster.change(job, settle).await.map(|_| ())
        })
    }
}

impl Handler<LostCalls> for ClusterStoreActor {
    type Result = ResponseFuture<Result<u32, StoreError>>;

    fn handle(&mut self, lost: LostCalls, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let held = keeper.held(lost.job)?;
            let known = held.known.lock().await;
            Ok(known.0.lost_calls())
        })
    }
}

impl Handler<GetAttachments> for ClusterStoreActor {
    type Result = ResponseFuture<Result<Vec<Attachment>, StoreError>>;

    fn handle(&mut self, get: GetAttachments, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            match keeper.cluster.entry(get.job).await? {
                Some((entry, _)) => keeper.cluster.attachments(&entry).await,
                None => Ok(Vec::new()),
            }
        })
    }
}

impl Handler<FinishJob> for ClusterStoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, finish: FinishJob, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let job = finish.view.id;
            let Some(held) = keeper.claims.get(job) else {
                // Another has it; its end counts.
                return Ok(());
            };
            if held.is_ending.swap(true, Ordering::AcqRel) {
                // Offered again: the first offer is still on its way.
                tokio::select! {
                    () = held.ended.cancelled() => {}
                    () = held.lost.cancelled() => {}
                }
                return Ok(());
            }
            // It goes on when whoever asked has gone.
            let stored = actix::spawn({
                let keeper = keeper.clone();
                let view = keeper.cluster.clock().view_to_servers(finish.view);
                async move { keeper.finish(held, view, finish.svg).await }
            });
            stored.await.map_err(|error| ClusterError::Unstorable {
                job,
                reason: error.to_string(),
            })?
        })
    }
}

impl Handler<GetJob> for ClusterStoreActor {
    type Result = ResponseFuture<Result<Option<JobView>, StoreError>>;

    fn handle(&mut self, get: GetJob, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let found = keeper.cluster.entry(get.job).await?;
            Ok(found.map(|(entry, _)| entry.view))
        })
    }
}

impl Handler<ListJobs> for ClusterStoreActor {
    type Result = ResponseFuture<Result<Vec<JobView>, StoreError>>;

    fn handle(&mut self, list: ListJobs, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let owner = list.owner.as_ref();
            keeper.catalogue.list(list.limit, list.before, owner).await
        })
    }
}

impl Handler<RemoveJob> for ClusterStoreActor {
    type Result = ResponseFuture<Result<bool, StoreError>>;

    fn handle(&mut self, remove: RemoveJob, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move { keeper.cluster.forget(remove.job).await })
    }
}

impl Handler<GetResult> for ClusterStoreActor {
    type Result = ResponseFuture<Result<Option<Arc<str>>, StoreError>>;

    fn handle(&mut self, get: GetResult, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move { keeper.cluster.result(get.job).await })
    }
}

/// What this process has claimed: a controller that was started anew takes it up again.
impl Handler<ListUnfinished> for ClusterStoreActor {
    type Result = ResponseFuture<Result<Vec<Unfinished>, StoreError>>;

    fn handle(&mut self, _: ListUnfinished, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let mut unfinished = Vec::new();
            for held in keeper.claims.all() {
                if held.is_over() || held.is_ending.load(Ordering::Acquire) {
                    continue;
                }
                let entry = held.known.lock().await.0.clone();
                unfinished.push(keeper.cluster.unfinished(&entry).await?);
            }
            Ok(unfinished)
        })
    }
}

impl Handler<DueWebhooks> for ClusterStoreActor {
    type Result = ResponseFuture<Result<Vec<DueWebhook>, StoreError>>;

    fn handle(&mut self, due: DueWebhooks, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move { keeper.catalogue.due_webhooks(due.now, due.limit).await })
    }
}

impl Handler<SettleWebhook> for ClusterStoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, settle: SettleWebhook, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move {
            let next = settle.next;
            let next = next.map(|at| keeper.cluster.clock().to_servers(at));
            let change = |entry: &mut JobEntry| {
                entry.telling = match (entry.telling, next) {
                    (Some(telling), Some(due_at)) => Some(Telling {
                        due_at,
                        attempts: telling.attempts + 1,
                    }),
                    _ => None,
                };
            };
            match keeper.cluster.change(settle.job, change).await {
                Ok(_) | Err(ClusterError::Unknown(_)) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }
}

/// What is done with keys that have a quota is counted where jobs are handed in; see `quota`.
impl Handler<CountUse> for ClusterStoreActor {
    type Result = Result<(), StoreError>;

    fn handle(&mut self, _: CountUse, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<UsesOn> for ClusterStoreActor {
    type Result = Result<Vec<(String, u32)>, StoreError>;

    fn handle(&mut self, _: UsesOn, _: &mut Self::Context) -> Self::Result {
        Ok(Vec::new())
    }
}

impl Handler<StoreProbe> for ClusterStoreActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, _: StoreProbe, _: &mut Self::Context) -> Self::Result {
        self.run(|keeper| async move { keeper.cluster.probe().await })
    }
}
