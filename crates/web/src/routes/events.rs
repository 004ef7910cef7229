//! Event streams: of a job, and of the system.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING},
    web::{self, Bytes},
};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::sync::watch;

use crate::{
    feed::Feed,
    problem::{Problem, ProblemDocument},
    routes::job_id,
    services::Shared,
    sse::{self, GOING_DOWN, HEARTBEAT},
    wire::SystemStatus,
};

type Frame = Result<Bytes, Problem>;

/// Follow a job.
///
/// Server-sent events `queued`, `started`, `stage`, `preview` (with the picture so far as SVG),
/// `progress` and `done`, after which the stream ends. Each has an id: a client that reconnects with
/// `Last-Event-ID` misses nothing. A client that has seen everything gets 204.
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
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = 204, description = "The job is over and all its events were seen"),
        (status = 404, description = "No such job", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn job_events(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let shared = shared.into_inner();
    let job = job_id(&request)?;
    let header = request.headers().get("last-event-id");
    let after = sse::last_event_id(header.and_then(|value| value.to_str().ok()));
    let mut feed = Feed::open(Arc::clone(&shared), job, after)
        .await?
        .ok_or_else(|| Problem::job_not_found(job))?;
    if after > 0 && feed.is_spent() && shared.job(job).await?.state.is_final() {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(event_stream(job_frames(feed, shared)))
}

/// Follow the system.
///
/// Server-sent events `system` with the same document as `/v1/system`, about once a second.
#[utoipa::path(
    get,
    path = "/v1/system/events",
    tag = "System",
    operation_id = "followSystem",
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream"))
)]
pub(crate) async fn system_events(shared: web::Data<Shared>) -> HttpResponse {
    let shared = shared.into_inner();
    event_stream(system_frames(shared))
}

fn event_stream(frames: impl Stream<Item = Frame> + 'static) -> HttpResponse {
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
                    let frame = sse::job_frame(&event?);
                    Some((Ok(Bytes::from(frame)), Some(feed)))
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
    Ok(Bytes::from(sse::frame(None, "system", &json!(status))))
}
