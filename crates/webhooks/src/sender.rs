//! One delivery: the request, and what follows from its answer.

use std::{
    net::ToSocketAddrs as _,
    sync::Arc,
    time::{Duration, SystemTime},
};

use chat2svg_gateway::KeyError;
use chat2svg_protocol::{InvalidSetting, messages::DueWebhook};
use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Client, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect,
};
use serde::Serialize;
use thiserror::Error;
use tracing::{info, warn};

use crate::{Targets, WebhooksConfig, private::is_public, signature::SigningKey};

/// Pauses before the second attempt, the third, and so on; the last one holds for all further.
const PAUSES: [u32; 7] = [5, 60, 300, 1_800, 7_200, 18_000, 36_000];
/// The longest pause that a receiver may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);

/// Why webhooks cannot be sent at all.
#[derive(Debug, Error)]
pub enum SenderError {
    /// A setting cannot work.
    #[error("webhooks.{0}")]
    Config(#[from] InvalidSetting),
    /// The secret cannot be read.
    #[error("the secret of webhooks: {0}")]
    Secret(#[from] KeyError),
    /// There is no secret.
    #[error(
        "webhooks.hosts names hosts, and there is no secret to sign with: put one of at least 16 \
         bytes into {0}"
    )]
    NoSecret(String),
    /// The secret cannot be used.
    #[error("the secret of webhooks must have at least 16 bytes; behind whsec_ it is in base64")]
    WeakSecret,
    /// The system has no usable TLS, or the client cannot be set up otherwise.
    #[error("webhooks cannot be sent: {0}")]
    Client(String),
}

/// What is to be done about a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It arrived, or will never.
    Over,
    /// Again after so long.
    Again(Duration),
}

/// What is told.
#[derive(Serialize)]
struct Payload<'a> {
    /// "job.succeeded", "job.degraded", "job.failed" or "job.cancelled".
    #[serde(rename = "type")]
    kind: String,
    /// When the job ended.
    timestamp: Timestamp,
    data: PayloadData<'a>,
}

#[derive(Serialize)]
struct PayloadData<'a> {
    id: String,
    state: &'static str,
    kind: &'static str,
    /// Why there is no result, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    /// Paths at the service.
    links: Links,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    job: String,
    svg: String,
    png: String,
}

