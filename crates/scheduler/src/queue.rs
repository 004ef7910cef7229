//! Who waits, who runs, and what is reserved: the state machine of the scheduler. Pure: time is
//! passed in, as the time since some fixed moment.

mod planning;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chat2svg_protocol::{
    BackendId, JobId, PerStage, PlannedStage, QueueSnapshot, ResourceLevel, SolveMethod, Stage,
    StagePlan, messages::Dispatch,
};

pub use self::planning::Round;
use self::planning::{Kinds, all_fit, anything_fits, everything};
use crate::{
    config::SchedulerConfig,
    estimates::Estimates,
    fitting::Fits,
    programme::{Allocation, Resources},
};

/// How long a start waits for the first reading of the machine.
const FIRST_READING: Duration = Duration::from_millis(400);

/// How long after its deadline a job that nobody withdrew still counts as running. A job has ended
/// by its deadline, so what is heard of it no more is a message that was lost.
const FORGET_AFTER: Duration = Duration::from_secs(5);

/// Time on top of twice the fastest first stage before a job becomes urgent.
const URGENCY_MARGIN: f64 = 0.02;

/// A job that waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting {
    /// The job.
    pub job: JobId,
    /// When its answer is due.
    pub deadline: Duration,
    /// The level asked for; `None` leaves it to the machine.
    pub level: Option<ResourceLevel>,
    /// The stages that its kind calls for, as (template, detail, optimize).
    pub wanted: [bool; 3],
}

impl Waiting {
    fn stages(&self) -> Vec<Stage> {
        Stage::ALL
            .into_iter()
            .filter(|stage| self.wanted[*stage as usize])
            .collect()
    }
}

/// What others leave of the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// What is there for this process, running jobs included.
    pub capacity: Resources,
    /// Memory in MiB that is not in use by anyone.
    pub memory_free_mb: f64,
    /// The level that it affords.
    pub level: ResourceLevel,
}

/// A job that was dispatched.
#[derive(Clone, Debug)]
struct Running {
    sequence: u64,
    waiting: Waiting,
    /// Whether the controller has taken it on.
    acknowledged: bool,
    /// Stages that have not ended; what they need is reserved.
    stages: Vec<PlannedStage>,
}

/// The queue.
#[derive(Clone, Debug)]
pub struct Queue {
    config: SchedulerConfig,
    estimates: Estimates,
    /// By age.
    waiting: BTreeMap<u64, Waiting>,
    /// Where in it each job is.
    places: HashMap<JobId, u64>,
    /// Made from the estimates when they are needed; forgotten when those change.
    kinds: Kinds,
    running: HashMap<JobId, Running>,
    next_sequence: u64,
    machine: Option<Machine>,
    /// What is assumed as long as there is no reading.
    unread: Machine,
    last_solve: Option<(Duration, SolveMethod)>,
}

impl Queue {
    /// An empty queue. `first_choice` says who serves each stage unless it fails, `cores` is what
    /// is assumed until the machine was read.
    pub fn new(config: SchedulerConfig, first_choice: PerStage<BackendId>, cores: f64) -> Self {
        Self {
            estimates: Estimates::new(&config, first_choice),
            config,
            waiting: BTreeMap::new(),
            places: HashMap::new(),
            kinds: Kinds::default(),
            running: HashMap::new(),
            next_sequence: 0,
            machine: None,
            unread: Machine {
                capacity: Resources {
                    cpu: cores,
                    memory_mb: 1e9,
                    gpu_memory_mb: 0.0,
                },
                memory_free_mb: 1e9,
                level: ResourceLevel::Medium,
            },
            last_solve: None,
        }
    }

    /// A job waits. Saying so again changes nothing of its place; a job that ran waits anew, unless
    /// its dispatch is still under way. Answers whether anything changed.
    pub fn enqueue(&mut self, waiting: Waiting) -> bool {
        if let Some(running) = self.running.get(&waiting.job) {
            if !running.acknowledged {
                return false;
            }
            self.running.remove(&waiting.job);
        }
        let sequence = *self.places.entry(waiting.job).or_insert_with(|| {
            self.next_sequence += 1;
            self.next_sequence
        });
        self.waiting.insert(sequence, waiting) != Some(waiting)
    }

    /// A job is over.
    pub fn withdraw(&mut self, job: JobId) {
        self.running.remove(&job);
        if let Some(sequence) = self.places.remove(&job) {
            self.waiting.remove(&sequence);
        }
    }

