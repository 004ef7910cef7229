//! Who waits, who runs, and what each of them is given: the state machine of the scheduler. Pure:
//! time is passed in, as the time since some fixed moment.

mod footprint;
mod line;
mod planning;
mod running;
mod starting;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use chat2svg_protocol::{
    BackendId, CircuitSnapshot, CircuitState, ClientKey, JobId, PerStage, PlannedStage, Priority,
    QueueSnapshot, ResourceLevel, SolveMethod, Source, Stage, messages::Dispatch,
};

pub use self::planning::Round;
use self::{footprint::Footprint, line::Line, planning::Policy, running::Running};
use crate::{
    admission::Forecast,
    arrivals::ArrivalRate,
    config::{SchedulerConfig, Strategy},
    estimates::{Estimates, Work},
    limit::AdaptiveLimit,
    programme::Resources,
    sharing::{WorkClock, stretch, usable_cores},
    ways::Ways,
};

/// How long a start waits for the first reading of the machine.
const FIRST_READING: Duration = Duration::from_millis(400);

/// How long after its deadline a job that nobody withdrew still counts as running. A job has ended
/// by its deadline, so what is heard of it no more is a message that was lost.
const FORGET_AFTER: Duration = Duration::from_secs(5);

/// Time on top of twice the fastest first stage before a job becomes urgent.
const URGENCY_MARGIN: f64 = 0.02;

/// Share of its time that a job may take without this being a reason for fewer places.
const LEAST_LATENCY: f64 = 0.6;

/// The most places for jobs that latency may show to be worth it.
const MOST_PLACES: u32 = 1_024;

/// A job that waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting {
    /// The job.
    pub job: JobId,
    /// When its answer is due.
    pub deadline: Duration,
    /// The level asked for; `None` is the highest that there is time for.
    pub level: Option<ResourceLevel>,
    /// What is to be done.
    pub work: Work,
    /// Whether somebody waits for it.
    pub priority: Priority,
    /// Who asked.
    pub client: ClientKey,
}

/// What others leave of the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Cores that there are.
    pub cores: f64,
    /// What is there for this process, running jobs included.
    pub capacity: Resources,
    /// Memory in MiB that is not in use by anyone.
    pub memory_free_mb: f64,
    /// The level that it affords.
    pub level: ResourceLevel,
}

/// Where a job stands in line: interactive before batch, then by the time by which it should have
/// started, then by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    priority: Priority,
    turn: Duration,
    sequence: u64,
}

/// A job in line.
#[derive(Clone, Debug)]
struct Entry {
    waiting: Waiting,
    arrived: Duration,
    /// Jobs that its client had here when it came.
    ahead: u32,
    /// What the plan in force gives it.
    assigned: Option<Arc<[PlannedStage]>>,
}

/// The queue.
#[derive(Clone, Debug)]
pub struct Queue {
    config: SchedulerConfig,
    estimates: Estimates,
    /// Who can serve each stage, first choice first.
    line_ups: PerStage<Vec<BackendId>>,
    waiting: Line,
    /// Jobs that wait or run, by client.
    held: HashMap<ClientKey, u32>,
    running: HashMap<JobId, Running>,
    next_sequence: u64,
    machine: Option<Machine>,
    /// What is assumed as long as there is no reading.
    unread: Machine,
    /// How fast running work goes on.
    clock: WorkClock,
    arrivals: BTreeMap<(Work, ResourceLevel), Stream>,
    /// Made when they are needed, and anew as often as plans are.
    ways: HashMap<(Work, ResourceLevel), Arc<Ways>>,
    ways_since: Option<Duration>,
    /// How much memory jobs were seen to take.
    footprint: Footprint,
    policy: Policy,
    last_solve: Option<(Duration, SolveMethod)>,
    /// How many calls of each stage's embedded backend may be under way.
    call_limits: PerStage<AdaptiveLimit>,
    /// How many calls of each stage's models may be under way.
    model_limits: PerStage<AdaptiveLimit>,
    /// How many jobs may be here at once.
    place_limit: AdaptiveLimit,
}

