//! Taking up the jobs that an earlier process, or an earlier incarnation of this actor, left.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix::prelude::*;
use chat2svg_protocol::{
    ClientKey, FailureCode, JobFailure, JobKind, JobState, JobView,
    messages::{KeptStage, ListUnfinished, StoreError, Unfinished},
};
use chat2svg_vector::{DecodeLimits, Document, ParseLimits, Raster};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Arrival, ControllerActor, Resumed, TakenUp, prepare::Files};
use crate::Checkpoint;

/// A job that can go on.
pub(super) struct Ready {
    pub(super) view: JobView,
    pub(super) resumed: Resumed,
}

/// The least time that a job gets which is taken up after its deadline, or shortly before.
const LEAST_LEFT: Duration = Duration::from_secs(2);

/// When the job was submitted, by this process's clock, so that it has left what is left of its
/// deadline. Also by a clock that was set meanwhile it gets some time, and no more than it asked
/// for.
pub(super) fn submitted_at(view: &JobView, now: Timestamp) -> Instant {
    let deadline = Duration::from_millis(view.spec.options.deadline_ms);
    let age = Duration::try_from(now.duration_since(view.created_at)).unwrap_or_default();
    let age = age.min(deadline.saturating_sub(LEAST_LEFT));
    let present = Instant::now();
    present.checked_sub(age).unwrap_or(present)
}

/// Reads what a job was stored with. Its files are read when it runs.
pub(super) fn make_ready(unfinished: Unfinished, process_died: bool) -> Ready {
    let Unfinished {
        mut view,
        checkpoint,
        attempts,
    } = unfinished;
    view.state = JobState::Queued;
    view.stage = None;
    // A checkpoint that cannot be read is worth less than a fresh start, not a failure.
    let is_drawn_here = matches!(view.spec.kind, JobKind::Generate { .. });
    let checkpoint = checkpoint.and_then(|kept| match read_checkpoint(&kept, is_drawn_here) {
        Ok(checkpoint) => Some(checkpoint),
        Err(reason) => {
            warn!(job = %view.id, reason, "a checkpoint cannot be read; the job starts anew");
            None
        }
    });
    Ready {
        view,
        resumed: Resumed {
            was_running: process_died && attempts > 0,
            checkpoint,
        },
    }
}

/// Reads a checkpoint; `is_drawn_here` says whether all in it was drawn by stages.
fn read_checkpoint(kept: &KeptStage, is_drawn_here: bool) -> Result<Checkpoint, String> {
    let mut parsed = Document::parse(kept.svg.as_bytes(), &ParseLimits::for_own_output())
        .map_err(|error| error.to_string())?;
    if is_drawn_here {
        parsed.document.mark_drawn_here();
    }
    let target = kept.target.as_deref().map(|png| {
        let picture = Raster::decode(png, &DecodeLimits::default());
        picture.map(Arc::new).map_err(|error| error.to_string())
    });
    Ok(Checkpoint {
        stage: kept.stage,
        document: Arc::new(parsed.document),
        target: target.transpose()?,
        placement: kept.placement,
    })
}

impl ControllerActor {
    /// Takes up unfinished jobs that do not run; answers how many.
    pub(super) fn take_up(&mut self) -> ResponseActFuture<Self, Result<u32, StoreError>> {
        self.taken_up = TakenUp::UnderWay;
        let process_died = !self
            .capacity
            .isolation
            .has_taken_up
            .swap(true, Ordering::Relaxed);
        let list = self.lines.list_unfinished.clone();
        let (patience, compute) = (self.ask_timeout(), self.capacity.intake.clone());
        let found = async move {
            list.ask(ListUnfinished, patience)
                .await
                .unwrap_or_else(|error| Err(StoreError(error.to_string())))
        };
        let sorted = found
            .into_actor(self)
            .map(|found, actor, _| found.map(|found| actor.without_hopeless(found)));
        let ready = sorted.then(move |hopeful, actor, _| {
            async move {
                let hopeful = hopeful?;
                let work = move || {
                    let ready = |job| make_ready(job, process_died);
                    hopeful.into_iter().map(ready).collect::<Vec<_>>()
                };
                let read = compute.run(&CancellationToken::new(), work).await;
                read.map_err(|error| StoreError(format!("unfinished jobs cannot be read: {error}")))
            }
            .into_actor(actor)
        });
        Box::pin(ready.map(|ready, actor, context| {
            let taken = ready.map(|ready| actor.begin_again(ready, context));
            actor.taken_up = match &taken {
                Ok(jobs) => TakenUp::Done(*jobs),
                Err(error) => {
                    warn!(%error, "unfinished jobs could not be taken up");
                    TakenUp::Failed
                }
            };
            for waiting in actor.awaiting_take_up.drain(..) {
                // Whoever waited may have gone.
                let _ = waiting.send(taken.clone());
            }
            taken
        }))
    }

    fn begin_again(&mut self, ready: Vec<Ready>, context: &mut Context<Self>) -> u32 {
        let mut taken = 0;
        for job in ready {
            info!(job = %job.view.id, "job taken up after a restart");
            taken += 1;
            let submitted = submitted_at(&job.view, Timestamp::now());
            self.begin(
                job.view,
                Files::Stored,
                Some(job.resumed),
                Arrival {
                    submitted,
                    permit: None,
                    client: ClientKey::default(),
                    size: 0,
                },
                context,
            );
        }
        taken
    }

    /// Leaves out what runs already, and gives up what brought the service down too often.
    pub(super) fn without_hopeless(&mut self, found: Vec<Unfinished>) -> Vec<Unfinished> {
        let (hopeful, hopeless): (Vec<_>, Vec<_>) = found
            .into_iter()
            .filter(|job| !self.live.contains_key(&job.view.id))
            .filter(|job| !self.arriving.contains(&job.view.id))
            .partition(|job| job.attempts < self.config.max_attempts);
        for job in hopeless {
            let failure = JobFailure::new(
                FailureCode::Abandoned,
                format!(
                    "the service was restarted {} times while this job ran, so it is not tried again: \
                     submit it anew, if possible with a lower level",
                    job.attempts
                ),
            );
            self.abandon(job.view, failure);
        }
        hopeful
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_protocol::{FitLimits, JobId, JobKind, JobOptions, JobSpec, LevelChoice};

    use super::*;

    #[test]
    fn a_job_goes_on_with_what_was_left_of_its_time() {
        let now = Timestamp::now();
        let left = |deadline_s: u64, age_s: i64| {
            let view = JobView::queued(
                JobId(uuid::Uuid::nil()),
                Default::default(),
                JobSpec {
                    kind: JobKind::Vectorize {
                        ground: Default::default(),
                        look: Default::default(),
                        limits: FitLimits::default(),
                    },
                    options: JobOptions {
                        seed: 0,
                        deadline_ms: deadline_s * 1000,
                        level: LevelChoice::Auto,
                        priority: Default::default(),
                        webhook: None,
                        palette: None,
                        output: Default::default(),
                    },
                },
                now - jiff::SignedDuration::from_secs(age_s),
            );
            let spent = submitted_at(&view, now).elapsed().as_secs();
            deadline_s.saturating_sub(spent)
        };
        assert_eq!(left(60, 20), 40);
        assert_eq!(left(60, 3_600), 2);
        assert_eq!(left(1, 3_600), 1);
        // The clock was set back.
        assert_eq!(left(60, -500), 60);
    }
}
