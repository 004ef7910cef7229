//! The backend of stage 3: the fitter, in a compute pool, within a level's budget and the run's
//! deadline.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use chat2svg_backends::Backend;
use chat2svg_fit::{FitEnd, FitError, refine};
use chat2svg_palette::{keep_to, posterize, recolor, reduce_picture, reduce_picture_to_few};
use chat2svg_protocol::{
    BackendId, CallFailure, ColorLimit, Fault, JobId, ResourceLevel,
    messages::{FitScope, OptimizeOutput, Progress, RunOptimize},
    stop_of,
};
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_vector::Document;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio_util::sync::CancellationToken;

use crate::{
    OptimizeConfig,
    budget::{Limit, options},
    outcome::{outcome, summary},
    watcher::{Best, BestSoFar, Guidance, Watcher},
};

/// Time in which a fit has something better than it was given.
const RESERVE: Duration = Duration::from_millis(200);

/// The embedded fitter.
#[derive(Clone)]
pub struct EmbeddedFitter {
    config: Arc<OptimizeConfig>,
    pool: ComputePool,
    /// Threads that one fit may use.
    threads: usize,
    progress: Line<Progress>,
    guidance: Guidance,
}

impl EmbeddedFitter {
    /// A fitter that works in `pool`, where one fit may use `threads` threads, tells of its
    /// progress on `progress`, and follows `guidance`.
    pub fn new(
        config: OptimizeConfig,
        pool: ComputePool,
        threads: usize,
        progress: Line<Progress>,
        guidance: Guidance,
    ) -> Self {
        Self {
            config: Arc::new(config),
            pool,
            threads,
            progress,
            guidance,
        }
    }

    fn watcher(&self, run: &RunOptimize, best: &BestSoFar) -> Watcher {
        Watcher {
            best: Arc::clone(best),
            job: run.context.job,
            planned: run.context.level,
            scope: run.scope,
            config: Arc::clone(&self.config),
            guidance: self.guidance.clone(),
            progress: self.progress.clone(),
            causes: Vec::new(),
            fraction: 0.0,
        }
    }
}

impl Backend<RunOptimize> for EmbeddedFitter {
    fn id(&self) -> BackendId {
        BackendId::EMBEDDED
    }

    fn reserve(&self, _: &RunOptimize) -> Duration {
        RESERVE
    }

    fn is_steady(&self) -> bool {
        false
    }

    fn serve(&self, run: RunOptimize) -> BoxFuture<'static, Result<OptimizeOutput, CallFailure>> {
        let best = BestSoFar::default();
        let watcher = self.watcher(&run, &best);
        let (pool, threads) = (self.pool.clone(), self.threads);
        let guidance = self.guidance.clone();
        let deadline = run.context.deadline;
        let cancel = run.context.cancel.child_token();
        async move {
            // Whichever way this ends, the fit ends too.
            let _end = cancel.clone().drop_guard();
            let _guided = Guided::begin(&guidance, run.context.job);
            let level = run.context.level;
            let fit = pool.run(&cancel, {
                let cancel = cancel.clone();
                move || work(&run, threads, watcher, &cancel)
            });
            tokio::select! {
                biased;
                fitted = fit => fitted?,
                // A busy machine can keep the fit from its clock; its best so far need not wait for
                // it.
                () = tokio::time::sleep_until(deadline.into()) => interrupted(&best, level),
            }
        }
        .boxed()
    }
}

/// A fit that is guided as long as this lives.
struct Guided {
    guidance: Guidance,
    job: JobId,
}

impl Guided {
    fn begin(guidance: &Guidance, job: JobId) -> Self {
        guidance.begin(job);
        Self {
            guidance: guidance.clone(),
            job,
        }
    }
}

impl Drop for Guided {
    fn drop(&mut self) {
        self.guidance.end(self.job);
    }
}

fn work(
    run: &RunOptimize,
    threads: usize,
    mut watcher: Watcher,
    cancel: &CancellationToken,
) -> Result<OptimizeOutput, CallFailure> {
    let budget = watcher.config.levels.get(run.context.level);
    let limit = Limit::new(
        run.context.deadline,
        Duration::from_millis(budget.time_ms),
        Instant::now(),
    );
    let mut options = options(&watcher.config, run, threads);
    options.stop = stop_of(cancel).by(limit.at);
    let document = described(run);
    let wished = run.context.palette.as_ref();
    let colors = run.look.colors.filter(|_| wished.is_none());
    let few = colors.and_then(|limit| match limit {
        ColorLimit::Few => reduce_picture_to_few(&run.target),
        ColorLimit::AtMost(most) => reduce_picture(&run.target, most.get() as usize),
    });
    let palette = wished.or(few.as_ref().map(|few| &few.palette));
    let strict = palette.filter(|palette| palette.is_strict());
    // What we lit ourselves is in its colours already.
    let posterized = strict
        .filter(|_| run.scope != FitScope::Polish)
        .map(|palette| match &few {
            Some(few) => few.picture.clone(),
            None => posterize(&run.target, palette),
        });
    options.allow_gradients &= strict.is_none();
    let target = posterized.as_ref().unwrap_or(&run.target);
    let mut fitted =
        refine(&document, target, &options, &mut watcher).map_err(|error| refused(&error))?;
    match palette {
        Some(palette) if palette.is_strict() => {
            keep_to(&mut fitted.document, palette);
        }
        // A composed picture's colours were chosen by the stages before.
        Some(palette) if run.scope != FitScope::Polish => {
            recolor(&mut fitted.document, palette);
        }
        _ => {}
    }
    if !run.look.small_shapes {
        leave_out_small(&mut fitted.document);
    }
    if fitted.report.ended_by == FitEnd::Cancelled {
        return Err(CallFailure::cancelled());
    }
    let best = Best {
        fitted,
        causes: watcher.causes,
    };
    Ok(output(&best, run.context.level, limit.by_deadline))
}

