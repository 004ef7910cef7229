//! The pictures of finished jobs.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH},
    web,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth,
    openapi::Png,
    problem::{Code, Problem, ProblemDocument},
    renditions::Order,
    routes::{job_id, parameter, parameters},
    services::Shared,
    submit::{PICTURE_POLICY, finished_svg},
};

/// Results do not change any more.
const KEEP: &str = "private, max-age=31536000, immutable";

/// How large the PNG is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PngParameters {
    /// Width in pixels; the height follows. Default: the picture's nominal width.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 4096)]
    width: Option<String>,
    /// A token that stands for a key, from `POST /v1/tokens`.
    #[expect(dead_code, reason = "it was read before the handler")]
    token: Option<String>,
}

/// Fetch a result as SVG.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/result.svg",
    tag = "Jobs",
    operation_id = "getResultSvg",
    params(("id" = String, Path, description = "The job", format = Uuid)),
    responses(
        (status = 200, description = "The picture", body = String, content_type = "image/svg+xml"),
        (status = 404, description = "No such job, or no result", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The job has not ended, or was cancelled", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn result_svg(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let job = job_id(&request)?;
    let view = shared.job_of(&auth::identity(&request)?, job).await?;
    let svg = finished_svg(&shared, &view).await?;
    let tag = format!("\"{job}-svg\"");
    if is_known(&request, &tag) {
        return Ok(not_modified(tag));
    }
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CONTENT_SECURITY_POLICY, PICTURE_POLICY))
        .insert_header((CACHE_CONTROL, KEEP))
        .insert_header((ETAG, tag))
        .body(svg))
}

/// Fetch a result as PNG.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/result.png",
    tag = "Jobs",
    operation_id = "getResultPng",
    params(("id" = String, Path, description = "The job", format = Uuid), PngParameters),
    responses(
        (status = 200, description = "The picture", body = Png, content_type = "image/png"),
        (status = 400, description = "The width is out of range", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such job, or no result", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The job has not ended, or was cancelled", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "The client has had its share of PNGs rendered for now", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many results are being rendered or read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 504, description = "The PNG was not rendered in time", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn result_png(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let job = job_id(&request)?;
    let asked: PngParameters = parameters(&request)?;
    let widest = shared.config.max_png_width;
    let width: Option<u32> = parameter("width", asked.width.as_deref(), "a whole number")?;
    if let Some(width) = width
        && !(1..=widest).contains(&width)
    {
        return Err(Problem::new(
            Code::InvalidParameter,
            format!("width must be 1 to {widest} pixels, {width} was given"),
        ));
    }
    let view = shared.job_of(&auth::identity(&request)?, job).await?;
    let svg = finished_svg(&shared, &view).await?;
    let tag = format!("\"{job}-png-{}\"", width.unwrap_or(0));
    if is_known(&request, &tag) {
        return Ok(not_modified(tag));
    }
    let order = Order::Ask(shared.client(&request));
    let renditions = &shared.renditions;
    let png = renditions
        .png(job, &svg, width, order, &shared.stopping)
        .await?;
    Ok(HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((CACHE_CONTROL, KEEP))
        .insert_header((ETAG, tag))
        .body(png))
}

/// Whether the client has this version.
pub(crate) fn is_known(request: &HttpRequest, tag: &str) -> bool {
    request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

pub(crate) fn not_modified(tag: String) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((ETAG, tag))
        .finish()
}
