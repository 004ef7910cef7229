//! What stages are worth and what they cost.

use chat2svg_protocol::{InvalidSetting, PerLevel, ResourceLevel, Stage};
use serde::{Deserialize, Serialize};

/// Settings of the scheduler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchedulerConfig {
    /// Jobs that run at once; at least 1. Only a job whose deadline is near runs beyond it.
    pub max_concurrent: u32,
    /// What each stage adds to the quality of a result.
    pub weights: StageWeights,
    /// Share of a stage's worth that is had at each level, `0.0..=1.0`.
    pub level_factors: PerLevel<f64>,
    /// What a job's quality later is worth now, `0.0..=1.0`. At 1 jobs wait for all their stages as
    /// long as their deadline allows; at 0 they start with what is free.
    pub patience: f64,
    /// Milliseconds before the deadline that are kept free for writing the result.
    pub reserve_ms: u32,
    /// What each stage needs.
    pub stages: StageCosts,
    /// Weight of the latest duration of a stage in its running average, `0.0..=1.0`.
    pub smoothing: f64,
    /// The most milliseconds that the solver may take.
    pub solve_limit_ms: u32,
    /// Relative distance from the optimum at which the solver may stop.
    pub solve_gap: f32,
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
    pub(crate) fn get(&self, stage: Stage) -> f64 {
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
    pub(crate) fn get(&self, stage: Stage) -> &StageCost {
        match stage {
            Stage::Template => &self.template,
            Stage::Detail => &self.detail,
            Stage::Optimize => &self.optimize,
        }
    }
}

/// What a stage needs while its job runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageCost {
    /// Cores, as a share of the job's running time.
    pub cpu: f64,
    /// Memory in MiB.
    pub memory_mb: f64,
    /// GPU memory in MiB.
    pub gpu_memory_mb: f64,
    /// Seconds that it takes, until it was observed.
    pub seconds: PerLevel<f64>,
}

impl Default for StageCosts {
    fn default() -> Self {
        let cost = |cpu, memory_mb, high, medium, low, minimal| StageCost {
            cpu,
            memory_mb,
            gpu_memory_mb: 0.0,
            seconds: PerLevel {
                high,
                medium,
                low,
                minimal,
            },
        };
        Self {
            template: cost(0.25, 48.0, 0.05, 0.05, 0.03, 0.03),
            detail: cost(0.5, 96.0, 0.3, 0.2, 0.1, 0.02),
            optimize: cost(1.0, 96.0, 1.5, 1.0, 0.5, 0.2),
        }
    }
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            max_concurrent: 4,
            weights: StageWeights::default(),
            level_factors: PerLevel {
                high: 1.0,
                medium: 0.9,
                low: 0.75,
                minimal: 0.6,
            },
            patience: 0.95,
            reserve_ms: 100,
            stages: StageCosts::default(),
            smoothing: 0.2,
            solve_limit_ms: 20,
            solve_gap: 0.001,
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
        share("patience", self.patience)?;
        share("smoothing", self.smoothing)?;
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
            for level in ResourceLevel::ALL {
                amount("stages.seconds", *cost.seconds.get(level), 1e5)?;
            }
        }
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
