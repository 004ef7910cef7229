//! What the controller says of a job, told to the cluster.

use std::time::Duration;

use chat2svg_protocol::{
    JobEvent, JobEventKind, JobId,
    messages::{Subscribe, Subscription},
};
use tokio::{sync::broadcast::error::RecvError, time::Instant};
use tracing::debug;
use uuid::Uuid;

use super::{PATIENCE, Worker};
use crate::{error::ClusterError, ownership::Held};

/// How long an event is tried to be told. Those after it wait.
const TELL_PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts.
const TELL_PAUSE: Duration = Duration::from_millis(200);
/// Between two attempts to hear of a job from a controller that was started anew.
const LISTEN_PAUSE: Duration = Duration::from_millis(250);

impl Worker {
    /// Tells the cluster what the controller says of a job.
    pub(super) async fn forward(&self, held: &Held) {
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

    pub(super) async fn tell(&self, job: JobId, kind: &JobEventKind) {
        let (number, give_up) = (Uuid::now_v7(), Instant::now() + TELL_PATIENCE);
        while let Err(error) = self.cluster.announce(job, kind, number).await {
            // Leaders are being elected, say.
            if !matches!(error, ClusterError::Unreachable { .. }) || Instant::now() >= give_up {
                debug!(%job, %error, "an event is not told");
                return;
            }
            tokio::time::sleep(TELL_PAUSE).await;
        }
    }
}
