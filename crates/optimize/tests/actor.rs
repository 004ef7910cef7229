//! The optimize actor keeps its deadline, whatever keeps the pool busy.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use actix::{Actor, Context, Handler};
use chat2svg_backends::{Circuits, LineUp};
use chat2svg_optimize::{EmbeddedFitter, Guidance, OptimizeActor, OptimizeConfig};
use chat2svg_protocol::{
    FitLimits, JobId, LevelChoice, ResourceLevel, Source,
    messages::{FitScope, Progress, RunOptimize, StageContext, StageError},
};
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_vector::{Document, Metadata, Raster};
use kurbo::Rect;
use tokio_util::sync::CancellationToken;

/// Takes what the stage tells and forgets it.
struct Listener;

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Progress> for Listener {
    type Result = ();

    fn handle(&mut self, _: Progress, _: &mut Self::Context) {}
}

fn run(deadline: Instant) -> RunOptimize {
    RunOptimize {
        ground: Default::default(),
        look: Default::default(),
        context: StageContext {
            job: JobId(uuid::Uuid::now_v7()),
            level: ResourceLevel::High,
            asked: LevelChoice::Auto,
            source: Source::Line,
            seed: 0,
            palette: None,
            deadline,
            cancel: CancellationToken::new(),
        },
        document: Arc::new(Document {
            width: 16.0,
            height: 16.0,
            view_box: Rect::new(0.0, 0.0, 16.0, 16.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: Vec::new(),
        }),
        target: Arc::new(Raster::filled(16, 16, [200, 30, 40, 255]).unwrap()),
        placement: chat2svg_protocol::Placement::Unregistered,
        limits: FitLimits::default(),
        scope: FitScope::Topology,
        description: None,
    }
}

#[actix_rt::test]
async fn a_fit_that_cannot_begin_in_time_is_not_waited_for() {
    let pool = ComputePool::new("optimize-test", 1, 8);
    let listener = Listener.start().recipient();
    let progress = Line::from_recipient("listener", listener);
    let reading = Guidance::default();
    let config = OptimizeConfig::default();
    let fitter = EmbeddedFitter::new(config, pool.clone(), 1, progress, reading.clone());
    let line_up = LineUp::new(vec![Arc::new(fitter)], Circuits::always_closed());
    let actor = OptimizeActor::new(line_up, reading).start();
    let (release, gate) = mpsc::channel::<()>();
    let blocker = actix_rt::spawn(async move {
        let cancel = CancellationToken::new();
        pool.run(&cancel, move || gate.recv()).await
    });
    actix_rt::task::yield_now().await;

    let late = actor.send(run(Instant::now() + Duration::from_millis(30)));
    let failure = late.await.unwrap().err().unwrap();
    assert_eq!(failure.error, StageError::Deadline);

    release.send(()).unwrap();
    assert_eq!(blocker.await.unwrap(), Ok(Ok(())));
    let served = actor.send(run(Instant::now() + Duration::from_secs(60)));
    let output = served.await.unwrap().unwrap();
    assert_eq!(output.document.shapes().len(), 1);
}
