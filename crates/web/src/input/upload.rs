//! The bodies of `POST /v1/vectorize`, `/v1/refine` and `/v1/clean`: multipart forms.

use std::sync::Arc;

use actix_web::{HttpRequest, error::PayloadError, web::Bytes};
use chat2svg_protocol::{
    Attachment, AttachmentRole, Ground, JobKind, JobSpec, LayerForm, LevelChoice, Priority,
    ShapeForm, StrokeForm,
};
use futures_util::Stream;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    config::WebConfig,
    input::{
        fields::{RawLook, RawOptions, RawOutput, Refusals, check_limits},
        memory::HeldMemory,
        parts::{FormShape, Parts, read_form, read_switch},
    },
    problem::{FieldError, Problem},
    services::Shared,
};

/// Longest text field, in bytes.
const MAX_TEXT_BYTES: usize = 2_048;

/// A picture to turn into an SVG, as a form.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document")]
pub(crate) struct VectorizeForm {
    /// The picture: PNG, JPEG or WebP.
    #[schema(value_type = String, format = Binary)]
    image: Vec<u8>,
    /// How many paths the result may have; `paths` means the same.
    #[schema(minimum = 1, maximum = 4096)]
    max_paths: Option<u32>,
    /// How many bytes the written SVG may have; left out, each path must be worth its bytes.
    /// `bytes` means the same.
    #[schema(minimum = 512, maximum = 16777216)]
    max_bytes: Option<u32>,
    /// The colours that the result is to have, as in CSS, with commas between them: 2 to 64.
    #[schema(example = "#0b3954, #ff6663, #fefffe")]
    palette: Option<String>,
    /// Whether it may have no others. Default false: what is near one of the colours becomes it.
    strict_palette: Option<bool>,
    /// How many colours the result has: 2 to 64, or "few" for as few as tell things apart; then
    /// there are no gradients, and nothing can be seen through. Left out, the picture decides.
    #[schema(value_type = Option<String>, example = "8")]
    max_colors: Option<String>,
    /// Whether shapes may be painted with gradients. Default true.
    gradients: Option<bool>,
    /// Whether shapes of less than a ten-thousandth of the picture are kept. Default true.
    small_shapes: Option<bool>,
    /// What becomes of the picture's own ground: keep, or remove. Default keep.
    background: Option<Ground>,
    /// Varies what may vary. Default 0.
    seed: Option<u64>,
    /// Milliseconds until the result must be there.
    #[schema(minimum = 50)]
    deadline_ms: Option<u64>,
    /// How much effort to spend at most: auto, high, medium, low or minimal.
    level: Option<LevelChoice>,
    /// Whether somebody waits: interactive, or batch. Default interactive.
    priority: Option<Priority>,
    /// What every id in the SVG begins with, such as "fox-"; left out, ids that are referred to end
    /// in a hash of the content, so that several results can stand in one page.
    #[schema(
        example = "fox-",
        max_length = 64,
        pattern = "^[A-Za-z_][A-Za-z0-9_-]*$"
    )]
    id_prefix: Option<String>,
    /// Whether coordinates are absolute, without transforms on groups. Default false.
    flatten_transforms: Option<bool>,
    /// Which elements shapes are: keep, primitives (rect, circle, line, polygon where one fits) or
    /// paths (nothing else). Default keep.
    #[schema(value_type = Option<ShapeForm>)]
    shapes: Option<String>,
    /// What strokes are: keep, or outline (filled areas, for cutters and lasers). Default keep.
    #[schema(value_type = Option<StrokeForm>)]
    strokes: Option<String>,
    /// How layers are marked: inkscape (with labels), or plain (as groups with ids). Default
    /// inkscape.
    #[schema(value_type = Option<LayerForm>)]
    layers: Option<String>,
    /// Whether indentation, metadata and labels are left out. Default false.
    minify: Option<bool>,
    /// Address that is told of the job's end by a signed request (Standard Webhooks); its host must
    /// be one that the service may tell.
    #[schema(example = "https://hooks.example.org/chat2svg", max_length = 2048)]
    webhook: Option<String>,
}

