//! Quiver's API: `POST /v1/svgs/generations`, `/v1/svgs/vectorizations` and `/v1/svgs/edits`, at
//! once or as a stream of its events.

mod request;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_ENCODING},
    },
    web::{self, Bytes},
};
use chat2svg_protocol::{JobEventKind, JobId, JobView, printable};
use futures_util::{Stream, stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::{now, shortcomings, told_of};
use crate::{
    feed::Feed,
    input::{HeldMemory, check_files, passed_over, read_object, read_upload_sized},
    problem::{Code, Problem, whole_seconds},
    routes::create::expect_media_type,
    services::Shared,
    sse::{HEARTBEAT, frame},
    submit::{self, Abandoned, Job},
};
use request::{Asked, Wanted};
pub(crate) use request::{EditRequest, GenerationRequest, VectorizationRequest};

/// Addresses of Quiver's that nobody here can serve.
pub(crate) const UNSERVED: [&str; 2] = ["/v1/svgs/animations", "/v1/svgs/responses"];

/// Whether Quiver's clients call at this path, and are told in its shape what is wrong.
pub(super) fn is_door(path: &str) -> bool {
    path.starts_with("/v1/svgs/")
}

/// SVGs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuiverSvgs)]
pub(crate) struct Svgs {
    /// The first job's id.
    id: String,
    /// Seconds since 1970.
    created: i64,
    /// One for each that was asked for.
    data: Vec<Svg>,
    /// No tokens are counted here.
    usage: Usage,
    /// 0: nothing is charged here.
    credits: u32,
}

/// An SVG.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuiverSvg)]
pub(crate) struct Svg {
    /// Its text.
    svg: String,
    /// "image/svg+xml".
    mime_type: &'static str,
    /// What is less than was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Tokens, which are not counted here.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[schema(as = QuiverUsage)]
struct Usage {
    input_tokens: u32,
    output_tokens: u32,
    total_tokens: u32,
}

/// Draw SVGs from words, as Quiver's clients ask for it.
///
/// With `stream` it answers with the events `draft` (the picture so far) and `content` (the
/// result), and ends with `[DONE]`.
#[utoipa::path(
    post,
    path = "/v1/svgs/generations",
    tag = "Quiver",
    operation_id = "quiverGenerate",
    request_body = GenerationRequest,
    responses(
        (status = 200, description = "The SVGs", body = Svgs),
        (status = "default", description = "What went wrong", body = Refused),
    )
)]
pub(crate) async fn generations(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    asked_for::<GenerationRequest>(&request, payload, &shared.into_inner()).await
}

/// Turn a picture into an SVG, as Quiver's clients ask for it.
#[utoipa::path(
    post,
    path = "/v1/svgs/vectorizations",
    tag = "Quiver",
    operation_id = "quiverVectorize",
    request_body = VectorizationRequest,
    responses(
        (status = 200, description = "The SVG", body = Svgs),
        (status = "default", description = "What went wrong", body = Refused),
    )
)]
pub(crate) async fn vectorizations(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    asked_for::<VectorizationRequest>(&request, payload, &shared.into_inner()).await
}

/// Fit an SVG to a picture, as Quiver's clients ask for edits.
///
/// Words do not change an SVG here: one picture in `reference_images` says what it should look
/// like.
#[utoipa::path(
    post,
    path = "/v1/svgs/edits",
    tag = "Quiver",
    operation_id = "quiverEdit",
    request_body = EditRequest,
    responses(
        (status = 200, description = "The SVG", body = Svgs),
        (status = "default", description = "What went wrong", body = Refused),
    )
)]
pub(crate) async fn edits(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    asked_for::<EditRequest>(&request, payload, &shared.into_inner()).await
}

