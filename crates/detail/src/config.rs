//! Parameters of stage 2, one set for each resource level.

use chat2svg_protocol::{BackendId, InvalidSetting, PerLevel, ResourceLevel};
use chat2svg_trace::GradientThreshold;
use serde::{Deserialize, Serialize};

use crate::{AdoptParameters, shading::Strengths};

/// Configuration of the detail stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetailConfig {
    /// Who serves the stage, first choice first; empty for the image model that is configured, if
    /// any, and the embedded detailer behind it.
    pub backends: Vec<BackendId>,
    /// Parameters by level.
    pub levels: PerLevel<DetailParameters>,
}

/// How strongly an effect shows: `0.0..=1.0`, 0 leaves it out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f32")]
pub struct Strength(f32);

impl Strength {
    /// Not at all.
    pub const NONE: Self = Self(0.0);
    /// All that the scene asks for.
    pub const FULL: Self = Self(1.0);

    /// The number.
    pub fn get(self) -> f32 {
        self.0
    }
}

/// A strength out of its range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("must be 0 to 1, {0} was given")]
pub struct StrengthError(f32);

impl TryFrom<f32> for Strength {
    type Error = StrengthError;

    fn try_from(value: f32) -> Result<Self, StrengthError> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(StrengthError(value))
        }
    }
}

/// How much detail is made, and how closely it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailParameters {
    /// Longest side of the target picture in pixels, 64 to 2048.
    pub target_side: u32,
    /// Form shading of things and their parts, `0.0..=1.0`.
    pub form: Strength,
    /// Darkening where parts meet, `0.0..=1.0`.
    pub occlusion: Strength,
    /// Rim light, `0.0..=1.0` of what the scene's light asks for.
    pub rim: Strength,
    /// Gradients of sky, ground and distance, `0.0..=1.0`.
    pub atmosphere: Strength,
    /// Contact shadows, `0.0..=1.0`.
    pub shadow: Strength,
    /// Cast shadows and reflections, `0.0..=1.0`.
    pub cast_shadow: Strength,
    /// Glows around lights, and haze before far things, `0.0..=1.0`.
    pub glow: Strength,
    /// Highlights on glossy things, `0.0..=1.0`.
    pub highlight: Strength,
    /// Heavier contours in line art, `0.0..=1.0`.
    pub contour: Strength,
    /// Marks of materials, `0.0..=1.0`: how many and how clear.
    pub texture: Strength,
    /// Smallest gain in mean squared error for which a gradient replaces a flat colour,
    /// `0.0..=1.0`.
    pub gradient_gain: f64,
    /// Most stops of a gradient, 2 to 16.
    pub gradient_stops: usize,
    /// Least pixels of the target on which a shape must be seen to be given another paint, at least
    /// 1.
    pub least_area: usize,
    /// How a target from outside is read.
    pub adopt: AdoptParameters,
}

impl DetailConfig {
    /// The backends that there are.
    pub const BACKENDS: [BackendId; 5] = [
        BackendId::EMBEDDED,
        BackendId::COMFYUI,
        BackendId::AUTOMATIC1111,
        BackendId::OPENAI_IMAGES,
        BackendId::SCRIPTS,
    ];

    /// Who serves the stage, first choice first, where `model` is the backend of the image model.
    pub fn line_up(&self, model: Option<BackendId>) -> Vec<BackendId> {
        if self.backends.is_empty() {
            model.into_iter().chain([BackendId::EMBEDDED]).collect()
        } else {
            self.backends.clone()
        }
    }

