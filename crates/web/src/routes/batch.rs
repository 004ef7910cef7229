//! Many pictures in one request, and in one ZIP file.

use std::{io::Write as _, sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header, web, web::Bytes};
use chat2svg_protocol::{JobSpec, printable};
use chat2svg_vector::{DecodeLimits, PictureFormat, Raster};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::error;
use utoipa::ToSchema;

use super::create::expect_media_type;
use crate::{
    batch::{BatchPicture, batch_pictures},
    input::{HeldMemory, read_limited, read_object},
    openapi::SubmissionProblems,
    problem::{Code, FieldError, Problem},
    renditions::Order,
    services::Shared,
    submit::{self, Job},
};

/// Quality of a JPEG in percent.
const JPEG_QUALITY: u8 = 90;
/// The list in the ZIP file.
const LIST: &str = "pictures.json";

/// Pictures to draw.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchRequest {
    /// What each picture is: a prompt, or the fields of `POST /v1/svg` with `name` (of its file),
    /// `variants` (how many, each with a seed of its own) and `size` ("512x512").
    #[serde(default)]
    #[schema(value_type = Vec<Object>, example = json!(["a red fox", { "prompt": "an owl", "variants": 3 }]))]
    items: Vec<Value>,
    /// The same fields, for all items that do not say otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({ "style": "sticker" }))]
    usual: Option<Map<String, Value>>,
    /// svg, png, webp or jpeg. Default svg.
    #[serde(default)]
    format: Option<String>,
}

/// The form of the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Svg,
    Png,
    Picture(&'static str, PictureFormat),
}

impl Format {
    fn read(name: Option<&str>) -> Result<Self, &'static str> {
        match name {
            None | Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            Some("webp") => Ok(Self::Picture("webp", PictureFormat::Webp)),
            Some("jpeg" | "jpg") => Ok(Self::Picture("jpg", PictureFormat::Jpeg(JPEG_QUALITY))),
            Some(_) => Err("use \"svg\", \"png\", \"webp\" or \"jpeg\""),
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Picture(ending, _) => ending,
        }
    }
}

/// A picture in the list of the ZIP file.
#[derive(Debug, Default, Serialize)]
struct Listed {
    name: String,
    /// Its file, where it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The job.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    seed: u64,
    /// What is less than was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// Why it was not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Draw many pictures, and get them in one ZIP file.
///
/// Each is a job of its own; the file `pictures.json` in the ZIP file tells of each, also of those
/// that failed. How many there may be, and how many are drawn at once, is in the configuration.
/// When none could be drawn, the answer is the first one's problem.
#[utoipa::path(
    post,
    path = "/v1/batch",
    tag = "Pictures",
    operation_id = "createBatch",
    request_body = BatchRequest,
    responses(
        (status = 200, description = "A ZIP file", content_type = "application/zip", body = Vec<u8>),
        SubmissionProblems,
    )
)]
pub(crate) async fn create(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let shared = shared.into_inner();
    expect_media_type(&request, "application/json")?;
    let (body, _memory) = read_limited(&request, payload.into_inner(), &shared).await?;
    let (pictures, format) = checked(&body, &shared)?;
    let key = submit::idempotency_key(&request)?;
    let give_up = Instant::now() + shared.config.max_wait();
    let made = stream::iter(pictures.into_iter().enumerate()).map(|(number, picture)| {
        let key = key.as_ref().map(|key| format!("{key}#{number}"));
        let (shared, request) = (Arc::clone(&shared), request.clone());
        async move {
            let made = make(&request, &shared, &picture.spec, format, key, give_up).await;
            (picture, made)
        }
    });
    let made: Vec<_> = made
        .buffered(shared.config.max_batch_at_once)
        .collect()
        .await;
    let mut listed = Vec::new();
    let mut files = Vec::new();
    let mut first_problem = None;
    for (picture, made) in made {
        let seed = picture.spec.options.seed;
        let mut entry = Listed {
            name: picture.name,
            seed,
            ..Listed::default()
        };
        match made {
            Ok((job, warnings, bytes)) => {
                let file = format!("{}.{}", entry.name, format.ending());
                files.push((file.clone(), bytes));
                entry.file = Some(file);
                entry.job = Some(job);
                entry.warnings = warnings;
            }
            Err(problem) => {
                entry.error = Some(printable(&problem.detail).into_owned());
                first_problem.get_or_insert(problem);
            }
        }
        listed.push(entry);
    }
    if let (true, Some(problem)) = (files.is_empty(), first_problem) {
        return Err(problem);
    }
    let list = serde_json::to_vec_pretty(&listed).unwrap_or_default();
    files.push((LIST.to_owned(), Bytes::from(list)));
    let pool = &shared.services.compute;
    let packed = pool
        .run(&CancellationToken::new(), move || pack(&files))
        .await?;
    let packed = packed.map_err(|error| {
        error!(%error, "a ZIP file could not be written");
        Problem::internal()
    })?;
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"pictures.zip\"",
        ))
        .body(packed))
}

