//! The scheduler's mailbox and clock. Programmes are solved on a compute pool, one at a time; what
//! happens meanwhile leads to another round.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use actix::prelude::*;
use arc_swap::ArcSwap;
use chat2svg_protocol::{
    BackendId, JobId, PerStage, ResourceSnapshot, StagePlan,
    messages::{
        AdjustFit, CircuitsQuery, Dispatch, Enqueue, MemoryTaken, QueueQuery, Replan,
        ResourcesChanged, StageFinished, Withdraw,
    },
};
use chat2svg_resources::memory;
use chat2svg_supervision::{AskError, ComputePool, Line, answers_polls};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    admission::Forecast,
    config::SchedulerConfig,
    estimates::Work,
    programme::Resources,
    queue::{Machine, Queue, Waiting},
    solver::{Limits, solve, solve_greedily},
};

/// How long the controller has to take a job on, and how long to wait before it is offered again.
const HANDOVER: Duration = Duration::from_secs(5);
const OFFER_AGAIN: Duration = Duration::from_millis(200);

/// How often the circuits are looked at.
const LOOK_AT_CIRCUITS: Duration = Duration::from_secs(1);

const MIB: f64 = 1024.0 * 1024.0;

/// What a job that arrives now has to expect, for those who stand at the door.
#[derive(Clone, Debug, Default)]
pub struct SharedForecast {
    latest: Arc<ArcSwap<Forecast>>,
    /// Jobs turned away since the scheduler last looked.
    turned_away: Arc<AtomicU32>,
}

impl SharedForecast {
    /// The latest forecast.
    pub fn get(&self) -> Forecast {
        **self.latest.load()
    }

    /// Puts a forecast in place of the latest, where somebody else than a scheduler makes it.
    pub fn set(&self, forecast: Forecast) {
        self.latest.store(Arc::new(forecast));
    }

    /// Takes note of a job that was turned away.
    pub fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whom the scheduler talks to.
#[derive(Clone, Debug)]
pub struct SchedulerLines {
    /// Takes jobs on.
    pub dispatch: Line<Dispatch>,
    /// Is told what running fits may spend.
    pub adjust: Line<AdjustFit>,
    /// Tells how the circuits stand.
    pub circuits: Line<CircuitsQuery>,
}

/// The queue, kept outside of the actor so that it survives the actor's restarts.
#[derive(Clone)]
pub struct SharedQueue {
    queue: Arc<Mutex<Queue>>,
    /// The moment from which the queue counts time.
    started: Instant,
    limits: Limits,
    forecast: SharedForecast,
}

impl SharedQueue {
    /// An empty queue; `line_ups` says who can serve each stage, first choice first.
    pub fn new(config: SchedulerConfig, line_ups: PerStage<Vec<BackendId>>) -> Self {
        let limits = Limits {
            time: Duration::from_millis(u64::from(config.solve_limit_ms.max(1))),
            gap: config.solve_gap.max(0.0),
        };
        #[expect(clippy::cast_precision_loss, reason = "core counts are small")]
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        Self {
            queue: Arc::new(Mutex::new(Queue::new(config, line_ups, cores))),
            started: Instant::now(),
            limits,
            forecast: SharedForecast::default(),
        }
    }

    /// The queue, also after a panic: none of its operations is left half done by one elsewhere.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a job that arrives now has to expect, kept up to date by the scheduler.
    pub fn forecast(&self) -> SharedForecast {
        self.forecast.clone()
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn publish(&self) {
        let forecast = self.lock().forecast();
        self.forecast.latest.store(Arc::new(forecast));
    }
}

/// The scheduler.
pub struct SchedulerActor {
    queue: SharedQueue,
    lines: SchedulerLines,
    pool: ComputePool,
    /// Whether a programme is being solved.
    solving: bool,
    due: Option<SpawnHandle>,
}

impl SchedulerActor {
    /// A scheduler over a queue that outlives it, with programmes solved on `pool`.
    pub fn new(queue: SharedQueue, lines: SchedulerLines, pool: ComputePool) -> Self {
        Self {
            queue,
            lines,
            pool,
            solving: false,
            due: None,
        }
    }

