//! Answers in OpenAI's shapes.

use actix_web::{HttpResponse, http::StatusCode};
use chat2svg_protocol::{ResourceLevel, printable};
use serde::Serialize;
use utoipa::ToSchema;

use super::{super::now, MODEL, request::Wanted};
use crate::problem::{Code, Problem};

/// Pictures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiImages)]
pub(crate) struct Pictures {
    /// Seconds since 1970.
    created: i64,
    /// One for each picture asked for.
    data: Vec<Picture>,
    /// transparent or opaque.
    background: &'static str,
    /// As asked for.
    output_format: &'static str,
    /// The effort: auto, high, medium or low.
    quality: &'static str,
    /// Width and height in pixels, where they were asked for.
    #[schema(example = "1024x1024")]
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
}

/// A picture, as it was asked for.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = OpenAiImage)]
pub(crate) struct Picture {
    /// The job's id.
    pub(crate) image_id: String,
    /// The file in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) b64_json: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The SVG in clear, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) svg: Option<String>,
    /// What `svg` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mime_type: Option<&'static str>,
    /// What was drawn, where that is not what the words say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revised_prompt: Option<&'static str>,
    /// What is less than was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

impl Pictures {
    pub(crate) fn of(wanted: &Wanted, data: Vec<Picture>) -> Self {
        Self {
            created: now(),
            data,
            background: background(wanted),
            output_format: wanted.delivered.format.name(),
            quality: quality(wanted),
            size: wanted.size.map(|_| size(wanted)),
        }
    }
}

pub(super) fn background(wanted: &Wanted) -> &'static str {
    if wanted.is_transparent {
        "transparent"
    } else {
        "opaque"
    }
}

/// The official types know no more than these.
pub(super) fn quality(wanted: &Wanted) -> &'static str {
    match wanted.delivered.level.level() {
        None => "auto",
        Some(ResourceLevel::High) => "high",
        Some(ResourceLevel::Medium) => "medium",
        Some(ResourceLevel::Low | ResourceLevel::Minimal) => "low",
    }
}

pub(super) fn size(wanted: &Wanted) -> String {
    match wanted.size {
        Some((width, height)) => format!("{width}x{height}"),
        None => "auto".to_owned(),
    }
}

/// The list of models.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiModels)]
pub(crate) struct Models {
    /// "list".
    object: &'static str,
    /// The models.
    data: Vec<Model>,
}

impl Default for Models {
    fn default() -> Self {
        Self {
            object: "list",
            data: vec![Model::named(MODEL.to_owned())],
        }
    }
}

/// A model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiModel)]
pub(crate) struct Model {
    /// Its name.
    id: String,
    /// "model".
    object: &'static str,
    /// Seconds since 1970.
    created: i64,
    /// Whose it is.
    owned_by: &'static str,
}

impl Model {
    pub(crate) fn named(id: String) -> Self {
        Self {
            id,
            object: "model",
            created: 0,
            owned_by: MODEL,
        }
    }
}

/// An error as OpenAI tells it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiError)]
pub(crate) struct ErrorAnswer {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiErrorDetail)]
pub(crate) struct ErrorDetail {
    /// What happened, and what to do.
    message: String,
    /// The kind.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The field to blame.
    param: Option<String>,
    /// The stable code of the problem.
    code: &'static str,
}

impl ErrorAnswer {
    pub(super) fn of(problem: &Problem) -> Self {
        let kind = match status(problem.code) {
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_client_error() => "invalid_request_error",
            _ => "server_error",
        };
        let param = problem.errors.first().map(|error| error.field.clone());
        Self {
            error: ErrorDetail {
                message: printable(&problem.detail).into_owned(),
                kind,
                param: param.filter(|field| !field.is_empty()),
                code: match problem.code {
                    // The one that clients look for.
                    Code::Unauthorized => "invalid_api_key",
                    code => code.name(),
                },
            },
        }
    }
}

/// Refused fields are a bad request there.
fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidFields => StatusCode::BAD_REQUEST,
        code => code.status(),
    }
}

/// A problem in OpenAI's shape.
pub(in crate::doors) fn refused(problem: &Problem) -> HttpResponse {
    HttpResponse::build(status(problem.code)).json(ErrorAnswer::of(problem))
}
