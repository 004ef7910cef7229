//! A look whether a model answers, for `doctor`.

use std::time::{Duration, Instant};

use chat2svg_gateway::CallLimits;
use chat2svg_protocol::CallFailure;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::{ChatModel, ChatRequest, Delta, Turn};

/// What a model answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// The model as the server calls it.
    pub model: String,
    /// How long the first token took.
    pub first_token: Duration,
}

/// Has a model say one word. It may cost a few tokens.
///
/// # Errors
/// Why it does not answer.
pub async fn probe(model: &dyn ChatModel, patience: Duration) -> Result<Probe, CallFailure> {
    let started = Instant::now();
    let request = ChatRequest {
        system: String::new(),
        turns: vec![Turn::user("Answer with the word ready and nothing else.")],
        // Models that think before they speak need room for it.
        max_tokens: 512,
    };
    let limits = CallLimits {
        deadline: started + patience,
        cancel: CancellationToken::new(),
        job: None,
    };
    let mut deltas = model.chat(request, limits);
    let mut first_token = None;
    while let Some(delta) = deltas.next().await {
        match delta? {
            Delta::Text(_) => {
                first_token.get_or_insert_with(|| started.elapsed());
            }
            Delta::End(completion) => {
                return Ok(Probe {
                    model: completion.model,
                    first_token: first_token.unwrap_or_else(|| started.elapsed()),
                });
            }
        }
    }
    Err(CallFailure::late())
}
