//! A picture while it is drawn: `image_generation.partial_image`, then
//! `image_generation.completed`; of an edit `image_edit.…`.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING},
    web::Bytes,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chat2svg_controller::output;
use chat2svg_protocol::{JobEventKind, JobId, JobKind};
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    super::now,
    answer::{ErrorAnswer, Picture, background, quality, size},
    picture,
    request::{Delivery, Format, Wanted},
};
use crate::{
    feed::Feed,
    problem::Problem,
    services::Shared,
    sse::{HEARTBEAT, frame},
    submit::{self, Abandoned, Job},
};

/// What the events of a stream are called.
#[derive(Clone, Copy)]
struct Names {
    partial: &'static str,
    completed: &'static str,
}

const GENERATION: Names = Names {
    partial: "image_generation.partial_image",
    completed: "image_generation.completed",
};
const EDIT: Names = Names {
    partial: "image_edit.partial_image",
    completed: "image_edit.completed",
};

/// An event of the stream.
#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    b64_json: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    svg: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_image_index: Option<u32>,
    created_at: i64,
    size: &'a str,
    quality: &'static str,
    background: &'static str,
    output_format: &'static str,
}

/// Hands the job over and answers with its stream.
pub(super) async fn answer(
    request: &HttpRequest,
    shared: &Arc<Shared>,
    mut wanted: Wanted,
    key: Option<String>,
    job: Job,
) -> Result<HttpResponse, Problem> {
    let names = match job.spec.kind {
        JobKind::Generate { .. } => GENERATION,
        JobKind::Vectorize { .. } | JobKind::Refine { .. } | JobKind::Clean => EDIT,
    };
    wanted.delivered.delivery = Delivery::Inline;
    let is_keyed = key.is_some();
    let id = submit::hand_over(shared, job, key).await?.job;
    let abandoned = Abandoned::new(Arc::clone(shared), id, is_keyed);
    let feed = Feed::open(Arc::clone(shared), id, 0)
        .await?
        .ok_or_else(|| Problem::job_not_found(id))?;
    let watching = Watching {
        request: request.clone(),
        wanted,
        names,
        shown: 0,
        abandoned,
        shared: Arc::clone(shared),
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .insert_header(("x-job-id", id.to_string()))
        .streaming(frames(id, feed, watching)))
}

struct Watching {
    request: HttpRequest,
    wanted: Wanted,
    names: Names,
    /// Pictures so far that were sent.
    shown: u32,
    abandoned: Abandoned,
    shared: Arc<Shared>,
}

fn frames(id: JobId, feed: Feed, watching: Watching) -> impl Stream<Item = Result<Bytes, Problem>> {
    stream::unfold(Some((feed, watching)), move |state| async move {
        let (mut feed, mut watching) = state?;
        let heartbeat = watching.shared.config.heartbeat();
        loop {
            let event = tokio::select! {
                biased;
                event = feed.next() => event,
                () = tokio::time::sleep(heartbeat) => {
                    let still_here = Bytes::from_static(HEARTBEAT.as_bytes());
                    return Some((Ok(still_here), Some((feed, watching))));
                }
            };
            match event.map(|event| event.kind) {
                Some(JobEventKind::Preview { svg, .. })
                    if watching.shown < watching.wanted.delivered.partial =>
                {
                    // A picture so far that cannot be shown is passed over.
                    if let Some(frame) = watching.partial(svg).await {
                        return Some((Ok(frame), Some((feed, watching))));
                    }
                }
                Some(JobEventKind::Done { .. }) | None => {
                    watching.abandoned.answered();
                    let last = watching.last(id).await;
                    return Some((Ok(last), None));
                }
                Some(_) => {}
            }
        }
    })
}

impl Watching {
    /// The picture so far: a PNG, or the SVG where that was asked for.
    async fn partial(&mut self, svg: Arc<str>) -> Option<Bytes> {
        let (format, bytes, clear) = if self.wanted.delivered.format == Format::Svg {
            let text = svg.to_string();
            (Format::Svg, text.clone().into_bytes(), Some(text))
        } else {
            let longest = self.shared.config.max_png_width;
            let work = move || output::png(&svg, None, longest);
            let pool = &self.shared.services.compute;
            let png = pool.run(&CancellationToken::new(), work).await.ok()?.ok()?;
            (Format::Png, png, None)
        };
        let index = self.shown;
        self.shown += 1;
        let picture = Picture {
            b64_json: Some(BASE64_STANDARD.encode(bytes)),
            svg: clear,
            ..Picture::default()
        };
        Some(self.frame(self.names.partial, picture, Some(index), format))
    }

    async fn last(&self, id: JobId) -> Bytes {
        let done = async {
            let view = self.shared.job(id).await?;
            picture(&self.request, &self.shared, &view, &self.wanted).await
        };
        match done.await {
            Ok(picture) => {
                let format = self.wanted.delivered.format;
                self.frame(self.names.completed, picture, None, format)
            }
            Err(problem) => Bytes::from(frame(None, "error", &ErrorAnswer::of(&problem))),
        }
    }

    fn frame(
        &self,
        kind: &'static str,
        picture: Picture,
        index: Option<u32>,
        format: Format,
    ) -> Bytes {
        let event = Event {
            kind,
            b64_json: picture.b64_json.unwrap_or_default(),
            svg: picture.svg,
            warnings: picture.warnings,
            partial_image_index: index,
            created_at: now(),
            size: &size(&self.wanted),
            quality: quality(&self.wanted),
            background: background(&self.wanted),
            output_format: format.name(),
        };
        Bytes::from(frame(None, kind, &event))
    }
}
