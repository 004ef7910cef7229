//! What is asked for, from Quiver's names to a job's.

use std::sync::Arc;

use chat2svg_palette::Palette;
use chat2svg_protocol::{
    Attachment, AttachmentRole, Background, CanvasSize, FitLook, Ground, JobKind, JobOptions,
    JobSpec, LevelChoice, Prompt, Style,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    config::WebConfig,
    input::{LIMITS, RawOptions, Refusals, check_limits, decoded_file, read_wishes},
    problem::FieldError,
};

/// Most SVGs of one request.
const MOST: u32 = 16;

/// Jobs that make sense.
pub(super) struct Wanted {
    /// At least one.
    pub(super) specs: Vec<JobSpec>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) is_streamed: bool,
    /// What else is to be told of each result.
    pub(super) notes: Vec<String>,
}

/// A body.
pub(super) trait Asked: DeserializeOwned {
    /// What one looks like.
    const EXAMPLE: &str;

    /// The jobs asked for, or everything that is wrong.
    fn check(self, config: &WebConfig, refusals: Refusals) -> Result<Wanted, Vec<FieldError>>;
}

/// The field in which a file comes.
pub(super) fn field_of(role: AttachmentRole) -> &'static str {
    match role {
        AttachmentRole::Template => "svg",
        AttachmentRole::Target => "image",
    }
}

/// The canvas.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = QuiverAttributes)]
struct Attributes {
    /// Its size; it begins at 0, 0.
    #[serde(default, rename = "viewBox")]
    view_box: Option<ViewBox>,
}

/// A view box.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = QuiverViewBox)]
#[serde(rename_all = "camelCase")]
struct ViewBox {
    /// 0.
    #[serde(default)]
    min_x: f64,
    /// 0.
    #[serde(default)]
    min_y: f64,
    /// Width in pixels, 16 to 4096.
    width: f64,
    /// Height in pixels, 16 to 4096.
    height: f64,
}

/// The body of `POST /v1/svgs/generations`. What is not named here means nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = QuiverGenerationRequest)]
pub(crate) struct GenerationRequest {
    /// What the picture shows.
    #[schema(example = "a red fox under a green tree at sunset")]
    prompt: String,
    /// Any name.
    #[serde(default)]
    #[serde(rename = "model")]
    _model: Option<String>,
    /// More words on how it should look.
    #[serde(default)]
    instructions: Option<String>,
    /// How many, 1 to 16; each has a seed of its own.
    #[serde(default)]
    n: Option<u32>,
    /// Are refused: no picture is taken as a model here.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    references: Option<Vec<Value>>,
    /// The canvas.
    #[serde(default)]
    attributes: Option<Attributes>,
    /// "high" (also "xhigh" and "max"), "medium", "low" or "minimal" (also "none").
    #[serde(default)]
    reasoning_effort: Option<String>,
    /// Whether events are sent.
    #[serde(default)]
    stream: Option<bool>,
    /// A style of ours; as for `POST /v1/svg`, like what follows.
    #[serde(default)]
    style: Option<String>,
    /// What is behind everything.
    #[serde(default)]
    background: Option<String>,
    /// What the picture is.
    #[serde(default)]
    kind: Option<String>,
    /// What must not be in it.
    #[serde(default)]
    negative: Option<String>,
    /// The colours that it is to have.
    #[serde(default)]
    palette: Option<Vec<String>>,
    /// Whether it may have no others.
    #[serde(default)]
    strict_palette: Option<bool>,
    /// How many paths it may have.
    #[serde(default)]
    max_paths: Option<u32>,
    /// How many bytes it may have.
    #[serde(default)]
    max_bytes: Option<u32>,
    /// Varies the arrangement. Default 0.
    #[serde(default)]
    seed: Option<u64>,
    /// Milliseconds until it must be there.
    #[serde(default)]
    deadline_ms: Option<u64>,
}

impl Asked for GenerationRequest {
    const EXAMPLE: &str = r#"{"prompt": "a red fox"}"#;

