//! Providers as configured, ready to be called.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chat2svg_gateway::{
    CallLimits, Gateway, GatewayError, KeyError, Ledger, Purpose, Reply, malformed,
};
use chat2svg_protocol::{BackendId, CallFailure, Fault, InvalidSetting, JobId};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::BoxStream};
use serde_json::Value;
use thiserror::Error;
use tokio::sync::OnceCell;

use crate::{
    ChatModel, ChatRequest, Delta, LlmConfig, ProviderConfig, ProviderKind, anthropic,
    anthropic::AnthropicDecoder,
    openai,
    openai::OpenAiDecoder,
    stream::{Account, Decoder, deltas, only, tokens_of},
};

/// Tokens that a picture counts as, at most.
const PICTURE_TOKENS: u64 = 1600;

/// A provider and its model.
#[derive(Clone)]
pub struct Provider {
    /// The backend that it is.
    pub id: BackendId,
    /// The model.
    pub model: Arc<dyn ChatModel>,
}

/// Why a provider cannot be used. Its key is never in the text.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// A setting makes no sense.
    #[error("llm.{}: {}", .0.key, .0.reason)]
    Setting(InvalidSetting),
    /// Its key cannot be read.
    #[error("{id}: {error}")]
    Key {
        /// The provider.
        id: BackendId,
        /// Why.
        error: KeyError,
    },
    /// It has no key.
    #[error("{id} needs a key: set {place}, or llm.api_key_env or llm.api_key_file to where it is")]
    NoKey {
        /// The provider.
        id: BackendId,
        /// Where the key was looked for.
        place: String,
    },
    /// Its client cannot be set up.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

/// The providers of the configuration, first choice first.
///
/// # Errors
/// The first that cannot be used.
pub fn providers(
    config: &LlmConfig,
    ledger: &Arc<dyn Ledger>,
) -> Result<Vec<Provider>, ProviderError> {
    config
        .providers()
        .iter()
        .map(|provider| Client::new(provider, config, Arc::clone(ledger)))
        .map(|client| {
            let client = client?;
            Ok(Provider {
                id: client.id.clone(),
                model: Arc::new(client),
            })
        })
        .collect()
}

/// A client of one provider; clones share it.
#[derive(Clone)]
struct Client(Arc<Inner>);

struct Inner {
    id: BackendId,
    kind: ProviderKind,
    gateway: Gateway,
    /// The model; `None` until the server has said which it has.
    model: Option<String>,
    listed: OnceCell<String>,
    takes_pictures: bool,
    limit_is_of_completion: AtomicBool,
    price: chat2svg_gateway::Price,
}

impl std::ops::Deref for Client {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Client {
    fn new(
        provider: &ProviderConfig,
        config: &LlmConfig,
        ledger: Arc<dyn Ledger>,
    ) -> Result<Self, ProviderError> {
        let id = provider.id().map_err(ProviderError::Setting)?;
        let address = provider.address().map_err(ProviderError::Setting)?;
        let source = provider.key_source();
        let key = source.read().map_err(|error| ProviderError::Key {
            id: id.clone(),
            error,
        })?;
        if key.is_none() && provider.needs_key() {
            return Err(ProviderError::NoKey {
                id,
                place: source.describe(),
            });
        }
        let gateway = Gateway::new(id.as_str(), address, key, config.calls.clone(), ledger)?;
        Ok(Self(Arc::new(Inner {
            id,
            kind: provider.provider,
            gateway,
            model: provider.model(),
            listed: OnceCell::new(),
            takes_pictures: provider.takes_pictures(),
            limit_is_of_completion: AtomicBool::new(provider.is_openai_itself()),
            price: provider.price(),
        })))
    }

