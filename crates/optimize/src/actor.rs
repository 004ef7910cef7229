//! The optimize actor: takes a run off its mailbox, has it done in the compute pool, answers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Actor, Context, Handler, ResponseFuture};
use arc_swap::ArcSwapOption;
use chat2svg_fit::{Cancellation, FitEnd, FitError, refine};
use chat2svg_protocol::{
    ResourceLevel,
    messages::{OptimizeOutput, Progress, ResourcesChanged, RunOptimize, StageError},
};
use chat2svg_supervision::{ComputePool, Line, answers_polls};
use tokio_util::sync::CancellationToken;

use crate::{
    OptimizeConfig,
    budget::{Limit, Planned, options},
    outcome::{BACKEND, outcome, summary},
    watcher::{Best, BestSoFar, LastReading, Watcher},
};

/// Serves stage 3.
pub struct OptimizeActor {
    config: Arc<OptimizeConfig>,
    pool: ComputePool,
    /// Threads that one fit may use.
    threads: usize,
    progress: Line<Progress>,
    reading: LastReading,
}

impl OptimizeActor {
    /// An actor that works in `pool`, where one fit may use `threads` threads, and tells of its
    /// progress on `progress`.
    pub fn new(
        config: OptimizeConfig,
        pool: ComputePool,
        threads: usize,
        progress: Line<Progress>,
    ) -> Self {
        Self {
            config: Arc::new(config),
            pool,
            threads,
            progress,
            reading: Arc::new(ArcSwapOption::empty()),
        }
    }
}

impl Actor for OptimizeActor {
    type Context = Context<Self>;
}

answers_polls!(OptimizeActor);

impl Handler<ResourcesChanged> for OptimizeActor {
    type Result = ();

    fn handle(&mut self, message: ResourcesChanged, _: &mut Self::Context) {
        self.reading.store(Some(message.0));
    }
}

impl Handler<RunOptimize> for OptimizeActor {
    type Result = ResponseFuture<Result<OptimizeOutput, StageError>>;

    fn handle(&mut self, run: RunOptimize, _: &mut Self::Context) -> Self::Result {
        let best = BestSoFar::default();
        let watcher = Watcher {
            best: Arc::clone(&best),
            job: run.context.job,
            planned: Planned {
                level: run.context.level,
                asked: run.context.asked,
                afforded: self.reading.load().as_ref().map(|reading| reading.level),
            },
            scope: run.scope,
            config: Arc::clone(&self.config),
            reading: Arc::clone(&self.reading),
            progress: self.progress.clone(),
            causes: Vec::new(),
        };
        let (pool, threads) = (self.pool.clone(), self.threads);
        let deadline = run.context.deadline;
        let cancel = run.context.cancel.child_token();
        // Whichever way this ends, the fit ends too.
        let end = cancel.clone().drop_guard();
        Box::pin(async move {
            let _end = end;
            let level = run.context.level;
            let fit = pool.run(&cancel, {
                let cancel = cancel.clone();
                move || work(&run, threads, watcher, &cancel)
            });
            tokio::select! {
                biased;
                fitted = fit => fitted.map_err(|error| error.of_stage(BACKEND))?,
                // A busy machine can keep the fit from its clock; its best so far need not wait for
                // it.
                () = tokio::time::sleep_until(deadline.into()) => interrupted(&best, level),
            }
        })
    }
}

fn work(
    run: &RunOptimize,
    threads: usize,
    mut watcher: Watcher,
    cancel: &CancellationToken,
) -> Result<OptimizeOutput, StageError> {
    let budget = watcher.config.levels.get(run.context.level);
    let limit = Limit::new(
        run.context.deadline,
        Duration::from_millis(budget.time_ms),
        Instant::now(),
    );
    let mut options = options(&watcher.config, run, threads);
    options.deadline = Some(limit.at);
    let cancel = cancel.clone();
    options.cancel = Cancellation::when(move || cancel.is_cancelled());
    let fitted = refine(&run.document, &run.target, &options, &mut watcher).map_err(refused)?;
    if fitted.report.ended_by == FitEnd::Cancelled {
        return Err(StageError::Cancelled);
    }
    let best = Best {
        fitted,
        causes: watcher.causes,
    };
    Ok(output(&best, run.context.level, limit.by_deadline))
}

/// What a fit has that is not back at the deadline.
fn interrupted(best: &BestSoFar, planned: ResourceLevel) -> Result<OptimizeOutput, StageError> {
    let best = best.load();
    let best = best.as_deref().ok_or(StageError::Deadline)?;
    let mut cut_short = best.clone();
    cut_short.fitted.report.ended_by = FitEnd::Deadline;
    Ok(output(&cut_short, planned, true))
}

fn output(best: &Best, planned: ResourceLevel, by_deadline: bool) -> OptimizeOutput {
    let Best { fitted, causes } = best;
    OptimizeOutput {
        summary: summary(&fitted.report, causes),
        outcome: outcome(&fitted.report, planned, causes, by_deadline),
        document: Arc::new(fitted.document.clone()),
    }
}

fn refused(error: FitError) -> StageError {
    match error {
        error @ FitError::Template(_) => StageError::BadInput(error.to_string()),
        error => StageError::Backend {
            backend: BACKEND.to_owned(),
            message: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_fit::{FitOutcome, refine};
    use chat2svg_protocol::StageStatus;
    use chat2svg_vector::{Document, Metadata, Raster};
    use kurbo::Rect;

    use super::*;

    fn fitted() -> FitOutcome {
        let document = Document {
            width: 16.0,
            height: 16.0,
            view_box: Rect::new(0.0, 0.0, 16.0, 16.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: Vec::new(),
        };
        let target = Raster::filled(16, 16, [200, 30, 40, 255]).expect("fits");
        refine(&document, &target, &Default::default(), &mut ()).expect("fits")
    }

    #[test]
    fn at_the_deadline_the_best_so_far_is_served_and_called_cut_short() {
        let best = BestSoFar::default();
        let level = ResourceLevel::High;
        assert_eq!(interrupted(&best, level).err(), Some(StageError::Deadline));
        let found = fitted();
        best.store(Some(Arc::new(Best {
            fitted: found.clone(),
            causes: Vec::new(),
        })));
        let output = interrupted(&best, level).expect("there is a best");
        assert_eq!(*output.document, found.document);
        assert_eq!(output.outcome.status, StageStatus::CutShort);
        assert_eq!(output.summary.psnr_after, found.report.psnr_after);
    }
}