    fn check(self, config: &WebConfig, mut refusals: Refusals) -> Result<Wanted, Vec<FieldError>> {
        let words = match self.instructions.as_deref().map(str::trim) {
            None | Some("") => self.prompt.clone(),
            Some(more) => format!("{}, {more}", self.prompt.trim()),
        };
        let prompt = refusals.check("prompt", Prompt::parse(&words, config.max_prompt_chars));
        let n = self.n.unwrap_or(1);
        if !(1..=MOST).contains(&n) {
            refusals.refuse("n", format!("n must be 1 to {MOST}, {n} was given"));
        }
        let is_streamed = self.stream.unwrap_or(false);
        if is_streamed && n > 1 {
            refusals.refuse("n", "a stream shows one picture");
        }
        if self
            .references
            .is_some_and(|references| !references.is_empty())
        {
            refusals.refuse(
                "references",
                "no picture is taken as a model here: say in words what it should look like, or \
                 vectorize it",
            );
        }
        let canvas = self.attributes.and_then(|attributes| attributes.view_box);
        let canvas = canvas.and_then(|view| refusals.check("attributes.viewBox", canvas_of(&view)));
        let style = self.style.as_deref();
        let style = style.and_then(|text| refusals.check("style", text.parse::<Style>()));
        let background = self.background.as_deref();
        let background =
            background.and_then(|text| refusals.check("background", text.parse::<Background>()));
        let limits = check_limits(LIMITS, self.max_paths, self.max_bytes, &mut refusals);
        let (kind, negative) = (self.kind.as_deref(), self.negative.as_deref());
        let wishes = read_wishes(kind, negative, limits, config, &mut refusals);
        let palette = self.palette.map(|colors| Palette::parse(colors, false));
        let mut options = RawOptions {
            palette,
            strict_palette: self.strict_palette,
            ..raw(self.seed, self.deadline_ms)
        }
        .check(config, &mut refusals);
        options.level = level(self.reasoning_effort.as_deref(), &mut refusals);
        if let Some(background) = wishes.background(background) {
            refusals.check("background", background.suit(options.palette.as_ref()));
        }
        refusals.finish()?;
        let prompt = prompt.ok_or_else(Vec::new)?;
        let spec = |number: u32| JobSpec {
            kind: JobKind::Generate {
                prompt: prompt.clone(),
                style,
                background,
                canvas: canvas.unwrap_or_default(),
                candidates: 1,
                wishes: wishes.clone(),
            },
            options: JobOptions {
                seed: options.seed.wrapping_add(u64::from(number)),
                ..options.clone()
            },
        };
        Ok(Wanted {
            specs: (0..n).map(spec).collect(),
            attachments: Vec::new(),
            is_streamed,
            notes: Vec::new(),
        })
    }
}

/// The body of `POST /v1/svgs/vectorizations`. What is not named here means nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = QuiverVectorizationRequest)]
pub(crate) struct VectorizationRequest {
    /// Any name.
    #[serde(default)]
    #[serde(rename = "model")]
    _model: Option<String>,
    /// The picture: `{"base64": …}`, or `{"url": …}` with a data: address.
    #[serde(default)]
    #[schema(value_type = Object)]
    image: Option<Value>,
    /// Is refused: the whole picture is vectorized.
    #[serde(default)]
    auto_crop: Option<bool>,
    /// Is refused: an SVG has no pixels, and takes the size of the picture.
    #[serde(default)]
    target_size: Option<u32>,
    /// As for generations.
    #[serde(default)]
    reasoning_effort: Option<String>,
    /// Whether events are sent.
    #[serde(default)]
    stream: Option<bool>,
    /// What becomes of the picture's own ground: keep, or remove. Default keep.
    #[serde(default)]
    #[schema(value_type = Option<Ground>)]
    background: Option<String>,
    /// How many paths it may have.
    #[serde(default)]
    max_paths: Option<u32>,
    /// How many bytes it may have.
    #[serde(default)]
    max_bytes: Option<u32>,
    /// The colours that it is to have.
    #[serde(default)]
    palette: Option<Vec<String>>,
    /// Whether it may have no others.
    #[serde(default)]
    strict_palette: Option<bool>,
    /// Varies what may vary. Default 0.
    #[serde(default)]
    seed: Option<u64>,
    /// Milliseconds until it must be there.
    #[serde(default)]
    deadline_ms: Option<u64>,
}

