//! The template actor: takes a run off its mailbox, has it served by its line-up of backends,
//! answers.

use std::sync::Arc;

use actix::{Actor, Context, Handler, ResponseFuture};
use chat2svg_backends::LineUp;
use chat2svg_protocol::Stage;
use chat2svg_protocol::messages::{Preview, Progress, RunTemplate, StageFailure, TemplateOutput};
use chat2svg_supervision::{Line, answers_polls};

/// Serves stage 1.
pub struct TemplateActor {
    line_up: LineUp<RunTemplate>,
    progress: Line<Progress>,
}

impl TemplateActor {
    /// An actor whose runs are served by `line_up`, and that tells of its progress on `progress`.
    pub fn new(line_up: LineUp<RunTemplate>, progress: Line<Progress>) -> Self {
        Self { line_up, progress }
    }
}

impl Actor for TemplateActor {
    type Context = Context<Self>;
}

answers_polls!(TemplateActor);

impl Handler<RunTemplate> for TemplateActor {
    type Result = ResponseFuture<Result<TemplateOutput, StageFailure>>;

    fn handle(&mut self, run: RunTemplate, _: &mut Self::Context) -> Self::Result {
        let (line_up, progress) = (self.line_up.clone(), self.progress.clone());
        Box::pin(async move {
            let job = run.context.job;
            let output = line_up.serve(run).await?;
            progress.tell(Progress {
                job,
                stage: Stage::Template,
                fraction: 1.0,
                preview: Some(Preview::servable(Arc::clone(&output.document))),
            });
            Ok(output)
        })
    }
}
