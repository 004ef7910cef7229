//! What is simulated.

use chat2svg_breaker::BreakerConfig;
use chat2svg_scheduler::SchedulerConfig;

/// A model that serves stage 1 before the embedded composer, and how it behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// Median seconds of a call beside its use of the GPU.
    pub seconds: f64,
    /// Median seconds of the GPU, which calls share.
    pub gpu_seconds: f64,
    /// Quality that a template of the model adds beyond one of the embedded composer.
    pub extra_quality: f64,
    /// Share of calls that fail at once.
    pub fails: f64,
    /// Share of calls that never answer.
    pub stalls: f64,
    /// Share of calls that answer with garbage.
    pub garbles: f64,
    /// What a call costs.
    pub cost: f64,
}

/// What is simulated, but for the trace.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The scheduler; its assumed durations are also the true medians.
    pub scheduler: SchedulerConfig,
    /// The circuit before the model.
    pub breaker: BreakerConfig,
    /// Cores of the machine.
    pub cores: f64,
    /// Jobs that may wait and run at once.
    pub max_jobs: u32,
    /// Standard deviation of the logarithm of durations.
    pub spread: f64,
    /// A model for stage 1, if there is one.
    pub model: Option<Model>,
    /// Varies everything that is left to chance.
    pub seed: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            scheduler: SchedulerConfig::default(),
            breaker: BreakerConfig::default(),
            cores: 2.0,
            max_jobs: 256,
            spread: 0.35,
            model: None,
            seed: 0,
        }
    }
}
