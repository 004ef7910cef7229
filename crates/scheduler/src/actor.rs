//! The scheduler's mailbox and clock. Programmes are solved on a compute pool, one at a time; what
//! happens meanwhile leads to another round.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix::prelude::*;
use chat2svg_protocol::{
    BackendId, JobId, PerStage, ResourceSnapshot,
    messages::{Dispatch, Enqueue, QueueQuery, ResourcesChanged, StageFinished, Withdraw},
};
use chat2svg_supervision::{AskError, ComputePool, Line, answers_polls};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    config::SchedulerConfig,
    programme::Resources,
    queue::{Machine, Queue, Waiting},
    solver::{Limits, solve, solve_greedily},
};

/// How long the controller has to take a job on, and how long to wait before it is offered again.
const HANDOVER: Duration = Duration::from_secs(5);
const OFFER_AGAIN: Duration = Duration::from_millis(200);

const MIB: f64 = 1024.0 * 1024.0;

/// The queue, kept outside of the actor so that it survives the actor's restarts.
#[derive(Clone)]
pub struct SharedQueue {
    queue: Arc<Mutex<Queue>>,
    /// The moment from which the queue counts time.
    started: Instant,
    limits: Limits,
}

impl SharedQueue {
    /// An empty queue; `first_choice` says who serves each stage unless it fails.
    pub fn new(config: SchedulerConfig, first_choice: PerStage<BackendId>) -> Self {
        let limits = Limits {
            time: Duration::from_millis(u64::from(config.solve_limit_ms.max(1))),
            gap: config.solve_gap.max(0.0),
        };
        #[expect(clippy::cast_precision_loss, reason = "core counts are small")]
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        Self {
            queue: Arc::new(Mutex::new(Queue::new(config, first_choice, cores))),
            started: Instant::now(),
            limits,
        }
    }

    /// The queue, also after a panic: none of its operations is left half done by one elsewhere.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The scheduler.
pub struct SchedulerActor {
    queue: SharedQueue,
    controller: Line<Dispatch>,
    pool: ComputePool,
    /// Whether a programme is being solved, and whether something happened since.
    solving: bool,
    changed: bool,
    due: Option<SpawnHandle>,
}

impl SchedulerActor {
    /// A scheduler over a queue that outlives it, dispatching to `controller`, with programmes
    /// solved on `pool`.
    pub fn new(queue: SharedQueue, controller: Line<Dispatch>, pool: ComputePool) -> Self {
        Self {
            queue,
            controller,
            pool,
            solving: false,
            changed: false,
            due: None,
        }
    }

    /// Decides what starts now.
    fn plan(&mut self, context: &mut Context<Self>) {
        if self.solving {
            self.changed = true;
            return;
        }
        let now = self.queue.now();
        let (dispatches, round) = self.queue.lock().round(now);
        self.dispatch(dispatches, context);
        let Some(round) = round else {
            self.wake_when_due(context);
            return;
        };
        self.solving = true;
        self.changed = false;
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
                warn!(%error, "the programme could not be solved; jobs start oldest first");
                (solve_greedily(&round.programme), Duration::ZERO)
            });
            debug!(
                method = ?allocation.method,
                took_us = took.as_micros(),
                classes = round.programme.classes.len(),
                jobs = round.programme.order.len(),
                "programme solved"
            );
            let now = actor.queue.now();
            let dispatches = actor.queue.lock().settle(now, &round, &allocation, took);
            actor.dispatch(dispatches, context);
            actor.solving = false;
            if actor.changed {
                actor.plan(context);
            } else {
                actor.wake_when_due(context);
            }
        });
        context.spawn(done);
    }

    fn dispatch(&self, dispatches: Vec<Dispatch>, context: &mut Context<Self>) {
        for dispatch in dispatches {
            let job = dispatch.job;
            let stages = dispatch.plan.stages.len();
            debug!(%job, stages, reason = dispatch.plan.reason, "job dispatched");
            let controller = self.controller.clone();
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
    }
}

answers_polls!(SchedulerActor);

impl Handler<Enqueue> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, enqueue: Enqueue, context: &mut Self::Context) {
        let changed = self.queue.lock().enqueue(Waiting {
            job: enqueue.job,
            deadline: enqueue
                .deadline
                .saturating_duration_since(self.queue.started),
            level: enqueue.level,
            wanted: enqueue.wanted,
        });
        if changed {
            self.plan(context);
        }
    }
}

impl Handler<StageFinished> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, finished: StageFinished, context: &mut Self::Context) {
        self.queue
            .lock()
            .stage_finished(finished.job, finished.stage, finished.served);
        self.plan(context);
    }
}

impl Handler<Withdraw> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, withdraw: Withdraw, context: &mut Self::Context) {
        self.queue.lock().withdraw(withdraw.job);
        self.plan(context);
    }
}

impl Handler<ResourcesChanged> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, changed: ResourcesChanged, context: &mut Self::Context) {
        self.queue.lock().machine_changed(machine_of(&changed.0));
        self.plan(context);
    }
}

impl Handler<QueueQuery> for SchedulerActor {
    type Result = MessageResult<QueueQuery>;

    fn handle(&mut self, _: QueueQuery, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.queue.lock().snapshot())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes to mebibytes, of which a few more or less do not matter"
)]
fn machine_of(snapshot: &ResourceSnapshot) -> Machine {
    let mib = |bytes: u64| bytes as f64 / MIB;
    let free = |total: u64, used: u64| mib(total.saturating_sub(used));
    let others = f64::from(snapshot.cpu_used_by_others).clamp(0.0, 1.0);
    Machine {
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
