//! The tools, and what each takes.

use std::sync::Arc;

use chat2svg_protocol::ColorLimit;
use rmcp::{
    handler::server::common::{schema_for_output, schema_for_type},
    model::{JsonObject, Tool, ToolAnnotations},
    schemars::{self, JsonSchema},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    answer::Drawn,
    reading::{Cleaned, Described},
};
use crate::{
    input::{Refusals, SvgRequest, read_object},
    problem::Problem,
};

/// A picture to turn into an SVG.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VectorizeParams {
    /// The picture, PNG, JPEG or WebP: in base64, or as a data: address.
    pub(super) image: String,
    /// How many paths the result may have, 1 to 4096.
    #[serde(alias = "paths")]
    pub(super) max_paths: Option<u32>,
    /// How many bytes the SVG may have; left out, each path must be worth its bytes.
    #[serde(alias = "bytes")]
    pub(super) max_bytes: Option<u32>,
    /// The colours that the result is to have, as in CSS, such as "#ff6663": 2 to 64.
    pub(super) palette: Option<Vec<String>>,
    /// Whether it may have no others. Default false: what is near one of the colours becomes it.
    pub(super) strict_palette: Option<bool>,
    /// How many colours the result has: a number from 2 to 64, or "few" for as few as tell things
    /// apart; then there are no gradients, and nothing can be seen through.
    #[schemars(with = "Option<String>")]
    pub(super) max_colors: Option<ColorLimit>,
    /// Whether shapes may be painted with gradients. Default true.
    pub(super) gradients: Option<bool>,
    /// Whether shapes of less than a ten-thousandth of the picture are kept. Default true.
    pub(super) small_shapes: Option<bool>,
    /// What becomes of the picture's own ground: "keep" or "remove". Default "keep".
    pub(super) background: Option<String>,
    /// Varies what may vary. Default 0.
    pub(super) seed: Option<u64>,
    /// Milliseconds until the result must be there.
    pub(super) deadline_ms: Option<u64>,
    /// How much effort to spend at most: "auto", "high", "medium", "low" or "minimal".
    pub(super) level: Option<String>,
}

/// An SVG and the picture to fit it to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefineParams {
    /// The SVG to start from, as text. Its layers keep their names.
    pub(super) template: String,
    /// The picture to match, PNG, JPEG or WebP: in base64, or as a data: address.
    pub(super) target: String,
    /// How many paths the result may have, 1 to 4096.
    #[serde(alias = "paths")]
    pub(super) max_paths: Option<u32>,
    /// How many bytes the SVG may have; left out, each path must be worth its bytes.
    #[serde(alias = "bytes")]
    pub(super) max_bytes: Option<u32>,
    /// The colours that the result is to have, as in CSS, such as "#ff6663": 2 to 64.
    pub(super) palette: Option<Vec<String>>,
    /// Whether it may have no others. Default false: what is near one of the colours becomes it.
    pub(super) strict_palette: Option<bool>,
    /// Whether shapes may be added for what is new in the picture. Default false.
    pub(super) add_shapes: Option<bool>,
    /// Varies what may vary. Default 0.
    pub(super) seed: Option<u64>,
    /// Milliseconds until the result must be there.
    pub(super) deadline_ms: Option<u64>,
    /// How much effort to spend at most: "auto", "high", "medium", "low" or "minimal".
    pub(super) level: Option<String>,
}

/// An SVG.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SvgParams {
    /// The SVG as text; what is broken in it is mended where that is safe.
    pub(super) svg: String,
}

/// An SVG to mend and make safe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CleanParams {
    /// The SVG as text; what is broken in it is mended where that is safe.
    pub(super) svg: String,
    /// The colours that the result is to have, as in CSS, such as "#ff6663": 2 to 64.
    pub(super) palette: Option<Vec<String>>,
    /// Whether it may have no others. Default false: what is near one of the colours becomes it.
    pub(super) strict_palette: Option<bool>,
}