/// Part of the picture from which on a shape is not small.
const SMALL: f64 = 1e-4;
/// Longest side in pixels at which shapes are measured.
const MEASURED_AT: f64 = 512.0;

/// Leaves out shapes of which next to nothing is seen.
fn leave_out_small(document: &mut Document) {
    let scale = MEASURED_AT / document.width.max(document.height);
    let side = |length: f64| (length * scale).round().max(1.0) as u32;
    let (width, height) = (side(document.width), side(document.height));
    // Without a measure all stay.
    let Ok(seen) = document.visibility(width, height) else {
        return;
    };
    let least = SMALL * f64::from(width) * f64::from(height);
    document.retain_shapes(|index, _| seen.visible_area(index) >= least);
}

/// The document to start from, with what it says to those who cannot see it.
fn described(run: &RunOptimize) -> Cow<'_, Document> {
    match &run.description {
        Some(description) if run.document.description.is_none() => Cow::Owned(Document {
            description: Some(description.clone()),
            ..Document::clone(&run.document)
        }),
        _ => Cow::Borrowed(&*run.document),
    }
}

/// What a fit has that is not back at the deadline.
fn interrupted(best: &BestSoFar, planned: ResourceLevel) -> Result<OptimizeOutput, CallFailure> {
    let best = best.load();
    let best = best.as_deref().ok_or_else(CallFailure::late)?;
    let mut cut_short = best.clone();
    cut_short.fitted.report.ended_by = FitEnd::Deadline;
    Ok(output(&cut_short, planned, true))
}

fn output(best: &Best, planned: ResourceLevel, by_deadline: bool) -> OptimizeOutput {
    let Best { fitted, causes } = best;
    OptimizeOutput {
        summary: summary(&fitted.report, causes),
        outcome: outcome(&fitted.report, planned, causes, by_deadline),
        document: Arc::new(fitted.document.clone()),
    }
}

fn refused(error: &FitError) -> CallFailure {
    let fault = match error {
        FitError::Template(_) => Fault::Request,
        _ => Fault::Provider,
    };
    CallFailure::new(fault, error.to_string())
}

#[cfg(test)]
mod tests {
    use chat2svg_fit::{FitOutcome, refine};
    use chat2svg_protocol::{StageStatus, messages::FitScope};
    use chat2svg_vector::{Metadata, Raster};
    use kurbo::Rect;

    use super::*;

    fn fitted() -> FitOutcome {
        let document = Document {
            width: 16.0,
            height: 16.0,
            view_box: Rect::new(0.0, 0.0, 16.0, 16.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: Vec::new(),
        };
        let target = Raster::filled(16, 16, [200, 30, 40, 255]).expect("fits");
        refine(&document, &target, &Default::default(), &mut ()).expect("fits")
    }

    #[test]
    fn what_is_said_to_those_who_cannot_see_is_part_of_what_is_fitted() {
        let mut run = crate::budget::tests::run(None, FitScope::Polish);
        assert!(matches!(described(&run), Cow::Borrowed(_)));
        run.description = Some("a square".to_owned());
        assert_eq!(described(&run).description.as_deref(), Some("a square"));
        Arc::make_mut(&mut run.document).description = Some("its own".to_owned());
        assert_eq!(described(&run).description.as_deref(), Some("its own"));
    }

    #[test]
    fn at_the_deadline_the_best_so_far_is_served_and_called_cut_short() {
        let best = BestSoFar::default();
        let level = ResourceLevel::High;
        assert_eq!(interrupted(&best, level).err(), Some(CallFailure::late()));
        let found = fitted();
        best.store(Some(Arc::new(Best {
            fitted: found.clone(),
            causes: Vec::new(),
        })));
        let output = interrupted(&best, level).expect("there is a best");
        assert_eq!(*output.document, found.document);
        assert_eq!(output.outcome.status, StageStatus::CutShort);
        assert_eq!(output.summary.psnr_after, found.report.psnr_after);
    }
}