/// Reads a request and answers it.
async fn asked_for<T: Asked>(
    request: &HttpRequest,
    payload: web::Payload,
    shared: &Arc<Shared>,
) -> Result<HttpResponse, Problem> {
    expect_media_type(request, "application/json")?;
    let (body, memory) = read_upload_sized(request, payload.into_inner(), shared).await?;
    let (asked, refusals) = read_object::<T>(&body, T::EXAMPLE)?;
    let mut wanted = asked
        .check(&shared.config, refusals)
        .map_err(Problem::fields)?;
    wanted.notes.extend(told_of(&passed_over::<T>(&body)));
    answer(request, shared, wanted, memory).await
}

/// Says that nobody here can do this.
pub(crate) async fn unserved(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path: String = request.path().chars().take(80).collect();
    Err(Problem::new(
        Code::NotSupported,
        format!(
            "nothing here can do what {path} asks for: SVGs are drawn by /v1/svgs/generations, made \
             from pictures by /v1/svgs/vectorizations and fitted to pictures by /v1/svgs/edits"
        ),
    ))
}

/// Hands the jobs over and answers with what they made.
async fn answer(
    request: &HttpRequest,
    shared: &Arc<Shared>,
    wanted: Wanted,
    memory: HeldMemory,
) -> Result<HttpResponse, Problem> {
    let key = submit::idempotency_key(request)?;
    let mut jobs = Vec::new();
    let mut memory = Some(memory);
    for spec in wanted.specs {
        jobs.push(Job {
            admitted: shared.admit(request, &spec.options)?,
            spec,
            attachments: wanted.attachments.clone(),
            // One body for all; it is let go of with the first.
            memory: memory.take().unwrap_or_else(HeldMemory::nothing),
        });
    }
    check_files(shared, request::field_of, &wanted.attachments).await?;
    if wanted.is_streamed
        && let Some(job) = jobs.pop()
    {
        return streamed(shared, key, job, wanted.notes).await;
    }
    let ended = jobs.into_iter().enumerate().map(|(number, job)| {
        let key = key.as_ref().map(|key| format!("{key}#{number}"));
        submit::completed(shared, job, key)
    });
    let mut data = Vec::new();
    let mut id = None;
    for view in futures_util::future::try_join_all(ended).await? {
        id.get_or_insert(view.id);
        data.push(Svg::of(shared, &view, &wanted.notes).await?);
    }
    Ok(HttpResponse::Ok().json(Svgs {
        id: id.map(|id| id.to_string()).unwrap_or_default(),
        created: now(),
        data,
        usage: Usage::default(),
        credits: 0,
    }))
}

impl Svg {
    async fn of(shared: &Shared, view: &JobView, notes: &[String]) -> Result<Self, Problem> {
        let svg = submit::finished_svg(shared, view).await?;
        let mut warnings = shortcomings(view);
        warnings.extend(notes.iter().cloned());
        Ok(Self {
            svg: String::from_utf8_lossy(&svg).into_owned(),
            mime_type: "image/svg+xml",
            warnings,
        })
    }
}

/// An event of the stream.
#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    index: u32,
    svg: &'a str,
    update_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

impl<'a> Event<'a> {
    fn new(kind: &'static str, id: JobId, svg: &'a str) -> Self {
        let is_last = kind == "content";
        Self {
            kind,
            id: id.to_string(),
            index: 0,
            svg,
            update_type: "snapshot",
            usage: is_last.then(Usage::default),
            credits: is_last.then_some(0),
            warnings: &[],
        }
    }

    fn frame(&self) -> Bytes {
        Bytes::from(frame(None, self.kind, self))
    }
}

/// Hands a job over and answers with its events.
async fn streamed(
    shared: &Arc<Shared>,
    key: Option<String>,
    job: Job,
    notes: Vec<String>,
) -> Result<HttpResponse, Problem> {
    let is_keyed = key.is_some();
    let id = submit::hand_over(shared, job, key).await?.job;
    let abandoned = Abandoned::new(Arc::clone(shared), id, is_keyed);
    let feed = Feed::open(Arc::clone(shared), id, 0)
        .await?
        .ok_or_else(|| Problem::job_not_found(id))?;
    let watching = Watching {
        shared: Arc::clone(shared),
        feed,
        abandoned,
        notes,
        is_over: false,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .insert_header(("x-job-id", id.to_string()))
        .streaming(frames(id, watching)))
}

