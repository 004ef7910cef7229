//! Taking a job on, and stopping one: what any node may do, in an order in which nothing that was
//! promised is lost.

use std::{collections::HashSet, fmt::Display};

use async_nats::jetstream::kv::CreateErrorKind;
use chat2svg_protocol::{Attachment, ClientKey, JobEventKind, JobId, JobView, Owner, Priority};
use chat2svg_store::fingerprint;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    connection::Cluster,
    entry::{JobEntry, KeptAttachment, Stopping},
    error::ClusterError,
    names,
};

/// How often a key that comes and goes is looked at.
const ATTEMPTS: u32 = 5;
/// What NATS says of a subject that has its one message.
const IN_LINE_ALREADY: &str = "maximum messages per subject";

/// What a request that is put in became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Submitted {
    /// A new job.
    New(JobId),
    /// The same request was made before; this is its job.
    Replayed(JobId),
    /// The key belongs to a different request.
    Conflict,
}

/// What is kept under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeyNote {
    job: JobId,
    fingerprint: String,
}

impl Cluster {
    /// Takes a job on: when this is answered, a quorum of the servers has it.
    ///
    /// First the key, then the files, then the job, then its place in line. Whoever dies on the way
    /// has promised nothing; with the same key the request goes on where it was. A job that is
    /// deferred is put in line by whoever sees that it has its turn.
    pub(crate) async fn submit(
        &self,
        mut view: JobView,
        attachments: &[Attachment],
        key: Option<&str>,
        client: ClientKey,
        is_deferred: bool,
    ) -> Result<Submitted, ClusterError> {
        let key = key.map(|key| key_of(&view.owner, key));
        if let Some(key) = &key {
            let print = fingerprint(&view.spec, attachments).map_err(|reason| {
                ClusterError::Unstorable {
                    job: view.id,
                    reason,
                }
            })?;
            let fingerprint = hexadecimal(&print);
            match self.take_key(key, view.id, &fingerprint).await? {
                note if note.fingerprint != fingerprint => return Ok(Submitted::Conflict),
                // Of two fronts that are given the same request at once, one makes the job.
                note => view.id = note.job,
            }
            if let Some((known, _)) = self.entry(view.id).await? {
                if known.is_waiting() && !known.is_deferred {
                    self.put_in_line(known.view.spec.options.priority, view.id)
                        .await?;
                }
                return Ok(Submitted::Replayed(view.id));
            }
        }
        let (job, priority) = (view.id, view.spec.options.priority);
        let mut kept = Vec::new();
        for (index, attachment) in attachments.iter().enumerate() {
            let name = format!("in.a{index}");
            let file = self.blobs().put(job, name, &attachment.bytes).await?;
            kept.push(KeptAttachment {
                role: attachment.role,
                file,
            });
        }
        let entry = JobEntry {
            is_deferred,
            ..JobEntry::new(view, client.0, kept, key)
        };
        let (created, _) = tokio::join!(
            self.create(&entry),
            // Before any worker can say something. Without it only a line in the list of events is
            // missing.
            self.announce(job, &JobEventKind::Queued, Uuid::now_v7())
        );
        if !created? {
            return Ok(Submitted::Replayed(job));
        }
        if !is_deferred {
            self.put_in_line(priority, job).await?;
        }
        Ok(Submitted::New(job))
    }

