//! Which language models there are, section `[llm]`.

use std::path::PathBuf;

use chat2svg_gateway::{Address, CallConfig, KeySource, Price};
use chat2svg_protocol::{BackendId, InvalidSetting};
use serde::{Deserialize, Serialize};

/// The wire format that a provider speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// There is none.
    #[default]
    None,
    /// Chat completions as OpenAI has them, which most servers speak.
    Openai,
    /// The Messages API of Anthropic.
    Anthropic,
}

/// Whether a model takes pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pictures {
    /// OpenAI's and Anthropic's own services do, other servers do not.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// A provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// The wire format.
    pub provider: ProviderKind,
    /// The name by which `template.backends` and metadata know it; empty for the format's name.
    pub name: String,
    /// Its address; empty for the service that the format is named after.
    pub base_url: String,
    /// The model; empty for a usual one of that service, or the first that a server lists.
    pub model: String,
    /// The environment variable that holds the key; empty for the service's usual one.
    pub api_key_env: String,
    /// A file that holds the key; goes before the variable.
    pub api_key_file: PathBuf,
    /// Whether the model takes pictures.
    pub pictures: Pictures,
    /// Price of a million tokens sent; 0 when nothing is paid or known.
    pub input_price_per_million: f64,
    /// Price of a million tokens that come back.
    pub output_price_per_million: f64,
}

/// Section `[llm]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LlmConfig {
    /// The wire format of the first provider.
    pub provider: ProviderKind,
    /// See [`ProviderConfig`].
    pub name: String,
    /// See [`ProviderConfig`].
    pub base_url: String,
    /// See [`ProviderConfig`].
    pub model: String,
    /// See [`ProviderConfig`].
    pub api_key_env: String,
    /// See [`ProviderConfig`].
    pub api_key_file: PathBuf,
    /// See [`ProviderConfig`].
    pub pictures: Pictures,
    /// See [`ProviderConfig`].
    pub input_price_per_million: f64,
    /// See [`ProviderConfig`].
    pub output_price_per_million: f64,
    /// Most tokens of an answer.
    pub max_output_tokens: u32,
    /// Deadline of a job that sets none, in milliseconds, where there is a provider.
    pub default_deadline_ms: u64,
    /// Limits of calls, of each provider.
    pub calls: CallConfig,
    /// Further providers, asked in this order when those before them do not serve.
    pub more: Vec<ProviderConfig>,
}

impl Default for LlmConfig {
    fn default() -> Self {
        let ProviderConfig {
            provider,
            name,
            base_url,
            model,
            api_key_env,
            api_key_file,
            pictures,
            input_price_per_million,
            output_price_per_million,
        } = ProviderConfig::default();
        Self {
            provider,
            name,
            base_url,
            model,
            api_key_env,
            api_key_file,
            pictures,
            input_price_per_million,
            output_price_per_million,
            max_output_tokens: 16_000,
            default_deadline_ms: 120_000,
            calls: CallConfig::default(),
            more: Vec::new(),
        }
    }
}

impl LlmConfig {
    /// The providers in line.
    pub fn providers(&self) -> Vec<ProviderConfig> {
        let first = ProviderConfig {
            provider: self.provider,
            name: self.name.clone(),
            base_url: self.base_url.clone(),
            model: self.model.clone(),
            api_key_env: self.api_key_env.clone(),
            api_key_file: self.api_key_file.clone(),
            pictures: self.pictures,
            input_price_per_million: self.input_price_per_million,
            output_price_per_million: self.output_price_per_million,
        };
        std::iter::once(first)
            .chain(self.more.iter().cloned())
            .filter(|provider| provider.provider != ProviderKind::None)
            .collect()
    }

    /// The names of the providers in line.
    pub fn backends(&self) -> Vec<BackendId> {
        self.providers()
            .iter()
            .filter_map(|provider| provider.id().ok())
            .collect()
    }

    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let mut taken = vec![BackendId::EMBEDDED];
        for (place, provider) in self.providers().iter().enumerate() {
            let is_first = place == 0 && self.provider != ProviderKind::None;
            provider
                .validate()
                .map_err(|InvalidSetting { key, reason }| {
                    if is_first {
                        InvalidSetting { key, reason }
                    } else {
                        let reason = format!("{key} of provider {}: {reason}", place + 1);
                        InvalidSetting {
                            key: "more",
                            reason,
                        }
                    }
                })?;
            let id = provider.id()?;
            if taken.contains(&id) {
                let reason = format!("the name \"{id}\" is taken; give each provider its own name");
                let key = if is_first { "name" } else { "more" };
                return Err(InvalidSetting { key, reason });
            }
            taken.push(id);
        }
        InvalidSetting::unless_within("max_output_tokens", self.max_output_tokens, 64..=1_000_000)?;
        InvalidSetting::unless_within(
            "default_deadline_ms",
            self.default_deadline_ms,
            100..=36_000_000,
        )?;
        self.calls
            .validate()
            .map_err(|InvalidSetting { key, reason }| InvalidSetting {
                key: "calls",
                reason: format!("{key} {reason}"),
            })
    }
}

