//! What happens to a job, on a subject of its own. An event's number is its place in the stream, so
//! that any front goes on where another was.

use std::time::Duration;

use async_nats::jetstream::{message::PublishMessage, stream::LastRawMessageErrorKind};
use chat2svg_protocol::{JobEvent, JobEventKind, JobId, JobState, messages::Subscription};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::broadcast;
use tracing::{debug, warn};
use uuid::Uuid;

use crate::{connection::Cluster, error::ClusterError, names};

/// Events that wait for a listener at most.
const LAG: usize = 128;
/// Between two looks whether a slow listener has read on.
const SLOW_READER: Duration = Duration::from_millis(5);
/// How long the stream may take for what was told; each further look is later.
const SOON: Duration = Duration::from_millis(10);
/// Between two looks whether anybody still listens, and whether the job has ended unheard.
const LOOK: Duration = Duration::from_secs(2);
/// Between two attempts to follow a job's events.
const PAUSE: Duration = Duration::from_millis(250);
/// How long the last event of a job that has ended may take before its end is told without it.
const END_PATIENCE: Duration = Duration::from_millis(500);
/// The number of an end that is told without the stream: above all numbers that the stream gives,
/// so that whoever asks again with it is told nothing twice, and exact as a JSON number.
const END: u64 = (1 << 53) - 1;
/// What an event may be short of the largest message, for its head.
const HEAD: usize = 4 << 10;

impl Cluster {
    /// Tells what happened to a job. The first and the last event are told once, however often and
    /// by whomever, and the others once for each `number`.
    pub(crate) async fn announce(
        &self,
        job: JobId,
        kind: &JobEventKind,
        number: Uuid,
    ) -> Result<(), ClusterError> {
        let payload = serde_json::to_vec(kind).map_err(|error| ClusterError::Unstorable {
            job,
            reason: error.to_string(),
        })?;
        if payload.len() + HEAD > self.client().max_payload() {
            debug!(%job, bytes = payload.len(), "an event is too large to be told; it is left out");
            return Ok(());
        }
        let id = match kind {
            JobEventKind::Queued => format!("{job}-queued"),
            JobEventKind::Done { .. } => format!("{job}-done"),
            _ => number.to_string(),
        };
        let message = PublishMessage::build()
            .payload(payload.into())
            .message_id(id);
        let failed = |error| ClusterError::unreachable("telling what happened to a job", error);
        let sent = self
            .context()
            .send_publish(names::events(job), message)
            .await;
        sent.map_err(failed)?.await.map(|_| ()).map_err(failed)
    }

    /// The last event of a job that is kept.
    async fn last_event(&self, job: JobId) -> Result<Option<JobEvent>, ClusterError> {
        let found = self
            .events()
            .get_last_raw_message_by_subject(&names::events(job))
            .await;
        match found {
            Ok(message) => Ok(event(job, message.sequence, &message.payload)),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(ClusterError::unreachable("reading events", error)),
        }
    }

    /// Past and coming events of a job after a number; `None` when there is no such job.
    pub(crate) async fn subscribe(
        &self,
        job: JobId,
        after: u64,
    ) -> Result<Option<Subscription>, ClusterError> {
        let Some((entry, _)) = self.entry(job).await? else {
            return Ok(None);
        };
        if entry.is_final() {
            let past = match self.last_event(job).await? {
                // It was seen.
                _ if after >= END => Some(Vec::new()),
                Some(last) if is_done(&last) && last.sequence <= after => Some(Vec::new()),
                Some(last) if is_done(&last) => None,
                _ => Some(vec![done(job, entry.view.state)]),
            };
            if let Some(past) = past {
                let coming = broadcast::Sender::new(1).subscribe();
                return Ok(Some(Subscription { past, coming }));
            }
        }
        let (sender, coming) = broadcast::channel(LAG);
        let follower = Follower {
            cluster: self.clone(),
            job,
            last: after,
            sender,
        };
        actix::spawn(follower.run());
        Ok(Some(Subscription {
            past: Vec::new(),
            coming,
        }))
    }
}