/// A template and the picture to fit it to, as a form.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document")]
pub(crate) struct RefineForm {
    /// The SVG to start from.
    #[schema(value_type = String, format = Binary)]
    template: Vec<u8>,
    /// The picture to match: PNG, JPEG or WebP.
    #[schema(value_type = String, format = Binary)]
    target: Vec<u8>,
    /// How many paths the result may have; `paths` means the same.
    #[schema(minimum = 1, maximum = 4096)]
    max_paths: Option<u32>,
    /// How many bytes the written SVG may have; left out, each path must be worth its bytes.
    /// `bytes` means the same.
    #[schema(minimum = 512, maximum = 16777216)]
    max_bytes: Option<u32>,
    /// The colours that the result is to have, as in CSS, with commas between them: 2 to 64.
    #[schema(example = "#0b3954, #ff6663, #fefffe")]
    palette: Option<String>,
    /// Whether it may have no others. Default false: what is near one of the colours becomes it.
    strict_palette: Option<bool>,
    /// Whether shapes may be added for what is new in the picture. Default false.
    add_shapes: Option<bool>,
    /// Varies what may vary. Default 0.
    seed: Option<u64>,
    /// Milliseconds until the result must be there.
    #[schema(minimum = 50)]
    deadline_ms: Option<u64>,
    /// How much effort to spend at most: auto, high, medium, low or minimal.
    level: Option<LevelChoice>,
    /// Whether somebody waits: interactive, or batch. Default interactive.
    priority: Option<Priority>,
    /// What every id in the SVG begins with, such as "fox-"; left out, ids that are referred to end
    /// in a hash of the content, so that several results can stand in one page.
    #[schema(
        example = "fox-",
        max_length = 64,
        pattern = "^[A-Za-z_][A-Za-z0-9_-]*$"
    )]
    id_prefix: Option<String>,
    /// Whether coordinates are absolute, without transforms on groups. Default false.
    flatten_transforms: Option<bool>,
    /// Which elements shapes are: keep, primitives (rect, circle, line, polygon where one fits) or
    /// paths (nothing else). Default keep.
    #[schema(value_type = Option<ShapeForm>)]
    shapes: Option<String>,
    /// What strokes are: keep, or outline (filled areas, for cutters and lasers). Default keep.
    #[schema(value_type = Option<StrokeForm>)]
    strokes: Option<String>,
    /// How layers are marked: inkscape (with labels), or plain (as groups with ids). Default
    /// inkscape.
    #[schema(value_type = Option<LayerForm>)]
    layers: Option<String>,
    /// Whether indentation, metadata and labels are left out. Default false.
    minify: Option<bool>,
    /// Address that is told of the job's end by a signed request (Standard Webhooks); its host must
    /// be one that the service may tell.
    #[schema(example = "https://hooks.example.org/chat2svg", max_length = 2048)]
    webhook: Option<String>,
}

/// An SVG to clean, as a form.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document")]
pub(crate) struct CleanForm {
    /// The SVG.
    #[schema(value_type = String, format = Binary)]
    svg: Vec<u8>,
    /// The colours that the result is to have, as in CSS, with commas between them: 2 to 64.
    #[schema(example = "#0b3954, #ff6663, #fefffe")]
    palette: Option<String>,
    /// Whether it may have no others. Default false: what is near one of the colours becomes it.
    strict_palette: Option<bool>,
    /// Is kept with the job; changes nothing. Default 0.
    seed: Option<u64>,
    /// Milliseconds until the result must be there.
    #[schema(minimum = 50)]
    deadline_ms: Option<u64>,
    /// Is kept with the job; changes nothing. Default auto.
    level: Option<LevelChoice>,
    /// Whether somebody waits: interactive, or batch. Default interactive.
    priority: Option<Priority>,
    /// What every id in the SVG begins with, such as "fox-"; left out, ids that are referred to end
    /// in a hash of the content, so that several results can stand in one page.
    #[schema(
        example = "fox-",
        max_length = 64,
        pattern = "^[A-Za-z_][A-Za-z0-9_-]*$"
    )]
    id_prefix: Option<String>,
    /// Whether coordinates are absolute, without transforms on groups. Default false.
    flatten_transforms: Option<bool>,
    /// Which elements shapes are: keep, primitives (rect, circle, line, polygon where one fits) or
    /// paths (nothing else). Default keep.
    #[schema(value_type = Option<ShapeForm>)]
    shapes: Option<String>,
    /// What strokes are: keep, or outline (filled areas, for cutters and lasers). Default keep.
    #[schema(value_type = Option<StrokeForm>)]
    strokes: Option<String>,
    /// How layers are marked: inkscape (with labels), or plain (as groups with ids). Default
    /// inkscape.
    #[schema(value_type = Option<LayerForm>)]
    layers: Option<String>,
    /// Whether indentation, metadata and labels are left out. Default false.
    minify: Option<bool>,
    /// Address that is told of the job's end by a signed request (Standard Webhooks); its host must
    /// be one that the service may tell.
    #[schema(example = "https://hooks.example.org/chat2svg", max_length = 2048)]
    webhook: Option<String>,
}

