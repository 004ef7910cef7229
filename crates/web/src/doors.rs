//! Doors: the APIs that people's tools already speak, each a thin adapter over jobs.

pub(crate) mod mcp;
pub(crate) mod openai;
pub(crate) mod quiver;
pub(crate) mod recraft;

use actix_web::{HttpRequest, HttpResponse};
use chat2svg_protocol::{JobId, JobView};
use jiff::Timestamp;

use crate::{auth, problem::Problem, services::Shared, wire::job_path};

/// A problem in the shape of the door at a path; none where there is no door.
pub(crate) fn refused(path: &str, problem: &Problem) -> Option<HttpResponse> {
    if quiver::is_door(path) {
        Some(quiver::refused(problem))
    } else if recraft::is_door(path) {
        Some(recraft::refused(problem))
    } else if openai::is_door(path) {
        Some(openai::refused(problem))
    } else {
        None
    }
}

/// What a result is less than was asked for.
pub(crate) fn shortcomings(view: &JobView) -> Vec<String> {
    let Some(metadata) = &view.metadata else {
        return Vec::new();
    };
    let mut told: Vec<String> = metadata.fallback_reason.iter().cloned().collect();
    told.extend(metadata.warnings.iter().cloned());
    if !metadata.undrawn.is_empty() {
        told.push(format!("not drawn: {}", metadata.undrawn.join(", ")));
    }
    told
}

/// The time in seconds since 1970.
fn now() -> i64 {
    Timestamp::now().as_second()
}

/// Where a result is, for whoever asks: with a token where a key is needed.
fn address_of(
    request: &HttpRequest,
    shared: &Shared,
    job: JobId,
    ending: &str,
) -> Result<String, Problem> {
    let connection = request.connection_info();
    let (scheme, host) = (connection.scheme(), connection.host());
    let token = shared.token(&auth::identity(request)?, Some(job))?;
    let token = token.map_or_else(String::new, |token| format!("?token={}", token.token));
    let path = job_path(job);
    Ok(format!("{scheme}://{host}{path}/result.{ending}{token}"))
}
