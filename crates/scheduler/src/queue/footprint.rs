//! How much memory jobs take, as far as it can be seen from outside of them: what this process
//! holds at the most while one job alone runs, beyond what it holds while none does; and what a
//! process of a job's own took.

use chat2svg_protocol::{BackendId, JobId, ResourceLevel, Stage};

use super::Queue;
use crate::quantiles::Quantiles;

/// Readings after which an earlier one of the process at rest counts half.
const REST_HALF_LIFE: f64 = 20.0;
/// The share of readings at rest below which the process is taken to be at rest. What a job leaves
/// behind is given back some time later.
const REST_RANK: f64 = 0.25;

/// What was seen of this process's memory.
#[derive(Clone, Debug)]
pub(super) struct Footprint {
    /// MiB that it held while nothing ran.
    rest: Quantiles,
    /// Whether a job ran: tables are loaded by the first.
    has_run: bool,
    /// Whether more than one job ran at any time since the measurement began.
    is_shared: bool,
}

impl Default for Footprint {
    fn default() -> Self {
        Self {
            rest: Quantiles::new(1.0, 0.0, REST_HALF_LIFE),
            has_run: false,
            is_shared: true,
        }
    }
}

impl Footprint {
    /// What a job takes beside which none ran, given the most that the process held meanwhile;
    /// nothing before the process was seen at rest.
    pub(super) fn of(&self, peak_mb: f64) -> Option<f64> {
        (self.rest.seen() > 0).then(|| (peak_mb - self.rest.get(REST_RANK)).max(0.0))
    }

    /// A job starts beside so many others.
    pub(super) fn started_beside(&mut self, others: usize) {
        self.has_run = true;
        self.is_shared |= others > 0;
    }
}

impl Queue {
    /// Whether what the process holds at the most from now on says something of the one job that
    /// runs. Whoever measures asks this when a stage begins and when it ends.
    pub fn is_measurable(&self) -> bool {
        !self.footprint.is_shared && self.running.len() == 1
    }

    /// A stage begins.
    pub(super) fn begin_measuring(&mut self) {
        self.footprint.is_shared = self.running.len() > 1;
    }

    /// This process holds so many MiB. Counts while nothing waits or runs.
    pub fn memory_read(&mut self, held_mb: f64) {
        if self.footprint.has_run && self.waiting.is_empty() && self.running.is_empty() {
            self.footprint.rest.observe(held_mb);
        }
    }

    /// A job's own process took so many MiB, the most of them in this stage.
    pub fn memory_taken(
        &mut self,
        job: JobId,
        stage: Stage,
        backend: BackendId,
        level: ResourceLevel,
        taken_mb: f64,
    ) {
        if let Some(running) = self.running.get(&job) {
            let work = running.waiting.work;
            self.estimates
                .observe_memory(work, stage, backend, level, taken_mb);
        }
    }
}
