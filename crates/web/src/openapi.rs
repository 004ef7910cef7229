//! The OpenAPI document, gathered from the handlers.

use std::sync::LazyLock;

use serde::Serialize;
use utoipa::{IntoParams, IntoResponses, OpenApi, ToSchema};

use crate::{
    problem::{Code, FieldError, ProblemDocument},
    routes,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "chat2svg",
        description = "Words in, a clean, layered, editable SVG out, within the deadline that you set. \
            Errors are problem documents (RFC 9457) with a stable `code`. Every answer carries `X-Request-Id`."
    ),
    tags(
        (name = "Pictures", description = "Ask for a picture"),
        (name = "Jobs", description = "Follow and fetch what was asked for"),
        (name = "System", description = "How the service stands"),
    ),
    paths(
        routes::create::svg,
        routes::create::vectorize,
        routes::create::refine,
        routes::jobs::list,
        routes::jobs::show,
        routes::jobs::cancel,
        routes::events::job_events,
        routes::results::result_svg,
        routes::results::result_png,
        routes::system::show,
        routes::events::system_events,
        routes::system::health,
        routes::system::readiness,
        routes::system::metrics,
    ),
    components(schemas(ProblemDocument, FieldError))
)]
struct Api;

/// What the headers of a request for a picture may say.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers, which are read by hand")]
pub(crate) struct SubmissionHeaders {
    /// respond-async, wait=N (seconds), or both
    #[param(rename = "Prefer", example = "wait=10")]
    prefer: Option<String>,
    /// application/json, image/svg+xml or image/png
    #[param(rename = "Accept")]
    accept: Option<String>,
    /// Makes a repeated request find the first one's job
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

/// The ways in which a request for a picture can go wrong.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers")]
pub(crate) enum SubmissionProblems {
    #[response(
        status = 400,
        description = "The request could not be read, or a header makes no sense",
        content_type = "application/problem+json"
    )]
    Unreadable(ProblemDocument),
    #[response(
        status = 403,
        description = "Another web site made a browser send this",
        content_type = "application/problem+json"
    )]
    CrossSite(ProblemDocument),
    #[response(
        status = 406,
        description = "Results are not served in the form asked for",
        content_type = "application/problem+json"
    )]
    NotAcceptable(ProblemDocument),
    #[response(
        status = 408,
        description = "The body took too long to arrive",
        content_type = "application/problem+json"
    )]
    TooSlow(ProblemDocument),
    #[response(
        status = 409,
        description = "The job was cancelled while the request waited",
        content_type = "application/problem+json"
    )]
    Cancelled(ProblemDocument),
    #[response(
        status = 413,
        description = "The body or a file is too large",
        content_type = "application/problem+json"
    )]
    TooLarge(ProblemDocument),
    #[response(
        status = 415,
        description = "The body has the wrong content type",
        content_type = "application/problem+json"
    )]
    WrongType(ProblemDocument),
    #[response(
        status = 422,
        description = "Fields are not valid, a file cannot be used, or the Idempotency-Key belongs to another request",
        content_type = "application/problem+json"
    )]
    Refused(ProblemDocument),
    #[response(
        status = 429,
        description = "Over the client's quota",
        content_type = "application/problem+json"
    )]
    RateLimited(ProblemDocument),
    #[response(
        status = 500,
        description = "The job failed",
        content_type = "application/problem+json"
    )]
    Failed(ProblemDocument),
    #[response(
        status = 503,
        description = "No place for another job, shutting down, or a part of the service does not answer",
        content_type = "application/problem+json"
    )]
    NoPlace(ProblemDocument),
    #[response(
        status = 504,
        description = "The deadline passed before there was a result",
        content_type = "application/problem+json"
    )]
    Late(ProblemDocument),
}

/// A PNG file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes an answer")]
pub(crate) struct Png(Vec<u8>);

/// The document, and the kinds of problems, which OpenAPI has no place for.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    api: utoipa::openapi::OpenApi,
    #[serde(rename = "x-problems")]
    problems: Vec<ProblemKind>,
}

#[derive(Serialize)]
struct ProblemKind {
    code: &'static str,
    status: u16,
    title: &'static str,
}

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let document = Document {
        api: Api::openapi(),
        problems: Code::ALL
            .iter()
            .map(|code| ProblemKind {
                code: code.name(),
                status: code.status().as_u16(),
                title: code.title(),
            })
            .collect(),
    };
    serde_json::to_string_pretty(&document).unwrap_or_default()
});

/// The document as JSON text.
pub(crate) fn document() -> &'static str {
    &DOCUMENT
}
