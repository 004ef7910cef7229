//! The backends of stage 2 that have an image model make the target.
//!
//! The template is rendered at a size that the model takes, the model makes pictures of it, and the
//! one that keeps the template's structure best becomes the target, unless even that one does not
//! keep enough of it. From there on it is read like any target from outside.

mod frame;
mod structure;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use chat2svg_backends::Backend;
use chat2svg_gateway::CallLimits;
use chat2svg_imagegen::{EditRequest, Edited, ImageModel, ImagegenConfig, Parameters};
use chat2svg_protocol::{
    BackendId, CallFailure, Cost, DetailSummary, Fault, ModelUse, Placement, Stage, StageOutcome,
    TargetSummary,
    messages::{DetailOutput, Progress, RunDetail, TargetOrigin},
};
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_vector::{DecodeLimits, Raster, RenderError};
use futures_util::{FutureExt as _, future::BoxFuture};
use tracing::info;

use self::{frame::Frame, structure::Structure};
use crate::{
    DetailConfig,
    detailer::{adopted, in_palette, stopped},
};

/// Share of the time that is kept to read the target when it is there, ...
const READING_SHARE: f64 = 0.2;
/// ... and the most of it.
const MOST_READING: Duration = Duration::from_secs(3);
/// Longest side of a target in pixels.
const TARGET_SIDE: u32 = 1024;
/// Share of the stage that is done when the pictures are there.
const ASKED_SHARE: f32 = 0.8;
/// What a picture from a model may cost to decode.
const LIMITS: DecodeLimits = DecodeLimits {
    bytes: 32 << 20,
    side: 4096,
    pixels: 8 << 20,
};

/// An image model as a backend.
#[derive(Clone)]
pub struct ModelDetailer {
    model: Arc<dyn ImageModel>,
    imagegen: Arc<ImagegenConfig>,
    detail: Arc<DetailConfig>,
    pool: ComputePool,
    progress: Line<Progress>,
}

impl ModelDetailer {
    /// A detailer that asks `model`, works in `pool`, and tells of the model's progress.
    pub fn new(
        model: Arc<dyn ImageModel>,
        imagegen: ImagegenConfig,
        detail: DetailConfig,
        pool: ComputePool,
        progress: Line<Progress>,
    ) -> Self {
        Self {
            model,
            imagegen: Arc::new(imagegen),
            detail: Arc::new(detail),
            pool,
            progress,
        }
    }

    async fn serve_run(self, run: RunDetail) -> Result<DetailOutput, CallFailure> {
        let Some(parameters) = self.imagegen.parameters(run.context.level) else {
            let reason = "the model is not asked at this level";
            return Err(CallFailure::new(Fault::Request, reason));
        };
        let run = Arc::new(run);
        let asked = self.asked(&run, parameters).await?;
        let Asked { request, judge } = asked;
        let now = Instant::now();
        let reading = run.context.deadline.saturating_duration_since(now);
        let reading = reading.mul_f64(READING_SHARE).min(MOST_READING);
        let limits = CallLimits {
            deadline: run.context.deadline.checked_sub(reading).unwrap_or(now),
            cancel: run.context.cancel.clone(),
            job: Some(run.context.job),
        };
        let told = {
            let (line, job) = (self.progress.clone(), run.context.job);
            Arc::new(move |share: f32| {
                line.tell(Progress {
                    job,
                    stage: Stage::Detail,
                    fraction: share * ASKED_SHARE,
                    preview: None,
                });
            })
        };
        let Edited { pictures, cost } = self.model.edit(request, limits, told).await?;
        let (detail, least) = (Arc::clone(&self.detail), self.imagegen.least_structure);
        let target = TargetSummary {
            model: self.model.what().to_owned(),
            candidates: u32::try_from(pictures.len()).unwrap_or(u32::MAX),
            structure: 0.0,
            cost,
        };
        // What was paid for a target that cannot be used is told all the same.
        let used = ModelUse {
            model: target.model.clone(),
            calls: 1,
            candidates: target.candidates,
            cost,
            ..ModelUse::default()
        };
        let (id, cancel) = (self.model.id(), run.context.cancel.clone());
        let work = move || {
            let best = judge.best_of(&pictures, least)?;
            let target = TargetSummary {
                structure: best.score,
                ..target
            };
            info!(
                job = %run.context.job, backend = %id, structure = best.score,
                candidates = target.candidates, "a model made the target"
            );
            read(&run, &detail, id, best.target, target)
        };
        let served = self.pool.run(&cancel, work).await?;
        let paid = Cost::of_dollars(cost);
        served.map_err(|failure| failure.costing(paid).having_used(used))
    }

