//! The optimize actor: takes a run off its mailbox, has it served by its line-up of backends,
//! answers.

use actix::{Actor, Context, Handler, ResponseFuture};
use chat2svg_backends::LineUp;
use chat2svg_protocol::messages::{OptimizeOutput, ResourcesChanged, RunOptimize, StageFailure};
use chat2svg_supervision::answers_polls;

use crate::watcher::LastReading;

/// Serves stage 3.
pub struct OptimizeActor {
    line_up: LineUp<RunOptimize>,
    reading: LastReading,
}

impl OptimizeActor {
    /// An actor whose runs are served by `line_up`; readings of the machine are kept in `reading`,
    /// where the fitter looks for them.
    pub fn new(line_up: LineUp<RunOptimize>, reading: LastReading) -> Self {
        Self { line_up, reading }
    }
}

impl Actor for OptimizeActor {
    type Context = Context<Self>;
}

answers_polls!(OptimizeActor);

impl Handler<ResourcesChanged> for OptimizeActor {
    type Result = ();

    fn handle(&mut self, message: ResourcesChanged, _: &mut Self::Context) {
        self.reading.store(message.0);
    }
}

impl Handler<RunOptimize> for OptimizeActor {
    type Result = ResponseFuture<Result<OptimizeOutput, StageFailure>>;

    fn handle(&mut self, run: RunOptimize, _: &mut Self::Context) -> Self::Result {
        let line_up = self.line_up.clone();
        Box::pin(async move { line_up.serve(run).await })
    }
}
