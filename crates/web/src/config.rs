//! The `[server]` section of the configuration. Reading files and the environment is the binary's
//! part.

use std::{
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _},
    time::Duration,
};

use chat2svg_protocol::{InvalidSetting, Prompt, WebhookUrl};
use chat2svg_webhooks::{TargetError, Targets};
use serde::{Deserialize, Serialize};

use crate::access::Access;

/// Room for part headers and text fields beside a form's files, in bytes.
pub(crate) const FORM_OVERHEAD_BYTES: usize = 64 << 10;
/// Results up to this size can always be read, in bytes.
const LEAST_RESULT_MEMORY: usize = 16 << 20;

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
    /// Most connections open at once from one client; where a trusted proxy tells who it is, most
    /// requests under way. 0 sets no limit.
    pub max_connections_per_client: usize,
    /// Most event streams that one client may follow at once; 0 sets no limit.
    pub max_streams_per_client: usize,
    /// Jobs that may wait and run at once; beyond that new ones are refused with 503.
    pub max_jobs: usize,
    /// Most pictures of one `POST /v1/batch`.
    pub max_batch_pictures: usize,
    /// How many of them are drawn at once.
    pub max_batch_at_once: usize,
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
    /// Most bytes of request bodies that are held at once, over all connections.
    pub max_body_memory_bytes: usize,
    /// A request body must have arrived after so many seconds.
    pub body_timeout_seconds: u64,
    /// Slowest that a request body may arrive, in bytes a second, after the first few seconds.
    pub min_body_bytes_per_second: u64,
    /// Seconds after which a client that does not read its answer is cut off.
    pub write_timeout_seconds: u64,
    /// Silence on an event stream after which a comment keeps it open, in seconds.
    pub heartbeat_seconds: u64,
    /// Widest PNG that is rendered on request, in pixels.
    pub max_png_width: u32,
    /// Most bytes of results that are held at once to be read: cached, or on their way to clients.
    pub max_result_memory_bytes: usize,
    /// Names by which the service may be called, beside `localhost`, the loopback addresses, the
    /// address listened on and the one that a connection arrives at; `*` allows any.
    pub allowed_hosts: Vec<String>,
    /// Origins of other sites whose pages may use the API.
    pub cors_origins: Vec<String>,
    /// New jobs that one client may send.
    pub rate_limit: RateLimit,
    /// PNGs that one client may have rendered; what is in memory is not counted.
    pub png_limit: RateLimit,
    /// Whether the client's address is taken from `X-Forwarded-For`; only behind a proxy that sets
    /// it.
    pub trust_forwarded_for: bool,
    /// Who may be told of the ends of jobs; set by the program from a section of its own.
    #[serde(skip)]
    pub webhooks: Option<Targets>,
}

/// How often one client may do something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// Times a minute in the long run; 0 sets no limit.
    pub per_minute: u32,
    /// Times at once.
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
            max_connections: 512,
            max_connections_per_client: 256,
            max_streams_per_client: 64,
            max_jobs: 256,
            max_batch_pictures: 64,
            max_batch_at_once: 4,
            max_prompt_chars: Prompt::DEFAULT_LIMIT,
            max_json_bytes: 256 << 10,
            max_upload_bytes: 16 << 20,
            default_deadline_ms: 10_000,
            max_deadline_ms: 600_000,
            max_wait_seconds: 120,
            max_body_memory_bytes: 128 << 20,
            body_timeout_seconds: 30,
            min_body_bytes_per_second: 1_024,
            write_timeout_seconds: 30,
            heartbeat_seconds: 15,
            max_png_width: 4_096,
            max_result_memory_bytes: 192 << 20,
            allowed_hosts: Vec::new(),
            cors_origins: Vec::new(),
            rate_limit: RateLimit::default(),
            png_limit: RateLimit {
                per_minute: 60,
                burst: 60,
            },
            trust_forwarded_for: false,
            webhooks: None,
        }
    }
}

impl WebConfig {
    /// Shortest deadline that a request may set, in milliseconds.
    pub const MIN_DEADLINE_MS: u64 = 50;
    /// Most templates that a request may have made.
    pub const MAX_CANDIDATES: u32 = 16;

    /// Where to listen.
    ///
    /// # Errors
    /// When `listen` is not an address or name with a port, or the name is unknown.
    pub fn address(&self) -> Result<SocketAddr, InvalidSetting> {
        let text = self.listen.trim();
        let refused = |reason: String| InvalidSetting {
            key: "listen",
            reason,
        };
        let port = |text: &str| -> Option<u16> {
            // No sign, no blank.
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten()
        };
        if let Ok(address) = text.parse() {
            return Ok(address);
        }
        if let Some(port) = port(text) {
            return Ok((Ipv4Addr::LOCALHOST, port).into());
        }
        let Some((name, port)) = text
            .rsplit_once(':')
            .and_then(|(name, digits)| Some((name, port(digits)?)))
            .filter(|(name, _)| !name.is_empty() && !name.contains([':', '/']))
        else {
            return Err(refused(format!(
                "\"{}\" is not an address with a port, such as 127.0.0.1:8080, localhost:8080 or \
                 [::]:8080; a port alone is one of this machine",
                self.listen
            )));
        };
        if name.eq_ignore_ascii_case("localhost") {
            return Ok((Ipv4Addr::LOCALHOST, port).into());
        }
        let mut found = (name, port)
            .to_socket_addrs()
            .map_err(|error| refused(format!("\"{name}\" leads to no address: {error}")))?;
        found
            .next()
            .ok_or_else(|| refused(format!("\"{name}\" leads to no address")))
    }

