//! Answers written to a connection without any handler: to a client that is turned away, and in
//! place of the bare ones that the HTTP parser gives (400 for what is no HTTP, 431 for a head that
//! is too large, 408 for one that is slow).

use actix_web::{ResponseError as _, body::MessageBody as _};
use metrics::counter;
use tracing::debug;
use uuid::Uuid;

use crate::{
    middleware::SECURITY_HEADERS,
    problem::{Code, Problem},
};

/// Largest head of a request that the HTTP parser takes, in bytes.
pub(crate) const MAX_HEAD_BYTES: usize = 128 << 10;
/// Most headers of a request that the HTTP parser takes.
pub(crate) const MAX_HEADERS: usize = 96;
/// Most bytes of an answer's head that are looked at.
const LONGEST_HEAD: usize = 1_024;

/// The answer to give in place of these bytes, if they are one of the parser's answers.
pub(crate) fn replacement(bytes: &[u8]) -> Option<Vec<u8>> {
    let status = bytes.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    let problem = match status {
        b"400" => Problem::new(
            Code::MalformedRequest,
            "this is not an HTTP request that can be read; the connection is closed",
        ),
        b"408" => Problem::new(
            Code::RequestTimeout,
            "the head of the request did not arrive in time; the connection is closed",
        ),
        b"431" => Problem::new(
            Code::HeadTooLarge,
            format!(
                "the head of a request may have {MAX_HEADERS} headers and {MAX_HEAD_BYTES} bytes; the connection is closed"
            ),
        ),
        _ => return None,
    };
    let head = bytes.get(..bytes.len().min(LONGEST_HEAD))?;
    // Whatever went through the middleware has an id.
    let ours = head
        .windows(b"\r\nx-request-id:".len())
        .any(|window| window.eq_ignore_ascii_case(b"\r\nx-request-id:"));
    if ours {
        return None;
    }
    Some(answer(problem))
}

/// A problem document with its head, after which the connection is closed.
pub(crate) fn answer(problem: Problem) -> Vec<u8> {
    let id = Uuid::now_v7().to_string();
    let status = problem.code.status();
    debug!(request_id = %id, status = status.as_u16(), "answered without a handler");
    counter!(
        "chat2svg_http_requests_total",
        "method" => "other",
        "route" => "unmatched",
        "status" => status.as_u16().to_string()
    )
    .increment(1);
    let response = problem.with_request_id(&id).error_response();
    let mut answer = format!(
        "HTTP/1.1 {} {}\r\nconnection: close\r\nx-request-id: {id}\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default()
    )
    .into_bytes();
    let mut header = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            answer.extend_from_slice(part);
        }
    };
    for (name, value) in response.headers() {
        header(name.as_str(), value.as_bytes());
    }
    for (name, value) in &SECURITY_HEADERS {
        header(name.as_str(), value.as_bytes());
    }
    let body = response.into_body().try_into_bytes().unwrap_or_default();
    header("content-length", body.len().to_string().as_bytes());
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_parsers_own_answers_are_replaced() {
        for (bytes, code) in [
            (
                "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
                Some("malformed-request"),
            ),
            (
                "HTTP/1.0 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
                Some("malformed-request"),
            ),
            (
                "HTTP/1.1 431 Request Header Fields Too Large\r\n\r\n",
                Some("head-too-large"),
            ),
            (
                "HTTP/1.1 408 Request Timeout\r\n\r\n",
                Some("request-timeout"),
            ),
            ("HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\n\r\n", None),
            ("HTTP/1.1 200 OK\r\n\r\n", None),
            ("HTTP/1.1 40", None),
            ("<svg/>", None),
            ("", None),
        ] {
            let answer =
                replacement(bytes.as_bytes()).map(|answer| String::from_utf8(answer).unwrap());
            let told = answer
                .as_deref()
                .and_then(|answer| answer.split_once("\r\n\r\n"));
            assert_eq!(told.is_some(), code.is_some(), "{bytes}");
            if let (Some((head, body)), Some(code)) = (told, code) {
                assert!(head.contains("x-content-type-options: nosniff"), "{head}");
                assert!(
                    head.contains(&format!("content-length: {}", body.len())),
                    "{head}"
                );
                let document: serde_json::Value = serde_json::from_str(body).unwrap();
                assert_eq!(document["code"], code);
                assert!(head.contains(document["request_id"].as_str().unwrap()));
            }
        }
    }
}
