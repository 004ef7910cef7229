//! The backend of stage 2 that needs no model: lights a document, or takes over what a target from
//! outside shows; in a compute pool.

use std::{sync::Arc, time::Duration};

use chat2svg_backends::Backend;
use chat2svg_palette::keep_to;
use chat2svg_protocol::{
    BackendId, CallFailure, DetailSummary, Fault, Placement, StageOutcome,
    messages::{DetailOutput, RunDetail, TargetOrigin},
};
use chat2svg_supervision::ComputePool;
use chat2svg_vector::{Document, Raster, RenderError};
use futures_util::{FutureExt as _, future::BoxFuture};

use crate::{
    AdoptError, Adopted, DetailConfig, DetailError, DetailParameters, Enhanced, adopt, enhance,
};

/// Time in which the scene of a document is usually lit.
const RESERVE: Duration = Duration::from_millis(600);

/// The embedded detailer.
#[derive(Clone)]
pub struct EmbeddedDetailer {
    config: DetailConfig,
    pool: ComputePool,
}

impl EmbeddedDetailer {
    /// A detailer that works in `pool`.
    pub fn new(config: DetailConfig, pool: ComputePool) -> Self {
        Self { config, pool }
    }
}

impl Backend<RunDetail> for EmbeddedDetailer {
    fn id(&self) -> BackendId {
        BackendId::EMBEDDED
    }

    fn reserve(&self, _: &RunDetail) -> Duration {
        RESERVE
    }

    fn is_steady(&self) -> bool {
        false
    }

    fn serve(&self, run: RunDetail) -> BoxFuture<'static, Result<DetailOutput, CallFailure>> {
        let Self { config, pool } = self.clone();
        async move {
            let cancel = run.context.cancel.clone();
            pool.run(&cancel, move || work(&config, &run)).await?
        }
        .boxed()
    }
}

fn work(config: &DetailConfig, run: &RunDetail) -> Result<DetailOutput, CallFailure> {
    let parameters = config.levels.get(run.context.level);
    let mut outcome = StageOutcome::completed(BackendId::EMBEDDED);
    let (document, target, origin, placement, summary) = match &run.target {
        Some(target) => {
            let Adopted {
                document,
                added,
                moved,
                placement,
                is_cut_short,
            } = adopted(run, target, parameters)?;
            if is_cut_short {
                let reason = "the deadline came before new shapes were chosen".to_owned();
                outcome = StageOutcome::cut_short(BackendId::EMBEDDED, reason);
            }
            let summary = DetailSummary {
                added,
                moved,
                target: None,
            };
            (
                document,
                Arc::clone(target),
                TargetOrigin::Caller,
                placement,
                summary,
            )
        }
        None => {
            let Enhanced {
                document,
                target,
                added,
            } = enhanced(run, parameters)?;
            let moved = Vec::new();
            let summary = DetailSummary {
                added,
                moved,
                target: None,
            };
            // It is the document's own picture.
            let placement = Placement::Registered;
            (
                document,
                Arc::new(target),
                TargetOrigin::Lit,
                placement,
                summary,
            )
        }
    };
    let (document, target) = in_palette(run, document, target, origin)?;
    Ok(DetailOutput {
        document,
        target,
        origin,
        placement,
        summary,
        outcome,
    })
}

/// The document in a strict palette's colours; what we lit ourselves is not to be fitted to other
/// ones either.
pub(crate) fn in_palette(
    run: &RunDetail,
    document: Document,
    target: Arc<Raster>,
    origin: TargetOrigin,
) -> Result<(Arc<Document>, Arc<Raster>), CallFailure> {
    let strict = run.context.palette.as_ref();
    let Some(palette) = strict.filter(|palette| palette.is_strict()) else {
        return Ok((Arc::new(document), target));
    };
    let mut document = document;
    keep_to(&mut document, palette);
    let target = if origin == TargetOrigin::Lit {
        let (width, height) = (target.width(), target.height());
        let shown = document.render_until(width, height, None, &run.context.stop());
        Arc::new(shown.map_err(|error| match error {
            RenderError::Stopped => stopped(run),
            error => CallFailure::new(Fault::Request, error.to_string()),
        })?)
    } else {
        target
    };
    Ok((Arc::new(document), target))
}

/// What came of a target from outside.
///
/// # Errors
/// When nothing came of it by the deadline, or the run was cancelled.
pub(crate) fn adopted(
    run: &RunDetail,
    target: &Raster,
    parameters: &DetailParameters,
) -> Result<Adopted, CallFailure> {
    let adopted = adopt(
        &run.document,
        target,
        &parameters.adopt,
        parameters.threshold(),
        run.may_add,
        &run.context.stop(),
    )
    .map_err(|error| match error {
        AdoptError::Stopped => stopped(run),
        error => CallFailure::new(Fault::Request, error.to_string()),
    })?;
    if adopted.is_cut_short && adopted.document == *run.document {
        return Err(CallFailure::late());
    }
    Ok(adopted)
}

fn enhanced(run: &RunDetail, parameters: &DetailParameters) -> Result<Enhanced, CallFailure> {
    let stop = run.context.stop();
    let style = run.style.unwrap_or_default();
    enhance(&run.document, style, parameters, &stop).map_err(|error| match error {
        DetailError::Stopped => stopped(run),
        error => CallFailure::new(Fault::Request, error.to_string()),
    })
}

/// Why a run was stopped.
pub(crate) fn stopped(run: &RunDetail) -> CallFailure {
    if run.context.cancel.is_cancelled() {
        CallFailure::cancelled()
    } else {
        CallFailure::late()
    }
}
