//! JSON bodies: read as a whole, so that a caller learns of every field that is wrong at once.

use chat2svg_protocol::nearest_name;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    input::fields::Refusals,
    problem::{Code, Problem},
};

/// Most fields that are refused by name; what is wrong beyond that is left to the next request.
const MOST_REFUSED: usize = 32;
/// Most fields that are told to mean nothing.
const MOST_TOLD: usize = 32;

/// Reads a body that should be an object such as the example. What is not JSON is a malformed
/// request; what is JSON of the wrong shape is a refused field.
pub(crate) fn parse_object<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, Problem> {
    let (request, refusals) = read_object(body, example)?;
    refusals.finish().map_err(Problem::fields)?;
    Ok(request)
}

/// As [`parse_object`], but fields of the wrong shape are left out of the value and noted, so that
/// the others can be checked, too.
pub(crate) fn read_object<T: DeserializeOwned>(
    body: &[u8],
    example: &str,
) -> Result<(T, Refusals), Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Problem::new(
            Code::MalformedJson,
            format!(
                "the body is not UTF-8 (byte {}): JSON is sent as UTF-8",
                error.valid_up_to()
            ),
        )
    })?;
    if text.trim().is_empty() {
        return Err(Problem::new(
            Code::MalformedJson,
            format!("the body is empty: send a JSON object such as {example}"),
        ));
    }
    // A list of values would pass for an object whose names are left out.
    if text.trim_start().starts_with('[') {
        return Err(Problem::field(
            "",
            format!("the body is a JSON array: send an object such as {example}"),
        ));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let first = match serde_path_to_error::deserialize(&mut json) {
        Ok(request) => {
            json.end()
                .map_err(|error| read_problem(String::new(), &error))?;
            return Ok((request, Refusals::default()));
        }
        Err(error) => error,
    };
    let (path, first) = (first.path().to_string(), first.into_inner());
    if first.is_data()
        && let Ok(Value::Object(fields)) = serde_json::from_str(text)
        && let Some(read) = without_wrong_fields(fields)
    {
        return Ok(read);
    }
    Err(read_problem(path, &first))
}

/// The fields of a body that is read as a `T` which mean nothing there, as far as they ask for
/// something: neither null nor false nor empty.
pub(crate) fn passed_over<T: DeserializeOwned>(body: &[u8]) -> Vec<String> {
    let mut paths = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    let note = |path: serde_ignored::Path<'_>| {
        // Where a field may be left out, its value stands as "?" between.
        let path = path.to_string();
        let parts: Vec<&str> = path.split('.').filter(|part| *part != "?").collect();
        paths.push(parts.join("."));
    };
    // What does not fit is refused elsewhere.
    let _: Result<T, _> = serde_ignored::deserialize(&mut json, note);
    let Ok(whole) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let asks = |path: &String| {
        let mut value = &whole;
        for part in path.split('.') {
            let found = match value {
                Value::Array(values) => part.parse().ok().and_then(|at: usize| values.get(at)),
                value => value.get(part),
            };
            match found {
                Some(found) => value = found,
                None => return true,
            }
        }
        !matches!(value, Value::Null | Value::Bool(false))
            && value.as_str() != Some("")
            && value.as_array().is_none_or(|values| !values.is_empty())
    };
    paths.retain(asks);
    paths.truncate(MOST_TOLD);
    paths
}

/// The value without the fields that do not fit it, and what is wrong with these. `None` when that
/// does not help.
fn without_wrong_fields<T: DeserializeOwned>(
    mut fields: Map<String, Value>,
) -> Option<(T, Refusals)> {
    let mut refusals = Refusals::default();
    let mut count = 0;
    loop {
        let error = match serde_path_to_error::deserialize(&Value::Object(fields.clone())) {
            // Without anything refused it is the text that was wrong, such as a name given twice.
            Ok(request) => return (count > 0).then_some((request, refusals)),
            Err(error) => error,
        };
        count += 1;
        if count > MOST_REFUSED {
            return None;
        }
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        let field = path.split(['.', '[']).next().unwrap_or_default();
        if fields.remove(field).is_some() {
            refusals.refuse(&path, with_guess(field, &message));
        } else {
            let missing = message.strip_prefix("missing field `")?.strip_suffix('`')?;
            // An empty text is refused with the other values, or is a shape that does not fit.
            if fields
                .insert(missing.to_owned(), Value::String(String::new()))
                .is_some()
            {
                return None;
            }
        }
    }
}

/// The message on an unknown field, with the name that was probably meant.
fn with_guess(field: &str, message: &str) -> String {
    // "unknown field `a`, expected one of `b`, `c`"
    if !message.starts_with("unknown field") {
        return message.to_owned();
    }
    let known = message.split('`').skip(3).step_by(2);
    match nearest_name(field, known) {
        Some(name) => format!("{message}; did you mean `{name}`?"),
        None => message.to_owned(),
    }
}

fn read_problem(path: String, error: &serde_json::Error) -> Problem {
    match error.classify() {
        serde_json::error::Category::Data => {
            let field = if path == "." || path == "?" {
                String::new()
            } else {
                path
            };
            Problem::field(field, error.to_string())
        }
        _ => Problem::new(
            Code::MalformedJson,
            format!("the body is not JSON: {error}"),
        ),
    }
}
