//! From a checked request to an answer: admission, hand-over to the controller, waiting, the
//! result.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
    web::Bytes,
};
use chat2svg_protocol::{
    Attachment, AttachmentRole, FailureCode, JobId, JobKind, JobSpec, JobState, JobView,
    messages::{Accepted, Cancel, Submit},
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    admission::Admitted,
    auth,
    feed::Feed,
    input::{HeldMemory, UploadKind, unusable},
    negotiate::{Form, Preference},
    problem::{Code, Problem},
    renditions::Order,
    services::{Shared, ask},
    wire::{JobResource, job_path},
};

/// Policy for pictures that are opened on their own: they may style themselves, nothing else.
pub(crate) const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Longest `Idempotency-Key`.
const MAX_KEY: usize = 255;

/// How long after its deadline a job's end may be heard of.
pub(crate) const LONGEST_OVERTIME: Duration = Duration::from_secs(10);

/// Least time for the rendering of an answer's PNG, however late its job was.
const LEAST_RENDER_TIME: Duration = Duration::from_secs(1);

/// How the client wants to be answered; read before anything is done for it.
pub(crate) struct Terms {
    form: Form,
    preference: Preference,
    idempotency_key: Option<String>,
}

impl Terms {
    pub(crate) fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let headers = request.headers();
        let accept: Vec<_> = headers
            .get_all(header::ACCEPT)
            .filter_map(|value| value.to_str().ok())
            .collect();
        let form = Form::preferred(Some(&accept.join(","))).ok_or_else(|| {
            Problem::new(
                Code::NotAcceptable,
                "results are served as application/json, image/svg+xml or image/png",
            )
        })?;
        let preference = Preference::parse(
            headers
                .get_all("prefer")
                .filter_map(|value| value.to_str().ok()),
        );
        Ok(Self {
            form,
            preference,
            idempotency_key: idempotency_key(request)?,
        })
    }
}

/// The request's `Idempotency-Key`.
pub(crate) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().ok().map(str::trim);
    key.filter(|key| (1..=MAX_KEY).contains(&key.len()))
        .map(|key| Some(key.to_owned()))
        .ok_or_else(|| {
            Problem::new(
                Code::InvalidHeader,
                format!("an Idempotency-Key has 1 to {MAX_KEY} visible ASCII characters"),
            )
        })
}

/// A job ready to be handed over.
pub(crate) struct Job {
    pub(crate) spec: JobSpec,
    pub(crate) attachments: Vec<Attachment>,
    /// Its admission, and who asks.
    pub(crate) admitted: Admitted,
    /// What its body takes up of the memory for bodies, until it is handed over.
    pub(crate) memory: HeldMemory,
}

/// Hands a job over and answers: with the result if it is there in time, else with 202.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    terms: Terms,
    job: Job,
) -> Result<HttpResponse, Problem> {
    let is_keyed = terms.idempotency_key.is_some();
    let accepted = hand_over(shared, job, terms.idempotency_key).await?;
    let view = match terms.preference.wait_at_most(shared.config.max_wait()) {
        None => None,
        Some(wait) => {
            let mut abandoned = Abandoned::new(Arc::clone(shared), accepted.job, is_keyed);
            let view = wait_for_end(shared, accepted.job, wait).await;
            abandoned.answered();
            view?
        }
    };
    let mut answer = HttpResponseBuilder::new(StatusCode::OK);
    answer
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-job-id", accepted.job.to_string()));
    if accepted.replayed {
        answer.insert_header(("idempotent-replayed", "true"));
    }
    if let Some(applied) = terms.preference.applied() {
        answer.insert_header(("preference-applied", applied));
    }
    match view {
        Some(view) => answer_with_result(shared, &mut answer, terms.form, view).await,
        None => answer_accepted(shared, &mut answer, accepted.job).await,
    }
}

