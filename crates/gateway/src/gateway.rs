//! One provider, and the calls under way to it.

use std::{
    fmt,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chat2svg_protocol::{CallFailure, Fault, JobId};
use futures_util::StreamExt as _;
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::{
    Address, ApiKey, CallConfig, CallRecord, Ledger, Money, Purse, Reply, RetryBudget, Settlement,
    Watch,
    fault::failure_of,
    money::Share,
    reply::{broken, root_of},
};

/// Most bytes of an answer with an error status that are read.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// What fails later than this is not tried again: who waits has waited long enough.
const SOON: Duration = Duration::from_secs(1);
/// The wait before the first retry, on average.
const BACKOFF: Duration = Duration::from_millis(250);

/// A provider of models, as everything about a call but its words sees it.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    address: Address,
    key: Option<ApiKey>,
    config: CallConfig,
    client: Client,
    slots: Arc<Semaphore>,
    retries: Mutex<RetryBudget>,
    purse: Mutex<Purse>,
    ledger: Arc<dyn Ledger>,
}

/// Why there is no gateway.
#[derive(Debug, Error)]
#[error("the client for {name} cannot be set up: {reason}")]
pub struct GatewayError {
    name: String,
    reason: String,
}

/// What the caller of a call allows.
#[derive(Clone, Debug)]
pub struct CallLimits {
    /// When the answer must be there.
    pub deadline: Instant,
    /// Ends the call.
    pub cancel: CancellationToken,
    /// The job that it is for; `None` for calls that serve none, which are recorded nowhere.
    pub job: Option<JobId>,
}

/// What a call is for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    /// What is called: the model's name, or a workflow's.
    pub what: &'a str,
    /// Whether it may cost money, and is therefore recorded before it is sent.
    pub paid: bool,
    /// What it may cost at most; 0 where that is not known.
    pub at_most: Money,
}

impl<'a> Purpose<'a> {
    /// A call that costs nothing.
    pub fn free(what: &'a str) -> Self {
        Self {
            what,
            paid: false,
            at_most: 0.0,
        }
    }
}

