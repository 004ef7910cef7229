//! Listening to a model: the whole reply, and sketches of it while it comes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chat2svg_llm::{Completion, Delta};
use chat2svg_protocol::{
    CallFailure, JobId, Stage,
    messages::{Preview, Progress},
    stop_of,
};
use chat2svg_supervision::{ComputePool, Line};
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, OptionFuture},
    stream::BoxStream,
};
use tokio_util::sync::CancellationToken;

use crate::critique::is_presentable;

use super::{draft, draft::Frame, reader::ReplyReader};

/// Time between two sketches; reading one costs about as much as the text is long.
const INTERVAL: Duration = Duration::from_millis(400);

/// What a model said, and how it ended.
pub(super) struct Heard {
    pub(super) reader: ReplyReader,
    pub(super) completion: Option<Completion>,
    pub(super) failure: Option<CallFailure>,
    pub(super) first_token: Option<Duration>,
}

/// Shows a drawing while it is drawn.
#[derive(Clone)]
pub(super) struct Sketches {
    pub(super) job: JobId,
    pub(super) frame: Frame,
    pub(super) pool: ComputePool,
    pub(super) cancel: CancellationToken,
    pub(super) progress: Line<Progress>,
}

/// Listens to the end of a reply.
pub(super) async fn listen(
    mut deltas: BoxStream<'static, Result<Delta, CallFailure>>,
    sketches: Option<Sketches>,
) -> Heard {
    let began = Instant::now();
    let mut heard = Heard {
        reader: ReplyReader::default(),
        completion: None,
        failure: None,
        first_token: None,
    };
    let (mut shown, mut shown_at) = (0, None::<Instant>);
    // A sketch may wait for its turn in the pool; the reply does not wait for the sketch.
    let mut showing: Option<BoxFuture<'static, ()>> = None;
    loop {
        let delta = tokio::select! {
            biased;
            () = OptionFuture::from(showing.as_mut()).map(|_| ()), if showing.is_some() => {
                showing = None;
                continue;
            }
            delta = deltas.next() => delta,
        };
        match delta {
            None => break,
            Some(Ok(Delta::Text(text))) => {
                heard.first_token.get_or_insert_with(|| began.elapsed());
                heard.reader.push(&text);
            }
            Some(Ok(Delta::End(completion))) => heard.completion = Some(completion),
            Some(Err(failure)) => heard.failure = Some(failure),
        }
        let shapes = heard.reader.shapes();
        let is_due = shown_at.is_none_or(|at| at.elapsed() >= INTERVAL);
        if let Some(sketches) = &sketches
            && shapes > shown
            && is_due
            && showing.is_none()
            && heard.completion.is_none()
            && let Some(svg) = heard.reader.so_far()
        {
            (shown, shown_at) = (shapes, Some(Instant::now()));
            showing = Some(sketches.show(svg, shapes).boxed());
        }
    }
    if let Some(showing) = showing {
        showing.await;
    }
    heard
}

impl Sketches {
    /// Shows what there is. What cannot be read yet is not shown.
    fn show(&self, svg: String, shapes: usize) -> impl Future<Output = ()> + Send + 'static {
        let Self {
            job,
            frame,
            pool,
            cancel,
            progress,
        } = self.clone();
        async move {
            let stop = stop_of(&cancel);
            let read = move || draft::document(&svg, &frame, &stop);
            if let Ok(Ok(document)) = pool.run(&cancel, read).await {
                // How long a drawing will be is not known; most have some forty shapes.
                let shapes = shapes as f32;
                progress.tell(Progress {
                    job,
                    stage: Stage::Template,
                    fraction: 0.1 + 0.7 * shapes / (shapes + 20.0),
                    preview: Some(Preview {
                        is_servable: is_presentable(&document),
                        document: Arc::new(document),
                    }),
                });
            }
        }
    }
}
