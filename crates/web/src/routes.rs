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

/// An address of the service.
struct Address {
    /// Its path, with names in braces for what varies.
    path: &'static str,
    /// The methods that are answered there, with commas between them; others are told so.
    methods: &'static str,
    /// Adds what answers.
    with_answers: fn(Resource) -> Resource,
}

const fn at(
    path: &'static str,
    methods: &'static str,
    with_answers: fn(Resource) -> Resource,
) -> Address {
    Address {
        path,
        methods,
        with_answers,
    }
}

/// All addresses that do something. The first that fits answers.
const ADDRESSES: &[Address] = &[
    at("/v1/svg", "POST", |at| {
        at.route(web::post().to(create::svg))
    }),
    at("/v1/vectorize", "POST", |at| {
        at.route(web::post().to(create::vectorize))
    }),
    at("/v1/refine", "POST", |at| {
        at.route(web::post().to(create::refine))
    }),
    at("/v1/clean", "POST", |at| {
        at.route(web::post().to(create::clean))
    }),
    at("/v1/jobs", "GET, HEAD", |at| at.route(get().to(jobs::list))),
    at("/v1/jobs/{id}", "GET, HEAD, DELETE", |at| {
        at.route(get().to(jobs::show))
            .route(web::delete().to(jobs::delete))
    }),
    at("/v1/jobs/{id}/cancel", "POST", |at| {
        at.route(web::post().to(jobs::cancel))
    }),
    at("/v1/tokens", "POST", |at| {
        at.route(web::post().to(tokens::create))
    }),
    at("/v1/key", "GET, HEAD", |at| at.route(get().to(keys::own))),
    at("/v1/keys", "GET, HEAD, POST", |at| {
        at.route(get().to(keys::list))
            .route(web::post().to(keys::create))
    }),
    at("/v1/keys/{name}", "DELETE", |at| {
        at.route(web::delete().to(keys::revoke))
    }),
    at("/v1/jobs/{id}/events", "GET", |at| {
        at.route(web::get().to(events::job_events))
    }),
    at("/v1/jobs/{id}/result.svg", "GET, HEAD", |at| {
        at.route(get().to(results::result_svg))
    }),
    at("/v1/jobs/{id}/result.png", "GET, HEAD", |at| {
        at.route(get().to(results::result_png))
    }),
    at("/v1/images/generations", "POST", |at| {
        at.route(web::post().to(openai::generations))
    }),
    at(
        "/v1/images/generations/{form:vector|raster}",
        "POST",
        |at| at.route(web::post().to(openai::generations)),
    ),
    at("/v1/images/vectorize", "POST", |at| {
        at.route(web::post().to(recraft::vectorize))
    }),
    at("/v1/colors/optimize", "POST", |at| {
        at.route(web::post().to(recraft::colors))
    }),
    at("/v1/svgs/generations", "POST", |at| {
        at.route(web::post().to(quiver::generations))
    }),
    at("/v1/svgs/vectorizations", "POST", |at| {
        at.route(web::post().to(quiver::vectorizations))
    }),
    at("/v1/svgs/edits", "POST", |at| {
        at.route(web::post().to(quiver::edits))
    }),
    at("/v1/batch", "POST", |at| {
        at.route(web::post().to(batch::create))
    }),
    at("/v1/images/edits", "POST", |at| {
        at.route(web::post().to(openai::edits))
    }),
    at("/v1/models", "GET, HEAD", |at| {
        at.route(get().to(openai::models))
    }),
    at("/v1/models/{id:.*}", "GET, HEAD", |at| {
        at.route(get().to(openai::model))
    }),
    at("/mcp", "POST", |at| at.route(web::post().to(mcp::address))),
    at("/v1/system", "GET, HEAD", |at| {
        at.route(get().to(system::show))
    }),
    at("/v1/system/events", "GET", |at| {
        at.route(web::get().to(events::system_events))
    }),
    at("/v1/circuits/pipeline", "PUT", |at| {
        at.route(web::put().to(circuits::set_pipeline))
    }),
    at("/v1/circuits/{stage}/{backend}", "PUT", |at| {
        at.route(web::put().to(circuits::set))
    }),
    at("/healthz", "GET, HEAD", |at| {
        at.route(get().to(system::health))
    }),
    at("/readyz", "GET, HEAD", |at| {
        at.route(get().to(system::readiness))
    }),
    at("/metrics", "GET, HEAD", |at| {
        at.route(get().to(system::metrics))
    }),
    at("/openapi.json", "GET, HEAD", |at| {
        at.route(get().to(page::openapi))
    }),
    at("/", "GET, HEAD", |at| at.route(get().to(page::home))),
    at("/docs", "GET, HEAD", |at| at.route(get().to(page::docs))),
    at("/favicon.ico", "GET, HEAD", |at| {
        at.route(get().to(page::favicon))
    }),
    at("/assets/{name:.*}", "GET, HEAD", |at| {
        at.route(get().to(page::asset))
    }),
];

/// Addresses that only say that nobody here can do this.
fn unserved() -> impl Iterator<Item = (&'static str, Route)> {
    let recrafts = recraft::UNSERVED.iter();
    let recrafts = recrafts.map(|path| (*path, web::to(recraft::unserved)));
    let quivers = quiver::UNSERVED.iter();
    recrafts.chain(quivers.map(|path| (*path, web::to(quiver::unserved))))
}

/// Adds all addresses.
pub(crate) fn configure(service: &mut web::ServiceConfig) {
    for address in ADDRESSES {
        let allow = address.methods;
        let resource = web::resource(address.path).default_service(web::to(move || async move {
            Err::<&'static str, _>(Problem::method_not_allowed(allow))
        }));
        service.service((address.with_answers)(resource));
    }
    for (path, answer) in unserved() {
        service.service(web::resource(path).default_service(answer));
    }
}

/// Every path of the service with a method that is answered there, for tests that go through all
/// of them. Names in braces stand for what varies.
pub fn addresses() -> Vec<(&'static str, &'static str)> {
    let served = ADDRESSES.iter().flat_map(|address| {
        let methods = address.methods.split(", ");
        methods.map(|method| (method, address.path))
    });
    let unserved = unserved().map(|(path, _)| ("POST", path));
    served.chain(unserved).collect()
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