    /// Decides what starts now.
    fn plan(&mut self, context: &mut Context<Self>) {
        let now = self.queue.now();
        let ((dispatches, round), adjustments) = {
            let turned_away = self.queue.forecast.turned_away.swap(0, Ordering::Relaxed);
            let mut queue = self.queue.lock();
            if turned_away > 0 {
                queue.turned_away(now, turned_away);
            }
            (queue.round(now), queue.adjustments(now))
        };
        self.dispatch(dispatches, context);
        for adjustment in adjustments {
            debug!(job = %adjustment.job, level = %adjustment.level, "fit adjusted");
            self.lines.adjust.tell(adjustment);
        }
        self.queue.publish();
        self.wake_when_due(context);
        // While one programme is solved, the greedy plan holds.
        let Some(round) = round.filter(|_| !self.solving) else {
            return;
        };
        self.solving = true;
        let round = Arc::new(round);
        let (work, pool, limits) = (Arc::clone(&round), self.pool.clone(), self.queue.limits);
        let solved = async move {
            let solve = move || {
                let started = Instant::now();
                (solve(&work.programme, limits), started.elapsed())
            };
            pool.run(&CancellationToken::new(), solve).await
        };
        let done = solved.into_actor(self).map(move |solved, actor, context| {
            let (allocation, took) = solved.unwrap_or_else(|error| {
                warn!(%error, "the programme could not be solved; the greedy plan holds");
                (solve_greedily(&round.programme), Duration::ZERO)
            });
            debug!(
                method = ?allocation.method,
                took_us = took.as_micros(),
                classes = round.programme.classes.len(),
                tiers = round.programme.tiers.len(),
                "programme solved"
            );
            let now = actor.queue.now();
            let dispatches = actor.queue.lock().settle(now, &round, &allocation, took);
            actor.dispatch(dispatches, context);
            actor.solving = false;
        });
        context.spawn(done);
    }

    /// A stage begins: if it runs alone, what the process holds at the most until its end is what
    /// it takes.
    fn measure_from_now(&self) {
        if self.queue.lock().is_measurable() {
            memory::forget_peak();
        }
    }

    fn dispatch(&self, dispatches: Vec<Dispatch>, context: &mut Context<Self>) {
        if !dispatches.is_empty() {
            self.measure_from_now();
        }
        for dispatch in dispatches {
            let job = dispatch.job;
            let stages = dispatch.plan.stages.len();
            debug!(%job, stages, reason = dispatch.plan.reason, "job dispatched");
            let controller = self.lines.dispatch.clone();
            let handed_over = async move { controller.ask(dispatch, HANDOVER).await }
                .into_actor(self)
                .map(move |outcome, actor, context| actor.handed_over(job, &outcome, context));
            context.spawn(handed_over);
        }
    }

    fn handed_over(
        &mut self,
        job: JobId,
        outcome: &Result<(), AskError>,
        context: &mut Context<Self>,
    ) {
        match outcome {
            Ok(()) => self.queue.lock().acknowledged(job),
            Err(error) => {
                warn!(%job, %error, "a dispatch did not arrive; the job waits again");
                self.queue.lock().undelivered(job);
                context.run_later(OFFER_AGAIN, Self::plan);
            }
        }
    }

    /// Asks how the circuits stand, and again after a while.
    fn look_at_circuits(&self, context: &mut Context<Self>) {
        let circuits = self.lines.circuits.clone();
        let asked = async move { circuits.ask(CircuitsQuery, HANDOVER).await };
        let told = asked.into_actor(self).map(|circuits, actor, context| {
            // Without an answer they are taken to stand as they stood.
            if let Ok(circuits) = circuits {
                actor.queue.lock().circuits_changed(&circuits);
            }
            context.run_later(LOOK_AT_CIRCUITS, |actor, context| {
                actor.look_at_circuits(context);
            });
        });
        context.spawn(told);
    }

