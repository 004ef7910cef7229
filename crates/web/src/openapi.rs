//! The OpenAPI document, gathered from the handlers.

use std::sync::LazyLock;

use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

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