/// Resolves names to public addresses only, at the moment of the call: a name that was public when
/// it was checked may lead elsewhere now.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || {
                (name.as_str(), 0).to_socket_addrs().map(|found| {
                    found
                        .filter(|address| is_public(address.ip()))
                        .collect::<Vec<_>>()
                })
            });
            let found = found.await??;
            if found.is_empty() {
                return Err("the name leads to private addresses only".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Sends what is to be told.
pub struct WebhookSender {
    targets: Targets,
    key: SigningKey,
    attempts: u32,
    public: Client,
    named: Client,
}

impl WebhookSender {
    /// A sender for a configuration; `None` when nobody may be told.
    ///
    /// # Errors
    /// When it cannot work.
    pub fn new(config: &WebhooksConfig) -> Result<Option<Self>, SenderError> {
        config.validate()?;
        if !config.is_on() {
            return Ok(None);
        }
        let source = config.secret();
        let secret = source
            .read()?
            .ok_or_else(|| SenderError::NoSecret(source.describe()))?;
        let key = SigningKey::new(secret.reveal()).ok_or(SenderError::WeakSecret)?;
        // Another part of the process may have chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .timeout(config.timeout())
                // Another place is one that nobody has checked.
                .redirect(redirect::Policy::none())
                .referer(false)
                // A proxy would resolve names by itself.
                .no_proxy()
                .user_agent(concat!("chat2svg/", env!("CARGO_PKG_VERSION")))
        };
        let failed = |error: reqwest::Error| SenderError::Client(error.to_string());
        Ok(Some(Self {
            targets: Targets::new(config)?,
            key,
            attempts: config.attempts,
            public: builder()
                .dns_resolver(Arc::new(PublicOnly))
                .build()
                .map_err(failed)?,
            named: builder().build().map_err(failed)?,
        }))
    }

    /// Tells of a job's end.
    pub(crate) async fn send(&self, due: &DueWebhook) -> Verdict {
        let job = due.view.id;
        let target = match self.targets.target(&due.url) {
            Ok(target) => target,
            Err(error) => {
                warn!(%job, %error, "a webhook is not sent any more");
                return Verdict::Over;
            }
        };
        let host = target.url.host_str().unwrap_or_default().to_owned();
        let body = body(due);
        // The same at every attempt, so that the receiver knows what it has seen.
        let id = format!("msg_{job}");
        let timestamp = Timestamp::now().as_second();
        let client = if target.may_be_private {
            &self.named
        } else {
            &self.public
        };
        let sent = client
            .post(target.url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", self.key.sign(&id, timestamp, &body))
            .body(body)
            .send()
            .await;
        let (verdict, outcome) = match sent {
            Ok(answer) => {
                let wait = answer.headers().get(RETRY_AFTER);
                let wait = wait.and_then(|value| pause_asked(value.to_str().ok()?));
                let status = answer.status();
                (self.verdict(status, due.attempts, wait), status.to_string())
            }
            Err(error) => {
                let verdict = self.again(due.attempts, None);
                (verdict, error.without_url().to_string())
            }
        };
        metrics::counter!("chat2svg_webhooks_total", "outcome" => match verdict {
            Verdict::Over => "over",
            Verdict::Again(_) => "again",
        })
        .increment(1);
        info!(%job, host, outcome, attempt = due.attempts + 1, "webhook");
        verdict
    }

    fn verdict(&self, status: StatusCode, before: u32, wait: Option<Duration>) -> Verdict {
        // Whoever answers that it is gone wants to hear no more.
        if status.is_success() || status == StatusCode::GONE {
            return Verdict::Over;
        }
        self.again(before, wait)
    }

    /// `before` attempts were made before this one.
    fn again(&self, before: u32, wait: Option<Duration>) -> Verdict {
        if before + 1 >= self.attempts {
            return Verdict::Over;
        }
        let step = usize::try_from(before).unwrap_or(usize::MAX);
        let pause = PAUSES.get(step).or(PAUSES.last()).copied().unwrap_or(60);
        let pause = Duration::from_secs(pause.into());
        Verdict::Again(wait.map_or(pause, |wait| wait.max(pause)))
    }
}

/// What a `Retry-After` asks for.
fn pause_asked(text: &str) -> Option<Duration> {
    let pause = match text.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(SystemTime::now())
            .unwrap_or_default(),
    };
    Some(pause.min(LONGEST_PAUSE))
}

/// What is told of a job.
fn body(due: &DueWebhook) -> String {
    let view = &due.view;
    let path = format!("/v1/jobs/{}", view.id);
    let payload = Payload {
        kind: format!("job.{}", view.state.name()),
        timestamp: view.updated_at,
        data: PayloadData {
            id: view.id.to_string(),
            state: view.state.name(),
            kind: view.spec.kind.name(),
            failure: view
                .failure
                .as_ref()
                .map(|failure| failure.message.as_str()),
            links: Links {
                svg: format!("{path}/result.svg"),
                png: format!("{path}/result.png"),
                job: path,
            },
        },
    };
    serde_json::to_string(&payload).unwrap_or_default()
}

/// A time so much later.
pub(crate) fn later(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::ZERO);
    now.checked_add(pause).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_within_a_day() {
        assert_eq!(pause_asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(pause_asked("999999999"), Some(LONGEST_PAUSE));
        assert_eq!(pause_asked("soon"), None);
        let past = "Wed, 21 Oct 2015 07:28:00 GMT";
        assert_eq!(pause_asked(past), Some(Duration::ZERO));
    }
}
