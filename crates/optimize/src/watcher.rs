//! Listens to a running fit: passes on how far it is, keeps its best so far at hand, and lowers or raises
//! its budget as the machine's memory allows.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chat2svg_fit::{Budget, FitOutcome, Observer, Progress as FitProgress};
use chat2svg_protocol::{
    JobId, ResourceLevel, ResourceSnapshot, Stage,
    messages::{FitScope, Progress},
};
use chat2svg_supervision::Line;
use chat2svg_vector::Document;

use crate::{OptimizeConfig, budget};

/// The last reading of the machine; empty before the first.
pub(crate) type LastReading = Arc<ArcSwapOption<ResourceSnapshot>>;

/// The best that a running fit has found; empty before the first.
pub(crate) type BestSoFar = Arc<ArcSwapOption<FitOutcome>>;

/// Listens to one fit.
pub(crate) struct Watcher {
    pub(crate) job: JobId,
    pub(crate) level: ResourceLevel,
    pub(crate) scope: FitScope,
    pub(crate) config: Arc<OptimizeConfig>,
    pub(crate) reading: LastReading,
    pub(crate) progress: Line<Progress>,
    pub(crate) best: BestSoFar,
    /// The level that the fit spends for now.
    pub(crate) spending: ResourceLevel,
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
        self.best.store(Some(Arc::new(best)));
    }

    fn budget(&mut self) -> Option<Budget> {
        let reading = self.reading.load();
        let affordable = budget::affordable(&self.config, self.level, reading.as_deref()?);
        if affordable == self.spending {
            return None;
        }
        self.spending = affordable;
        Some(Budget {
            iterations: budget::iterations(&self.config, affordable, self.scope),
        })
    }
}
