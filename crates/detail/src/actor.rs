//! The detail actor: takes a run off its mailbox, has it served by its line-up of backends,
//! answers.

use std::sync::Arc;

use actix::{Actor, Context, Handler, ResponseFuture};
use chat2svg_backends::LineUp;
use chat2svg_protocol::{
    Stage,
    messages::{DetailOutput, Preview, Progress, RunDetail, StageFailure},
};
use chat2svg_supervision::{Line, answers_polls};

/// Serves stage 2.
pub struct DetailActor {
    line_up: LineUp<RunDetail>,
    progress: Line<Progress>,
}

impl DetailActor {
    /// An actor whose runs are served by `line_up`, and that tells of its progress on `progress`.
    pub fn new(line_up: LineUp<RunDetail>, progress: Line<Progress>) -> Self {
        Self { line_up, progress }
    }
}

impl Actor for DetailActor {
    type Context = Context<Self>;
}

answers_polls!(DetailActor);

impl Handler<RunDetail> for DetailActor {
    type Result = ResponseFuture<Result<DetailOutput, StageFailure>>;

    fn handle(&mut self, run: RunDetail, _: &mut Self::Context) -> Self::Result {
        let (line_up, progress) = (self.line_up.clone(), self.progress.clone());
        Box::pin(async move {
            let job = run.context.job;
            let output = line_up.serve(run).await?;
            progress.tell(Progress {
                job,
                stage: Stage::Detail,
                fraction: 1.0,
                preview: Some(Preview::servable(Arc::clone(&output.document))),
            });
            Ok(output)
        })
    }
}
