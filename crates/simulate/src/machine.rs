//! One machine: stages of jobs share its cores and its GPU, and end.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chat2svg_breaker::Breaker;
use chat2svg_protocol::{
    BackendId, CallEnd, CallReport, CallSize, CircuitSnapshot, CircuitStanding, ClientKey, Cost,
    Fault, JobId, PerStage, PlannedStage, ResourceLevel, Source, Stage, messages::Dispatch,
};
use chat2svg_scheduler::{Limits, Queue, Resources, Strategy, Waiting, Work, solve};
use rand::RngExt as _;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};
use uuid::Uuid;

use crate::{Arrival, Model, Scenario};

/// The most jobs that work at once; they are few, so that looking at all of them is cheap.
type Jobs = BTreeMap<u128, Job>;

/// What a job does now.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    /// Work on the cores.
    Cores,
    /// Work on the GPU.
    Gpu,
    /// Waiting for an answer.
    Elsewhere,
}

/// A running job.
#[derive(Clone, Debug)]
struct Job {
    arrival: Arrival,
    work: Work,
    stages: Vec<PlannedStage>,
    doing: Doing,
    /// Seconds of undisturbed work that the present step still takes.
    left: f64,
    /// What follows the present step within the stage.
    then: Vec<(Doing, f64)>,
    /// When the present stage began.
    begun: f64,
    quality: f64,
    /// How the call of a model will end, when one is under way.
    call: Option<Call>,
    served_by: BackendId,
    /// Whether only writing the answer is left.
    is_closing: bool,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    generation: u64,
    end: CallEnd,
    began: f64,
}

/// A job that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) number: u128,
    pub(crate) arrival: Arrival,
    pub(crate) quality: f64,
}

/// One machine, with its own planner and circuit.
pub(crate) struct Machine<'a> {
    scenario: &'a Scenario,
    pub(crate) queue: Queue,
    breaker: Breaker,
    rng: ChaCha8Rng,
    now: f64,
    running: Jobs,
    /// Jobs that wait.
    waiting: HashMap<u128, (Arrival, Work)>,
    /// When the queue wants to be looked at next.
    due: Option<f64>,
    /// Jobs that were answered since somebody looked.
    pub(crate) ended: Vec<Ended>,
    pub(crate) counts: Counts,
    model: BackendId,
}

/// What a machine did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Seconds of cores.
    pub(crate) busy: f64,
    pub(crate) cost: f64,
    pub(crate) wasted_calls: u64,
    pub(crate) solved: u64,
}

impl<'a> Machine<'a> {
    /// An idle machine; `seed` varies what is left to chance.
    pub(crate) fn new(scenario: &'a Scenario, strategy: Strategy, seed: u64) -> Self {
        let mut config = scenario.scheduler.clone();
        config.strategy = strategy;
        let model = BackendId::try_from("model".to_owned()).unwrap_or(BackendId::EMBEDDED);
        let embedded = || vec![BackendId::EMBEDDED];
        let line_ups = PerStage {
            template: match scenario.model {
                Some(_) => vec![model.clone(), BackendId::EMBEDDED],
                None => embedded(),
            },
            detail: embedded(),
            optimize: embedded(),
        };
        let mut queue = Queue::new(config, line_ups, scenario.cores);
        queue.machine_changed(
            Duration::ZERO,
            chat2svg_scheduler::Machine {
                cores: scenario.cores,
                capacity: Resources {
                    cpu: scenario.cores,
                    memory_mb: 1e6,
                    gpu_memory_mb: 1e6,
                },
                memory_free_mb: 1e6,
                level: ResourceLevel::High,
            },
        );
        Self {
            scenario,
            queue,
            breaker: Breaker::new(scenario.breaker.clone(), 0, seed),
            rng: ChaCha8Rng::seed_from_u64(seed),
            now: 0.0,
            running: Jobs::new(),
            waiting: HashMap::new(),
            due: None,
            ended: Vec::new(),
            counts: Counts::default(),
            model,
        }
    }

    pub(crate) fn moment(&self) -> Duration {
        Duration::from_secs_f64(self.now)
    }

    /// How fast each kind of step goes on.
    fn speeds(&self) -> (f64, f64) {
        let count = |doing| {
            let jobs = self.running.values().filter(|job| job.doing == doing);
            jobs.count() as f64
        };
        let cores = (self.scenario.cores / count(Doing::Cores).max(1.0)).min(1.0);
        (cores, 1.0 / count(Doing::Gpu).max(1.0))
    }