impl ProviderConfig {
    /// The backend's name.
    ///
    /// # Errors
    /// When it can be no name.
    pub fn id(&self) -> Result<BackendId, InvalidSetting> {
        let name = match (self.name.as_str(), self.provider) {
            ("", ProviderKind::Anthropic) => "anthropic",
            ("", _) => "openai",
            (name, _) => name,
        };
        name.parse()
            .map_err(|error: chat2svg_protocol::ValueError| InvalidSetting {
                key: "name",
                reason: error.to_string(),
            })
    }

    /// Whether it is the service that the format is named after.
    fn is_the_service_itself(&self) -> bool {
        let own = match self.provider {
            ProviderKind::None => return false,
            ProviderKind::Openai => "https://api.openai.com",
            ProviderKind::Anthropic => "https://api.anthropic.com",
        };
        self.base_url.is_empty() || self.base_url.starts_with(own)
    }

    pub(crate) fn address(&self) -> Result<Address, InvalidSetting> {
        let text = match (self.base_url.as_str(), self.provider) {
            ("", ProviderKind::Anthropic) => "https://api.anthropic.com",
            ("", _) => "https://api.openai.com/v1",
            (text, _) => text,
        };
        text.parse()
            .map_err(|error: chat2svg_gateway::AddressError| InvalidSetting {
                key: "base_url",
                reason: error.to_string(),
            })
    }

    pub(crate) fn key_source(&self) -> KeySource {
        let variable = match (self.api_key_env.as_str(), self.provider) {
            // A key of one service is not sent to another.
            ("", _) if !self.is_the_service_itself() => "",
            ("", ProviderKind::Anthropic) => "ANTHROPIC_API_KEY",
            ("", _) => "OPENAI_API_KEY",
            (name, _) => name,
        };
        KeySource {
            variable: variable.to_owned(),
            file: self.api_key_file.clone(),
        }
    }

    /// The model; `None` leaves it to the server.
    pub fn model(&self) -> Option<String> {
        match (self.model.as_str(), self.provider) {
            ("", _) if !self.is_the_service_itself() => None,
            ("", ProviderKind::Anthropic) => Some("claude-sonnet-4-6".to_owned()),
            ("", _) => Some("gpt-5".to_owned()),
            (name, _) => Some(name.to_owned()),
        }
    }

    pub(crate) fn takes_pictures(&self) -> bool {
        match self.pictures {
            Pictures::Auto => self.is_the_service_itself(),
            Pictures::Yes => true,
            Pictures::No => false,
        }
    }

    /// Whether it cannot be used without a key.
    pub(crate) fn needs_key(&self) -> bool {
        self.is_the_service_itself() || !self.api_key_env.is_empty()
    }

    pub(crate) fn is_openai_itself(&self) -> bool {
        self.provider == ProviderKind::Openai && self.is_the_service_itself()
    }

    pub(crate) fn price(&self) -> Price {
        Price {
            input_per_million: self.input_price_per_million,
            output_per_million: self.output_price_per_million,
        }
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        self.id()?;
        self.address()?;
        let within = InvalidSetting::unless_within::<f64>;
        within(
            "input_price_per_million",
            self.input_price_per_million,
            0.0..=1e6,
        )?;
        within(
            "output_price_per_million",
            self.output_price_per_million,
            0.0..=1e6,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(provider: ProviderKind) -> LlmConfig {
        LlmConfig {
            provider,
            ..LlmConfig::default()
        }
    }

    #[test]
    fn nothing_is_configured_by_default() {
        let none = LlmConfig::default();
        assert!(none.validate().is_ok() && none.backends().is_empty());
    }

    #[test]
    fn providers_stand_in_line_by_name() {
        let mut several = config(ProviderKind::Anthropic);
        several.more.push(ProviderConfig {
            provider: ProviderKind::Openai,
            name: "local".to_owned(),
            base_url: "http://127.0.0.1:8081/v1".to_owned(),
            ..ProviderConfig::default()
        });
        assert!(several.validate().is_ok());
        let names: Vec<String> = several.backends().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["anthropic", "local"]);
        several.more.push(several.more[0].clone());
        assert_eq!(several.validate().unwrap_err().key, "more");
    }

    #[test]
    fn the_key_of_a_service_is_not_sent_elsewhere() {
        let mut provider = ProviderConfig {
            provider: ProviderKind::Openai,
            ..ProviderConfig::default()
        };
        assert_eq!(provider.key_source().variable, "OPENAI_API_KEY");
        provider.base_url = "http://127.0.0.1:8081/v1".to_owned();
        assert_eq!(provider.key_source().variable, "");
        assert!(!provider.needs_key() && !provider.takes_pictures());
        assert_eq!(provider.model(), None);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let mut wrong = config(ProviderKind::Openai);
        wrong.base_url = "localhost".to_owned();
        assert_eq!(wrong.validate().unwrap_err().key, "base_url");
        let mut wrong = config(ProviderKind::Openai);
        wrong.name = "embedded".to_owned();
        assert_eq!(wrong.validate().unwrap_err().key, "name");
        let mut wrong = config(ProviderKind::None);
        wrong.calls.connect_seconds = 0.0;
        assert_eq!(wrong.validate().unwrap_err().key, "calls");
    }
}
