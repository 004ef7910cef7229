//! Budgets of stage 3. Values only.

use chat2svg_protocol::{BackendId, InvalidSetting, PerLevel};
use serde::{Deserialize, Serialize};

/// Settings of stage 3, section `[optimize]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizeConfig {
    /// Who serves the stage, first choice first.
    pub backends: Vec<BackendId>,
    /// Budgets by level.
    pub levels: PerLevel<LevelBudget>,
    /// Share of the memory in use above which running fits are cut to the budget of level low,
    /// whatever level was asked for, `0.0..=1.0`; they get it back when the share falls below
    /// again.
    pub memory_pressure: f32,
}

/// What a fit may spend.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelBudget {
    /// Gradient steps of vectorize and refine.
    pub iterations: u32,
    /// Gradient steps of the last touch to a composed picture.
    pub polish_iterations: u32,
    /// Most paths where the caller sets no number; 0 leaves it to the gain of each path.
    pub paths: u32,
    /// Most milliseconds, whatever the job's deadline.
    pub time_ms: u64,
    /// Longest side in pixels at which the picture is fitted, 16 to 4096.
    pub max_side: u32,
    /// Most moves of a template's shapes and groups to where the target shows them, where stage 2
    /// has not looked for them, 0 to 256.
    pub most_moves: u32,
}

impl Default for OptimizeConfig {
    fn default() -> Self {
        Self {
            backends: vec![BackendId::EMBEDDED],
            levels: PerLevel {
                high: LevelBudget {
                    iterations: 300,
                    polish_iterations: 40,
                    paths: 0,
                    time_ms: 60_000,
                    max_side: 512,
                    most_moves: 24,
                },
                medium: LevelBudget {
                    iterations: 150,
                    polish_iterations: 25,
                    paths: 192,
                    time_ms: 30_000,
                    max_side: 384,
                    most_moves: 24,
                },
                low: LevelBudget {
                    iterations: 60,
                    polish_iterations: 12,
                    paths: 96,
                    time_ms: 10_000,
                    max_side: 256,
                    most_moves: 12,
                },
                minimal: LevelBudget {
                    iterations: 20,
                    polish_iterations: 5,
                    paths: 48,
                    time_ms: 3_000,
                    max_side: 192,
                    most_moves: 4,
                },
            },
            memory_pressure: 0.92,
        }
    }
}

impl OptimizeConfig {
    /// Refuses values that cannot work, before anything starts.
    ///
    /// # Errors
    /// The first such value.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let known = [BackendId::EMBEDDED, BackendId::SCRIPTS];
        InvalidSetting::unless_line_up("backends", &self.backends, &known)?;
        InvalidSetting::unless_within("memory_pressure", self.memory_pressure, 0.0..=1.0)?;
        let PerLevel {
            high,
            medium,
            low,
            minimal,
        } = &self.levels;
        for (side, moves, budget) in [
            ("levels.high.max_side", "levels.high.most_moves", high),
            ("levels.medium.max_side", "levels.medium.most_moves", medium),
            ("levels.low.max_side", "levels.low.most_moves", low),
            (
                "levels.minimal.max_side",
                "levels.minimal.most_moves",
                minimal,
            ),
        ] {
            InvalidSetting::unless_within(side, budget.max_side, 16..=4096)?;
            InvalidSetting::unless_within(moves, budget.most_moves, 0..=256)?;
        }
        Ok(())
    }
}
