//! What gateways in front of models have been seen to get wrong, against the real circuits on
//! virtual time: calls wasted on a provider that is down, faults blamed on the wrong side, waits
//! that are not kept, money spent on nothing.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use actix::prelude::*;
use chat2svg_backends::{Backend, Circuits, LineUp};
use chat2svg_breaker::{BreakerActor, BreakerConfig, CircuitRegistry};
use chat2svg_protocol::{
    AttemptOutcome, BackendId, CallFailure, CanvasSize, CircuitStanding, CircuitState, Cost, Fault,
    JobId, LevelChoice, OpenReason, Prompt, ResourceLevel, Source, StageOutcome, Style,
    messages::{CircuitsQuery, RunTemplate, StageContext, TemplateOutput},
};
use chat2svg_supervision::Line;
use chat2svg_vector::Document;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::{Instant, advance, pause, sleep};
use tokio_util::sync::CancellationToken;

/// What a provider does at a moment, given how long after the start it is called.
type Script = fn(Duration) -> Deed;

enum Deed {
    /// Answers after so long.
    Serve(Duration),
    /// Opens a stream, sends for so long, and breaks off.
    BreakOff(Duration),
    Fail(CallFailure),
    /// Never says anything.
    Stall,
}

/// A model behind a network, and how often it was called.
struct Model {
    script: Script,
    price: Cost,
    begun: Instant,
    calls: Arc<AtomicU32>,
}

fn output(served_by: BackendId) -> TemplateOutput {
    TemplateOutput {
        document: Arc::new(Document {
            width: 8.0,
            height: 8.0,
            view_box: kurbo::Rect::new(0.0, 0.0, 8.0, 8.0),
            title: None,
            description: None,
            metadata: Default::default(),
            layers: Vec::new(),
        }),
        style: Style::Flat,
        outcome: StageOutcome::completed(served_by),
    }
}

impl Backend<RunTemplate> for Model {
    fn id(&self) -> BackendId {
        "model".parse().unwrap()
    }

    fn reserve(&self, _: &RunTemplate) -> Duration {
        Duration::from_millis(100)
    }

    fn serve(&self, _: RunTemplate) -> BoxFuture<'static, Result<TemplateOutput, CallFailure>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let deed = (self.script)(self.begun.elapsed());
        let served = output(self.id());
        async move {
            match deed {
                Deed::Serve(time) => {
                    sleep(time).await;
                    Ok(served)
                }
                Deed::BreakOff(time) => {
                    sleep(time).await;
                    Err(CallFailure::new(Fault::Provider, "the stream broke off"))
                }
                Deed::Fail(failure) => Err(failure),
                Deed::Stall => std::future::pending().await,
            }
        }
        .boxed()
    }

    fn price(&self, _: &RunTemplate) -> Cost {
        self.price
    }
}

/// What serves when the model does not.
struct Embedded;

impl Backend<RunTemplate> for Embedded {
    fn id(&self) -> BackendId {
        BackendId::EMBEDDED
    }

    fn reserve(&self, _: &RunTemplate) -> Duration {
        Duration::from_millis(100)
    }

    fn serve(&self, _: RunTemplate) -> BoxFuture<'static, Result<TemplateOutput, CallFailure>> {
        std::future::ready(Ok(output(BackendId::EMBEDDED))).boxed()
    }

    fn is_steady(&self) -> bool {
        false
    }
}

struct Gateway {
    begun: Instant,
    line_up: LineUp<RunTemplate>,
    breaker: Addr<BreakerActor>,
    calls: Arc<AtomicU32>,
}

impl Gateway {
    fn new(script: Script, price: Cost) -> Self {
        Self::with(script, price, true)
    }

