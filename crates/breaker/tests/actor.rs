//! The breaker behind its mailbox, under the watchdog.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actix::{Actor, Arbiter, Context, Handler};
use chat2svg_breaker::{BreakerActor, BreakerConfig, CircuitRegistry};
use chat2svg_protocol::{
    BackendId, CallEnd, CallReport, CallSize, Circuit, CircuitMode, CircuitOpen, CircuitPermit,
    CircuitState, Cost, Fault, OpenReason, Stage,
    messages::{
        Acquire, CircuitChanged, CircuitsQuery, EnterPipeline, LeavePipeline, PipelineQuery,
        Report, SetCircuit, SetPipeline,
    },
};
use chat2svg_supervision::{Line, Slot, Watchdog, WatchdogPolicy};

/// Long enough that only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

fn start() -> (Slot<BreakerActor>, Watchdog) {
    let slot = Slot::new("breaker");
    let watchdog = Watchdog::new(WatchdogPolicy {
        backoff_min_ms: 1,
        ..WatchdogPolicy::default()
    });
    let registry = CircuitRegistry::new([circuit(Stage::Template), circuit(Stage::Detail)]);
    watchdog.start(&slot, &Arbiter::current(), move || {
        let config = BreakerConfig {
            reset_timeout_seconds: 1000,
            max_open_seconds: 1000,
            ..BreakerConfig::default()
        };
        BreakerActor::new(config, registry.clone())
    });
    (slot, watchdog)
}

fn circuit(stage: Stage) -> Circuit {
    Circuit {
        stage,
        backend: BackendId::EMBEDDED,
    }
}

async fn acquire(slot: &Slot<BreakerActor>, stage: Stage) -> Result<CircuitPermit, CircuitOpen> {
    let acquire = Acquire {
        circuit: circuit(stage),
        size: CallSize::default(),
    };
    slot.line().ask(acquire, PATIENCE).await.unwrap()
}

async fn fail(slot: &Slot<BreakerActor>, permit: CircuitPermit) {
    let call = CallReport {
        end: CallEnd::Failed(Fault::Provider),
        spent: Duration::ZERO,
        reason: Some("no connection".to_owned()),
        size: CallSize::default(),
        comparable: true,
        cost: Cost::default(),
    };
    let report = Report { permit, call };
    slot.line().ask(report, PATIENCE).await.unwrap();
}

#[actix_rt::test]
async fn one_circuit_opens_and_the_others_stay_closed() {
    let (slot, _watchdog) = start();
    for _ in 0..3 {
        let permit = acquire(&slot, Stage::Detail).await.unwrap();
        fail(&slot, permit).await;
    }
    let open = acquire(&slot, Stage::Detail).await.unwrap_err();
    assert_eq!(open.circuit, circuit(Stage::Detail));
    assert!(open.retry_after > Some(Duration::ZERO));
    assert!(acquire(&slot, Stage::Template).await.is_ok());

    let circuits = slot.line().ask(CircuitsQuery, PATIENCE).await.unwrap();
    let states: Vec<_> = circuits
        .iter()
        .map(|circuit| {
            (
                circuit.stage,
                circuit.standing.state,
                circuit.standing.consecutive_failures,
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            (Stage::Template, CircuitState::Closed, 0),
            (Stage::Detail, CircuitState::Open, 3),
        ]
    );
    assert!(circuits[0].standing.retry_after_seconds.is_none());
    assert!(circuits[1].standing.retry_after_seconds.is_some());
    assert_eq!(circuits[0].standing.changes, []);
    let change = &circuits[1].standing.changes[0];
    assert_eq!(
        (change.from, change.to, change.because),
        (
            CircuitState::Closed,
            CircuitState::Open,
            Some(OpenReason::Failures)
        )
    );
}

async fn set(slot: &Slot<BreakerActor>, stage: Stage, mode: CircuitMode) -> CircuitState {
    let circuit = circuit(stage);
    let set = SetCircuit { circuit, mode };
    let snapshot = slot.line().ask(set, PATIENCE).await.unwrap().unwrap();
    assert_eq!(snapshot.standing.mode, mode);
    snapshot.standing.state
}

#[actix_rt::test]
async fn somebody_holds_a_circuit_also_past_a_panic() {
    let (slot, _watchdog) = start();
    assert_eq!(
        set(&slot, Stage::Detail, CircuitMode::Open).await,
        CircuitState::Open
    );
    slot.inject_panic();
    while slot.health().restarts == 0 {
        actix_rt::time::sleep(Duration::from_millis(1)).await;
    }
    let open = acquire(&slot, Stage::Detail).await.unwrap_err();
    assert_eq!((open.because, open.retry_after), (OpenReason::Held, None));
    assert_eq!(
        open.to_string(),
        "circuit detail/embedded is open since it is held open by hand; \
         set its mode back to automatic to let calls through"
    );
    set(&slot, Stage::Detail, CircuitMode::Automatic).await;
    assert!(acquire(&slot, Stage::Detail).await.is_ok());
    let unknown = SetCircuit {
        circuit: circuit(Stage::Optimize),
        mode: CircuitMode::Open,
    };
    let error = slot
        .line()
        .ask(unknown, PATIENCE)
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no circuit optimize/embedded; there are: template/embedded, detail/embedded"
    );
}