    /// The secret that all nodes share: what stands in the cluster already, else this one.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn shared_secret(&self, fresh: [u8; 32]) -> Result<[u8; 32], ClusterError> {
        let failed = |error: &dyn std::fmt::Display| {
            ClusterError::unreachable("sharing a secret with the other nodes", error)
        };
        let made = self.keys().create(names::SECRET, fresh.to_vec().into());
        match made.await {
            Ok(_) => return Ok(fresh),
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&error)),
        }
        let known = self.keys().get(names::SECRET).await;
        let known = known.map_err(|error| failed(&error))?.unwrap_or_default();
        <[u8; 32]>::try_from(&known[..]).map_err(|_| ClusterError::Unreadable {
            what: "the nodes' common secret".to_owned(),
            reason: format!("it has {} bytes", known.len()),
        })
    }

    /// Notes a job under a key; answers what stands there.
    async fn take_key(
        &self,
        key: &str,
        job: JobId,
        fingerprint: &str,
    ) -> Result<KeyNote, ClusterError> {
        let note = KeyNote {
            job,
            fingerprint: fingerprint.to_owned(),
        };
        let text = serde_json::to_vec(&note).map_err(|error| ClusterError::Unstorable {
            job,
            reason: error.to_string(),
        })?;
        for _ in 0..ATTEMPTS {
            match self.keys().create(key, text.clone().into()).await {
                Ok(_) => return Ok(note),
                Err(error) if error.kind() == CreateErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(ClusterError::unreachable(
                        "writing an idempotency key",
                        error,
                    ));
                }
            }
            let known = self.keys().get(key).await;
            let known = known
                .map_err(|error| ClusterError::unreachable("reading an idempotency key", error))?;
            if let Some(known) = known {
                return serde_json::from_slice(&known).map_err(|error| ClusterError::Unreadable {
                    what: "an idempotency key".to_owned(),
                    reason: error.to_string(),
                });
            }
        }
        Err(ClusterError::Contended(job))
    }

    /// Puts a job in line for a worker; one that is in line keeps its place.
    pub(crate) async fn put_in_line(
        &self,
        priority: Priority,
        job: JobId,
    ) -> Result<(), ClusterError> {
        let subject = names::work(priority, job);
        let payload = names::job_key(job).into();
        let sent = self.context().publish(subject, payload).await;
        let put = match sent {
            Ok(acknowledged) => acknowledged.await.map(|_| ()),
            Err(error) => Err(error),
        };
        match put {
            Ok(()) => Ok(()),
            Err(error) if error.to_string().contains(IN_LINE_ALREADY) => Ok(()),
            Err(error) => Err(ClusterError::unreachable("putting a job in line", error)),
        }
    }

    /// Jobs that have a place in line.
    pub(crate) async fn in_line(&self) -> Result<HashSet<JobId>, ClusterError> {
        let failed =
            |error: &dyn Display| ClusterError::unreachable("looking at who is in line", error);
        let places = self.work().info_with_subjects(names::WORK_SUBJECTS).await;
        let mut places = places.map_err(|error| failed(&error))?;
        let mut jobs = HashSet::new();
        while let Some(place) = places.next().await {
            let (subject, _) = place.map_err(|error| failed(&error))?;
            jobs.extend(names::job_of(&subject));
        }
        Ok(jobs)
    }

    /// Stops a job: at once while it waits, else by its worker.
    pub(crate) async fn stop(&self, job: JobId) -> Result<Stopping, ClusterError> {
        let now = self.clock().now();
        let (stopping, entry) = self.change(job, |entry| entry.cancel(now)).await?;
        match stopping {
            Stopping::Ended => {
                // The rest only tidies up: a worker that finds the job in line sees its end.
                let done = JobEventKind::Done {
                    state: entry.view.state,
                };
                let subject = names::work(entry.view.spec.options.priority, job);
                let (_, _, ()) = tokio::join!(
                    self.announce(job, &done, Uuid::now_v7()),
                    self.work().purge().filter(subject).into_future(),
                    self.tidy(&entry),
                );
            }
            Stopping::Asked => {
                let told = self
                    .client()
                    .publish(names::CANCELLATIONS, names::job_key(job).into())
                    .await;
                told.map_err(|error| ClusterError::unreachable("stopping a job", error))?;
            }
            Stopping::AlreadyFinal => {}
        }
        Ok(stopping)
    }

    /// Forgets a job and all that is kept of it; answers whether there was one.
    pub(crate) async fn forget(&self, job: JobId) -> Result<bool, ClusterError> {
        let Some((entry, _)) = self.entry(job).await? else {
            return Ok(false);
        };
        let failed = |error| ClusterError::unreachable("removing a job", error);
        // The key goes last: while it stands, the same request is not made a second time.
        self.jobs()
            .purge(names::job_key(job))
            .await
            .map_err(failed)?;
        self.blobs().remove(names::blobs(job)).await?;
        if let Some(key) = &entry.key {
            self.erase(self.keys(), key).await?;
        }
        let events = self.events().purge().filter(names::events(job)).await;
        events.map_err(|error| ClusterError::unreachable("removing events", error))?;
        Ok(true)
    }
}

/// Where an owner's idempotency key is kept.
fn key_of(owner: &Owner, key: &str) -> String {
    let mut digest = Sha256::new();
    // No owner's name has this byte.
    digest.update(owner.as_str().as_bytes());
    digest.update([0]);
    digest.update(key.as_bytes());
    hexadecimal(&digest.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
