//! Letting jobs go: over, given up, or left to the next start.

use std::sync::Arc;

use chat2svg_protocol::{JobEventKind, JobFailure, JobId, JobState, JobView, messages::FinishJob};
use jiff::Timestamp;
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::{ControllerActor, EndedJob};
use crate::persister::Entry;

impl ControllerActor {
    /// A job's end is written: tell everybody, and let it go.
    pub(super) fn let_go(&mut self, id: JobId, view: JobView, unkept: Option<Arc<str>>) {
        let Some(mut job) = self.live.remove(&id) else {
            return;
        };
        self.leave_pipeline(&mut job, &view);
        let degraded_by = view
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.fallback_reason.as_deref());
        let failure = view
            .failure
            .as_ref()
            .map(|failure| failure.message.as_str());
        info!(
            job = %id,
            state = view.state.name(),
            seconds = job.submitted.elapsed().as_secs_f64(),
            degraded_by,
            failure,
            "job over"
        );
        job.log.push(JobEventKind::Done { state: view.state });
        self.ended.push_back(EndedJob {
            view,
            log: job.log,
            unkept,
        });
        while self.ended.len() > self.config.ended_jobs_kept {
            self.ended.pop_front();
        }
        if self.draining && self.live.is_empty() {
            self.end_drain();
        }
    }

    /// Ends a job that cannot be taken up again.
    pub(super) fn abandon(&self, mut view: JobView, failure: JobFailure) {
        view.state = JobState::Failed;
        view.stage = None;
        view.updated_at = Timestamp::now();
        warn!(job = %view.id, code = failure.code.name(), "job given up: {}", failure.message);
        view.failure = Some(failure);
        let finish = self.lines.persister.finish.clone();
        let patience = self.ask_timeout();
        actix::spawn(async move {
            let job = view.id;
            let message = FinishJob { view, svg: None };
            match finish.ask(message, patience).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(%job, %error, "a given-up job's end was not stored"),
                Err(error) => warn!(%job, %error, "a given-up job's end was not stored"),
            }
        });
    }

    /// Stops what runs; the jobs stay unfinished in the store, to be taken up by the next process.
    /// They are marked as waiting, so that the stop does not count as an attempt that failed.
    pub(super) fn end_drain(&mut self) {
        if !self.live.is_empty() {
            info!(
                jobs = self.live.len(),
                "unfinished jobs are left to the next start"
            );
        }
        let left: Vec<oneshot::Receiver<()>> = self
            .live
            .drain()
            .map(|(_, job)| {
                let (done, left) = oneshot::channel();
                let view = Box::new(JobView {
                    state: JobState::Queued,
                    stage: None,
                    ..job.current_view()
                });
                job.write(Entry::Leave { view, done });
                left
            })
            .collect();
        let drained = std::mem::take(&mut self.drained);
        actix::spawn(async move {
            for left in left {
                // A persister that was lost has said so in the log.
                let _ = left.await;
            }
            for waiting in drained {
                // Whoever waited may have gone.
                let _ = waiting.send(());
            }
        });
    }
}
