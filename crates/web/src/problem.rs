//! Errors as the outside sees them: RFC 9457 problem documents with a stable code.

use std::{fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
};
use chat2svg_protocol::{
    JobId, QuotaRefusal,
    messages::{StoreError, SubmitError},
    printable,
};
use chat2svg_supervision::{AskError, ComputeError};
use serde::{Deserialize, Serialize};
use tracing::error;
use utoipa::ToSchema;

use crate::store_fault::public_text;

macro_rules! codes {
    ($($variant:ident $code:literal $status:ident $title:literal)*) => {
        /// What kind of error it is; stable, for programs to tell apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($variant),* }

        impl Code {
            /// All codes, for the documentation.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code in the document.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The status it is served with.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// One line on the kind, the same at every occurrence.
            pub(crate) fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }
    };
}

codes! {
    MalformedRequest "malformed-request" BAD_REQUEST "The request could not be read"
    MalformedJson "malformed-json" BAD_REQUEST "The body is not valid JSON"
    InvalidHeader "invalid-header" BAD_REQUEST "A header has a value that makes no sense"
    InvalidParameter "invalid-parameter" BAD_REQUEST "A query parameter has a value that makes no sense"
    Unauthorized "unauthorized" UNAUTHORIZED "The service needs a key"
    ScopeMissing "scope-missing" FORBIDDEN "The key does not allow this"
    UnknownHost "unknown-host" MISDIRECTED_REQUEST "The service is not called by this name"
    CrossSite "cross-site" FORBIDDEN "Other web sites may not send requests here"
    LocalOnly "local-only" FORBIDDEN "Only callers on the service's own machine may do this"
    NotFound "not-found" NOT_FOUND "There is nothing at this address"
    NotSupported "not-supported" NOT_IMPLEMENTED "Nothing here can do this"
    JobNotFound "job-not-found" NOT_FOUND "There is no such job"
    CircuitNotFound "circuit-not-found" NOT_FOUND "There is no such circuit"
    KeyNotFound "key-not-found" NOT_FOUND "There is no such key"
    NoResult "no-result" NOT_FOUND "The job ended without a result"
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "The address does not take this method"
    NotAcceptable "not-acceptable" NOT_ACCEPTABLE "The result is not available in the format asked for"
    RequestTimeout "request-timeout" REQUEST_TIMEOUT "The request took too long to arrive"
    NotFinished "not-finished" CONFLICT "The job has not ended"
    AlreadyFinal "already-final" CONFLICT "The job has already ended"
    KeyRefused "key-refused" CONFLICT "The key cannot be made or revoked"
    JobCancelled "job-cancelled" CONFLICT "The job was cancelled"
    HeadTooLarge "head-too-large" REQUEST_HEADER_FIELDS_TOO_LARGE "The head of the request is too large"
    TooLarge "too-large" PAYLOAD_TOO_LARGE "The request is too large"
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "The body has the wrong content type"
    InvalidFields "invalid-fields" UNPROCESSABLE_ENTITY "Fields of the request are not valid"
    InvalidFile "invalid-file" UNPROCESSABLE_ENTITY "A file could not be used"
    IdempotencyConflict "idempotency-conflict" UNPROCESSABLE_ENTITY "The Idempotency-Key belongs to another request"
    RateLimited "rate-limited" TOO_MANY_REQUESTS "Too many requests from this client"
    JobFailed "job-failed" INTERNAL_SERVER_ERROR "The job failed"
    Internal "internal" INTERNAL_SERVER_ERROR "Something went wrong on our side"
    Overloaded "overloaded" SERVICE_UNAVAILABLE "The service has as much to do as it can take"
    CircuitOpen "circuit-open" SERVICE_UNAVAILABLE "Jobs have failed repeatedly, and are not tried for a while"
    ShuttingDown "shutting-down" SERVICE_UNAVAILABLE "The service is shutting down"
    Unavailable "unavailable" SERVICE_UNAVAILABLE "A part of the service does not answer"
    DeadlineExceeded "deadline-exceeded" GATEWAY_TIMEOUT "The deadline passed before there was a result"
}

/// A field that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldError {
    /// Name of the field; empty for the body as a whole.
    pub(crate) field: String,
    /// What is wrong with it, and what to do.
    pub(crate) detail: String,
}

/// An error on its way to the client. The middleware has the last word, because only it knows the
/// request's id.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldError>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) allow: Option<&'static str>,
    pub(crate) job: Option<JobId>,
    /// Set by the middleware.
    pub(crate) request_id: Option<Box<str>>,
}

