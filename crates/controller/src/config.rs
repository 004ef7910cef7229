//! What can be set about jobs. Values only; where they come from is the binary's concern.

use chat2svg_protocol::{InvalidSetting, Stage};
use serde::{Deserialize, Serialize};

/// Settings of the controller, section `[controller]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControllerConfig {
    /// Milliseconds kept free before a job's deadline to write and send the result.
    pub answer_margin_ms: u64,
    /// Milliseconds kept free before that for composing a fallback when there is no document yet.
    pub compose_margin_ms: u64,
    /// Share of the remaining time that stage 1 may use when other stages follow, `0.0..=1.0`.
    pub template_time_share: f64,
    /// Share of the remaining time that stage 2 may use when stage 3 follows, `0.0..=1.0`.
    pub detail_time_share: f64,
    /// How often an unfinished job is taken up after restarts before it is given up.
    pub max_attempts: u32,
    /// Milliseconds to wait for the store, the scheduler and the breakers.
    pub ask_timeout_ms: u64,
    /// Milliseconds between two progress events of a job.
    pub progress_interval_ms: u64,
    /// Milliseconds between two previews of a job.
    pub preview_interval_ms: u64,
    /// Whether results are written for screen readers: one picture, called by its title and
    /// described by what it shows.
    pub accessible: bool,
    /// Whether stage 2 runs for what is drawn from words; without it, stage 3 does not, either.
    pub detail: bool,
    /// Whether stage 3 runs for what is drawn from words.
    pub optimize: bool,
    /// How many ended jobs keep their events in memory for subscribers that come back.
    pub ended_jobs_kept: usize,
}

impl Default for ControllerConfig {
    fn default() -> Self {
        Self {
            answer_margin_ms: 100,
            compose_margin_ms: 250,
            template_time_share: 0.7,
            detail_time_share: 0.5,
            max_attempts: 3,
            ask_timeout_ms: 5_000,
            progress_interval_ms: 100,
            preview_interval_ms: 400,
            accessible: false,
            detail: true,
            optimize: true,
            ended_jobs_kept: 256,
        }
    }
}

impl ControllerConfig {
    /// The stages that are switched off for what is drawn from words, and by which key.
    pub(crate) fn switched_off(&self) -> Vec<(Stage, &'static str)> {
        let detail = "switched off (controller.detail)";
        let optimize = "switched off (controller.optimize)";
        match (self.detail, self.optimize) {
            (true, true) => Vec::new(),
            (true, false) => vec![(Stage::Optimize, optimize)],
            // The picture that stage 3 fits to comes from stage 2.
            (false, _) => vec![(Stage::Detail, detail), (Stage::Optimize, detail)],
        }
    }

    /// Refuses values that cannot work, before anything starts.
    ///
    /// # Errors
    /// The first such value.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        for (key, share) in [
            ("template_time_share", self.template_time_share),
            ("detail_time_share", self.detail_time_share),
        ] {
            InvalidSetting::unless_within(key, share, 0.0..=1.0)?;
        }
        InvalidSetting::unless_within("max_attempts", self.max_attempts, 1..=u32::MAX)
    }
}
