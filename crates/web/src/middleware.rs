//! What happens around every request: who may send it, its id, the log line, the metrics, security
//! headers, problem documents, and the catching of panics.

use std::{
    net::IpAddr,
    panic::AssertUnwindSafe,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage as _, ResponseError as _,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use futures_util::FutureExt as _;
use jiff::Timestamp;
use metrics::{counter, gauge, histogram};
use tracing::{Instrument as _, debug, error, info_span, warn};
use uuid::Uuid;

use crate::{
    access::{Caller, Denial},
    auth::{self, Identity},
    clients::{Share, Use},
    connection::Link,
    doors,
    pieces::Pieces,
    problem::{Code, Problem},
    services::Shared,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_REQUEST_ID: usize = 128;
/// Most characters of a path, host or origin that are shown.
const MAX_SHOWN: usize = 200;

/// Content policy where a response sets none: nothing at all.
const STRICT_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// What every answer carries.
pub(crate) const SECURITY_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Runs a request with all that belongs around it.
pub(crate) async fn surround<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Pieces>, Error> {
    let began = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let route = request
        .match_pattern()
        .unwrap_or_else(|| "unmatched".to_owned());
    let span = info_span!(
        "request",
        request_id = %id,
        %method,
        path = shortened(request.path())
    );
    let _in_flight = InFlight::enter();
    let under_way = request.conn_data::<Rc<Link>>().map(Link::begin);

    let answer = match enter(&request) {
        Err(problem) => Ok((request.error_response(problem), None)),
        Ok(share) => AssertUnwindSafe(next.call(request))
            .catch_unwind()
            .instrument(span.clone())
            .await
            .unwrap_or_else(|panic| {
                let _entered = span.enter();
                error!(panic = panic_text(panic.as_ref()), "a handler panicked");
                Err(Problem::internal().with_request_id(&id).into())
            })
            .map(|response| (response.map_into_boxed_body(), share)),
    };
    let answer = answer.map(|(response, share)| {
        finish(response, &id).map_body(|_, body| Pieces::new(body, (under_way, share)))
    });

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

/// Lets a request in, with its client's share, or says why not.
fn enter(request: &ServiceRequest) -> Result<Option<Share>, Problem> {
    let shared: &web::Data<Shared> = request.app_data().ok_or_else(Problem::internal)?;
    let local = request
        .conn_data::<Rc<Link>>()
        .and_then(|link| link.local());
    check_access(shared, request, local)?;
    auth::admit(shared, request)?;
    if !shared.config.trust_forwarded_for {
        // The client's connections are counted, which have one request each.
        return Ok(None);
    }
    let client = shared.client(request.request());
    let share = shared.clients.enter(client, Use::Request).ok_or_else(|| {
        Problem::new(
            Code::RateLimited,
            "this client has too many requests under way: wait until some are answered",
        )
        .retry_after(Duration::from_secs(1))
    })?;
    Ok(Some(share))
}

fn check_access(
    shared: &Shared,
    request: &ServiceRequest,
    local: Option<IpAddr>,
) -> Result<(), Problem> {
    // A value that is no text is a value that is not known.
    let all = |name: HeaderName| -> Vec<&str> {
        request
            .headers()
            .get_all(name)
            .map(|value| value.to_str().unwrap_or("?"))
            .collect()
    };
    let mut hosts = all(header::HOST);
    if let Some(authority) = request.uri().authority() {
        hosts.push(authority.as_str());
    }
    let forwarded = all(HeaderName::from_static("x-forwarded-proto"));
    let scheme = forwarded
        .last()
        .filter(|_| shared.config.trust_forwarded_for)
        .and_then(|value| value.rsplit(',').next())
        .map(str::trim);
    let caller = Caller {
        hosts: &hosts,
        local,
        scheme,
        origins: &all(header::ORIGIN),
        sites: &all(HeaderName::from_static("sec-fetch-site")),
        changes: !matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        ),
    };
    shared.access.check(&caller).map_err(|denial| match denial {
        Denial::Host(host) if host.is_empty() => Problem::new(
            Code::UnknownHost,
            "the request names no host: send a Host header",
        ),
        Denial::Host(host) => Problem::new(
            Code::UnknownHost,
            format!(
                "\"{}\" is not a name of this service: if it is meant to be, add it to server.allowed_hosts",
                shortened(&host)
            ),
        ),
        Denial::Site(site) => Problem::new(
            Code::CrossSite,
            format!(
                "another web site ({}) made the browser send this: use the page here, or a program; a site is \
                 let in by server.cors_origins, and behind a proxy with TLS server.trust_forwarded_for must be set",
                shortened(&site)
            ),
        ),
    })
}

/// As much of a foreign text as a log line or an answer needs.
fn shortened(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
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

/// Writes the problem document when there was an error, and the headers that every answer has.
fn finish(mut response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    if let Some(problem) = problem_of(&response) {
        let problem = problem.with_request_id(id);
        let mut document = doors::refused(response.request().path(), &problem)
            .unwrap_or_else(|| problem.error_response());
        // What lets an invited page read its answer lets it read its errors.
        for (name, value) in response.headers() {
            if *name == header::VARY || name.as_str().starts_with("access-control-") {
                document.headers_mut().append(name.clone(), value.clone());
            }
        }
        response = response.into_response(document);
    }
    // The headers of a 304 replace those that the client keeps with the page.
    let is_news = response.status() != StatusCode::NOT_MODIFIED;
    let identity = response.request().extensions().get::<Identity>().cloned();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, value);
    }
    if let Some(identity) = identity {
        auth::tell_quota(headers, &identity, Timestamp::now());
    }
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
        Method::PUT => "PUT",
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
