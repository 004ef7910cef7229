//! A line-up of scripted backends: who is called, what is reported, who serves.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix::prelude::*;
use chat2svg_backends::{Absent, Backend, Circuits, LineUp};
use chat2svg_protocol::{
    Attempt, AttemptOutcome, BackendId, CallEnd, CallFailure, CanvasSize, Circuit, CircuitOpen,
    CircuitPermit, Fault, JobId, LevelChoice, OpenReason, Prompt, ResourceLevel, Source, Stage,
    StageOutcome, Style,
    messages::{
        Acquire, Report, RunTemplate, StageContext, StageError, StageFailure, TemplateOutput,
    },
};
use chat2svg_supervision::Line;
use chat2svg_vector::Document;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio_util::sync::CancellationToken;

/// What a backend does when it is asked.
#[derive(Clone, Copy)]
enum Script {
    Serves,
    /// Serves, but its drawing is empty.
    ServesGarbage,
    Fails(Fault),
    /// Has nothing when its time is over.
    Late,
    /// Does not look at its time or its token.
    Stalls,
    /// Answers after so long.
    ServesAfter(Duration),
    /// Takes runs of another kind only.
    IsForOthers,
}

struct Scripted {
    name: &'static str,
    script: Script,
    reserve: Duration,
}

impl Scripted {
    fn output(&self) -> TemplateOutput {
        let document = Document {
            width: 8.0,
            height: 8.0,
            view_box: kurbo_rect(),
            title: Some(self.name.to_owned()),
            description: None,
            metadata: Default::default(),
            layers: Vec::new(),
        };
        TemplateOutput {
            document: Arc::new(document),
            style: Style::Flat,
            outcome: StageOutcome::completed(self.id()),
        }
    }
}

fn kurbo_rect() -> kurbo::Rect {
    kurbo::Rect::new(0.0, 0.0, 8.0, 8.0)
}

impl Backend<RunTemplate> for Scripted {
    fn id(&self) -> BackendId {
        self.name.parse().unwrap()
    }

    fn takes(&self, _: &RunTemplate) -> bool {
        !matches!(self.script, Script::IsForOthers)
    }

    fn reserve(&self, _: &RunTemplate) -> Duration {
        self.reserve
    }

    fn serve(&self, run: RunTemplate) -> BoxFuture<'static, Result<TemplateOutput, CallFailure>> {
        let (script, output) = (self.script, self.output());
        async move {
            match script {
                Script::Serves | Script::ServesGarbage => Ok(output),
                Script::Fails(fault) => Err(CallFailure::new(fault, "it said so")),
                Script::Late => {
                    tokio::time::sleep_until(run.context.deadline.into()).await;
                    Err(CallFailure::late())
                }
                Script::Stalls | Script::IsForOthers => std::future::pending().await,
                Script::ServesAfter(time) => {
                    tokio::time::sleep(time).await;
                    Ok(output)
                }
            }
        }
        .boxed()
    }

    fn refuse(&self, _: &RunTemplate, _: &TemplateOutput) -> Option<String> {
        matches!(self.script, Script::ServesGarbage).then(|| "the drawing is empty".to_owned())
    }
}

/// Breakers that note what they are told, and refuse who is named.
#[derive(Default)]
struct Breakers {
    refused: Option<&'static str>,
    told: Arc<Mutex<Vec<(BackendId, CallEnd)>>>,
}

impl Actor for Breakers {
    type Context = Context<Self>;
}

impl Handler<Acquire> for Breakers {
    type Result = Result<CircuitPermit, CircuitOpen>;

    fn handle(&mut self, acquire: Acquire, _: &mut Self::Context) -> Self::Result {
        let circuit = acquire.circuit;
        assert_eq!(circuit.stage, Stage::Template);
        if Some(circuit.backend.as_str()) == self.refused {
            return Err(CircuitOpen {
                circuit,
                because: OpenReason::Failures,
                retry_after: Some(Duration::from_secs(5)),
            });
        }
        Ok(CircuitPermit {
            circuit,
            generation: 0,
        })
    }
}

impl Handler<Report> for Breakers {
    type Result = ();

    fn handle(&mut self, report: Report, _: &mut Self::Context) {
        let Circuit { backend, .. } = report.permit.circuit;
        self.told.lock().unwrap().push((backend, report.call.end));
    }
}

/// A line-up, and what its circuits were told.
struct House {
    line_up: LineUp<RunTemplate>,
    told: Arc<Mutex<Vec<(BackendId, CallEnd)>>>,
}

