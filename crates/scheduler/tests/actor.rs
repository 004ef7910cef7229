//! The scheduler behind its mailbox, under the watchdog.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use actix::prelude::*;
use chat2svg_protocol::{
    BackendId, CircuitSnapshot, ClientKey, JobId, LevelMode, PerStage, Priority, ResourceLevel,
    ResourceSnapshot, Stage,
    messages::{
        AdjustFit, CircuitsQuery, Dispatch, Enqueue, QueueQuery, Replan, ResourcesChanged,
        StageFinished, Withdraw,
    },
};
use chat2svg_scheduler::{SchedulerActor, SchedulerConfig, SchedulerLines, SharedQueue};
use chat2svg_supervision::{ComputePool, Slot, Watchdog, WatchdogPolicy};
use jiff::Timestamp;
use uuid::Uuid;

/// Long enough that only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Notes dispatches; dies of the first ones if asked to.
#[derive(Clone, Default)]
struct Controller {
    dispatched: Arc<Mutex<Vec<Dispatch>>>,
    deaths: Arc<AtomicU32>,
}

impl Actor for Controller {
    type Context = Context<Self>;
}

chat2svg_supervision::answers_polls!(Controller);

impl Handler<Dispatch> for Controller {
    type Result = ();

    fn handle(&mut self, dispatch: Dispatch, _: &mut Self::Context) {
        let deaths = self.deaths.load(Ordering::SeqCst);
        if deaths > 0 {
            self.deaths.store(deaths - 1, Ordering::SeqCst);
        }
        assert_eq!(deaths, 0, "as the test asked");
        self.dispatched.lock().unwrap().push(dispatch);
    }
}

impl Handler<AdjustFit> for Controller {
    type Result = ();

    fn handle(&mut self, _: AdjustFit, _: &mut Self::Context) {}
}

impl Handler<CircuitsQuery> for Controller {
    type Result = MessageResult<CircuitsQuery>;

    fn handle(&mut self, _: CircuitsQuery, _: &mut Self::Context) -> Self::Result {
        MessageResult(Vec::<CircuitSnapshot>::new())
    }
}

fn embedded() -> PerStage<Vec<BackendId>> {
    PerStage {
        template: vec![BackendId::EMBEDDED],
        detail: vec![BackendId::EMBEDDED],
        optimize: vec![BackendId::EMBEDDED],
    }
}

