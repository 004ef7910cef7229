//! The detail actor: takes a run off its mailbox, has it done in the compute pool, answers.

use std::{sync::Arc, time::Instant};

use actix::{Actor, Context, Handler, ResponseFuture};
use chat2svg_protocol::{
    DetailSummary, Stage, StageOutcome, StageStatus,
    messages::{DetailOutput, Progress, RunDetail, StageError},
};
use chat2svg_supervision::{ComputePool, Line, answers_polls};

use crate::{DetailConfig, DetailError, Enhanced, adopt, enhance};

/// Name of the backend that needs no model.
const EMBEDDED: &str = "embedded";

/// Serves stage 2.
pub struct DetailActor {
    config: DetailConfig,
    pool: ComputePool,
    progress: Line<Progress>,
}

impl DetailActor {
    /// An actor that works in `pool` and tells of its progress on `progress`.
    pub fn new(config: DetailConfig, pool: ComputePool, progress: Line<Progress>) -> Self {
        Self {
            config,
            pool,
            progress,
        }
    }
}

impl Actor for DetailActor {
    type Context = Context<Self>;
}

answers_polls!(DetailActor);

impl Handler<RunDetail> for DetailActor {
    type Result = ResponseFuture<Result<DetailOutput, StageError>>;

    fn handle(&mut self, run: RunDetail, _: &mut Self::Context) -> Self::Result {
        let (config, pool, progress) = (self.config, self.pool.clone(), self.progress.clone());
        Box::pin(async move {
            let cancel = run.context.cancel.clone();
            let job = run.context.job;
            let output = pool
                .run(&cancel, move || work(&config, &run))
                .await
                .map_err(|error| error.of_stage(EMBEDDED))??;
            let preview = Some(output.document.clone());
            progress.tell(Progress {
                job,
                stage: Stage::Detail,
                fraction: 1.0,
                preview,
            });
            Ok(output)
        })
    }
}

fn work(config: &DetailConfig, run: &RunDetail) -> Result<DetailOutput, StageError> {
    let context = &run.context;
    let is_late = || Instant::now() >= context.deadline;
    let stop = || context.cancel.is_cancelled() || is_late();
    let parameters = config.levels.get(context.level);
    let made = match &run.target {
        Some(target) => adopt(&run.document, target, parameters),
        None => enhance(
            &run.document,
            run.style.unwrap_or_default(),
            parameters,
            &stop,
        ),
    };
    match made {
        Ok(Enhanced {
            document,
            target,
            added,
        }) => Ok(DetailOutput {
            document: Arc::new(document),
            target: Arc::new(target),
            summary: DetailSummary {
                added,
                moved: Vec::new(),
            },
            outcome: StageOutcome {
                backend: EMBEDDED.to_owned(),
                status: StageStatus::Completed,
                reason: None,
            },
        }),
        Err(DetailError::Stopped) if is_late() => Err(StageError::Deadline),
        Err(DetailError::Stopped) => Err(StageError::Cancelled),
        Err(error) => Err(StageError::BadInput(error.to_string())),
    }
}