/// Jobs of a kind that arrive.
#[derive(Clone, Copy, Debug, Default)]
struct Stream {
    rate: ArrivalRate,
    /// Seconds that the latest had.
    deadline: f64,
}

impl Queue {
    /// An empty queue. `line_ups` says who can serve each stage, first choice first; `cores` is
    /// what is assumed until the machine was read.
    pub fn new(config: SchedulerConfig, line_ups: PerStage<Vec<BackendId>>, cores: f64) -> Self {
        let most = config.max_concurrent.max(1);
        let calls = AdaptiveLimit::new(1, most, most);
        let model_calls = config.models.max_calls.max(1);
        let model_calls = AdaptiveLimit::new(1, model_calls, model_calls);
        Self {
            estimates: Estimates::new(&config, first_of(&line_ups, &[])),
            config,
            line_ups,
            waiting: Line::default(),
            held: HashMap::new(),
            running: HashMap::new(),
            next_sequence: 0,
            machine: None,
            unread: Machine {
                cores,
                capacity: Resources {
                    cpu: cores,
                    memory_mb: 1e9,
                    gpu_memory_mb: 0.0,
                },
                memory_free_mb: 1e9,
                level: ResourceLevel::Medium,
            },
            clock: WorkClock::default(),
            arrivals: BTreeMap::new(),
            ways: HashMap::new(),
            ways_since: None,
            footprint: Footprint::default(),
            policy: Policy::default(),
            last_solve: None,
            call_limits: PerStage {
                template: calls,
                detail: calls,
                optimize: calls,
            },
            model_limits: PerStage {
                template: model_calls,
                detail: model_calls,
                optimize: model_calls,
            },
            place_limit: AdaptiveLimit::new(2 * most, MOST_PLACES, MOST_PLACES),
        }
    }

    /// Who decides.
    pub fn strategy(&self) -> Strategy {
        self.config.strategy
    }

    /// A job waits. Saying so again changes nothing of its place; a job that ran waits anew, unless
    /// its dispatch is still under way. Answers whether anything changed.
    pub fn enqueue(&mut self, now: Duration, waiting: Waiting) -> bool {
        if let Some(running) = self.running.get(&waiting.job) {
            if !running.acknowledged {
                return false;
            }
            self.tick(now);
            self.end_running(waiting.job);
        }
        if let Some(has_changed) = self.waiting.restate(waiting) {
            return has_changed;
        }
        let held = self.held.entry(waiting.client).or_default();
        let ahead = *held;
        *held += 1;
        self.next_sequence += 1;
        let place = Place {
            priority: waiting.priority,
            turn: turn(now, waiting.deadline, ahead),
            sequence: self.next_sequence,
        };
        let entry = Entry {
            waiting,
            arrived: now,
            ahead,
            assigned: None,
        };
        self.waiting.insert(place, entry);
        self.note_arrival(now, &waiting);
        true
    }

    fn note_arrival(&mut self, now: Duration, waiting: &Waiting) {
        let key = (waiting.work, self.highest(waiting));
        // Kinds that are rare make no stream; a bounded number is followed.
        if self.arrivals.len() >= 16 && !self.arrivals.contains_key(&key) {
            self.arrivals
                .retain(|_, stream| stream.rate.per_second(now) > 0.05);
        }
        let stream = self.arrivals.entry(key).or_default();
        stream.rate.arrived(now, 1);
        stream.deadline = waiting.deadline.saturating_sub(now).as_secs_f64();
    }

    /// So many jobs were turned away at the door. They count as arrivals: those that come after
    /// them are to be served with less rather than turned away too.
    pub fn turned_away(&mut self, now: Duration, jobs: u32) {
        let busiest = self.arrivals.values_mut().max_by(|one, other| {
            let rate = |stream: &Stream| stream.rate.per_second(now);
            rate(one).total_cmp(&rate(other))
        });
        if let Some(stream) = busiest {
            stream.rate.arrived(now, jobs);
        }
    }

