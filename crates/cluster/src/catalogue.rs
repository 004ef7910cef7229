//! All jobs in short, followed in their bucket, so that lists, retention and webhooks ask NATS only
//! for what they hand out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::{
    HeaderMap,
    jetstream::consumer::{DeliverPolicy, push::OrderedConfig},
};
use chat2svg_protocol::{JobId, JobView, Owner, Permit, Priority, messages::DueWebhook};
use chat2svg_store::Retention;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};

use crate::{
    connection::Cluster,
    entry::Telling,
    error::ClusterError,
    listing::{Listing, Summary},
    names,
    turns::{self, Caller, Turns},
};

/// Between two attempts to follow the jobs.
const PAUSE: Duration = Duration::from_secs(1);
/// When nothing comes for so long, all that there was is known.
const QUIET: Duration = Duration::from_secs(2);
/// Between two looks whether the servers still have what they said, while they say nothing.
const LOOK: Duration = Duration::from_secs(10);
/// How long a list waits for the jobs to be known.
const PATIENCE: Duration = Duration::from_secs(4);
/// Jobs read at once for a list.
const READ_AT_ONCE: usize = 16;
/// A job of which nothing was heard for so long is put in line again when it has no place there;
/// whoever took it on puts it in line sooner.
const LINE_AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// When the servers must have written the end of a job to their disks. They do so every two
/// minutes.
const SETTLED: SignedDuration = SignedDuration::from_secs(300);
/// Jobs settled in one round.
const MOST_SETTLED: usize = 200;
/// Jobs put in line again in one round.
const MOST_AGAIN: usize = 200;
/// Jobs put in line at once.
const PLACED_AT_ONCE: usize = 32;
/// Jobs removed in one round.
const MOST_REMOVED: usize = 500;
/// How long a removed job's mark stays, so that every node sees it.
const MARK_KEPT: Duration = Duration::from_secs(600);
/// What the mark of a removed job has in its head.
const KV_OPERATION: &str = "KV-Operation";
/// What the head of a message has its size under, where only the head is sent.
const SIZE: &str = "Nats-Msg-Size";
/// How long a node that took over to tell an end keeps that to itself.
const TELLING_LEASE: SignedDuration = SignedDuration::from_secs(60);

/// All jobs in short; cheap to clone.
#[derive(Clone)]
pub struct Catalogue {
    cluster: Cluster,
    state: Arc<Mutex<State>>,
    is_known: watch::Receiver<bool>,
    due: mpsc::UnboundedSender<Due>,
    _following: Arc<DropGuard>,
}

/// A job that is to be put in line.
type Due = (Priority, JobId);

#[derive(Default)]
struct State {
    listing: Listing,
    turns: Turns,
    /// The nodes that there are, and this one.
    nodes: Vec<String>,
    node: String,
    /// Workers among them.
    workers: usize,
    /// Admissions of jobs that came in here, until they end.
    permits: HashMap<JobId, Permit>,
    /// Marks of removed jobs, to be removed themselves.
    marks: HashMap<JobId, Instant>,
}

impl State {
    fn depth(&self) -> usize {
        turns::depth(self.workers)
    }

    /// Whether this node looks after a caller's jobs.
    fn is_responsible(&self, caller: Caller) -> bool {
        let responsible = turns::node_of(caller, &self.nodes);
        responsible.is_none_or(|node| node == self.node)
    }

    /// Jobs of a caller that this node has to put in line now.
    fn due(&mut self, caller: Caller) -> Vec<JobId> {
        if !self.is_responsible(caller) {
            return Vec::new();
        }
        let depth = self.depth();
        self.turns.due(caller, depth)
    }
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Catalogue").finish_non_exhaustive()
    }
}

impl Catalogue {
    /// Follows the jobs of a cluster. To be called in an actix system.
    pub fn follow(cluster: Cluster) -> Self {
        let (known, is_known) = watch::channel(false);
        let state = Arc::new(Mutex::new(State {
            node: cluster.node().to_owned(),
            ..State::default()
        }));
        let (due, coming) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let following = follow(cluster.clone(), Arc::clone(&state), known, due.clone());
        let placing = place(cluster.clone(), Arc::clone(&state), coming);
        let stopped = stop.clone();
        actix::spawn(async move {
            let both = async { tokio::join!(following, placing) };
            stopped.run_until_cancelled(both).await;
        });
        Self {
            cluster,
            state,
            is_known,
            due,
            _following: Arc::new(stop.drop_guard()),
        }
    }

