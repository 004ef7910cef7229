//! The bodies of `POST /v1/vectorize`, `/v1/refine` and `/v1/clean`: multipart forms.

use std::sync::Arc;

use actix_web::{HttpRequest, error::PayloadError, web::Bytes};
use chat2svg_protocol::{
    Attachment, AttachmentRole, FitLook, Ground, JobKind, JobSpec, LayerForm, LevelChoice,
    Priority, ShapeForm, StrokeForm,
};
use futures_util::Stream;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    config::WebConfig,
    input::{
        fields::{RawOptions, RawOutput, Refusals, check_limits},
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

/// How many of the first text fields, and of the last, bound and guide a fit.
const OF_FITS: (usize, usize) = (7, 1);

/// The text fields of a form: one of vectorize alone, six of it and refine, those of all, and one
/// of refine alone.
const TEXTS: [&str; 19] = [
    "background",
    "paths",
    "bytes",
    "max_paths",
    "max_bytes",
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
    "add_shapes",
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
    fn texts(self) -> &'static [&'static str] {
        match self {
            Self::Vectorize => TEXTS.split_last().map_or(&[], |(_, shared)| shared),
            Self::Refine => TEXTS.split_first().map_or(&[], |(_, shared)| shared),
            Self::Clean => {
                let (first, last) = OF_FITS;
                TEXTS.get(first..TEXTS.len() - last).unwrap_or_default()
            }
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
    let shape = FormShape {
        files: &files,
        most_files: files.len(),
        lists_files: false,
        texts: Some(kind.texts()),
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
        refusals.finish()?;
        let kind = match kind {
            UploadKind::Vectorize => JobKind::Vectorize {
                limits,
                ground,
                look: FitLook::default(),
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
