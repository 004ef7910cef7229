//! From a reply to a stream of deltas, with a decoder for the wire format.

use std::collections::VecDeque;

use chat2svg_gateway::{Events, Price, Reply, malformed};
use chat2svg_protocol::{CallFailure, Fault};
use futures_util::{StreamExt as _, stream, stream::BoxStream};
use serde_json::Value;

use crate::{Completion, Delta, Finish, Usage};

/// What an event said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Heard {
    /// More text.
    pub(crate) text: String,
    /// Whether the answer got further, by text or by thought.
    pub(crate) progressed: bool,
    /// The stream is complete.
    pub(crate) ended: bool,
}

/// Reads a wire format, event by event. Pure.
pub(crate) trait Decoder: Send + 'static {
    /// Takes in the data of an event.
    fn hear(&mut self, data: &str) -> Result<Heard, CallFailure>;

    /// Takes in an answer that came in one piece although a stream was asked for.
    fn hear_whole(&mut self, answer: &Value) -> Result<Heard, CallFailure>;

    /// What is known so far.
    fn known(&self) -> &Known;
}

/// What a decoder has found out beside the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    pub(crate) finish: Option<Finish>,
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) model: Option<String>,
    /// What the server says that it cost.
    pub(crate) cost: Option<f64>,
}

/// What an answer is accounted by.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) price: Price,
    /// Guess of the tokens sent, for servers that do not say.
    pub(crate) input_guess: u64,
    /// The model asked for.
    pub(crate) model: String,
}

impl Account {
    fn completion(&self, known: &Known, characters: usize) -> Completion {
        let is_estimated = known.input.is_none() || known.output.is_none();
        let usage = Usage {
            input: known.input.unwrap_or(self.input_guess),
            output: known.output.unwrap_or_else(|| tokens_of(characters)),
            is_estimated,
        };
        Completion {
            finish: known.finish.unwrap_or(Finish::Complete),
            usage,
            model: known.model.clone().unwrap_or_else(|| self.model.clone()),
            cost: known
                .cost
                .unwrap_or_else(|| self.price.of(usage.input, usage.output)),
        }
    }
}

/// A guess of how many tokens so many characters are.
pub(crate) fn tokens_of(characters: usize) -> u64 {
    (characters as u64).div_ceil(3)
}

/// The deltas of a reply.
pub(crate) async fn deltas(
    reply: Reply,
    decoder: Box<dyn Decoder>,
    account: Account,
) -> BoxStream<'static, Result<Delta, CallFailure>> {
    match reply.media_type().as_str() {
        "text/event-stream" => read_events(reply.into_events(), decoder, account),
        "application/json" => {
            let whole = read_whole(reply, decoder, account).await;
            match whole {
                Ok(deltas) => stream::iter(deltas.into_iter().map(Ok)).boxed(),
                Err(failure) => only(failure),
            }
        }
        other => {
            let other = if other.is_empty() {
                "no media type"
            } else {
                other
            };
            only(malformed(format!(
                "{other} where an event stream was expected"
            )))
        }
    }
}

/// A stream that has failed before it began.
pub(crate) fn only(failure: CallFailure) -> BoxStream<'static, Result<Delta, CallFailure>> {
    stream::iter([Err(failure)]).boxed()
}

async fn read_whole(
    mut reply: Reply,
    mut decoder: Box<dyn Decoder>,
    account: Account,
) -> Result<Vec<Delta>, CallFailure> {
    let answer: Value = reply.json().await?;
    let heard = decoder.hear_whole(&answer)?;
    let completion = account.completion(decoder.known(), heard.text.len());
    reply.settle(completion.cost);
    check(&completion, heard.text.is_empty())?;
    Ok(vec![Delta::Text(heard.text), Delta::End(completion)])
}

struct Reading {
    events: Events,
    decoder: Box<dyn Decoder>,
    account: Account,
    characters: usize,
    ready: VecDeque<Result<Delta, CallFailure>>,
    is_over: bool,
}

fn read_events(
    events: Events,
    decoder: Box<dyn Decoder>,
    account: Account,
) -> BoxStream<'static, Result<Delta, CallFailure>> {
    let reading = Reading {
        events,
        decoder,
        account,
        characters: 0,
        ready: VecDeque::new(),
        is_over: false,
    };
    stream::unfold(reading, |mut reading| async {
        loop {
            if let Some(next) = reading.ready.pop_front() {
                return Some((next, reading));
            }
            if reading.is_over {
                return None;
            }
            if let Err(failure) = reading.step().await {
                reading.is_over = true;
                reading.ready.push_back(Err(failure));
            }
        }
    })
    .boxed()
}

impl Reading {
    async fn step(&mut self) -> Result<(), CallFailure> {
        let Some(event) = self.events.next().await? else {
            return if self.decoder.known().finish.is_some() {
                // Said to be finished; only the end mark is missing.
                self.end()
            } else {
                Err(CallFailure::new(
                    Fault::Provider,
                    "the answer ended without its end mark",
                ))
            };
        };
        let heard = self.decoder.hear(&event.data)?;
        if heard.progressed {
            self.events.progressed();
        }
        if !heard.text.is_empty() {
            self.characters += heard.text.len();
            self.ready.push_back(Ok(Delta::Text(heard.text)));
        }
        if heard.ended { self.end() } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), CallFailure> {
        self.is_over = true;
        let completion = self
            .account
            .completion(self.decoder.known(), self.characters);
        self.events.settle(completion.cost);
        check(&completion, self.characters == 0)?;
        self.ready.push_back(Ok(Delta::End(completion)));
        Ok(())
    }
}

/// An answer without text is none.
fn check(completion: &Completion, is_empty: bool) -> Result<(), CallFailure> {
    match completion.finish {
        Finish::Filtered if is_empty => Err(CallFailure::new(
            Fault::Request,
            "the provider's content filter turned it down",
        )),
        Finish::Length if is_empty => Err(CallFailure::new(
            Fault::Provider,
            "the answer had used up its tokens before it began; raise llm.max_output_tokens",
        )),
        _ if is_empty => Err(malformed("an answer without text")),
        _ => Ok(()),
    }
}