#[actix_rt::test]
async fn after_a_panic_circuits_are_closed_and_old_permits_do_not_count() {
    let (slot, _watchdog) = start();
    let mut old = Vec::new();
    for _ in 0..3 {
        old.push(acquire(&slot, Stage::Detail).await.unwrap());
    }
    slot.inject_panic();
    while slot.health().restarts == 0 {
        actix_rt::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(acquire(&slot, Stage::Detail).await.is_ok());
    for permit in old {
        fail(&slot, permit).await;
    }
    assert!(acquire(&slot, Stage::Detail).await.is_ok());
}

#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<CircuitChanged>>>);

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<CircuitChanged> for Listener {
    type Result = ();

    fn handle(&mut self, changed: CircuitChanged, _: &mut Self::Context) {
        self.0.lock().unwrap().push(changed);
    }
}

async fn run_a_job(slot: &Slot<BreakerActor>, end: CallEnd) {
    let enter = EnterPipeline {
        size: CallSize::default(),
    };
    let permit = slot.line().ask(enter, PATIENCE).await.unwrap().unwrap();
    let call = CallReport {
        end,
        spent: Duration::from_secs(3),
        reason: Some("nothing came out".to_owned()),
        size: CallSize::default(),
        comparable: false,
        cost: Cost::default(),
    };
    let leave = LeavePipeline { permit, call };
    slot.line().ask(leave, PATIENCE).await.unwrap();
}

#[actix_rt::test]
async fn the_pipeline_has_a_circuit_of_its_own_whose_changes_are_told() {
    let heard = Listener::default();
    let line = Line::from_recipient("listener", heard.clone().start().recipient());
    let slot = Slot::new("breaker");
    let watchdog = Watchdog::new(WatchdogPolicy {
        backoff_min_ms: 1,
        ..WatchdogPolicy::default()
    });
    let registry = CircuitRegistry::new([circuit(Stage::Template)]);
    watchdog.start(&slot, &Arbiter::current(), move || {
        BreakerActor::new(BreakerConfig::default(), registry.clone()).telling(line.clone())
    });

    // Whom circuits of backends have refused says nothing; who was late or failed does.
    run_a_job(&slot, CallEnd::Failed(Fault::Caller)).await;
    run_a_job(&slot, CallEnd::Failed(Fault::Provider)).await;
    run_a_job(&slot, CallEnd::Late).await;
    run_a_job(&slot, CallEnd::Failed(Fault::Provider)).await;
    let enter = EnterPipeline {
        size: CallSize::default(),
    };
    let open = slot.line().ask(enter, PATIENCE).await.unwrap().unwrap_err();
    assert_eq!(open.because, OpenReason::Failures);
    assert!(open.retry_after > Some(Duration::from_secs(50)));
    let standing = slot.line().ask(PipelineQuery, PATIENCE).await.unwrap();
    assert_eq!(standing.state, CircuitState::Open);
    assert_eq!(standing.last_failure.as_deref(), Some("nothing came out"));
    // Circuits of backends are others.
    assert!(acquire(&slot, Stage::Template).await.is_ok());

    let set = |mode| SetPipeline { mode };
    let closed = set(CircuitMode::Closed);
    let standing = slot.line().ask(closed, PATIENCE).await.unwrap();
    assert_eq!(
        (standing.mode, standing.state),
        (CircuitMode::Closed, CircuitState::Closed)
    );
    let held = set(CircuitMode::Open);
    slot.line().ask(held, PATIENCE).await.unwrap();
    slot.inject_panic();
    while slot.health().restarts == 0 {
        actix_rt::time::sleep(Duration::from_millis(1)).await;
    }
    let open = slot.line().ask(enter, PATIENCE).await.unwrap().unwrap_err();
    assert_eq!((open.because, open.retry_after), (OpenReason::Held, None));

    let told: Vec<_> = heard
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|told| (told.circuit.clone(), told.change.to))
        .collect();
    use CircuitState::{Closed, Open};
    assert_eq!(told[..3], [(None, Open), (None, Closed), (None, Open)]);
}
