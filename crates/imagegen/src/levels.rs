//! How far a model goes at each level.

use chat2svg_protocol::{PerLevel, ResourceLevel};

use crate::{ImagegenConfig, Provider};

/// What a model is asked with beside words and a picture. What it does not know it is not told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Pictures to choose from, at least 1.
    pub candidates: u32,
    /// Longest side in pixels.
    pub side: u32,
    /// Steps of denoising; `None` leaves it to the server or the workflow.
    pub steps: Option<u32>,
    /// How far it may leave the template, `0.0..=1.0`; `None` as above.
    pub strength: Option<f32>,
    /// How closely it follows the words; `None` as above.
    pub guidance: Option<f32>,
    /// How closely it follows the template through a ControlNet, `0.0..=2.0`; `None` as above.
    pub control: Option<f32>,
}

/// Steps, strength and guidance of latent diffusion with a ControlNet, as they are used where the
/// configuration says nothing.
const DIFFUSION: PerLevel<(u32, f32, f32)> = PerLevel {
    high: (30, 1.0, 7.0),
    medium: (25, 0.9, 6.5),
    low: (20, 0.85, 6.0),
    minimal: (15, 0.7, 5.0),
};
/// The same for the ControlNet's scale.
const CONTROL: f32 = 0.5;

impl ImagegenConfig {
    /// What the model is asked with at a level; `None` when it is not asked at it.
    pub fn parameters(&self, level: ResourceLevel) -> Option<Parameters> {
        let own = self.levels.get(level);
        if own.candidates == 0 {
            return None;
        }
        let is_diffusion = self.provider == Provider::Automatic1111
            || (self.provider == Provider::Comfyui && self.workflow == Self::SDXL_TILE);
        let usual = is_diffusion.then(|| *DIFFUSION.get(level));
        let set = |value: f32| (value > 0.0).then_some(value);
        Some(Parameters {
            candidates: own.candidates,
            side: own.side,
            steps: (own.steps > 0)
                .then_some(own.steps)
                .or(usual.map(|(steps, _, _)| steps)),
            strength: set(own.strength).or(usual.map(|(_, strength, _)| strength)),
            guidance: set(own.guidance).or(usual.map(|(_, _, guidance)| guidance)),
            control: set(own.control).or(usual.map(|_| CONTROL)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_goes_before_what_is_usual() {
        let mut config = ImagegenConfig {
            provider: Provider::Automatic1111,
            ..ImagegenConfig::default()
        };
        let usual = config.parameters(ResourceLevel::High).unwrap();
        assert_eq!((usual.steps, usual.strength), (Some(30), Some(1.0)));
        assert_eq!(usual.control, Some(0.5));
        config.levels.high.steps = 12;
        config.levels.high.strength = 0.4;
        let own = config.parameters(ResourceLevel::High).unwrap();
        assert_eq!((own.steps, own.strength), (Some(12), Some(0.4)));
        assert_eq!(own.guidance, usual.guidance);
    }

    #[test]
    fn a_distilled_model_is_left_its_own_settings_and_no_candidates_means_not_asked() {
        let mut config = ImagegenConfig {
            provider: Provider::Comfyui,
            ..ImagegenConfig::default()
        };
        let own = config.parameters(ResourceLevel::Medium).unwrap();
        assert_eq!((own.steps, own.guidance, own.strength), (None, None, None));
        assert_eq!(config.parameters(ResourceLevel::Minimal), None);
        config.levels.minimal.candidates = 1;
        assert!(config.parameters(ResourceLevel::Minimal).is_some());
    }
}
