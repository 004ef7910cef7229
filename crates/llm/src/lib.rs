//! Clients of language models behind one trait, [`ChatModel`]: OpenAI-compatible servers (OpenAI,
//! vLLM, llama.cpp, Ollama, LM Studio, OpenRouter) and the Anthropic Messages API.
//!
//! The wire formats are read here and not by a client crate, because none of those does what the
//! circuits and budgets around a model need: to tell whose fault a failure was at the end of a
//! stream and not at its start, to make no retries of its own, to be ended by being dropped, and to
//! bear servers that are only roughly compatible. What is left of such a client then is two small
//! decoders over the events of [`chat2svg_gateway`].

#![forbid(unsafe_code)]

mod anthropic;
mod chat;
mod config;
mod openai;
mod probe;
mod provider;
mod stream;

pub use chat::{ChatModel, ChatRequest, Completion, Delta, Finish, Speaker, Turn, Usage};
pub use config::{LlmConfig, Pictures, ProviderConfig, ProviderKind};
pub use probe::{Probe, probe};
pub use provider::{Provider, ProviderError, providers};