/// An SVG to show.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenderParams {
    /// The SVG as text.
    pub(super) svg: String,
    /// Width of the picture in pixels; its own when left out.
    pub(super) width: Option<u32>,
}

/// The tools, always in the same order.
pub(super) fn tools(is_local: bool) -> Vec<Tool> {
    let drawn = schema_for_output::<Drawn>;
    vec![
        tool::<SvgRequest>(
            "generate",
            "Draw a picture from words",
            "Draws an SVG with named layers from a short description in English, such as \"a red fox \
             under a green tree at sunset\".",
            is_local,
        )
        .with_raw_output_schema(drawn()),
        tool::<VectorizeParams>(
            "vectorize",
            "Turn a picture into an SVG",
            "Turns a PNG, JPEG or WebP picture into an SVG with few, smooth paths.",
            is_local,
        )
        .with_raw_output_schema(drawn()),
        tool::<RefineParams>(
            "refine",
            "Fit an SVG to a picture",
            "Changes the shapes and colours of an SVG until it looks like a picture.",
            is_local,
        )
        .with_raw_output_schema(drawn()),
        tool::<CleanParams>(
            "clean",
            "Mend an SVG and make it safe",
            "Mends broken SVG and takes out scripts, references to elsewhere and what is unknown; tells \
             what was changed.",
            is_local,
        )
        .with_raw_output_schema(schema_for_output::<Cleaned>()),
        tool::<SvgParams>(
            "describe",
            "List the layers of an SVG",
            "Tells size, layers, colours and number of shapes of an SVG.",
            is_local,
        )
        .with_raw_output_schema(schema_for_output::<Described>()),
        tool::<RenderParams>(
            "render",
            "Show an SVG as a PNG",
            "Renders an SVG, so that it can be looked at.",
            is_local,
        ),
    ]
}

fn tool<T: JsonSchema + 'static>(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    is_local: bool,
) -> Tool {
    let mut schema = schema_for_type::<T>();
    if is_local {
        tell_of_files(Arc::make_mut(&mut schema));
    }
    Tool::new(name, description, schema)
        .with_title(title)
        .with_annotations(
            ToolAnnotations::new()
                .read_only(true)
                .destructive(false)
                .idempotent(true)
                .open_world(false),
        )
}

/// Says of fields that hold files that they may name one.
fn tell_of_files(schema: &mut JsonObject) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    for name in ["image", "target", "template", "svg"] {
        let description = properties
            .get_mut(name)
            .and_then(|field| field.get_mut("description"));
        if let Some(Value::String(text)) = description {
            text.push_str(" Or the path of a file on this machine.");
        }
    }
}

/// The arguments of a call.
pub(super) fn read<T: DeserializeOwned>(arguments: &JsonObject) -> Result<T, Problem> {
    let (read, refusals) = read_noting(arguments)?;
    refusals.finish().map_err(Problem::fields)?;
    Ok(read)
}

/// As [`read`], with the fields of the wrong shape noted.
pub(super) fn read_noting<T: DeserializeOwned>(
    arguments: &JsonObject,
) -> Result<(T, Refusals), Problem> {
    let body = serde_json::to_vec(arguments).unwrap_or_default();
    read_object(&body, "the tool's schema describes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_describe_every_field() {
        for tool in tools(false) {
            let properties = tool
                .input_schema
                .get("properties")
                .and_then(Value::as_object);
            let properties = properties.expect("an object");
            assert!(!properties.is_empty(), "{}", tool.name);
            for (name, field) in properties {
                let text = field.get("description").and_then(Value::as_str);
                assert!(
                    text.is_some_and(|text| text.len() > 10),
                    "{} {name}",
                    tool.name
                );
            }
            let closed = tool.input_schema.get("additionalProperties");
            assert_eq!(closed, Some(&Value::Bool(false)), "{}", tool.name);
        }
    }

    #[test]
    fn only_a_local_host_is_told_of_files() {
        let told = |is_local: bool| serde_json::to_string(&tools(is_local)).expect("JSON");
        assert!(told(true).contains("path of a file"));
        assert!(!told(false).contains("path of a file"));
    }
}