    /// Opens a chat, up to the first byte of the answer.
    async fn open(
        self,
        request: ChatRequest,
        limits: CallLimits,
    ) -> Result<BoxStream<'static, Result<Delta, CallFailure>>, CallFailure> {
        let model = self.model_now(&limits).await?;
        let input_guess = guess_input(&request, self.takes_pictures);
        let account = Account {
            price: self.price,
            input_guess,
            model: model.clone().unwrap_or_default(),
        };
        let purpose = Purpose {
            what: model.as_deref().unwrap_or("the server's model"),
            paid: self.gateway.key().is_some() || !self.price.is_free(),
            at_most: self.price.of(input_guess, u64::from(request.max_tokens)),
        };
        let decoder: Box<dyn Decoder> = match self.kind {
            ProviderKind::Anthropic => Box::new(AnthropicDecoder::default()),
            ProviderKind::Openai | ProviderKind::None => Box::new(OpenAiDecoder::default()),
        };
        let reply = match self
            .send(&request, model.as_deref(), purpose, &limits)
            .await
        {
            Err(failure) if openai::wants_other_limit(&failure) && !self.flip_limit() => {
                self.send(&request, model.as_deref(), purpose, &limits)
                    .await
            }
            sent => sent,
        }?;
        Ok(deltas(reply, decoder, account).await)
    }

    /// From now on the limit has its other name; answers whether it had it before.
    fn flip_limit(&self) -> bool {
        self.limit_is_of_completion.swap(true, Ordering::Relaxed)
    }

    async fn send(
        &self,
        request: &ChatRequest,
        model: Option<&str>,
        purpose: Purpose<'_>,
        limits: &CallLimits,
    ) -> Result<Reply, CallFailure> {
        let gateway = &self.gateway;
        match self.kind {
            ProviderKind::Anthropic => {
                let body = anthropic::body(request, model, self.takes_pictures);
                let build = || {
                    let request = gateway
                        .post("v1/messages")
                        .header("anthropic-version", anthropic::VERSION)
                        .header("accept", "text/event-stream");
                    match gateway.key() {
                        Some(key) => request.header("x-api-key", key.header("")),
                        None => request,
                    }
                    .json(&body)
                };
                gateway.send(purpose, limits, build).await
            }
            ProviderKind::Openai | ProviderKind::None => {
                let other = self.limit_is_of_completion.load(Ordering::Relaxed);
                let body = openai::body(request, model, self.takes_pictures, other);
                let build = || {
                    self.gateway
                        .with_bearer(gateway.post("chat/completions"))
                        .header("accept", "text/event-stream")
                        .json(&body)
                };
                gateway.send(purpose, limits, build).await
            }
        }
    }

    /// The configured model, or the first that the server lists. A server that lists none is left
    /// to choose.
    async fn model_now(&self, limits: &CallLimits) -> Result<Option<String>, CallFailure> {
        if self.model.is_some() || self.kind == ProviderKind::Anthropic {
            return Ok(self.model.clone());
        }
        match self
            .listed
            .get_or_try_init(|| self.first_listed(limits))
            .await
        {
            Ok(model) => Ok(Some(model.clone())),
            // It has no list, or an unusual one.
            Err(failure)
                if failure.fault == Some(Fault::Terminal)
                    || failure.reason.starts_with("malformed") =>
            {
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn first_listed(&self, limits: &CallLimits) -> Result<String, CallFailure> {
        let purpose = Purpose::free("list of models");
        let build = || self.gateway.with_bearer(self.gateway.get("models"));
        let mut reply = self.gateway.send(purpose, limits, build).await?;
        let list: Value = reply.json().await?;
        list.get("data")
            .and_then(|data| data.get(0))
            .and_then(|first| first.get("id"))
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| malformed("no models are listed"))
    }
}

impl ChatModel for Client {
    fn model(&self) -> &str {
        match &self.model {
            Some(model) => model,
            None => self.listed.get().map_or("", String::as_str),
        }
    }

    fn takes_pictures(&self) -> bool {
        self.takes_pictures
    }

    fn lost_calls(&self, job: JobId) -> BoxFuture<'static, u32> {
        let gateway = self.gateway.clone();
        async move { gateway.lost_calls(job).await }.boxed()
    }

    fn chat(
        &self,
        request: ChatRequest,
        limits: CallLimits,
    ) -> BoxStream<'static, Result<Delta, CallFailure>> {
        self.clone()
            .open(request, limits)
            .map(|opened| opened.unwrap_or_else(only))
            .flatten_stream()
            .boxed()
    }
}

fn guess_input(request: &ChatRequest, with_pictures: bool) -> u64 {
    let texts: usize = request.turns.iter().map(|turn| turn.text.len()).sum();
    let pictures: u64 = request
        .turns
        .iter()
        .map(|turn| turn.pictures.len() as u64)
        .sum();
    let pictures = if with_pictures { pictures } else { 0 };
    tokens_of(texts + request.system.len()) + pictures * PICTURE_TOKENS
}