/// Text fields of a form that is vectorized.
const OF_VECTORIZE: [&str; 4] = ["background", "max_colors", "gradients", "small_shapes"];
/// Text fields of a form that is refined.
const OF_REFINE: [&str; 1] = ["add_shapes"];
/// Text fields of both.
const OF_FITS: [&str; 4] = ["paths", "bytes", "max_paths", "max_bytes"];
/// Text fields of every form.
const OF_ALL: [&str; 13] = [
    "palette",
    "strict_palette",
    "seed",
    "deadline_ms",
    "level",
    "priority",
    "id_prefix",
    "flatten_transforms",
    "shapes",
    "strokes",
    "layers",
    "minify",
    "webhook",
];

/// Which form it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UploadKind {
    Vectorize,
    Refine,
    Clean,
}

impl UploadKind {
    /// The files that the form must have.
    fn files(self) -> &'static [(&'static str, AttachmentRole)] {
        match self {
            Self::Vectorize => &[("image", AttachmentRole::Target)],
            Self::Refine => &[
                ("template", AttachmentRole::Template),
                ("target", AttachmentRole::Target),
            ],
            Self::Clean => &[("svg", AttachmentRole::Template)],
        }
    }

    /// The name of the field in which a file comes.
    pub(crate) fn file_name(self, role: AttachmentRole) -> &'static str {
        self.files()
            .iter()
            .find(|(_, found)| *found == role)
            .map_or("", |(name, _)| name)
    }

    /// The text fields that it may have.
    fn texts(self) -> Vec<&'static str> {
        match self {
            Self::Vectorize => [&OF_VECTORIZE[..], &OF_FITS, &OF_ALL].concat(),
            Self::Refine => [&OF_REFINE[..], &OF_FITS, &OF_ALL].concat(),
            Self::Clean => OF_ALL.to_vec(),
        }
    }
}

/// A form, read and checked; its files are as they came.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) spec: JobSpec,
    pub(crate) attachments: Vec<Attachment>,
    /// The files' share of the memory for bodies.
    pub(crate) memory: HeldMemory,
}

#[derive(Debug, Default)]
struct Texts {
    background: Option<String>,
    max_colors: Option<String>,
    gradients: Option<bool>,
    small_shapes: Option<bool>,
    paths: Option<u32>,
    bytes: Option<u32>,
    palette: Option<String>,
    strict_palette: Option<bool>,
    add_shapes: Option<bool>,
    seed: Option<u64>,
    deadline_ms: Option<u64>,
    level: Option<String>,
    priority: Option<String>,
    id_prefix: Option<String>,
    flatten_transforms: Option<bool>,
    shapes: Option<String>,
    strokes: Option<String>,
    layers: Option<String>,
    minify: Option<bool>,
    webhook: Option<String>,
}

