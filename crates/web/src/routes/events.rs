//! Event streams: of a job, and of the system.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING},
    web::{self, Bytes},
};
use chat2svg_protocol::{JobEvent, JobEventKind};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::watch;

use crate::{
    auth,
    clients::{Share, Use},
    feed::Feed,
    problem::{Code, Problem, ProblemDocument},
    routes::job_id,
    services::Shared,
    sse::{self, EventData, GOING_DOWN, HEARTBEAT},
    wire::SystemStatus,
};

type Frame = Result<Bytes, Problem>;

/// Follow a job.
///
/// Server-sent events `queued`, `started`, `stage`, `preview` (with the picture so far as SVG),
/// `progress`, `circuit` (one on the job's way opened or closed), `turned-away` (its stages are not
/// run) and `done`, after which the stream ends. Comments keep a silent stream open. Each
/// event has an id: a client that reconnects with `Last-Event-ID` misses nothing. A client that has
/// seen everything gets 204.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/events",
    tag = "Jobs",
    operation_id = "followJob",
    params(
        ("id" = String, Path, description = "The job", format = Uuid),
        ("Last-Event-ID" = Option<u64>, Header, description = "Number of the last event seen"),
    ),
    responses(
        (status = 200, description = "The events; the schema is that of each event's data, by its name", body = EventData, content_type = "text/event-stream"),
        (status = 204, description = "The job is over and all its events were seen"),
        (status = 404, description = "No such job", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "The client follows as many streams as it may", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn job_events(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let shared = shared.into_inner();
    let job = job_id(&request)?;
    shared.job_of(&auth::identity(&request)?, job).await?;
    let header = request.headers().get("last-event-id");
    let after = sse::last_event_id(header.and_then(|value| value.to_str().ok()));
    let mut feed = Feed::open(Arc::clone(&shared), job, after)
        .await?
        .ok_or_else(|| Problem::job_not_found(job))?;
    if after > 0 && feed.has_nothing_left() && shared.job(job).await?.state.is_final() {
        return Ok(HttpResponse::NoContent().finish());
    }
    let share = follow(&shared, &request)?;
    Ok(event_stream(share, job_frames(feed, shared)))
}

/// Follow the system.
///
/// Server-sent events `system` with the same document as `/v1/system`, about once a second.
#[utoipa::path(
    get,
    path = "/v1/system/events",
    tag = "System",
    operation_id = "followSystem",
    responses(
        (status = 200, description = "The events; the schema is that of each event's data", body = SystemStatus, content_type = "text/event-stream"),
        (status = 429, description = "The client follows as many streams as it may", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn system_events(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let shared = shared.into_inner();
    let share = follow(&shared, &request)?;
    Ok(event_stream(share, system_frames(shared)))
}

/// The client's share for one more stream.
fn follow(shared: &Shared, request: &HttpRequest) -> Result<Share, Problem> {
    let client = shared.client(request);
    shared.clients.enter(client, Use::EventStream).ok_or_else(|| {
        Problem::new(
            Code::RateLimited,
            format!(
                "this client follows {} event streams already: close some, or ask for jobs now and then",
                shared.config.max_streams_per_client
            ),
        )
        .retry_after(Duration::from_secs(5))
    })
}

fn event_stream(share: Share, frames: impl Stream<Item = Frame> + 'static) -> HttpResponse {
    let frames = frames.inspect(move |_| {
        // Held for as long as the stream.
        let _ = &share;
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // Compression would hold events back.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(frames)
}

fn job_frames(feed: Feed, shared: Arc<Shared>) -> impl Stream<Item = Frame> {
    let heartbeat = shared.config.heartbeat();
    stream::unfold(Some(feed), move |feed| {
        let shared = Arc::clone(&shared);
        async move {
            let mut feed = feed?;
            tokio::select! {
                biased;
                event = feed.next() => {
                    let frame = shown(&shared, &event?);
                    Some((Ok(frame), Some(feed)))
                }
                () = shared.stopping.cancelled() => {
                    Some((Ok(Bytes::from_static(GOING_DOWN.as_bytes())), None))
                }
                () = tokio::time::sleep(heartbeat) => {
                    Some((Ok(Bytes::from_static(HEARTBEAT.as_bytes())), Some(feed)))
                }
            }
        }
    })
}

/// An event's frame. Previews are large, so that all who follow share one; where there is no room,
/// a preview is left out, and the next event shows that there was one by its number.
fn shown(shared: &Shared, event: &JobEvent) -> Bytes {
    let JobEventKind::Preview { svg, .. } = &event.kind else {
        return Bytes::from(sse::job_frame(event));
    };
    shared
        .renditions
        .preview(event.job, svg, event.sequence, || sse::job_frame(event))
        .unwrap_or_else(|| Bytes::from_static(HEARTBEAT.as_bytes()))
}

/// Where a follower of the system stands.
enum Follower {
    New,
    Watching(watch::Receiver<Option<Arc<SystemStatus>>>),
    Over,
}

fn system_frames(shared: Arc<Shared>) -> impl Stream<Item = Frame> {
    stream::unfold(Follower::New, move |follower| {
        let shared = Arc::clone(&shared);
        async move {
            let mut watcher = match follower {
                Follower::New => {
                    let mut watcher = shared.system.subscribe();
                    watcher.mark_unchanged();
                    let status = shared.look().await;
                    return Some((system_frame(&status), Follower::Watching(watcher)));
                }
                Follower::Watching(watcher) => watcher,
                Follower::Over => return None,
            };
            let heartbeat: Duration = shared.config.heartbeat();
            tokio::select! {
                changed = watcher.changed() => {
                    changed.ok()?;
                    let status = watcher.borrow_and_update().clone()?;
                    Some((system_frame(&status), Follower::Watching(watcher)))
                }
                () = shared.stopping.cancelled() => {
                    Some((Ok(Bytes::from_static(GOING_DOWN.as_bytes())), Follower::Over))
                }
                () = tokio::time::sleep(heartbeat) => {
                    Some((Ok(Bytes::from_static(HEARTBEAT.as_bytes())), Follower::Watching(watcher)))
                }
            }
        }
    })
}

fn system_frame(status: &SystemStatus) -> Frame {
    Ok(Bytes::from(sse::frame(None, "system", status)))
}
