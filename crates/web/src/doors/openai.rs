//! OpenAI's images API: `POST /v1/images/generations`, `POST /v1/images/edits` and
//! `GET /v1/models`.
//!
//! A picture is a job like any other. Names and shapes are those of the official clients; an SVG
//! comes in base64 where they look for a picture, and in clear beside it.

mod answer;
mod edits;
mod request;
mod stream;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chat2svg_protocol::JobView;
use tokio_util::sync::CancellationToken;

use crate::{
    input::{HeldMemory, check_files, passed_over, read_limited, read_object},
    problem::Problem,
    renditions::Order,
    routes::create::expect_media_type,
    services::Shared,
    submit::{self, Job},
};

use super::{address_of, shortcomings, told_of};
pub(super) use answer::refused;
use answer::{Model, Models, Picture, Pictures};
use edits::EditRequest;
use request::{Delivery, Format, GenerationRequest, Wanted};

/// What the service is called among models.
pub(crate) const MODEL: &str = "chat2svg";

/// Whether OpenAI's clients call at this path, and are told in its shape what is wrong.
pub(super) fn is_door(path: &str) -> bool {
    path.starts_with("/v1/images/") || path.starts_with("/v1/models")
}

/// Draw pictures from words, as OpenAI's clients ask for it, and Recraft's.
///
/// Any model name is taken. `output_format` may be `svg` beside `png`, `webp` and `jpeg`; an SVG
/// comes base64-encoded in `b64_json` and in clear in `svg`. `seed` and `deadline_ms` are taken as
/// `POST /v1/svg` takes them, and so is a `style` of ours. With `stream` the picture so far comes
/// as server-sent events. Errors have OpenAI's shape. Recraft's `negative_prompt`, `random_seed`,
/// `controls` and `image_format` are understood, too; `/v1/images/generations/vector` answers with
/// SVGs unless told otherwise.
#[utoipa::path(
    post,
    path = "/v1/images/generations",
    tag = "OpenAI",
    operation_id = "createImage",
    request_body = GenerationRequest,
    responses(
        (status = 200, description = "The pictures", body = Pictures),
        (status = "default", description = "What went wrong", body = answer::ErrorAnswer),
    )
)]
pub(crate) async fn generations(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    generate(&request, payload, &shared.into_inner()).await
}

/// Turn a picture into an SVG, or fit an SVG to it, as OpenAI's clients ask for edits.
///
/// A picture is vectorized; an SVG that comes with it is fitted to it. Words do not change a
/// picture here, which `revised_prompt` says; an SVG without a picture and a mask are refused.
/// Formats, streams and errors are those of generations. Takes a form with files, or JSON with
/// files in base64 or as data: addresses.
#[utoipa::path(
    post,
    path = "/v1/images/edits",
    tag = "OpenAI",
    operation_id = "createImageEdit",
    request_body(content((EditRequest = "application/json"), (EditRequest = "multipart/form-data"))),
    responses(
        (status = 200, description = "The picture", body = Pictures),
        (status = "default", description = "What went wrong", body = answer::ErrorAnswer),
    )
)]
pub(crate) async fn edits(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    edit(&request, payload, &shared.into_inner()).await
}

/// The models there are: one.
#[utoipa::path(
    get,
    path = "/v1/models",
    tag = "OpenAI",
    operation_id = "listModels",
    responses((status = 200, description = "The models", body = Models))
)]
pub(crate) async fn models() -> HttpResponse {
    HttpResponse::Ok().json(Models::default())
}

/// A model by its name. Whatever the name, it is served by the same pipeline.
#[utoipa::path(
    get,
    path = "/v1/models/{id}",
    tag = "OpenAI",
    operation_id = "retrieveModel",
    params(("id" = String, Path, description = "Any name")),
    responses((status = 200, description = "The model", body = Model))
)]
pub(crate) async fn model(request: HttpRequest) -> HttpResponse {
    let name: String = request.match_info().query("id").chars().take(200).collect();
    HttpResponse::Ok().json(Model::named(name))
}

