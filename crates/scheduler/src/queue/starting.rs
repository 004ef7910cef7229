//! Starting jobs: who is next, whether there is room, and what the job is given.

use std::time::Duration;

use chat2svg_protocol::{
    PlannedStage, Priority, ResourceLevel, Stage, StagePlan, messages::Dispatch,
};

use super::{Place, Queue, URGENCY_MARGIN, Waiting, least_of, running::Running};
use crate::{config::Strategy, ways};

/// Jobs at the head of the line that are looked at when there is room.
const LOOK_AHEAD: usize = 64;

/// Where no further job starts for now.
#[derive(Clone, Copy, Debug, Default)]
struct Full {
    here: bool,
    elsewhere: bool,
}

impl Full {
    fn of(self, is_remote: bool) -> bool {
        if is_remote { self.elsewhere } else { self.here }
    }

    /// There was no room for a job. Batch jobs have less of it than others, and come after them.
    fn note(&mut self, is_remote: bool) {
        if is_remote {
            self.elsewhere = true;
        } else {
            self.here = true;
        }
    }
}

impl Queue {
    /// When a job must start to have an answer in time, if only its first stage at its lowest.
    pub(super) fn urgent_at(&self, waiting: &Waiting) -> Duration {
        let first = waiting.work.stages().next().map_or(0.0, |stage| {
            self.estimates.safe_seconds(waiting.work, least_of(stage))
        });
        let lead = Duration::try_from_secs_f64(2.0 * first + URGENCY_MARGIN).unwrap_or_default();
        waiting.deadline.saturating_sub(self.reserve() + lead)
    }

    /// Starts the jobs that would miss their deadline otherwise, and those that want nothing.
    pub(super) fn start_urgent(&mut self, now: Duration) -> Vec<Dispatch> {
        let urgent: Vec<Place> = self
            .waiting
            .iter()
            .filter(|(_, entry)| {
                now >= self.urgent_at(&entry.waiting) || entry.waiting.work.wanted == [false; 3]
            })
            .map(|(place, _)| *place)
            .collect();
        urgent
            .into_iter()
            .filter_map(|place| self.start(place, now))
            .collect()
    }

    /// Starts jobs in their order as long as there is room. A job that waits for a model lets those
    /// pass that are served here, and the other way round.
    pub(super) fn start_ready(&mut self, now: Duration) -> Vec<Dispatch> {
        let mut dispatched = Vec::new();
        let mut is_full = Full::default();
        let line: Vec<Place> = self.waiting.keys().take(LOOK_AHEAD).copied().collect();
        for place in line {
            if is_full.here && is_full.elsewhere {
                break;
            }
            let Some(entry) = self.waiting.get(&place) else {
                continue;
            };
            let (waiting, assigned) = (entry.waiting, entry.assigned.clone());
            let plan = self.choose(&waiting, assigned.as_deref(), now);
            let first = plan.stages.first();
            let is_remote =
                first.is_some_and(|first| self.estimates.is_remote(first.stage, first.source));
            if is_full.of(is_remote) {
                continue;
            }
            if self.has_room(&waiting, first, is_remote) {
                dispatched.extend(self.start_with(place, plan, now));
            } else {
                is_full.note(is_remote);
            }
        }
        dispatched
    }