impl Asked for VectorizationRequest {
    const EXAMPLE: &str = r#"{"image": {"base64": "…"}}"#;

    fn check(self, config: &WebConfig, mut refusals: Refusals) -> Result<Wanted, Vec<FieldError>> {
        let image = required("image", self.image.as_ref(), &mut refusals);
        if self.auto_crop == Some(true) {
            refusals.refuse(
                "auto_crop",
                "the whole picture is vectorized: crop it before",
            );
        }
        if self.target_size.is_some() {
            refusals.refuse(
                "target_size",
                "an SVG has no pixels, and takes the size of the picture: leave it out",
            );
        }
        let ground = self.background.as_deref();
        let ground = ground.and_then(|text| refusals.check("background", text.parse::<Ground>()));
        let limits = check_limits(LIMITS, self.max_paths, self.max_bytes, &mut refusals);
        let palette = self.palette.map(|colors| Palette::parse(colors, false));
        let mut options = RawOptions {
            palette,
            strict_palette: self.strict_palette,
            ..raw(self.seed, self.deadline_ms)
        }
        .check(config, &mut refusals);
        options.level = level(self.reasoning_effort.as_deref(), &mut refusals);
        refusals.finish()?;
        let kind = JobKind::Vectorize {
            limits,
            ground: ground.unwrap_or_default(),
            look: FitLook::default(),
        };
        Ok(Wanted {
            specs: vec![JobSpec { kind, options }],
            attachments: image
                .map(|bytes| attached(AttachmentRole::Target, bytes))
                .into_iter()
                .collect(),
            is_streamed: self.stream.unwrap_or(false),
            notes: Vec::new(),
        })
    }
}

/// The body of `POST /v1/svgs/edits`. What is not named here means nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = QuiverEditRequest)]
pub(crate) struct EditRequest {
    /// Any name.
    #[serde(default)]
    #[serde(rename = "model")]
    _model: Option<String>,
    /// What the SVG is to become. It is not followed, which is told, and may be left out.
    #[serde(default)]
    prompt: Option<String>,
    /// The SVG as text, ...
    #[serde(default)]
    svg: Option<String>,
    /// ... or as `{"base64": …}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    svg_source: Option<Value>,
    /// One picture of what it should look like.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    reference_images: Option<Vec<Value>>,
    /// Whether shapes may be added for what is new in the picture. Default false.
    #[serde(default)]
    add_shapes: Option<bool>,
    /// As for generations.
    #[serde(default)]
    reasoning_effort: Option<String>,
    /// Whether events are sent.
    #[serde(default)]
    stream: Option<bool>,
    /// How many paths it may have.
    #[serde(default)]
    max_paths: Option<u32>,
    /// How many bytes it may have.
    #[serde(default)]
    max_bytes: Option<u32>,
    /// The colours that it is to have.
    #[serde(default)]
    palette: Option<Vec<String>>,
    /// Whether it may have no others.
    #[serde(default)]
    strict_palette: Option<bool>,
    /// Varies what may vary. Default 0.
    #[serde(default)]
    seed: Option<u64>,
    /// Milliseconds until it must be there.
    #[serde(default)]
    deadline_ms: Option<u64>,
}

impl Asked for EditRequest {
    const EXAMPLE: &str = r#"{"svg": "<svg …>", "reference_images": [{"base64": "…"}]}"#;

