//! A look whether a model answers, for `doctor`.

use std::time::{Duration, Instant};

use chat2svg_gateway::CallLimits;
use chat2svg_protocol::CallFailure;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::{ChatModel, ChatRequest, Delta, Turn};

/// How long the rest of the answer is listened to.
const AFTER_FIRST: Duration = Duration::from_secs(2);

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
    let first_token = loop {
        match deltas.next().await {
            Some(delta) => match delta? {
                Delta::Text(_) => break started.elapsed(),
                Delta::End(_) => {}
            },
            None => return Err(CallFailure::late()),
        }
    };
    // The end has the name; a slow model is not waited for just for that.
    let mut name = model.model().to_owned();
    let rest = async {
        while let Some(Ok(delta)) = deltas.next().await {
            if let Delta::End(completion) = delta {
                name = completion.model;
            }
        }
    };
    // Whether it came in time makes no difference.
    let _ = tokio::time::timeout(AFTER_FIRST, rest).await;
    Ok(Probe {
        model: name,
        first_token,
    })
}