    /// A stage of a job ended: what it needed is free. `served` says who served it and in how many
    /// seconds, when somebody did.
    pub fn stage_finished(&mut self, job: JobId, stage: Stage, served: Option<(BackendId, f64)>) {
        let Some(running) = self.running.get_mut(&job) else {
            return;
        };
        let planned = running
            .stages
            .iter()
            .position(|planned| planned.stage == stage);
        if let Some(index) = planned {
            let planned = running.stages.remove(index);
            if let Some((backend, seconds)) = served {
                self.estimates
                    .observe(stage, backend, planned.level, seconds);
                self.kinds = Kinds::default();
            }
        }
    }

    /// The machine was read.
    pub fn machine_changed(&mut self, machine: Machine) {
        self.machine = Some(machine);
    }

    /// The controller has taken a dispatched job on.
    pub fn acknowledged(&mut self, job: JobId) {
        if let Some(running) = self.running.get_mut(&job) {
            running.acknowledged = true;
        }
    }

    /// A dispatch did not arrive: the job waits again, at its old place.
    pub fn undelivered(&mut self, job: JobId) {
        if let Some(running) = self.running.remove(&job) {
            self.places.insert(job, running.sequence);
            self.waiting.insert(running.sequence, running.waiting);
        }
    }

    /// All dispatches under way are lost: their jobs wait again.
    pub fn recover(&mut self) {
        let lost: Vec<JobId> = self
            .running
            .iter()
            .filter(|(_, running)| !running.acknowledged)
            .map(|(job, _)| *job)
            .collect();
        for job in lost {
            self.undelivered(job);
        }
    }

    /// How the queue stands.
    pub fn snapshot(&self) -> QueueSnapshot {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        QueueSnapshot {
            queued: count(self.waiting.len()),
            running: count(self.running.len()),
            max_concurrent: self.config.max_concurrent.max(1),
            last_solve_ms: self
                .last_solve
                .map_or(0.0, |(took, _)| took.as_secs_f64() * 1000.0),
            last_method: self.last_solve.map(|(_, method)| method),
        }
    }

    /// When the next round is due if nothing happens before: when a job becomes urgent.
    pub fn next_due(&self, now: Duration) -> Option<Duration> {
        if self.waiting.is_empty() {
            return None;
        }
        let urgent = self
            .waiting
            .values()
            .map(|waiting| self.urgent_at(waiting))
            .min();
        let reading = (self.machine.is_none() && now < FIRST_READING).then_some(FIRST_READING);
        urgent.into_iter().chain(reading).min()
    }

    /// Decides what starts now. What is clear is answered at once; where jobs compete, the answer
    /// has a programme to be solved, whose solution goes to [`Queue::settle`].
    pub fn round(&mut self, now: Duration) -> (Vec<Dispatch>, Option<Round>) {
        self.running
            .retain(|_, running| now < running.waiting.deadline.saturating_add(FORGET_AFTER));
        let mut kinds = self.kinds.clone();
        let mut dispatched = self.start_urgent(now, &mut kinds);
        if self.machine.is_none() && now < FIRST_READING {
            return (dispatched, None);
        }
        let most = self.stages_worth_giving(now, &mut kinds);
        self.kinds.clone_from(&kinds);
        if self.running.is_empty()
            && let Some((sequence, waiting)) = self.waiting.first_key_value()
        {
            // Whatever the load: something must run, and nothing of ours does.
            let (sequence, kind) = (*sequence, kinds.of(waiting, self.level(), &self.estimates));
            let left = self.seconds_left(waiting, now);
            let fit = kinds.get(kind).within_or_fastest(left);
            dispatched.extend(self.start(sequence, kinds.get(kind), fit, most, left));
        }
        let slots = self.free_slots();
        if slots == 0 || self.waiting.is_empty() {
            return (dispatched, None);
        }
        let all = Stage::ALL.len();
        let mut round = self.programme(now, slots, all, kinds);
        if self.waiting.len() == round.programme.order.len() && all_fit(&round.programme) {
            let everything = everything(&round.programme);
            dispatched.extend(self.settle(now, &round, &everything, Duration::ZERO));
            return (dispatched, None);
        }
        if most < all {
            round = self.programme(now, slots, most, round.kinds);
        }
        let round = Some(round).filter(|round| anything_fits(&round.programme));
        (dispatched, round)
    }

