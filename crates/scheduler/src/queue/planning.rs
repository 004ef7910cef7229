//! From the queue to the programme: how waiting jobs could run now, what waiting is worth to them,
//! and how many stages a job can be given without costing others more.

use std::{sync::Arc, time::Duration};

use chat2svg_protocol::{PlannedStage, ResourceLevel, SolveMethod, Stage};

use super::{Queue, Waiting};
use crate::{
    estimates::Estimates,
    fitting::Fits,
    programme::{Allocation, Choice, Class, Programme, Resources},
};

/// Classes that a programme has at most; jobs of further classes wait for the next round.
pub(super) const MAX_CLASSES: usize = 32;

/// How many of the oldest waiting jobs are looked at in a round, which bounds its time. Far fewer
/// can start; that a younger one must not wait is seen by its urgency.
const OUTLOOK: usize = 256;

/// A programme to be solved, and whom it is about. The queue may change meanwhile.
#[derive(Clone, Debug)]
pub struct Round {
    /// The programme.
    pub programme: Programme,
    pub(super) kinds: Kinds,
    /// For each class its jobs, oldest first.
    pub(super) members: Vec<Members>,
}

/// Jobs of one class.
#[derive(Clone, Debug)]
pub(super) struct Members {
    pub(super) key: ClassKey,
    pub(super) sequences: Vec<u64>,
}

/// What makes jobs alike: their kind, how they would run now, and how if they waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClassKey {
    pub(super) kind: usize,
    pub(super) now: usize,
    later: Option<usize>,
}

/// The ways to run jobs, by what they want and the level at which they may run.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds(Vec<([bool; 3], ResourceLevel, Arc<Fits>)>);

impl Kinds {
    pub(super) fn of(
        &mut self,
        waiting: &Waiting,
        level: ResourceLevel,
        estimates: &Estimates,
    ) -> usize {
        let level = waiting.level.unwrap_or(level);
        let known = self
            .0
            .iter()
            .position(|(wanted, at, _)| *wanted == waiting.wanted && *at == level);
        known.unwrap_or_else(|| {
            let fits = Arc::new(Fits::new(&waiting.stages(), level, estimates));
            self.0.push((waiting.wanted, level, fits));
            self.0.len() - 1
        })
    }

    pub(super) fn get(&self, kind: usize) -> &Fits {
        &self.0[kind].2
    }
}

impl Queue {
    /// What running jobs have reserved.
    fn reserved(&self) -> Resources {
        let stages = self.running.values().flat_map(|running| &running.stages);
        stages.fold(Resources::default(), |sum, planned| {
            sum.plus(self.estimates.cost(planned.stage))
        })
    }

    /// By how many seconds a job with these stages delays those behind it: its own time, divided by
    /// the number of such jobs that the machine runs at once.
    fn delay(&self, stages: &[PlannedStage]) -> f64 {
        let (mut seconds, mut cost) = (0.0, Resources::default());
        for planned in stages {
            seconds += self.estimates.seconds(planned.stage, planned.level);
            cost = cost.plus(self.estimates.cost(planned.stage));
        }
        let most = f64::from(self.config.max_concurrent.max(1));
        let by_cpu = (self.machine().capacity.cpu / cost.cpu.max(1e-3)).floor();
        seconds / by_cpu.clamp(1.0, most)
    }

    /// By how many seconds running jobs delay the oldest that waits.
    fn running_ahead(&self) -> f64 {
        let running = self.running.values();
        running.map(|running| self.delay(&running.stages)).sum()
    }

    fn quality(&self, stages: &[PlannedStage]) -> f64 {
        let stages = stages.iter();
        stages
            .map(|planned| self.estimates.quality(planned.stage, planned.level))
            .sum()
    }