    /// Jobs that came in here and have not ended, and jobs under way in the cluster.
    pub fn under_way(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.permits.len(), state.listing.under_way())
    }

    /// Notes which nodes there are, and puts in line what has its turn by that.
    pub(crate) fn set_nodes(&self, nodes: Vec<String>, workers: usize) {
        let mut state = lock(&self.state);
        (state.nodes, state.workers) = (nodes, workers);
        for caller in state.turns.callers() {
            for job in state.due(caller) {
                // Without a receiver the process is about to end.
                let _ = self.due.send((caller.0, job));
            }
        }
    }

    /// Whether a job has not ended; `None` when it is not known.
    pub(crate) fn is_under_way(&self, job: JobId) -> Option<bool> {
        let state = lock(&self.state);
        state.listing.get(job).map(|known| !known.is_final)
    }

    /// Whether one more job of a caller goes into line at once. Otherwise it has its turn when some
    /// of those before it have been taken.
    pub(crate) fn has_turn(&self, caller: Caller) -> bool {
        let state = lock(&self.state);
        state.turns.has_turn(caller, state.depth())
    }

    /// Holds a job's admission until it ends.
    pub(crate) fn hold(&self, job: JobId, permit: Permit) {
        let mut state = lock(&self.state);
        if state.listing.get(job).is_none_or(|known| !known.is_final) {
            state.permits.insert(job, permit);
        }
    }

    /// Jobs, newest first.
    pub(crate) async fn list(
        &self,
        limit: u32,
        before: Option<JobId>,
        owner: Option<&Owner>,
    ) -> Result<Vec<JobView>, ClusterError> {
        self.known().await?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut before = before;
        let mut views = Vec::new();
        while views.len() < wanted {
            let ids: Vec<JobId> = {
                let state = lock(&self.state);
                let newest = state.listing.newest(before, owner);
                newest.take(wanted - views.len()).collect()
            };
            let Some(last) = ids.last() else {
                break;
            };
            before = Some(*last);
            let found: Vec<_> = stream::iter(ids)
                .map(|job| self.cluster.entry(job))
                .buffered(READ_AT_ONCE)
                .collect()
                .await;
            for entry in found {
                match entry {
                    Ok(Some((entry, _))) => views.push(entry.view),
                    // It was removed meanwhile.
                    Ok(None) => {}
                    Err(error @ ClusterError::Unreadable { .. }) => {
                        warn!(%error, "a job is left out of a list");
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(views)
    }

    /// Ends that are to be told now, taken over by this node for a while.
    pub(crate) async fn due_webhooks(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueWebhook>, ClusterError> {
        self.known().await?;
        let now = self.cluster.clock().to_servers(now);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let due = lock(&self.state).listing.due(now, limit);
        let lease = now.checked_add(TELLING_LEASE).unwrap_or(Timestamp::MAX);
        let mut taken = Vec::new();
        for job in due {
            let take = |entry: &mut crate::entry::JobEntry| {
                let telling = entry.telling.filter(|telling| telling.due_at <= now)?;
                entry.telling = Some(Telling {
                    due_at: lease,
                    ..telling
                });
                Some(telling.attempts)
            };
            match self.cluster.change(job, take).await {
                Ok((Some(attempts), entry)) => {
                    if let Some(url) = entry.view.spec.options.webhook.clone() {
                        taken.push(DueWebhook {
                            view: entry.view,
                            url,
                            attempts,
                        });
                    }
                }
                // Another node tells it.
                Ok((None, _)) | Err(ClusterError::Unknown(_) | ClusterError::Contended(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// Forgets what is past its retention, and puts in line again what lost its place. Every node
    /// may do so at any time; each looks after some callers' jobs.
    pub(crate) async fn sweep(&self, keep: &Retention) -> Result<(), ClusterError> {
        self.known().await?;
        let now = self.cluster.clock().now();
        let (past, unheard, ended, marks) = {
            let mut state = lock(&self.state);
            let old: Vec<JobId> = state
                .marks
                .iter()
                .filter(|(_, since)| since.elapsed() > MARK_KEPT)
                .map(|(job, _)| *job)
                .collect();
            for job in &old {
                state.marks.remove(job);
            }
            let depth = state.depth();
            let is_own = |job: &JobId| {
                let known = state.listing.get(*job);
                known.is_some_and(|known| state.is_responsible(known.caller()))
            };
            let mut unheard = state.listing.unheard_since(now - LINE_AGAIN);
            unheard.retain(|job| is_own(job) && state.turns.should_be_in_line(*job, depth));
            let mut ended = state.listing.settling_since(now - SETTLED);
            ended.retain(is_own);
            (state.listing.past_retention(now, keep), unheard, ended, old)
        };
        self.line_up_again(unheard).await?;
        let count = past.len().min(MOST_REMOVED);
        for job in past.into_iter().take(count) {
            self.cluster.forget(job).await?;
        }
        if count > 0 {
            info!(count, "jobs past their retention were removed");
        }
        for job in marks {
            let key = names::job_key(job);
            self.cluster.erase(self.cluster.jobs(), &key).await?;
        }
        for job in ended.into_iter().take(MOST_SETTLED) {
            match self.cluster.settle(job).await {
                Err(error @ ClusterError::Unreadable { .. }) => {
                    warn!(%job, %error, "a job keeps its files");
                }
                settled => settled?,
            }
        }
        Ok(())
    }

    /// Puts in line again what lost its place there.
    async fn line_up_again(&self, unheard: Vec<JobId>) -> Result<(), ClusterError> {
        if unheard.is_empty() {
            return Ok(());
        }
        let in_line = self.cluster.in_line().await?;
        let lost = unheard.into_iter().filter(|job| !in_line.contains(job));
        for job in lost.take(MOST_AGAIN) {
            if let Some((entry, _)) = self.cluster.entry(job).await?
                && !entry.is_final()
            {
                warn!(%job, "a job has lost its place in line; it gets another");
                let priority: Priority = entry.view.spec.options.priority;
                self.cluster.put_in_line(priority, job).await?;
            }
        }
        Ok(())
    }

    /// Waits until the jobs that there were at the start are known.
    async fn known(&self) -> Result<(), ClusterError> {
        let mut is_known = self.is_known.clone();
        let known = is_known.wait_for(|known| *known);
        match tokio::time::timeout(PATIENCE, known).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(ClusterError::Unreachable {
                what: "following the jobs",
                reason: "they are not known yet".to_owned(),
            }),
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the state up to date, for ever.
async fn follow(
    cluster: Cluster,
    state: Arc<Mutex<State>>,
    known: watch::Sender<bool>,
    due: mpsc::UnboundedSender<Due>,
) {
    loop {
        if let Err(error) = follow_once(&cluster, &state, &known, &due).await {
            debug!(%error, "the jobs cannot be followed now");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn follow_once(
    cluster: &Cluster,
    state: &Mutex<State>,
    known: &watch::Sender<bool>,
    due: &mpsc::UnboundedSender<Due>,
) -> Result<(), ClusterError> {
    let failed =
        |error: &dyn std::fmt::Display| ClusterError::unreachable("following the jobs", error);
    let status = cluster.jobs().status().await;
    let is_empty = status.map_err(|error| failed(&error))?.values() == 0;
    let heads = OrderedConfig {
        deliver_subject: cluster.client().new_inbox(),
        filter_subject: names::subject_of(names::JOBS, ">"),
        deliver_policy: DeliverPolicy::LastPerSubject,
        headers_only: true,
        ..Default::default()
    };
    let follower = cluster.jobs().stream.create_consumer(heads).await;
    let follower = follower.map_err(|error| failed(&error))?;
    let coming = follower.messages().await;
    let mut coming = coming.map_err(|error| failed(&error))?;
    // What was removed while nobody looked is not told.
    {
        let mut state = lock(state);
        state.listing.clear();
        state.turns.clear();
    }
    if is_empty {
        known.send_replace(true);
    }
    let (mut seen, mut looked) = (0, Instant::now());
    // What was the last at the look before, and what must have been seen at the next.
    let (mut published, mut expected) = (None::<u64>, 0);
    loop {
        let Ok(next) = tokio::time::timeout(QUIET, coming.next()).await else {
            // The last of those that there were may have been removed before it came.
            if !*known.borrow() {
                known.send_replace(true);
            }
            if looked.elapsed() > LOOK {
                looked = Instant::now();
                let stream = cluster.jobs().stream.get_info().await;
                let last = stream.map_err(|error| failed(&error))?.state.last_sequence;
                // The servers have lost what they said last, or the consumer was made anew on one
                // that is gone.
                if last < seen || seen < expected {
                    info!("what is told of jobs breaks off: they are followed anew");
                    return Ok(());
                }
                if published.is_some_and(|before| before < last) {
                    expected = last;
                }
                published = Some(last);
            }
            continue;
        };
        let Some(message) = next else {
            return Ok(());
        };
        let message = message.map_err(|error| failed(&error))?;
        let head = message.headers.as_ref();
        if let Some(job) = names::job_of(&message.subject) {
            if head.is_some_and(|head| head.get(KV_OPERATION).is_some()) {
                note(state, due, job, None);
            } else if let Some(summary) = summary(cluster, job, head).await? {
                note(state, due, job, Some(summary));
            }
        }
        let info = message.info().map_err(|error| failed(&error))?;
        seen = info.stream_sequence;
        if info.pending == 0 && !*known.borrow() {
            known.send_replace(true);
        }
    }
}

/// A job in short, as a message's head has it; `None` when it cannot be read, or is gone by now.
async fn summary(
    cluster: &Cluster,
    job: JobId,
    head: Option<&HeaderMap>,
) -> Result<Option<Summary>, ClusterError> {
    let value = |name: &str| head.and_then(|head| head.get(name));
    if let Some(summary) = value(names::SUMMARY)
        && let Ok(summary) = serde_json::from_str(summary.as_str())
    {
        return Ok(Some(summary));
    }
    // Written by another version.
    match cluster.entry(job).await {
        Ok(found) => {
            let bytes = value(SIZE).and_then(|size| size.as_str().parse().ok());
            Ok(found.map(|(entry, _)| Summary::of(&entry, bytes.unwrap_or(0))))
        }
        Err(error @ ClusterError::Unreadable { .. }) => {
            warn!(%error, "a job is left out of the lists");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Notes how a job stands; `None` when it was removed.
fn note(
    state: &Mutex<State>,
    due: &mpsc::UnboundedSender<Due>,
    job: JobId,
    summary: Option<Summary>,
) {
    let mut released = None;
    {
        let mut state = lock(state);
        match summary {
            Some(summary) => {
                let caller = if summary.is_waiting {
                    let caller = summary.caller();
                    state.turns.wait(job, caller, !summary.is_deferred);
                    Some(caller)
                } else {
                    state.turns.leave(job)
                };
                if let Some(caller) = caller {
                    for next in state.due(caller) {
                        // Without a receiver the process is about to end.
                        let _ = due.send((caller.0, next));
                    }
                }
                if summary.is_final {
                    released = state.permits.remove(&job);
                }
                state.listing.set(job, summary);
            }
            None => {
                state.listing.remove(job);
                state.turns.leave(job);
                state.marks.insert(job, Instant::now());
                released = state.permits.remove(&job);
            }
        }
    }
    // Whatever it holds may take a lock of its own.
    drop(released);
}

/// Puts jobs in line as they have their turn, for ever.
async fn place(
    cluster: Cluster,
    state: Arc<Mutex<State>>,
    mut coming: mpsc::UnboundedReceiver<Due>,
) {
    let due = stream::poll_fn(move |context| coming.poll_recv(context));
    let placed = due.for_each_concurrent(PLACED_AT_ONCE, |(priority, job)| {
        let (cluster, state) = (cluster.clone(), Arc::clone(&state));
        async move {
            if let Err(error) = cluster.put_in_line(priority, job).await {
                debug!(%job, %error, "a job is put in line later");
                lock(&state).turns.lose_place(job);
            }
        }
    });
    placed.await;
}