/// Reads a form within the configured sizes and time.
pub(crate) async fn read_upload(
    kind: UploadKind,
    request: &HttpRequest,
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    shared: &Shared,
) -> Result<Upload, Problem> {
    let files: Vec<&str> = kind.files().iter().map(|(file, _)| *file).collect();
    let texts = kind.texts();
    let shape = FormShape {
        files: &files,
        most_files: files.len(),
        lists_files: false,
        texts: Some(&texts),
        longest_text: MAX_TEXT_BYTES,
    };
    let Parts {
        files,
        texts: given,
        memory,
        mut refusals,
        is_cut,
    } = read_form(shape, request, payload, shared).await?;
    let mut texts = Texts::default();
    for (name, text) in &given {
        texts.take(name, text, &mut refusals);
    }
    let mut attachments = Vec::new();
    for (name, bytes) in files {
        let role = kind.files().iter().find(|(file, _)| *file == name);
        attachments.extend(role.map(|(_, role)| Attachment {
            role: *role,
            bytes: Arc::from(bytes),
        }));
    }
    for (file, role) in kind.files() {
        let is_there = |attachment: &Attachment| attachment.role == *role;
        if !is_cut && !attachments.iter().any(is_there) {
            refusals.refuse(file, "this file is missing from the form");
        }
    }
    let spec = texts
        .into_spec(kind, &shared.config, refusals)
        .map_err(Problem::fields)?;
    Ok(Upload {
        spec,
        attachments,
        memory,
    })
}

impl Texts {
    fn take(&mut self, name: &str, text: &str, refusals: &mut Refusals) {
        if text.is_empty() {
            // An empty form field means that nothing was chosen.
            return;
        }
        match name {
            "paths" | "max_paths" => self.paths = whole(name, text, refusals),
            "bytes" | "max_bytes" => self.bytes = whole(name, text, refusals),
            "palette" => self.palette = Some(text.to_owned()),
            "strict_palette" => self.strict_palette = switch(name, text, refusals),
            "max_colors" => self.max_colors = Some(text.to_owned()),
            "gradients" => self.gradients = switch(name, text, refusals),
            "small_shapes" => self.small_shapes = switch(name, text, refusals),
            "seed" => self.seed = whole(name, text, refusals),
            "deadline_ms" => self.deadline_ms = whole(name, text, refusals),
            "background" => self.background = Some(text.to_owned()),
            "add_shapes" => self.add_shapes = switch(name, text, refusals),
            "priority" => self.priority = Some(text.to_owned()),
            "id_prefix" => self.id_prefix = Some(text.to_owned()),
            "flatten_transforms" => self.flatten_transforms = switch(name, text, refusals),
            "shapes" => self.shapes = Some(text.to_owned()),
            "strokes" => self.strokes = Some(text.to_owned()),
            "layers" => self.layers = Some(text.to_owned()),
            "minify" => self.minify = switch(name, text, refusals),
            "webhook" => self.webhook = Some(text.to_owned()),
            _ => self.level = Some(text.to_owned()),
        }
    }

    fn into_spec(
        self,
        kind: UploadKind,
        config: &WebConfig,
        mut refusals: Refusals,
    ) -> Result<JobSpec, Vec<FieldError>> {
        let limits = check_limits(("paths", "bytes"), self.paths, self.bytes, &mut refusals);
        let options = RawOptions {
            seed: self.seed,
            deadline_ms: self.deadline_ms,
            level: self.level.as_deref(),
            priority: self.priority.as_deref(),
            palette: self.palette.as_deref().map(str::parse),
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
        let ground = self.background.as_deref();
        let ground = ground.and_then(|text| refusals.check("background", text.parse::<Ground>()));
        let ground = ground.unwrap_or_default();
        let look = RawLook {
            max_colors: self.max_colors.as_deref().map(str::parse),
            gradients: self.gradients,
            small_shapes: self.small_shapes,
        }
        .check(options.palette.is_some(), &mut refusals);
        refusals.finish()?;
        let kind = match kind {
            UploadKind::Vectorize => JobKind::Vectorize {
                limits,
                ground,
                look,
            },
            UploadKind::Refine => JobKind::Refine {
                limits,
                add_shapes: self.add_shapes.unwrap_or(false),
            },
            UploadKind::Clean => JobKind::Clean,
        };
        Ok(JobSpec { kind, options })
    }
}

fn whole<T: std::str::FromStr>(name: &str, text: &str, refusals: &mut Refusals) -> Option<T> {
    refusals.check(
        name,
        text.parse().map_err(|_| {
            format!(
                "\"{}\" is not a whole number in range",
                text.chars().take(40).collect::<String>()
            )
        }),
    )
}

fn switch(name: &str, text: &str, refusals: &mut Refusals) -> Option<bool> {
    refusals.check(name, read_switch(text).ok_or("use true or false"))
}
