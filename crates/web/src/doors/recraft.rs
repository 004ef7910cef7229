//! Recraft's names: `POST /v1/images/vectorize` with its controls and `POST /v1/colors/optimize`.
//! Generations are at the address that OpenAI's clients use, which understands both. What nobody
//! here can do is said so.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chat2svg_palette::{Palette, PaletteError, Swatch, reduce};
use chat2svg_protocol::{
    Attachment, AttachmentRole, ColorLimit, FitLimits, FitLook, Ground, JobKind, JobSpec,
    PathBudget, printable,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::{address_of, now, shortcomings, told_of};
use crate::{
    input::{
        FormShape, HeldMemory, RawOptions, RawOutput, Refusals, check_files, decoded_file,
        media_type, passed_over, read_form, read_limited, read_object, read_upload_sized,
    },
    problem::{Code, Problem},
    routes::create::expect_media_type,
    services::Shared,
    submit::{self, Job},
};

/// Most colours of a request.
const MOST_COLORS: usize = 256;
/// Longest text field of a form, in bytes.
const LONGEST_TEXT: usize = 4_096;
/// Fields of numbers in a form.
const NUMBERS: [&str; 3] = ["max_num_shapes", "random_seed", "deadline_ms"];

/// Addresses of Recraft's that nobody here can serve.
pub(crate) const UNSERVED: [&str; 18] = [
    "/v1/images/imageToImage",
    "/v1/images/inpaint",
    "/v1/images/outpaint",
    "/v1/images/eraseRegion",
    "/v1/images/removeBackground",
    "/v1/images/replaceBackground",
    "/v1/images/generateBackground",
    "/v1/images/variateImage",
    "/v1/images/variations",
    "/v1/images/explore",
    "/v1/images/explore/similar",
    "/v1/images/crispUpscale",
    "/v1/images/creativeUpscale",
    "/v1/prompts/enhance",
    "/v1/styles",
    "/v1/styles/basic",
    "/v1/styles/{style_id}",
    "/v1/users/me",
];

/// Whether Recraft's clients call at this path, and are told in its shape what is wrong.
pub(super) fn is_door(path: &str) -> bool {
    path == "/v1/images/vectorize"
        || ["/v1/colors/", "/v1/prompts/", "/v1/styles", "/v1/users/"]
            .iter()
            .any(|start| path.starts_with(start))
}

/// On or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Switch {
    On,
    #[default]
    Off,
}

impl Switch {
    fn is_on(self) -> bool {
        self == Self::On
    }
}

/// How shapes lie on one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stacking {
    /// Is refused: shapes are not cut out of those below.
    CutOut,
    /// Shapes lie on those below.
    #[default]
    Hierarchical,
}

/// The body of `POST /v1/images/vectorize`, as JSON or as a form whose `image` is a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RecraftVectorizeRequest)]
pub(crate) struct VectorizeRequest {
    /// The picture as a data: address; in a form it may be the file `image` instead.
    #[serde(default)]
    image_url: Option<String>,
    /// "on" leaves as few colours as tell things apart: shades of one colour are one.
    #[serde(default)]
    color_reduction: Switch,
    /// "on" has `max_num_shapes` hold.
    #[serde(default)]
    limit_num_shapes: Option<Switch>,
    /// Most paths.
    #[serde(default)]
    max_num_shapes: Option<u32>,
    /// "off" paints without gradients. Default "on".
    #[serde(default)]
    return_gradients: Option<Switch>,
    /// "hierarchical"; "cut_out" is refused.
    #[serde(default)]
    shape_stacking: Stacking,
    /// "on" leaves out what is smaller than a ten-thousandth of the picture.
    #[serde(default)]
    small_shape_filter: Switch,
    /// The only colours: red, green, blue of each.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Vec<u8>>>)]
    strict_color_palette: Option<Value>,
    /// "on" leaves out indentation, metadata and labels.
    #[serde(default)]
    svg_compression: Switch,
    /// "url" or "b64_json". Default "url".
    #[serde(default)]
    response_format: Option<String>,
    /// Varies what may vary. Default 0.
    #[serde(default)]
    random_seed: Option<u64>,
    /// Milliseconds until the SVG must be there.
    #[serde(default)]
    deadline_ms: Option<u64>,
}

/// The answer of `POST /v1/images/vectorize`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecraftVectorized)]
pub(crate) struct Vectorized {
    /// Seconds since 1970.
    created: i64,
    /// 0: nothing is charged here.
    credits: u32,
    /// The SVG.
    image: Image,
}

