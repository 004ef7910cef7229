//! Multipart forms, read part by part within the configured sizes and time.

use std::collections::HashSet;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{HttpRequest, error::PayloadError, web::Bytes};
use chat2svg_protocol::nearest_name;
use futures_util::{Stream, StreamExt as _};

use crate::{
    config::FORM_OVERHEAD_BYTES,
    input::{
        body::{refuse_announced_excess, too_large},
        fields::Refusals,
        memory::{Body, HeldMemory},
        pace::Pace,
    },
    problem::{Code, FieldError, Problem},
    services::Shared,
};

/// Most unknown fields that are named before the rest of a form is left unread.
const MOST_UNKNOWN: usize = 16;

/// What a form may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormShape<'a> {
    /// Fields that hold files.
    pub(crate) files: &'a [&'a str],
    /// Most files.
    pub(crate) most_files: usize,
    /// Whether several files may come in one field.
    pub(crate) lists_files: bool,
    /// Fields that hold texts; `None` takes any.
    pub(crate) texts: Option<&'a [&'a str]>,
    /// Longest text, in bytes.
    pub(crate) longest_text: usize,
}

/// A form as it came.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Files by their fields.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// Texts by their fields, trimmed; an empty one means that nothing was chosen.
    pub(crate) texts: Vec<(String, String)>,
    /// The files' share of the memory for bodies.
    pub(crate) memory: HeldMemory,
    /// What is wrong with single fields.
    pub(crate) refusals: Refusals,
    /// Whether the rest was left unread, so that what is missing may be there.
    pub(crate) is_cut: bool,
}

impl Parts {
    /// The texts as a JSON object, for forms that are read like JSON bodies. A text that is no
    /// number or switch stays one, and is refused as such.
    pub(crate) fn object(&self, numbers: &[&str], switches: &[&str]) -> Vec<u8> {
        let mut object = serde_json::Map::new();
        for (name, text) in self.texts.iter().filter(|(_, text)| !text.is_empty()) {
            let number = numbers.contains(&name.as_str());
            let number = number.then(|| serde_json::from_str::<serde_json::Number>(text).ok());
            let switch = switches.contains(&name.as_str()).then(|| read_switch(text));
            let value = match (number.flatten(), switch.flatten()) {
                (Some(number), _) => number.into(),
                (None, Some(switch)) => switch.into(),
                (None, None) => text.as_str().into(),
            };
            object.insert(name.clone(), value);
        }
        serde_json::Value::Object(object).to_string().into_bytes()
    }
}

/// Whether a text says yes or no.
pub(crate) fn read_switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// Reads a form.
pub(crate) async fn read_form(
    shape: FormShape<'_>,
    request: &HttpRequest,
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    shared: &Shared,
) -> Result<Parts, Problem> {
    let limit = shared.config.max_upload_bytes * shape.most_files + FORM_OVERHEAD_BYTES;
    refuse_announced_excess(request, limit)?;
    let pace = Pace::new(&shared.config);
    let form = Multipart::new(request.headers(), pace.watch(payload));
    pace.keep(read_parts(shape, form, shared)).await
}

async fn read_parts(
    shape: FormShape<'_>,
    mut form: Multipart,
    shared: &Shared,
) -> Result<Parts, Problem> {
    let mut parts = Parts::default();
    let mut seen = HashSet::new();
    let mut unknown = 0;
    while let Some(part) = form.next().await {
        let mut part = part.map_err(|error| form_problem(&error))?;
        let sent = part.name().unwrap_or_default();
        // Clients write lists as "image[]".
        let name = match sent.strip_suffix("[]") {
            Some(name) if shape.lists_files => name.to_owned(),
            _ => sent.to_owned(),
        };
        let is_file = shape.files.contains(&name.as_str());
        let is_text = shape
            .texts
            .is_none_or(|texts| texts.contains(&name.as_str()));
        if !(seen.insert(name.clone()) || is_file && shape.lists_files) {
            return Err(Problem::field(name, "this field was sent twice"));
        }
        if is_file {
            if parts.files.len() == shape.most_files {
                let most = shape.most_files;
                return Err(Problem::field(
                    name,
                    format!("at most {most} files are taken"),
                ));
            }
            let body = read_part(&mut part, shared.config.max_upload_bytes, shared).await?;
            let (bytes, held) = body.into_parts();
            parts.memory.absorb(held);
            if bytes.is_empty() {
                parts.refusals.refuse(&name, "the file is empty");
            }
            parts.files.push((name, bytes));
        } else if is_text {
            let body = read_part(&mut part, shape.longest_text, shared).await?;
            let (bytes, _) = body.into_parts();
            match String::from_utf8(bytes) {
                Ok(text) => parts.texts.push((name, text.trim().to_owned())),
                Err(_) => parts.refusals.refuse(&name, "the value is not UTF-8"),
            }
        } else {
            refuse_unknown(&name, shape, &mut parts.refusals);
            unknown += 1;
            // Whatever it holds, no more of it is read than of a text.
            let read = read_part(&mut part, shape.longest_text, shared).await;
            if unknown > MOST_UNKNOWN || read.is_err() {
                parts.is_cut = true;
                break;
            }
        }
    }
    Ok(parts)
}

fn refuse_unknown(name: &str, shape: FormShape<'_>, refusals: &mut Refusals) {
    let texts = shape.texts.unwrap_or_default();
    let known: Vec<&str> = shape.files.iter().chain(texts).copied().collect();
    let shown: String = name.chars().take(80).collect();
    let guess = nearest_name(name, known.iter().copied())
        .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    refusals.refuse(
        &shown,
        format!("unknown field, expected one of {}{guess}", known.join(", ")),
    );
}

async fn read_part(part: &mut Field, limit: usize, shared: &Shared) -> Result<Body, Problem> {
    let mut body = shared.body_memory.body();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|error| form_problem(&error))?;
        if body.len() + chunk.len() > limit {
            let name = part.name().unwrap_or_default();
            return Err(Problem {
                errors: vec![FieldError {
                    field: name.to_owned(),
                    detail: format!("at most {limit} bytes are accepted"),
                }],
                ..too_large(limit)
            });
        }
        body.push(&chunk)?;
    }
    Ok(body)
}

fn form_problem(error: &MultipartError) -> Problem {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible => Problem::new(
            Code::UnsupportedMediaType,
            "send the files as multipart/form-data",
        ),
        other => Problem::new(
            Code::MalformedRequest,
            format!("the form could not be read: {other}"),
        ),
    }
}
