//! Listens to a running fit: passes on how far it is, keeps its best so far at hand, and lowers or
//! raises its budget as the machine allows.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chat2svg_fit::{Budget, FitOutcome, Observer, Progress as FitProgress};
use chat2svg_protocol::{
    JobId, ResourceLevel, ResourceSnapshot, Stage,
    messages::{FitScope, Progress},
};
use chat2svg_supervision::Line;
use chat2svg_vector::Document;

use crate::{
    OptimizeConfig,
    budget::{self, Planned},
};

/// The last reading of the machine, shared by the actor that receives it and the fits that follow
/// it.
#[derive(Clone, Debug, Default)]
pub struct LastReading(Arc<ArcSwapOption<ResourceSnapshot>>);

impl LastReading {
    pub(crate) fn store(&self, reading: Arc<ResourceSnapshot>) {
        self.0.store(Some(reading));
    }

    /// The last reading; `None` before the first.
    pub(crate) fn load(&self) -> Option<Arc<ResourceSnapshot>> {
        self.0.load_full()
    }

    /// The level that it gives.
    pub(crate) fn level(&self) -> Option<ResourceLevel> {
        self.load().map(|reading| reading.level)
    }
}

/// The best that a running fit has found; empty before the first.
pub(crate) type BestSoFar = Arc<ArcSwapOption<Best>>;

/// What a fit has found, and what happened to its budget until then.
#[derive(Clone, Debug)]
pub(crate) struct Best {
    pub(crate) fitted: FitOutcome,
    /// A cause for each change of the budget.
    pub(crate) causes: Vec<Cause>,
}

/// Listens to one fit.
pub(crate) struct Watcher {
    pub(crate) job: JobId,
    pub(crate) planned: Planned,
    pub(crate) scope: FitScope,
    pub(crate) config: Arc<OptimizeConfig>,
    pub(crate) reading: LastReading,
    pub(crate) progress: Line<Progress>,
    pub(crate) best: BestSoFar,
    /// What made the budget what it is, for each time that it was changed.
    pub(crate) causes: Vec<Cause>,
}

/// Why a budget was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The level whose budget holds from then on.
    pub(crate) level: ResourceLevel,
    /// What changed on the machine.
    pub(crate) reason: &'static str,
}

impl Watcher {
    fn tell(&self, fraction: f32, preview: Option<Arc<Document>>) {
        self.progress.tell(Progress {
            job: self.job,
            stage: Stage::Optimize,
            fraction,
            preview,
        });
    }
}

impl Observer for Watcher {
    fn progress(&mut self, progress: &FitProgress) {
        self.tell(progress.fraction, None);
    }

    fn preview(&mut self, document: &Document) {
        self.tell(0.0, Some(Arc::new(document.clone())));
    }

    fn improved(&mut self, best: FitOutcome) {
        self.best.store(Some(Arc::new(Best {
            fitted: best,
            causes: self.causes.clone(),
        })));
    }

    fn budget(&mut self) -> Option<Budget> {
        let reading = self.reading.load();
        let (level, reason) = budget::affordable(&self.config, self.planned, reading.as_deref()?);
        let spending = self
            .causes
            .last()
            .map_or(self.planned.level, |cause| cause.level);
        if level == spending {
            return None;
        }
        let iterations = |level| budget::iterations(&self.config, level, self.scope);
        let budget = Budget {
            iterations: iterations(level),
        };
        // The fit notes only what differs, and each of its notes has its cause here.
        if budget.iterations == iterations(spending) {
            return None;
        }
        self.causes.push(Cause { level, reason });
        Some(budget)
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_protocol::{LevelChoice, LevelMode};
    use chat2svg_supervision::Slot;
    use jiff::Timestamp;

    use super::*;

    /// Takes reports of progress and does nothing with them.
    struct Nobody;

    impl actix::Actor for Nobody {
        type Context = actix::Context<Self>;
    }

    impl actix::Handler<Progress> for Nobody {
        type Result = ();

        fn handle(&mut self, _: Progress, _: &mut Self::Context) {}
    }

    fn reading(level: ResourceLevel) -> Arc<ResourceSnapshot> {
        Arc::new(ResourceSnapshot {
            taken_at: Timestamp::UNIX_EPOCH,
            cpu_used: 1.0,
            cpu_used_by_others: 0.5,
            cpu_cores: 2.0,
            memory_used: 50,
            memory_total: 100,
            swap_used: 0,
            swap_total: 0,
            process_memory: 0,
            load: None,
            pressure: None,
            gpus: Vec::new(),
            level,
            measured_level: level,
            mode: LevelMode::Adaptive,
        })
    }

    #[test]
    fn a_running_fit_follows_the_readings_both_ways() {
        use ResourceLevel::{High, Medium, Minimal};
        let config = OptimizeConfig::default();
        let last = LastReading::default();
        let mut watcher = Watcher {
            job: JobId(uuid::Uuid::nil()),
            planned: Planned {
                level: Medium,
                asked: LevelChoice::Auto,
                afforded: Some(Medium),
            },
            scope: FitScope::Topology,
            config: Arc::new(config.clone()),
            reading: last.clone(),
            progress: Slot::<Nobody>::new("nobody").line(),
            best: BestSoFar::default(),
            causes: Vec::new(),
        };
        let mut told = vec![watcher.budget()];
        for level in [Medium, Minimal, Minimal, Medium, High] {
            last.store(reading(level));
            told.push(watcher.budget());
        }
        let steps = |level| {
            let iterations = budget::iterations(&config, level, FitScope::Topology);
            Some(Budget { iterations })
        };
        assert_eq!(
            told,
            [None, None, steps(Minimal), None, steps(Medium), steps(High)]
        );
        let causes: Vec<_> = watcher.causes.iter().map(|cause| cause.level).collect();
        assert_eq!(causes, [Minimal, Medium, High]);
    }
}
