//! Settings of the image model.

use std::path::PathBuf;

use chat2svg_gateway::{Address, AddressError, CallConfig, KeySource};
use chat2svg_protocol::{BackendId, InvalidSetting, PerLevel, ResourceLevel};
use serde::{Deserialize, Serialize};

use crate::Words;

/// Who makes pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Nobody.
    #[default]
    None,
    /// A ComfyUI server, with a workflow.
    Comfyui,
    /// An AUTOMATIC1111 or Forge server.
    Automatic1111,
    /// OpenAI, or a server that has its images API.
    OpenAi,
}

/// Configuration of the image model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImagegenConfig {
    /// Who makes pictures.
    pub provider: Provider,
    /// Where it is; empty for where it usually is.
    pub base_url: String,
    /// Name of the model; empty for the server's or workflow's own.
    pub model: String,
    /// Name of the environment variable with the key; empty for none, or for `OPENAI_API_KEY` when
    /// OpenAI itself is called. To ComfyUI and AUTOMATIC1111 `name:password` is a login.
    pub api_key_env: String,
    /// File with the key, which goes before the variable; empty for none.
    pub api_key_file: PathBuf,
    /// ComfyUI: name of a workflow that comes with the program, or a file in API format.
    pub workflow: String,
    /// AUTOMATIC1111: name of the ControlNet model; empty to use none.
    pub control_model: String,
    /// What a picture costs; 0 where nothing is paid.
    pub price_per_picture: f64,
    /// How much of the template's structure a target must keep, `0.0..=1.0`.
    pub least_structure: f32,
    /// Milliseconds without which the model is not asked.
    pub least_time_ms: u64,
    /// How far the model goes, by level.
    pub levels: PerLevel<ImagegenLevel>,
    /// What it is told.
    pub words: Words,
    /// Limits of calls.
    pub calls: CallConfig,
}

/// How far the model goes at a level. Zeros leave a number to the recipe.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagegenLevel {
    /// Pictures to choose from, 0 to 8; at 0 the model is not asked.
    pub candidates: u32,
    /// Longest side of the picture in pixels, 256 to 2048.
    pub side: u32,
    /// Steps of denoising, 0 to 150.
    pub steps: u32,
    /// How far it may leave the template, `0.0..=1.0`.
    pub strength: f32,
    /// How closely it follows the words, `0.0..=30.0`.
    pub guidance: f32,
    /// How closely it follows the template through a ControlNet, `0.0..=2.0`.
    pub control: f32,
}

impl ImagegenConfig {
    /// The workflow for FLUX.2 klein that comes with the program.
    pub const FLUX2_KLEIN: &'static str = "flux2-klein";
    /// The workflow for SDXL with a tile ControlNet that comes with the program.
    pub const SDXL_TILE: &'static str = "sdxl-tile";

    /// The variable with the key when OpenAI itself is called.
    const OPENAI_KEY: &'static str = "OPENAI_API_KEY";

    /// The backend that stage 2 gets from it, if any.
    pub fn backend(&self) -> Option<BackendId> {
        match self.provider {
            Provider::None => None,
            Provider::Comfyui => Some(BackendId::COMFYUI),
            Provider::Automatic1111 => Some(BackendId::AUTOMATIC1111),
            Provider::OpenAi => Some(BackendId::OPENAI_IMAGES),
        }
    }

    /// Where the provider is.
    ///
    /// # Errors
    /// When `base_url` is no address.
    pub fn address(&self) -> Result<Address, AddressError> {
        let usual = match self.provider {
            Provider::None | Provider::Comfyui => "http://127.0.0.1:8188",
            Provider::Automatic1111 => "http://127.0.0.1:7860",
            Provider::OpenAi => "https://api.openai.com/v1",
        };
        match self.base_url.trim() {
            "" => usual.parse(),
            own => own.parse(),
        }
    }

    /// Where the key is looked for. OpenAI's own key goes to OpenAI only.
    pub fn key_source(&self) -> KeySource {
        let is_openai = self.provider == Provider::OpenAi && self.base_url.trim().is_empty();
        let variable = match self.api_key_env.trim() {
            "" if is_openai => Self::OPENAI_KEY.to_owned(),
            own => own.to_owned(),
        };
        KeySource {
            variable,
            file: self.api_key_file.clone(),
        }
    }