    /// Whether there is room for a job whose first stage is served here or elsewhere.
    fn has_room(&self, waiting: &Waiting, first: Option<&PlannedStage>, is_remote: bool) -> bool {
        // Whatever the load: something must run, and nothing of ours does.
        if self.running.is_empty() {
            return true;
        }
        let Some(first) = first else { return true };
        let calls = self
            .running
            .values()
            .filter_map(|running| running.stages.first())
            .filter(|planned| {
                planned.stage == first.stage
                    && self.estimates.is_remote(planned.stage, planned.source) == is_remote
            })
            .count() as u32;
        if is_remote {
            return calls < self.model_limits.get(first.stage).get();
        }
        let running = self.jobs_running(false);
        let batch = self.running.values();
        let batch = batch.filter(|running| running.waiting.priority == Priority::Batch);
        let batch = batch.count() as u32;
        let concurrency = self.concurrency();
        if running >= concurrency
            || waiting.priority == Priority::Batch && batch >= (concurrency / 2).max(1)
            || self.demand() >= self.config.oversubscription * self.usable_cores()
        {
            return false;
        }
        let memory_of = |planned: &PlannedStage| {
            let cost = self.estimates.cost(planned.stage, planned.source);
            cost.memory_mb
        };
        let last = waiting.work.stages().last().map(least_of);
        let memory = last.as_ref().map_or(0.0, memory_of);
        let reserved: f64 = self
            .running
            .values()
            .filter_map(|running| running.stages.last())
            .map(memory_of)
            .sum();
        let machine = self.machine();
        let has_memory =
            reserved + memory <= machine.capacity.memory_mb && memory <= machine.memory_free_mb;
        calls < self.call_limits.get(first.stage).get() && has_memory
    }

    /// Jobs that may run at once at the machine's level.
    fn concurrency(&self) -> u32 {
        let most = self.config.max_concurrent.max(1);
        let quarters = match self.machine().level {
            ResourceLevel::High => 4,
            ResourceLevel::Medium => 3,
            ResourceLevel::Low => 2,
            ResourceLevel::Minimal => 1,
        };
        (most.saturating_mul(quarters) / 4).max(1)
    }

    /// Starts a job with what it is given now.
    fn start(&mut self, place: Place, now: Duration) -> Option<Dispatch> {
        let entry = self.waiting.get(&place)?;
        let (waiting, assigned) = (entry.waiting, entry.assigned.clone());
        let plan = self.choose(&waiting, assigned.as_deref(), now);
        self.start_with(place, plan, now)
    }

    fn start_with(&mut self, place: Place, plan: StagePlan, now: Duration) -> Option<Dispatch> {
        let entry = self.waiting.remove(&place)?;
        let waiting = entry.waiting;
        self.places.remove(&waiting.job);
        self.running.insert(
            waiting.job,
            Running {
                place,
                waiting,
                arrived: entry.arrived,
                ahead: entry.ahead,
                acknowledged: false,
                done: Vec::new(),
                stages: plan.stages.clone(),
                begun: now,
                begun_work: self.clock.done(),
                spends: None,
            },
        );
        Some(Dispatch {
            job: waiting.job,
            plan,
        })
    }

    /// What a job that starts now is given.
    fn choose(
        &mut self,
        waiting: &Waiting,
        assigned: Option<&[PlannedStage]>,
        now: Duration,
    ) -> StagePlan {
        let (work, highest) = (waiting.work, self.highest(waiting));
        let left = self.seconds_left(waiting, now);
        let stretch = self.stretch();
        let ways = self.ways(work, highest);
        let best = ways.best_within(left, stretch);
        let stages: Vec<PlannedStage> = match self.config.strategy {
            Strategy::Static => {
                let all = work.stages();
                all.map(|stage| PlannedStage::new(stage, highest)).collect()
            }
            Strategy::Fifo => stages_of(best.or_else(|| ways.quickest())),
            Strategy::Milp | Strategy::Greedy => {
                let assigned = assigned.filter(|stages| {
                    let mut all = ways.all().iter();
                    all.any(|way| way.stages == *stages && way.seconds * stretch <= left)
                });
                match assigned {
                    Some(stages) => stages.to_vec(),
                    None => stages_of(
                        self.policy
                            .worth_most(ways.within(left, stretch), self.weight(waiting))
                            .or_else(|| ways.quickest()),
                    ),
                }
            }
        };
        let reason = ways::reason(work, highest, &stages, best, left);
        StagePlan {
            machine: self.machine().level,
            stages,
            reason,
        }
    }
}

pub(super) fn stages_of(way: Option<&ways::Way>) -> Vec<PlannedStage> {
    way.map(|way| way.stages.clone()).unwrap_or_default()
}

/// The first stage of a list, for those that only ask which it is.
pub(super) fn first_stage(stages: &[PlannedStage]) -> Option<Stage> {
    stages.first().map(|planned| planned.stage)
}
