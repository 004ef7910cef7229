//! The body of `POST /v1/images/edits`: a picture that is vectorised, or fitted by an SVG that
//! comes with it.

use std::sync::Arc;

use actix_web::{HttpRequest, web};
use chat2svg_protocol::{Attachment, AttachmentRole, FitLook, Ground, JobKind, JobSpec};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::told_of,
    request::{AskedDelivery, Wanted},
};
use crate::{
    input::{
        ColorList, FormShape, HeldMemory, LIMITS, RawOptions, Refusals, check_limits, decoded_file,
        media_type, passed_over, read_form, read_object, read_upload_sized,
    },
    problem::Problem,
    routes::create::expect_media_type,
    services::Shared,
};

/// Longest text field of a form, in bytes: clients send prompts of 32,000 characters.
const LONGEST_TEXT: usize = 128 << 10;
/// Fields of numbers, and of switches, in a form.
const NUMBERS: [&str; 7] = [
    "n",
    "output_compression",
    "partial_images",
    "seed",
    "deadline_ms",
    "max_paths",
    "max_bytes",
];
const SWITCHES: [&str; 3] = ["stream", "add_shapes", "strict_palette"];

/// What is said of what was done in place of what the words say.
pub(super) const VECTORIZED: &str =
    "The picture as it is, as an SVG: words do not change a picture here.";
/// As [`VECTORIZED`], where an SVG came with the picture.
pub(super) const REFINED: &str =
    "The SVG, fitted to the picture: words do not change a picture here.";

/// The body of `POST /v1/images/edits`, as JSON or as a form whose `image` fields hold files.
/// Words do not change a picture here: a picture becomes an SVG, and an SVG that comes with a
/// picture is fitted to it. What is not named here means nothing, which `warnings` tells.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = OpenAiEditRequest)]
pub(crate) struct EditRequest {
    /// A picture (PNG, JPEG or WebP), perhaps with an SVG: each in base64 or as a data: address,
    /// alone, in a list, or as `{"image_url": …}`.
    #[serde(default)]
    #[schema(value_type = Object)]
    image: Option<Value>,
    /// The same, as newer clients call it.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    images: Option<Value>,
    /// Is refused: no part of a picture can be drawn anew.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    mask: Option<Value>,
    /// What the picture is to become. It is not followed, and may be left out.
    #[serde(default)]
    #[serde(rename = "prompt")]
    _prompt: Option<String>,
    /// Any name.
    #[serde(default)]
    model: Option<String>,
    /// 1, since the same picture gives the same SVG.
    #[serde(default)]
    n: Option<u32>,
    /// Is passed over, which is told: the SVG has the picture's size.
    #[serde(default)]
    size: Option<String>,
    /// As for generations.
    #[serde(default)]
    quality: Option<String>,
    /// "opaque" or "auto"; "transparent" leaves the picture's own ground out.
    #[serde(default)]
    background: Option<String>,
    /// "png", "webp", "jpeg" or "svg".
    #[serde(default)]
    output_format: Option<String>,
    /// Quality of a JPEG in percent.
    #[serde(default)]
    output_compression: Option<u8>,
    /// As for generations.
    #[serde(default)]
    response_format: Option<String>,
    /// Whether the picture so far is sent as it is fitted.
    #[serde(default)]
    stream: Option<bool>,
    /// How often, 0 to 3.
    #[serde(default)]
    partial_images: Option<u32>,
    /// Whether shapes may be added to an SVG for what is new in the picture. Default false.
    #[serde(default)]
    add_shapes: Option<bool>,
    /// How many paths the SVG may have.
    #[serde(default)]
    max_paths: Option<u32>,
    /// How many bytes the SVG may have.
    #[serde(default)]
    max_bytes: Option<u32>,
    /// The colours that the SVG is to have, as in CSS: a list, or a text with commas in a form.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    palette: Option<ColorList>,
    /// Whether it may have no others.
    #[serde(default)]
    strict_palette: Option<bool>,
    /// Varies what may vary. Default 0.
    #[serde(default)]
    seed: Option<u64>,
    /// Milliseconds until the SVG must be there.
    #[serde(default)]
    deadline_ms: Option<u64>,
}

/// A checked request with its files.
pub(super) struct Edit {
    pub(super) wanted: Wanted,
    pub(super) attachments: Vec<Attachment>,
    pub(super) memory: HeldMemory,
}

/// Reads and checks a request.
pub(super) async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    shared: &Shared,
) -> Result<Edit, Problem> {
    let (asked, passed_over, mut files, memory, mut refusals) =
        if media_type(request) == "multipart/form-data" {
            let shape = FormShape {
                files: &["image", "mask"],
                most_files: 3,
                lists_files: true,
                texts: None,
                longest_text: LONGEST_TEXT,
            };
            let parts = read_form(shape, request, payload.into_inner(), shared).await?;
            let object = parts.object(&NUMBERS, &SWITCHES);
            let (mut asked, mut refusals) = read_object::<EditRequest>(&object, EXAMPLE)?;
            refusals.absorb(parts.refusals);
            let (images, masks): (Vec<_>, Vec<_>) = parts
                .files
                .into_iter()
                .partition(|(field, _)| field == "image");
            if !masks.is_empty() {
                asked.mask = Some(Value::Null);
            }
            let images = images.into_iter().map(|(_, bytes)| bytes).collect();
            let passed_over = passed_over::<EditRequest>(&object);
            (asked, passed_over, images, parts.memory, refusals)
        } else {
            expect_media_type(request, "application/json")?;
            let (body, memory) = read_upload_sized(request, payload.into_inner(), shared).await?;
            let (asked, refusals) = read_object::<EditRequest>(&body, EXAMPLE)?;
            let passed_over = passed_over::<EditRequest>(&body);
            (asked, passed_over, Vec::new(), memory, refusals)
        };
    for (field, value) in [("image", &asked.image), ("images", &asked.images)] {
        if let Some(value) = value {
            refusals.check(field, collect(value, &mut files));
        }
    }
    let attachments = asked.files(files, &mut refusals);
    let mut wanted = asked.check(&attachments, shared, refusals)?;
    wanted.notes.extend(told_of(&passed_over));
    Ok(Edit {
        wanted,
        attachments,
        memory,
    })
}

