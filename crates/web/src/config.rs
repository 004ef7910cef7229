//! The `[server]` section of the configuration. Reading files and the environment is the binary's part.

use std::{net::SocketAddr, time::Duration};

use chat2svg_protocol::Prompt;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the web front listens on, accepts and refuses.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: String,
    /// Threads that serve connections.
    pub workers: usize,
    /// Most connections open at once, in each worker.
    pub max_connections: usize,
    /// Jobs that may wait and run at once; beyond that new ones are refused with 503.
    pub max_jobs: usize,
    /// Longest prompt, in characters.
    pub max_prompt_chars: usize,
    /// Largest JSON body, in bytes.
    pub max_json_bytes: usize,
    /// Largest uploaded file, in bytes.
    pub max_upload_bytes: usize,
    /// Deadline of a job whose request sets none, in milliseconds.
    pub default_deadline_ms: u64,
    /// Longest deadline that a request may set, in milliseconds.
    pub max_deadline_ms: u64,
    /// Longest that a synchronous request waits before it is answered with 202, in seconds.
    pub max_wait_seconds: u64,
    /// A request body must have arrived after so many seconds.
    pub body_timeout_seconds: u64,
    /// Silence on an event stream after which a comment keeps it open, in seconds.
    pub heartbeat_seconds: u64,
    /// Widest PNG that is rendered on request, in pixels.
    pub max_png_width: u32,
    /// New jobs that one client may send.
    pub rate_limit: RateLimit,
    /// Whether the client's address is taken from `X-Forwarded-For`; only behind a proxy that sets it.
    pub trust_forwarded_for: bool,
}

/// New jobs that one client may send.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// Jobs a minute in the long run; 0 sets no limit.
    pub per_minute: u32,
    /// Jobs at once.
    pub burst: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            per_minute: 0,
            burst: 30,
        }
    }
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            workers: 2,
            max_connections: 2_048,
            max_jobs: 256,
            max_prompt_chars: Prompt::DEFAULT_LIMIT,
            max_json_bytes: 256 << 10,
            max_upload_bytes: 16 << 20,
            default_deadline_ms: 10_000,
            max_deadline_ms: 600_000,
            max_wait_seconds: 120,
            body_timeout_seconds: 30,
            heartbeat_seconds: 15,
            max_png_width: 4_096,
            rate_limit: RateLimit::default(),
            trust_forwarded_for: false,
        }
    }
}

/// A value that cannot work; the text names the key.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("server.{key}: {reason}")]
pub struct WebConfigError {
    key: &'static str,
    reason: String,
}

impl WebConfig {
    /// Shortest deadline that a request may set, in milliseconds.
    pub const MIN_DEADLINE_MS: u64 = 50;
    /// Most templates that a request may have made.
    pub const MAX_CANDIDATES: u32 = 16;

    /// Where to listen.
    ///
    /// # Errors
    /// When `listen` is not an address with a port.
    pub fn address(&self) -> Result<SocketAddr, WebConfigError> {
        self.listen.parse().map_err(|_| WebConfigError {
            key: "listen",
            reason: format!(
                "\"{}\" is not an address with a port, such as 127.0.0.1:8080 or [::]:8080",
                self.listen
            ),
        })
    }

    /// Refuses values that cannot work, before anything starts.
    ///
    /// # Errors
    /// The first such value.
    pub fn validate(&self) -> Result<(), WebConfigError> {
        self.address()?;
        let positive: [(&'static str, u64); 9] = [
            ("workers", self.workers as u64),
            ("max_connections", self.max_connections as u64),
            ("max_jobs", self.max_jobs as u64),
            ("max_prompt_chars", self.max_prompt_chars as u64),
            ("max_json_bytes", self.max_json_bytes as u64),
            ("max_upload_bytes", self.max_upload_bytes as u64),
            ("max_wait_seconds", self.max_wait_seconds),
            ("body_timeout_seconds", self.body_timeout_seconds),
            ("heartbeat_seconds", self.heartbeat_seconds),
        ];
        for (key, value) in positive {
            if value == 0 {
                return Err(WebConfigError {
                    key,
                    reason: "must be at least 1".to_owned(),
                });
            }
        }
        if !(Self::MIN_DEADLINE_MS..=self.max_deadline_ms).contains(&self.default_deadline_ms) {
            return Err(WebConfigError {
                key: "default_deadline_ms",
                reason: format!(
                    "must be {} to max_deadline_ms = {}, {} was given",
                    Self::MIN_DEADLINE_MS,
                    self.max_deadline_ms,
                    self.default_deadline_ms
                ),
            });
        }
        if !(16..=8_192).contains(&self.max_png_width) {
            return Err(WebConfigError {
                key: "max_png_width",
                reason: format!("must be 16 to 8192, {} was given", self.max_png_width),
            });
        }
        if self.rate_limit.per_minute > 0 && self.rate_limit.burst == 0 {
            return Err(WebConfigError {
                key: "rate_limit.burst",
                reason: "must be at least 1 when per_minute is set".to_owned(),
            });
        }
        Ok(())
    }

    pub(crate) fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_seconds)
    }

    pub(crate) fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat_seconds)
    }

    pub(crate) fn max_wait(&self) -> Duration {
        Duration::from_secs(self.max_wait_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_configuration_is_valid() {
        assert_eq!(WebConfig::default().validate(), Ok(()));
    }

    type Spoil = fn(&mut WebConfig);

    #[test]
    fn an_impossible_value_is_refused_by_its_key() {
        let broken: [(&str, Spoil); 5] = [
            ("server.listen", |config| config.listen = "8080".into()),
            ("server.max_jobs", |config| config.max_jobs = 0),
            ("server.default_deadline_ms", |config| {
                config.default_deadline_ms = 10;
            }),
            ("server.max_png_width", |config| config.max_png_width = 0),
            ("server.rate_limit.burst", |config| {
                config.rate_limit = RateLimit {
                    per_minute: 5,
                    burst: 0,
                };
            }),
        ];
        for (key, spoil) in broken {
            let mut config = WebConfig::default();
            spoil(&mut config);
            let message = config.validate().unwrap_err().to_string();
            assert!(message.starts_with(key), "{message}");
        }
    }
}
