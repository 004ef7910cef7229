//! An answer, read piece by piece under its call's limits.

use bytes::Bytes;
use chat2svg_protocol::{CallFailure, Fault};
use futures_util::{StreamExt as _, stream::BoxStream};
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use crate::{Events, Money, Watch, fault::malformed, gateway::Ticket};

/// An answer whose head has come with a status of success.
pub struct Reply {
    pub(crate) headers: HeaderMap,
    pub(crate) body: BoxStream<'static, Result<Bytes, CallFailure>>,
    pub(crate) watch: Watch,
    pub(crate) ticket: Ticket,
}

impl Reply {
    /// The media type, in lower case and without parameters.
    pub fn media_type(&self) -> String {
        self.headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(|value| value.trim().to_ascii_lowercase())
            .unwrap_or_default()
    }

    /// All of the answer.
    ///
    /// # Errors
    /// When it breaks off, stalls, or is larger than allowed.
    pub async fn bytes(&mut self) -> Result<Vec<u8>, CallFailure> {
        let mut all = Vec::new();
        while let Some(piece) = self.watch.wait(self.body.next()).await? {
            all.extend_from_slice(&piece?);
            self.watch.progressed();
        }
        Ok(all)
    }

    /// All of the answer as JSON.
    ///
    /// # Errors
    /// As [`Self::bytes`], and when it is something else.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, CallFailure> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))
    }

    /// The answer as server-sent events.
    pub fn into_events(self) -> Events {
        Events::new(self)
    }

    /// Says what the call cost, once that is known.
    pub fn settle(&mut self, cost: Money) {
        self.ticket.settle(cost);
    }
}

/// The failure of a connection that broke in the middle of an answer.
pub(crate) fn broken(error: &reqwest::Error) -> CallFailure {
    CallFailure::new(
        Fault::Provider,
        format!("the answer broke off: {}", root_of(error)),
    )
}

/// The innermost cause of an error; the outer ones only say "error sending request".
pub(crate) fn root_of(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
