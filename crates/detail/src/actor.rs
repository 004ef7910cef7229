//! The detail actor: takes a run off its mailbox, has it done in the compute pool, answers.

use std::{sync::Arc, time::Instant};

use actix::{Actor, Context, Handler, ResponseFuture};
use chat2svg_fit::Cancellation;
use chat2svg_protocol::{
    DetailSummary, Stage, StageOutcome, StageStatus,
    messages::{DetailOutput, Progress, RunDetail, StageError},
};
use chat2svg_supervision::{ComputePool, Line, answers_polls};
use chat2svg_vector::Raster;

use crate::{
    AdoptError, AdoptLimits, Adopted, DetailConfig, DetailError, DetailParameters, Enhanced, adopt,
    enhance,
};

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
    let parameters = config.levels.get(run.context.level);
    let (mut status, mut reason) = (StageStatus::Completed, None);
    let (document, target, summary) = match &run.target {
        Some(target) => {
            let Adopted {
                document,
                added,
                moved,
                is_cut_short,
            } = adopted(run, target, parameters)?;
            if is_cut_short {
                status = StageStatus::CutShort;
                reason = Some("the deadline came before new shapes were chosen".to_owned());
            }
            (document, Arc::clone(target), DetailSummary { added, moved })
        }
        None => {
            let Enhanced {
                document,
                target,
                added,
            } = enhanced(run, parameters)?;
            let moved = Vec::new();
            (document, Arc::new(target), DetailSummary { added, moved })
        }
    };
    Ok(DetailOutput {
        document: Arc::new(document),
        target,
        summary,
        outcome: StageOutcome {
            backend: EMBEDDED.to_owned(),
            status,
            reason,
        },
    })
}

fn adopted(
    run: &RunDetail,
    target: &Raster,
    parameters: &DetailParameters,
) -> Result<Adopted, StageError> {
    let cancel = run.context.cancel.clone();
    let limits = AdoptLimits {
        cancel: Cancellation::when(move || cancel.is_cancelled()),
        deadline: Some(run.context.deadline),
    };
    let adopted = adopt(
        &run.document,
        target,
        &parameters.adopt,
        parameters.threshold(),
        run.may_add,
        &limits,
    )
    .map_err(|error| match error {
        AdoptError::Stopped => stopped(run),
        error => StageError::BadInput(error.to_string()),
    })?;
    if adopted.is_cut_short && adopted.document == *run.document {
        return Err(StageError::Deadline);
    }
    Ok(adopted)
}

fn enhanced(run: &RunDetail, parameters: &DetailParameters) -> Result<Enhanced, StageError> {
    let context = &run.context;
    let stop = || context.cancel.is_cancelled() || Instant::now() >= context.deadline;
    let style = run.style.unwrap_or_default();
    enhance(&run.document, style, parameters, &stop).map_err(|error| match error {
        DetailError::Stopped => stopped(run),
        error => StageError::BadInput(error.to_string()),
    })
}

/// Why a run was stopped.
fn stopped(run: &RunDetail) -> StageError {
    if run.context.cancel.is_cancelled() {
        StageError::Cancelled
    } else {
        StageError::Deadline
    }
}
