//! All jobs in short, followed in their bucket, so that lists, retention and webhooks ask NATS only
//! for what they hand out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::jetstream::kv::Operation;
use chat2svg_protocol::{JobId, JobView, Owner, Permit, Priority, messages::DueWebhook};
use chat2svg_store::Retention;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::{
    connection::Cluster,
    entry::Telling,
    error::ClusterError,
    jobs,
    listing::{Listing, Summary},
    names,
};

/// Between two attempts to follow the jobs.
const PAUSE: Duration = Duration::from_secs(1);
/// When nothing comes for so long, all that there was is known.
const QUIET: Duration = Duration::from_secs(2);
/// How long a list waits for the jobs to be known.
const PATIENCE: Duration = Duration::from_secs(4);
/// Jobs read at once for a list.
const READ_AT_ONCE: usize = 16;
/// A job that waited so long without a worker is put in line again, in case that its place was
/// lost.
const LINE_AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// Jobs put in line again in one round.
const MOST_AGAIN: usize = 200;
/// Jobs removed in one round.
const MOST_REMOVED: usize = 500;
/// How long a removed job's mark stays, so that every node sees it.
const MARK_KEPT: Duration = Duration::from_secs(600);
/// How long a node that took over to tell an end keeps that to itself.
const TELLING_LEASE: SignedDuration = SignedDuration::from_secs(60);

/// All jobs in short; cheap to clone.
#[derive(Clone)]
pub struct Catalogue {
    cluster: Cluster,
    state: Arc<Mutex<State>>,
    is_known: watch::Receiver<bool>,
    _following: Arc<DropGuard>,
}

#[derive(Default)]
struct State {
    listing: Listing,
    /// Admissions of jobs that came in here, until they end.
    permits: HashMap<JobId, Permit>,
    /// Marks of removed jobs, to be removed themselves.
    marks: HashMap<JobId, Instant>,
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
        let state = Arc::new(Mutex::new(State::default()));
        let stop = CancellationToken::new();
        let following = follow(cluster.clone(), Arc::clone(&state), known);
        let stopped = stop.clone();
        actix::spawn(async move { stopped.run_until_cancelled(following).await });
        Self {
            cluster,
            state,
            is_known,
            _following: Arc::new(stop.drop_guard()),
        }
    }

    /// Jobs that came in here and have not ended, and jobs under way in the cluster.
    pub fn under_way(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.permits.len(), state.listing.under_way())
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
    /// may do so at any time.
    pub(crate) async fn sweep(&self, keep: &Retention) -> Result<(), ClusterError> {
        self.known().await?;
        let now = Timestamp::now();
        let (past, waiting, marks) = {
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
            (
                state.listing.past_retention(now, keep),
                state.listing.waiting_since(now - LINE_AGAIN),
                old,
            )
        };
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
        for job in waiting.into_iter().take(MOST_AGAIN) {
            if let Some((entry, _)) = self.cluster.entry(job).await?
                && !entry.is_final()
                && entry.claim.is_none()
            {
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
async fn follow(cluster: Cluster, state: Arc<Mutex<State>>, known: watch::Sender<bool>) {
    loop {
        if let Err(error) = follow_once(&cluster, &state, &known).await {
            debug!(%error, "the jobs cannot be followed now");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn follow_once(
    cluster: &Cluster,
    state: &Mutex<State>,
    known: &watch::Sender<bool>,
) -> Result<(), ClusterError> {
    let failed =
        |error: &dyn std::fmt::Display| ClusterError::unreachable("following the jobs", error);
    let status = cluster.jobs().status().await;
    let is_empty = status.map_err(|error| failed(&error))?.values() == 0;
    let watch = cluster.jobs().watch_with_history(">").await;
    let mut watch = watch.map_err(|error| failed(&error))?;
    // What was removed while nobody looked is not told.
    lock(state).listing.clear();
    if is_empty {
        known.send_replace(true);
    }
    loop {
        let Ok(next) = tokio::time::timeout(QUIET, watch.next()).await else {
            // The last of those that there were may have been removed before it came.
            if !*known.borrow() {
                known.send_replace(true);
            }
            continue;
        };
        let Some(entry) = next else {
            return Ok(());
        };
        let entry = entry.map_err(|error| failed(&error))?;
        if let Ok(id) = Uuid::try_parse(&entry.key) {
            let job = JobId(id);
            let mut released = None;
            {
                let mut state = lock(state);
                if entry.operation == Operation::Put {
                    match jobs::read(job, &entry.value) {
                        Ok(read) => {
                            let summary = Summary::of(&read, entry.value.len());
                            if summary.is_final {
                                released = state.permits.remove(&job);
                            }
                            state.listing.set(job, summary);
                        }
                        Err(error) => warn!(%error, "a job is left out of the lists"),
                    }
                } else {
                    state.listing.remove(job);
                    state.marks.insert(job, Instant::now());
                    released = state.permits.remove(&job);
                }
            }
            // Whatever it holds may take a lock of its own.
            drop(released);
        }
        if entry.delta == 0 && !*known.borrow() {
            known.send_replace(true);
        }
    }
}
