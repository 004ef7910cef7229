//! The detail actor under the watchdog: it serves, it stops when told to, it comes back after a
//! panic.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use chat2svg_backends::{Circuits, LineUp};
use chat2svg_detail::{DetailActor, DetailConfig, EmbeddedDetailer};
use chat2svg_protocol::{
    JobId, LevelChoice, ResourceLevel, Source, Style,
    messages::{Progress, RunDetail, StageContext, StageError},
};
use chat2svg_supervision::{ComputePool, Line, Slot, Watchdog, WatchdogPolicy};
use chat2svg_vector::{Color, Document, Group, Metadata, Node, Paint, Raster, Shape};
use kurbo::{Circle, Rect, Shape as _};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

/// Takes what the stages tell and forgets it.
struct Listener;

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Progress> for Listener {
    type Result = ();

    fn handle(&mut self, _: Progress, _: &mut Self::Context) {}
}

fn ball_on_a_meadow() -> Document {
    let layer = |label: &str, path, color| {
        let shape = Shape::filled(label, path, Paint::Solid(color));
        Node::Group(Group {
            children: vec![Node::Shape(shape)],
            ..Group::new(label)
        })
    };
    Document {
        width: 200.0,
        height: 200.0,
        view_box: Rect::new(0.0, 0.0, 200.0, 200.0),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers: vec![
            layer(
                "sky",
                Rect::new(0.0, 0.0, 200.0, 200.0).to_path(0.1),
                Color::from_rgb8(150, 200, 240),
            ),
            layer(
                "ground",
                Rect::new(0.0, 120.0, 200.0, 200.0).to_path(0.1),
                Color::from_rgb8(110, 180, 90),
            ),
            layer(
                "ball",
                Circle::new((100.0, 120.0), 40.0).to_path(0.01),
                Color::from_rgb8(220, 50, 40),
            ),
        ],
    }
}

fn run(cancel: CancellationToken) -> RunDetail {
    RunDetail {
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
        prompt: None,
        document: Arc::new(ball_on_a_meadow()),
        style: Some(Style::Flat),
        target: None,
        may_add: true,
    }
}

/// A supervised detail actor, and the line to it.
fn start() -> (Slot<DetailActor>, Line<RunDetail>, Watchdog) {
    let listener = Listener.start().recipient();
    let watchdog = Watchdog::new(WatchdogPolicy {
        poll_interval_ms: 20,
        backoff_min_ms: 10,
        ..WatchdogPolicy::default()
    });
    let slot = Slot::new("detail");
    let pool = ComputePool::new("detail-test", 1, 8);
    watchdog.start(&slot, &Arbiter::current(), move || {
        let progress = Line::from_recipient("listener", listener.clone());
        let detailer = EmbeddedDetailer::new(DetailConfig::default(), pool.clone());
        let line_up = LineUp::new(vec![Arc::new(detailer)], Circuits::always_closed());
        DetailActor::new(line_up, progress)
    });
    let line = slot.line();
    (slot, line, watchdog)
}

#[actix_rt::test]
async fn a_ball_gets_form_and_a_shadow() {
    let (_slot, line, _watchdog) = start();
    let output = line
        .ask(run(CancellationToken::new()), PATIENCE)
        .await
        .unwrap()
        .unwrap();
    assert!(
        output
            .summary
            .added
            .contains(&"ball / contact shadow".to_owned())
    );
    assert!(
        output
            .summary
            .added
            .iter()
            .any(|name| name.starts_with("ball") && name.ends_with("gradient"))
    );
    assert!(
        output
            .summary
            .added
            .iter()
            .any(|name| name.starts_with("sky") && name.ends_with("gradient"))
    );
    for name in ["ball / cast shadow", "ball / highlight"] {
        assert!(output.summary.added.contains(&name.to_owned()), "{name}");
    }
    assert_eq!(output.document.shapes().len(), 6);
}

#[actix_rt::test]
async fn a_cancelled_run_says_so() {
    let (_slot, line, _watchdog) = start();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let answer = line.ask(run(cancel), PATIENCE).await.unwrap();
    assert_eq!(answer.unwrap_err().error, StageError::Cancelled);
}

#[actix_rt::test]
async fn a_run_that_is_cancelled_on_its_way_says_so() {
    let (_slot, line, _watchdog) = start();
    // First with the embedded detailer, then with a target from outside.
    for target in [None, Some(Raster::filled(64, 64, [20, 90, 160, 255]))] {
        let cancel = CancellationToken::new();
        let mut run = run(cancel.clone());
        run.target = target.map(|target| Arc::new(target.expect("a small picture")));
        let (answer, ()) = tokio::join!(line.ask(run, PATIENCE), async {
            actix_rt::task::yield_now().await;
            cancel.cancel();
        });
        assert_eq!(answer.unwrap().unwrap_err().error, StageError::Cancelled);
    }
}

#[actix_rt::test]
async fn it_is_back_at_work_after_a_panic() {
    let (slot, line, _watchdog) = start();
    slot.inject_panic();
    let begun = Instant::now();
    while slot.health().restarts == 0 {
        assert!(
            begun.elapsed() < PATIENCE,
            "the watchdog did not restart the actor"
        );
        actix_rt::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(
        line.ask(run(CancellationToken::new()), PATIENCE)
            .await
            .unwrap()
            .is_ok()
    );
}
