//! The jobs that this process has claimed. Kept outside of the actors, so that it survives their
//! restarts.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use chat2svg_protocol::JobId;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::entry::JobEntry;

/// A job that this process has claimed.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) job: JobId,
    /// The fencing token: what this process writes of the job carries it.
    pub(crate) token: Uuid,
    /// The job as this process last knew it, and the revision of that; locked while it is changed.
    pub(crate) known: tokio::sync::Mutex<(JobEntry, u64)>,
    /// The end is stored.
    pub(crate) ended: CancellationToken,
    /// Another has the job, or ended it.
    pub(crate) lost: CancellationToken,
    /// The job is to be stopped.
    pub(crate) cancelled: CancellationToken,
    /// It was given back to the queue.
    pub(crate) handed_back: CancellationToken,
    /// Whether its end is on the way into the store.
    pub(crate) is_ending: AtomicBool,
}

impl Held {
    pub(crate) fn new(entry: JobEntry, revision: u64, token: Uuid) -> Self {
        Self {
            job: entry.id(),
            token,
            known: tokio::sync::Mutex::new((entry, revision)),
            ended: CancellationToken::new(),
            lost: CancellationToken::new(),
            cancelled: CancellationToken::new(),
            handed_back: CancellationToken::new(),
            is_ending: AtomicBool::new(false),
        }
    }

    /// Whether the job is this process's no more.
    pub(crate) fn is_over(&self) -> bool {
        self.ended.is_cancelled() || self.lost.is_cancelled() || self.handed_back.is_cancelled()
    }
}

/// All jobs that this process has claimed.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    held: Arc<Mutex<HashMap<JobId, Arc<Held>>>>,
    /// The jobs of calls that may cost money.
    calls: Arc<Mutex<HashMap<i64, JobId>>>,
}

impl Claims {
    pub(crate) fn add(&self, held: Arc<Held>) {
        lock(&self.held).insert(held.job, held);
    }

    /// Forgets a claim, unless there is a newer one of the same job.
    pub(crate) fn remove(&self, held: &Held) {
        let mut all = lock(&self.held);
        if all
            .get(&held.job)
            .is_some_and(|known| known.token == held.token)
        {
            all.remove(&held.job);
        }
    }

    /// Whether a claim is still known.
    pub(crate) fn has(&self, held: &Held) -> bool {
        let all = lock(&self.held);
        all.get(&held.job)
            .is_some_and(|known| known.token == held.token)
    }

    pub(crate) fn get(&self, job: JobId) -> Option<Arc<Held>> {
        lock(&self.held).get(&job).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Held>> {
        lock(&self.held).values().cloned().collect()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        lock(&self.held).len()
    }

    pub(crate) fn remember_call(&self, number: i64, job: JobId) {
        lock(&self.calls).insert(number, job);
    }

    pub(crate) fn forget_call(&self, number: i64) -> Option<JobId> {
        lock(&self.calls).remove(&number)
    }
}

/// Also after a panic: no operation leaves a map half changed.
fn lock<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}
