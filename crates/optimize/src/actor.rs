//! The optimize actor: takes a run off its mailbox, has it done in the compute pool, answers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Actor, Context, Handler, ResponseFuture};
use arc_swap::ArcSwapOption;
use chat2svg_fit::{Cancellation, FitEnd, FitError, refine};
use chat2svg_protocol::messages::{
    OptimizeOutput, Progress, ResourcesChanged, RunOptimize, StageError,
};
use chat2svg_supervision::{ComputeError, ComputePool, Line, answers_polls};

use crate::{
    OptimizeConfig,
    budget::{Limit, options},
    outcome::{BACKEND, outcome, summary},
    watcher::{LastReading, Watcher},
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
        let watcher = Watcher {
            job: run.context.job,
            level: run.context.level,
            scope: run.scope,
            config: Arc::clone(&self.config),
            reading: Arc::clone(&self.reading),
            progress: self.progress.clone(),
            spending: run.context.level,
        };
        let (pool, threads) = (self.pool.clone(), self.threads);
        Box::pin(async move {
            let cancel = run.context.cancel.clone();
            pool.run(&cancel, move || work(&run, threads, watcher))
                .await
                .map_err(failed_in_pool)?
        })
    }
}

fn failed_in_pool(error: ComputeError) -> StageError {
    match error {
        ComputeError::Cancelled => StageError::Cancelled,
        ComputeError::Panicked(message) => StageError::Panic(message),
        full @ ComputeError::Full => StageError::Backend {
            backend: BACKEND.to_owned(),
            message: full.to_string(),
        },
    }
}

fn work(
    run: &RunOptimize,
    threads: usize,
    mut watcher: Watcher,
) -> Result<OptimizeOutput, StageError> {
    let budget = watcher.config.levels.get(run.context.level);
    let limit = Limit::new(
        run.context.deadline,
        Duration::from_millis(budget.time_ms),
        Instant::now(),
    );
    let mut options = options(&watcher.config, run, threads);
    options.deadline = Some(limit.at);
    let cancel = run.context.cancel.clone();
    options.cancel = Cancellation::when(move || cancel.is_cancelled());
    let fitted = refine(&run.document, &run.target, &options, &mut watcher).map_err(refused)?;
    if fitted.report.ended_by == FitEnd::Cancelled {
        return Err(StageError::Cancelled);
    }
    Ok(OptimizeOutput {
        summary: summary(&fitted.report),
        outcome: outcome(&fitted.report, limit.by_deadline),
        document: Arc::new(fitted.document),
    })
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
