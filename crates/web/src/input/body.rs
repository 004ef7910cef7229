//! Reads a request body within a size and a time.

use actix_web::{HttpRequest, error::PayloadError, http::header, web::Bytes};
use futures_util::{Stream, StreamExt as _};

use crate::{
    input::{
        memory::HeldMemory,
        pace::{Pace, payload_problem},
    },
    problem::{Code, Problem},
    services::Shared,
};

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

/// The whole body, and its share of the memory for bodies.
pub(crate) async fn read_limited(
    request: &HttpRequest,
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    shared: &Shared,
) -> Result<(Vec<u8>, HeldMemory), Problem> {
    read_within(shared.config.max_json_bytes, request, payload, shared).await
}

/// As [`read_limited`], for a body that may hold files in base64.
pub(crate) async fn read_upload_sized(
    request: &HttpRequest,
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    shared: &Shared,
) -> Result<(Vec<u8>, HeldMemory), Problem> {
    // A template and a target, a third longer than they are, and the fields around them.
    let limit = shared.config.max_upload_bytes * 8 / 3 + shared.config.max_json_bytes;
    read_within(limit, request, payload, shared).await
}

async fn read_within(
    limit: usize,
    request: &HttpRequest,
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    shared: &Shared,
) -> Result<(Vec<u8>, HeldMemory), Problem> {
    refuse_announced_excess(request, limit)?;
    let pace = Pace::new(&shared.config);
    let mut payload = Box::pin(pace.watch(payload));
    let read = async {
        let mut body = shared.body_memory.body();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| payload_problem(&error))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large(limit));
            }
            body.push(&chunk)?;
        }
        Ok(body.into_parts())
    };
    pace.keep(read).await
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