impl Controller {
    async fn at_least(&self, count: usize) -> Vec<Dispatch> {
        loop {
            let dispatched = self.dispatched.lock().unwrap().clone();
            if dispatched.len() >= count {
                return dispatched;
            }
            actix_rt::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

struct House {
    slot: Slot<SchedulerActor>,
    controller: Controller,
    _watchdog: Watchdog,
}

impl House {
    fn new(config: SchedulerConfig) -> Self {
        let watchdog = Watchdog::new(WatchdogPolicy {
            poll_interval_ms: 20,
            backoff_min_ms: 1,
            ..WatchdogPolicy::default()
        });
        let controller = Controller::default();
        let controller_slot = Slot::new("controller");
        let made = controller.clone();
        watchdog.start(&controller_slot, &Arbiter::current(), move || made.clone());
        let slot = Slot::new("scheduler");
        let queue = SharedQueue::new(config, embedded());
        let pool = ComputePool::new("plan", 1, 4);
        let lines = SchedulerLines {
            dispatch: controller_slot.line(),
            adjust: controller_slot.line(),
            circuits: controller_slot.line(),
        };
        watchdog.start(&slot, &Arbiter::current(), move || {
            SchedulerActor::new(queue.clone(), lines.clone(), pool.clone())
        });
        Self {
            slot,
            controller,
            _watchdog: watchdog,
        }
    }

    async fn read_machine(&self, cores: f32) {
        let snapshot = ResourceSnapshot {
            taken_at: Timestamp::now(),
            cpu_used: 1.0,
            cpu_used_by_others: 0.0,
            cpu_cores: cores,
            memory_used: 1 << 30,
            memory_total: 8 << 30,
            swap_used: 0,
            swap_total: 0,
            process_memory: 0,
            load: None,
            pressure: None,
            gpus: Vec::new(),
            level: ResourceLevel::High,
            measured_level: ResourceLevel::High,
            mode: LevelMode::Adaptive,
        };
        let changed = ResourcesChanged(Arc::new(snapshot));
        self.slot.line().ask(changed, PATIENCE).await.unwrap();
    }

    async fn enqueue(&self, number: u128) -> JobId {
        self.enqueue_due(number, Duration::from_secs(600)).await
    }

    async fn enqueue_due(&self, number: u128, due: Duration) -> JobId {
        let job = JobId(Uuid::from_u128(number));
        let enqueue = Enqueue {
            job,
            deadline: Instant::now() + due,
            level: None,
            wanted: [true; 3],
            priority: Priority::Interactive,
            client: ClientKey(1),
            size: 0,
        };
        self.slot.line().ask(enqueue, PATIENCE).await.unwrap();
        job
    }
}

fn one_at_a_time() -> SchedulerConfig {
    SchedulerConfig {
        max_concurrent: 1,
        ..SchedulerConfig::default()
    }
}

#[actix_rt::test]
async fn jobs_are_dispatched_as_the_machine_gets_free() {
    let house = House::new(one_at_a_time());
    house.read_machine(2.0).await;
    for number in 1..=3 {
        house.enqueue(number).await;
    }
    let first = house.controller.at_least(1).await[0].clone();
    assert_eq!(first.plan.stages.len(), 3);
    let queue = house.slot.line().ask(QueueQuery, PATIENCE).await.unwrap();
    assert_eq!((queue.queued, queue.running), (2, 1));

    for stage in Stage::ALL {
        let finished = StageFinished {
            job: first.job,
            stage,
            served: Some((BackendId::EMBEDDED, 0.1)),
            gain: None,
        };
        house.slot.line().ask(finished, PATIENCE).await.unwrap();
    }
    let withdraw = Withdraw { job: first.job };
    house.slot.line().ask(withdraw, PATIENCE).await.unwrap();
    let second = house.controller.at_least(2).await[1].clone();
    assert_eq!(second.job, JobId(Uuid::from_u128(2)));
    let queue = house.slot.line().ask(QueueQuery, PATIENCE).await.unwrap();
    assert_eq!(queue.predictions.len(), 3);
    let line = house.slot.line();
    let replanned = line.ask(Replan { job: second.job }, PATIENCE).await;
    assert_eq!(replanned.unwrap(), None, "nothing has changed");
}

#[actix_rt::test]
async fn jobs_that_compete_are_planned_in_time() {
    let house = House::new(SchedulerConfig {
        solve_limit_ms: 2_000,
        ..SchedulerConfig::default()
    });
    house.read_machine(2.0).await;
    for number in 1..=40 {
        house.enqueue_due(number, Duration::from_secs(4)).await;
    }
    // At once where the greedy solution is known to be the best, else by the pool.
    loop {
        let queue = house.slot.line().ask(QueueQuery, PATIENCE).await.unwrap();
        if queue.last_method.is_some() {
            break;
        }
        actix_rt::time::sleep(Duration::from_millis(1)).await;
    }
}

#[actix_rt::test]
async fn a_panic_loses_no_waiting_job() {
    let house = House::new(one_at_a_time());
    house.read_machine(2.0).await;
    for number in 1..=2 {
        house.enqueue(number).await;
    }
    let first = house.controller.at_least(1).await[0].job;
    house.slot.inject_panic();
    while house.slot.health().restarts == 0 {
        actix_rt::time::sleep(Duration::from_millis(1)).await;
    }
    let withdraw = Withdraw { job: first };
    house.slot.line().ask(withdraw, PATIENCE).await.unwrap();
    let dispatched = house.controller.at_least(2).await;
    assert_eq!(dispatched[1].job, JobId(Uuid::from_u128(2)));
}

#[actix_rt::test]
async fn a_dispatch_that_the_controller_did_not_survive_is_repeated() {
    let house = House::new(SchedulerConfig::default());
    house.controller.deaths.store(2, Ordering::SeqCst);
    house.read_machine(2.0).await;
    let job = house.enqueue(1).await;
    assert_eq!(house.controller.at_least(1).await[0].job, job);
}

#[actix_rt::test]
async fn without_a_reading_of_the_machine_jobs_start_all_the_same() {
    let house = House::new(SchedulerConfig::default());
    let job = house.enqueue(1).await;
    assert_eq!(house.controller.at_least(1).await[0].job, job);
}
