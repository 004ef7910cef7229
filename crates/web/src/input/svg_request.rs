//! The body of `POST /v1/svg`.

use chat2svg_palette::Palette;
use chat2svg_protocol::{
    Background, CanvasSize, JobKind, JobSpec, LayerForm, LevelChoice, PictureKind, Priority,
    Prompt, ShapeForm, StrokeForm, Style,
};
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    config::WebConfig,
    input::{
        fields::{LIMITS, RawOptions, RawOutput, Refusals, check_limits, read_wishes},
        object::read_object,
    },
    problem::{FieldError, Problem},
};

/// A picture to draw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SvgRequest {
    /// What the picture shows, in words.
    #[schema(example = "a red fox under a green tree at sunset", min_length = 1)]
    pub(crate) prompt: String,
    /// Its look. Left out, the prompt decides.
    #[serde(default)]
    #[schema(value_type = Option<Style>, example = "flat")]
    pub(crate) style: Option<String>,
    /// What is behind everything: "transparent", or an opaque colour as in CSS. Left out, the
    /// prompt decides.
    #[serde(default)]
    #[schema(example = "transparent")]
    pub(crate) background: Option<String>,
    /// What the picture is: illustration (with surroundings), icon and logo (things alone, without
    /// landscape and ground), or pattern (a motif over the whole canvas). Default illustration.
    #[serde(default)]
    #[schema(value_type = Option<PictureKind>, example = "icon")]
    pub(crate) kind: Option<String>,
    /// What must not be in the picture, with commas between the things.
    #[serde(default)]
    #[schema(example = "clouds, birds")]
    pub(crate) negative: Option<String>,
    /// The colours that the picture is to have, as in CSS: 2 to 64.
    #[serde(default)]
    #[schema(example = json!(["#0b3954", "#ff6663", "#fefffe"]))]
    pub(crate) palette: Option<Vec<String>>,
    /// Whether it may have no others: gradients become bands, and nothing can be seen through.
    /// Default false: what is near one of the colours becomes it.
    #[serde(default)]
    pub(crate) strict_palette: Option<bool>,
    /// How many paths the SVG may have; what shows least is left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 4096)]
    pub(crate) max_paths: Option<u32>,
    /// How many bytes the SVG may have; what shows least is left out.
    #[serde(default)]
    #[schema(minimum = 512, maximum = 16777216)]
    pub(crate) max_bytes: Option<u32>,
    /// Varies the arrangement; the same seed gives the same picture. Default 0.
    #[serde(default)]
    pub(crate) seed: Option<u64>,
    /// Milliseconds until the picture must be there; the best so far is served then.
    #[serde(default)]
    #[schema(example = 10_000, minimum = 50)]
    pub(crate) deadline_ms: Option<u64>,
    /// How much effort to spend at most: auto (the highest that there is time for), high, medium,
    /// low or minimal.
    #[serde(default)]
    #[schema(value_type = Option<LevelChoice>, example = "auto")]
    pub(crate) level: Option<String>,
    /// Whether somebody waits: interactive, or batch, which takes what interactive jobs leave.
    /// Default interactive.
    #[serde(default)]
    #[schema(value_type = Option<Priority>, example = "interactive")]
    pub(crate) priority: Option<String>,
    /// How many first drafts are made, the best of which goes on. Default 1.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 16)]
    pub(crate) candidates: Option<u32>,
    /// Width of the canvas in pixels. Default 512, or the height when only that is given.
    #[serde(default)]
    #[schema(minimum = 16, maximum = 4096)]
    pub(crate) width: Option<u32>,
    /// Height of the canvas in pixels. Default 512, or the width when only that is given.
    #[serde(default)]
    #[schema(minimum = 16, maximum = 4096)]
    pub(crate) height: Option<u32>,
    /// What every id in the SVG begins with, such as "fox-"; left out, ids that are referred to end
    /// in a hash of the content, so that several results can stand in one page.
    #[serde(default)]
    #[schema(
        example = "fox-",
        max_length = 64,
        pattern = "^[A-Za-z_][A-Za-z0-9_-]*$"
    )]
    pub(crate) id_prefix: Option<String>,
    /// Whether coordinates are absolute, without transforms on groups. Default false.
    #[serde(default)]
    pub(crate) flatten_transforms: Option<bool>,
    /// Which elements shapes are: keep, primitives (rect, circle, line, polygon where one fits) or
    /// paths (nothing else). Default keep.
    #[serde(default)]
    #[schema(value_type = Option<ShapeForm>)]
    pub(crate) shapes: Option<String>,
    /// What strokes are: keep, or outline (filled areas, for cutters and lasers). Default keep.
    #[serde(default)]
    #[schema(value_type = Option<StrokeForm>)]
    pub(crate) strokes: Option<String>,
    /// How layers are marked: inkscape (with labels), or plain (as groups with ids). Default
    /// inkscape.
    #[serde(default)]
    #[schema(value_type = Option<LayerForm>)]
    pub(crate) layers: Option<String>,
    /// Whether indentation, metadata and labels are left out. Default false.
    #[serde(default)]
    pub(crate) minify: Option<bool>,
    /// Address that is told of the job's end by a signed request (Standard Webhooks); its host must
    /// be one that the service may tell.
    #[serde(default)]
    #[schema(example = "https://hooks.example.org/chat2svg", max_length = 2048)]
    pub(crate) webhook: Option<String>,
}

