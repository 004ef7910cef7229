//! The `[webhooks]` section of the configuration.

use std::{path::PathBuf, time::Duration};

use chat2svg_gateway::KeySource;
use chat2svg_protocol::InvalidSetting;
use serde::{Deserialize, Serialize};

use crate::Targets;

/// Who may be told of the ends of jobs, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Hosts that may be told; none by default.
    pub hosts: Vec<String>,
    /// The environment variable that holds the secret for signatures.
    pub secret_env: String,
    /// A file that holds the secret; goes before the variable.
    pub secret_file: PathBuf,
    /// How often an end is told at most before it is given up.
    pub attempts: u32,
    /// Seconds that an answer may take.
    pub timeout_seconds: u32,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            secret_env: "WEBHOOK_SECRET".to_owned(),
            secret_file: PathBuf::new(),
            attempts: 8,
            timeout_seconds: 10,
        }
    }
}

impl WebhooksConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        Targets::new(self)?;
        InvalidSetting::unless_within("attempts", self.attempts, 1..=20)?;
        InvalidSetting::unless_within("timeout_seconds", self.timeout_seconds, 1..=60)
    }

    /// Whether anybody may be told.
    pub fn is_on(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// Where the secret is.
    pub(crate) fn secret(&self) -> KeySource {
        KeySource {
            variable: self.secret_env.clone(),
            file: self.secret_file.clone(),
        }
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }
}
