//! What stages are worth and what they cost.

use chat2svg_protocol::{InvalidSetting, PerLevel, ResourceLevel, Stage};
use serde::{Deserialize, Serialize};

/// Who decides what runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The programme, solved exactly as far as there is time.
    #[default]
    Milp,
    /// The programme, solved greedily.
    Greedy,
    /// Oldest first, each at the highest level that its own deadline leaves time for.
    Fifo,
    /// Oldest first, each at the highest level whatever the time.
    Static,
}

impl Strategy {
    /// All, the default first.
    pub const ALL: [Self; 4] = [Self::Milp, Self::Greedy, Self::Fifo, Self::Static];

    /// The name used in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Milp => "milp",
            Self::Greedy => "greedy",
            Self::Fifo => "fifo",
            Self::Static => "static",
        }
    }
}

/// Settings of the scheduler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchedulerConfig {
    /// Who decides what runs.
    pub strategy: Strategy,
    /// Jobs that run at once on a machine at level high, at least 1; at the levels below, three
    /// quarters, half and a quarter of it. Only a job whose deadline is near runs beyond it.
    pub max_concurrent: u32,
    /// Jobs start as long as what runs wants less than so many times the cores that there are.
    pub oversubscription: f64,
    /// Share of the machine that plans count on, `0.0..=1.0`; the rest takes up what comes
    /// unevenly.
    pub utilisation: f64,
    /// What each stage adds to the quality of a result.
    pub weights: StageWeights,
    /// Share of a stage's worth that is had at each level, `0.0..=1.0`.
    pub level_factors: PerLevel<f64>,
    /// What a second of waiting takes from a result's worth, in units of quality: by it, a job gets
    /// less when it keeps others waiting. 0 gives each what its deadline leaves time for.
    pub patience: f64,
    /// Milliseconds before the deadline that are kept free for writing the result.
    pub reserve_ms: u32,
    /// Milliseconds of a core that a job takes beside its stages: to be read, stored and written.
    pub overhead_ms: f64,
    /// What each stage needs where the embedded backend serves it.
    pub stages: StageCosts,
    /// What models need, which serve stages elsewhere.
    pub models: ModelCost,
    /// Share of a stage's runs that end within the duration that plans reckon with, `0.0..=1.0`.
    pub confidence: f64,
    /// How many observations the assumed duration of a stage counts for.
    pub prior_weight: f64,
    /// Observations after which an earlier one counts half.
    pub half_life: f64,
    /// The most milliseconds that the solver may take.
    pub solve_limit_ms: u32,
    /// Relative distance from the optimum at which the solver may stop.
    pub solve_gap: f32,
    /// Milliseconds for which a plan holds.
    pub replan_ms: u32,
}

/// A worth for each stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StageWeights {
    /// The template.
    pub template: f64,
    /// The detail.
    pub detail: f64,
    /// The optimisation.
    pub optimize: f64,
}

impl StageWeights {
    /// The one of a stage.
    pub fn get(&self, stage: Stage) -> f64 {
        match stage {
            Stage::Template => self.template,
            Stage::Detail => self.detail,
            Stage::Optimize => self.optimize,
        }
    }
}

impl Default for StageWeights {
    fn default() -> Self {
        Self {
            template: 0.6,
            detail: 0.3,
            optimize: 0.1,
        }
    }
}

/// A cost for each stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StageCosts {
    /// The template.
    pub template: StageCost,
    /// The detail.
    pub detail: StageCost,
    /// The optimisation.
    pub optimize: StageCost,
}

impl StageCosts {
    /// The one of a stage.
    pub fn get(&self, stage: Stage) -> &StageCost {
        match stage {
            Stage::Template => &self.template,
            Stage::Detail => &self.detail,
            Stage::Optimize => &self.optimize,
        }
    }
}

/// What a model that serves a stage takes and gives, until it was observed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelCost {
    /// Cores of this machine that a call keeps busy.
    pub cpu: f64,
    /// Memory of this machine in MiB.
    pub memory_mb: f64,
    /// GPU memory of this machine in MiB.
    pub gpu_memory_mb: f64,
    /// What a call costs, in units of quality.
    pub price: f64,
    /// By what share a result of a model is better than one of the embedded backend.
    pub gain: f64,
    /// Calls that are under way at once, at the most; fewer when they take longer for it.
    pub max_calls: u32,
    /// Seconds that a stage takes. What is too long for a job's deadline is not tried, so this had
    /// better be too short than too long.
    pub seconds: f64,
}

impl Default for ModelCost {
    fn default() -> Self {
        Self {
            cpu: 0.05,
            memory_mb: 16.0,
            gpu_memory_mb: 0.0,
            price: 0.0,
            gain: 0.3,
            max_calls: 8,
            seconds: 1.0,
        }
    }
}