/// The job that a body asks for, or everything that is wrong with it.
pub(crate) fn svg_spec(body: &[u8], config: &WebConfig) -> Result<JobSpec, Problem> {
    let (request, refusals) = read_object::<SvgRequest>(body, r#"{"prompt": "a red fox"}"#)?;
    request.into_spec(config, refusals).map_err(Problem::fields)
}

impl SvgRequest {
    fn into_spec(
        self,
        config: &WebConfig,
        mut refusals: Refusals,
    ) -> Result<JobSpec, Vec<FieldError>> {
        let prompt = refusals.check(
            "prompt",
            Prompt::parse(&self.prompt, config.max_prompt_chars),
        );
        let style = self
            .style
            .as_deref()
            .and_then(|text| refusals.check("style", text.parse::<Style>()));
        let background = self
            .background
            .as_deref()
            .and_then(|text| refusals.check("background", text.parse::<Background>()));
        let limits = check_limits(LIMITS, self.max_paths, self.max_bytes, &mut refusals);
        let wishes = read_wishes(
            self.kind.as_deref(),
            self.negative.as_deref(),
            limits,
            config,
            &mut refusals,
        );
        let canvas = self.canvas(&mut refusals);
        let candidates = self.candidates.unwrap_or(1);
        if !(1..=WebConfig::MAX_CANDIDATES).contains(&candidates) {
            refusals.refuse(
                "candidates",
                format!(
                    "the number of candidates must be 1 to {}, {candidates} was given",
                    WebConfig::MAX_CANDIDATES
                ),
            );
        }
        let options = RawOptions {
            seed: self.seed,
            deadline_ms: self.deadline_ms,
            level: self.level.as_deref(),
            priority: self.priority.as_deref(),
            palette: self
                .palette
                .as_ref()
                .map(|colors| Palette::parse(colors, false)),
            strict_palette: self.strict_palette,
            output: RawOutput {
                id_prefix: self.id_prefix.as_deref(),
                flatten_transforms: self.flatten_transforms,
                shapes: self.shapes.as_deref(),
                strokes: self.strokes.as_deref(),
                layers: self.layers.as_deref(),
                minify: self.minify,
            },
            webhook: self.webhook.as_deref(),
        }
        .check(config, &mut refusals);
        if let Some(background) = wishes.background(background) {
            refusals.check("background", background.suit(options.palette.as_ref()));
        }
        refusals.finish()?;
        let prompt = prompt.ok_or_else(Vec::new)?;
        Ok(JobSpec {
            kind: JobKind::Generate {
                prompt,
                style,
                background,
                canvas,
                candidates,
                wishes,
            },
            options,
        })
    }

    fn canvas(&self, refusals: &mut Refusals) -> CanvasSize {
        let default = CanvasSize::default();
        let (width, height) = match (self.width, self.height) {
            (Some(width), Some(height)) => (width, height),
            (Some(side), None) | (None, Some(side)) => (side, side),
            (None, None) => return default,
        };
        let field = if CanvasSize::new(width, CanvasSize::MIN).is_err() && self.width.is_some() {
            "width"
        } else {
            "height"
        };
        refusals
            .check(field, CanvasSize::new(width, height))
            .unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    fn spec(body: &str) -> Result<JobSpec, Vec<FieldError>> {
        svg_spec(body.as_bytes(), &WebConfig::default()).map_err(|problem| problem.errors)
    }

    fn refused(body: &str) -> Vec<String> {
        spec(body)
            .unwrap_err()
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    #[test]
    fn a_prompt_alone_is_enough() {
        let spec = spec(r#"{"prompt": "  a red fox\n"}"#).unwrap();
        assert_eq!(spec.options.deadline_ms, 10_000);
        match spec.kind {
            JobKind::Generate {
                prompt,
                style,
                background,
                canvas,
                candidates,
                wishes,
            } => {
                assert!(wishes.is_default());
                assert_eq!(prompt.as_str(), "a red fox");
                assert_eq!((style, background, candidates), (None, None, 1));
                assert_eq!(canvas, CanvasSize::default());
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_side_makes_a_square() {
        match spec(r#"{"prompt": "x", "height": 100}"#).unwrap().kind {
            JobKind::Generate { canvas, .. } => {
                assert_eq!((canvas.width(), canvas.height()), (100, 100));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let body = r#"{"prompt": " \t\n ", "style": "baroque", "background": "mist", "width": 9000, "candidates": 0,
                       "deadline_ms": 1, "level": "ultra", "id_prefix": "a b", "shapes": "svg", "strokes": "thin", "layers": "no"}"#;
        assert_eq!(
            refused(body),
            [
                "prompt",
                "style",
                "background",
                "width",
                "candidates",
                "deadline_ms",
                "level",
                "id_prefix",
                "shapes",
                "strokes",
                "layers"
            ]
        );
    }

    #[test]
    fn sides_are_blamed_rightly() {
        assert_eq!(refused(r#"{"prompt": "x", "height": 1}"#), ["height"]);
        assert_eq!(refused(r#"{"prompt": "x", "width": 1}"#), ["width"]);
        assert_eq!(
            refused(r#"{"prompt": "x", "width": 64, "height": 1}"#),
            ["height"]
        );
    }

    #[test]
    fn json_of_the_wrong_shape_names_the_field() {
        let cases = [
            (r#"{"prompt": "x", "colour": "red"}"#, "colour"),
            (r#"{"prompt": 7}"#, "prompt"),
            (r#"{"prompt": "x", "seed": -1}"#, "seed"),
            (r#"{"prompt": "x", "seed": 1e40}"#, "seed"),
            (r#"{"prompt": "x", "width": "wide"}"#, "width"),
            (r#"{"style": "flat"}"#, "prompt"),
            ("[]", ""),
            (r#"["a red fox", "flat"]"#, ""),
            (" \t\n[\"a red fox\"]", ""),
            (r#"{"prompt": ["a red fox"]}"#, "prompt"),
            (r#"{"prompt": {"text": "a red fox"}}"#, "prompt"),
            ("null", ""),
        ];
        for (body, field) in cases {
            let problem = svg_spec(body.as_bytes(), &WebConfig::default()).unwrap_err();
            assert_eq!(problem.code, Code::InvalidFields, "{body}: {problem}");
            assert_eq!(problem.errors[0].field, field, "{body}: {problem}");
        }
    }

    #[test]
    fn shapes_and_values_are_refused_together_and_names_are_guessed() {
        let body =
            r#"{"style": "baroque", "colour": "red", "widht": 512, "seed": "x", "height": 1}"#;
        let errors = spec(body).unwrap_err();
        let mut fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            ["colour", "height", "prompt", "seed", "style", "widht"]
        );
        let detail = |field: &str| {
            let found = errors.iter().find(|error| error.field == field);
            found.unwrap().detail.clone()
        };
        assert!(detail("widht").contains("did you mean `width`?"));
        assert!(detail("colour").contains("expected one of"));
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let cases: [&[u8]; 6] = [
            b"",
            b"  ",
            b"{",
            b"prompt=fox",
            b"{\"prompt\": \"\xff\xfe\"}",
            b"{\"prompt\": \"x\"} trailing",
        ];
        for body in cases {
            let problem = svg_spec(body, &WebConfig::default()).unwrap_err();
            assert_eq!(problem.code, Code::MalformedJson, "{problem}");
        }
    }
}