    /// What the model is asked, and by what its answer will be judged.
    async fn asked(
        &self,
        run: &Arc<RunDetail>,
        parameters: Parameters,
    ) -> Result<Asked, CallFailure> {
        let (model, config) = (Arc::clone(&self.model), Arc::clone(&self.imagegen));
        let (run, cancel) = (Arc::clone(run), run.context.cancel.clone());
        let work = move || {
            let stop = run.context.stop();
            let drawn = |error: RenderError| match error {
                RenderError::Stopped => stopped(&run),
                error => CallFailure::new(Fault::Request, error.to_string()),
            };
            let frame = run.document.view_box;
            let aspect = frame.width() / frame.height();
            let size = model.frame(aspect, parameters.side);
            let frame = Frame::around(aspect, size);
            let picture = frame.picture(&run.document, &stop).map_err(drawn)?;
            let png = picture
                .encode_png()
                .map_err(|error| CallFailure::new(Fault::Request, error.to_string()))?;
            let structure = Structure::of(&run.document, &stop).map_err(drawn)?;
            let shows = run.prompt.as_ref().map(chat2svg_protocol::Prompt::as_str);
            Ok(Asked {
                request: EditRequest {
                    png: png.into(),
                    size,
                    prompt: config.words.prompt(shows, run.style.unwrap_or_default()),
                    negative: config.words.negative.clone(),
                    parameters,
                    seed: run.context.seed,
                },
                judge: Judge { frame, structure },
            })
        };
        self.pool.run(&cancel, work).await?
    }
}

impl Backend<RunDetail> for ModelDetailer {
    fn id(&self) -> BackendId {
        self.model.id()
    }

    /// A target that the caller brings needs no other; at some levels the model is not asked.
    fn takes(&self, run: &RunDetail) -> bool {
        run.target.is_none()
            && run.document.counts().shapes > 0
            && self.imagegen.parameters(run.context.level).is_some()
    }

    fn reserve(&self, _: &RunDetail) -> Duration {
        Duration::from_millis(self.imagegen.least_time_ms)
    }

    fn serve(&self, run: RunDetail) -> BoxFuture<'static, Result<DetailOutput, CallFailure>> {
        self.clone().serve_run(run).boxed()
    }
}

struct Asked {
    request: EditRequest,
    judge: Judge,
}

/// By what pictures are judged.
struct Judge {
    frame: Frame,
    structure: Structure,
}

/// A target, and how much of the structure it keeps.
struct Scored {
    target: Raster,
    score: f32,
}

impl Judge {
    /// The picture that keeps the structure best.
    ///
    /// # Errors
    /// When none can be decoded, or none keeps `least` of the structure: the provider's fault.
    fn best_of(&self, pictures: &[Bytes], least: f32) -> Result<Scored, CallFailure> {
        let mut best: Option<Scored> = None;
        let mut reason = "the model gave no picture".to_owned();
        for bytes in pictures {
            match self.scored(bytes) {
                Ok(scored) => {
                    if best.as_ref().is_none_or(|best| scored.score > best.score) {
                        best = Some(scored);
                    }
                }
                Err(error) => reason = format!("a picture of the model cannot be used: {error}"),
            }
        }
        match best {
            None => Err(CallFailure::new(Fault::Provider, reason)),
            Some(Scored { score, .. }) if score < least => {
                let reason = format!(
                    "the target keeps {score:.2} of the template's structure, at least {least:.2} is asked for"
                );
                Err(CallFailure::new(Fault::Provider, reason))
            }
            Some(best) => Ok(best),
        }
    }

    fn scored(&self, bytes: &Bytes) -> Result<Scored, String> {
        let picture = Raster::decode(bytes, &LIMITS).map_err(|error| error.to_string())?;
        let target = self
            .frame
            .content(&picture, TARGET_SIDE)
            .map_err(|error| error.to_string())?;
        let kept = self
            .structure
            .kept_by(&target)
            .map_err(|error| error.to_string())?;
        let score = kept.score();
        Ok(Scored { target, score })
    }
}

/// The document with what the target shows. A target that was paid for is kept even where there is
/// no time left to read it.
fn read(
    run: &RunDetail,
    detail: &DetailConfig,
    id: BackendId,
    target: Raster,
    summary: TargetSummary,
) -> Result<DetailOutput, CallFailure> {
    let parameters = detail.levels.get(run.context.level);
    let (document, changes, placement, is_cut_short) = match adopted(run, &target, parameters) {
        Ok(adopted) => {
            let changes = (adopted.added, adopted.moved);
            (
                Arc::new(adopted.document),
                changes,
                adopted.placement,
                adopted.is_cut_short,
            )
        }
        Err(CallFailure { fault: None, .. }) => (
            Arc::clone(&run.document),
            Default::default(),
            Placement::Unregistered,
            true,
        ),
        Err(failure) => return Err(failure),
    };
    let outcome = if is_cut_short {
        let reason = "the deadline came before all that the target shows was taken over".to_owned();
        StageOutcome::cut_short(id, reason)
    } else {
        StageOutcome::completed(id)
    };
    let (added, moved) = changes;
    let (document, target) = in_palette(
        run,
        Arc::unwrap_or_clone(document),
        Arc::new(target),
        TargetOrigin::Model,
    )?;
    Ok(DetailOutput {
        document,
        target,
        origin: TargetOrigin::Model,
        placement,
        summary: DetailSummary {
            added,
            moved,
            target: Some(summary),
        },
        outcome,
    })
}
