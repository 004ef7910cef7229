//! The ways to ask for a picture.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use chat2svg_controller::output::ResultDocument;

use crate::{
    input::{
        CleanForm, RefineForm, SvgRequest, UploadKind, VectorizeForm, check_files, media_type,
        read_limited, read_upload, svg_spec,
    },
    openapi::{Png, SubmissionHeaders, SubmissionProblems},
    problem::{Code, Problem},
    services::Shared,
    submit::{self, Job, Terms},
    wire::JobResource,
};

/// Draw a picture from words.
///
/// Answers with the result, in the form that `Accept` asks for. With `Prefer: respond-async` it
/// answers 202 at once, with `Prefer: wait=N` after at most N seconds; `Location` then leads to the
/// job. A request with an `Idempotency-Key` that was used before finds the first request's job.
#[utoipa::path(
    post,
    path = "/v1/svg",
    tag = "Pictures",
    operation_id = "createSvg",
    params(SubmissionHeaders),
    request_body = SvgRequest,
    responses(
        (status = 200, description = "The picture", content(
            (ResultDocument = "application/json"),
            (String = "image/svg+xml"),
            (Png = "image/png"),
        )),
        (status = 202, description = "The job goes on; Location leads to it", body = JobResource,
            headers(("Location" = String, description = "The job"), ("Retry-After" = u64, description = "Seconds"))),
        SubmissionProblems,
    )
)]
pub(crate) async fn svg(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let shared = shared.into_inner();
    let terms = Terms::read(&request)?;
    expect_media_type(&request, "application/json")?;
    let (body, memory) = read_limited(&request, payload.into_inner(), &shared).await?;
    let spec = svg_spec(&body, &shared.config)?;
    let admitted = shared.admit(&request, &spec.options)?;
    let job = Job {
        spec,
        attachments: Vec::new(),
        admitted,
        memory,
    };
    submit::run(&shared, terms, job).await
}

/// Turn a picture into an SVG.
///
/// Takes a PNG, JPEG or WebP file as a form and answers like `POST /v1/svg`.
#[utoipa::path(
    post,
    path = "/v1/vectorize",
    tag = "Pictures",
    operation_id = "vectorize",
    params(SubmissionHeaders),
    request_body(content = VectorizeForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The picture as SVG", content(
            (ResultDocument = "application/json"),
            (String = "image/svg+xml"),
            (Png = "image/png"),
        )),
        (status = 202, description = "The job goes on; Location leads to it", body = JobResource,
            headers(("Location" = String, description = "The job"), ("Retry-After" = u64, description = "Seconds"))),
        SubmissionProblems,
    )
)]
pub(crate) async fn vectorize(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    upload(
        UploadKind::Vectorize,
        &request,
        payload,
        shared.into_inner(),
    )
    .await
}

/// Fit an SVG to a picture.
///
/// Takes a template (SVG) and a target (PNG, JPEG or WebP) as a form and answers like `POST
/// /v1/svg`. The template's layers keep their names.
#[utoipa::path(
    post,
    path = "/v1/refine",
    tag = "Pictures",
    operation_id = "refine",
    params(SubmissionHeaders),
    request_body(content = RefineForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The fitted SVG", content(
            (ResultDocument = "application/json"),
            (String = "image/svg+xml"),
            (Png = "image/png"),
        )),
        (status = 202, description = "The job goes on; Location leads to it", body = JobResource,
            headers(("Location" = String, description = "The job"), ("Retry-After" = u64, description = "Seconds"))),
        SubmissionProblems,
    )
)]
pub(crate) async fn refine(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    upload(UploadKind::Refine, &request, payload, shared.into_inner()).await
}

/// Clean an SVG.
///
/// Takes an SVG as a form and answers like `POST /v1/svg`. What is not well-formed is mended, what
/// is not safe is left out, and the rest is written anew as the fields say; warnings tell what was
/// changed. So is an edited result kept as a new one.
#[utoipa::path(
    post,
    path = "/v1/clean",
    tag = "Pictures",
    operation_id = "clean",
    params(SubmissionHeaders),
    request_body(content = CleanForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The clean SVG", content(
            (ResultDocument = "application/json"),
            (String = "image/svg+xml"),
            (Png = "image/png"),
        )),
        (status = 202, description = "The job goes on; Location leads to it", body = JobResource,
            headers(("Location" = String, description = "The job"), ("Retry-After" = u64, description = "Seconds"))),
        SubmissionProblems,
    )
)]
pub(crate) async fn clean(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    upload(UploadKind::Clean, &request, payload, shared.into_inner()).await
}

async fn upload(
    kind: UploadKind,
    request: &HttpRequest,
    payload: web::Payload,
    shared: Arc<Shared>,
) -> Result<HttpResponse, Problem> {
    let terms = Terms::read(request)?;
    expect_media_type(request, "multipart/form-data")?;
    let upload = read_upload(kind, request, payload.into_inner(), &shared).await?;
    // Before the costly part: a job that has no place need not be looked at.
    let admitted = shared.admit(request, &upload.spec.options)?;
    check_files(&shared, |role| kind.file_name(role), &upload.attachments).await?;
    let job = Job {
        spec: upload.spec,
        attachments: upload.attachments,
        admitted,
        memory: upload.memory,
    };
    submit::run(&shared, terms, job).await
}

pub(crate) fn expect_media_type(request: &HttpRequest, expected: &str) -> Result<(), Problem> {
    let found = media_type(request);
    if found == expected {
        return Ok(());
    }
    let found: String = found.chars().take(80).collect();
    let found = if found.is_empty() {
        "it has no content type".to_owned()
    } else {
        format!("it is {found}")
    };
    Err(Problem::new(
        Code::UnsupportedMediaType,
        format!("the body must be {expected}; {found}"),
    ))
}
