//! Stage 2 of the original as a backend: its target, and its new shapes in our document, so that
//! names stay.

use std::{sync::Arc, time::Duration};

use chat2svg_backends::Backend;
use chat2svg_protocol::{
    BackendId, CallFailure, DetailSummary, Placement, ResourceLevel, Stage, StageOutcome,
    TargetSummary,
    messages::{DetailOutput, Progress, RunDetail, TargetOrigin},
};
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_vector::{Color, Document, Drawn, Group, Node, Raster};
use futures_util::{FutureExt as _, future::BoxFuture};
use kurbo::{Affine, Rect};

use super::{MOST_BYTES, SIDE, Scripts, drawing, failed, look, picture, unreadable};
use crate::{Product, dialect};

/// What the group of new shapes is called.
const NEW: &str = "New shapes";

/// Has the original's second script make a target and find what is new in it.
#[derive(Clone)]
pub struct ScriptDetailer {
    scripts: Scripts,
    pool: ComputePool,
    progress: Line<Progress>,
}

/// What the script left.
struct Left {
    clean: Vec<u8>,
    target: Vec<u8>,
    with_new_paths: Vec<u8>,
}

impl ScriptDetailer {
    /// A detailer that starts `scripts`, draws and reads in `pool`, and tells how far it is.
    pub fn new(scripts: Scripts, pool: ComputePool, progress: Line<Progress>) -> Self {
        Self {
            scripts,
            pool,
            progress,
        }
    }

    async fn serve_run(self, run: RunDetail) -> Result<DetailOutput, CallFailure> {
        let desk = self.scripts.desk()?;
        let (cancel, document) = (run.context.cancel.clone(), Arc::clone(&run.document));
        let given = self.pool.run(&cancel, move || given(&document)).await??;
        desk.put(Product::Template, given.as_bytes())?;
        let (path, folder) = desk.place()?;
        let (steps, strength, guidance) = match run.context.level {
            ResourceLevel::High => ("30", "1.0", "7.0"),
            ResourceLevel::Medium => ("25", "0.9", "6.5"),
            ResourceLevel::Low | ResourceLevel::Minimal => ("20", "0.85", "6.0"),
        };
        let flags = [
            ("target", desk.layout.target().to_string()),
            ("output_path", path),
            ("output_folder", folder),
            // Larger numbers than its generator takes are folded.
            ("seed", (run.context.seed & 0xffff_ffff).to_string()),
            ("num_inference_steps", steps.to_owned()),
            ("strength", strength.to_owned()),
            ("guidance_scale", guidance.to_owned()),
        ];
        let prompt = run.prompt.as_ref();
        let context = (&run.context, 0);
        self.scripts
            .run(
                Stage::Detail,
                &desk,
                &flags,
                prompt,
                context,
                &self.progress,
            )
            .await?;
        let left = Left {
            clean: desk.take(Product::Clean, MOST_BYTES)?,
            target: desk.take(Product::Target, MOST_BYTES)?,
            with_new_paths: desk.take(Product::WithNewPaths, MOST_BYTES)?,
        };
        self.pool.run(&cancel, move || read(&run, &left)).await?
    }
}

impl Backend<RunDetail> for ScriptDetailer {
    fn id(&self) -> BackendId {
        BackendId::SCRIPTS
    }

    /// A target that the caller brings needs no other.
    fn takes(&self, run: &RunDetail) -> bool {
        run.target.is_none() && run.document.counts().shapes > 0
    }

    fn reserve(&self, _: &RunDetail) -> Duration {
        self.scripts.least_time()
    }

    fn serve(&self, run: RunDetail) -> BoxFuture<'static, Result<DetailOutput, CallFailure>> {
        self.clone().serve_run(run).boxed()
    }
}

