//! Takes jobs from the queue while this node has room, and carries each to its end.
//!
//! A job that is taken is held by progress acknowledgements of its place in line. Without them the
//! place goes to another worker after the lease; this one's claim is void from then on, and what it
//! still writes is refused.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix::prelude::*;
use async_nats::jetstream::{
    AckKind, Message as Work,
    consumer::{PullConsumer, pull},
};
use chat2svg_protocol::{
    ClientKey, JobEvent, JobEventKind, JobId, JobState, Priority,
    messages::{Cancel, JobQuery, LetGo, LetGoWaiting, Subscribe, Subscription, TakeUp},
};
use chat2svg_supervision::{Line, answers_polls};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast::error::RecvError};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::{
    connection::Cluster,
    entry::{Claim, JobEntry, Refused},
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
/// Place in line of a job that nobody knows: after so many offers it is dropped. Its front may
/// still be writing it.
const MOST_OFFERS: i64 = 30;
/// Between two looks how far a job is.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks whether jobs that are given back are gone.
const GONE_PAUSE: Duration = Duration::from_millis(5);
/// How long that may take.
const GONE_PATIENCE: Duration = Duration::from_secs(2);
/// Between two attempts to hear of a job from a controller that was started anew.
const LISTEN_PAUSE: Duration = Duration::from_millis(250);

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

    /// Carries one job to its end.
    async fn carry(&self, work: Work, _places: Places) {
        let Some(job) = job_of(&work.payload) else {
            warn!("something in the queue is no job; it is dropped");
            settle(&work, AckKind::Term).await;
            return;
        };
        let held = match self.claim(job, &work).await {
            Ok(Some(held)) => held,
            Ok(None) => return,
            Err(error) => {
                warn!(%job, %error, "a job could not be taken; it is offered again");
                settle(&work, AckKind::Nak(Some(AGAIN))).await;
                return;
            }
        };
        self.claims.add(Arc::clone(&held));
        if let Err(error) = self.hand_over(&held).await {
            warn!(%job, %error, "a job could not be handed over; it is given back");
            self.hand_back(&held).await;
        } else {
            let (worker, listened) = (self.clone(), Arc::clone(&held));
            actix::spawn(async move { worker.forward(&listened).await });
        }
        self.hold(&held, &work).await;
        self.claims.remove(&held);
    }

    /// Makes a job this process's own; `None` when there is nothing to do for it.
    async fn claim(&self, job: JobId, work: &Work) -> Result<Option<Arc<Held>>, ClusterError> {
        let token = Uuid::now_v7();
        let claim = Claim {
            node: self.cluster.node().to_owned(),
            token,
        };
        loop {
            let Some((mut entry, revision)) = self.cluster.entry(job).await? else {
                let offers = work.info().map_or(MOST_OFFERS, |info| info.delivered);
                let kind = if offers >= MOST_OFFERS {
                    warn!(%job, "a job in the queue is unknown; it is dropped");
                    AckKind::Term
                } else {
                    AckKind::Nak(Some(AGAIN))
                };
                settle(work, kind).await;
                return Ok(None);
            };
            match entry.take(claim.clone()) {
                Ok(()) => {}
                Err(Refused::Ended | Refused::NotHeld) => {
                    // Whoever ended it may not have come to say so.
                    let done = JobEventKind::Done {
                        state: entry.view.state,
                    };
                    self.cluster.announce(job, &done).await?;
                    settle(work, AckKind::Ack).await;
                    return Ok(None);
                }
            }
            if let Some(revision) = self.cluster.write(&entry, revision).await? {
                let held = Held::new(entry, revision, token);
                return Ok(Some(Arc::new(held)));
            }
        }
    }

    /// Hands a job over to the controller.
    async fn hand_over(&self, held: &Held) -> Result<(), ClusterError> {
        let entry: JobEntry = held.known.lock().await.0.clone();
        let (unfinished, attachments) = tokio::try_join!(
            self.cluster.unfinished(&entry),
            self.cluster.attachments(&entry)
        )?;
        if entry.is_cancelled {
            held.cancelled.cancel();
        }
        let message = TakeUp {
            unfinished,
            attachments,
            client: ClientKey(entry.client),
        };
        let refused = |reason: String| ClusterError::Unreachable {
            what: "handing a job to the controller",
            reason,
        };
        match self.lines.take_up.ask(message, PATIENCE).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused("it takes no jobs".to_owned())),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    /// Keeps a job's place in line until its end is stored, it is lost, or it is given back.
    async fn hold(&self, held: &Arc<Held>, work: &Work) {
        let job = held.job;
        let mut ticks = tokio::time::interval(self.cluster.config().lease() / 3);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_told = false;
        loop {
            tokio::select! {
                () = held.ended.cancelled() => {
                    // A place that is not given up is offered again, and given up then.
                    if let Err(error) = work.double_ack().await {
                        debug!(%job, %error, "the job's place in line is given up later");
                    }
                    return;
                }
                () = held.lost.cancelled() => {
                    info!(%job, "the job belongs to another node by now");
                    let _ = self.lines.let_go.ask(LetGo { job }, PATIENCE).await;
                    return;
                }
                () = held.handed_back.cancelled() => {
                    settle(work, AckKind::Nak(None)).await;
                    return;
                }
                () = held.cancelled.cancelled(), if !is_told => {
                    is_told = true;
                    if let Err(error) = self.lines.cancel.ask(Cancel { job }, PATIENCE).await {
                        warn!(%job, %error, "a job could not be stopped");
                    }
                }
                _ = looks.tick() => self.show(held).await,
                _ = ticks.tick() => {
                    if let Err(error) = work.ack_with(AckKind::Progress).await {
                        debug!(%job, %error, "the job's place in line could not be kept");
                    }
                }
            }
        }
    }

    /// Writes down how far a running job is, for those who look at it.
    async fn show(&self, held: &Arc<Held>) {
        let asked = self.lines.job.ask(JobQuery { job: held.job }, LOOK);
        let Ok(Ok(Some(view))) = asked.await else {
            return;
        };
        if view.state != JobState::Running || held.is_ending.load(Ordering::Acquire) {
            return;
        }
        let is_shown = {
            let known = held.known.lock().await;
            let shown = &known.0.view;
            shown.state == view.state
                && shown.stage == view.stage
                && shown.progress.to_bits() == view.progress.to_bits()
        };
        if is_shown {
            return;
        }
        let change = |entry: &mut JobEntry| entry.update(held.token, view.clone());
        if let Err(error) = self.cluster.change_held(held, change).await {
            debug!(job = %held.job, %error, "how far the job is cannot be shown");
        }
    }

    /// Gives a job back to the queue.
    async fn hand_back(&self, held: &Arc<Held>) {
        if held.is_over() {
            return;
        }
        let change = |entry: &mut JobEntry| entry.hand_back(held.token);
        match self.cluster.change_held(held, change).await {
            Ok(()) => info!(job = %held.job, "job given back to the queue"),
            Err(error) => debug!(job = %held.job, %error, "a job is not given back in form"),
        }
        held.handed_back.cancel();
    }

    /// Tells the cluster what the controller says of a job.
    async fn forward(&self, held: &Held) {
        let job = held.job;
        let mut last = 0;
        while !held.lost.is_cancelled() && !held.handed_back.is_cancelled() {
            let subscribe = Subscribe { job, after: last };
            let asked = self.lines.subscribe.ask(subscribe, PATIENCE).await;
            if let Ok(Some(subscription)) = asked
                && self.forward_from(held, subscription, &mut last).await
            {
                return;
            }
            if held.ended.is_cancelled() {
                break;
            }
            tokio::time::sleep(LISTEN_PAUSE).await;
        }
        if held.ended.is_cancelled() {
            // The controller has forgotten it: what is stored says how it ended.
            let state = match self.cluster.entry(job).await {
                Ok(Some((entry, _))) if entry.is_final() => entry.view.state,
                _ => return,
            };
            self.tell(job, &JobEventKind::Done { state }).await;
        }
    }

    /// Tells the events of one subscription; answers whether the last was among them.
    async fn forward_from(
        &self,
        held: &Held,
        mut subscription: Subscription,
        last: &mut u64,
    ) -> bool {
        for event in std::mem::take(&mut subscription.past) {
            if self.forward_one(held, event, last).await {
                return true;
            }
        }
        loop {
            let event = tokio::select! {
                () = held.lost.cancelled() => return true,
                () = held.handed_back.cancelled() => return true,
                event = subscription.coming.recv() => event,
            };
            match event {
                Ok(event) => {
                    if self.forward_one(held, event, last).await {
                        return true;
                    }
                }
                Err(RecvError::Lagged(_)) => return false,
                Err(RecvError::Closed) => {
                    // Of an incarnation that was lost; the next numbers anew.
                    *last = 0;
                    return false;
                }
            }
        }
    }

    async fn forward_one(&self, held: &Held, event: JobEvent, last: &mut u64) -> bool {
        *last = event.sequence;
        match event.kind {
            // The front has said so.
            JobEventKind::Queued => false,
            JobEventKind::Done { .. } => {
                // Only what is stored is over.
                tokio::select! {
                    () = held.ended.cancelled() => self.tell(held.job, &event.kind).await,
                    () = held.lost.cancelled() => {}
                    () = held.handed_back.cancelled() => {}
                }
                true
            }
            kind => {
                self.tell(held.job, &kind).await;
                false
            }
        }
    }

    async fn tell(&self, job: JobId, kind: &JobEventKind) {
        if let Err(error) = self.cluster.announce(job, kind).await {
            debug!(%job, %error, "an event is not told");
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
