//! Jobs that run: what they have left to do, what is learnt when a stage ends, and how the rest is
//! planned anew then, or a running fit's budget changed.

use std::time::Duration;

use chat2svg_protocol::{
    BackendId, JobId, PlannedStage, ResourceLevel, Stage, StagePlan, messages::AdjustFit,
};

use super::{
    Entry, Place, Queue, Waiting,
    starting::{first_stage, stages_of},
};
use crate::{config::Strategy, estimates::Work, programme::Needs, ways};

/// How long a fit's budget stays as it is at the least.
const ADJUST_AFTER: Duration = Duration::from_millis(150);

/// A job that was dispatched.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) place: Place,
    pub(super) waiting: Waiting,
    pub(super) arrived: Duration,
    pub(super) ahead: u32,
    /// Whether the controller has taken it on.
    pub(super) acknowledged: bool,
    /// Stages that have ended.
    pub(super) done: Vec<Stage>,
    /// Stages that have not, the running one first.
    pub(super) stages: Vec<PlannedStage>,
    /// When the running stage began, and how much work was done by then.
    pub(super) begun: Duration,
    pub(super) begun_work: f64,
    /// What the running fit was told to spend for, and when.
    pub(super) spends: Option<(ResourceLevel, Duration)>,
}

impl Running {
    /// What is left to be done behind the running stage, if everything wanted were run.
    fn rest(&self, running: Option<Stage>) -> Work {
        let mut work = self.waiting.work;
        for stage in self.done.iter().copied().chain(running) {
            if let Some(wanted) = work.wanted.get_mut(stage as usize) {
                *wanted = false;
            }
        }
        work
    }
}

impl Queue {
    /// A stage of a job ended. `served` says who served it and in how many seconds, when somebody
    /// did, `gain` which share of the possible it gained, and `peak_mb` how many MiB this process
    /// held at the most since the stage began, where that was measured.
    pub fn stage_finished(
        &mut self,
        now: Duration,
        job: JobId,
        stage: Stage,
        served: Option<(BackendId, f64)>,
        gain: Option<f64>,
        peak_mb: Option<f64>,
    ) {
        self.tick(now);
        let work_done = self.clock.done();
        let is_remote = served
            .as_ref()
            .is_some_and(|(backend, _)| *backend != BackendId::EMBEDDED);
        let calls = self.jobs_running(is_remote);
        let Some(running) = self.running.get_mut(&job) else {
            return;
        };
        let planned = running
            .stages
            .iter()
            .position(|planned| planned.stage == stage);
        running.done.push(stage);
        let Some(index) = planned else {
            return;
        };
        let planned = running.stages.remove(index);
        let wall = now.saturating_sub(running.begun).as_secs_f64();
        let work = work_done - running.begun_work;
        (running.begun, running.begun_work) = (now, work_done);
        // A fit that went from one level to another tells of neither how long it takes.
        let is_mixed = running
            .spends
            .take()
            .is_some_and(|(level, _)| level != planned.level);
        if is_mixed {
            self.begin_measuring();
            return;
        }
        let level = planned.level;
        let Some((backend, seconds)) = served else {
            return;
        };
        let share = if wall > 1e-6 {
            (work / wall).clamp(0.01, 1.0)
        } else {
            1.0
        };
        let kind = running.waiting.work;
        // What is served elsewhere does not slow down with this machine.
        let seconds = if is_remote { seconds } else { seconds * share };
        let limits = if is_remote {
            &mut self.model_limits
        } else {
            &mut self.call_limits
        };
        let limit = match stage {
            Stage::Template => &mut limits.template,
            Stage::Detail => &mut limits.detail,
            Stage::Optimize => &mut limits.optimize,
        };
        // A stage that a model was to serve and did not says nothing about the embedded backend.
        if is_remote == self.estimates.is_remote(stage, planned.source) {
            let expected = self.estimates.seconds(kind, planned);
            limit.observe(seconds / expected.max(1e-4), calls);
        }
        self.estimates
            .observe(kind, stage, backend.clone(), level, seconds, gain);
        let taken = peak_mb.filter(|_| !is_remote && self.is_measurable());
        if let Some(taken) = taken.and_then(|peak| self.footprint.of(peak)) {
            self.estimates
                .observe_memory(kind, stage, backend, level, taken);
        }
        self.begin_measuring();
    }

