//! The handlers, one file for each family of addresses, and the table that leads to them.

pub(crate) mod batch;
pub(crate) mod circuits;
pub(crate) mod create;
pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod page;
pub(crate) mod results;
pub(crate) mod system;
pub(crate) mod tokens;

use std::str::FromStr;

use actix_web::{HttpRequest, Resource, Route, error::QueryPayloadError, guard, web};
use chat2svg_protocol::JobId;
use serde::de::DeserializeOwned;

use crate::{
    doors::{mcp, openai, quiver, recraft},
    problem::{Code, Problem},
};

/// Adds all addresses.
pub(crate) fn configure(service: &mut web::ServiceConfig) {
    service
        .service(resource("/v1/svg", "POST").route(web::post().to(create::svg)))
        .service(resource("/v1/vectorize", "POST").route(web::post().to(create::vectorize)))
        .service(resource("/v1/refine", "POST").route(web::post().to(create::refine)))
        .service(resource("/v1/clean", "POST").route(web::post().to(create::clean)))
        .service(resource("/v1/jobs", "GET, HEAD").route(get().to(jobs::list)))
        .service(
            resource("/v1/jobs/{id}", "GET, HEAD, DELETE")
                .route(get().to(jobs::show))
                .route(web::delete().to(jobs::delete)),
        )
        .service(resource("/v1/jobs/{id}/cancel", "POST").route(web::post().to(jobs::cancel)))
        .service(resource("/v1/tokens", "POST").route(web::post().to(tokens::create)))
        .service(resource("/v1/key", "GET, HEAD").route(get().to(keys::own)))
        .service(
            resource("/v1/keys", "GET, HEAD, POST")
                .route(get().to(keys::list))
                .route(web::post().to(keys::create)),
        )
        .service(resource("/v1/keys/{name}", "DELETE").route(web::delete().to(keys::revoke)))
        .service(resource("/v1/jobs/{id}/events", "GET").route(web::get().to(events::job_events)))
        .service(
            resource("/v1/jobs/{id}/result.svg", "GET, HEAD").route(get().to(results::result_svg)),
        )
        .service(
            resource("/v1/jobs/{id}/result.png", "GET, HEAD").route(get().to(results::result_png)),
        )
        .service(
            resource("/v1/images/generations", "POST").route(web::post().to(openai::generations)),
        )
        .service(
            resource("/v1/images/generations/{form:vector|raster}", "POST")
                .route(web::post().to(openai::generations)),
        )
        .service(resource("/v1/images/vectorize", "POST").route(web::post().to(recraft::vectorize)))
        .service(resource("/v1/colors/optimize", "POST").route(web::post().to(recraft::colors)))
        .service(
            resource("/v1/svgs/generations", "POST").route(web::post().to(quiver::generations)),
        )
        .service(
            resource("/v1/svgs/vectorizations", "POST")
                .route(web::post().to(quiver::vectorizations)),
        )
        .service(resource("/v1/svgs/edits", "POST").route(web::post().to(quiver::edits)))
        .service(resource("/v1/batch", "POST").route(web::post().to(batch::create)))
        .service(resource("/v1/images/edits", "POST").route(web::post().to(openai::edits)))
        .service(resource("/v1/models", "GET, HEAD").route(get().to(openai::models)))
        .service(resource("/v1/models/{id:.*}", "GET, HEAD").route(get().to(openai::model)))
        .service(resource("/mcp", "POST").route(web::post().to(mcp::address)))
        .service(resource("/v1/system", "GET, HEAD").route(get().to(system::show)))
        .service(resource("/v1/system/events", "GET").route(web::get().to(events::system_events)))
        .service(
            resource("/v1/circuits/pipeline", "PUT").route(web::put().to(circuits::set_pipeline)),
        )
        .service(
            resource("/v1/circuits/{stage}/{backend}", "PUT").route(web::put().to(circuits::set)),
        )
        .service(resource("/healthz", "GET, HEAD").route(get().to(system::health)))
        .service(resource("/readyz", "GET, HEAD").route(get().to(system::readiness)))
        .service(resource("/metrics", "GET, HEAD").route(get().to(system::metrics)))
        .service(resource("/openapi.json", "GET, HEAD").route(get().to(page::openapi)))
        .service(resource("/", "GET, HEAD").route(get().to(page::home)))
        .service(resource("/docs", "GET, HEAD").route(get().to(page::docs)))
        .service(resource("/favicon.ico", "GET, HEAD").route(get().to(page::favicon)))
        .service(resource("/assets/{name:.*}", "GET, HEAD").route(get().to(page::asset)));
    for path in recraft::UNSERVED {
        service.service(web::resource(path).default_service(web::to(recraft::unserved)));
    }
}

/// An address that answers other methods than `allow` with 405.
fn resource(path: &'static str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move {
        Err::<&'static str, _>(Problem::method_not_allowed(allow))
    }))
}

/// GET, and HEAD with it.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// What is at no address.
pub(crate) async fn nothing_here(request: HttpRequest) -> Result<&'static str, Problem> {
    let path: String = request.path().chars().take(200).collect();
    Err(Problem::new(
        Code::NotFound,
        format!("there is nothing at {path}: /docs lists the addresses there are"),
    ))
}

/// The job that the address names.
fn job_id(request: &HttpRequest) -> Result<JobId, Problem> {
    let text = request.match_info().query("id");
    JobId::from_str(text).map_err(|_| {
        let text: String = text.chars().take(80).collect();
        Problem::new(
            Code::JobNotFound,
            format!("\"{text}\" is not the id of a job; an id is a UUID"),
        )
    })
}

/// The query parameters, each still a text, so that a refusal can name it.
fn parameters<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    web::Query::<T>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .map_err(|error| match error {
            QueryPayloadError::Deserialize(error) => {
                Problem::new(Code::InvalidParameter, error.to_string())
            }
            other => Problem::new(Code::InvalidParameter, other.to_string()),
        })
}

/// The value of a query parameter. `expected` completes "… must be".
fn parameter<T: FromStr>(
    name: &str,
    text: Option<&str>,
    expected: &str,
) -> Result<Option<T>, Problem> {
    text.map(|text| {
        text.parse().map_err(|_| {
            let text: String = text.chars().take(80).collect();
            Problem::new(
                Code::InvalidParameter,
                format!("{name} must be {expected}, \"{text}\" was given"),
            )
        })
    })
    .transpose()
}
