//! What is asked for, from OpenAI's names to a job's.

use actix_web::web::Bytes;
use chat2svg_palette::Palette;
use chat2svg_protocol::{
    Background, CanvasSize, JobKind, JobSpec, LevelChoice, PictureKind, Prompt, Style, printable,
};
use chat2svg_supervision::ComputePool;
use chat2svg_vector::{DecodeLimits, PictureFormat, Raster};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::error;
use utoipa::ToSchema;

use crate::{
    config::WebConfig,
    input::{LIMITS, RawOptions, Refusals, check_limits, read_wishes},
    problem::{FieldError, Problem},
};

/// Most pictures of one request.
const MAX_PICTURES: u32 = 10;
/// Most pictures so far that a stream shows.
const MAX_PARTIAL: u32 = 3;
/// Quality of a JPEG unless another is asked for.
const USUAL_QUALITY: u8 = 90;

/// The body of `POST /v1/images/generations`. What is not named here means nothing, which
/// `warnings` tells: clients send much that has no meaning for vectors.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = OpenAiImageRequest)]
pub(crate) struct GenerationRequest {
    /// What the picture shows.
    #[schema(example = "a red fox under a green tree at sunset")]
    prompt: String,
    /// Any name.
    #[serde(default)]
    model: Option<String>,
    /// How many pictures, 1 to 10; each has a seed of its own.
    #[serde(default)]
    n: Option<u32>,
    /// Width and height in pixels, e.g. "1024x1024", or their proportions, e.g. "3:2", or "auto".
    #[serde(default)]
    size: Option<String>,
    /// "auto", "high" (also "xhigh", "max" and "hd"), "medium", "low"; "standard" is "auto".
    #[serde(default)]
    quality: Option<String>,
    /// "transparent", "opaque" or "auto"; beyond OpenAI a colour as in CSS.
    #[serde(default)]
    background: Option<String>,
    /// "png", "webp", "jpeg" or "svg".
    #[serde(default, alias = "image_format")]
    output_format: Option<String>,
    /// Quality of a JPEG in percent.
    #[serde(default)]
    output_compression: Option<u8>,
    /// "b64_json" or "url". Left out, DALL·E's names get an address, all others the picture.
    #[serde(default)]
    response_format: Option<String>,
    /// A style of ours; other words are passed over.
    #[serde(default)]
    style: Option<String>,
    /// Whether the picture so far is sent as it is drawn.
    #[serde(default)]
    stream: Option<bool>,
    /// How often, 0 to 3.
    #[serde(default)]
    partial_images: Option<u32>,
    /// What the picture is, as `POST /v1/svg` takes it.
    #[serde(default)]
    #[schema(value_type = Option<PictureKind>)]
    kind: Option<String>,
    /// What must not be in the picture, with commas between the things.
    #[serde(default, alias = "negative_prompt")]
    negative: Option<String>,
    /// The colours that the picture is to have, as in CSS.
    #[serde(default)]
    palette: Option<Vec<String>>,
    /// Whether it may have no others.
    #[serde(default)]
    strict_palette: Option<bool>,
    /// How many paths the SVG may have; what shows least is left out.
    #[serde(default)]
    max_paths: Option<u32>,
    /// How many bytes the SVG may have; what shows least is left out.
    #[serde(default)]
    max_bytes: Option<u32>,
    /// Varies the arrangement; the same seed gives the same picture. Default 0.
    #[serde(default, alias = "random_seed")]
    seed: Option<u64>,
    /// Recraft's: is refused, since no text is laid out here.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    text_layout: Option<Value>,
    /// Recraft's: is refused, since no styles of one's own are kept here.
    #[serde(default)]
    style_id: Option<String>,
    /// Recraft's: is refused, since no picture is taken as a model of a style.
    #[serde(default, alias = "style_reference_urls")]
    #[schema(value_type = Option<Vec<Object>>)]
    style_references: Option<Value>,
    /// Recraft's: is refused, since a larger size can be asked for.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    upscale: Option<Value>,
    /// Recraft's: the colours that the picture is to have, and the one behind everything.
    #[serde(default)]
    controls: Option<Controls>,
    /// Milliseconds until the picture must be there.
    #[serde(default)]
    deadline_ms: Option<u64>,
}