/// The problem document (RFC 9457).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// Where the kind of problem is explained.
    #[serde(rename = "type")]
    #[schema(example = "/docs#problem-invalid-fields")]
    pub(crate) kind: String,
    /// One line on the kind of problem.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What happened this time, and what to do.
    pub(crate) detail: String,
    /// Stable code of the kind of problem.
    #[schema(example = "invalid-fields")]
    pub(crate) code: String,
    /// Id of the request, as in the header `X-Request-Id` and in the logs.
    pub(crate) request_id: String,
    /// Seconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
    /// The fields that were refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldError>,
    /// The job concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) job: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            job: None,
            request_id: None,
        }
    }

    /// Refused fields; the first one's text becomes the detail.
    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [] => String::new(),
            [only] if only.field.is_empty() => only.detail.clone(),
            [only] => format!("{}: {}", only.field, only.detail),
            [first, rest @ ..] => format!(
                "{}: {} (and {} more, see errors)",
                first.field,
                first.detail,
                rest.len()
            ),
        };
        Self {
            errors,
            ..Self::new(Code::InvalidFields, detail)
        }
    }

    /// One refused field.
    pub(crate) fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError {
            field: field.into(),
            detail: detail.into(),
        }])
    }

    pub(crate) fn retry_after(self, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..self
        }
    }

    pub(crate) fn about(self, job: JobId) -> Self {
        Self {
            job: Some(job),
            ..self
        }
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(
                Code::MethodNotAllowed,
                format!("use one of these methods: {allow}"),
            )
        }
    }

    pub(crate) fn job_not_found(job: JobId) -> Self {
        Self::new(
            Code::JobNotFound,
            format!("no job {job} is known here: it may have been removed, or the id is mistyped"),
        )
        .about(job)
    }

    pub(crate) fn with_request_id(self, request_id: &str) -> Self {
        Self {
            request_id: Some(request_id.into()),
            ..self
        }
    }
}

/// Seconds for a `Retry-After` header: rounded up, at least 1.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    whole.max(1)
}

impl Problem {
    /// Adds the headers that belong to it, whatever the shape of the body.
    pub(crate) fn tell_in_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, whole_seconds(after).into());
        }
        if self.code == Code::Unauthorized {
            let challenge = HeaderValue::from_static("Bearer realm=\"chat2svg\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code.name(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let retry_after = self.retry_after.map(whole_seconds);
        let document = ProblemDocument {
            kind: format!("/docs#problem-{}", self.code.name()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            detail: printable(&self.detail).into_owned(),
            code: self.code.name().to_owned(),
            request_id: self.request_id.as_deref().unwrap_or_default().to_owned(),
            retry_after,
            errors: self
                .errors
                .iter()
                .map(|error| FieldError {
                    field: printable(&error.field).into_owned(),
                    detail: printable(&error.detail).into_owned(),
                })
                .collect(),
            job: self.job.map(|job| job.to_string()),
        };
        let mut response = HttpResponse::build(self.code.status())
            .content_type("application/problem+json")
            .body(serde_json::to_string(&document).unwrap_or_default());
        self.tell_in_headers(response.headers_mut());
        response
    }
}

impl From<AskError> for Problem {
    fn from(ask: AskError) -> Self {
        error!(error = %ask, "an actor did not answer");
        Self::new(Code::Unavailable, format!("{ask}: try again in a moment"))
            .retry_after(Duration::from_secs(1))
    }
}

impl From<ComputeError> for Problem {
    fn from(compute: ComputeError) -> Self {
        match compute {
            ComputeError::Full => Self::new(
                Code::Overloaded,
                "too much work is waiting already: try again in a moment",
            )
            .retry_after(Duration::from_secs(2)),
            ComputeError::Cancelled => Self::new(
                Code::ShuttingDown,
                "the service is shutting down: try again in a moment",
            )
            .retry_after(Duration::from_secs(5)),
            ComputeError::Panicked(message) => {
                error!(%message, "work for a request panicked");
                Self::internal()
            }
        }
    }
}

impl Problem {
    /// A defect of ours; what it was is in the log, not in the answer.
    pub(crate) fn internal() -> Self {
        Self::new(
            Code::Internal,
            "the request met a defect of the service; the log has the details under this request_id",
        )
    }
}

impl From<StoreError> for Problem {
    fn from(store: StoreError) -> Self {
        error!(error = %store, "the store failed");
        Self::new(
            Code::Unavailable,
            format!("{}: try again later", public_text(&store)),
        )
        .retry_after(Duration::from_secs(5))
    }
}

impl From<QuotaRefusal> for Problem {
    fn from(refusal: QuotaRefusal) -> Self {
        let retry = Duration::from_secs(refusal.retry_seconds().into());
        Self::new(Code::RateLimited, refusal.to_string()).retry_after(retry)
    }
}

impl From<SubmitError> for Problem {
    fn from(submit: SubmitError) -> Self {
        let detail = submit.to_string();
        match submit {
            SubmitError::Draining => {
                Self::new(Code::ShuttingDown, detail).retry_after(Duration::from_secs(5))
            }
            SubmitError::IdempotencyConflict => Self::new(Code::IdempotencyConflict, detail),
            SubmitError::Quota(refusal) => refusal.into(),
            SubmitError::NoWorker => {
                Self::new(Code::Unavailable, detail).retry_after(Duration::from_secs(5))
            }
            SubmitError::Store(reason) => {
                error!(error = %detail, "a job could not be stored");
                let reason = public_text(&StoreError(reason));
                Self::new(
                    Code::Unavailable,
                    format!("the job could not be stored, so it was not accepted: {reason}"),
                )
                .retry_after(Duration::from_secs(5))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_errors() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1001)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(7)), 7);
    }

    #[test]
    fn several_fields_are_summed_up_by_the_first() {
        let problem = Problem::fields(vec![
            FieldError {
                field: "width".into(),
                detail: "too wide".into(),
            },
            FieldError {
                field: "seed".into(),
                detail: "negative".into(),
            },
        ]);
        assert_eq!(problem.detail, "width: too wide (and 1 more, see errors)");
    }
}
