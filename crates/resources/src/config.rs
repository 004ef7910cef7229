//! How often the machine is read, and what its readings mean.

use std::path::PathBuf;

use chat2svg_protocol::{InvalidSetting, LevelMode, PerLevel};
use serde::{Deserialize, Serialize};

/// Settings of the resource monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResourcesConfig {
    /// Whether the level follows from readings, or is set.
    pub mode: LevelMode,
    /// Seconds between readings; at least 1.
    pub check_interval_seconds: u32,
    /// What must be free for each level; both figures must be reached.
    pub thresholds: PerLevel<Threshold>,
    /// How swap in use lowers the level.
    pub swap: SwapSteps,
    /// Readings of the CPU whose median counts; at least 1. Memory and swap count as they are.
    pub smooth_readings: u32,
    /// Percent above a threshold that must be free before the level rises to it.
    pub rise_margin_percent: f32,
    /// Readings in a row that must say so before the level rises. It falls at once.
    pub rise_after_readings: u32,
    /// Whether GPUs are looked for.
    pub gpu: bool,
    /// The NVIDIA driver's library (NVML); empty for the usual places.
    pub gpu_library: PathBuf,
}

/// What must be free for a level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Percent of the CPU, `0.0..=100.0`.
    pub cpu: f32,
    /// Percent of the memory, `0.0..=100.0`.
    pub memory: f32,
}

/// Percent of swap in use above which the level is one, two or three steps lower.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SwapSteps {
    /// One step lower above this.
    pub one: f32,
    /// Two steps lower above this.
    pub two: f32,
    /// Minimal above this.
    pub three: f32,
}

impl Default for SwapSteps {
    fn default() -> Self {
        Self {
            one: 30.0,
            two: 50.0,
            three: 75.0,
        }
    }
}

impl Default for ResourcesConfig {
    fn default() -> Self {
        let threshold = |cpu, memory| Threshold { cpu, memory };
        Self {
            mode: LevelMode::Adaptive,
            check_interval_seconds: 5,
            thresholds: PerLevel {
                high: threshold(50.0, 40.0),
                medium: threshold(30.0, 20.0),
                low: threshold(10.0, 10.0),
                minimal: threshold(0.0, 0.0),
            },
            swap: SwapSteps::default(),
            smooth_readings: 3,
            rise_margin_percent: 5.0,
            rise_after_readings: 2,
            gpu: true,
            gpu_library: PathBuf::new(),
        }
    }
}

impl ResourcesConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let percent = |key, value| InvalidSetting::unless_within::<f32>(key, value, 0.0..=100.0);
        InvalidSetting::unless_within(
            "check_interval_seconds",
            self.check_interval_seconds,
            1..=3_600,
        )?;
        let thresholds = &self.thresholds;
        // From the lowest level up: each must ask for as much as the one below.
        let mut below = Threshold {
            cpu: 0.0,
            memory: 0.0,
        };
        for (cpu_key, memory_key, threshold) in [
            (
                "thresholds.minimal.cpu",
                "thresholds.minimal.memory",
                thresholds.minimal,
            ),
            (
                "thresholds.low.cpu",
                "thresholds.low.memory",
                thresholds.low,
            ),
            (
                "thresholds.medium.cpu",
                "thresholds.medium.memory",
                thresholds.medium,
            ),
            (
                "thresholds.high.cpu",
                "thresholds.high.memory",
                thresholds.high,
            ),
        ] {
            let most = 100.0;
            InvalidSetting::unless_within(cpu_key, threshold.cpu, below.cpu..=most)?;
            InvalidSetting::unless_within(memory_key, threshold.memory, below.memory..=most)?;
            below = threshold;
        }
        percent("swap.one", self.swap.one)?;
        InvalidSetting::unless_within("swap.two", self.swap.two, self.swap.one..=100.0)?;
        InvalidSetting::unless_within("swap.three", self.swap.three, self.swap.two..=100.0)?;
        InvalidSetting::unless_within("smooth_readings", self.smooth_readings, 1..=100)?;
        percent("rise_margin_percent", self.rise_margin_percent)?;
        InvalidSetting::unless_within("rise_after_readings", self.rise_after_readings, 1..=1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense_and_nonsense_is_named() {
        assert_eq!(ResourcesConfig::default().validate(), Ok(()));
        let mut config = ResourcesConfig::default();
        config.thresholds.medium.memory = 50.0;
        assert_eq!(
            config.validate().unwrap_err().to_string(),
            "thresholds.high.memory: must be 50 to 100, 40 was given"
        );
        let config = ResourcesConfig {
            rise_margin_percent: f32::NAN,
            ..ResourcesConfig::default()
        };
        assert_eq!(config.validate().unwrap_err().key, "rise_margin_percent");
    }
}