/// The pictures that are asked for, within the limits.
fn checked(body: &[u8], shared: &Shared) -> Result<(Vec<BatchPicture>, Format), Problem> {
    let config = &shared.config;
    let (asked, mut refusals) =
        read_object::<BatchRequest>(body, r#"{"items": ["a red fox", "an owl"]}"#)?;
    let format = refusals.check("format", Format::read(asked.format.as_deref()));
    let mut lines = Vec::new();
    for (index, item) in asked.items.into_iter().enumerate() {
        match item {
            Value::Object(fields) => lines.push((index + 1, fields)),
            Value::String(prompt) => {
                let fields = Map::from_iter([("prompt".to_owned(), prompt.into())]);
                lines.push((index + 1, fields));
            }
            _ => refusals.refuse(
                &format!("items[{index}]"),
                "give a prompt, or an object with one",
            ),
        }
    }
    if lines.is_empty() {
        refusals.refuse("items", "at least one picture must be asked for");
    }
    let most = config.max_batch_pictures;
    if lines.len() > most {
        refusals.refuse(
            "items",
            format!("at most {most} pictures are drawn at once"),
        );
    }
    refusals.finish().map_err(Problem::fields)?;
    let pictures = batch_pictures(&lines, &asked.usual.unwrap_or_default(), config);
    let pictures = pictures.map_err(|wrong| {
        let errors = wrong.into_iter().map(|detail| FieldError {
            field: "items".to_owned(),
            detail,
        });
        Problem::fields(errors.collect())
    })?;
    if pictures.len() > most {
        let found = pictures.len();
        return Err(Problem::field(
            "items",
            format!("{found} pictures are asked for with all variants, at most {most} are drawn"),
        ));
    }
    Ok((pictures, format.unwrap_or(Format::Svg)))
}

/// A picture: its job, what is less than was asked for, the file.
async fn make(
    request: &HttpRequest,
    shared: &Arc<Shared>,
    spec: &JobSpec,
    format: Format,
    key: Option<String>,
    give_up: Instant,
) -> Result<(String, Vec<String>, Bytes), Problem> {
    let admitted = loop {
        match shared.admit(request, &spec.options) {
            Ok(admitted) => break admitted,
            // The others of this batch may be what takes up the places.
            Err(problem) => {
                let is_short = matches!(problem.code, Code::Overloaded | Code::RateLimited);
                let pause = problem.retry_after.unwrap_or(Duration::from_secs(1));
                if !is_short || Instant::now() + pause > give_up {
                    return Err(problem);
                }
                tokio::time::sleep(pause).await;
            }
        }
    };
    let job = Job {
        spec: spec.clone(),
        attachments: Vec::new(),
        admitted,
        memory: HeldMemory::nothing(),
    };
    let view = submit::completed(shared, job, key).await?;
    let svg = submit::finished_svg(shared, &view).await?;
    let warnings = crate::doors::shortcomings(&view);
    let bytes = match format {
        Format::Svg => svg,
        Format::Png | Format::Picture(..) => {
            let never = CancellationToken::new();
            let order = Order::Answer(submit::due(&view));
            let png = shared.renditions.png(view.id, &svg, None, order, &never);
            let png = png.await.map_err(|problem| problem.about(view.id))?;
            encoded(png, format, shared).await?
        }
    };
    Ok((view.id.to_string(), warnings, bytes))
}

/// A PNG in the form asked for.
async fn encoded(png: Bytes, format: Format, shared: &Shared) -> Result<Bytes, Problem> {
    let Format::Picture(_, format) = format else {
        return Ok(png);
    };
    let work = move || {
        let raster = Raster::decode(&png, &DecodeLimits::default());
        let raster = raster.map_err(|error| error.to_string())?;
        raster.encode(format).map_err(|error| error.to_string())
    };
    let pool = &shared.services.compute;
    let encoded = pool.run(&CancellationToken::new(), work).await?;
    encoded.map(Bytes::from).map_err(|error| {
        error!(%error, "a result could not be written in another format");
        Problem::internal()
    })
}

/// Files in one ZIP file. The same files give the same bytes.
fn pack(files: &[(String, Bytes)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let entry = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    for (name, bytes) in files {
        archive.start_file(name.as_str(), entry)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}