/// Recraft's controls.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RecraftControls)]
struct Controls {
    /// The colours; those given here make a palette that is not strict.
    #[serde(default)]
    colors: Vec<ControlColor>,
    /// The colour behind everything.
    #[serde(default)]
    background_color: Option<ControlColor>,
}

/// A colour.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RecraftControlColor)]
struct ControlColor {
    /// Red, green, blue.
    rgb: [u8; 3],
}

/// The form of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Webp,
    Jpeg,
    Svg,
}

impl Format {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Png, "png"),
        (Self::Webp, "webp"),
        (Self::Jpeg, "jpeg"),
        (Self::Jpeg, "jpg"),
        (Self::Svg, "svg"),
    ];

    pub(crate) fn name(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(format, _)| *format == self)
            .map_or("png", |(_, name)| name)
    }
}

/// How the picture comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Inline,
    Url,
}

/// A request that makes sense.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// One job for each picture; at least one.
    pub(crate) specs: Vec<JobSpec>,
    /// The pictures' width and height in pixels, where they are known before.
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) is_transparent: bool,
    /// What else is to be told of every picture.
    pub(crate) notes: Vec<String>,
    /// What is done, where that is not what the words say.
    pub(crate) revised_prompt: Option<&'static str>,
    pub(crate) delivered: Delivered,
}

/// How a picture is delivered.
#[derive(Clone, Debug)]
pub(crate) struct Delivered {
    pub(crate) level: LevelChoice,
    pub(crate) format: Format,
    pub(crate) delivery: Delivery,
    pub(crate) is_streamed: bool,
    /// Pictures so far that a stream shows at the most.
    pub(crate) partial: u32,
    pub(crate) jpeg_quality: u8,
}

/// What a request says of how its pictures are delivered, not yet checked.
pub(crate) struct AskedDelivery<'a> {
    pub(crate) model: Option<&'a str>,
    pub(crate) quality: Option<&'a str>,
    pub(crate) output_format: Option<&'a str>,
    pub(crate) output_compression: Option<u8>,
    pub(crate) response_format: Option<&'a str>,
    pub(crate) stream: Option<bool>,
    pub(crate) partial_images: Option<u32>,
}

impl AskedDelivery<'_> {
    /// What makes sense; what does not has its default and is noted.
    pub(crate) fn check(&self, refusals: &mut Refusals) -> Delivered {
        let level = refusals
            .check("quality", level(self.quality))
            .unwrap_or_default();
        let format = refusals
            .check("output_format", format(self.output_format))
            .unwrap_or(Format::Png);
        let delivery = refusals
            .check("response_format", self.delivery())
            .unwrap_or(Delivery::Inline);
        if delivery == Delivery::Url && !matches!(format, Format::Svg | Format::Png) {
            refusals.refuse(
                "response_format",
                "addresses lead to svg and png: ask for one of these, or for b64_json".to_owned(),
            );
        }
        let partial = self.partial_images.unwrap_or(0);
        if partial > MAX_PARTIAL {
            let given = format!("partial_images must be 0 to {MAX_PARTIAL}, {partial} was given");
            refusals.refuse("partial_images", given);
        }
        let jpeg_quality = self.output_compression.unwrap_or(USUAL_QUALITY);
        if jpeg_quality > 100 {
            refusals.refuse(
                "output_compression",
                format!("output_compression must be 0 to 100, {jpeg_quality} was given"),
            );
        }
        Delivered {
            level,
            format,
            delivery,
            is_streamed: self.stream.unwrap_or(false),
            partial,
            jpeg_quality,
        }
    }

    fn delivery(&self) -> Result<Delivery, String> {
        let model = self.model.unwrap_or_default();
        match self.response_format {
            Some("b64_json") => Ok(Delivery::Inline),
            Some("url") => Ok(Delivery::Url),
            Some(other) => {
                let other: String = other.chars().take(40).collect();
                Err(format!(
                    "use \"b64_json\" or \"url\", \"{other}\" was given"
                ))
            }
            None if ["dall-e", "recraft"]
                .iter()
                .any(|name| model.starts_with(name)) =>
            {
                Ok(Delivery::Url)
            }
            None => Ok(Delivery::Inline),
        }
    }
}

