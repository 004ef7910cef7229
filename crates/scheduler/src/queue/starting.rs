//! Starting jobs: who is next, whether there is room, and what the job is given.

use std::time::Duration;

use chat2svg_protocol::{
    PlannedStage, Priority, ResourceLevel, Stage, StagePlan, messages::Dispatch,
};

use super::{Place, Queue, URGENCY_MARGIN, Waiting, running::Running};
use crate::{config::Strategy, ways};

impl Queue {
    /// When a job must start to have an answer in time, if only its first stage at its lowest.
    pub(super) fn urgent_at(&self, waiting: &Waiting) -> Duration {
        let first = waiting.work.stages().next().map_or(0.0, |stage| {
            self.estimates
                .safe_seconds(waiting.work, stage, ResourceLevel::Minimal)
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

    /// Starts jobs in their order as long as there is room.
    pub(super) fn start_ready(&mut self, now: Duration) -> Vec<Dispatch> {
        let mut dispatched = Vec::new();
        while let Some(place) = self.next() {
            dispatched.extend(self.start(place, now));
        }
        dispatched
    }

    /// Who starts next, if there is room.
    fn next(&self) -> Option<Place> {
        let (place, entry) = self.waiting.first_key_value()?;
        // Whatever the load: something must run, and nothing of ours does.
        if self.running.is_empty() {
            return Some(*place);
        }
        let running = u32::try_from(self.running.len()).unwrap_or(u32::MAX);
        if running >= self.concurrency() {
            return None;
        }
        if place.priority == Priority::Batch {
            let batch = self.running.values();
            let batch = batch.filter(|running| running.waiting.priority == Priority::Batch);
            if batch.count() as u32 >= (self.concurrency() / 2).max(1) {
                return None;
            }
        }
        if self.demand() >= self.config.oversubscription * self.usable_cores() {
            return None;
        }
        let first = entry.waiting.work.stages().next()?;
        let calls = self
            .running
            .values()
            .filter_map(|running| running.stages.first());
        let calls = calls.filter(|planned| planned.stage == first).count() as u32;
        let memory = self
            .estimates
            .cost(entry.waiting.work.stages().last()?)
            .memory_mb;
        let reserved: f64 = self
            .running
            .values()
            .filter_map(|running| running.stages.last())
            .map(|planned| self.estimates.cost(planned.stage).memory_mb)
            .sum();
        let machine = self.machine();
        let has_memory =
            reserved + memory <= machine.capacity.memory_mb && memory <= machine.memory_free_mb;
        (calls < self.call_limits.get(first).get() && has_memory).then_some(*place)
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
        let entry = self.waiting.remove(&place)?;
        let waiting = entry.waiting;
        self.places.remove(&waiting.job);
        let plan = self.choose(&waiting, entry.assigned.as_deref(), now);
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
                all.map(|stage| PlannedStage {
                    stage,
                    level: highest,
                })
                .collect()
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