    fn with(script: Script, price: Cost, has_embedded: bool) -> Self {
        pause();
        let registry = CircuitRegistry::default();
        let breaker = BreakerActor::new(BreakerConfig::default(), registry).start();
        let circuits = Circuits::new(
            Line::from_recipient("breaker", breaker.clone().recipient()),
            Line::from_recipient("breaker", breaker.clone().recipient()),
            Duration::from_secs(20),
        );
        let calls = Arc::new(AtomicU32::new(0));
        let mut backends: Vec<Arc<dyn Backend<RunTemplate>>> = vec![Arc::new(Model {
            script,
            price,
            begun: Instant::now(),
            calls: Arc::clone(&calls),
        })];
        if has_embedded {
            backends.push(Arc::new(Embedded));
        }
        Self {
            begun: Instant::now(),
            line_up: LineUp::new(backends, circuits),
            breaker,
            calls,
        }
    }

    /// One request with so much time; answers how the model's turn ended and how long all took.
    async fn request(&self, time: Duration) -> (AttemptOutcome, Duration) {
        self.request_until(time, CancellationToken::new()).await
    }

    async fn request_until(
        &self,
        time: Duration,
        cancel: CancellationToken,
    ) -> (AttemptOutcome, Duration) {
        let begun = Instant::now();
        let run = RunTemplate {
            context: StageContext {
                job: JobId(uuid::Uuid::nil()),
                level: ResourceLevel::High,
                asked: LevelChoice::Auto,
                source: Source::Line,
                seed: 0,
                palette: None,
                deadline: (begun + time).into_std(),
                cancel,
            },
            prompt: Prompt::parse("a fox", 100).unwrap(),
            style: None,
            background: None,
            canvas: CanvasSize::default(),
            candidates: 1,
        };
        let attempts = match self.line_up.serve(run).await {
            Ok(output) => output.outcome.attempts,
            Err(failure) => failure.attempts,
        };
        (attempts[0].outcome, begun.elapsed())
    }

    /// One request each `interval`, for as long as `span`: the model's turns that it did not serve.
    async fn load(&self, span: Duration, interval: Duration) -> u32 {
        let mut wasted = 0;
        let end = Instant::now() + span;
        while Instant::now() < end {
            let next = Instant::now() + interval;
            let (outcome, _) = self.request(Duration::from_secs(30)).await;
            wasted += u32::from(!matches!(
                outcome,
                AttemptOutcome::Served | AttemptOutcome::Refused | AttemptOutcome::Passed
            ));
            tokio::time::sleep_until(next).await;
        }
        wasted
    }

