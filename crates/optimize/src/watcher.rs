//! Listens to a running fit: passes on how far it is, keeps its best so far at hand, and lowers or
//! raises its budget as the machine allows.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwapOption;
use chat2svg_fit::{Budget, FitOutcome, Observer, Progress as FitProgress};
use chat2svg_protocol::{
    JobId, ResourceLevel, ResourceSnapshot, Stage,
    messages::{FitScope, Preview, Progress},
};
use chat2svg_supervision::Line;
use chat2svg_vector::Document;

use crate::{OptimizeConfig, budget};

/// What running fits go by, shared by the actor that is told of it and the fits: the last reading
/// of the machine, and what the scheduler lets each of them spend.
#[derive(Clone, Debug, Default)]
pub struct Guidance {
    reading: Arc<ArcSwapOption<ResourceSnapshot>>,
    /// Of the fits that run; without an entry, what was planned.
    told: Arc<Mutex<HashMap<JobId, Option<Told>>>>,
}

/// What the scheduler lets a fit spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The level whose budget holds.
    pub(crate) level: ResourceLevel,
    /// Why.
    pub(crate) reason: &'static str,
}

impl Guidance {
    pub(crate) fn read(&self, reading: Arc<ResourceSnapshot>) {
        self.reading.store(Some(reading));
    }

    /// The last reading; `None` before the first.
    pub(crate) fn reading(&self) -> Option<Arc<ResourceSnapshot>> {
        self.reading.load_full()
    }

    /// A fit begins.
    pub(crate) fn begin(&self, job: JobId) {
        self.told().insert(job, None);
    }

    /// A fit has ended.
    pub(crate) fn end(&self, job: JobId) {
        self.told().remove(&job);
    }

    /// What the scheduler says to a fit, if it still runs.
    pub(crate) fn tell(&self, job: JobId, told: Told) {
        if let Some(place) = self.told().get_mut(&job) {
            *place = Some(told);
        }
    }

    pub(crate) fn of(&self, job: JobId) -> Option<Told> {
        self.told().get(&job).copied().flatten()
    }

    /// Also after a panic: no entry is ever half written.
    fn told(&self) -> MutexGuard<'_, HashMap<JobId, Option<Told>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// The level that the fit was planned for.
    pub(crate) planned: ResourceLevel,
    pub(crate) scope: FitScope,
    pub(crate) config: Arc<OptimizeConfig>,
    pub(crate) guidance: Guidance,
    pub(crate) progress: Line<Progress>,
    pub(crate) best: BestSoFar,
    /// What made the budget what it is, for each time that it was changed.
    pub(crate) causes: Vec<Cause>,
    /// How far the fit said that it is; a preview says it again.
    pub(crate) fraction: f32,
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
            preview: preview.map(Preview::servable),
        });
    }
}

impl Observer for Watcher {
    fn progress(&mut self, progress: &FitProgress) {
        // A budget that is raised on the way does not set the work back.
        self.fraction = self.fraction.max(progress.fraction);
        self.tell(self.fraction, None);
    }

    fn preview(&mut self, document: &Document) {
        self.tell(self.fraction, Some(Arc::new(document.clone())));
    }

    fn improved(&mut self, best: FitOutcome) {
        self.best.store(Some(Arc::new(Best {
            fitted: best,
            causes: self.causes.clone(),
        })));
    }

    fn budget(&mut self) -> Option<Budget> {
        let reading = self.guidance.reading();
        let told = self.guidance.of(self.job);
        let (level, reason) =
            budget::affordable(&self.config, self.planned, told, reading.as_deref());
        let spending = self.causes.last().map_or(self.planned, |cause| cause.level);
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
    use chat2svg_supervision::Slot;

    use super::*;

    /// Keeps how far reports of progress say that the work is.
    #[derive(Default)]
    struct Listener(Arc<Mutex<Vec<f32>>>);

    impl actix::Actor for Listener {
        type Context = actix::Context<Self>;
    }

    impl actix::Handler<Progress> for Listener {
        type Result = ();

        fn handle(&mut self, told: Progress, _: &mut Self::Context) {
            self.0.lock().unwrap().push(told.fraction);
        }
    }

    fn watcher(progress: Line<Progress>, config: &OptimizeConfig, guidance: &Guidance) -> Watcher {
        Watcher {
            job: JobId(uuid::Uuid::nil()),
            planned: ResourceLevel::Medium,
            scope: FitScope::Topology,
            config: Arc::new(config.clone()),
            guidance: guidance.clone(),
            progress,
            best: BestSoFar::default(),
            causes: Vec::new(),
            fraction: 0.0,
        }
    }

    #[actix::test]
    async fn a_preview_and_a_raised_budget_never_set_the_progress_back() {
        let listener = Listener::default();
        let heard = Arc::clone(&listener.0);
        let address = actix::Actor::start(listener);
        let line = Line::from_recipient("listener", address.clone().recipient());
        let mut watcher = watcher(line, &OptimizeConfig::default(), &Guidance::default());
        let at = |fraction| FitProgress {
            fraction,
            iteration: 1,
            loss: 0.1,
            paths: 1,
        };
        let document = Document {
            width: 1.0,
            height: 1.0,
            view_box: kurbo::Rect::new(0.0, 0.0, 1.0, 1.0),
            title: None,
            description: None,
            metadata: Default::default(),
            layers: Vec::new(),
        };
        watcher.progress(&at(0.5));
        watcher.preview(&document);
        watcher.progress(&at(0.3));
        watcher.progress(&at(0.7));
        // Handled after what was told before.
        let last = Progress {
            job: watcher.job,
            stage: Stage::Optimize,
            fraction: 1.0,
            preview: None,
        };
        address.send(last).await.unwrap();
        assert_eq!(*heard.lock().unwrap(), [0.5, 0.5, 0.5, 0.7, 1.0]);
    }

    #[test]
    fn a_running_fit_spends_what_the_scheduler_says_until_it_ends() {
        use ResourceLevel::{High, Low, Medium};
        let config = OptimizeConfig::default();
        let guidance = Guidance::default();
        let job = JobId(uuid::Uuid::nil());
        guidance.begin(job);
        let line = Slot::<Listener>::new("nobody").line();
        let mut watcher = watcher(line, &config, &guidance);
        let mut told = vec![watcher.budget()];
        for level in [Medium, Low, Low, High] {
            let reason = "other jobs need the machine";
            guidance.tell(job, Told { level, reason });
            told.push(watcher.budget());
        }
        let steps = |level| {
            let iterations = budget::iterations(&config, level, FitScope::Topology);
            Some(Budget { iterations })
        };
        assert_eq!(told, [None, None, steps(Low), None, steps(High)]);
        let causes: Vec<_> = watcher.causes.iter().map(|cause| cause.level).collect();
        assert_eq!(causes, [Low, High]);
        guidance.end(job);
        let reason = "other jobs need the machine";
        guidance.tell(job, Told { level: Low, reason });
        assert_eq!(guidance.of(job), None);
    }
}