/// Hands a job over to the controller, which has it stored before it answers.
pub(crate) async fn hand_over(
    shared: &Shared,
    job: Job,
    idempotency_key: Option<String>,
) -> Result<Accepted, Problem> {
    let Admitted {
        permit,
        client,
        owner,
        key,
    } = job.admitted;
    let submit = Submit {
        spec: job.spec,
        attachments: job.attachments,
        permit,
        idempotency_key,
        client,
        owner,
        quota: key.as_ref().and_then(auth::quota_of),
    };
    let accepted = ask(&shared.services.lines.submit, submit).await??;
    if let (Some(key), Some(used)) = (key, accepted.used) {
        key.usage().raise(Timestamp::now(), used.minute, used.day);
    }
    drop(job.memory);
    Ok(accepted)
}

/// Hands a job over and waits for its end.
pub(crate) async fn completed(
    shared: &Arc<Shared>,
    job: Job,
    idempotency_key: Option<String>,
) -> Result<JobView, Problem> {
    let is_keyed = idempotency_key.is_some();
    // A job ends by its deadline; what comes back later was never to come.
    let wait = Duration::from_millis(job.spec.options.deadline_ms) + LONGEST_OVERTIME;
    let accepted = hand_over(shared, job, idempotency_key).await?;
    let mut abandoned = Abandoned::new(Arc::clone(shared), accepted.job, is_keyed);
    let view = wait_for_end(shared, accepted.job, wait).await;
    abandoned.answered();
    view?.ok_or_else(|| {
        Problem::new(
            Code::Unavailable,
            "the job goes on without this request: fetch it by its id",
        )
        .about(accepted.job)
        .retry_after(Duration::from_secs(1))
    })
}

/// Stops the job of a waiting client that has left: it never learned the job's id, so nobody would
/// fetch the result. One with an `Idempotency-Key` may come back.
pub(crate) struct Abandoned {
    shared: Arc<Shared>,
    job: Option<JobId>,
}

impl Abandoned {
    pub(crate) fn new(shared: Arc<Shared>, job: JobId, is_keyed: bool) -> Self {
        Self {
            shared,
            job: (!is_keyed).then_some(job),
        }
    }

    /// The client has been answered.
    pub(crate) fn answered(&mut self) {
        self.job = None;
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(job) = self.job {
            tracing::info!(%job, "the waiting client left: cancelling its job");
            self.shared.services.lines.cancel.tell(Cancel { job });
        }
    }
}

/// The job at its end, or `None` when it goes on after `wait` or past the shutdown.
async fn wait_for_end(
    shared: &Arc<Shared>,
    job: JobId,
    wait: Duration,
) -> Result<Option<JobView>, Problem> {
    let end = async {
        let Some(mut feed) = Feed::open(Arc::clone(shared), job, 0).await? else {
            return Err(Problem::job_not_found(job));
        };
        while feed.next().await.is_some() {}
        shared.job(job).await.map(Some)
    };
    tokio::select! {
        view = end => view,
        () = tokio::time::sleep(wait) => Ok(None),
        () = shared.stopping.cancelled() => {
            // The last job's end is also what lets the server stop.
            let view = shared.job(job).await?;
            Ok(view.state.is_final().then_some(view))
        }
    }
}

/// 202 with the job and where to find it.
async fn answer_accepted(
    shared: &Shared,
    answer: &mut HttpResponseBuilder,
    job: JobId,
) -> Result<HttpResponse, Problem> {
    let resource = JobResource::from(shared.job(job).await?);
    Ok(answer
        .status(StatusCode::ACCEPTED)
        .insert_header((header::LOCATION, job_path(job)))
        .insert_header((header::RETRY_AFTER, "1"))
        .json(resource))
}

