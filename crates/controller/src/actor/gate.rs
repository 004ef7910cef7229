//! The circuit of the pipeline as a whole: a job that is dispatched asks it for leave to go through
//! its stages, and its end is reported to it.

use std::time::Duration;

use actix::prelude::*;
use chat2svg_protocol::{
    CallEnd, CallReport, CallSize, Cost, Fault, JobEventKind, JobId, JobView, PipelineOpen,
    PipelinePermit, ResourceLevel, StagePlan,
    messages::{CircuitChanged, Dispatch, EnterPipeline, LeavePipeline},
};
use tokio::time::Instant;
use tracing::warn;

use super::{ControllerActor, Happening, LiveJob, tell};
use crate::{Event, verdict};

/// How long a job waits for the breaker before it goes through without leave.
const PATIENCE: Duration = Duration::from_millis(250);

/// A job's leave to go through the pipeline.
pub(super) struct Passage {
    permit: PipelinePermit,
    since: Instant,
    size: CallSize,
}

impl ControllerActor {
    /// Asks for leave.
    fn approach_gate(&self, id: JobId, plan: StagePlan, context: &mut Context<Self>) {
        let Some(job) = self.live.get(&id) else {
            return;
        };
        let line = self.lines.enter_pipeline.clone();
        let size = size_of(&plan, job.size);
        let controller = context.address();
        actix::spawn(async move {
            let leave = match line.ask(EnterPipeline { size }, PATIENCE).await {
                Ok(leave) => leave.map(Some),
                Err(error) => {
                    // A breaker that is away must not stop the service.
                    warn!(job = %id, %error, "the job runs without the pipeline's circuit");
                    Ok(None)
                }
            };
            tell(&controller, id, Happening::AtGate { plan, leave });
        });
    }

    pub(super) fn at_gate(
        &mut self,
        id: JobId,
        plan: StagePlan,
        leave: Result<Option<PipelinePermit>, PipelineOpen>,
        context: &mut Context<Self>,
    ) {
        let event = match leave {
            Err(open) => Event::TurnedAway(open),
            Ok(permit) => {
                let passage = permit.map(|permit| Passage {
                    permit,
                    since: Instant::now(),
                    size: self
                        .live
                        .get(&id)
                        .map_or_else(CallSize::default, |job| size_of(&plan, job.size)),
                });
                match self
                    .live
                    .get_mut(&id)
                    .filter(|job| job.machine.is_waiting())
                {
                    Some(job) => job.passage = passage,
                    // It was cancelled meanwhile, or is on its way already.
                    None => return self.report(passage, CallEnd::Failed(Fault::Caller), None),
                }
                Event::Dispatched(plan)
            }
        };
        self.feed(id, event, context);
    }

    /// Reports how a job came out of the pipeline.
    pub(super) fn leave_pipeline(&self, job: &mut LiveJob, view: &JobView) {
        let (end, reason) = verdict::of(view, job.machine.missed());
        self.report(job.passage.take(), end, reason);
    }

    fn report(&self, passage: Option<Passage>, end: CallEnd, reason: Option<String>) {
        if let Some(passage) = passage {
            // It may be lost with the breaker: the one that follows knows nothing of the permit.
            self.lines.leave_pipeline.tell(LeavePipeline {
                permit: passage.permit,
                call: CallReport {
                    end,
                    spent: passage.since.elapsed(),
                    reason,
                    size: passage.size,
                    // A job takes as long as its input asks for.
                    comparable: false,
                    cost: Cost::default(),
                },
            });
        }
    }
}

/// How much work a job is, compared with others: what its stages spend, times its input.
fn size_of(plan: &StagePlan, input: i8) -> CallSize {
    let effort = plan.stages.iter().map(|planned| match planned.level {
        ResourceLevel::Minimal => 1_u32,
        ResourceLevel::Low => 2,
        ResourceLevel::Medium => 4,
        ResourceLevel::High => 8,
    });
    let doublings = u32::try_from(i32::from(input) + 4).unwrap_or(0).min(16);
    CallSize(effort.sum::<u32>() << doublings)
}

impl Handler<Dispatch> for ControllerActor {
    type Result = ();

    fn handle(&mut self, message: Dispatch, context: &mut Self::Context) {
        self.approach_gate(message.job, message.plan, context);
    }
}

/// Those whose way leads through the circuit are told.
impl Handler<CircuitChanged> for ControllerActor {
    type Result = ();

    fn handle(&mut self, changed: CircuitChanged, _: &mut Self::Context) {
        let CircuitChanged { circuit, change } = changed;
        let (stage, backend) = circuit
            .map(|circuit| (circuit.stage, circuit.backend))
            .unzip();
        for job in self.live.values_mut() {
            let is_on_the_way = match stage {
                Some(stage) => job.machine.wanted().contains(&stage),
                None => job.machine.is_waiting(),
            };
            if is_on_the_way {
                job.announce(JobEventKind::CircuitChanged {
                    stage,
                    backend: backend.clone(),
                    change: change.clone(),
                });
            }
        }
    }
}
