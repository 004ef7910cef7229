//! What happens around every request: its id, the log line, the metrics, security headers, problem
//! documents, and the catching of panics.

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, ResponseError as _,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use futures_util::FutureExt as _;
use metrics::{counter, gauge, histogram};
use tracing::{Instrument as _, debug, error, info_span, warn};
use uuid::Uuid;

use crate::problem::{Code, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_REQUEST_ID: usize = 128;

/// Content policy where a response sets none: nothing at all.
const STRICT_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// Runs a request with all that belongs around it.
pub(crate) async fn surround<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let began = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let route = request
        .match_pattern()
        .unwrap_or_else(|| "unmatched".to_owned());
    let span = info_span!("request", request_id = %id, %method, path = request.path());
    let _in_flight = InFlight::enter();

    let refused = is_cross_site(&request);
    let answer = if refused {
        let problem = Problem::new(
            Code::CrossSite,
            "another web site made the browser send this: use the page here, or a program",
        );
        Ok(request.error_response(problem).map_into_right_body())
    } else {
        AssertUnwindSafe(next.call(request))
            .catch_unwind()
            .instrument(span.clone())
            .await
            .unwrap_or_else(|panic| {
                let _entered = span.enter();
                error!(panic = panic_text(panic.as_ref()), "a handler panicked");
                Err(Problem::internal().with_request_id(&id).into())
            })
            .map(ServiceResponse::map_into_left_body)
    };
    let answer = answer.map(|response| finish(response, &id));

    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let elapsed = began.elapsed();
    let _entered = span.enter();
    if status.is_server_error() {
        warn!(
            status = status.as_u16(),
            ms = elapsed.as_secs_f64() * 1e3,
            "answered"
        );
    } else {
        debug!(
            status = status.as_u16(),
            ms = elapsed.as_secs_f64() * 1e3,
            "answered"
        );
    }
    count(&method, route, status, elapsed.as_secs_f64());
    answer
}

/// The id that the client sent, if it is harmless; else a new one.
fn request_id(headers: &HeaderMap) -> String {
    headers
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|text| {
            (1..=MAX_REQUEST_ID).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        })
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// Whether a browser sends this on behalf of another site and it would change something.
fn is_cross_site(request: &ServiceRequest) -> bool {
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    changes
        && request
            .headers()
            .get("sec-fetch-site")
            .is_some_and(|value| value.as_bytes() == b"cross-site")
}

/// Writes the problem document when there was an error, and the headers that every answer has.
fn finish<B: MessageBody + 'static>(
    response: ServiceResponse<EitherBody<B>>,
    id: &str,
) -> ServiceResponse<EitherBody<B>> {
    let problem = problem_of(&response);
    let mut response = match problem {
        Some(problem) => {
            let document = problem.with_request_id(id).error_response();
            response.into_response(document.map_into_right_body())
        }
        None => response,
    };
    // The headers of a 304 replace those that the client keeps with the page.
    let is_news = response.status() != StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    if is_news && !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, STRICT_POLICY);
    }
    response
}

/// The problem behind an error answer, also where the framework made it.
fn problem_of<B>(response: &ServiceResponse<B>) -> Option<Problem> {
    if let Some(error) = response.response().error() {
        if let Some(problem) = error.as_error::<Problem>() {
            return Some(problem.clone());
        }
        let code = match response.status() {
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            status if status.is_server_error() => return Some(Problem::internal()),
            _ => Code::MalformedRequest,
        };
        return Some(Problem::new(code, error.to_string()));
    }
    None
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

fn count(method: &Method, route: String, status: StatusCode, seconds: f64) {
    let method = match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        // Made-up methods must not make new series.
        _ => "other",
    };
    counter!(
        "chat2svg_http_requests_total",
        "method" => method,
        "route" => route.clone(),
        "status" => status.as_u16().to_string()
    )
    .increment(1);
    histogram!("chat2svg_http_request_duration_seconds", "method" => method, "route" => route)
        .record(seconds);
}

/// Counts requests under way; also right when a client leaves in the middle.
struct InFlight;

impl InFlight {
    fn enter() -> Self {
        gauge!("chat2svg_http_requests_in_flight").increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("chat2svg_http_requests_in_flight").decrement(1.0);
    }
}
