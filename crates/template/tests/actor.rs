//! The template actor under the watchdog: it serves, it stops when told to, it comes back after a
//! panic.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use chat2svg_backends::{Circuits, LineUp};
use chat2svg_protocol::{
    CanvasSize, JobId, LevelChoice, Prompt, ResourceLevel, Source, Style,
    messages::{Progress, RunTemplate, StageContext, StageError},
};
use chat2svg_supervision::{ComputePool, Line, Slot, Watchdog, WatchdogPolicy};
use chat2svg_template::{EmbeddedComposer, TemplateActor, embedded::Vocabulary};
use tokio_util::sync::CancellationToken;

/// Long enough that only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes what the stages tell and forgets it.
struct Listener;

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Progress> for Listener {
    type Result = ();

    fn handle(&mut self, _: Progress, _: &mut Self::Context) {}
}

fn run(cancel: CancellationToken) -> RunTemplate {
    RunTemplate {
        context: StageContext {
            job: JobId(uuid::Uuid::now_v7()),
            level: ResourceLevel::High,
            asked: LevelChoice::Auto,
            source: Source::Line,
            seed: 0,
            palette: None,
            deadline: Instant::now() + PATIENCE,
            cancel,
        },
        prompt: Prompt::parse("three red apples on a table", Prompt::DEFAULT_LIMIT).unwrap(),
        style: Some(Style::Pastel),
        background: None,
        canvas: CanvasSize::new(300, 200).unwrap(),
        candidates: 2,
    }
}

/// A supervised template actor.
fn start() -> (Slot<TemplateActor>, Watchdog) {
    let listener = Listener.start().recipient();
    let watchdog = Watchdog::new(WatchdogPolicy {
        poll_interval_ms: 20,
        backoff_min_ms: 1,
        ..WatchdogPolicy::default()
    });
    let slot = Slot::new("template");
    let pool = ComputePool::new("template-test", 1, 8);
    watchdog.start(&slot, &Arbiter::current(), move || {
        let progress = Line::from_recipient("listener", listener.clone());
        let composer = EmbeddedComposer::new(Vocabulary::builtin(), pool.clone(), progress.clone());
        let line_up = LineUp::new(vec![Arc::new(composer)], Circuits::always_closed());
        TemplateActor::new(line_up, progress)
    });
    (slot, watchdog)
}

#[actix_rt::test]
async fn a_prompt_becomes_a_named_document() {
    let (slot, _watchdog) = start();
    let run = run(CancellationToken::new());
    let output = slot.line().ask(run, PATIENCE).await.unwrap().unwrap();
    assert_eq!(
        (output.document.width, output.document.height),
        (300.0, 200.0)
    );
    assert_eq!(output.style, Style::Pastel);
    assert_eq!(output.document.metadata.undrawn, [""; 0]);
    let svg = output
        .document
        .to_svg(&chat2svg_vector::WriteOptions::default());
    assert!(svg.contains("apple"), "{svg}");
}

#[actix_rt::test]
async fn a_cancelled_run_says_so() {
    let (slot, _watchdog) = start();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let answer = slot.line().ask(run(cancel), PATIENCE).await.unwrap();
    assert_eq!(answer.unwrap_err().error, StageError::Cancelled);
}

#[actix_rt::test]
async fn it_is_back_at_work_after_a_panic() {
    let (slot, _watchdog) = start();
    slot.inject_panic();
    let begun = Instant::now();
    while slot.health().restarts == 0 {
        assert!(
            begun.elapsed() < PATIENCE,
            "the watchdog did not restart the actor"
        );
        actix_rt::time::sleep(Duration::from_millis(10)).await;
    }
    let answer = slot
        .line()
        .ask(run(CancellationToken::new()), PATIENCE)
        .await
        .unwrap();
    assert!(answer.is_ok());
}