    /// Refuses values that cannot work, before anything starts.
    ///
    /// # Errors
    /// The first such value.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        self.address()?;
        Access::new(self)?;
        let positive: [(&'static str, u64); 12] = [
            ("workers", self.workers as u64),
            ("max_connections", self.max_connections as u64),
            ("max_jobs", self.max_jobs as u64),
            ("max_batch_pictures", self.max_batch_pictures as u64),
            ("max_batch_at_once", self.max_batch_at_once as u64),
            ("max_prompt_chars", self.max_prompt_chars as u64),
            ("max_json_bytes", self.max_json_bytes as u64),
            ("max_upload_bytes", self.max_upload_bytes as u64),
            ("max_wait_seconds", self.max_wait_seconds),
            ("body_timeout_seconds", self.body_timeout_seconds),
            ("heartbeat_seconds", self.heartbeat_seconds),
            ("write_timeout_seconds", self.write_timeout_seconds),
        ];
        for (key, value) in positive {
            if value == 0 {
                return Err(InvalidSetting {
                    key,
                    reason: "must be at least 1".to_owned(),
                });
            }
        }
        if !(Self::MIN_DEADLINE_MS..=self.max_deadline_ms).contains(&self.default_deadline_ms) {
            return Err(InvalidSetting {
                key: "default_deadline_ms",
                reason: format!(
                    "must be {} to max_deadline_ms = {}, {} was given",
                    Self::MIN_DEADLINE_MS,
                    self.max_deadline_ms,
                    self.default_deadline_ms
                ),
            });
        }
        InvalidSetting::unless_within("max_png_width", self.max_png_width, 16..=8_192)?;
        for (key, limit) in [
            ("rate_limit.burst", &self.rate_limit),
            ("png_limit.burst", &self.png_limit),
        ] {
            if limit.per_minute > 0 && limit.burst == 0 {
                return Err(InvalidSetting {
                    key,
                    reason: "must be at least 1 when per_minute is set".to_owned(),
                });
            }
        }
        let largest_body = self.max_json_bytes.max(self.largest_form());
        if self.max_body_memory_bytes < largest_body {
            return Err(InvalidSetting {
                key: "max_body_memory_bytes",
                reason: format!(
                    "must be at least {largest_body}, the largest body that max_json_bytes and max_upload_bytes \
                     allow; {} was given",
                    self.max_body_memory_bytes
                ),
            });
        }
        if self.max_result_memory_bytes < LEAST_RESULT_MEMORY {
            return Err(InvalidSetting {
                key: "max_result_memory_bytes",
                reason: format!(
                    "must be at least {LEAST_RESULT_MEMORY}, {} was given",
                    self.max_result_memory_bytes
                ),
            });
        }
        Ok(())
    }

    /// Bytes of the largest form, which holds two files.
    fn largest_form(&self) -> usize {
        self.max_upload_bytes
            .saturating_mul(2)
            .saturating_add(FORM_OVERHEAD_BYTES)
    }

    /// Whether an address may be told of the end of a job.
    pub(crate) fn may_tell(&self, url: &WebhookUrl) -> Result<(), TargetError> {
        match &self.webhooks {
            Some(targets) => targets.check(url),
            None => Err(TargetError::Off),
        }
    }

    pub(crate) fn write_timeout(&self) -> Duration {
        Duration::from_secs(self.write_timeout_seconds)
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

    #[test]
    fn where_to_listen_may_be_said_briefly() {
        let address = |text: &str| {
            let config = WebConfig {
                listen: text.to_owned(),
                ..WebConfig::default()
            };
            config.address().map(|address| address.to_string()).ok()
        };
        for (text, expected) in [
            ("8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
            ("localhost:8080", "127.0.0.1:8080"),
            (" LocalHost:81 ", "127.0.0.1:81"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(address(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            ":",
            ":80",
            "localhost",
            "localhost:",
            "localhost:+80",
            "65536",
            "::1:80",
            "http://localhost:80",
            "localhost:80/",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    type Spoil = fn(&mut WebConfig);

    #[test]
    fn an_impossible_value_is_refused_by_its_key() {
        let broken: [(&str, Spoil); 8] = [
            ("listen", |config| config.listen = ":8080".into()),
            ("max_jobs", |config| config.max_jobs = 0),
            ("default_deadline_ms", |config| {
                config.default_deadline_ms = 10;
            }),
            ("max_png_width", |config| config.max_png_width = 0),
            ("rate_limit.burst", |config| {
                config.rate_limit = RateLimit {
                    per_minute: 5,
                    burst: 0,
                };
            }),
            ("max_body_memory_bytes", |config| {
                config.max_body_memory_bytes = config.max_upload_bytes;
            }),
            ("max_result_memory_bytes", |config| {
                config.max_result_memory_bytes = 1;
            }),
            ("allowed_hosts", |config| {
                config.allowed_hosts = vec!["http://localhost".into()];
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
