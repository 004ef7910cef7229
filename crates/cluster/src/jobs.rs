//! Jobs in their bucket: read by the leader, changed against the revision that was read.

use std::sync::Arc;

use async_nats::jetstream::kv::{Operation, UpdateErrorKind};
use bytes::Bytes;
use chat2svg_protocol::JobId;

use crate::{
    connection::Cluster,
    entry::{JobEntry, Refused},
    error::ClusterError,
    names,
    ownership::Held,
};

/// How often a change is tried when others change the same job at once.
const ATTEMPTS: u32 = 32;

impl Cluster {
    /// A job and its revision.
    pub(crate) async fn entry(&self, job: JobId) -> Result<Option<(JobEntry, u64)>, ClusterError> {
        let found = self.jobs().entry(names::job_key(job)).await;
        let found = found.map_err(|error| ClusterError::unreachable("reading a job", error))?;
        found
            .filter(|entry| entry.operation == Operation::Put)
            .map(|entry| Ok((read(job, &entry.value)?, entry.revision)))
            .transpose()
    }

    /// Changes a job, whoever has it. A change that is refused writes nothing.
    pub(crate) async fn change<T>(
        &self,
        job: JobId,
        mut change: impl FnMut(&mut JobEntry) -> T,
    ) -> Result<(T, JobEntry), ClusterError> {
        for _ in 0..ATTEMPTS {
            let (mut entry, revision) = self.entry(job).await?.ok_or(ClusterError::Unknown(job))?;
            let before = entry.clone();
            let outcome = change(&mut entry);
            if entry == before || self.write(&entry, revision).await?.is_some() {
                return Ok((outcome, entry));
            }
        }
        Err(ClusterError::Contended(job))
    }

    /// Changes a job that this process has claimed. When the claim turns out to be lost, or the job
    /// to have ended, all who work for it are told.
    pub(crate) async fn change_held(
        &self,
        held: &Arc<Held>,
        mut change: impl FnMut(&mut JobEntry) -> Result<(), Refused>,
    ) -> Result<(), ClusterError> {
        let mut known = held.known.lock().await;
        for _ in 0..ATTEMPTS {
            let mut entry = known.0.clone();
            match change(&mut entry) {
                Ok(()) => {}
                Err(Refused::Ended) => {
                    held.ended.cancel();
                    return Err(ClusterError::Fenced(held.job));
                }
                Err(Refused::NotHeld) => {
                    held.lost.cancel();
                    return Err(ClusterError::Fenced(held.job));
                }
            }
            if let Some(revision) = self.write(&entry, known.1).await? {
                *known = (entry, revision);
                return Ok(());
            }
            match self.entry(held.job).await? {
                Some(newer) => *known = newer,
                None => {
                    held.lost.cancel();
                    return Err(ClusterError::Fenced(held.job));
                }
            }
            if known.0.is_cancelled {
                held.cancelled.cancel();
            }
        }
        Err(ClusterError::Contended(held.job))
    }

    /// Writes a job against a revision; answers the new one, or nothing when it was not the last.
    pub(crate) async fn write(
        &self,
        entry: &JobEntry,
        revision: u64,
    ) -> Result<Option<u64>, ClusterError> {
        let key = names::job_key(entry.id());
        match self.jobs().update(key, text(entry)?, revision).await {
            Ok(revision) => Ok(Some(revision)),
            Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(None),
            Err(error) => Err(ClusterError::unreachable("writing a job", error)),
        }
    }
}

/// A job as it is written down.
pub(crate) fn text(entry: &JobEntry) -> Result<Bytes, ClusterError> {
    let text = serde_json::to_vec(entry).map_err(|error| ClusterError::Unstorable {
        job: entry.id(),
        reason: error.to_string(),
    })?;
    Ok(text.into())
}

/// A job as it was written down.
pub(crate) fn read(job: JobId, text: &[u8]) -> Result<JobEntry, ClusterError> {
    serde_json::from_slice(text).map_err(|error| ClusterError::Unreadable {
        what: format!("job {job}"),
        reason: error.to_string(),
    })
}