impl GenerationRequest {
    /// Has SVGs come unless another format is asked for.
    pub(super) fn usually_svg(&mut self) {
        self.output_format.get_or_insert_with(|| "svg".to_owned());
    }

    /// The jobs asked for, or everything that is wrong.
    pub(crate) fn check(
        self,
        config: &WebConfig,
        mut refusals: Refusals,
    ) -> Result<Wanted, Vec<FieldError>> {
        let prompt = refusals.check(
            "prompt",
            Prompt::parse(&self.prompt, config.max_prompt_chars),
        );
        let n = self.n.unwrap_or(1);
        if !(1..=MAX_PICTURES).contains(&n) {
            refusals.refuse("n", format!("n must be 1 to {MAX_PICTURES}, {n} was given"));
        }
        let canvas = refusals
            .check("size", canvas(self.size.as_deref()))
            .unwrap_or_default();
        let controls = self.controls.unwrap_or_default();
        let behind = controls.background_color.map(|color| {
            let [red, green, blue] = color.rgb;
            format!("#{red:02x}{green:02x}{blue:02x}")
        });
        let background = self.background.as_deref().or(behind.as_deref());
        let background = background.map(str::trim);
        let background = background
            .filter(|text| !["auto", "opaque", ""].contains(text))
            .and_then(|text| refusals.check("background", text.parse::<Background>()));
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
        let limits = check_limits(LIMITS, self.max_paths, self.max_bytes, &mut refusals);
        let wishes = read_wishes(
            // Two of Recraft's styles are kinds here.
            self.kind.as_deref().or(match self.style.as_deref() {
                Some("icon") => Some("icon"),
                Some("logo_raster") => Some("logo"),
                _ => None,
            }),
            self.negative.as_deref(),
            limits,
            config,
            &mut refusals,
        );
        for (field, value, reason) in [
            (
                "text_layout",
                self.text_layout.as_ref(),
                "no text is laid out here: say in the prompt what is written on what",
            ),
            (
                "style_references",
                self.style_references.as_ref(),
                "no picture is taken as a model of a style here: name a style, or give a palette",
            ),
            (
                "upscale",
                self.upscale.as_ref(),
                "nothing is enlarged here: ask for a larger size, or for svg, which has every size",
            ),
        ] {
            if value.is_some_and(asks) {
                refusals.refuse(field, reason);
            }
        }
        if self.style_id.is_some() {
            let styles = Style::listed();
            let reason = format!("no styles of one's own are kept here: name a style of {styles}");
            refusals.refuse("style_id", reason);
        }
        if delivered.is_streamed && n > 1 {
            refusals.refuse("n", "a stream shows one picture".to_owned());
        }
        let options = RawOptions {
            seed: self.seed,
            deadline_ms: self.deadline_ms,
            palette: match &self.palette {
                Some(colors) => Some(Palette::parse(colors, false)),
                // One colour alone is no palette.
                None if controls.colors.len() < 2 => None,
                None => Some(Palette::new(
                    controls.colors.iter().map(|color| color.rgb),
                    false,
                )),
            },
            strict_palette: self.strict_palette,
            ..RawOptions::default()
        }
        .check(config, &mut refusals);
        if let Some(background) = wishes.background(background) {
            refusals.check("background", background.suit(options.palette.as_ref()));
        }
        refusals.finish()?;
        let prompt = prompt.ok_or_else(Vec::new)?;
        // "vivid" and "natural" are DALL·E's, and Recraft has many; two of them are kinds.
        let style = self.style.as_deref().and_then(|text| text.parse().ok());
        let is_style = style.is_some() || wishes.kind != PictureKind::default();
        let mut notes = Vec::new();
        if let Some(name) = self.style.filter(|name| !is_style && !name.is_empty()) {
            let name: String = printable(&name).chars().take(40).collect();
            let known = Style::listed();
            notes.push(format!("the style \"{name}\" is none of {known}"));
        }
        let spec = |number: u32| {
            let mut options = options.clone();
            options.seed = options.seed.wrapping_add(u64::from(number));
            options.level = delivered.level;
            JobSpec {
                kind: JobKind::Generate {
                    prompt: prompt.clone(),
                    style,
                    background,
                    canvas,
                    candidates: 1,
                    wishes: wishes.clone(),
                },
                options,
            }
        };
        Ok(Wanted {
            specs: (0..n).map(spec).collect(),
            size: Some((canvas.width(), canvas.height())),
            revised_prompt: None,
            notes,
            is_transparent: wishes.background(background) == Some(Background::Transparent),
            delivered,
        })
    }
}