    fn wake_when_due(&mut self, context: &mut Context<Self>) {
        if let Some(earlier) = self.due.take() {
            context.cancel_future(earlier);
        }
        let now = self.queue.now();
        let due = self.queue.lock().next_due(now);
        // A due time that has passed was dealt with in this round, as far as it could be.
        self.due = due.filter(|due| *due > now).map(|due| {
            context.run_later(due - now, |actor, context| {
                actor.due = None;
                actor.plan(context);
            })
        });
    }
}

impl Actor for SchedulerActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.queue.lock().recover();
        self.plan(context);
        self.look_at_circuits(context);
    }
}

answers_polls!(SchedulerActor);

impl Handler<Enqueue> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, enqueue: Enqueue, context: &mut Self::Context) {
        let now = self.queue.now();
        let waiting = Waiting {
            job: enqueue.job,
            deadline: enqueue
                .deadline
                .saturating_duration_since(self.queue.started),
            level: enqueue.level,
            work: Work {
                size: enqueue.size,
                ..Work::usual(enqueue.wanted)
            },
            priority: enqueue.priority,
            client: enqueue.client,
        };
        let changed = self.queue.lock().enqueue(now, waiting);
        if changed {
            self.plan(context);
        }
    }
}

impl Handler<StageFinished> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, finished: StageFinished, context: &mut Self::Context) {
        let now = self.queue.now();
        let StageFinished {
            job,
            stage,
            served,
            gain,
        } = finished;
        {
            let mut queue = self.queue.lock();
            let measured = queue.is_measurable().then(memory::peak_mb);
            let peak = measured.flatten();
            queue.stage_finished(now, job, stage, served, gain, peak);
        }
        self.plan(context);
        self.measure_from_now();
    }
}

impl Handler<MemoryTaken> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, taken: MemoryTaken, _: &mut Self::Context) {
        let MemoryTaken {
            job,
            stage,
            backend,
            level,
            bytes,
        } = taken;
        let mut queue = self.queue.lock();
        queue.memory_taken(job, stage, backend, level, mib(bytes));
    }
}

impl Handler<Replan> for SchedulerActor {
    type Result = MessageResult<Replan>;

    fn handle(&mut self, replan: Replan, _: &mut Self::Context) -> Self::Result {
        let now = self.queue.now();
        let plan: Option<StagePlan> = self.queue.lock().replan(now, replan.job);
        if let Some(plan) = &plan {
            debug!(job = %replan.job, reason = plan.reason, "job planned anew");
        }
        MessageResult(plan)
    }
}

impl Handler<Withdraw> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, withdraw: Withdraw, context: &mut Self::Context) {
        let now = self.queue.now();
        self.queue.lock().withdraw(now, withdraw.job);
        self.plan(context);
    }
}

impl Handler<ResourcesChanged> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, changed: ResourcesChanged, context: &mut Self::Context) {
        let now = self.queue.now();
        {
            let mut queue = self.queue.lock();
            queue.machine_changed(now, machine_of(&changed.0));
            queue.memory_read(mib(changed.0.process_memory));
        }
        self.plan(context);
    }
}

impl Handler<QueueQuery> for SchedulerActor {
    type Result = MessageResult<QueueQuery>;

    fn handle(&mut self, _: QueueQuery, _: &mut Self::Context) -> Self::Result {
        let now = self.queue.now();
        MessageResult(self.queue.lock().snapshot(now))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "of mebibytes a few more or less do not matter"
)]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}

fn machine_of(snapshot: &ResourceSnapshot) -> Machine {
    let free = |total: u64, used: u64| mib(total.saturating_sub(used));
    let others = f64::from(snapshot.cpu_used_by_others).clamp(0.0, 1.0);
    Machine {
        cores: f64::from(snapshot.cpu_cores),
        capacity: Resources {
            cpu: f64::from(snapshot.cpu_cores) * (1.0 - others),
            memory_mb: mib(snapshot.memory_total),
            gpu_memory_mb: snapshot
                .gpus
                .iter()
                .map(|gpu| free(gpu.memory_total, gpu.memory_used))
                .sum(),
        },
        memory_free_mb: free(snapshot.memory_total, snapshot.memory_used),
        level: snapshot.level,
    }
}