/// The template as the script takes it.
fn given(document: &Document) -> Result<String, CallFailure> {
    let flat = dialect::write(document, SIDE, dialect::Form::Detail);
    let flat = flat.map_err(|error| unreadable(&error))?;
    if flat.paths == 0 {
        return Err(CallFailure::new(
            chat2svg_protocol::Fault::Request,
            "nothing of the drawing can be given to the script",
        ));
    }
    Ok(flat.svg)
}

/// What the script left, in our document.
fn read(run: &RunDetail, left: &Left) -> Result<DetailOutput, CallFailure> {
    let target = picture(&left.target)?;
    let clean = drawing(&left.clean, &run.context)?;
    let theirs = drawing(&left.with_new_paths, &run.context)?;
    let known = clean.counts().shapes;
    let found = theirs.counts().shapes;
    if found < known {
        return Err(failed(format!(
            "of the {known} shapes of its clean drawing only {found} are in the one with new shapes"
        )));
    }
    let to_canvas = run.document.canvas_transform(SIDE, SIDE);
    let to_canvas = to_canvas.map_err(|error| unreadable(&error))?;
    let mut document = (*run.document).clone();
    let mut group = Group::new(NEW);
    let theirs_to_canvas = theirs.canvas_transform(SIDE, SIDE);
    let theirs_to_canvas = theirs_to_canvas.map_err(|error| unreadable(&error))?;
    for visit in theirs.shapes().into_iter().skip(known) {
        let mut shape = visit.shape.clone();
        shape.apply_affine(to_canvas.inverse() * theirs_to_canvas * visit.transform);
        shape.opacity *= visit.opacity;
        shape.id = String::new();
        shape.label = format!("New shape {}", group.children.len() + 1);
        shape.drawn = Drawn::Here;
        group.children.push(Node::Shape(shape));
    }
    let added: Vec<String> = group
        .children
        .iter()
        .map(|node| format!("{NEW} / {}", node.label()))
        .collect();
    if !added.is_empty() {
        document.layers.push(Node::Group(group));
    }
    document.ensure_ids();
    let target = cropped(&target, to_canvas, run.document.view_box)?;
    // What keeps nothing of the picture is no target for it.
    let before = look(&run.document)?;
    let is_blank = target
        .pixels()
        .iter()
        .all(|pixel| Some(pixel) == target.pixels().first());
    if is_blank
        && !before
            .pixels()
            .iter()
            .all(|pixel| Some(pixel) == before.pixels().first())
    {
        return Err(failed("its target is of one colour"));
    }
    Ok(DetailOutput {
        document: Arc::new(document),
        target: Arc::new(target),
        origin: TargetOrigin::Model,
        // It adds shapes and moves none.
        placement: Placement::Unregistered,
        summary: DetailSummary {
            added,
            moved: Vec::new(),
            target: Some(TargetSummary {
                model: "the original's stage 2".to_owned(),
                candidates: 1,
                structure: 0.0,
                cost: 0.0,
            }),
        },
        outcome: StageOutcome::completed(BackendId::SCRIPTS),
    })
}

/// The part of a square picture that the document's view box takes.
fn cropped(picture: &Raster, to_canvas: Affine, view_box: Rect) -> Result<Raster, CallFailure> {
    let side = f64::from(SIDE);
    let part = to_canvas.transform_rect_bbox(view_box);
    let pixel = |at: f64, length: u32| {
        ((at / side * f64::from(length)).round().max(0.0) as u32).min(length)
    };
    let (x0, x1) = (
        pixel(part.x0, picture.width()),
        pixel(part.x1, picture.width()),
    );
    let (y0, y1) = (
        pixel(part.y0, picture.height()),
        pixel(part.y1, picture.height()),
    );
    let rows = (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y)));
    let pixels = rows.filter_map(|(x, y)| picture.pixel(x, y)).collect();
    let part = Raster::new(x1.saturating_sub(x0), y1.saturating_sub(y0), pixels);
    let part = part.map_err(|error| failed(error.to_string()))?;
    Ok(part.over(Color::WHITE))
}