    fn check(self, config: &WebConfig, mut refusals: Refusals) -> Result<Wanted, Vec<FieldError>> {
        let svg = match (self.svg, &self.svg_source) {
            (Some(text), None) => Some(text.into_bytes()),
            (None, source) => required("svg_source", source.as_ref(), &mut refusals),
            (Some(_), Some(_)) => {
                refusals.refuse("svg_source", "give the SVG once: here or in svg");
                None
            }
        };
        let pictures = self.reference_images.unwrap_or_default();
        let picture = match pictures.as_slice() {
            [only] => required("reference_images", Some(only), &mut refusals),
            [] => {
                refusals.refuse(
                    "reference_images",
                    "no model here changes an SVG by words: send a picture of what it should look \
                     like, and it is fitted to that",
                );
                None
            }
            _ => {
                refusals.refuse("reference_images", "one picture is taken");
                None
            }
        };
        let limits = check_limits(LIMITS, self.max_paths, self.max_bytes, &mut refusals);
        let mut options = RawOptions {
            palette: self.palette.map(|colors| Palette::parse(colors, false)),
            strict_palette: self.strict_palette,
            ..raw(self.seed, self.deadline_ms)
        }
        .check(config, &mut refusals);
        options.level = level(self.reasoning_effort.as_deref(), &mut refusals);
        refusals.finish()?;
        let kind = JobKind::Refine {
            limits,
            add_shapes: self.add_shapes.unwrap_or(false),
        };
        let is_said = self.prompt.is_some_and(|text| !text.trim().is_empty());
        let note = is_said.then_some(
            "words do not change an SVG here: it is fitted to the picture, and the prompt is not \
             followed",
        );
        let svg = svg.map(|bytes| attached(AttachmentRole::Template, bytes));
        let picture = picture.map(|bytes| attached(AttachmentRole::Target, bytes));
        Ok(Wanted {
            specs: vec![JobSpec { kind, options }],
            attachments: svg.into_iter().chain(picture).collect(),
            is_streamed: self.stream.unwrap_or(false),
            notes: note.into_iter().map(str::to_owned).collect(),
        })
    }
}

fn attached(role: AttachmentRole, bytes: Vec<u8>) -> Attachment {
    Attachment {
        role,
        bytes: Arc::from(bytes),
    }
}

fn raw<'a>(seed: Option<u64>, deadline_ms: Option<u64>) -> RawOptions<'a> {
    RawOptions {
        seed,
        deadline_ms,
        ..RawOptions::default()
    }
}

/// The file of a field that must have one.
fn required(field: &str, value: Option<&Value>, refusals: &mut Refusals) -> Option<Vec<u8>> {
    let text = match value {
        Some(Value::String(text)) => Some(text),
        Some(Value::Object(fields)) => ["base64", "url"]
            .iter()
            .find_map(|name| fields.get(*name))
            .and_then(|value| match value {
                Value::String(text) => Some(text),
                _ => None,
            }),
        _ => None,
    };
    let file = text
        .ok_or("the file is missing: give {\"base64\": …}")
        .and_then(|text| decoded_file(text));
    refusals.check(field, file)
}

fn canvas_of(view: &ViewBox) -> Result<CanvasSize, String> {
    if view.min_x != 0.0 || view.min_y != 0.0 {
        return Err("a canvas begins at 0, 0 here".to_owned());
    }
    // What is no number or out of range becomes a side that is refused.
    let side = |length: f64| length.round() as u32;
    CanvasSize::new(side(view.width), side(view.height)).map_err(|error| error.to_string())
}

fn level(effort: Option<&str>, refusals: &mut Refusals) -> LevelChoice {
    let name = match effort.map(str::trim) {
        None | Some("") => return LevelChoice::Auto,
        Some("none") => "minimal",
        Some("xhigh" | "max") => "high",
        Some(name) => name,
    };
    let read = name.parse::<LevelChoice>();
    let told = read.map_err(|_| "use \"high\", \"medium\", \"low\" or \"minimal\"");
    refusals.check("reasoning_effort", told).unwrap_or_default()
}
