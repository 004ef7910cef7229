//! Doing what a job's machine says: telling others, calling stages, composing, writing down.

use std::{sync::Arc, time::Duration};

use actix::prelude::*;
use chat2svg_protocol::{
    JobId, JobKind, Stage,
    messages::{Enqueue, Replan, StageContext, StageError, StageFinished, Withdraw},
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{ComposeRequest, ControllerActor, Happening, tell};
use crate::{
    Command, EndFacts, StageCall,
    persister::{Entry, Outcome},
    request::StageRequest,
};

/// How long a job waits between two stages for the scheduler.
const REPLAN_PATIENCE: Duration = Duration::from_millis(250);

impl ControllerActor {
    pub(super) fn execute(&mut self, id: JobId, command: Command, context: &mut Context<Self>) {
        let Some(job) = self.live.get_mut(&id) else {
            return;
        };
        match command {
            Command::Enqueue => self.enqueue(id),
            Command::Withdraw => self.lines.withdraw.tell(Withdraw { job: id }),
            Command::Announce(kind) => job.announce(kind),
            Command::ShowPreview { stage, document } => {
                job.write(Entry::Preview { stage, document });
            }
            Command::Persist => {
                let view = job.current_view();
                job.write(Entry::Update(Box::new(view)));
            }
            Command::Checkpoint {
                stage,
                document,
                target,
                placement,
            } => {
                job.write(Entry::Checkpoint {
                    stage,
                    document,
                    target,
                    placement,
                });
            }
            Command::Prepare => self.prepare(id, context),
            Command::RunIsolated { until } => self.run_isolated(id, until, context),
            Command::RunStage(call) => self.run_stage(id, call, context),
            Command::StopStage => job.stage = None,
            Command::ReleaseStage {
                stage,
                served,
                gain,
            } => {
                self.lines.stage_finished.tell(StageFinished {
                    job: id,
                    stage,
                    served,
                    gain,
                });
            }
            Command::Replan => self.replan(id, context),
            Command::Compose => self.compose(id, context),
            Command::Finish => {
                let mut view = job.current_view();
                view.metadata = Some(job.machine.metadata(EndFacts {
                    elapsed: job.submitted.elapsed(),
                    circuits: Vec::new(),
                    timestamp: Timestamp::now(),
                }));
                let result = match job.isolated_svg.take() {
                    Some(svg) => Some(Outcome::Written(svg)),
                    None => job.machine.best().cloned().map(Outcome::Document),
                };
                job.write(Entry::Finish {
                    view: Box::new(view),
                    result,
                });
            }
        }
    }

    pub(super) fn enqueue(&self, id: JobId) {
        if let Some(job) = self.live.get(&id) {
            let wanted = job.machine.wanted();
            let options = &job.machine.spec().options;
            self.lines.enqueue.tell(Enqueue {
                job: id,
                deadline: (job.submitted + Duration::from_millis(options.deadline_ms)).into_std(),
                level: options.level.level(),
                wanted: Stage::ALL.map(|stage| wanted.contains(&stage)),
                priority: options.priority,
                client: job.client,
                size: job.size,
            });
        }
    }

    /// Asks what the rest of a job shall be. Without an answer it is what was planned.
    fn replan(&self, id: JobId, context: &mut Context<Self>) {
        let line = self.lines.replan.clone();
        let controller = context.address();
        actix::spawn(async move {
            let plan = line.ask(Replan { job: id }, REPLAN_PATIENCE).await;
            let plan = plan.unwrap_or_else(|error| {
                warn!(job = %id, %error, "the rest of the job runs as it was planned");
                None
            });
            tell(&controller, id, Happening::Replanned(plan));
        });
    }

    fn run_stage(&mut self, id: JobId, call: StageCall, context: &mut Context<Self>) {
        let Some(job) = self.live.get_mut(&id) else {
            return;
        };
        let cancel = CancellationToken::new();
        job.stage = Some(cancel.clone().drop_guard());
        job.run += 1;
        let (run, stage) = (job.run, call.stage);
        let give_up_at = job.submitted + call.give_up_at;
        info!(job = %id, %stage, level = %call.level, "stage begins");
        let stage_context = StageContext {
            job: id,
            level: call.level,
            asked: job.machine.spec().options.level,
            source: call.source,
            seed: job.machine.spec().options.seed,
            palette: job.machine.spec().options.palette.clone(),
            deadline: (job.submitted + call.until).into_std(),
            cancel,
        };
        let request = StageRequest::new(job.machine.spec(), call, stage_context);
        let request = if self.config.accessible {
            request.map(StageRequest::accessible)
        } else {
            request
        };
        let lines = self.lines.stages.clone();
        let controller = context.address();
        actix::spawn(async move {
            let result = match request {
                Some(request) => lines.call(request, give_up_at).await,
                None => Err(StageError::BadInput(format!(
                    "the job has nothing for stage {stage} to work on"
                ))
                .into()),
            };
            let result = Box::new(result);
            tell(
                &controller,
                id,
                Happening::StageEnded { run, stage, result },
            );
        });
    }

    fn compose(&self, id: JobId, context: &mut Context<Self>) {
        let Some(job) = self.live.get(&id) else {
            return;
        };
        let spec = job.machine.spec();
        let JobKind::Generate {
            prompt,
            style,
            background,
            canvas,
            wishes,
            ..
        } = &spec.kind
        else {
            return;
        };
        warn!(job = %id, "no stage gave a document; a composition is made in its place");
        let request = ComposeRequest {
            prompt: wishes.said_in(prompt),
            style: *style,
            background: wishes.background(*background),
            canvas: *canvas,
            seed: spec.options.seed,
            palette: spec.options.palette.clone(),
        };
        let (composer, compute) = (Arc::clone(&self.composer), self.capacity.answers.clone());
        let controller = context.address();
        actix::spawn(async move {
            let work = move || composer(&request);
            let result = match compute.run(&CancellationToken::new(), work).await {
                Ok(result) => result.map(Arc::new),
                Err(error) => Err(error.to_string()),
            };
            tell(&controller, id, Happening::Composed(result));
        });
    }
}
