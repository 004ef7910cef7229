//! The template actor: takes a run off its mailbox, has it done in the compute pool, answers.
//!
//! What makes the document is chosen in one place, `work`; another strategy takes its place beside
//! the embedded composer there.

use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, Context, Handler, ResponseFuture};
use chat2svg_protocol::messages::{Progress, RunTemplate, StageError, TemplateOutput};
use chat2svg_protocol::{Stage, StageOutcome, StageStatus};
use chat2svg_supervision::{ComputePool, Line, answers_polls};

use crate::candidates::best_of;
use crate::embedded::{ComposeOptions, Vocabulary};

/// Name of the backend that needs no model.
const EMBEDDED: &str = "embedded";

/// Serves stage 1.
pub struct TemplateActor {
    vocabulary: Vocabulary,
    pool: ComputePool,
    progress: Line<Progress>,
}

impl TemplateActor {
    /// An actor that draws what `vocabulary` knows, works in `pool`, and tells of its progress on
    /// `progress`.
    pub fn new(vocabulary: Vocabulary, pool: ComputePool, progress: Line<Progress>) -> Self {
        Self {
            vocabulary,
            pool,
            progress,
        }
    }
}

impl Actor for TemplateActor {
    type Context = Context<Self>;
}

answers_polls!(TemplateActor);

impl Handler<RunTemplate> for TemplateActor {
    type Result = ResponseFuture<Result<TemplateOutput, StageError>>;

    fn handle(&mut self, run: RunTemplate, _: &mut Self::Context) -> Self::Result {
        let (vocabulary, pool) = (self.vocabulary.clone(), self.pool.clone());
        let progress = self.progress.clone();
        Box::pin(async move {
            let cancel = run.context.cancel.clone();
            let job = run.context.job;
            let output = pool
                .run(&cancel, move || work(&vocabulary, &run))
                .await
                .map_err(|error| error.of_stage(EMBEDDED))??;
            progress.tell(Progress {
                job,
                stage: Stage::Template,
                fraction: 1.0,
                preview: Some(Arc::clone(&output.document)),
            });
            Ok(output)
        })
    }
}

fn work(vocabulary: &Vocabulary, run: &RunTemplate) -> Result<TemplateOutput, StageError> {
    let context = &run.context;
    let options = ComposeOptions {
        width: run.canvas.width(),
        height: run.canvas.height(),
        style: run.style,
        seed: context.seed,
    };
    let stop = || context.cancel.is_cancelled() || Instant::now() >= context.deadline;
    let choice = best_of(
        run.candidates,
        run.prompt.as_str(),
        vocabulary,
        &options,
        &stop,
    );
    if context.cancel.is_cancelled() {
        return Err(StageError::Cancelled);
    }
    let cut_short = choice.made < run.candidates;
    tracing::debug!(
        job = %context.job,
        made = choice.made,
        undrawn = choice.composition.undrawn.len(),
        unfulfilled = choice.composition.violations.len(),
        "composed"
    );
    Ok(TemplateOutput {
        document: Arc::new(choice.composition.document),
        style: choice.composition.style,
        outcome: StageOutcome {
            backend: EMBEDDED.to_owned(),
            status: if cut_short {
                StageStatus::CutShort
            } else {
                StageStatus::Completed
            },
            reason: cut_short.then(|| {
                format!(
                    "the deadline came after {} of {} candidates",
                    choice.made, run.candidates
                )
            }),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chat2svg_protocol::messages::StageContext;
    use chat2svg_protocol::{CanvasSize, JobId, LevelChoice, Prompt, ResourceLevel, Style};
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn run(prompt: &str, candidates: u32) -> RunTemplate {
        RunTemplate {
            context: StageContext {
                job: JobId(uuid::Uuid::nil()),
                level: ResourceLevel::High,
                asked: LevelChoice::Auto,
                seed: 7,
                deadline: Instant::now() + Duration::from_secs(60),
                cancel: CancellationToken::new(),
            },
            prompt: Prompt::parse(prompt, Prompt::DEFAULT_LIMIT).expect("a prompt"),
            style: Some(Style::Pastel),
            canvas: CanvasSize::new(640, 360).expect("a size"),
            candidates,
        }
    }

    #[test]
    fn a_run_gives_a_document_of_the_canvas_size_with_its_metadata() {
        let output = work(&Vocabulary::builtin(), &run("a dog on a hill", 2)).expect("a document");
        assert_eq!(
            (output.document.width, output.document.height),
            (640.0, 360.0)
        );
        assert_eq!(
            output.document.metadata.prompt.as_deref(),
            Some("a dog on a hill")
        );
        assert_eq!(output.document.metadata.style.as_deref(), Some("pastel"));
        assert_eq!(output.document.metadata.seed, Some(7));
        assert!(!output.document.metadata.credits.is_empty());
        assert_eq!(output.outcome.status, StageStatus::Completed);
    }

    #[test]
    fn a_deadline_that_has_passed_still_gives_the_first_candidate() {
        let mut late = run("a dog", 5);
        late.context.deadline = Instant::now();
        let output = work(&Vocabulary::builtin(), &late).expect("a document");
        assert_eq!(output.outcome.status, StageStatus::CutShort);
    }

    #[test]
    fn a_cancelled_run_says_so() {
        let cancelled = run("a dog", 5);
        cancelled.context.cancel.cancel();
        assert!(matches!(
            work(&Vocabulary::builtin(), &cancelled),
            Err(StageError::Cancelled)
        ));
    }
}