/// A picture.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = RecraftImage)]
pub(crate) struct Image {
    /// The job's id.
    image_id: String,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The SVG in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    b64_json: Option<String>,
    /// What is less than was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Vectorize a picture, by Recraft's names.
#[utoipa::path(
    post,
    path = "/v1/images/vectorize",
    tag = "Recraft",
    operation_id = "recraftVectorize",
    request_body(content((VectorizeRequest = "application/json"), (VectorizeRequest = "multipart/form-data"))),
    responses(
        (status = 200, description = "The picture as SVG", body = Vectorized),
        (status = "default", description = "What went wrong", body = Refused),
    )
)]
pub(crate) async fn vectorize(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let shared = shared.into_inner();
    let Read {
        asked,
        passed_over,
        files,
        memory,
        mut refusals,
    } = read(&request, payload, &shared).await?;
    let is_inline = match asked.response_format.as_deref() {
        None | Some("url") => false,
        Some("b64_json") => true,
        Some(_) => {
            refusals.refuse("response_format", "use \"url\" or \"b64_json\"");
            false
        }
    };
    let (spec, attachment) = asked.check(files, &shared, refusals)?;
    let key = submit::idempotency_key(&request)?;
    // Before the costly part: a job that has no place need not be looked at.
    let admitted = shared.admit(&request, &spec.options)?;
    let attachments = vec![attachment];
    check_files(&shared, |_| "image", &attachments).await?;
    let job = Job {
        spec,
        attachments,
        admitted,
        memory,
    };
    let view = submit::completed(&shared, job, key).await?;
    let svg = submit::finished_svg(&shared, &view).await?;
    let mut warnings = shortcomings(&view);
    warnings.extend(told_of(&passed_over));
    let mut image = Image {
        image_id: view.id.to_string(),
        warnings,
        ..Image::default()
    };
    if is_inline {
        image.b64_json = Some(BASE64_STANDARD.encode(&svg));
    } else {
        image.url = Some(address_of(&request, &shared, view.id, "svg")?);
    }
    Ok(HttpResponse::Ok().json(Vectorized {
        created: now(),
        credits: 0,
        image,
    }))
}

/// A request as it came.
struct Read {
    asked: VectorizeRequest,
    /// Fields that mean nothing.
    passed_over: Vec<String>,
    files: Vec<Vec<u8>>,
    memory: HeldMemory,
    refusals: Refusals,
}

async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    shared: &Shared,
) -> Result<Read, Problem> {
    const EXAMPLE: &str = r#"{"image_url": "data:image/png;base64,…"}"#;
    if media_type(request) == "multipart/form-data" {
        let shape = FormShape {
            files: &["image"],
            most_files: 1,
            lists_files: false,
            texts: None,
            longest_text: LONGEST_TEXT,
        };
        let parts = read_form(shape, request, payload.into_inner(), shared).await?;
        let object = parts.object(&NUMBERS, &[]);
        let (asked, mut refusals) = read_object::<VectorizeRequest>(&object, EXAMPLE)?;
        refusals.absorb(parts.refusals);
        return Ok(Read {
            asked,
            passed_over: passed_over::<VectorizeRequest>(&object),
            files: parts.files.into_iter().map(|(_, bytes)| bytes).collect(),
            memory: parts.memory,
            refusals,
        });
    }
    expect_media_type(request, "application/json")?;
    let (body, memory) = read_upload_sized(request, payload.into_inner(), shared).await?;
    let (asked, refusals) = read_object::<VectorizeRequest>(&body, EXAMPLE)?;
    Ok(Read {
        asked,
        passed_over: passed_over::<VectorizeRequest>(&body),
        files: Vec::new(),
        memory,
        refusals,
    })
}

impl VectorizeRequest {
    fn check(
        self,
        mut files: Vec<Vec<u8>>,
        shared: &Shared,
        mut refusals: Refusals,
    ) -> Result<(JobSpec, Attachment), Problem> {
        if let Some(address) = &self.image_url {
            files.extend(refusals.check("image_url", decoded_file(address)));
        }
        if files.len() > 1 {
            refusals.refuse("image_url", "one picture is taken: leave this or image out");
        }
        if self.shape_stacking == Stacking::CutOut {
            refusals.refuse(
                "shape_stacking",
                "shapes are not cut out of those below here: use \"hierarchical\"",
            );
        }
        let is_bounded = self
            .limit_num_shapes
            .map_or(self.max_num_shapes.is_some(), Switch::is_on);
        let paths = match (is_bounded, self.max_num_shapes) {
            (false, _) => None,
            (true, Some(most)) => refusals.check("max_num_shapes", PathBudget::new(most)),
            (true, None) => {
                refusals.refuse("max_num_shapes", "say how many shapes there may be");
                None
            }
        };
        let palette = self.strict_color_palette.as_ref().map(read_palette);
        let options = RawOptions {
            seed: self.random_seed,
            deadline_ms: self.deadline_ms,
            palette: palette.and_then(|palette| match palette {
                Ok(colors) => Some(Palette::new(colors, true)),
                Err(reason) => {
                    refusals.refuse("strict_color_palette", reason);
                    None
                }
            }),
            strict_palette: Some(true),
            output: RawOutput {
                minify: Some(self.svg_compression.is_on()),
                ..RawOutput::default()
            },
            ..RawOptions::default()
        }
        .check(&shared.config, &mut refusals);
        let look = FitLook {
            gradients: self.return_gradients.is_none_or(Switch::is_on),
            small_shapes: !self.small_shape_filter.is_on(),
            colors: (self.color_reduction.is_on() && options.palette.is_none())
                .then_some(ColorLimit::Few),
        };
        let file = files.into_iter().next();
        if file.is_none() {
            refusals.refuse("image", "a picture is missing");
        }
        refusals.finish().map_err(Problem::fields)?;
        let bytes = file.ok_or_else(|| Problem::field("image", "a picture is missing"))?;
        let spec = JobSpec {
            kind: JobKind::Vectorize {
                limits: FitLimits { paths, bytes: None },
                ground: Ground::Keep,
                look,
            },
            options,
        };
        let attachment = Attachment {
            role: AttachmentRole::Target,
            bytes: Arc::from(bytes),
        };
        Ok((spec, attachment))
    }
}

