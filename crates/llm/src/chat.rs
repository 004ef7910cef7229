//! What is said to a model and what comes back, whatever the wire format.

use std::sync::Arc;

use chat2svg_gateway::{CallLimits, Money};
use chat2svg_protocol::{CallFailure, JobId};
use futures_util::{future::BoxFuture, stream::BoxStream};

/// A conversation to be continued.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRequest {
    /// What holds for all of it.
    pub system: String,
    /// What was said, oldest first; the last turn is the user's.
    pub turns: Vec<Turn>,
    /// Most tokens of the answer.
    pub max_tokens: u32,
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// By whom.
    pub speaker: Speaker,
    /// The words.
    pub text: String,
    /// Pictures beside them, in order, as PNG. Left out for a model that takes none.
    pub pictures: Vec<Arc<[u8]>>,
}

impl Turn {
    /// Words of the user.
    pub fn user(text: impl Into<String>) -> Self {
        Self {
            speaker: Speaker::User,
            text: text.into(),
            pictures: Vec::new(),
        }
    }

    /// Words of the model.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self {
            speaker: Speaker::Assistant,
            ..Self::user(text)
        }
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Whoever wants something.
    User,
    /// The model.
    Assistant,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// More of its text.
    Text(String),
    /// Its end; nothing follows.
    End(Completion),
}

/// What is known of an answer when it has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// Why it ended.
    pub finish: Finish,
    /// What it took.
    pub usage: Usage,
    /// The model as the server calls it.
    pub model: String,
    /// What it cost, by the configured prices or as the server says; 0 where neither is known.
    pub cost: Money,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was complete.
    Complete,
    /// It was cut off at its most tokens.
    Length,
    /// The provider would not have more of it said.
    Filtered,
}

/// Tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Sent.
    pub input: u64,
    /// That came back, thoughts included.
    pub output: u64,
    /// Whether these are guesses from the length of the texts, because the server said nothing.
    pub is_estimated: bool,
}

/// A language model.
pub trait ChatModel: Send + Sync + 'static {
    /// The model's name as configured; empty when the server chooses.
    fn model(&self) -> &str;

    /// Whether it takes pictures.
    fn takes_pictures(&self) -> bool;

    /// How many calls that an earlier process made for a job have an unknown outcome.
    fn lost_calls(&self, job: JobId) -> BoxFuture<'static, u32>;

    /// Continues a conversation. The stream yields text and ends with [`Delta::End`] or a failure,
    /// whose fault is decided only then; text that came before stays usable. Dropping the stream
    /// ends the call.
    fn chat(
        &self,
        request: ChatRequest,
        limits: CallLimits,
    ) -> BoxStream<'static, Result<Delta, CallFailure>>;
}
