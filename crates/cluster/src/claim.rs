//! Takes jobs from the queue while this node has room, and carries each to its end.
//!
//! A job that is taken is held by progress acknowledgements of its place in line. Without them the
//! place goes to another worker after the lease; this one's claim is void from then on, and what it
//! still writes is refused.

mod carrying;
mod telling;

use std::{sync::Arc, time::Duration};

use actix::prelude::*;
use async_nats::jetstream::{
    AckKind, Message as Work,
    consumer::{PullConsumer, pull},
};
use chat2svg_protocol::{
    JobId, Priority,
    messages::{Cancel, JobQuery, LetGo, LetGoWaiting, Subscribe, TakeUp},
};
use chat2svg_supervision::{Line, answers_polls};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::debug;
use uuid::Uuid;

use crate::{
    connection::Cluster,
    error::ClusterError,
    names,
    ownership::{Claims, Held},
};

/// How long a request for interactive work waits at the server before batch work is looked for.
const PULL: Duration = Duration::from_secs(1);
/// How much longer than that the server may take to answer.
const PULL_PATIENCE: Duration = Duration::from_secs(3);
/// Between two attempts to ask for work.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the controller may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// When a job that could not be taken is offered again.
const AGAIN: Duration = Duration::from_secs(1);
/// Between two looks whether jobs that are given back are gone.
const GONE_PAUSE: Duration = Duration::from_millis(5);
/// How long that may take.
const GONE_PATIENCE: Duration = Duration::from_secs(2);

/// Whom the claims go to.
#[derive(Clone, Debug)]
pub struct ClaimLines {
    /// Takes a job on.
    pub take_up: Line<TakeUp>,
    /// Lets a job go.
    pub let_go: Line<LetGo>,
    /// Lets those go that have not begun.
    pub let_go_waiting: Line<LetGoWaiting>,
    /// Stops a job.
    pub cancel: Line<Cancel>,
    /// Says what happens to a job.
    pub subscribe: Line<Subscribe>,
    /// Says how a job stands.
    pub job: Line<JobQuery>,
}

/// serve → claims: take no more jobs, and give back those that have not begun; with `all`, give
/// back everything that is left. Answered when it is done.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct HandBack {
    /// Whether also those that have begun are given back. The controller has let go of them.
    pub all: bool,
}

/// Takes jobs from the queue. Whoever waits for an answer is served first; batch jobs get what is
/// left, and at most half of the room.
pub struct ClaimActor {
    worker: Worker,
    room: usize,
    /// Ends the loops of this incarnation. What they have taken goes on.
    taking: Option<DropGuard>,
}

impl ClaimActor {
    /// Takes up to `room` jobs at once, into `claims`. The places outlive the actor, since what
    /// took them does.
    pub fn new(
        cluster: Cluster,
        claims: Claims,
        lines: ClaimLines,
        places: Arc<Semaphore>,
        room: usize,
    ) -> Self {
        Self {
            room,
            worker: Worker {
                cluster,
                claims,
                lines,
                places,
            },
            taking: None,
        }
    }
}

impl Actor for ClaimActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        let stop = CancellationToken::new();
        let batch_places = Arc::new(Semaphore::new((self.room / 2).max(1)));
        let (worker, stopped) = (self.worker.clone(), stop.clone());
        actix::spawn(async move { worker.take(batch_places, stopped).await });
        let (worker, stopped) = (self.worker.clone(), stop.clone());
        actix::spawn(async move {
            stopped
                .run_until_cancelled(worker.hear_cancellations())
                .await
        });
        self.taking = Some(stop.drop_guard());
    }
}

answers_polls!(ClaimActor);

impl Handler<HandBack> for ClaimActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, message: HandBack, _: &mut Self::Context) -> Self::Result {
        self.taking = None;
        let worker = self.worker.clone();
        Box::pin(async move {
            let given: Vec<Arc<Held>> = if message.all {
                worker.claims.all()
            } else {
                let waiting = worker
                    .lines
                    .let_go_waiting
                    .ask(LetGoWaiting, PATIENCE)
                    .await;
                let waiting = waiting.unwrap_or_default();
                waiting
                    .into_iter()
                    .filter_map(|job| worker.claims.get(job))
                    .collect()
            };
            for held in &given {
                worker.hand_back(held).await;
            }
            // The process may end right after.
            let gone = async {
                while given.iter().any(|held| worker.claims.has(held)) {
                    tokio::time::sleep(GONE_PAUSE).await;
                }
                worker.cluster.client().flush().await
            };
            if !matches!(tokio::time::timeout(GONE_PATIENCE, gone).await, Ok(Ok(()))) {
                debug!("not all places in line are known to be given back");
            }
        })
    }
}