    fn next_end(&self) -> Option<f64> {
        let (cores, gpu) = self.speeds();
        let ends = self.running.values().map(|job| {
            let speed = match job.doing {
                Doing::Cores => cores,
                Doing::Gpu => gpu,
                Doing::Elsewhere => 1.0,
            };
            self.now + job.left.max(0.0) / speed
        });
        ends.min_by(f64::total_cmp)
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, to: f64) {
        let elapsed = to - self.now;
        let (cores, gpu) = self.speeds();
        for job in self.running.values_mut() {
            let speed = match job.doing {
                Doing::Cores => {
                    self.counts.busy += cores * elapsed;
                    cores
                }
                Doing::Gpu => gpu,
                Doing::Elsewhere => 1.0,
            };
            job.left -= speed * elapsed;
        }
        self.now = to;
    }

    /// About so many seconds.
    fn about(&mut self, median: f64) -> f64 {
        // Twelve uniform numbers make a normal one.
        let sum: f64 = (0..12).map(|_| self.rng.random::<f64>()).sum();
        median * (self.scenario.spread * (sum - 6.0)).exp()
    }

    /// Takes a job on.
    pub(crate) fn take(&mut self, number: u128, arrival: Arrival) {
        let wanted = if arrival.vectorize {
            [false, false, true]
        } else {
            [true; 3]
        };
        let work = Work::usual(wanted);
        let now = self.moment();
        let left = arrival.at + arrival.deadline_ms as f64 / 1000.0;
        self.queue.enqueue(
            now,
            Waiting {
                job: JobId(Uuid::from_u128(number)),
                deadline: Duration::from_secs_f64(left.max(self.now)),
                level: arrival.level.level(),
                work,
                priority: arrival.priority,
                client: ClientKey(arrival.client),
            },
        );
        self.waiting.insert(number, (arrival, work));
    }

    /// Ends what is done by now, and starts what may start.
    pub(crate) fn settle(&mut self) {
        let ended: Vec<u128> = self
            .running
            .iter()
            .filter(|(_, job)| job.left <= 1e-9)
            .map(|(number, _)| *number)
            .collect();
        for number in ended {
            self.step_ended(number);
        }
        self.round();
        let due = self.queue.next_due(self.moment());
        let due = due.map(|due| due.as_secs_f64());
        self.due = due.filter(|due| *due > self.now);
    }

    /// When something happens here next.
    pub(crate) fn next(&self) -> Option<f64> {
        let both = [self.next_end(), self.due];
        both.into_iter().flatten().min_by(f64::total_cmp)
    }

    fn round(&mut self) {
        let now = self.moment();
        let (dispatched, round) = self.queue.round(now);
        self.start(dispatched);
        let Some(round) = round else { return };
        self.counts.solved += 1;
        let config = &self.scenario.scheduler;
        let limits = Limits {
            time: Duration::from_millis(u64::from(config.solve_limit_ms)),
            gap: config.solve_gap,
        };
        let allocation = solve(&round.programme, limits);
        let dispatched = self.queue.settle(now, &round, &allocation, Duration::ZERO);
        self.start(dispatched);
    }

    fn start(&mut self, dispatched: Vec<Dispatch>) {
        for dispatch in dispatched {
            let number = dispatch.job.0.as_u128();
            self.queue.acknowledged(dispatch.job);
            let Some((arrival, work)) = self.waiting.remove(&number) else {
                continue;
            };
            let job = Job {
                arrival,
                work,
                stages: dispatch.plan.stages,
                doing: Doing::Cores,
                left: 0.0,
                then: Vec::new(),
                begun: self.now,
                quality: 0.0,
                call: None,
                served_by: BackendId::EMBEDDED,
                is_closing: false,
            };
            self.begin_stage(number, job);
        }
    }

    /// Begins a job's next stage, or the writing of its answer.
    fn begin_stage(&mut self, number: u128, mut job: Job) {
        job.begun = self.now;
        job.call = None;
        job.served_by = BackendId::EMBEDDED;
        let Some(planned) = job.stages.first().copied() else {
            job.is_closing = true;
            job.doing = Doing::Cores;
            job.left = self.about(self.scenario.scheduler.overhead_ms / 1000.0);
            self.running.insert(number, job);
            return;
        };
        let cost = self.scenario.scheduler.stages.get(planned.stage);
        let dearer = if job.work.from_outside {
            cost.dearer
        } else {
            1.0
        };
        let median = cost.seconds.get(planned.level) * dearer;
        let own = self.about(median);
        (job.doing, job.left) = (Doing::Cores, own);
        let model = self
            .scenario
            .model
            .filter(|_| planned.stage == Stage::Template && planned.source == Source::Line);
        if let Some(model) = model
            && let Ok(generation) = self.breaker.acquire(self.moment(), CallSize::default())
        {
            self.call(&mut job, model, generation, own);
        }
        self.running.insert(number, job);
    }