async fn answer_with_result(
    shared: &Shared,
    answer: &mut HttpResponseBuilder,
    form: Form,
    view: JobView,
) -> Result<HttpResponse, Problem> {
    let svg = finished_svg(shared, &view).await?;
    answer
        .insert_header((header::CONTENT_LOCATION, job_path(view.id)))
        .insert_header((header::VARY, "Accept"))
        .insert_header(("x-job-state", view.state.name()));
    if let Some(metadata) = &view.metadata {
        answer.insert_header(("x-tier", metadata.tier.name()));
        if let Some(level) = metadata.served_level {
            answer.insert_header(("x-level", level.name()));
        }
    }
    // A result that is there is delivered, also while the server stops.
    let never = CancellationToken::new();
    let order = Order::Answer(due(&view));
    let job = view.id;
    let renditions = &shared.renditions;
    let about = |problem: Problem| problem.about(job);
    Ok(match form {
        Form::Svg => answer
            .content_type("image/svg+xml")
            .insert_header((header::CONTENT_SECURITY_POLICY, PICTURE_POLICY))
            .body(svg),
        Form::Png => {
            let png = renditions.png(job, &svg, None, order, &never).await;
            answer.content_type("image/png").body(png.map_err(about)?)
        }
        Form::Json => {
            let document = renditions.document(view, &svg, order, &never).await;
            answer
                .content_type("application/json")
                .body(document.map_err(about)?)
        }
    })
}

/// When a waiting client gives a job's answer up: a tenth after the deadline, and not at once when
/// that was short, since the picture is there and only its PNG is missing.
pub(crate) fn due(view: &JobView) -> Instant {
    let deadline = Duration::from_millis(view.spec.options.deadline_ms);
    let since = Timestamp::now()
        .duration_since(view.created_at)
        .unsigned_abs();
    let left = (deadline + deadline / 10).saturating_sub(since);
    Instant::now() + left.max(LEAST_RENDER_TIME)
}

/// The document of a job that has one; a problem says why it has none.
pub(crate) async fn finished_svg(shared: &Shared, view: &JobView) -> Result<Bytes, Problem> {
    let job = view.id;
    match view.state {
        JobState::Succeeded | JobState::Degraded => shared.result(job).await,
        JobState::Queued | JobState::Running => Err(Problem::new(
            Code::NotFinished,
            format!(
                "the job is {}: ask again, or follow its events",
                view.state.name()
            ),
        )
        .about(job)
        .retry_after(Duration::from_secs(1))),
        JobState::Cancelled => Err(Problem::new(
            Code::JobCancelled,
            "the job was cancelled before it had a result",
        )
        .about(job)),
        JobState::Failed => Err(failure(view).about(job)),
    }
}

fn failure(view: &JobView) -> Problem {
    let Some(failure) = &view.failure else {
        return Problem::new(Code::JobFailed, "the job failed; the log says why");
    };
    match failure.code {
        FailureCode::BadInput => {
            let detail = failure.message.clone();
            match failure.input {
                Some(role) => unusable(field_of(role, &view.spec.kind), detail),
                None => Problem::new(Code::InvalidFile, detail),
            }
        }
        FailureCode::CircuitOpen => {
            let problem = Problem::new(Code::CircuitOpen, failure.message.clone());
            match failure.retry_after_seconds {
                Some(wait) => problem.retry_after(Duration::from_secs(u64::from(wait))),
                None => problem,
            }
        }
        FailureCode::DeadlineExceeded => {
            Problem::new(Code::DeadlineExceeded, failure.message.clone())
        }
        code => Problem::new(
            Code::JobFailed,
            format!("{} ({})", failure.message, code.name()),
        ),
    }
}

/// The field of the form in which a file came.
fn field_of(role: AttachmentRole, kind: &JobKind) -> &'static str {
    let kind = match kind {
        JobKind::Refine { .. } => UploadKind::Refine,
        JobKind::Clean => UploadKind::Clean,
        JobKind::Generate { .. } | JobKind::Vectorize { .. } => UploadKind::Vectorize,
    };
    kind.file_name(role)
}
