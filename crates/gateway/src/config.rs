//! How calls of a provider are made.

use std::time::Duration;

use chat2svg_protocol::InvalidSetting;
use serde::{Deserialize, Serialize};

/// Limits of the calls of a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallConfig {
    /// Seconds until a connection must stand.
    pub connect_seconds: f64,
    /// Seconds until the first piece of an answer must be there.
    pub first_token_seconds: f64,
    /// Seconds that may pass between two pieces.
    pub between_tokens_seconds: f64,
    /// Seconds that a whole call may take.
    pub whole_seconds: f64,
    /// Calls under way at once.
    pub max_concurrent: usize,
    /// Share of calls that may be retried; 0 for none.
    pub retry_share: f64,
    /// Most bytes of an answer.
    pub max_reply_bytes: usize,
    /// What one job may cost in US dollars; 0 sets no limit.
    pub max_cost_per_job: f64,
    /// What all calls of a minute may cost in US dollars; 0 sets no limit.
    pub max_cost_per_minute: f64,
}

impl Default for CallConfig {
    fn default() -> Self {
        Self {
            connect_seconds: 3.0,
            first_token_seconds: 30.0,
            between_tokens_seconds: 15.0,
            whole_seconds: 180.0,
            max_concurrent: 8,
            retry_share: 0.2,
            max_reply_bytes: 16 << 20,
            max_cost_per_job: 0.5,
            max_cost_per_minute: 2.0,
        }
    }
}

impl CallConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let within = InvalidSetting::unless_within::<f64>;
        within("connect_seconds", self.connect_seconds, 0.05..=600.0)?;
        within(
            "first_token_seconds",
            self.first_token_seconds,
            0.05..=3600.0,
        )?;
        within(
            "between_tokens_seconds",
            self.between_tokens_seconds,
            0.05..=3600.0,
        )?;
        within("whole_seconds", self.whole_seconds, 0.05..=36_000.0)?;
        InvalidSetting::unless_within("max_concurrent", self.max_concurrent, 1..=4096)?;
        within("retry_share", self.retry_share, 0.0..=0.2)?;
        InvalidSetting::unless_within("max_reply_bytes", self.max_reply_bytes, 1024..=256 << 20)?;
        within("max_cost_per_job", self.max_cost_per_job, 0.0..=1e6)?;
        within("max_cost_per_minute", self.max_cost_per_minute, 0.0..=1e6)
    }

    pub(crate) fn connect(&self) -> Duration {
        Duration::from_secs_f64(self.connect_seconds)
    }

    pub(crate) fn first(&self) -> Duration {
        Duration::from_secs_f64(self.first_token_seconds)
    }

    pub(crate) fn between(&self) -> Duration {
        Duration::from_secs_f64(self.between_tokens_seconds)
    }

    pub(crate) fn whole(&self) -> Duration {
        Duration::from_secs_f64(self.whole_seconds)
    }
}
