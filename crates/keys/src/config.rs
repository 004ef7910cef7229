//! The `[auth]` section of the configuration.

use std::path::PathBuf;

use chat2svg_protocol::InvalidSetting;
use serde::{Deserialize, Serialize};

/// Who may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The file that `chat2svg keys` writes. Empty until the program has found a place for it.
    pub keys_file: PathBuf,
    /// Whether the service may listen on other than loopback addresses without any key.
    pub allow_anonymous_network_access: bool,
    /// Whether `/metrics` is served without a key.
    pub open_metrics: bool,
    /// Seconds for which a token for event streams and downloads is valid.
    pub token_seconds: u32,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            keys_file: PathBuf::new(),
            allow_anonymous_network_access: false,
            open_metrics: false,
            token_seconds: 600,
        }
    }
}

impl AuthConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        InvalidSetting::unless_within("token_seconds", self.token_seconds, 30..=3_600)
    }
}
