//! Parameters of stage 2, one set for each resource level.

use chat2svg_fit::GradientThreshold;
use chat2svg_protocol::{InvalidSetting, PerLevel, ResourceLevel};
use serde::{Deserialize, Serialize};

use crate::{AdoptParameters, shading::Strengths};

/// Configuration of the detail stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetailConfig {
    /// Parameters by level.
    pub levels: PerLevel<DetailParameters>,
}

/// How much detail is made, and how closely it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailParameters {
    /// Longest side of the target picture in pixels, 64 to 2048.
    pub target_side: u32,
    /// Form shading of things and their parts, `0.0..=1.0`.
    pub form: f32,
    /// Darkening where parts meet, `0.0..=1.0`.
    pub occlusion: f32,
    /// Rim light, `0.0..=1.0` of what the scene's light asks for.
    pub rim: f32,
    /// Gradients of sky, ground and distance, `0.0..=1.0`.
    pub atmosphere: f32,
    /// Contact shadows, `0.0..=1.0`.
    pub shadow: f32,
    /// Cast shadows and reflections, `0.0..=1.0`.
    pub cast_shadow: f32,
    /// Glows around lights, and haze before far things, `0.0..=1.0`.
    pub glow: f32,
    /// Highlights on glossy things, `0.0..=1.0`.
    pub highlight: f32,
    /// Heavier contours in line art, `0.0..=1.0`.
    pub contour: f32,
    /// Marks of materials, `0.0..=1.0`: how many and how clear.
    pub texture: f32,
    /// Smallest gain in mean squared error for which a gradient replaces a flat colour.
    pub gradient_gain: f64,
    /// Most stops of a gradient, at least 2.
    pub gradient_stops: usize,
    /// Least pixels of the target on which a shape must be seen to be given another paint.
    pub least_area: usize,
    /// How a target from outside is read.
    pub adopt: AdoptParameters,
}

impl DetailConfig {
    /// Checks the ranges of what a target from outside is read by.
    ///
    /// # Errors
    /// The first value out of its range.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        for level in ResourceLevel::ALL {
            if let Some((key, range)) = self.levels.get(level).adopt.fault() {
                return Err(InvalidSetting {
                    key: "levels",
                    reason: format!("{}.adopt.{key} must be {range}", level.name()),
                });
            }
        }
        Ok(())
    }
}

impl DetailParameters {
    /// Whether these parameters leave the document as it is.
    pub(crate) fn is_nothing(&self) -> bool {
        let strengths = [
            self.form,
            self.occlusion,
            self.rim,
            self.atmosphere,
            self.shadow,
            self.cast_shadow,
            self.glow,
            self.highlight,
            self.contour,
            self.texture,
        ];
        strengths.iter().all(|strength| *strength <= 0.0)
    }

    /// The shading's strengths, scaled for a style.
    pub(crate) fn strengths(&self, scale: f32) -> Strengths {
        Strengths {
            form: self.form * scale,
            occlusion: self.occlusion * scale,
            rim: self.rim * scale,
            atmosphere: self.atmosphere * scale,
        }
    }

    /// When a gradient pays.
    pub(crate) fn threshold(&self) -> GradientThreshold {
        GradientThreshold {
            gain: self.gradient_gain,
            stops: self.gradient_stops,
            ..GradientThreshold::default()
        }
    }
}

impl Default for DetailConfig {
    fn default() -> Self {
        let high = DetailParameters {
            target_side: 512,
            form: 1.0,
            occlusion: 1.0,
            rim: 1.0,
            atmosphere: 1.0,
            shadow: 1.0,
            cast_shadow: 1.0,
            glow: 1.0,
            highlight: 1.0,
            contour: 1.0,
            texture: 1.0,
            gradient_gain: 1.5e-5,
            gradient_stops: 3,
            least_area: 150,
            adopt: AdoptParameters::HIGH,
        };
        let medium = DetailParameters {
            target_side: 384,
            form: 0.8,
            occlusion: 0.7,
            rim: 0.7,
            atmosphere: 0.9,
            shadow: 0.9,
            cast_shadow: 0.9,
            glow: 1.0,
            highlight: 0.9,
            contour: 0.8,
            texture: 0.6,
            gradient_gain: 4e-5,
            gradient_stops: 3,
            least_area: 200,
            adopt: AdoptParameters::MEDIUM,
        };
        let low = DetailParameters {
            target_side: 256,
            form: 0.5,
            occlusion: 0.0,
            rim: 0.0,
            atmosphere: 0.7,
            shadow: 0.7,
            cast_shadow: 0.7,
            glow: 0.8,
            highlight: 0.7,
            contour: 0.5,
            texture: 0.0,
            gradient_gain: 1e-4,
            gradient_stops: 2,
            least_area: 200,
            adopt: AdoptParameters::LOW,
        };
        let minimal = DetailParameters {
            target_side: 128,
            form: 0.0,
            occlusion: 0.0,
            rim: 0.0,
            atmosphere: 0.0,
            shadow: 0.0,
            cast_shadow: 0.0,
            glow: 0.0,
            highlight: 0.0,
            contour: 0.0,
            texture: 0.0,
            adopt: AdoptParameters::MINIMAL,
            ..low
        };
        Self {
            levels: PerLevel {
                high,
                medium,
                low,
                minimal,
            },
        }
    }
}
