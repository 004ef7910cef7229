//! The OpenAPI document, gathered from the handlers.

use serde::Serialize;
use utoipa::{
    IntoParams, IntoResponses, Modify, Number, OpenApi, ToSchema,
    openapi::{
        Object, RefOr, Schema,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{
    config::WebConfig,
    doors,
    problem::{Code, FieldError, ProblemDocument},
    routes,
    wire::Limits,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "chat2svg",
        description = "Words in, a clean, layered, editable SVG out, within the deadline that you set. \
            Errors are problem documents (RFC 9457) with a stable `code`. Every answer carries `X-Request-Id`: \
            the request's own, if it has up to 128 letters, digits and -_.: in it, else a new one. A request must name \
            a host of the service (else 421), and one that changes something must not come from another web site's \
            page (else 403). A service with keys wants one with every request but those for the page, the \
            documentation and its health (else 401), which allows what is asked (else 403); jobs of others are not \
            found. Answers to a key with a quota carry `RateLimit` and `RateLimit-Policy`. `x-limits` holds the limits of this service."
    ),
    tags(
        (name = "Pictures", description = "Ask for a picture"),
        (name = "Jobs", description = "Follow and fetch what was asked for"),
        (name = "Keys", description = "Who may call, and how often"),
        (name = "OpenAI", description = "The same pictures, as OpenAI's clients ask for them"),
        (name = "Recraft", description = "The same pictures, by Recraft's names"),
        (name = "Quiver", description = "The same pictures, as Quiver's clients ask for them"),
        (name = "System", description = "How the service stands"),
    ),
    paths(
        routes::create::svg,
        routes::create::vectorize,
        routes::create::refine,
        routes::create::clean,
        routes::batch::create,
        routes::jobs::list,
        routes::jobs::show,
        routes::jobs::cancel,
        routes::jobs::delete,
        routes::tokens::create,
        routes::events::job_events,
        routes::results::result_svg,
        routes::results::result_png,
        doors::openai::generations,
        doors::openai::edits,
        doors::openai::models,
        doors::recraft::vectorize,
        doors::recraft::colors,
        doors::quiver::generations,
        doors::quiver::vectorizations,
        doors::quiver::edits,
        doors::openai::model,
        routes::system::show,
        routes::events::system_events,
        routes::keys::own,
        routes::keys::list,
        routes::keys::create,
        routes::keys::revoke,
        routes::circuits::set,
        routes::circuits::set_pipeline,
        routes::system::health,
        routes::system::readiness,
        routes::system::metrics,
    ),
    servers((url = "/", description = "This service")),
    security((), ("bearer" = []), ("api-key" = [])),
    modifiers(&Keys),
    components(schemas(ProblemDocument, FieldError))
)]
struct Api;

/// The ways to send a key.
struct Keys;

impl Modify for Keys {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let bearer = Http::new(HttpAuthScheme::Bearer);
        let header = ApiKeyValue::new("X-API-Key");
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("api-key", SecurityScheme::ApiKey(ApiKey::Header(header)));
    }
}

/// What the headers of a request for a picture may say.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers, which are read by hand")]
pub(crate) struct SubmissionHeaders {
    /// respond-async, wait=N (seconds), or both
    #[param(rename = "Prefer", example = "wait=10")]
    prefer: Option<String>,
    /// application/json, image/svg+xml or image/png
    #[param(rename = "Accept")]
    accept: Option<String>,
    /// Makes a repeated request find the first one's job
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
}

