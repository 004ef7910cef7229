//! Jobs: list, look, cancel, remove.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, RETRY_AFTER},
    web,
};
use chat2svg_protocol::{
    JobId,
    messages::{Cancel, CancelOutcome, JobsQuery, Remove, RemoveOutcome},
};
use serde::Deserialize;
use tracing::error;
use utoipa::IntoParams;

use crate::{
    auth,
    problem::{Code, Problem, ProblemDocument},
    routes::{job_id, parameter, parameters},
    services::{Shared, ask},
    wire::{JobList, JobResource},
};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// Which jobs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// At most so many, 1 to 100. Default 20.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Only jobs older than the one with this id.
    #[param(value_type = Option<String>, format = Uuid)]
    before: Option<String>,
}

/// List jobs, newest first.
///
/// With keys: those of the key's owner; a key with the scope admin lists everybody's.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "Jobs",
    operation_id = "listJobs",
    params(ListParameters),
    responses(
        (status = 200, description = "The jobs", body = JobList),
        (status = 400, description = "A parameter makes no sense", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let asked: ListParameters = parameters(&request)?;
    let limit =
        parameter("limit", asked.limit.as_deref(), "a whole number")?.unwrap_or(DEFAULT_LIMIT);
    let before: Option<JobId> = parameter("before", asked.before.as_deref(), "the id of a job")?;
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::new(
            Code::InvalidParameter,
            format!("limit must be 1 to {MAX_LIMIT}, {limit} was given"),
        ));
    }
    let identity = auth::identity(&request)?;
    let query = JobsQuery {
        limit,
        before,
        owner: (!identity.sees_all()).then(|| identity.owner().clone()),
    };
    let jobs = ask(&shared.services.lines.jobs, query).await??;
    let next = (jobs.len() == limit as usize)
        .then(|| jobs.last())
        .flatten()
        .map(|last| format!("/v1/jobs?limit={limit}&before={}", last.id));
    let list = JobList {
        jobs: jobs.into_iter().map(JobResource::from).collect(),
        next,
    };
    let json = serde_json::to_vec(&list).map_err(|error| {
        error!(%error, "a list of jobs could not be written");
        Problem::internal()
    })?;
    // What a hundred jobs tell of themselves is large, for many who do not read it.
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(shared.renditions.hold(json)?))
}

/// Look at a job.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    tag = "Jobs",
    operation_id = "getJob",
    params(("id" = String, Path, description = "The job", format = Uuid)),
    responses(
        (status = 200, description = "The job", body = JobResource),
        (status = 404, description = "No such job", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let identity = auth::identity(&request)?;
    let view = shared.job_of(&identity, job_id(&request)?).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "no-store"));
    if !view.state.is_final() {
        answer.insert_header((RETRY_AFTER, "1"));
    }
    Ok(answer.json(JobResource::from(view)))
}

/// Remove a job that has ended, with its result; cancel one that has not.
///
/// A job is cancelled also in the middle of a stage. Whoever wants it stopped but never its result
/// removed uses `POST /v1/jobs/{id}/cancel`.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    tag = "Jobs",
    operation_id = "deleteJob",
    params(("id" = String, Path, description = "The job", format = Uuid)),
    responses(
        (status = 202, description = "It is being stopped", body = JobResource),
        (status = 204, description = "It had ended and is gone"),
        (status = 404, description = "No such job", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It ended at this moment: ask again to have it removed", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let job = job_id(&request)?;
    let identity = auth::identity(&request)?;
    let view = shared.job_of(&identity, job).await?;
    if !view.state.is_final() {
        return stop(&shared, job).await;
    }
    match ask(&shared.services.lines.remove, Remove { job }).await?? {
        RemoveOutcome::Removed => Ok(HttpResponse::NoContent().finish()),
        RemoveOutcome::UnderWay => Err(Problem::new(
            Code::NotFinished,
            "the job has not ended: ask again to have it cancelled",
        )
        .about(job)),
        RemoveOutcome::Unknown => Err(Problem::job_not_found(job)),
    }
}

/// Cancel a job, also in the middle of a stage.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/cancel",
    tag = "Jobs",
    operation_id = "cancelJob",
    params(("id" = String, Path, description = "The job", format = Uuid)),
    responses(
        (status = 202, description = "It is being stopped", body = JobResource),
        (status = 404, description = "No such job", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It has already ended", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let job = job_id(&request)?;
    let identity = auth::identity(&request)?;
    shared.job_of(&identity, job).await?;
    stop(&shared, job).await
}

async fn stop(shared: &Shared, job: JobId) -> Result<HttpResponse, Problem> {
    match ask(&shared.services.lines.cancel, Cancel { job }).await? {
        CancelOutcome::Cancelling => {
            let view = shared.job(job).await?;
            Ok(HttpResponse::Accepted()
                .insert_header((CACHE_CONTROL, "no-store"))
                .json(JobResource::from(view)))
        }
        CancelOutcome::AlreadyFinal => Err(Problem::new(
            Code::AlreadyFinal,
            "the job has already ended, there is nothing to cancel",
        )
        .about(job)),
        CancelOutcome::Unknown => Err(Problem::job_not_found(job)),
    }
}