/// Colours as lists of components; in a form as text.
fn read_palette(value: &Value) -> Result<Vec<[u8; 3]>, String> {
    let read = match value {
        Value::String(text) => serde_json::from_str(text),
        value => serde_json::from_value(value.clone()),
    };
    read.map_err(|error| format!("give red, green and blue of each colour, 0 to 255: {error}"))
}

/// The body of `POST /v1/colors/optimize`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RecraftColorsRequest)]
pub(crate) struct ColorsRequest {
    /// The colours, at most 256.
    #[serde(default)]
    colors: Vec<WeighedColor>,
    /// How many are to be left.
    #[serde(default)]
    num_colors_limit: Option<usize>,
}

/// A colour, and how much of it there is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RecraftColor)]
struct WeighedColor {
    /// The colour, such as "#ff6663".
    hex: String,
    /// How much of it there is, in any unit. Default 1.
    #[serde(default)]
    weight: Option<f32>,
}

/// The answer of `POST /v1/colors/optimize`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecraftColors)]
pub(crate) struct Colors {
    /// 0: nothing is charged here.
    credits: u32,
    /// What each colour becomes.
    mapping: Vec<Mapping>,
}

/// What a colour becomes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecraftMapping)]
struct Mapping {
    /// The colour.
    from: String,
    /// One of those given.
    to: String,
}

/// Few colours that stand for many, chosen as they are seen.
#[utoipa::path(
    post,
    path = "/v1/colors/optimize",
    tag = "Recraft",
    operation_id = "recraftOptimizeColors",
    request_body = ColorsRequest,
    responses(
        (status = 200, description = "What each colour becomes", body = Colors),
        (status = "default", description = "What went wrong", body = Refused),
    )
)]
pub(crate) async fn colors(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let shared = shared.into_inner();
    expect_media_type(&request, "application/json")?;
    let (body, _memory) = read_limited(&request, payload.into_inner(), &shared).await?;
    let example = r##"{"colors": [{"hex": "#ff6663"}], "num_colors_limit": 1}"##;
    let (asked, mut refusals) = read_object::<ColorsRequest>(&body, example)?;
    if asked.colors.len() > MOST_COLORS {
        refusals.refuse("colors", format!("at most {MOST_COLORS} colours are taken"));
    }
    let most = asked.num_colors_limit.unwrap_or(0);
    if most == 0 {
        refusals.refuse(
            "num_colors_limit",
            "say how many colours are to be left, 1 or more",
        );
    }
    let mut swatches = Vec::new();
    for color in asked.colors.iter().take(MOST_COLORS) {
        let read = Palette::color(&color.hex).map(|rgb| Swatch {
            color: rgb,
            weight: color.weight.unwrap_or(1.0),
        });
        swatches.extend(refusals.check::<_, PaletteError>("colors", read));
    }
    refusals.finish().map_err(Problem::fields)?;
    let work = {
        let swatches = swatches.clone();
        move || reduce(&swatches, most)
    };
    let pool = &shared.services.compute;
    let stands = pool.run(&CancellationToken::new(), work).await?;
    let hex = |index: usize| {
        let [red, green, blue] = swatches.get(index).map_or([0; 3], |swatch| swatch.color);
        format!("#{red:02x}{green:02x}{blue:02x}")
    };
    let mapping = stands.iter().enumerate().map(|(index, stand)| Mapping {
        from: hex(index),
        to: hex(*stand),
    });
    Ok(HttpResponse::Ok().json(Colors {
        credits: 0,
        mapping: mapping.collect(),
    }))
}

/// Says that nobody here can do this.
pub(crate) async fn unserved(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path: String = request.path().chars().take(80).collect();
    Err(Problem::new(
        Code::NotSupported,
        format!(
            "nothing here can do what {path} asks for: pictures are drawn by \
             /v1/images/generations and vectorized by /v1/images/vectorize"
        ),
    ))
}

/// An error as Recraft tells it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecraftError)]
pub(crate) struct Refused {
    /// The stable code of the problem.
    code: &'static str,
    /// What happened, and what to do.
    message: String,
}

/// A problem in Recraft's shape.
pub(super) fn refused(problem: &Problem) -> HttpResponse {
    let status = match problem.code {
        Code::InvalidFields => actix_web::http::StatusCode::BAD_REQUEST,
        code => code.status(),
    };
    HttpResponse::build(status).json(Refused {
        code: problem.code.name(),
        message: printable(&problem.detail).into_owned(),
    })
}
