//! Doors: the APIs that people's tools already speak, each a thin adapter over jobs.

pub(crate) mod mcp;
pub(crate) mod openai;
pub(crate) mod quiver;
pub(crate) mod recraft;

use actix_web::{HttpRequest, HttpResponse};
use chat2svg_protocol::{JobId, JobMetadata, JobView, printable};
use jiff::Timestamp;

use crate::{auth, problem::Problem, services::Shared, wire::job_path};

/// A problem in the shape of the door at a path; none where there is no door.
pub(crate) fn refused(path: &str, problem: &Problem) -> Option<HttpResponse> {
    let mut response = if quiver::is_door(path) {
        quiver::refused(problem)
    } else if recraft::is_door(path) {
        recraft::refused(problem)
    } else if openai::is_door(path) {
        openai::refused(problem)
    } else {
        return None;
    };
    problem.tell_in_headers(response.headers_mut());
    Some(response)
}

/// What a result is less than was asked for, for every door.
pub(crate) fn shortcomings(view: &JobView) -> Vec<String> {
    view.metadata
        .as_ref()
        .map(JobMetadata::shortcomings)
        .unwrap_or_default()
}

/// Says that fields of a request have no meaning here.
pub(crate) fn told_of(passed_over: &[String]) -> Option<String> {
    let names: Vec<_> = passed_over
        .iter()
        .map(|name| printable(name).chars().take(80).collect::<String>())
        .collect();
    (!names.is_empty()).then(|| format!("without a meaning here: {}", names.join(", ")))
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
