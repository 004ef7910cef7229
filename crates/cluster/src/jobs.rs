//! Jobs in their bucket: read by the leader, changed against the revision that was read.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{context::PublishErrorKind, kv::Operation, message::PublishMessage};
use chat2svg_protocol::JobId;
use tokio::time::Instant;

use crate::{
    connection::Cluster,
    entry::{JobEntry, Refused},
    error::ClusterError,
    listing::Summary,
    names,
    ownership::Held,
};

/// How often a change is tried when others change the same job at once.
const ATTEMPTS: u32 = 32;

/// How long a job is asked for. One request more may be under way then.
const READ_PATIENCE: Duration = Duration::from_secs(2);
/// Between two of these requests.
const READ_PAUSE: Duration = Duration::from_millis(200);

impl Cluster {
    /// A job and its revision. While leaders are elected it is asked for again.
    pub(crate) async fn entry(&self, job: JobId) -> Result<Option<(JobEntry, u64)>, ClusterError> {
        let give_up = Instant::now() + READ_PATIENCE;
        loop {
            match self.entry_now(job).await {
                Err(ClusterError::Unreachable { .. })
                    if self.is_connected() && Instant::now() < give_up => {}
                read => return read,
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
    }

    async fn entry_now(&self, job: JobId) -> Result<Option<(JobEntry, u64)>, ClusterError> {
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

    /// Writes a job that there was not; answers whether there was one.
    pub(crate) async fn create(&self, entry: &JobEntry) -> Result<bool, ClusterError> {
        if self.write(entry, 0).await?.is_some() {
            return Ok(true);
        }
        let key = names::job_key(entry.id());
        let found = self.jobs().entry(key).await;
        match found.map_err(|error| ClusterError::unreachable("reading a job", error))? {
            // The mark of one that was removed.
            Some(mark) if mark.operation != Operation::Put => {
                Ok(self.write(entry, mark.revision).await?.is_some())
            }
            _ => Ok(false),
        }
    }

    /// Writes a job against a revision; answers the new one, or nothing when it was not the last.
    pub(crate) async fn write(
        &self,
        entry: &JobEntry,
        revision: u64,
    ) -> Result<Option<u64>, ClusterError> {
        let unstorable = |error: serde_json::Error| ClusterError::Unstorable {
            job: entry.id(),
            reason: error.to_string(),
        };
        let text = serde_json::to_vec(entry).map_err(unstorable)?;
        let summary = Summary::of(entry, text.len());
        let message = PublishMessage::build()
            .header(
                names::SUMMARY,
                serde_json::to_string(&summary).map_err(unstorable)?,
            )
            .expected_last_subject_sequence(revision)
            .payload(text.into());
        let subject = names::subject_of(names::JOBS, &names::job_key(entry.id()));
        let written = match self.context().send_publish(subject, message).await {
            Ok(acknowledged) => acknowledged.await,
            Err(error) => Err(error),
        };
        match written {
            Ok(acknowledged) => Ok(Some(acknowledged.sequence)),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(None),
            Err(error) => Err(ClusterError::unreachable("writing a job", error)),
        }
    }
}

/// A job as it was written down.
pub(crate) fn read(job: JobId, text: &[u8]) -> Result<JobEntry, ClusterError> {
    serde_json::from_slice(text).map_err(|error| ClusterError::Unreadable {
        what: format!("job {job}"),
        reason: error.to_string(),
    })
}
