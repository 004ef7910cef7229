//! Stage 3 of the original as a backend: its outlines and colours on our shapes, so that names and
//! groups stay.

use std::{sync::Arc, time::Duration};

use chat2svg_backends::Backend;
use chat2svg_protocol::{
    BackendId, CallFailure, Fault, FitEnd, FitSummary, ResourceLevel, Stage, StageOutcome,
    messages::{OptimizeOutput, Progress, RunOptimize},
};
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_vector::{Color, Document, Raster, Resampling, WriteOptions};
use futures_util::{FutureExt as _, future::BoxFuture};

use super::{MOST_BYTES, SIDE, Scripts, drawing, failed, look, picture, unreadable};
use crate::{
    Product,
    dialect::{self, Form},
};

/// Has the original's third script fit shapes to a target.
#[derive(Clone)]
pub struct ScriptFitter {
    scripts: Scripts,
    pool: ComputePool,
    progress: Line<Progress>,
}

/// What the script is given.
struct Given {
    /// The document with strokes as what they paint.
    document: Document,
    /// Which of its shapes the paths are, in their order.
    shapes: Vec<usize>,
    svg: String,
    target: Vec<u8>,
}

impl ScriptFitter {
    /// A fitter that starts `scripts`, draws and reads in `pool`, and tells how far it is.
    pub fn new(scripts: Scripts, pool: ComputePool, progress: Line<Progress>) -> Self {
        Self {
            scripts,
            pool,
            progress,
        }
    }

    async fn serve_run(self, run: RunOptimize) -> Result<OptimizeOutput, CallFailure> {
        let desk = self.scripts.desk()?;
        let cancel = run.context.cancel.clone();
        let steps: u32 = match run.context.level {
            ResourceLevel::High => 500,
            ResourceLevel::Medium => 350,
            ResourceLevel::Low => 250,
            ResourceLevel::Minimal => 100,
        };
        let (document, target) = (Arc::clone(&run.document), Arc::clone(&run.target));
        let given = self
            .pool
            .run(&cancel, move || given(&document, &target))
            .await??;
        desk.put(Product::WithNewPaths, given.svg.as_bytes())?;
        desk.put(Product::Target, &given.target)?;
        let text = steps.to_string();
        let flags = [
            ("target", desk.layout.target().to_string()),
            ("svg_folder", desk.root()?),
            ("output_size", "256".to_owned()),
            ("seed", (run.context.seed & 0xffff_ffff).to_string()),
            ("epoch_latent_inversion", text.clone()),
            ("epoch_img_optim", text.clone()),
            ("epoch_point_optim", text),
        ];
        let context = (&run.context, steps);
        self.scripts
            .run(
                Stage::Optimize,
                &desk,
                &flags,
                None,
                context,
                &self.progress,
            )
            .await?;
        let fitted = desk.take(Product::Points, MOST_BYTES)?;
        self.pool
            .run(&cancel, move || read(&run, given, &fitted, steps))
            .await?
    }
}

impl Backend<RunOptimize> for ScriptFitter {
    fn id(&self) -> BackendId {
        BackendId::SCRIPTS
    }

    /// It changes shapes that there are; bounds on bytes and transparent targets are not its own.
    fn takes(&self, run: &RunOptimize) -> bool {
        run.document.counts().shapes > 0 && run.limits.bytes.is_none() && run.target.is_opaque()
    }

    fn reserve(&self, _: &RunOptimize) -> Duration {
        self.scripts.least_time()
    }

    fn serve(&self, run: RunOptimize) -> BoxFuture<'static, Result<OptimizeOutput, CallFailure>> {
        self.clone().serve_run(run).boxed()
    }
}

fn given(document: &Document, target: &Raster) -> Result<Given, CallFailure> {
    let flattened = dialect::flatten(document, SIDE).map_err(|error| unreadable(&error))?;
    let flat = flattened.text(Form::Detail);
    if flat.paths == 0 {
        let reason = "nothing of the drawing can be given to the script";
        return Err(CallFailure::new(Fault::Request, reason));
    }
    Ok(Given {
        svg: flat.svg,
        shapes: flattened.shapes().collect(),
        target: squared(document, target)?
            .encode_png()
            .map_err(|error| failed(error.to_string()))?,
        document: flattened.into_document(),
    })
}