impl Gateway {
    /// A gateway to the provider called `name`.
    ///
    /// # Errors
    /// When the system has no usable TLS roots, or the client cannot be set up otherwise.
    pub fn new(
        name: &str,
        address: Address,
        key: Option<ApiKey>,
        config: CallConfig,
        ledger: Arc<dyn Ledger>,
    ) -> Result<Self, GatewayError> {
        // Another part of the process may have chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let origin = address.clone();
        let same_origin = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() <= 3 && origin.is_origin_of(attempt.url()) {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        let mut builder = Client::builder()
            .connect_timeout(config.connect())
            .redirect(same_origin)
            .referer(false)
            .user_agent(concat!("chat2svg/", env!("CARGO_PKG_VERSION")));
        if address.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| GatewayError {
            name: name.to_owned(),
            reason: root_of(&error),
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                name: name.to_owned(),
                slots: Arc::new(Semaphore::new(config.max_concurrent)),
                retries: Mutex::new(RetryBudget::new(config.retry_share)),
                purse: Mutex::new(Purse::new(
                    config.max_cost_per_job,
                    config.max_cost_per_minute,
                )),
                address,
                key,
                config,
                client,
                ledger,
            }),
        })
    }

    /// The provider's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.inner.address
    }

    /// Its key, if it has one.
    pub fn key(&self) -> Option<&ApiKey> {
        self.inner.key.as_ref()
    }

    /// A request with the key as a bearer token, where there is a key.
    pub fn with_bearer(&self, request: RequestBuilder) -> RequestBuilder {
        match self.key() {
            None => request,
            Some(key) => request.header("authorization", key.header("Bearer ")),
        }
    }

    /// A request with the key, where there is a key: as a login (HTTP basic authentication) when it
    /// has the form `name:password`, else as a bearer token. For servers of one's own, which know
    /// no other keys.
    pub fn with_login(&self, request: RequestBuilder) -> RequestBuilder {
        match self.key().and_then(ApiKey::login_header) {
            Some(login) => request.header("authorization", login),
            None => self.with_bearer(request),
        }
    }

    /// A call of `what` at a price that the configuration gives. Where there is a key somebody is
    /// billed, whether or not the price is known.
    pub fn priced<'a>(&self, what: &'a str, at_most: Money) -> Purpose<'a> {
        Purpose {
            what,
            paid: self.key().is_some() || at_most > 0.0,
            at_most,
        }
    }

    /// What a job has spent here so far.
    pub fn spent(&self, job: JobId) -> Money {
        lock(&self.inner.purse).spent(job)
    }

    /// How many calls for a job have an unknown outcome, because an earlier process died.
    pub async fn lost_calls(&self, job: JobId) -> u32 {
        self.inner.ledger.lost(job).await
    }

    /// The start of a request to a path of the provider.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.inner
            .client
            .request(method, self.inner.address.at(path))
    }

    /// The start of a GET.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// The start of a GET of what the provider links to: at its own address only.
    ///
    /// # Errors
    /// When the link leads elsewhere or is none.
    pub fn get_linked(&self, link: &str) -> Result<RequestBuilder, CallFailure> {
        let refused = |what: String| Err(CallFailure::new(Fault::Provider, what));
        match reqwest::Url::parse(link) {
            Ok(url) if self.inner.address.is_origin_of(&url) => {
                Ok(self.inner.client.request(Method::GET, url))
            }
            Ok(url) => refused(format!(
                "the answer links to {}, and nothing is fetched from elsewhere than base_url",
                url.host_str().unwrap_or("another place")
            )),
            Err(error) => refused(format!("malformed answer: a link is no URL: {error}")),
        }
    }

    /// The start of a POST.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// Sends what `build` makes, again if that is safe and the retry budget allows it, and waits
    /// for the head of the answer. What costs money is on record before it is sent.
    ///
    /// # Errors
    /// When there is no answer, or one with an error status, with whose fault that is.
    pub async fn send(
        &self,
        purpose: Purpose<'_>,
        limits: &CallLimits,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<Reply, CallFailure> {
        let inner = &self.inner;
        let slot = self.slot(limits).await?;
        let mut ticket = self.ticket(purpose, limits, slot).await?;
        lock(&inner.retries).called();
        let mut times = 0;
        loop {
            let began = Instant::now();
            match self.attempt(limits, build()).await {
                Ok((response, watch)) => return Ok(self.reply(response, watch, ticket)),
                Err(Failed { failure, repeat }) => {
                    times += 1;
                    // What was turned down is not charged, nor what can be repeated without harm.
                    let may_have_cost = !repeat
                        && matches!(failure.fault, None | Some(Fault::Provider | Fault::Caller));
                    let repeat = repeat && began.elapsed() < SOON;
                    if !repeat || !lock(&inner.retries).take() {
                        ticket.failed(may_have_cost);
                        return Err(self.redacted(failure));
                    }
                    debug!(provider = inner.name, %failure, times, "trying again");
                    if !pause(limits, times).await {
                        ticket.failed(false);
                        return Err(self.redacted(failure));
                    }
                }
            }
        }
    }

    async fn slot(&self, limits: &CallLimits) -> Result<OwnedSemaphorePermit, CallFailure> {
        let slots = Arc::clone(&self.inner.slots);
        tokio::select! {
            biased;
            () = limits.cancel.cancelled() => Err(CallFailure::cancelled()),
            slot = slots.acquire_owned() => slot.map_err(|_| CallFailure::cancelled()),
            () = tokio::time::sleep_until(limits.deadline.into()) => Err(CallFailure::late()),
        }
    }

    async fn ticket(
        &self,
        purpose: Purpose<'_>,
        limits: &CallLimits,
        slot: OwnedSemaphorePermit,
    ) -> Result<Ticket, CallFailure> {
        let mut ticket = Ticket {
            inner: Arc::clone(&self.inner),
            _slot: slot,
            at_most: purpose.at_most,
            share: None,
            record: None,
        };
        if purpose.at_most > 0.0 {
            let share =
                lock(&self.inner.purse).set_aside(limits.job, purpose.at_most, Instant::now())?;
            ticket.share = Some(share);
        }
        if let Some(job) = limits.job.filter(|_| purpose.paid) {
            let record = CallRecord {
                job,
                provider: self.inner.name.clone(),
                what: purpose.what.to_owned(),
                at_most: purpose.at_most,
            };
            match self.inner.ledger.begin(record).await {
                Ok(number) => ticket.record = Some(number),
                Err(failure) => {
                    ticket.failed(false);
                    return Err(failure);
                }
            }
        }
        Ok(ticket)
    }

    /// One try, up to the head of the answer.
    async fn attempt(
        &self,
        limits: &CallLimits,
        request: RequestBuilder,
    ) -> Result<(Response, Watch), Failed> {
        let watch = Watch::new(&self.inner.config, limits);
        let sent = watch.wait(request.send()).await.map_err(Failed::finally)?;
        let response = sent.map_err(|error| {
            // What never arrived cannot have been paid for.
            let repeat = error.is_connect();
            let failure = if error.is_builder() {
                CallFailure::new(Fault::Request, root_of(&error))
            } else {
                let host = self.inner.address.host();
                let reason = format!("cannot reach {host}: {}", root_of(&error));
                CallFailure::new(Fault::Provider, reason)
            };
            Failed { failure, repeat }
        })?;
        if response.status().is_success() {
            return Ok((response, watch));
        }
        Err(self.turned_down(response, &watch).await)
    }

    async fn turned_down(&self, response: Response, watch: &Watch) -> Failed {
        let status = response.status();
        let headers = response.headers().clone();
        if status.is_redirection() {
            let reason = format!(
                "answered {} with a redirect that is not followed, for it leads elsewhere; set base_url to the right address",
                status.as_u16()
            );
            return Failed::finally(CallFailure::new(Fault::Terminal, reason));
        }
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        // The status says enough if the rest does not come.
        while let Ok(Some(Ok(piece))) = watch.wait(pieces.next()).await {
            let room = MAX_ERROR_BYTES.saturating_sub(body.len());
            body.extend_from_slice(piece.get(..room).unwrap_or(&piece));
            if body.len() >= MAX_ERROR_BYTES {
                break;
            }
        }
        let failure = failure_of(status, &headers, &String::from_utf8_lossy(&body));
        Failed {
            repeat: failure.fault == Some(Fault::Provider),
            failure,
        }
    }

    fn reply(&self, response: Response, watch: Watch, ticket: Ticket) -> Reply {
        let most = self.inner.config.max_reply_bytes;
        let headers = response.headers().clone();
        let body = response
            .bytes_stream()
            .scan(0usize, move |total, piece| {
                let checked = match piece {
                    Ok(bytes) => {
                        *total = total.saturating_add(bytes.len());
                        if *total > most {
                            let reason = format!("the answer is larger than {most} bytes");
                            Err(CallFailure::new(Fault::Provider, reason))
                        } else {
                            Ok(bytes)
                        }
                    }
                    Err(error) => Err(broken(&error)),
                };
                std::future::ready(Some(checked))
            })
            .boxed();
        Reply {
            headers,
            body,
            watch,
            ticket,
        }
    }

    fn redacted(&self, failure: CallFailure) -> CallFailure {
        match &self.inner.key {
            None => failure,
            Some(key) => CallFailure {
                reason: key.redact(&failure.reason),
                ..failure
            },
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Gateway")
            .field("name", &self.inner.name)
            .field("address", &self.inner.address.to_string())
            .finish_non_exhaustive()
    }
}

/// A try that failed.
struct Failed {
    failure: CallFailure,
    /// Whether trying again can do no harm.
    repeat: bool,
}

impl Failed {
    fn finally(failure: CallFailure) -> Self {
        Self {
            failure,
            repeat: false,
        }
    }
}

/// Waits before a retry, longer each time; `false` when there is no time for it.
async fn pause(limits: &CallLimits, times: u32) -> bool {
    // Keys of hashers are random, which is all that is needed here.
    let random = RandomState::new().build_hasher().finish();
    let jitter = 0.5 + (random >> 11) as f64 / (1u64 << 53) as f64;
    let pause = BACKOFF.mul_f64(jitter) * 2u32.saturating_pow(times.saturating_sub(1).min(8));
    if Instant::now() + pause >= limits.deadline {
        return false;
    }
    tokio::select! {
        () = limits.cancel.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}

/// A call's place among those under way, the money set aside for it, and its record. Dropped
/// without being settled, the call was given up, and may have cost all that was set aside.
pub(crate) struct Ticket {
    inner: Arc<Inner>,
    _slot: OwnedSemaphorePermit,
    at_most: Money,
    share: Option<Share>,
    record: Option<i64>,
}

impl Ticket {
    pub(crate) fn settle(&mut self, cost: Money) {
        self.close(cost, Settlement::Answered(cost));
    }

    /// It failed; what was sent may have cost something.
    fn failed(&mut self, may_have_cost: bool) {
        let cost = if may_have_cost { self.at_most } else { 0.0 };
        self.close(cost, Settlement::Failed(cost));
    }

    fn close(&mut self, cost: Money, settlement: Settlement) {
        if let Some(share) = self.share.take() {
            lock(&self.inner.purse).settle(share, cost);
        }
        if let Some(record) = self.record.take() {
            self.inner.ledger.settle(record, settlement);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.failed(true);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while holding it; and if it did, numbers are numbers.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
