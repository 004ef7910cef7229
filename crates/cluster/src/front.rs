//! What the web front asks of the controller, answered from the cluster: any front answers for any
//! job.

use std::sync::Arc;

use actix::prelude::*;
use chat2svg_protocol::{
    JobId, JobView,
    messages::{
        Accepted, Cancel, CancelOutcome, GetResult, JobQuery, JobsQuery, Remove, RemoveOutcome,
        ResultQuery, StoreError, Submit, SubmitError, Subscribe, Subscription,
    },
};
use chat2svg_supervision::{Line, answers_polls};
use std::time::Duration;
use tracing::{info, warn};
use uuid::Uuid;

use crate::{
    catalogue::Catalogue, connection::Cluster, entry::Stopping, error::ClusterError, nodes::Nodes,
    submission::Submitted,
};

/// How long the store may take for a result.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers the web front from the cluster.
pub struct ClusterFrontActor {
    cluster: Cluster,
    catalogue: Catalogue,
    nodes: Nodes,
    results: Line<GetResult>,
}

impl ClusterFrontActor {
    /// A front; `results` is the store's.
    pub fn new(
        cluster: Cluster,
        catalogue: Catalogue,
        nodes: Nodes,
        results: Line<GetResult>,
    ) -> Self {
        Self {
            cluster,
            catalogue,
            nodes,
            results,
        }
    }
}

impl Actor for ClusterFrontActor {
    type Context = Context<Self>;
}

answers_polls!(ClusterFrontActor);

impl Handler<Submit> for ClusterFrontActor {
    type Result = ResponseFuture<Result<Accepted, SubmitError>>;

    fn handle(&mut self, message: Submit, _: &mut Self::Context) -> Self::Result {
        let (cluster, catalogue) = (self.cluster.clone(), self.catalogue.clone());
        let now = cluster.clock().now();
        let view = JobView::queued(JobId(Uuid::now_v7()), message.owner, message.spec, now);
        let (attachments, key, client) =
            (message.attachments, message.idempotency_key, message.client);
        let (permit, quota) = (message.permit, message.quota);
        let has_worker = self.nodes.has_worker();
        Box::pin(async move {
            let failed = |error: ClusterError| SubmitError::Store(error.to_string());
            if !cluster.is_connected() {
                // The client would send it when there is a connection again, long after the caller
                // was told that the job was not accepted.
                return Err(SubmitError::Store(
                    "there is no connection to the NATS servers".to_owned(),
                ));
            }
            if !has_worker {
                return Err(SubmitError::NoWorker);
            }
            let used = match quota {
                None => None,
                Some(quota) => {
                    let counted = cluster.count(&quota, view.id, &catalogue).await;
                    Some(counted.map_err(failed)?.map_err(SubmitError::Quota)?)
                }
            };
            let kind = view.spec.kind.name();
            let is_deferred = !catalogue.has_turn((view.spec.options.priority, client));
            let submitted = cluster
                .submit(view, &attachments, key.as_deref(), client, is_deferred)
                .await;
            match submitted.map_err(failed)? {
                Submitted::New(job) => {
                    info!(%job, kind, "job accepted");
                    catalogue.hold(job, permit);
                    Ok(Accepted {
                        job,
                        replayed: false,
                        used,
                    })
                }
                Submitted::Replayed(job) => Ok(Accepted {
                    job,
                    replayed: true,
                    used,
                }),
                Submitted::Conflict => Err(SubmitError::IdempotencyConflict),
            }
        })
    }
}

impl Handler<Cancel> for ClusterFrontActor {
    type Result = ResponseFuture<CancelOutcome>;

    fn handle(&mut self, message: Cancel, _: &mut Self::Context) -> Self::Result {
        let cluster = self.cluster.clone();
        Box::pin(async move {
            match cluster.stop(message.job).await {
                Ok(Stopping::Ended | Stopping::Asked) => CancelOutcome::Cancelling,
                Ok(Stopping::AlreadyFinal) => CancelOutcome::AlreadyFinal,
                Err(error) => {
                    if !matches!(error, ClusterError::Unknown(_)) {
                        warn!(job = %message.job, %error, "a job could not be stopped");
                    }
                    CancelOutcome::Unknown
                }
            }
        })
    }
}

impl Handler<JobQuery> for ClusterFrontActor {
    type Result = ResponseFuture<Result<Option<JobView>, StoreError>>;

    fn handle(&mut self, message: JobQuery, _: &mut Self::Context) -> Self::Result {
        let cluster = self.cluster.clone();
        Box::pin(async move {
            let found = cluster.entry(message.job).await?;
            Ok(found.map(|(entry, _)| entry.view))
        })
    }
}

impl Handler<JobsQuery> for ClusterFrontActor {
    type Result = ResponseFuture<Result<Vec<JobView>, StoreError>>;

    fn handle(&mut self, message: JobsQuery, _: &mut Self::Context) -> Self::Result {
        let catalogue = self.catalogue.clone();
        Box::pin(async move {
            let owner = message.owner.as_ref();
            let listed = catalogue.list(message.limit, message.before, owner);
            Ok(listed.await?)
        })
    }
}

impl Handler<Remove> for ClusterFrontActor {
    type Result = ResponseFuture<Result<RemoveOutcome, StoreError>>;

    fn handle(&mut self, message: Remove, _: &mut Self::Context) -> Self::Result {
        let cluster = self.cluster.clone();
        Box::pin(async move {
            let job = message.job;
            match cluster.entry(job).await? {
                None => Ok(RemoveOutcome::Unknown),
                Some((entry, _)) if !entry.is_final() => Ok(RemoveOutcome::UnderWay),
                Some(_) => {
                    cluster.forget(job).await?;
                    info!(%job, "job removed");
                    Ok(RemoveOutcome::Removed)
                }
            }
        })
    }
}

impl Handler<ResultQuery> for ClusterFrontActor {
    type Result = ResponseFuture<Result<Option<Arc<str>>, StoreError>>;

    fn handle(&mut self, message: ResultQuery, _: &mut Self::Context) -> Self::Result {
        let results = self.results.clone();
        Box::pin(async move {
            let asked = results.ask(GetResult { job: message.job }, PATIENCE).await;
            asked.unwrap_or_else(|error| Err(StoreError(error.to_string())))
        })
    }
}

impl Handler<Subscribe> for ClusterFrontActor {
    type Result = ResponseFuture<Option<Subscription>>;

    fn handle(&mut self, message: Subscribe, _: &mut Self::Context) -> Self::Result {
        let cluster = self.cluster.clone();
        Box::pin(async move {
            let Subscribe { job, after } = message;
            match cluster.subscribe(job, after).await {
                Ok(subscription) => subscription,
                Err(error) => {
                    warn!(%job, %error, "a job's events cannot be followed");
                    // Closed without an end: whoever listens looks at the job and asks again.
                    Some(Subscription {
                        past: Vec::new(),
                        coming: tokio::sync::broadcast::Sender::new(1).subscribe(),
                    })
                }
            }
        })
    }
}