impl House {
    fn new(refused: Option<&'static str>, scripts: &[(&'static str, Script)]) -> Self {
        let breakers = Breakers {
            refused,
            ..Breakers::default()
        };
        let told = Arc::clone(&breakers.told);
        let breakers = breakers.start();
        let circuits = Circuits::new(
            Line::from_recipient("breaker", breakers.clone().recipient()),
            Line::from_recipient("breaker", breakers.recipient()),
            Duration::from_secs(20),
        );
        let backends = scripts.iter().map(|(name, script)| {
            let scripted = Scripted {
                name,
                script: *script,
                reserve: Duration::from_millis(100),
            };
            Arc::new(scripted) as Arc<dyn Backend<RunTemplate>>
        });
        let line_up = LineUp::new(backends.collect(), circuits);
        Self { line_up, told }
    }

    async fn serve(&self, run: RunTemplate) -> Result<TemplateOutput, StageFailure> {
        let served = self.line_up.serve(run).await;
        // Reports are on their way.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        served
    }

    fn told(&self) -> Vec<(String, CallEnd)> {
        let told = self.told.lock().unwrap();
        let name = |(backend, end): &(BackendId, CallEnd)| (backend.to_string(), *end);
        told.iter().map(name).collect()
    }
}

fn run(time: Duration) -> RunTemplate {
    RunTemplate {
        context: StageContext {
            job: JobId(uuid::Uuid::nil()),
            level: ResourceLevel::High,
            asked: LevelChoice::Auto,
            source: Source::Line,
            seed: 0,
            palette: None,
            deadline: Instant::now() + time,
            cancel: CancellationToken::new(),
        },
        prompt: Prompt::parse("a fox", 100).unwrap(),
        style: None,
        background: None,
        canvas: CanvasSize::default(),
        candidates: 1,
    }
}

const TIME: Duration = Duration::from_millis(400);

fn turns(outcome: &StageOutcome) -> Vec<(&str, AttemptOutcome)> {
    let turn = |attempt: &'_ Attempt| attempt.outcome;
    let names = outcome
        .attempts
        .iter()
        .map(|attempt| attempt.backend.as_str());
    names.zip(outcome.attempts.iter().map(turn)).collect()
}

#[actix_rt::test]
async fn the_first_that_serves_ends_the_walk() {
    let house = House::new(None, &[("one", Script::Serves), ("two", Script::Serves)]);
    let output = house.serve(run(TIME)).await.unwrap();
    assert_eq!(output.document.title.as_deref(), Some("one"));
    assert_eq!(turns(&output.outcome), [("one", AttemptOutcome::Served)]);
    assert_eq!(house.told(), [("one".to_owned(), CallEnd::Served)]);
}

#[actix_rt::test]
async fn whatever_the_first_does_the_next_serves_and_the_right_one_is_blamed() {
    let busy = Fault::Busy {
        retry_after: Duration::from_secs(9),
    };
    for (script, outcome, end) in [
        (
            Script::Fails(Fault::Provider),
            AttemptOutcome::Failed,
            CallEnd::Failed(Fault::Provider),
        ),
        (
            Script::Fails(busy),
            AttemptOutcome::Busy,
            CallEnd::Failed(busy),
        ),
        (
            Script::Fails(Fault::Terminal),
            AttemptOutcome::Terminal,
            CallEnd::Failed(Fault::Terminal),
        ),
        (
            Script::Fails(Fault::Request),
            AttemptOutcome::Declined,
            CallEnd::Failed(Fault::Request),
        ),
        (
            Script::ServesGarbage,
            AttemptOutcome::Failed,
            CallEnd::Failed(Fault::Provider),
        ),
        (Script::Late, AttemptOutcome::Late, CallEnd::Late),
        (Script::Stalls, AttemptOutcome::Late, CallEnd::Late),
        (
            Script::ServesAfter(TIME * 2),
            AttemptOutcome::Late,
            CallEnd::Late,
        ),
    ] {
        let house = House::new(None, &[("model", script), ("embedded", Script::Serves)]);
        let output = house.serve(run(TIME)).await.unwrap();
        assert_eq!(output.outcome.served_by, BackendId::EMBEDDED);
        assert_eq!(
            turns(&output.outcome),
            [("model", outcome), ("embedded", AttemptOutcome::Served)]
        );
        assert_eq!(
            house.told(),
            [
                ("model".to_owned(), end),
                ("embedded".to_owned(), CallEnd::Served)
            ]
        );
    }
}

#[actix_rt::test]
async fn a_plan_without_room_for_a_model_goes_to_the_embedded_backend_at_once() {
    let house = House::new(
        None,
        &[("model", Script::Serves), ("embedded", Script::Serves)],
    );
    let mut run = run(TIME);
    run.context.source = Source::Embedded;
    let output = house.serve(run).await.unwrap();
    assert_eq!(output.outcome.served_by, BackendId::EMBEDDED);
    assert_eq!(
        turns(&output.outcome),
        [
            ("model", AttemptOutcome::Passed),
            ("embedded", AttemptOutcome::Served)
        ]
    );
    assert_eq!(house.told(), [("embedded".to_owned(), CallEnd::Served)]);
}