async fn generate(
    request: &HttpRequest,
    payload: web::Payload,
    shared: &Arc<Shared>,
) -> Result<HttpResponse, Problem> {
    expect_media_type(request, "application/json")?;
    let (body, memory) = read_limited(request, payload.into_inner(), shared).await?;
    let (asked, refusals) = read_object::<GenerationRequest>(&body, r#"{"prompt": "a red fox"}"#)?;
    let mut asked = asked;
    if request.path().ends_with("/vector") {
        asked.usually_svg();
    }
    let mut wanted = asked
        .check(&shared.config, refusals)
        .map_err(Problem::fields)?;
    let passed_over = passed_over::<GenerationRequest>(&body);
    wanted.notes.extend(told_of(&passed_over));
    let mut jobs = Vec::new();
    let mut memory = Some(memory);
    for spec in &wanted.specs {
        jobs.push(Job {
            spec: spec.clone(),
            attachments: Vec::new(),
            admitted: shared.admit(request, &spec.options)?,
            // One body for all; it is let go of with the first.
            memory: memory.take().unwrap_or_else(HeldMemory::nothing),
        });
    }
    drawn(request, shared, wanted, jobs).await
}

async fn edit(
    request: &HttpRequest,
    payload: web::Payload,
    shared: &Arc<Shared>,
) -> Result<HttpResponse, Problem> {
    let edits::Edit {
        wanted,
        attachments,
        memory,
    } = edits::read(request, payload, shared).await?;
    let Some(spec) = wanted.specs.first().cloned() else {
        return Err(Problem::internal());
    };
    // Before the costly part: a job that has no place need not be looked at.
    let admitted = shared.admit(request, &spec.options)?;
    check_files(shared, |_| "image", &attachments).await?;
    let job = Job {
        spec,
        attachments,
        admitted,
        memory,
    };
    drawn(request, shared, wanted, vec![job]).await
}

/// Hands the jobs over and answers with their pictures, or with the stream of the only one.
async fn drawn(
    request: &HttpRequest,
    shared: &Arc<Shared>,
    wanted: Wanted,
    mut jobs: Vec<Job>,
) -> Result<HttpResponse, Problem> {
    let key = submit::idempotency_key(request)?;
    if wanted.delivered.is_streamed
        && let Some(job) = jobs.pop()
    {
        return stream::answer(request, shared, wanted, key, job).await;
    }
    let ended = jobs.into_iter().enumerate().map(|(number, job)| {
        let key = key.as_ref().map(|key| format!("{key}#{number}"));
        submit::completed(shared, job, key)
    });
    let mut data = Vec::new();
    for view in futures_util::future::try_join_all(ended).await? {
        data.push(picture(request, shared, &view, &wanted).await?);
    }
    Ok(HttpResponse::Ok().json(Pictures::of(&wanted, data)))
}

/// A job's result as it was asked for.
async fn picture(
    request: &HttpRequest,
    shared: &Arc<Shared>,
    view: &JobView,
    wanted: &Wanted,
) -> Result<Picture, Problem> {
    let svg = submit::finished_svg(shared, view).await?;
    let delivered = &wanted.delivered;
    let mut warnings = shortcomings(view);
    warnings.extend(wanted.notes.iter().cloned());
    let mut picture = Picture {
        image_id: view.id.to_string(),
        revised_prompt: wanted.revised_prompt,
        warnings,
        ..Picture::default()
    };
    if delivered.format == Format::Svg {
        picture.svg = Some(String::from_utf8_lossy(&svg).into_owned());
        picture.mime_type = Some("image/svg+xml");
    }
    if delivered.delivery == Delivery::Url {
        let ending = if delivered.format == Format::Svg {
            "svg"
        } else {
            "png"
        };
        picture.url = Some(address_of(request, shared, view.id, ending)?);
        return Ok(picture);
    }
    let bytes = match delivered.format {
        Format::Svg => svg,
        _ => {
            let never = CancellationToken::new();
            let order = Order::Answer(submit::due(view));
            let png = shared.renditions.png(view.id, &svg, None, order, &never);
            let png = png.await.map_err(|problem| problem.about(view.id))?;
            delivered.encoded(png, &shared.services.compute).await?
        }
    };
    picture.b64_json = Some(BASE64_STANDARD.encode(&bytes));
    Ok(picture)
}