    /// Checks the ranges of all numbers that are no strengths.
    ///
    /// # Errors
    /// The first value out of its range.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        if !self.backends.is_empty() {
            InvalidSetting::unless_line_up("backends", &self.backends, &Self::BACKENDS)?;
        }
        for level in ResourceLevel::ALL {
            let fault = |reason: String| InvalidSetting {
                key: "levels",
                reason: format!("{}.{reason}", level.name()),
            };
            if let Some(reason) = self.levels.get(level).fault() {
                return Err(fault(reason));
            }
            if let Some((key, range)) = self.levels.get(level).adopt.fault() {
                return Err(fault(format!("adopt.{key} must be {range}")));
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
        strengths.iter().all(|strength| strength.get() <= 0.0)
    }

    /// The first number out of its range: its key, the range and the number.
    fn fault(&self) -> Option<String> {
        let outside = |key: &str, range: &str, value: &dyn std::fmt::Display, is_good: bool| {
            (!is_good).then(|| format!("{key} must be {range}, {value} was given"))
        };
        let (side, stops, gain) = (self.target_side, self.gradient_stops, self.gradient_gain);
        outside(
            "target_side",
            "64 to 2048",
            &side,
            (64..=2048).contains(&side),
        )
        .or_else(|| {
            outside(
                "gradient_gain",
                "0 to 1",
                &gain,
                (0.0..=1.0).contains(&gain),
            )
        })
        .or_else(|| {
            outside(
                "gradient_stops",
                "2 to 16",
                &stops,
                (2..=16).contains(&stops),
            )
        })
        .or_else(|| {
            let area = self.least_area;
            outside("least_area", "at least 1", &area, area >= 1)
        })
    }

    /// The shading's strengths, scaled for a style.
    pub(crate) fn strengths(&self, scale: f32) -> Strengths {
        Strengths {
            form: self.form.get() * scale,
            occlusion: self.occlusion.get() * scale,
            rim: self.rim.get() * scale,
            atmosphere: self.atmosphere.get() * scale,
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
            form: Strength::FULL,
            occlusion: Strength::FULL,
            rim: Strength::FULL,
            atmosphere: Strength::FULL,
            shadow: Strength::FULL,
            cast_shadow: Strength::FULL,
            glow: Strength::FULL,
            highlight: Strength::FULL,
            contour: Strength::FULL,
            texture: Strength::FULL,
            gradient_gain: 1.5e-5,
            gradient_stops: 3,
            least_area: 150,
            adopt: AdoptParameters::HIGH,
        };
        let medium = DetailParameters {
            target_side: 384,
            form: Strength(0.8),
            occlusion: Strength(0.7),
            rim: Strength(0.7),
            atmosphere: Strength(0.9),
            shadow: Strength(0.9),
            cast_shadow: Strength(0.9),
            glow: Strength::FULL,
            highlight: Strength(0.9),
            contour: Strength(0.8),
            texture: Strength(0.6),
            gradient_gain: 4e-5,
            gradient_stops: 3,
            least_area: 200,
            adopt: AdoptParameters::MEDIUM,
        };
        let low = DetailParameters {
            target_side: 256,
            form: Strength(0.5),
            occlusion: Strength::NONE,
            rim: Strength::NONE,
            atmosphere: Strength(0.7),
            shadow: Strength(0.7),
            cast_shadow: Strength(0.7),
            glow: Strength(0.8),
            highlight: Strength(0.7),
            contour: Strength(0.5),
            texture: Strength::NONE,
            gradient_gain: 1e-4,
            gradient_stops: 2,
            least_area: 200,
            adopt: AdoptParameters::LOW,
        };
        let minimal = DetailParameters {
            target_side: 128,
            form: Strength::NONE,
            occlusion: Strength::NONE,
            rim: Strength::NONE,
            atmosphere: Strength::NONE,
            shadow: Strength::NONE,
            cast_shadow: Strength::NONE,
            glow: Strength::NONE,
            highlight: Strength::NONE,
            contour: Strength::NONE,
            texture: Strength::NONE,
            adopt: AdoptParameters::MINIMAL,
            ..low
        };
        Self {
            backends: Vec::new(),
            levels: PerLevel {
                high,
                medium,
                low,
                minimal,
            },
        }
    }
}