/// What takes jobs and carries them. It outlives the actor's incarnations.
#[derive(Clone)]
struct Worker {
    cluster: Cluster,
    claims: Claims,
    lines: ClaimLines,
    places: Arc<Semaphore>,
}

/// The places that a job takes here.
struct Places {
    _room: OwnedSemaphorePermit,
    _share: Option<OwnedSemaphorePermit>,
}

impl Worker {
    /// Asks for work whenever there is room, until stopped.
    async fn take(&self, batch_places: Arc<Semaphore>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.take_while_connected(&batch_places, &stop).await {
                Ok(()) => return,
                Err(error) => debug!(%error, "no work can be taken now"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn take_while_connected(
        &self,
        batch_places: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Result<(), ClusterError> {
        let interactive = self.consumer(Priority::Interactive).await?;
        let batch = self.consumer(Priority::Batch).await?;
        loop {
            let place = Arc::clone(&self.places).acquire_owned();
            let Some(Ok(place)) = stop.run_until_cancelled(place).await else {
                return Ok(());
            };
            // A request for work is never abandoned: what it brings would wait for the lease.
            let mut share = None;
            let mut work = next(&interactive, None).await?;
            if work.is_none() {
                share = Arc::clone(batch_places).try_acquire_owned().ok();
                if share.is_some() {
                    work = next(&batch, None).await?;
                }
            }
            if work.is_none() {
                share = None;
                work = next(&interactive, Some(PULL)).await?;
            }
            match work {
                Some(work) if stop.is_cancelled() => {
                    settle(&work, AckKind::Nak(None)).await;
                    return Ok(());
                }
                Some(work) => {
                    let worker = self.clone();
                    let places = Places {
                        _room: place,
                        _share: share,
                    };
                    actix::spawn(async move { worker.carry(work, places).await });
                }
                None => {}
            }
        }
    }

    /// The workers' consumer for a priority.
    async fn consumer(&self, priority: Priority) -> Result<PullConsumer, ClusterError> {
        let name = names::workers(priority);
        let found = self
            .cluster
            .work()
            .get_consumer::<pull::Config>(&name)
            .await;
        found.map_err(|error| ClusterError::unreachable("asking for work", error))
    }

    /// Tells the controller of cancellations.
    async fn hear_cancellations(&self) {
        loop {
            match self.cluster.client().subscribe(names::CANCELLATIONS).await {
                Ok(mut told) => {
                    while let Some(message) = told.next().await {
                        if let Some(held) =
                            job_of(&message.payload).and_then(|job| self.claims.get(job))
                        {
                            held.cancelled.cancel();
                        }
                    }
                }
                Err(error) => debug!(%error, "cancellations cannot be heard now"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The next job in line, if there is one within a time, or now.
async fn next(
    consumer: &PullConsumer,
    patience: Option<Duration>,
) -> Result<Option<Work>, ClusterError> {
    let failed =
        |error: &dyn std::fmt::Display| ClusterError::unreachable("asking for work", error);
    let next = async {
        let asked = match patience {
            Some(patience) => {
                let batch = consumer.batch().max_messages(1).expires(patience);
                batch.messages().await
            }
            None => consumer.fetch().max_messages(1).messages().await,
        };
        let mut brought = asked.map_err(|error| failed(&error))?;
        let next = brought.next().await.transpose();
        next.map_err(|error| failed(&error))
    };
    // A server that is lost after it was asked never answers.
    let limit = patience.unwrap_or_default() + PULL_PATIENCE;
    let answered = tokio::time::timeout(limit, next).await;
    answered.map_err(|elapsed| failed(&elapsed))?
}

fn job_of(payload: &[u8]) -> Option<JobId> {
    let text = std::str::from_utf8(payload).ok()?;
    Uuid::try_parse(text).ok().map(JobId)
}

async fn settle(work: &Work, kind: AckKind) {
    if let Err(error) = work.ack_with(kind).await {
        debug!(%error, "a place in line is settled later");
    }
}
