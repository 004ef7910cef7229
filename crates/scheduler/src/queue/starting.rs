//! Starting jobs: who is next, whether there is room, and what the job is given.

use std::time::Duration;

use chat2svg_protocol::{
    PlannedStage, Priority, ResourceLevel, Source, Stage, StagePlan, messages::Dispatch,
};

use super::{Place, Queue, URGENCY_MARGIN, Waiting, least_of, running::Running};
use crate::{config::Strategy, estimates::Work, ways};

/// Jobs at the head of the line that are looked at when there is room.
const LOOK_AHEAD: usize = 64;

/// What a job is given.
struct Chosen {
    stages: Vec<PlannedStage>,
    /// Whether it is the best that the time left allows.
    is_for_time: bool,
}

/// Where no further job starts for now.
#[derive(Clone, Copy, Debug)]
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
    /// How long before its deadline a job must start to have an answer in time, if only its first
    /// stage at its lowest.
    pub(super) fn lead(&self, work: Work) -> Duration {
        let first = work.stages().next().map_or(0.0, |stage| {
            self.estimates.safe_seconds(work, least_of(stage))
        });
        let lead = Duration::try_from_secs_f64(2.0 * first + URGENCY_MARGIN).unwrap_or_default();
        self.reserve() + lead
    }

    /// Starts the jobs that would miss their deadline otherwise, and those that want nothing.
    pub(super) fn start_urgent(&mut self, now: Duration) -> Vec<Dispatch> {
        let mut urgent: Vec<Place> = Vec::new();
        for (work, _, _) in self.waiting.kinds() {
            let moment = if work.wanted == [false; 3] {
                Duration::MAX
            } else {
                now.saturating_add(self.lead(work))
            };
            urgent.extend(self.waiting.due_by(work, moment));
        }
        urgent.sort_unstable();
        urgent
            .into_iter()
            .filter_map(|place| self.start(place, now))
            .collect()
    }

    /// Starts jobs in their order as long as there is room. A job that waits for a model lets those
    /// pass that are served here, and the other way round.
    pub(super) fn start_ready(&mut self, now: Duration) -> Vec<Dispatch> {
        let mut dispatched = Vec::new();
        let mut is_full = Full {
            here: false,
            elsewhere: self.models_are_full(),
        };
        let line = self.waiting.iter().map(|(place, _)| *place);
        let line: Vec<Place> = line.take(LOOK_AHEAD).collect();
        for place in line {
            if is_full.here && is_full.elsewhere {
                break;
            }
            let Some(entry) = self.waiting.get(&place) else {
                continue;
            };
            let (waiting, assigned) = (entry.waiting, entry.assigned.clone());
            let chosen = self.choose(&waiting, assigned.as_deref(), now);
            let first = chosen.stages.first();
            let is_remote =
                first.is_some_and(|first| self.estimates.is_remote(first.stage, first.source));
            if is_full.of(is_remote) {
                continue;
            }
            if self.has_room(&waiting, first, is_remote) {
                dispatched.extend(self.start_with(place, chosen, now));
            } else {
                is_full.note(is_remote);
            }
        }
        dispatched
    }

    /// Whether no further call of a model can be made: there is none, or each has enough to do.
    fn models_are_full(&self) -> bool {
        Stage::ALL
            .into_iter()
            .filter(|stage| self.estimates.is_remote(*stage, Source::Line))
            .all(|stage| self.calls_under_way(stage, true) >= self.model_limits.get(stage).get())
    }

    /// Running jobs whose present stage is this one, served here or elsewhere.
    fn calls_under_way(&self, stage: Stage, is_remote: bool) -> u32 {
        let present = self.running.values();
        let present = present.filter_map(|running| running.stages.first());
        let calls = present.filter(|planned| {
            planned.stage == stage
                && self.estimates.is_remote(planned.stage, planned.source) == is_remote
        });
        u32::try_from(calls.count()).unwrap_or(u32::MAX)
    }

    /// Whether there is room for a job whose first stage is served here or elsewhere.
    fn has_room(&self, waiting: &Waiting, first: Option<&PlannedStage>, is_remote: bool) -> bool {
        // Whatever the load: something must run, and nothing of ours does.
        if self.running.is_empty() {
            return true;
        }
        let Some(first) = first else { return true };
        let calls = self.calls_under_way(first.stage, is_remote);
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
        let last = waiting.work.stages().last().map(least_of);
        let memory = last.map_or(0.0, |last| self.estimates.memory_mb(waiting.work, last));
        let reserved: f64 = self
            .running
            .values()
            .filter_map(|running| Some((running.waiting.work, *running.stages.last()?)))
            .map(|(work, last)| self.estimates.memory_mb(work, last))
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
        let chosen = self.choose(&waiting, assigned.as_deref(), now);
        self.start_with(place, chosen, now)
    }

    fn start_with(&mut self, place: Place, chosen: Chosen, now: Duration) -> Option<Dispatch> {
        let entry = self.waiting.remove(&place)?;
        let waiting = entry.waiting;
        let reason = ways::reason(
            waiting.work,
            self.highest(&waiting),
            &chosen.stages,
            chosen.is_for_time,
            self.seconds_left(&waiting, now),
        );
        let plan = StagePlan {
            machine: self.machine().level,
            stages: chosen.stages,
            reason,
        };
        self.footprint.started_beside(self.running.len());
        if self.running.is_empty() {
            self.begin_measuring();
        }
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
    ) -> Chosen {
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
        Chosen {
            is_for_time: best.is_none_or(|best| best.stages == stages),
            stages,
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