/// Hands a job's events on to those who listen at this node.
struct Follower {
    cluster: Cluster,
    job: JobId,
    last: u64,
    sender: broadcast::Sender<JobEvent>,
}

impl Follower {
    async fn run(mut self) {
        loop {
            match self.follow().await {
                Ok(()) => return,
                // The connection is being made anew, say.
                Err(error) => debug!(job = %self.job, %error, "events are interrupted"),
            }
            tokio::time::sleep(PAUSE).await;
            if self.sender.receiver_count() == 0 {
                return;
            }
        }
    }

    /// The job's next event, if the stream has it.
    async fn next(&self) -> Result<Option<JobEvent>, ClusterError> {
        let subject = names::events(self.job);
        let mut after = self.last;
        loop {
            let found = self
                .cluster
                .events()
                .get_first_raw_message_by_subject(&subject, after + 1)
                .await;
            let message = match found {
                Ok(message) => message,
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                    return Ok(None);
                }
                Err(error) => return Err(ClusterError::unreachable("reading events", error)),
            };
            if let Some(event) = event(self.job, message.sequence, &message.payload) {
                return Ok(Some(event));
            }
            after = message.sequence;
        }
    }

    /// Hands events on until the last, or until nobody listens.
    ///
    /// What is told of the job only says when to look: what counts is what the stream has. A
    /// consumer of the stream would cost more than most jobs have events, and NATS (2.9) makes it
    /// on a server that is gone as readily as on another.
    async fn follow(&mut self) -> Result<(), ClusterError> {
        let subject = names::events(self.job);
        let told = self.cluster.client().subscribe(subject).await;
        let mut told =
            told.map_err(|error| ClusterError::unreachable("following a job's events", error))?;
        let mut pause = SOON;
        let mut has_ended = false;
        loop {
            while let Some(event) = self.next().await? {
                (pause, has_ended) = (SOON, false);
                if self.pass(event).await {
                    return Ok(());
                }
            }
            if self.sender.receiver_count() == 0 {
                return Ok(());
            }
            match tokio::time::timeout(pause, told.next()).await {
                Ok(Some(_)) => {
                    // One look is enough for all that was told.
                    while let Some(Some(_)) = told.next().now_or_never() {}
                    pause = SOON;
                    continue;
                }
                Ok(None) => {
                    return Err(ClusterError::Unreachable {
                        what: "following a job's events",
                        reason: "the subscription ended".to_owned(),
                    });
                }
                Err(_) if pause < LOOK && !has_ended => {
                    pause = (pause * 4).min(LOOK);
                    continue;
                }
                Err(_) => {}
            }
            match self.cluster.entry(self.job).await? {
                Some((entry, _)) if entry.is_final() && has_ended => {
                    self.pass(done(self.job, entry.view.state)).await;
                    return Ok(());
                }
                Some((entry, _)) if entry.is_final() => {
                    (pause, has_ended) = (END_PATIENCE, true);
                }
                Some(_) => {}
                // It was removed.
                None => return Ok(()),
            }
        }
    }

    /// Hands an event on; answers whether it was the last, or nobody listens any more. Whoever
    /// reads slowly is waited for: what is past comes faster than it is read.
    async fn pass(&mut self, event: JobEvent) -> bool {
        while self.sender.len() >= LAG && self.sender.receiver_count() > 0 {
            tokio::time::sleep(SLOW_READER).await;
        }
        self.last = event.sequence;
        let is_last = is_done(&event);
        self.sender.send(event).is_err() || is_last
    }
}

fn is_done(event: &JobEvent) -> bool {
    matches!(event.kind, JobEventKind::Done { .. })
}

fn done(job: JobId, state: JobState) -> JobEvent {
    JobEvent {
        job,
        sequence: END,
        kind: JobEventKind::Done { state },
    }
}

fn event(job: JobId, sequence: u64, payload: &[u8]) -> Option<JobEvent> {
    match serde_json::from_slice(payload) {
        Ok(kind) => Some(JobEvent {
            job,
            sequence,
            kind,
        }),
        Err(error) => {
            warn!(%job, sequence, %error, "an event cannot be read and is left out");
            None
        }
    }
}