    async fn circuit(&self) -> CircuitStanding {
        let circuits = self.breaker.send(CircuitsQuery).await.unwrap();
        let mut circuits = circuits.into_iter();
        circuits
            .find(|circuit| circuit.backend.as_str() == "model")
            .unwrap()
            .standing
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn down_for_a_minute(at: Duration) -> Deed {
    if (MINUTE..MINUTE * 2).contains(&at) {
        Deed::Fail(CallFailure::new(Fault::Provider, "no connection"))
    } else {
        Deed::Serve(Duration::from_millis(400))
    }
}

#[actix_rt::test]
async fn an_outage_of_a_minute_wastes_at_most_four_calls_and_is_noticed_when_it_is_over() {
    let gateway = Gateway::new(down_for_a_minute, Cost(0));
    assert_eq!(gateway.load(MINUTE, SECOND).await, 0);
    let healthy = gateway.calls();
    let wasted = gateway.load(MINUTE, SECOND).await;
    assert!((3..=4).contains(&wasted), "{wasted} calls wasted");
    // While it is open a request costs no more than the fallback does.
    let before = gateway.calls();
    assert!(before - healthy <= 4);
    assert_eq!(gateway.load(MINUTE, SECOND).await, 0);
    assert!(gateway.calls() - before > 50, "it is served again");
    let circuit = gateway.circuit().await;
    assert_eq!(circuit.state, CircuitState::Closed);
    let states: Vec<_> = circuit.changes.iter().map(|change| change.to).collect();
    assert_eq!(
        states,
        [
            CircuitState::Open,
            CircuitState::HalfOpen,
            CircuitState::Closed
        ]
    );
}

#[actix_rt::test]
async fn while_it_is_open_a_request_takes_no_longer_than_the_fallback() {
    let gateway = Gateway::new(|_| Deed::Stall, Cost(0));
    for _ in 0..3 {
        let (outcome, spent) = gateway.request(Duration::from_secs(10)).await;
        assert_eq!(outcome, AttemptOutcome::Late);
        assert!(spent < Duration::from_secs(10));
    }
    for _ in 0..50 {
        let (outcome, spent) = gateway.request(Duration::from_secs(10)).await;
        assert_eq!(outcome, AttemptOutcome::Refused);
        assert_eq!(spent, Duration::ZERO);
    }
    assert_eq!(gateway.calls(), 3);
}

#[actix_rt::test]
async fn a_lone_backend_opens_too() {
    let down: Script = |_| Deed::Fail(CallFailure::new(Fault::Provider, "no connection"));
    let gateway = Gateway::with(down, Cost(0), false);
    for _ in 0..20 {
        gateway.request(Duration::from_secs(10)).await;
    }
    assert_eq!(gateway.calls(), 3);
    assert_eq!(gateway.circuit().await.state, CircuitState::Open);
}

#[actix_rt::test]
async fn a_stream_counts_at_its_end_and_not_when_it_opens() {
    // Each stream opens well, and breaks off after eight seconds.
    let gateway = Gateway::new(|_| Deed::BreakOff(Duration::from_secs(8)), Cost(0));
    for failures in 1..=3 {
        let (outcome, _) = gateway.request(Duration::from_secs(30)).await;
        assert_eq!(outcome, AttemptOutcome::Failed);
        assert_eq!(gateway.circuit().await.consecutive_failures, failures);
    }
    assert_eq!(gateway.circuit().await.state, CircuitState::Open);
}

#[actix_rt::test]
async fn clients_that_leave_never_count() {
    let gateway = Gateway::new(|_| Deed::Stall, Cost(500_000));
    for round in 0..40 {
        if round % 2 == 0 {
            // The job is cancelled.
            let cancel = CancellationToken::new();
            let stop = async {
                sleep(Duration::from_secs(5)).await;
                cancel.cancel();
            };
            let request = gateway.request_until(Duration::from_secs(30), cancel.clone());
            let ((outcome, _), ()) = tokio::join!(request, stop);
            assert_eq!(outcome, AttemptOutcome::Cancelled);
        } else {
            // Whoever waited for the answer is gone.
            let request = gateway.request(Duration::from_secs(30));
            let left = tokio::time::timeout(Duration::from_secs(5), request).await;
            assert!(left.is_err());
        }
    }
    let circuit = gateway.circuit().await;
    assert_eq!(circuit.state, CircuitState::Closed);
    assert_eq!((circuit.consecutive_failures, circuit.window_calls), (0, 0));
    assert_eq!(gateway.calls(), 40);
}

#[actix_rt::test]
async fn an_exhausted_budget_opens_at_once_and_for_long() {
    let spent: Script = |_| Deed::Fail(CallFailure::new(Fault::Terminal, "402: credit is used up"));
    let gateway = Gateway::new(spent, Cost(0));
    let day = MINUTE * 60 * 24;
    gateway.load(day, MINUTE).await;
    assert!(gateway.calls() <= 24, "{} calls in a day", gateway.calls());
    let circuit = gateway.circuit().await;
    assert_eq!(circuit.because, Some(OpenReason::Terminal));
    assert_eq!(
        circuit.last_failure.as_deref(),
        Some("402: credit is used up")
    );
}

#[actix_rt::test]
async fn a_wish_to_wait_is_kept_to_the_second_however_often_it_comes() {
    let busy: Script = |at| {
        if at < MINUTE {
            let retry_after = Duration::from_secs(47);
            Deed::Fail(CallFailure::new(Fault::Busy { retry_after }, "429"))
        } else {
            Deed::Serve(SECOND)
        }
    };
    let gateway = Gateway::new(busy, Cost(0));
    gateway.request(MINUTE).await;
    for expected in [47.0, 94.0] {
        let wait = gateway.circuit().await.retry_after_seconds.unwrap();
        assert_eq!(wait, 47.0, "at {expected}");
        advance(Duration::from_millis(46_900)).await;
        assert_eq!(gateway.request(MINUTE).await.0, AttemptOutcome::Refused);
        advance(Duration::from_millis(100)).await;
        let (outcome, _) = gateway.request(MINUTE).await;
        let due = if expected < 60.0 {
            AttemptOutcome::Busy
        } else {
            AttemptOutcome::Served
        };
        assert_eq!(outcome, due);
    }
    assert_eq!(gateway.calls(), 3);
    assert_eq!(gateway.circuit().await.consecutive_failures, 0);
}

#[actix_rt::test]
async fn money_for_nothing_stops_at_a_dollar_a_minute() {
    // Idle for a second and a half: too short to call it a fault, but each costs five cents.
    let gateway = Gateway::new(|_| Deed::Stall, Cost(50_000));
    for _ in 0..1_000 {
        gateway.request(Duration::from_millis(1_500)).await;
        sleep(SECOND).await;
    }
    let circuit = gateway.circuit().await;
    let opened = circuit
        .changes
        .iter()
        .find(|change| change.to == CircuitState::Open);
    assert_eq!(opened.unwrap().because, Some(OpenReason::Cost));
    let minutes = gateway.begun.elapsed().as_secs() / 60 + 1;
    let calls = u64::from(gateway.calls());
    assert!(calls <= 20 * minutes, "{calls} calls in {minutes} minutes");
    // Twenty calls are a dollar; then it rests, longer each time.
    assert!(calls <= 120, "{calls} calls of 1000 requests");
}

#[actix_rt::test]
async fn what_a_failure_cost_counts_and_not_the_price_where_it_is_known() {
    // Nothing was sent, so nothing was paid; each time another call serves, so none is in a row.
    let free: Script = |at| {
        if at.as_secs() % 2 == 0 {
            let failure = CallFailure::new(Fault::Provider, "no connection");
            Deed::Fail(failure.costing(Cost(0)))
        } else {
            Deed::Serve(Duration::from_millis(10))
        }
    };
    let gateway = Gateway::new(free, Cost(5_000_000));
    for _ in 0..8 {
        gateway.request(MINUTE).await;
        sleep(SECOND).await;
    }
    assert_eq!(gateway.circuit().await.because, None);
    assert_eq!(gateway.calls(), 8);
}

#[actix_rt::test]
async fn what_the_request_is_to_blame_for_never_counts() {
    let declined: Script = |_| {
        Deed::Fail(CallFailure::new(
            Fault::Request,
            "against the provider's policy",
        ))
    };
    let gateway = Gateway::with(declined, Cost(5_000_000), false);
    for _ in 0..50 {
        gateway.request(MINUTE).await;
    }
    assert_eq!(gateway.calls(), 50);
    assert_eq!(gateway.circuit().await.state, CircuitState::Closed);
}

#[actix_rt::test]
async fn a_provider_far_slower_than_itself_is_left_for_the_fallback() {
    let slowing: Script = |at| {
        Deed::Serve(if at < MINUTE * 10 {
            Duration::from_secs(4)
        } else {
            Duration::from_secs(25)
        })
    };
    let gateway = Gateway::new(slowing, Cost(0));
    gateway.load(MINUTE * 10, Duration::from_secs(10)).await;
    assert_eq!(gateway.circuit().await.state, CircuitState::Closed);
    let before = gateway.calls();
    gateway.load(MINUTE * 10, Duration::from_secs(30)).await;
    assert_eq!(gateway.circuit().await.because, Some(OpenReason::Slow));
    assert!(gateway.calls() - before <= 18, "{}", gateway.calls());
}

#[actix_rt::test]
async fn refused_by_all_says_so_with_the_wait() {
    let down: Script = |_| Deed::Fail(CallFailure::new(Fault::Provider, "no connection"));
    let gateway = Gateway::with(down, Cost(0), false);
    for _ in 0..3 {
        gateway.request(MINUTE).await;
    }
    let before = gateway.circuit().await.retry_after_seconds.unwrap();
    advance(SECOND * 20).await;
    assert_eq!(gateway.request(MINUTE).await.0, AttemptOutcome::Refused);
    let after = gateway.circuit().await.retry_after_seconds.unwrap();
    assert_eq!((before, after), (60.0, 40.0));
}
