//! The optimize actor: takes a run off its mailbox, has it served by its line-up of backends,
//! answers.

use actix::{Actor, Context, Handler, ResponseFuture};
use chat2svg_backends::LineUp;
use chat2svg_protocol::messages::{
    AdjustFit, OptimizeOutput, ResourcesChanged, RunOptimize, StageFailure,
};
use chat2svg_supervision::answers_polls;

use crate::watcher::{Guidance, Told};

/// Serves stage 3.
pub struct OptimizeActor {
    line_up: LineUp<RunOptimize>,
    guidance: Guidance,
}

impl OptimizeActor {
    /// An actor whose runs are served by `line_up`; what it is told of the machine and by the
    /// scheduler is kept in `guidance`, where the fitter looks for it.
    pub fn new(line_up: LineUp<RunOptimize>, guidance: Guidance) -> Self {
        Self { line_up, guidance }
    }
}

impl Actor for OptimizeActor {
    type Context = Context<Self>;
}

answers_polls!(OptimizeActor);

impl Handler<ResourcesChanged> for OptimizeActor {
    type Result = ();

    fn handle(&mut self, message: ResourcesChanged, _: &mut Self::Context) {
        self.guidance.read(message.0);
    }
}

impl Handler<AdjustFit> for OptimizeActor {
    type Result = ();

    fn handle(&mut self, message: AdjustFit, _: &mut Self::Context) {
        let AdjustFit { job, level, reason } = message;
        self.guidance.tell(job, Told { level, reason });
    }
}

impl Handler<RunOptimize> for OptimizeActor {
    type Result = ResponseFuture<Result<OptimizeOutput, StageFailure>>;

    fn handle(&mut self, run: RunOptimize, _: &mut Self::Context) -> Self::Result {
        let line_up = self.line_up.clone();
        Box::pin(async move { line_up.serve(run).await })
    }
}