/// What a stage needs while its job runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageCost {
    /// Cores that it keeps busy.
    pub cpu: f64,
    /// Memory in MiB that a job takes while it runs, for an input of 512 × 512 pixels, until it was
    /// observed.
    pub memory_mb: f64,
    /// GPU memory in MiB.
    pub gpu_memory_mb: f64,
    /// What a call costs, in units of quality.
    pub price: f64,
    /// How much longer it takes where a picture from outside is worked on.
    pub dearer: f64,
    /// Power of the input's size with which its duration grows.
    pub size_exponent: f64,
    /// Power of the input's size with which the memory grows.
    #[serde(default)]
    pub memory_exponent: f64,
    /// Seconds that it takes for an input of 512 × 512 pixels, until it was observed.
    pub seconds: PerLevel<f64>,
}

impl Default for StageCosts {
    fn default() -> Self {
        let cost = |memory_mb, memory_exponent, dearer, size_exponent, seconds: [f64; 4]| {
            let [high, medium, low, minimal] = seconds;
            StageCost {
                cpu: 1.0,
                memory_mb,
                gpu_memory_mb: 0.0,
                price: 0.0,
                dearer,
                size_exponent,
                memory_exponent,
                seconds: PerLevel {
                    high,
                    medium,
                    low,
                    minimal,
                },
            }
        };
        Self {
            template: cost(48.0, 0.0, 1.0, 0.0, [0.01, 0.01, 0.008, 0.008]),
            detail: cost(96.0, 0.25, 4.0, 0.2, [0.3, 0.2, 0.1, 0.01]),
            optimize: cost(96.0, 0.25, 5.0, 0.3, [0.6, 0.35, 0.15, 0.04]),
        }
    }
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            max_concurrent: 4,
            oversubscription: 1.5,
            utilisation: 0.8,
            weights: StageWeights::default(),
            level_factors: PerLevel {
                high: 1.0,
                medium: 0.9,
                low: 0.75,
                minimal: 0.6,
            },
            patience: 0.3,
            reserve_ms: 100,
            overhead_ms: 4.0,
            stages: StageCosts::default(),
            models: ModelCost::default(),
            confidence: 0.85,
            prior_weight: 3.0,
            half_life: 40.0,
            solve_limit_ms: 15,
            solve_gap: 0.001,
            replan_ms: 40,
        }
    }
}

impl SchedulerConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let share = |key, value| InvalidSetting::unless_within::<f64>(key, value, 0.0..=1.0);
        let amount =
            |key, value, most| InvalidSetting::unless_within::<f64>(key, value, 0.0..=most);
        InvalidSetting::unless_within("max_concurrent", self.max_concurrent, 1..=10_000)?;
        share("utilisation", self.utilisation)?;
        share("confidence", self.confidence)?;
        InvalidSetting::unless_within("oversubscription", self.oversubscription, 0.1..=100.0)?;
        amount("patience", self.patience, 1e3)?;
        amount("overhead_ms", self.overhead_ms, 60_000.0)?;
        amount("prior_weight", self.prior_weight, 1e6)?;
        InvalidSetting::unless_within("half_life", self.half_life, 1.0..=1e9)?;
        InvalidSetting::unless_within("replan_ms", self.replan_ms, 1..=60_000)?;
        amount("solve_gap", f64::from(self.solve_gap), 1.0)?;
        InvalidSetting::unless_within("solve_limit_ms", self.solve_limit_ms, 1..=10_000)?;
        InvalidSetting::unless_within("reserve_ms", self.reserve_ms, 0..=60_000)?;
        for level in ResourceLevel::ALL {
            share("level_factors", *self.level_factors.get(level))?;
        }
        for stage in Stage::ALL {
            amount("weights", self.weights.get(stage), 1e6)?;
            let cost = self.stages.get(stage);
            amount("stages.cpu", cost.cpu, 1e4)?;
            amount("stages.memory_mb", cost.memory_mb, 1e9)?;
            amount("stages.gpu_memory_mb", cost.gpu_memory_mb, 1e9)?;
            amount("stages.price", cost.price, 1e6)?;
            InvalidSetting::unless_within("stages.dearer", cost.dearer, 0.01..=1000.0)?;
            amount("stages.size_exponent", cost.size_exponent, 4.0)?;
            amount("stages.memory_exponent", cost.memory_exponent, 4.0)?;
            for level in ResourceLevel::ALL {
                amount("stages.seconds", *cost.seconds.get(level), 1e5)?;
            }
        }
        let models = &self.models;
        amount("models.cpu", models.cpu, 1e4)?;
        amount("models.memory_mb", models.memory_mb, 1e9)?;
        amount("models.gpu_memory_mb", models.gpu_memory_mb, 1e9)?;
        amount("models.price", models.price, 1e6)?;
        amount("models.gain", models.gain, 1e3)?;
        amount("models.seconds", models.seconds, 1e5)?;
        InvalidSetting::unless_within("models.max_calls", models.max_calls, 1..=10_000)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense_and_nonsense_is_named() {
        assert_eq!(SchedulerConfig::default().validate(), Ok(()));
        let mut config = SchedulerConfig::default();
        config.stages.detail.seconds.low = f64::NAN;
        assert_eq!(config.validate().unwrap_err().key, "stages.seconds");
        let config = SchedulerConfig {
            max_concurrent: 0,
            ..SchedulerConfig::default()
        };
        assert_eq!(
            config.validate().unwrap_err().to_string(),
            "max_concurrent: must be 1 to 10000, 0 was given"
        );
    }
}