    /// A job is over.
    pub fn withdraw(&mut self, now: Duration, job: JobId) {
        self.tick(now);
        if let Some(running) = self.running.get(&job) {
            let spent = now.saturating_sub(running.arrived).as_secs_f64();
            let had = running.waiting.deadline.saturating_sub(running.arrived);
            let latency = spent / had.as_secs_f64().max(0.05);
            let jobs = self.jobs();
            let is_crowded = jobs >= self.place_limit.get() / 2;
            if latency > 1.0 && is_crowded {
                self.place_limit.shrink();
            } else {
                self.place_limit.observe(latency.max(LEAST_LATENCY), jobs);
            }
        }
        self.end_running(job);
        if let Some(entry) = self.waiting.remove_job(job) {
            self.let_go(entry.waiting.client);
        }
    }

    fn let_go(&mut self, client: ClientKey) {
        if let Some(held) = self.held.get_mut(&client) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.held.remove(&client);
            }
        }
    }

    /// The machine was read.
    pub fn machine_changed(&mut self, now: Duration, machine: Machine) {
        self.tick(now);
        self.machine = Some(machine);
    }

    /// How the circuits stand: a stage is expected to be served by the first of its line whose
    /// circuit lets calls through.
    pub fn circuits_changed(&mut self, circuits: &[CircuitSnapshot]) {
        let open: Vec<_> = circuits
            .iter()
            .filter(|circuit| circuit.standing.state == CircuitState::Open)
            .map(|circuit| (circuit.stage, &circuit.backend))
            .collect();
        let first = first_of(&self.line_ups, &open);
        if self.estimates.expect(first) {
            self.ways.clear();
        }
    }

    /// How the queue stands.
    pub fn snapshot(&self, now: Duration) -> QueueSnapshot {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let streams = self.arrivals.values();
        QueueSnapshot {
            queued: count(self.waiting.len()),
            running: count(self.running.len()),
            max_concurrent: self.config.max_concurrent.max(1),
            last_solve_ms: self
                .last_solve
                .map_or(0.0, |(took, _)| took.as_secs_f64() * 1000.0),
            last_method: self.last_solve.map(|(_, method)| method),
            arrivals_per_second: streams.map(|stream| stream.rate.per_second(now)).sum(),
            backlog_seconds: self.forecast().wait_seconds,
            price: self.policy.price,
            delay: self.delay(),
            predictions: self.estimates.predictions(),
        }
    }

    /// What a job that arrives now has to expect.
    pub fn forecast(&self) -> Forecast {
        let cores = self.usable_cores() * self.config.utilisation.max(0.01);
        let least = |work: Work| {
            let first = work.stages().next();
            let stage = first.map_or(0.0, |stage| {
                let least = least_of(stage);
                self.estimates.seconds(work, least) * self.estimates.cpu(stage, least.source)
            });
            stage + self.estimates.overhead()
        };
        #[expect(clippy::cast_precision_loss, reason = "jobs are few")]
        let queued: f64 = self
            .waiting
            .kinds()
            .map(|(work, jobs, _)| least(work) * jobs as f64)
            .sum();
        let running: f64 = self
            .running
            .values()
            .map(|running| self.unavoidable(running).core_seconds())
            .sum();
        // Of what arrives mostly, else of the usual.
        let usual = self.arrivals.keys().next().map(|(work, _)| *work);
        let usual = usual.unwrap_or(Work::usual([true; 3]));
        Forecast {
            wait_seconds: (queued + running) / cores,
            job_seconds: least(usual) / cores,
            least_seconds: least(usual) + self.reserve().as_secs_f64(),
            places: self.place_limit.get(),
            jobs: self.jobs(),
        }
    }

    /// Jobs that wait or run.
    fn jobs(&self) -> u32 {
        u32::try_from(self.waiting.len() + self.running.len()).unwrap_or(u32::MAX)
    }

    /// When the next round is due if nothing happens before: when a job becomes urgent, or a plan
    /// is to be made anew.
    pub fn next_due(&self, now: Duration) -> Option<Duration> {
        if self.waiting.is_empty() {
            return None;
        }
        let urgent = self
            .waiting
            .kinds()
            .map(|(work, _, soonest)| soonest.saturating_sub(self.lead(work)));
        let reading = (self.machine.is_none() && now < FIRST_READING).then_some(FIRST_READING);
        urgent.min().into_iter().chain(reading).min()
    }

    /// Decides what starts now. Where jobs compete, the answer has a programme to be solved more
    /// exactly than it was done here, whose solution goes to [`Queue::settle`].
    pub fn round(&mut self, now: Duration) -> (Vec<Dispatch>, Option<Round>) {
        self.tick(now);
        let forgotten: Vec<JobId> = self
            .running
            .iter()
            .filter(|(_, running)| now >= running.waiting.deadline.saturating_add(FORGET_AFTER))
            .map(|(job, _)| *job)
            .collect();
        for job in forgotten {
            self.end_running(job);
        }
        let mut dispatched = self.start_urgent(now);
        if self.machine.is_none() && now < FIRST_READING {
            return (dispatched, None);
        }
        let round = self.plan_if_stale(now);
        dispatched.extend(self.start_ready(now));
        (dispatched, round.filter(|_| !self.waiting.is_empty()))
    }

    fn machine(&self) -> &Machine {
        self.machine.as_ref().unwrap_or(&self.unread)
    }

    /// Cores that this process gets beside others.
    fn usable_cores(&self) -> f64 {
        let machine = self.machine();
        usable_cores(machine.cores, machine.capacity.cpu)
    }

    /// The highest level that a job may run at: what was asked for; of a batch job no more than
    /// what the machine affords.
    fn highest(&self, waiting: &Waiting) -> ResourceLevel {
        match (waiting.level, waiting.priority) {
            (Some(level), _) => level,
            (None, Priority::Interactive) => ResourceLevel::High,
            (None, Priority::Batch) => self.machine().level,
        }
    }

    /// Cores that running work wants.
    fn demand(&self) -> f64 {
        self.running
            .values()
            .filter_map(|running| running.stages.first())
            .map(|planned| self.estimates.cpu(planned.stage, planned.source))
            .sum()
    }

    /// By how much a job that starts now takes longer than if it were alone.
    fn stretch(&self) -> f64 {
        stretch(self.demand() + 1.0, self.usable_cores().max(1.0))
    }

    fn tick(&mut self, now: Duration) {
        let (demand, cores) = (self.demand(), self.usable_cores());
        self.clock.advance(now, demand, cores);
    }

    fn reserve(&self) -> Duration {
        Duration::from_millis(u64::from(self.config.reserve_ms))
    }

    /// Seconds that a job's stages may take; negative when its time is up.
    fn seconds_left(&self, waiting: &Waiting, now: Duration) -> f64 {
        waiting.deadline.as_secs_f64() - now.as_secs_f64() - self.reserve().as_secs_f64()
    }

    fn ways(&mut self, work: Work, highest: ResourceLevel) -> Arc<Ways> {
        let cores = self.usable_cores();
        let estimates = &self.estimates;
        let known = self
            .ways
            .entry((work, highest))
            .or_insert_with(|| Arc::new(Ways::new(work, highest, estimates, cores)));
        Arc::clone(known)
    }

    fn plans_by_programme(&self) -> bool {
        matches!(self.config.strategy, Strategy::Milp | Strategy::Greedy)
    }
}

/// When a job should have started: with its deadline, and later the more its client has here.
fn turn(now: Duration, deadline: Duration, ahead: u32) -> Duration {
    let slack = deadline.saturating_sub(now) / 2;
    now.saturating_add(slack.saturating_mul(ahead.saturating_add(1)))
}

/// The least that a stage can be served with.
fn least_of(stage: Stage) -> PlannedStage {
    PlannedStage {
        stage,
        level: ResourceLevel::Minimal,
        source: Source::Embedded,
    }
}

/// The first of each stage's line that is not among `open`; the last where all are.
fn first_of(
    line_ups: &PerStage<Vec<BackendId>>,
    open: &[(Stage, &BackendId)],
) -> PerStage<BackendId> {
    let first = |stage: Stage| {
        let line = line_ups.get(stage);
        let serves = |backend: &&BackendId| !open.contains(&(stage, *backend));
        line.iter()
            .find(serves)
            .or_else(|| line.last())
            .cloned()
            .unwrap_or(BackendId::EMBEDDED)
    };
    PerStage {
        template: first(Stage::Template),
        detail: first(Stage::Detail),
        optimize: first(Stage::Optimize),
    }
}
