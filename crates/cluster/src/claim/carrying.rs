//! What a worker does with a job from the queue until its place in line is given up.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_nats::jetstream::{AckKind, Message as Work};
use chat2svg_protocol::{
    ClientKey, FailureCode, JobEventKind, JobFailure, JobId, JobState, JobView,
    messages::{Cancel, JobQuery, LetGo, TakeUp},
};
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{AGAIN, PATIENCE, Places, Worker, job_of, settle};
use crate::{
    entry::{Claim, JobEntry, Refused},
    error::ClusterError,
    ownership::Held,
};

/// Place in line of a job that nobody knows: after so many offers it is dropped. Its front may
/// still be writing it.
const MOST_OFFERS: i64 = 30;
/// Between two looks how far a job is.
const LOOK: Duration = Duration::from_secs(1);

impl Worker {
    /// Carries one job to its end.
    pub(super) async fn carry(&self, work: Work, _places: Places) {
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
        match self.hand_over(&held).await {
            Ok(()) => {
                let (worker, listened) = (self.clone(), Arc::clone(&held));
                actix::spawn(async move { worker.forward(&listened).await });
            }
            // No other worker could read it either.
            Err(error @ ClusterError::Unreadable { .. }) => self.fail(&held, &error).await,
            Err(error) => {
                warn!(%job, %error, "a job could not be handed over; it is given back");
                self.hand_back(&held).await;
            }
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
                    self.cluster.announce(job, &done, Uuid::now_v7()).await?;
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
        let view = self.cluster.clock().view_to_servers(view);
        let change = |entry: &mut JobEntry| entry.update(held.token, view.clone());
        if let Err(error) = self.cluster.change_held(held, change).await {
            debug!(job = %held.job, %error, "how far the job is cannot be shown");
        }
    }

    /// Ends a job whose files cannot be read.
    async fn fail(&self, held: &Arc<Held>, error: &ClusterError) {
        warn!(job = %held.job, %error, "a job fails: what was stored of it cannot be read");
        let failure = JobFailure::new(FailureCode::Unreadable, error.to_string());
        let view = JobView {
            state: JobState::Failed,
            updated_at: self.cluster.clock().now(),
            failure: Some(failure),
            ..held.known.lock().await.0.view.clone()
        };
        let state = view.state;
        let change = |entry: &mut JobEntry| entry.finish(held.token, view.clone(), None);
        match self.cluster.change_held(held, change).await {
            Ok(()) => {
                held.ended.cancel();
                self.tell(held.job, &JobEventKind::Done { state }).await;
            }
            Err(error) => {
                debug!(job = %held.job, %error, "the job's failure could not be stored");
                self.hand_back(held).await;
            }
        }
    }

    /// Gives a job back to the queue.
    pub(super) async fn hand_back(&self, held: &Arc<Held>) {
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
}