    /// Has a model called first; what it does wrong, the embedded backend makes good.
    fn call(&mut self, job: &mut Job, model: Model, generation: u64, own: f64) {
        let luck = self.rng.random::<f64>();
        let time_left = job.arrival.at + job.arrival.deadline_ms as f64 / 1000.0 - self.now;
        let patience = (0.7 * time_left - 2.0 * own).max(0.05);
        let latency = self.about(model.seconds);
        let gpu = self.about(model.gpu_seconds);
        let failed = CallEnd::Failed(Fault::Provider);
        let steps = if luck < model.fails {
            (failed, vec![(Doing::Elsewhere, 0.2 * latency)])
        } else if luck < model.fails + model.stalls || latency > patience {
            (CallEnd::Late, vec![(Doing::Elsewhere, patience)])
        } else if luck < model.fails + model.stalls + model.garbles {
            (failed, vec![(Doing::Elsewhere, latency), (Doing::Gpu, gpu)])
        } else {
            (
                CallEnd::Served,
                vec![(Doing::Elsewhere, latency), (Doing::Gpu, gpu)],
            )
        };
        let (end, mut steps) = steps;
        if end == CallEnd::Served {
            job.served_by = self.model.clone();
            job.quality += model.extra_quality;
        } else {
            steps.push((Doing::Cores, own));
            self.counts.wasted_calls += 1;
        }
        self.counts.cost += model.cost;
        job.call = Some(Call {
            generation,
            end,
            began: self.now,
        });
        let mut steps = steps.into_iter();
        if let Some((doing, left)) = steps.next() {
            (job.doing, job.left) = (doing, left);
        }
        job.then = steps.collect();
    }

    fn step_ended(&mut self, number: u128) {
        let Some(mut job) = self.running.remove(&number) else {
            return;
        };
        let is_own = job
            .then
            .first()
            .is_none_or(|(doing, _)| *doing == Doing::Cores);
        if is_own && let Some(call) = job.call.take() {
            self.report(call);
        }
        if !job.then.is_empty() {
            (job.doing, job.left) = job.then.remove(0);
            self.running.insert(number, job);
            return;
        }
        if job.is_closing {
            self.close(number, job);
            return;
        }
        let planned = job.stages.remove(0);
        let config = &self.scenario.scheduler;
        let worth = match planned.stage {
            Stage::Template => config.weights.template,
            Stage::Detail => config.weights.detail,
            Stage::Optimize => config.weights.optimize,
        };
        job.quality += worth * config.level_factors.get(planned.level);
        let now = self.moment();
        let id = JobId(Uuid::from_u128(number));
        let served = Some((job.served_by.clone(), self.now - job.begun));
        self.queue
            .stage_finished(now, id, planned.stage, served, None, None);
        if let Some(plan) = self.queue.replan(now, id) {
            job.stages = plan.stages;
        }
        self.begin_stage(number, job);
    }

    fn report(&mut self, call: Call) {
        let report = CallReport {
            end: call.end,
            spent: Duration::from_secs_f64((self.now - call.began).max(0.0)),
            reason: None,
            size: CallSize::default(),
            comparable: true,
            cost: Cost::default(),
        };
        self.breaker.report(self.moment(), call.generation, &report);
        self.look_at_circuit();
    }

    /// Tells the queue how the model's circuit stands.
    pub(crate) fn look_at_circuit(&mut self) {
        if self.scenario.model.is_none() {
            return;
        }
        let state = self.breaker.state(self.moment());
        self.queue.circuits_changed(&[CircuitSnapshot {
            stage: Stage::Template,
            backend: self.model.clone(),
            standing: CircuitStanding {
                state,
                ..CircuitStanding::closed()
            },
        }]);
    }

    fn close(&mut self, number: u128, job: Job) {
        let now = self.moment();
        self.queue.withdraw(now, JobId(Uuid::from_u128(number)));
        self.ended.push(Ended {
            number,
            arrival: job.arrival,
            quality: job.quality,
        });
    }
}