/// The target in a square, as the document is drawn in one: on white.
fn squared(document: &Document, target: &Raster) -> Result<Raster, CallFailure> {
    let to_canvas = document.canvas_transform(SIDE, SIDE);
    let to_canvas = to_canvas.map_err(|error| unreadable(&error))?;
    let part = to_canvas.transform_rect_bbox(document.view_box);
    let side = |length: f64| (length.round() as u32).clamp(1, SIDE);
    let (width, height) = (side(part.width()), side(part.height()));
    let resized = target.resize(width, height, Resampling::default());
    let resized = resized.map_err(|error| failed(error.to_string()))?;
    let mut square =
        Raster::filled(SIDE, SIDE, [255; 4]).map_err(|error| failed(error.to_string()))?;
    let (left, top) = ((SIDE - width) / 2, (SIDE - height) / 2);
    for y in 0..height {
        for x in 0..width {
            let place = (top + y) as usize * SIDE as usize + (left + x) as usize;
            let pixel = resized.pixel(x, y);
            if let (Some(own), Some(pixel)) = (square.pixels_mut().get_mut(place), pixel) {
                *own = pixel;
            }
        }
    }
    Ok(square)
}

/// The script's outlines and colours on the shapes that they belong to.
fn read(
    run: &RunOptimize,
    given: Given,
    fitted: &[u8],
    steps: u32,
) -> Result<OptimizeOutput, CallFailure> {
    let theirs = drawing(fitted, &run.context)?;
    let paths = theirs.shapes();
    if paths.len() != given.shapes.len() {
        return Err(failed(format!(
            "it was given {} shapes and gave {} back",
            given.shapes.len(),
            paths.len()
        )));
    }
    let render = |error: chat2svg_vector::RenderError| unreadable(&error);
    let to_canvas = given
        .document
        .canvas_transform(SIDE, SIDE)
        .map_err(render)?;
    let theirs_to_canvas = theirs.canvas_transform(SIDE, SIDE).map_err(render)?;
    let mut document = given.document;
    document.edit_shapes(|index, shape, transform, opacity| {
        let Some(place) = given.shapes.iter().position(|own| *own == index) else {
            return;
        };
        let Some(visit) = paths.get(place) else {
            return;
        };
        let back = (to_canvas * transform).inverse() * theirs_to_canvas * visit.transform;
        if !back.is_finite() || opacity <= 0.0 {
            return;
        }
        let mut theirs = visit.shape.clone();
        theirs.apply_affine(back);
        shape.path = theirs.path;
        shape.fill = theirs.fill;
        shape.stroke = theirs.stroke;
        // Groups above make it fainter already.
        shape.opacity = (theirs.opacity * visit.opacity / opacity).min(1.0);
    });
    let target = picture(&given.target)?;
    let quality = |document: &Document| -> Result<f64, CallFailure> {
        let psnr = look(document)?.psnr(&target, Color::WHITE);
        psnr.map_err(|error| failed(error.to_string()))
    };
    let (before, after) = (quality(&run.document)?, quality(&document)?);
    if after < before {
        return Err(failed(format!(
            "its result is farther from the target than what it was given: {after:.1} dB, {before:.1} before"
        )));
    }
    if let Some(description) = &run.description {
        document
            .description
            .get_or_insert_with(|| description.clone());
    }
    let bytes = document.to_svg(&WriteOptions::default()).len();
    Ok(OptimizeOutput {
        document: Arc::new(document),
        summary: FitSummary {
            moved: Vec::new(),
            lost: Vec::new(),
            unshown: 0.0,
            iterations: 3 * steps,
            psnr_before: before as f32,
            psnr_after: after as f32,
            paths_added: 0,
            paths_removed: 0,
            bytes,
            ended_by: FitEnd::Schedule,
            curve: Vec::new(),
            budget_changes: Vec::new(),
        },
        outcome: StageOutcome::completed(BackendId::SCRIPTS),
    })
}