struct Watching {
    shared: Arc<Shared>,
    feed: Feed,
    abandoned: Abandoned,
    /// What else is to be told of the result.
    notes: Vec<String>,
    /// Whether the result has been sent.
    is_over: bool,
}

fn frames(id: JobId, watching: Watching) -> impl Stream<Item = Result<Bytes, Problem>> {
    stream::unfold(Some(watching), move |state| async move {
        let mut watching = state?;
        if watching.is_over {
            return Some((Ok(Bytes::from_static(b"data: [DONE]\n\n")), None));
        }
        let sent = watching.draft_or_end(id).await;
        Some((Ok(sent), Some(watching)))
    })
}

impl Watching {
    /// The picture so far, a sign of life, or the end.
    async fn draft_or_end(&mut self, id: JobId) -> Bytes {
        let heartbeat = self.shared.config.heartbeat();
        loop {
            let event = tokio::select! {
                biased;
                event = self.feed.next() => event,
                () = tokio::time::sleep(heartbeat) => return Bytes::from_static(HEARTBEAT.as_bytes()),
            };
            match event.map(|event| event.kind) {
                Some(JobEventKind::Preview { svg, .. }) => {
                    return Event::new("draft", id, &svg).frame();
                }
                Some(JobEventKind::Done { .. }) | None => {
                    self.abandoned.answered();
                    self.is_over = true;
                    return self.last(id).await;
                }
                Some(_) => {}
            }
        }
    }

    async fn last(&self, id: JobId) -> Bytes {
        let done = async {
            let view = self.shared.job(id).await?;
            Svg::of(&self.shared, &view, &self.notes).await
        };
        match done.await {
            Ok(svg) => {
                let mut event = Event::new("content", id, &svg.svg);
                event.warnings = &svg.warnings;
                event.frame()
            }
            Err(problem) => Bytes::from(frame(None, "error", &Refused::of(&problem))),
        }
    }
}

/// An error as Quiver tells it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuiverError)]
pub(crate) struct Refused {
    /// The HTTP status.
    status: u16,
    /// The kind of error.
    code: &'static str,
    /// What happened, and what to do.
    message: String,
    /// Id of the request, as in the header X-Request-Id.
    request_id: String,
    /// The field to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
    /// Seconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Refused {
    fn of(problem: &Problem) -> Self {
        let param = problem.errors.first().map(|error| error.field.clone());
        let job = problem.job.map(|job| job.to_string()).unwrap_or_default();
        Self {
            status: status(problem.code).as_u16(),
            code: match problem.code {
                Code::Unauthorized => "unauthorized",
                Code::RateLimited => "rate_limit_exceeded",
                Code::TooLarge => "payload_too_large",
                Code::RequestTimeout | Code::DeadlineExceeded => "request_timeout",
                // Names that older clients know, too.
                Code::JobFailed | Code::Internal => "internal_error",
                Code::Overloaded | Code::CircuitOpen | Code::Unavailable | Code::ShuttingDown => {
                    "upstream_error"
                }
                _ => "invalid_request",
            },
            message: printable(&problem.detail).into_owned(),
            request_id: problem.request_id.as_deref().map_or(job, str::to_owned),
            param: param.filter(|field| !field.is_empty()),
            retry_after: problem.retry_after.map(whole_seconds),
        }
    }
}

/// Refused fields are a bad request there.
fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidFields | Code::InvalidFile => StatusCode::BAD_REQUEST,
        code => code.status(),
    }
}

/// A problem in Quiver's shape.
pub(super) fn refused(problem: &Problem) -> HttpResponse {
    HttpResponse::build(status(problem.code)).json(Refused::of(problem))
}