    /// Checks all values.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let fault = |key: &'static str, reason: String| Err(InvalidSetting { key, reason });
        if let Err(error) = self.address() {
            return fault("base_url", error.to_string());
        }
        if self.provider == Provider::Comfyui && self.workflow.trim().is_empty() {
            return fault("workflow", "must name a workflow or a file".to_owned());
        }
        if !(0.0..=1.0).contains(&self.least_structure) {
            let given = self.least_structure;
            return fault(
                "least_structure",
                format!("must be 0 to 1, {given} was given"),
            );
        }
        if !(0.0..=1e6).contains(&self.price_per_picture) {
            let given = self.price_per_picture;
            return fault(
                "price_per_picture",
                format!("must be 0 to 1000000, {given} was given"),
            );
        }
        for level in ResourceLevel::ALL {
            if let Some(reason) = self.levels.get(level).fault() {
                return fault("levels", format!("{}.{reason}", level.name()));
            }
        }
        self.calls.validate().map_err(|error| InvalidSetting {
            key: "calls",
            reason: format!("{}: {}", error.key, error.reason),
        })
    }
}

impl ImagegenLevel {
    /// The first number out of its range.
    fn fault(&self) -> Option<String> {
        let outside = |key: &str, range: &str, value: &dyn std::fmt::Display, is_good: bool| {
            (!is_good).then(|| format!("{key} must be {range}, {value} was given"))
        };
        let Self {
            candidates,
            side,
            steps,
            strength,
            guidance,
            control,
        } = self;
        outside("candidates", "0 to 8", candidates, *candidates <= 8)
            .or_else(|| outside("side", "256 to 2048", side, (256..=2048).contains(side)))
            .or_else(|| outside("steps", "0 to 150", steps, *steps <= 150))
            .or_else(|| {
                outside(
                    "strength",
                    "0 to 1",
                    strength,
                    (0.0..=1.0).contains(strength),
                )
            })
            .or_else(|| {
                outside(
                    "guidance",
                    "0 to 30",
                    guidance,
                    (0.0..=30.0).contains(guidance),
                )
            })
            .or_else(|| outside("control", "0 to 2", control, (0.0..=2.0).contains(control)))
    }
}

impl Default for ImagegenConfig {
    fn default() -> Self {
        let level = |candidates, side| ImagegenLevel {
            candidates,
            side,
            steps: 0,
            strength: 0.0,
            guidance: 0.0,
            control: 0.0,
        };
        Self {
            provider: Provider::None,
            base_url: String::new(),
            model: String::new(),
            api_key_env: String::new(),
            api_key_file: PathBuf::new(),
            workflow: Self::FLUX2_KLEIN.to_owned(),
            control_model: String::new(),
            price_per_picture: 0.0,
            least_structure: 0.7,
            least_time_ms: 1500,
            levels: PerLevel {
                high: level(2, 1024),
                medium: level(1, 1024),
                low: level(1, 768),
                minimal: level(0, 512),
            },
            words: Words::default(),
            calls: CallConfig {
                // Most servers answer only when all is done.
                first_token_seconds: 120.0,
                between_tokens_seconds: 60.0,
                whole_seconds: 300.0,
                max_concurrent: 4,
                max_reply_bytes: 48 << 20,
                ..CallConfig::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openai(base_url: &str, api_key_env: &str) -> ImagegenConfig {
        ImagegenConfig {
            provider: Provider::OpenAi,
            base_url: base_url.to_owned(),
            api_key_env: api_key_env.to_owned(),
            ..ImagegenConfig::default()
        }
    }

    #[test]
    fn openais_key_goes_to_openai_only_unless_it_is_named() {
        let variable = |config: &ImagegenConfig| config.key_source().variable;
        assert_eq!(variable(&openai("", "")), "OPENAI_API_KEY");
        assert_eq!(variable(&openai("http://localhost:1/v1", "")), "");
        assert_eq!(variable(&openai("http://localhost:1/v1", "OTHER")), "OTHER");
        assert_eq!(variable(&ImagegenConfig::default()), "");
    }

    #[test]
    fn values_out_of_range_are_told_with_their_key() {
        let told = |change: fn(&mut ImagegenConfig)| {
            let mut config = openai("", "");
            assert_eq!(config.validate(), Ok(()));
            change(&mut config);
            let InvalidSetting { key, reason } = config.validate().unwrap_err();
            format!("{key}: {reason}")
        };
        assert!(told(|c| c.base_url = "ftp://x".into()).starts_with("base_url: "));
        assert!(told(|c| c.levels.low.candidates = 9).contains("low.candidates must be 0 to 8"));
        assert!(told(|c| c.levels.high.strength = f32::NAN).contains("high.strength"));
        assert!(told(|c| c.least_structure = 2.0).contains("least_structure"));
        assert!(told(|c| c.calls.max_concurrent = 0).contains("max_concurrent"));
    }
}
