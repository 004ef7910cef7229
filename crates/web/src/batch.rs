//! Lists of prompts: each line is checked like a request of its own, here for the service and for
//! the command line alike.

use std::collections::HashSet;

use chat2svg_protocol::{JobKind, JobSpec};
use serde_json::{Map, Value};

use crate::{config::WebConfig, input::svg_spec};

/// Longest part of a file's name that comes from the prompt, in characters.
const LONGEST_NAME: usize = 40;
/// Most variants of one line.
pub const MOST_VARIANTS: u32 = 100;

/// A picture to make.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchPicture {
    /// The job.
    pub spec: JobSpec,
    /// What its file is called, without an ending: letters, digits, dashes.
    pub name: String,
}

/// A line: the fields of `POST /v1/svg`, with `name` (of the file), `variants` (how many pictures,
/// each with a seed of its own) and `size` (width and height with an x between them).
pub type BatchLine = Map<String, Value>;

/// The pictures that lines ask for. What a line does not say is as in `usual`.
///
/// # Errors
/// What is wrong, with the number of each line and the field.
pub fn batch_pictures(
    lines: &[(usize, BatchLine)],
    usual: &BatchLine,
    config: &WebConfig,
) -> Result<Vec<BatchPicture>, Vec<String>> {
    let mut pictures = Vec::new();
    let mut wrong = Vec::new();
    let mut names = HashSet::new();
    for (number, line) in lines {
        match of_line(*number, line, usual, config) {
            Ok(found) => {
                for picture in found {
                    if names.insert(picture.name.clone()) {
                        pictures.push(picture);
                    } else {
                        let name = picture.name;
                        wrong.push(format!("line {number}: another is called {name}, too"));
                        break;
                    }
                }
            }
            Err(reasons) => {
                wrong.extend(
                    reasons
                        .iter()
                        .map(|reason| format!("line {number}: {reason}")),
                );
            }
        }
    }
    if wrong.is_empty() {
        Ok(pictures)
    } else {
        Err(wrong)
    }
}

fn of_line(
    number: usize,
    line: &BatchLine,
    usual: &BatchLine,
    config: &WebConfig,
) -> Result<Vec<BatchPicture>, Vec<String>> {
    let mut fields = usual.clone();
    fields.extend(line.clone());
    let mut wrong = Vec::new();
    let name = match fields.remove("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => {
            wrong.push("name must be a text".to_owned());
            None
        }
    };
    let variants = match fields.remove("variants") {
        None | Some(Value::Null) => 1,
        Some(value) => {
            let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
            count
                .filter(|count| (1..=MOST_VARIANTS).contains(count))
                .unwrap_or_else(|| {
                    wrong.push(format!("variants must be 1 to {MOST_VARIANTS}"));
                    1
                })
        }
    };
    if let Some(size) = fields.remove("size").filter(|size| !size.is_null()) {
        match sides(&size) {
            Some((width, height)) => {
                fields.insert("width".to_owned(), width.into());
                fields.insert("height".to_owned(), height.into());
            }
            None => wrong.push("size: give width and height in pixels, e.g. 512x512".to_owned()),
        }
    }
    let body = Value::Object(fields).to_string();
    let spec = svg_spec(body.as_bytes(), config).map_err(|problem| {
        if problem.errors.is_empty() {
            wrong.push(problem.detail);
        }
        for error in problem.errors {
            wrong.push(format!("{}: {}", error.field, error.detail));
        }
    });
    let (Ok(spec), true) = (spec, wrong.is_empty()) else {
        return Err(wrong);
    };
    let words = match &spec.kind {
        JobKind::Generate { prompt, .. } => prompt.as_str(),
        JobKind::Vectorize { .. } | JobKind::Refine { .. } | JobKind::Clean => "",
    };
    let stem = match name {
        Some(name) => plain(&name, usize::MAX),
        None => format!("{number:04}-{}", plain(words, LONGEST_NAME)),
    };
    let stem = match stem.trim_matches('-') {
        "" => format!("{number:04}"),
        stem => stem.to_owned(),
    };
    let picture = |variant: u32| {
        let mut spec = spec.clone();
        spec.options.seed = spec.options.seed.wrapping_add(u64::from(variant));
        let name = if variants > 1 {
            format!("{stem}-{}", variant + 1)
        } else {
            stem.clone()
        };
        BatchPicture { spec, name }
    };
    Ok((0..variants).map(picture).collect())
}

fn sides(size: &Value) -> Option<(u32, u32)> {
    let (width, height) = size.as_str()?.split_once(['x', 'X', '×'])?;
    Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
}

/// Letters, digits and dashes, so that no name leads out of a folder.
fn plain(text: &str, longest: usize) -> String {
    let mut name = String::new();
    for character in text.chars() {
        if character.is_alphanumeric() || character == '_' {
            name.extend(character.to_lowercase());
        } else if !name.ends_with('-') {
            name.push('-');
        }
        if name.chars().count() >= longest {
            break;
        }
    }
    name.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(value: Value) -> BatchLine {
        match value {
            Value::Object(fields) => fields,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn names_stay_in_their_folder() {
        for (text, name) in [
            ("a red fox!", "a-red-fox"),
            ("../../etc/passwd", "etc-passwd"),
            ("Ein Äpfel  & mehr", "ein-äpfel-mehr"),
            ("🦊", ""),
        ] {
            assert_eq!(plain(text, LONGEST_NAME), name);
        }
        assert_eq!(plain(&"a".repeat(99), 40).len(), 40);
    }

    #[test]
    fn lines_go_before_what_is_usual_and_variants_have_seeds_of_their_own() {
        let lines = [
            (
                1,
                line(json!({ "prompt": "a fox", "variants": 2, "seed": 5, "size": "64x32" })),
            ),
            (2, line(json!({ "prompt": "an owl", "name": "Owl" }))),
        ];
        let usual = line(json!({ "style": "night", "seed": 9 }));
        let found = batch_pictures(&lines, &usual, &WebConfig::default()).unwrap();
        let told: Vec<(&str, u64)> = found
            .iter()
            .map(|picture| (picture.name.as_str(), picture.spec.options.seed))
            .collect();
        assert_eq!(told, [("0001-a-fox-1", 5), ("0001-a-fox-2", 6), ("owl", 9)]);
        let kind = serde_json::to_value(&found[0].spec.kind).unwrap();
        assert_eq!(
            (&kind["style"], &kind["canvas"]["height"]),
            (&json!("night"), &json!(32))
        );
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_line() {
        let lines = [
            (3, line(json!({ "prompt": " ", "style": "baroque" }))),
            (
                4,
                line(json!({ "prompt": "x", "variants": 0, "size": "wide", "colour": "red" })),
            ),
            (5, line(json!({ "prompt": "x", "name": "a" }))),
            (6, line(json!({ "prompt": "y", "name": "A" }))),
        ];
        let wrong = batch_pictures(&lines, &BatchLine::new(), &WebConfig::default()).unwrap_err();
        let all = wrong.join("\n");
        for told in [
            "line 3: prompt",
            "line 3: style",
            "line 4: variants",
            "line 4: size",
            "line 4: colour",
            "line 6: another is called a",
        ] {
            assert!(all.contains(told), "{told} in {all}");
        }
    }
}