    /// How many stages to give a job at most, so that the quality of all that wait is highest when
    /// they run one after the other: with a long queue the last stages of the first jobs cost the
    /// later ones more than they are worth.
    pub(super) fn stages_worth_giving(&self, now: Duration, kinds: &mut Kinds) -> usize {
        let mut best = (0, 0.0);
        for most in (1..=Stage::ALL.len()).rev() {
            let mut ahead = self.running_ahead();
            let mut quality = 0.0;
            for waiting in self.waiting.values().take(OUTLOOK) {
                let kind = kinds.of(waiting, self.level(), &self.estimates);
                let fits = kinds.get(kind);
                if let Some(fit) = fits.within(self.seconds_left(waiting, now) - ahead) {
                    let stages = first(&fits.get(fit).stages, most);
                    quality += self.quality(stages);
                    ahead += self.delay(stages);
                }
            }
            if quality > best.1 + 1e-9 {
                best = (most, quality);
            }
        }
        best.0.max(1)
    }

    /// The programme over the waiting jobs, oldest first, each with `most` stages at most.
    pub(super) fn programme(
        &self,
        now: Duration,
        slots: u32,
        most: usize,
        mut kinds: Kinds,
    ) -> Round {
        let machine = self.machine();
        let mut capacity = machine.capacity.minus(self.reserved());
        capacity.memory_mb = capacity.memory_mb.min(machine.memory_free_mb);
        let mut ahead = self.running_ahead();
        let mut members: Vec<Members> = Vec::new();
        let mut order = Vec::new();
        for (sequence, waiting) in self.waiting.iter().take(OUTLOOK) {
            let left = self.seconds_left(waiting, now);
            let kind = kinds.of(waiting, self.level(), &self.estimates);
            let fits = kinds.get(kind);
            let key = ClassKey {
                kind,
                now: fits.within_or_fastest(left),
                later: fits.within(left - ahead),
            };
            let known = members.iter().position(|members| members.key == key);
            let index = match known {
                Some(index) => index,
                None if members.len() < MAX_CLASSES => {
                    members.push(Members {
                        key,
                        sequences: Vec::new(),
                    });
                    members.len() - 1
                }
                None => break,
            };
            members[index].sequences.push(*sequence);
            order.push(index);
            if let Some(later) = key.later {
                ahead += self.delay(first(&fits.get(later).stages, most));
            }
        }
        let classes = members
            .iter()
            .map(|members| self.class(members, most, &kinds))
            .collect();
        Round {
            programme: Programme {
                classes,
                order,
                capacity,
                slots,
            },
            kinds,
            members,
        }
    }

    fn class(&self, members: &Members, most: usize, kinds: &Kinds) -> Class {
        let fits = kinds.get(members.key.kind);
        let choices = first(&fits.get(members.key.now).stages, most)
            .iter()
            .map(|planned| Choice {
                gain: self.estimates.quality(planned.stage, planned.level),
                cost: self.estimates.cost(planned.stage),
            })
            .collect();
        let later = members
            .key
            .later
            .map_or(0.0, |fit| self.quality(first(&fits.get(fit).stages, most)));
        Class {
            count: u32::try_from(members.sequences.len()).unwrap_or(u32::MAX),
            choices,
            waiting: self.config.patience.clamp(0.0, 1.0) * later,
        }
    }
}

fn first(stages: &[PlannedStage], most: usize) -> &[PlannedStage] {
    &stages[..most.min(stages.len())]
}

/// All stages for all jobs.
pub(super) fn everything(programme: &Programme) -> Allocation {
    let counts = programme.classes.iter();
    Allocation {
        counts: counts
            .map(|class| vec![class.count; class.choices.len()])
            .collect(),
        method: SolveMethod::Optimal,
    }
}

/// Whether all jobs can have all their stages: then that is the optimum, without solving anything.
pub(super) fn all_fit(programme: &Programme) -> bool {
    programme.allows(&everything(programme).counts)
}

/// Whether any job could be started to advantage: else the optimum is to start none.
pub(super) fn anything_fits(programme: &Programme) -> bool {
    programme.classes.iter().any(|class| {
        let (mut gain, mut cost) = (0.0, Resources::default());
        class.choices.iter().any(|choice| {
            gain += choice.gain;
            cost = cost.plus(choice.cost);
            gain > class.waiting && cost.fits_in(programme.capacity)
        })
    })
}
