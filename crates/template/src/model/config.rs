//! What a model is asked to do, by level, section `[template.model]`.

use chat2svg_protocol::{InvalidSetting, PerLevel};
use serde::{Deserialize, Serialize};

/// Settings of drawing with models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Whether the model is told what the embedded composer read in the prompt.
    pub embedded_reading: bool,
    /// Whether the model is given the embedded composer's pictures of the prompt's things, as parts
    /// that it may use.
    pub embedded_parts: bool,
    /// Longest side of the picture that the model is shown of its drawing, in pixels.
    pub picture_side: u32,
    /// Difference in score below which two candidates are too close to call by what was measured.
    pub close_call: f32,
    /// Least score that a drawing must have to be used, `0.0..=1.0`.
    pub least_score: f32,
    /// Steps by level.
    pub levels: PerLevel<ModelSteps>,
}

/// Which steps are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSteps {
    /// Whether a plan is asked for first.
    pub plan: bool,
    /// Drawings made in parallel, the best of which goes on; a job may ask for more.
    pub candidates: u32,
    /// Whether a model that takes pictures is asked which of two candidates is better, where it is
    /// too close to call.
    pub compare: bool,
    /// Rounds of looking at the drawing and mending it.
    pub rounds: u32,
}

impl Default for ModelConfig {
    fn default() -> Self {
        let steps = |plan, candidates, rounds| ModelSteps {
            plan,
            candidates,
            compare: candidates > 1,
            rounds,
        };
        Self {
            embedded_reading: true,
            embedded_parts: false,
            picture_side: 768,
            close_call: 0.1,
            least_score: 0.25,
            levels: PerLevel {
                high: steps(true, 2, 2),
                medium: steps(true, 1, 1),
                low: steps(false, 1, 1),
                minimal: steps(false, 1, 0),
            },
        }
    }
}

impl ModelConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        InvalidSetting::unless_within("model.picture_side", self.picture_side, 64..=2048)?;
        InvalidSetting::unless_within("model.least_score", self.least_score, 0.0..=1.0)?;
        InvalidSetting::unless_within("model.close_call", self.close_call, 0.0..=1.0)?;
        let levels = &self.levels;
        for steps in [levels.high, levels.medium, levels.low, levels.minimal] {
            InvalidSetting::unless_within("model.levels", steps.candidates, 1..=8)?;
            InvalidSetting::unless_within("model.levels", steps.rounds, 0..=8)?;
        }
        Ok(())
    }
}