impl Delivered {
    /// A PNG in the form asked for.
    pub(crate) async fn encoded(&self, png: Bytes, pool: &ComputePool) -> Result<Bytes, Problem> {
        let format = match self.format {
            Format::Png | Format::Svg => return Ok(png),
            Format::Webp => PictureFormat::Webp,
            Format::Jpeg => PictureFormat::Jpeg(self.jpeg_quality),
        };
        let work = move || {
            let raster = Raster::decode(&png, &DecodeLimits::default());
            let raster = raster.map_err(|error| error.to_string())?;
            raster.encode(format).map_err(|error| error.to_string())
        };
        let encoded = pool.run(&CancellationToken::new(), work).await?;
        encoded.map(Bytes::from).map_err(|error| {
            error!(%error, "a result could not be written in another format");
            Problem::internal()
        })
    }
}

/// Whether a value asks for something.
fn asks(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(values) => !values.is_empty(),
        _ => true,
    }
}

fn canvas(size: Option<&str>) -> Result<CanvasSize, String> {
    let text = match size.map(str::trim) {
        None | Some("auto" | "") => return Ok(CanvasSize::default()),
        Some(text) => text,
    };
    let sides = text.split_once(['x', 'X', '×']);
    let sides = sides.and_then(|(width, height)| {
        Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
    });
    if let Some(canvas) = ratio(text) {
        return Ok(canvas);
    }
    let (width, height) = sides.ok_or("give width and height in pixels, e.g. \"1024x1024\"")?;
    CanvasSize::new(width, height).map_err(|error| error.to_string())
}

/// A canvas of about a million pixels with the proportions of a text such as "3:2".
fn ratio(text: &str) -> Option<CanvasSize> {
    let (width, height) = text.split_once(':')?;
    let (width, height): (f64, f64) = (width.trim().parse().ok()?, height.trim().parse().ok()?);
    let share = width / height;
    if !(0.1..=10.0).contains(&share) {
        return None;
    }
    let side = |length: f64| length.round() as u32;
    CanvasSize::new(side(1024.0 * share.sqrt()), side(1024.0 / share.sqrt())).ok()
}

fn level(quality: Option<&str>) -> Result<LevelChoice, String> {
    let level = match quality.map(str::trim) {
        None | Some("auto" | "standard" | "") => return Ok(LevelChoice::Auto),
        Some("hd" | "xhigh" | "max") => "high",
        Some(text) => text,
    };
    level
        .parse()
        .map_err(|_| "use \"auto\", \"high\", \"medium\" or \"low\"".to_owned())
}

fn format(name: Option<&str>) -> Result<Format, String> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(Format::Png);
    };
    let mut all = Format::ALL.into_iter();
    all.find(|(_, known)| name.eq_ignore_ascii_case(known))
        .map(|(format, _)| format)
        .ok_or_else(|| "use \"png\", \"webp\", \"jpeg\" or \"svg\"".to_owned())
}