const EXAMPLE: &str = r#"{"image": "data:image/png;base64,…"}"#;

/// The files that a value holds.
fn collect(value: &Value, files: &mut Vec<Vec<u8>>) -> Result<(), String> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) if is_svg(text.as_bytes()) => {
            files.push(text.clone().into_bytes());
            Ok(())
        }
        Value::String(text) => {
            files.push(decoded_file(text)?);
            Ok(())
        }
        Value::Array(values) => values.iter().try_for_each(|value| collect(value, files)),
        Value::Object(fields) => {
            let known = ["image_url", "url", "b64_json", "base64"];
            match known.iter().find_map(|name| fields.get(*name)) {
                Some(value) => collect(value, files),
                None => Err(
                    "there are no stored files here: give the picture as image_url, with a data: \
                     address"
                        .to_owned(),
                ),
            }
        }
        Value::Bool(_) | Value::Number(_) => Err("this is no picture".to_owned()),
    }
}

/// Whether bytes look like the text of an SVG.
fn is_svg(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"<")
}

impl EditRequest {
    /// The files by what they are for.
    fn files(&self, files: Vec<Vec<u8>>, refusals: &mut Refusals) -> Vec<Attachment> {
        let (svgs, pictures): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| is_svg(file));
        match (pictures.len(), svgs.len()) {
            (1, 0 | 1) => {}
            (0, 0) => refusals.refuse("image", "a picture is missing"),
            (0, 1) => refusals.refuse(
                "image",
                "no model here changes an SVG by words: send with it a picture of what it should \
                 look like, and it is fitted to that; or have a new one drawn by \
                 /v1/images/generations",
            ),
            _ => refusals.refuse("image", "one picture is taken, and one SVG with it"),
        }
        if self.mask.is_some() {
            refusals.refuse(
                "mask",
                "no part of a picture can be drawn anew here: leave the mask out",
            );
        }
        let role = |role, bytes: Vec<u8>| Attachment {
            role,
            bytes: Arc::from(bytes),
        };
        let template = svgs.into_iter().take(1);
        let template = template.map(|bytes| role(AttachmentRole::Template, bytes));
        let target = pictures.into_iter().take(1);
        let target = target.map(|bytes| role(AttachmentRole::Target, bytes));
        template.chain(target).collect()
    }

    fn check(
        &self,
        attachments: &[Attachment],
        shared: &Shared,
        mut refusals: Refusals,
    ) -> Result<Wanted, Problem> {
        if self.n.is_some_and(|n| n != 1) {
            refusals.refuse("n", "n must be 1: the same picture gives the same SVG");
        }
        let delivered = AskedDelivery {
            model: self.model.as_deref(),
            quality: self.quality.as_deref(),
            output_format: self.output_format.as_deref(),
            output_compression: self.output_compression,
            response_format: self.response_format.as_deref(),
            stream: self.stream,
            partial_images: self.partial_images,
        }
        .check(&mut refusals);
        let ground = match self.background.as_deref().map(str::trim) {
            None | Some("" | "auto" | "opaque") => Ground::Keep,
            Some("transparent") => Ground::Remove,
            Some(_) => {
                refusals.refuse(
                    "background",
                    "use \"auto\" or \"opaque\", or \"transparent\", which leaves the picture's own \
                     ground out",
                );
                Ground::Keep
            }
        };
        let limits = check_limits(LIMITS, self.max_paths, self.max_bytes, &mut refusals);
        let mut options = RawOptions {
            seed: self.seed,
            deadline_ms: self.deadline_ms,
            palette: self.palette.as_ref().map(ColorList::palette),
            strict_palette: self.strict_palette,
            ..RawOptions::default()
        }
        .check(&shared.config, &mut refusals);
        options.level = delivered.level;
        let has_template = attachments
            .iter()
            .any(|file| file.role == AttachmentRole::Template);
        if has_template && ground == Ground::Remove {
            refusals.refuse(
                "background",
                "an SVG keeps the ground that it has: leave it out for a transparent background",
            );
        }
        refusals.finish().map_err(Problem::fields)?;
        let size = self.size.as_deref().map(str::trim).unwrap_or_default();
        let notes = (!matches!(size, "" | "auto"))
            .then_some("the SVG has the size of the picture, whatever size is asked for");
        let kind = if has_template {
            JobKind::Refine {
                limits,
                add_shapes: self.add_shapes.unwrap_or(false),
            }
        } else {
            JobKind::Vectorize {
                limits,
                ground,
                look: FitLook::default(),
            }
        };
        Ok(Wanted {
            specs: vec![JobSpec { kind, options }],
            size: None,
            notes: notes.into_iter().map(str::to_owned).collect(),
            is_transparent: ground == Ground::Remove,
            revised_prompt: Some(if has_template { REFINED } else { VECTORIZED }),
            delivered,
        })
    }
}