/// The ways in which a request for a picture can go wrong.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers")]
pub(crate) enum SubmissionProblems {
    #[response(
        status = 400,
        description = "The request could not be read, or a header makes no sense",
        content_type = "application/problem+json"
    )]
    Unreadable(ProblemDocument),
    #[response(
        status = 401,
        description = "The service needs a key, or does not know this one",
        content_type = "application/problem+json"
    )]
    Unauthorized(ProblemDocument),
    #[response(
        status = 403,
        description = "The key does not allow this, or another web site made a browser send it",
        content_type = "application/problem+json"
    )]
    CrossSite(ProblemDocument),
    #[response(
        status = 406,
        description = "Results are not served in the form asked for",
        content_type = "application/problem+json"
    )]
    NotAcceptable(ProblemDocument),
    #[response(
        status = 408,
        description = "The body took too long to arrive",
        content_type = "application/problem+json"
    )]
    TooSlow(ProblemDocument),
    #[response(
        status = 409,
        description = "The job was cancelled while the request waited",
        content_type = "application/problem+json"
    )]
    Cancelled(ProblemDocument),
    #[response(
        status = 413,
        description = "The body or a file is too large",
        content_type = "application/problem+json"
    )]
    TooLarge(ProblemDocument),
    #[response(
        status = 415,
        description = "The body has the wrong content type",
        content_type = "application/problem+json"
    )]
    WrongType(ProblemDocument),
    #[response(
        status = 422,
        description = "Fields are not valid, a file cannot be used, or the Idempotency-Key belongs to another request",
        content_type = "application/problem+json"
    )]
    Refused(ProblemDocument),
    #[response(
        status = 421,
        description = "The host named is not one of the service's",
        content_type = "application/problem+json"
    )]
    UnknownHost(ProblemDocument),
    #[response(
        status = 429,
        description = "Over the key's or the client's quota, or too many requests are under way",
        content_type = "application/problem+json"
    )]
    RateLimited(ProblemDocument),
    #[response(
        status = 500,
        description = "The job failed",
        content_type = "application/problem+json"
    )]
    Failed(ProblemDocument),
    #[response(
        status = 503,
        description = "No place for another job, no memory for another body, shutting down, or a part of the service does not answer",
        content_type = "application/problem+json"
    )]
    NoPlace(ProblemDocument),
    #[response(
        status = 504,
        description = "The deadline passed before there was a result",
        content_type = "application/problem+json"
    )]
    Late(ProblemDocument),
}

/// A PNG file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes an answer")]
pub(crate) struct Png(Vec<u8>);

/// The document, with what OpenAPI has no place for: the kinds of problems, and limits in one
/// place.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    api: utoipa::openapi::OpenApi,
    #[serde(rename = "x-limits")]
    limits: Limits,
    #[serde(rename = "x-problems")]
    problems: Vec<ProblemKind>,
}

#[derive(Serialize)]
struct ProblemKind {
    code: &'static str,
    status: u16,
    title: &'static str,
}

/// The document of a service with this configuration, as JSON text.
pub(crate) fn document(config: &WebConfig) -> String {
    let mut api = Api::openapi();
    state_limits(&mut api, config);
    let document = Document {
        api,
        limits: Limits::from(config),
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
}

/// Writes the configured limits where the fields are described.
fn state_limits(api: &mut utoipa::openapi::OpenApi, config: &WebConfig) {
    let mut field = |schema: &str, field: &str, state: &dyn Fn(&mut Object)| {
        let schemas = api.components.as_mut().map(|found| &mut found.schemas);
        let found = schemas
            .and_then(|schemas| object(schemas.get_mut(schema)?))
            .and_then(|parent| object(parent.properties.get_mut(field)?));
        if let Some(found) = found {
            state(found);
        }
    };
    let longest = Number::UInt(usize::try_from(config.max_deadline_ms).unwrap_or(usize::MAX));
    let deadline = |found: &mut Object| found.maximum = Some(longest.clone());
    let file = |found: &mut Object| found.max_length = Some(config.max_upload_bytes);
    field("SvgRequest", "prompt", &|found| {
        found.max_length = Some(config.max_prompt_chars);
    });
    field("SvgRequest", "deadline_ms", &deadline);
    field("VectorizeForm", "deadline_ms", &deadline);
    field("RefineForm", "deadline_ms", &deadline);
    field("CleanForm", "deadline_ms", &deadline);
    field("CleanForm", "svg", &file);
    field("VectorizeForm", "image", &file);
    field("RefineForm", "template", &file);
    field("RefineForm", "target", &file);
    let png = api.paths.paths.get_mut("/v1/jobs/{id}/result.png");
    let parameters = png
        .and_then(|path| path.get.as_mut())
        .and_then(|get| get.parameters.as_mut());
    for parameter in parameters.into_iter().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "width"
            && let Some(width) = parameter.schema.as_mut().and_then(object)
        {
            width.maximum = Some(Number::UInt(config.max_png_width as usize));
        }
    }
}

fn object(schema: &mut RefOr<Schema>) -> Option<&mut Object> {
    match schema {
        RefOr::T(Schema::Object(object)) => Some(object),
        _ => None,
    }
}
