//! A job's events one after the other, without a gap, across lagging and restarts of the
//! controller.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use chat2svg_protocol::{JobEvent, JobEventKind, JobId, messages::Subscribe};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{
    problem::Problem,
    services::{Shared, ask},
};

/// How long to wait before subscribing again when the controller went away.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(250);

/// A subscription that renews itself. Ends after the job's `Done`.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    job: JobId,
    last: u64,
    past: VecDeque<JobEvent>,
    coming: broadcast::Receiver<JobEvent>,
    over: bool,
}

impl Feed {
    /// The events after number `after`; `None` when there is no such job.
    pub(crate) async fn open(
        shared: Arc<Shared>,
        job: JobId,
        after: u64,
    ) -> Result<Option<Self>, Problem> {
        let subscription = ask(&shared.services.lines.subscribe, Subscribe { job, after }).await?;
        Ok(subscription.map(|subscription| Self {
            shared,
            job,
            last: after,
            past: subscription.past.into(),
            coming: subscription.coming,
            over: false,
        }))
    }

    /// Whether nothing but what the client has seen will come: the job is over and all was seen.
    pub(crate) fn has_nothing_left(&mut self) -> bool {
        self.past.is_empty()
            && matches!(
                self.coming.try_recv(),
                Err(broadcast::error::TryRecvError::Closed)
            )
    }

    /// The next event; `None` after the last. May be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Option<JobEvent> {
        while !self.over {
            if let Some(event) = self.past.pop_front() {
                return Some(self.pass(event));
            }
            match self.coming.recv().await {
                Ok(event) if event.sequence <= self.last => {}
                Ok(event) => return Some(self.pass(event)),
                Err(RecvError::Lagged(_)) => self.renew(self.last).await,
                Err(RecvError::Closed) => self.recover().await,
            }
        }
        None
    }

    fn pass(&mut self, event: JobEvent) -> JobEvent {
        self.last = event.sequence;
        self.over = matches!(event.kind, JobEventKind::Done { .. });
        event
    }

    async fn renew(&mut self, after: u64) {
        match Self::open(Arc::clone(&self.shared), self.job, after).await {
            Ok(Some(fresh)) => {
                self.past = fresh.past;
                self.coming = fresh.coming;
            }
            Ok(None) => self.over = true,
            // The controller is being restarted; the closed channel brings us back here.
            Err(_) => {}
        }
    }

    /// The stream closed without an end: the controller was started anew, or the end was missed.
    async fn recover(&mut self) {
        tokio::time::sleep(RESUBSCRIBE_PAUSE).await;
        match self.shared.job(self.job).await {
            Ok(view) if view.state.is_final() => self.past.push_back(JobEvent {
                job: self.job,
                sequence: self.last + 1,
                kind: JobEventKind::Done { state: view.state },
            }),
            // A new incarnation numbers from the start.
            Ok(_) => {
                self.last = 0;
                self.renew(0).await;
            }
            Err(problem) if problem.code == crate::problem::Code::JobNotFound => self.over = true,
            Err(_) => {}
        }
    }
}
