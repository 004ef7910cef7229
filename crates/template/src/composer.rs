//! The backend of stage 1 that needs no model: the embedded composer, in a compute pool.

use std::{sync::Arc, time::Duration};

use chat2svg_backends::Backend;
use chat2svg_palette::recolor;
use chat2svg_protocol::{
    BackendId, CallFailure, Stage, StageOutcome,
    messages::{Preview, Progress, RunTemplate, TemplateOutput},
};
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_vector::Document;
use futures_util::{FutureExt as _, future::BoxFuture};

use crate::candidates::best_of;
use crate::embedded::{ComposeOptions, Composition, NOT_UNDERSTOOD, Vocabulary};

/// Time in which a composition is sure to be there.
const RESERVE: Duration = Duration::from_millis(150);

/// Composes what a prompt asks for from pictures and drawings.
#[derive(Clone)]
pub struct EmbeddedComposer {
    vocabulary: Vocabulary,
    pool: ComputePool,
    progress: Line<Progress>,
}

impl EmbeddedComposer {
    /// A composer that draws what `vocabulary` knows and works in `pool`. While it makes further
    /// candidates it hands the best so far over on `progress`, so that a deadline finds one.
    pub fn new(vocabulary: Vocabulary, pool: ComputePool, progress: Line<Progress>) -> Self {
        Self {
            vocabulary,
            pool,
            progress,
        }
    }
}

impl Backend<RunTemplate> for EmbeddedComposer {
    fn id(&self) -> BackendId {
        BackendId::EMBEDDED
    }

    fn reserve(&self, _: &RunTemplate) -> Duration {
        RESERVE
    }

    fn is_steady(&self) -> bool {
        false
    }

    fn serve(&self, run: RunTemplate) -> BoxFuture<'static, Result<TemplateOutput, CallFailure>> {
        let Self {
            vocabulary,
            pool,
            progress,
        } = self.clone();
        async move {
            let cancel = run.context.cancel.clone();
            let tell = move |message| progress.tell(message);
            pool.run(&cancel, move || work(&vocabulary, &run, &tell))
                .await?
        }
        .boxed()
    }
}

fn work(
    vocabulary: &Vocabulary,
    run: &RunTemplate,
    tell: &dyn Fn(Progress),
) -> Result<TemplateOutput, CallFailure> {
    let context = &run.context;
    let options = ComposeOptions {
        width: run.canvas.width(),
        height: run.canvas.height(),
        style: run.style,
        background: run.background,
        seed: context.seed,
    };
    let colored = |document: &Document| {
        let mut document = document.clone();
        if let Some(palette) = &context.palette {
            recolor(&mut document, palette);
        }
        Arc::new(document)
    };
    let show = |best: &Composition, made: u32| {
        tell(Progress {
            job: context.job,
            stage: Stage::Template,
            fraction: made as f32 / run.candidates.max(1) as f32,
            preview: Some(Preview::servable(colored(&best.document))),
        });
    };
    let choice = best_of(
        run.candidates,
        run.prompt.as_str(),
        vocabulary,
        &options,
        &context.stop(),
        &show,
    );
    if context.cancel.is_cancelled() {
        return Err(CallFailure::cancelled());
    }
    let cut_short = choice.made < run.candidates;
    tracing::debug!(
        job = %context.job,
        made = choice.made,
        undrawn = choice.composition.undrawn.len(),
        unfulfilled = choice.composition.violations.len(),
        "composed"
    );
    let outcome = if cut_short {
        let reason = format!(
            "the deadline came after {} of {} candidates",
            choice.made, run.candidates
        );
        StageOutcome::cut_short(BackendId::EMBEDDED, reason)
    } else if choice.composition.is_lost {
        StageOutcome::in_name_only(BackendId::EMBEDDED, NOT_UNDERSTOOD.to_owned())
    } else {
        StageOutcome::completed(BackendId::EMBEDDED)
    };
    Ok(TemplateOutput {
        document: colored(&choice.composition.document),
        style: choice.composition.style,
        outcome,
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use chat2svg_protocol::messages::StageContext;
    use chat2svg_protocol::{
        CanvasSize, JobId, LevelChoice, Prompt, ResourceLevel, Source, StageStatus, Style,
    };
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn run(prompt: &str, candidates: u32) -> RunTemplate {
        RunTemplate {
            context: StageContext {
                job: JobId(uuid::Uuid::nil()),
                level: ResourceLevel::High,
                asked: LevelChoice::Auto,
                source: Source::Line,
                seed: 7,
                palette: None,
                deadline: Instant::now() + Duration::from_secs(60),
                cancel: CancellationToken::new(),
            },
            prompt: Prompt::parse(prompt, Prompt::DEFAULT_LIMIT).expect("a prompt"),
            style: Some(Style::Pastel),
            background: None,
            canvas: CanvasSize::new(640, 360).expect("a size"),
            candidates,
        }
    }

    #[test]
    fn a_run_gives_a_document_of_the_canvas_size_with_its_metadata() {
        let output =
            work(&Vocabulary::builtin(), &run("a dog on a hill", 2), &|_| {}).expect("a document");
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
    fn a_prompt_that_is_not_understood_is_served_in_name_only() {
        let output =
            work(&Vocabulary::builtin(), &run("qwerty zxcvb", 1), &|_| {}).expect("a document");
        assert_eq!(output.outcome.status, StageStatus::Completed);
        assert_eq!(output.outcome.reason.as_deref(), Some(NOT_UNDERSTOOD));
        assert_eq!(output.document.description.as_deref(), Some(NOT_UNDERSTOOD));
    }

    #[test]
    fn a_deadline_that_has_passed_still_gives_the_first_candidate() {
        let mut late = run("a dog", 5);
        late.context.deadline = Instant::now();
        let output = work(&Vocabulary::builtin(), &late, &|_| {}).expect("a document");
        assert_eq!(output.outcome.status, StageStatus::CutShort);
    }

    #[test]
    fn a_cancelled_run_says_so() {
        let cancelled = run("a dog", 5);
        cancelled.context.cancel.cancel();
        let failure = work(&Vocabulary::builtin(), &cancelled, &|_| {}).unwrap_err();
        assert_eq!(failure, CallFailure::cancelled());
    }

    #[test]
    fn the_first_candidate_is_handed_over_while_others_are_made() {
        let told = std::cell::RefCell::new(Vec::new());
        let tell = |progress: Progress| told.borrow_mut().push(progress);
        work(&Vocabulary::builtin(), &run("a dog", 4), &tell).expect("a document");
        let told = told.into_inner();
        let first = told.first().expect("something handed over");
        assert_eq!((first.stage, first.fraction), (Stage::Template, 0.25));
        assert!(first.preview.is_some());
    }
}