    /// Starts what an allocation gives, as far as it is still there to be started. Of each class
    /// the oldest jobs get the most stages.
    pub fn settle(
        &mut self,
        now: Duration,
        round: &Round,
        allocation: &Allocation,
        took: Duration,
    ) -> Vec<Dispatch> {
        self.last_solve = Some((took, allocation.method));
        let mut dispatched = Vec::new();
        for (members, counts) in round.members.iter().zip(&allocation.counts) {
            let fits = round.kinds.get(members.key.kind);
            let mut counts = counts.clone();
            for &sequence in &members.sequences {
                let stages = counts.iter().take_while(|count| **count > 0).count();
                if stages == 0 || self.free_slots() == 0 {
                    break;
                }
                let Some(waiting) = self.waiting.get(&sequence) else {
                    continue;
                };
                let left = self.seconds_left(waiting, now);
                dispatched.extend(self.start(sequence, fits, members.key.now, stages, left));
                for count in &mut counts[..stages] {
                    *count -= 1;
                }
            }
        }
        dispatched
    }

    fn level(&self) -> ResourceLevel {
        self.machine().level
    }

    fn machine(&self) -> &Machine {
        self.machine.as_ref().unwrap_or(&self.unread)
    }

    fn free_slots(&self) -> u32 {
        let running = u32::try_from(self.running.len()).unwrap_or(u32::MAX);
        self.config.max_concurrent.max(1).saturating_sub(running)
    }

    fn reserve(&self) -> Duration {
        Duration::from_millis(u64::from(self.config.reserve_ms))
    }

    /// Seconds that a job's stages may take; negative when its time is up.
    fn seconds_left(&self, waiting: &Waiting, now: Duration) -> f64 {
        waiting.deadline.as_secs_f64() - now.as_secs_f64() - self.reserve().as_secs_f64()
    }

    /// When a job must start to have an answer in time, if only its first stage at its lowest.
    fn urgent_at(&self, waiting: &Waiting) -> Duration {
        let first = Stage::ALL
            .into_iter()
            .find(|stage| waiting.wanted[*stage as usize])
            .map_or(0.0, |stage| {
                self.estimates.seconds(stage, ResourceLevel::Minimal)
            });
        let lead = Duration::try_from_secs_f64(2.0 * first + URGENCY_MARGIN).unwrap_or_default();
        waiting.deadline.saturating_sub(self.reserve() + lead)
    }

    /// Starts the jobs that would miss their deadline otherwise, and those that want nothing.
    fn start_urgent(&mut self, now: Duration, kinds: &mut Kinds) -> Vec<Dispatch> {
        let urgent: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| now >= self.urgent_at(waiting) || waiting.wanted == [false; 3])
            .map(|(sequence, _)| *sequence)
            .collect();
        urgent
            .into_iter()
            .filter_map(|sequence| {
                let waiting = self.waiting.get(&sequence)?;
                if waiting.wanted == [false; 3] {
                    return self.start_planned(sequence, Vec::new(), None);
                }
                let left = self.seconds_left(waiting, now);
                let kind = kinds.of(waiting, self.level(), &self.estimates);
                let fits = kinds.get(kind);
                let fit = fits.within_or_fastest(left);
                self.start(sequence, fits, fit, usize::MAX, left)
            })
            .collect()
    }

    fn start(
        &mut self,
        sequence: u64,
        fits: &Fits,
        fit: usize,
        stages: usize,
        seconds_left: f64,
    ) -> Option<Dispatch> {
        let planned = &fits.get(fit).stages;
        let given = planned[..stages.min(planned.len())].to_vec();
        let reason = fits.reason(fit, stages, seconds_left);
        self.start_planned(sequence, given, reason)
    }

    fn start_planned(
        &mut self,
        sequence: u64,
        stages: Vec<PlannedStage>,
        reason: Option<String>,
    ) -> Option<Dispatch> {
        let waiting = self.waiting.remove(&sequence)?;
        self.places.remove(&waiting.job);
        self.running.insert(
            waiting.job,
            Running {
                sequence,
                waiting,
                acknowledged: false,
                stages: stages.clone(),
            },
        );
        Some(Dispatch {
            job: waiting.job,
            plan: StagePlan { stages, reason },
        })
    }
}
