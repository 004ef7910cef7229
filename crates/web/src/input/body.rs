//! Reads a request body within a size and a time.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    error::PayloadError,
    http::header,
    web::{Bytes, BytesMut},
};
use futures_util::{Stream, StreamExt as _};

use crate::problem::{Code, Problem};

/// The media type of a request's body, lower case, without parameters; empty when there is none.
pub(crate) fn media_type(request: &HttpRequest) -> String {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// The whole body.
pub(crate) async fn read_limited(
    request: &HttpRequest,
    mut payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    limit: usize,
    timeout: Duration,
) -> Result<Bytes, Problem> {
    refuse_announced_excess(request, limit)?;
    let read = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| payload_problem(&error))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(timeout, read)
        .await
        .unwrap_or_else(|_| Err(too_slow(timeout)))
}

/// Refuses a body whose `Content-Length` says that it is too large, before reading any of it.
pub(crate) fn refuse_announced_excess(request: &HttpRequest, limit: usize) -> Result<(), Problem> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    match announced {
        Some(length) if length > limit as u64 => Err(too_large(limit)),
        _ => Ok(()),
    }
}

pub(crate) fn too_large(limit: usize) -> Problem {
    Problem::new(
        Code::TooLarge,
        format!("the body is larger than the {limit} bytes that are accepted here"),
    )
}

pub(crate) fn too_slow(timeout: Duration) -> Problem {
    Problem::new(
        Code::RequestTimeout,
        format!(
            "the body had not arrived after {} s: send it faster, or send less",
            timeout.as_secs()
        ),
    )
}

pub(crate) fn payload_problem(error: &PayloadError) -> Problem {
    Problem::new(
        Code::MalformedRequest,
        format!("the body could not be read to its end: {error}"),
    )
}