#[actix_rt::test]
async fn time_is_kept_for_those_behind() {
    let house = House::new(
        None,
        &[("model", Script::Late), ("embedded", Script::Serves)],
    );
    let output = house.serve(run(TIME)).await.unwrap();
    let late = output.outcome.attempts[0].seconds;
    assert!(late < 0.4, "the last one's reserve is left, {late} s taken");
    // With nothing but the last one's reserve left, the first is passed over.
    let house = House::new(
        None,
        &[("model", Script::Serves), ("embedded", Script::Serves)],
    );
    let output = house.serve(run(Duration::from_millis(90))).await.unwrap();
    assert_eq!(
        turns(&output.outcome),
        [
            ("model", AttemptOutcome::Passed),
            ("embedded", AttemptOutcome::Served)
        ]
    );
    assert_eq!(house.told(), [("embedded".to_owned(), CallEnd::Served)]);
}

#[actix_rt::test]
async fn one_that_cannot_be_reached_is_passed_over_and_named() {
    let absent = Absent::new("model".parse().unwrap(), "no network", |_| true);
    let embedded = Scripted {
        name: "embedded",
        script: Script::Serves,
        reserve: Duration::ZERO,
    };
    let backends: Vec<Arc<dyn Backend<RunTemplate>>> = vec![Arc::new(absent), Arc::new(embedded)];
    let line_up = LineUp::new(backends, Circuits::always_closed());
    let output = line_up.serve(run(TIME)).await.unwrap();
    assert_eq!(
        turns(&output.outcome),
        [
            ("model", AttemptOutcome::Passed),
            ("embedded", AttemptOutcome::Served)
        ]
    );
    let reason = output.outcome.attempts[0].reason.as_deref();
    assert_eq!(reason, Some("no network"));
}

#[actix_rt::test]
async fn one_that_does_not_take_the_run_has_no_turn_and_keeps_no_time() {
    let scripts = [
        ("one", Script::IsForOthers),
        ("two", Script::Serves),
        ("three", Script::IsForOthers),
    ];
    let house = House::new(None, &scripts);
    let output = house.serve(run(Duration::from_millis(90))).await.unwrap();
    assert_eq!(turns(&output.outcome), [("two", AttemptOutcome::Served)]);
    assert_eq!(house.told(), [("two".to_owned(), CallEnd::Served)]);
    let alone = House::new(None, &[("one", Script::IsForOthers)]);
    let failure = alone.serve(run(TIME)).await.unwrap_err();
    assert!(matches!(failure.error, StageError::Lost(_)));
}

#[actix_rt::test]
async fn one_whose_circuit_is_open_is_not_called() {
    let scripts = [("model", Script::Serves), ("embedded", Script::Serves)];
    let house = House::new(Some("model"), &scripts);
    let output = house.serve(run(TIME)).await.unwrap();
    assert_eq!(
        turns(&output.outcome),
        [
            ("model", AttemptOutcome::Refused),
            ("embedded", AttemptOutcome::Served)
        ]
    );
    assert_eq!(house.told(), [("embedded".to_owned(), CallEnd::Served)]);
    let alone = House::new(Some("model"), &[("model", Script::Serves)]);
    let failure = alone.serve(run(TIME)).await.unwrap_err();
    assert!(matches!(failure.error, StageError::Refused(_)));
}

#[actix_rt::test]
async fn a_job_that_is_stopped_leaves_its_backend_at_once_and_asks_no_other() {
    let house = House::new(
        None,
        &[("model", Script::Stalls), ("embedded", Script::Serves)],
    );
    let run = run(Duration::from_secs(600));
    let cancel = run.context.cancel.clone();
    let (served, ()) = tokio::join!(house.serve(run), async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    let failure = served.unwrap_err();
    assert_eq!(failure.error, StageError::Cancelled);
    assert_eq!(failure.attempts[0].outcome, AttemptOutcome::Cancelled);
    assert_eq!(
        house.told(),
        [("model".to_owned(), CallEnd::Failed(Fault::Caller))]
    );
}

#[actix_rt::test]
async fn a_walk_that_is_dropped_reports_its_call() {
    let house = House::new(None, &[("model", Script::Stalls)]);
    {
        let serving = house.line_up.serve(run(Duration::from_secs(600)));
        let soon = tokio::time::timeout(Duration::from_millis(20), serving);
        assert!(soon.await.is_err());
    }
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        house.told(),
        [("model".to_owned(), CallEnd::Failed(Fault::Caller))]
    );
}

#[actix_rt::test]
async fn when_all_fail_the_last_one_says_why() {
    let scripts = [
        ("model", Script::Fails(Fault::Terminal)),
        ("embedded", Script::Fails(Fault::Provider)),
    ];
    let house = House::new(None, &scripts);
    let failure = house.serve(run(TIME)).await.unwrap_err();
    let error = StageError::Backend {
        backend: BackendId::EMBEDDED,
        message: "it said so".to_owned(),
    };
    assert_eq!(failure.error, error);
    assert_eq!(failure.attempts.len(), 2);
}