    /// Jobs whose present stage is served here, or elsewhere.
    pub(super) fn jobs_running(&self, elsewhere: bool) -> u32 {
        let running = self.running.values().filter(|running| {
            let stage = running.stages.first();
            elsewhere
                == stage.is_some_and(|stage| self.estimates.is_remote(stage.stage, stage.source))
        });
        u32::try_from(running.count()).unwrap_or(u32::MAX)
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
            let entry = Entry {
                waiting: running.waiting,
                arrived: running.arrived,
                ahead: running.ahead,
                assigned: None,
            };
            self.waiting.insert(running.place, entry);
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

    pub(super) fn end_running(&mut self, job: JobId) {
        if let Some(running) = self.running.remove(&job) {
            self.let_go(running.waiting.client);
        }
    }

    /// What a running job will still use up.
    pub(super) fn remaining(&self, running: &Running) -> Needs {
        let work = running.waiting.work;
        let mut sum = Needs::default();
        for (index, planned) in running.stages.iter().enumerate() {
            let mut seconds = self.estimates.seconds(work, *planned);
            if index == 0 {
                seconds = (seconds - (self.clock.done() - running.begun_work)).max(0.0);
            }
            sum = sum.plus(self.needs(work, *planned, seconds));
        }
        sum
    }

    /// What a running job will still use up when it is served with the least: its present stage
    /// comes to its end, or to an early one where it can be shortened; the others are left out.
    pub(super) fn unavoidable(&self, running: &Running) -> Needs {
        let Some(planned) = running.stages.first() else {
            return Needs::default();
        };
        let work = running.waiting.work;
        let level = match planned.stage {
            Stage::Template | Stage::Detail => planned.level,
            Stage::Optimize => ResourceLevel::Minimal,
        };
        let planned = PlannedStage { level, ..*planned };
        let done = self.clock.done() - running.begun_work;
        let seconds = self.estimates.seconds(work, planned) - done;
        self.needs(work, planned, seconds.max(0.0))
    }

    fn needs(&self, work: Work, planned: PlannedStage, seconds: f64) -> Needs {
        let PlannedStage { stage, source, .. } = planned;
        let is_remote = self.estimates.is_remote(stage, source);
        Needs::of(
            stage,
            is_remote,
            self.estimates.cost(work, planned),
            seconds,
        )
    }

    /// What the rest of a job that runs shall be, between two of its stages: more or less than was
    /// planned, as time and load now allow. `None` leaves it at what was planned.
    pub fn replan(&mut self, now: Duration, job: JobId) -> Option<StagePlan> {
        self.tick(now);
        if self.config.strategy == Strategy::Static {
            return None;
        }
        let running = self.running.get(&job)?;
        let waiting = running.waiting;
        let planned = running.stages.clone();
        let work = running.rest(None);
        let highest = self.highest(&waiting);
        let left = self.seconds_left(&waiting, now);
        let stretch = self.stretch();
        let ways = self.ways(work, highest);
        let best = ways.best_within(left, stretch);
        let chosen = if self.plans_by_programme() {
            let weight = self.weight(&waiting);
            // Unlike at the start, there is something to serve: nothing need be run.
            self.policy
                .worth_most(ways.within(left, stretch), weight)
                .filter(|way| self.policy.worth(way, weight) > 1e-9)
        } else {
            best
        };
        let stages = stages_of(chosen);
        if stages == planned {
            return None;
        }
        let is_for_time = best.is_none_or(|best| best.stages == stages);
        let reason = ways::reason(work, highest, &stages, is_for_time, left);
        if let Some(running) = self.running.get_mut(&job) {
            running.stages.clone_from(&stages);
        }
        Some(StagePlan {
            machine: self.machine().level,
            stages,
            reason,
        })
    }

    /// Running fits whose budget should change: less where others could use the machine better,
    /// more where nobody does.
    pub fn adjustments(&mut self, now: Duration) -> Vec<AdjustFit> {
        if !self.plans_by_programme() {
            return Vec::new();
        }
        let fits: Vec<(JobId, Running)> = self
            .running
            .iter()
            .filter(|(_, running)| {
                running.waiting.level.is_none()
                    && first_stage(&running.stages) == Some(Stage::Optimize)
                    && running
                        .spends
                        .is_none_or(|(_, since)| now.saturating_sub(since) >= ADJUST_AFTER)
            })
            .map(|(job, running)| (*job, running.clone()))
            .collect();
        let mut adjusted = Vec::new();
        for (job, running) in fits {
            let Some(planned) = running.stages.first() else {
                continue;
            };
            let present = running.spends.map_or(planned.level, |(level, _)| level);
            let mut work = running.rest(None);
            work.wanted = [false, false, true];
            let highest = self.highest(&running.waiting);
            let done = self.clock.done() - running.begun_work;
            let left = self.seconds_left(&running.waiting, now);
            let stretch = self.stretch();
            let weight = self.weight(&running.waiting);
            let ways = self.ways(work, highest);
            // What was done already need not be done again.
            let fitting = ways.within(left + done * stretch, stretch);
            let wanted = self
                .policy
                .worth_most(fitting, weight)
                .and_then(|way| way.stages.first())
                .map_or(ResourceLevel::Minimal, |planned| planned.level);
            if wanted == present {
                continue;
            }
            let reason = if wanted < present {
                "other jobs need the machine"
            } else {
                "the machine has become free"
            };
            if let Some(running) = self.running.get_mut(&job) {
                running.spends = Some((wanted, now));
            }
            adjusted.push(AdjustFit {
                job,
                level: wanted,
                reason,
            });
        }
        adjusted
    }
}
