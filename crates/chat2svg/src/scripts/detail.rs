//! Stage 2: the clean drawing, a target picture, and the shapes for it.

use std::sync::{Arc, PoisonError};

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use chat2svg_backends::{Backend, Circuits, LineUp};
use chat2svg_detail::{DetailConfig, EmbeddedDetailer, ModelDetailer};
use chat2svg_gateway::{Ledger, NoLedger};
use chat2svg_imagegen::{ImagegenConfig, image_model};
use chat2svg_protocol::{
    BackendId,
    messages::{DetailOutput, RunDetail, TargetOrigin},
};
use chat2svg_scripts::{
    Parameter, Product, Segmentation, dialect,
    papers::{new_segments, segments},
};
use chat2svg_stop::Stop;
use chat2svg_supervision::ComputePool;
use chat2svg_vector::{Color, DecodeLimits, Document, Node, ParseLimits, Raster, WriteOptions};

use crate::{cli::DetailFlags, line_ups, signals::stop_signal};

use super::{
    Job,
    folder::{Folder, paper, tell},
    pictures::{self, Kept},
    unwatched,
};

/// Side of everything that this stage writes.
const SIDE: u32 = 512;
/// The original's blur.
const BLUR: f32 = 7.0;
/// Most blur that changes anything on a canvas of that side.
const MOST_BLUR: f32 = 100.0;

/// Makes what is missing between the template and the fit.
///
/// # Errors
/// When there is no template, or what is made cannot be written.
pub(super) fn run(job: &Job<'_>, flags: &DetailFlags, seed: Option<u64>) -> anyhow::Result<()> {
    let mut stage = Stage::new(job, flags, seed)?;
    stage.run()?;
    println!("Done!");
    Ok(())
}

struct Stage<'a> {
    job: &'a Job<'a>,
    folder: Folder,
    detail: DetailConfig,
    imagegen: ImagegenConfig,
    seed: u64,
    /// Of the template's blurred picture, in pixels.
    blur: f32,
    /// What a target made here depends on.
    of_target: Vec<Parameter>,
    /// What new shapes depend on.
    of_shapes: Vec<Parameter>,
}

impl<'a> Stage<'a> {
    fn new(job: &'a Job<'a>, flags: &DetailFlags, seed: Option<u64>) -> anyhow::Result<Self> {
        let mut detail = job.settings.detail.clone();
        let mut imagegen = job.settings.imagegen.clone();
        let model = &mut imagegen.levels.high;
        let mut of_target = vec![
            job.prompt()?.1,
            Parameter::new("seed", seed.as_ref(), &0),
            // Whoever makes it, with or without a model.
            Parameter {
                name: "target_by",
                value: job
                    .settings
                    .imagegen
                    .backend()
                    .unwrap_or(BackendId::EMBEDDED)
                    .to_string(),
                is_given: false,
            },
        ];
        let mut of_model = |name, given: Option<String>| {
            of_target.extend(given.map(|value| Parameter {
                name,
                value,
                is_given: true,
            }));
        };
        let text = |value: Option<f32>| value.map(|value| value.to_string());
        of_model("strength", text(flags.strength));
        of_model("guidance_scale", text(flags.guidance_scale));
        of_model(
            "controlnet_conditioning_scale",
            text(flags.controlnet_conditioning_scale),
        );
        of_model(
            "num_inference_steps",
            flags.num_inference_steps.map(|value| value.to_string()),
        );
        of_model(
            "num_images_per_prompt",
            flags.num_images_per_prompt.map(|value| value.to_string()),
        );
        model.steps = flags.num_inference_steps.unwrap_or(model.steps);
        model.strength = flags.strength.unwrap_or(model.strength);
        model.guidance = flags.guidance_scale.unwrap_or(model.guidance);
        model.control = flags.controlnet_conditioning_scale.unwrap_or(model.control);
        model.candidates = flags.num_images_per_prompt.unwrap_or(model.candidates);
        let is_without_model = job.settings.imagegen.backend().is_none();
        if is_without_model && of_target.len() > 3 {
            tell(
                "no image model is set up ([imagegen]): flags about it change nothing, and the template is lit instead",
            );
        }
        let adopt = &mut detail.levels.high.adopt.new_shapes;
        let of_shapes = vec![
            Parameter::new(
                "thresh_iou",
                flags.thresh_iou.as_ref(),
                &adopt.known_overlap,
            ),
            Parameter::new(
                "thresh_visible_area_ratio",
                flags.thresh_visible_area_ratio.as_ref(),
                &adopt.visible_share,
            ),
            Parameter::new(
                "thresh_area_ub_ratio",
                flags.thresh_area_ub_ratio.as_ref(),
                &adopt.largest_share,
            ),
            Parameter::new(
                "thresh_area_lb",
                flags.thresh_area_lb.as_ref(),
                &adopt.least_area,
            ),
        ];
        adopt.known_overlap = flags.thresh_iou.unwrap_or(adopt.known_overlap);
        adopt.visible_share = flags
            .thresh_visible_area_ratio
            .unwrap_or(adopt.visible_share);
        adopt.largest_share = flags.thresh_area_ub_ratio.unwrap_or(adopt.largest_share);
        adopt.least_area = flags.thresh_area_lb.unwrap_or(adopt.least_area);
        detail
            .validate()
            .and_then(|()| imagegen.validate())
            .map_err(|wrong| crate::Usage(told_of_flag(&wrong.reason)))?;
        Ok(Self {
            folder: job.folder(2)?,
            job,
            detail,
            imagegen,
            seed: seed.unwrap_or(0),
            blur: flags.blur_radius.unwrap_or(BLUR).clamp(0.0, MOST_BLUR),
            of_target,
            of_shapes,
        })
    }

    fn run(&mut self) -> anyhow::Result<()> {
        let layout = self.job.layout.clone();
        let document = self.template()?;
        println!("***** cleaning {} *****", layout.target());
        let clean = dialect::write(&document, SIDE, dialect::Form::Detail)?;
        self.write(Product::Clean, clean.svg.as_bytes(), &[])?;
        paper(&layout.sized(SIDE), clean.svg.as_bytes())?;

        println!("***** target of {} *****", layout.target());
        let (of_target, of_shapes) = (self.of_target.clone(), self.of_shapes.clone());
        let target = self
            .folder
            .is_usable(Product::Target, &[], &of_target)
            .then(|| self.target())
            .transpose()?
            .flatten();
        let is_kept = target.is_some();
        let of_both = [of_target.clone(), of_shapes].concat();
        let are_shapes_there =
            is_kept && self.folder.is_usable(Product::WithNewPaths, &[], &of_both);
        let output = if are_shapes_there {
            None
        } else {
            // A target of ours that was lit is lit again, with the document that goes with it.
            let is_lit = self.folder.record(Product::Target).is_some_and(|record| {
                record
                    .parameters
                    .get("target_by")
                    .is_some_and(|by| by == "embedded")
            }) && self.folder.is_ours(Product::Target);
            let start = match &target {
                None => self.with_new_paths(&of_both)?,
                Some(_) => None,
            };
            let start = start.unwrap_or_else(|| document.clone());
            Some(self.detail(start, target.filter(|_| !is_lit))?)
        };
        let picture = document.render(SIDE, SIDE, Some(Color::WHITE))?;
        let blurred = picture.blurred(self.blur);
        paper(&layout.blurred(), &blurred.encode_png()?)?;
        let is_pictured = layout.product(Product::TemplatePicture).exists()
            && self.folder.verdict(Product::TemplatePicture, &[], &[])
                == chat2svg_scripts::Verdict::Usable;
        if let (Some((output, made)), false) = (&output, is_kept) {
            let target = output.target.encode_png()?;
            let are_theirs = !self.folder.is_ours(Product::Target);
            let candidates = pictures::candidates(&output.target, made);
            pictures::write_candidates(&layout, &candidates, (&picture, &blurred), are_theirs)?;
            let mut of_target = of_target;
            let by = match output.origin {
                TargetOrigin::Model => &output.outcome.served_by,
                TargetOrigin::Lit | TargetOrigin::Caller => &BackendId::EMBEDDED,
            };
            if let Some(parameter) = of_target.iter_mut().find(|one| one.name == "target_by") {
                parameter.value = by.to_string();
            }
            self.write(Product::Target, &target, &of_target)?;
        }
        if !is_pictured {
            self.write(Product::TemplatePicture, &picture.encode_png()?, &[])?;
        }
        let Some((output, _)) = output else {
            return Ok(());
        };
        println!("***** new shapes of {} *****", layout.target());
        let before = document;
        let most_overlap = self.detail.levels.high.adopt.new_shapes.known_overlap;
        for (what, segments) in [
            (Segmentation::Template, segments(&before, SIDE)?),
            (Segmentation::Target, segments(&output.document, SIDE)?),
            (
                Segmentation::Added,
                new_segments(&output.document, &before, most_overlap, SIDE)?,
            ),
        ] {
            pictures::write_segments(&layout, what, &segments)?;
        }
        self.write_shapes(&output, &of_both)
    }

    fn write_shapes(
        &mut self,
        output: &DetailOutput,
        made_with: &[Parameter],
    ) -> anyhow::Result<()> {
        let flat = dialect::write(&output.document, SIDE, dialect::Form::Detail)?;
        let whole = self.job.layout.document(Product::WithNewPaths);
        if flat.is_poorer {
            let text = output.document.to_svg(&WriteOptions::default());
            paper(&whole, text.as_bytes())?;
        } else if whole.exists() {
            std::fs::remove_file(&whole)
                .with_context(|| format!("cannot remove {}", whole.display()))?;
        }
        if flat.left_out > 0 {
            tell(&format!(
                "{} shapes of which only a part is seen are not in {}; they are in {}, which our stage 3 reads",
                flat.left_out,
                Product::WithNewPaths.file_name(self.job.layout.target()),
                whole.display()
            ));
        }
        if !output.summary.added.is_empty() {
            tell(&format!("new: {}", output.summary.added.join(", ")));
        }
        self.write(Product::WithNewPaths, flat.svg.as_bytes(), made_with)
    }

    fn write(&mut self, product: Product, bytes: &[u8], with: &[Parameter]) -> anyhow::Result<()> {
        self.folder.write(product, bytes, &[], with)
    }

    /// The template, or what of later drawings is there in its place.
    fn template(&self) -> anyhow::Result<Document> {
        let layout = &self.job.layout;
        let of_template = [
            Product::Template,
            Product::Clean,
            Product::WithNewPaths,
            Product::Latent,
        ];
        let product = of_template
            .into_iter()
            .find(|product| layout.product(*product).exists());
        let product = product.unwrap_or(Product::Template);
        let bytes = self.folder.need(product)?;
        read(&bytes).with_context(|| layout.product(product).display().to_string())
    }

    /// The drawing with new shapes that somebody else made, where its target is gone: what is in it
    /// stays in what is made anew.
    fn with_new_paths(&self, wanted: &[Parameter]) -> anyhow::Result<Option<Document>> {
        let (product, target) = (Product::WithNewPaths, Product::Target);
        let path = self.job.layout.product(product);
        let is_something = path.metadata().is_ok_and(|file| file.len() > 0);
        if !is_something || self.job.layout.product(target).exists() || self.folder.is_ours(product)
        {
            return Ok(None);
        }
        if self.folder.verdict(product, &[], wanted) != chat2svg_scripts::Verdict::Usable {
            return Ok(None);
        }
        let name = product.file_name(self.job.layout.target());
        tell(&format!("the target is made of {name}, which is there"));
        Ok(Some(read(&self.folder.need(product)?)?))
    }

    /// The target that is there; `None` when it is no picture, which is told.
    fn target(&self) -> anyhow::Result<Option<Arc<Raster>>> {
        let bytes = self.folder.need(Product::Target)?;
        match Raster::decode(&bytes, &DecodeLimits::default()) {
            Ok(target) => Ok(Some(Arc::new(target))),
            Err(error) => {
                let name = Product::Target.file_name(self.job.layout.target());
                tell(&format!("{name} cannot be used and is made anew: {error}"));
                Ok(None)
            }
        }
    }

    /// Has the stage served by its line of backends. Answers with the pictures that an image model
    /// made, too.
    fn detail(
        &self,
        document: Document,
        target: Option<Arc<Raster>>,
    ) -> anyhow::Result<(DetailOutput, Vec<Bytes>)> {
        let settings = self.job.settings;
        let ledger: Arc<dyn Ledger> = Arc::new(NoLedger);
        let (model, made) = match image_model(&self.imagegen, ledger)? {
            Some(model) => {
                let (kept, made) = Kept::new(model);
                (Some(Arc::new(kept)), made)
            }
            None => (None, Arc::default()),
        };
        let run = RunDetail {
            context: self.job.context(self.seed),
            prompt: Some(self.job.prompt()?.0),
            document: Arc::new(document),
            style: None,
            target,
            may_add: true,
        };
        let mut order = line_ups::detail_line_up(settings);
        order.retain(|id| {
            *id == BackendId::EMBEDDED || Some(id) == self.imagegen.backend().as_ref()
        });
        let output = actix::System::new().block_on(async {
            let pool = ComputePool::new("detail", settings.process.threads(), 16);
            let embedded = EmbeddedDetailer::new(self.detail.clone(), pool.clone());
            let mut known: Vec<Arc<dyn Backend<RunDetail>>> = vec![Arc::new(embedded)];
            if let Some(model) = model {
                let (imagegen, detail) = (self.imagegen.clone(), self.detail.clone());
                known.push(Arc::new(ModelDetailer::new(model, imagegen, detail, pool, unwatched())));
            }
            let in_line = order
                .iter()
                .filter_map(|id| known.iter().find(|backend| backend.id() == *id).cloned());
            let line_up = LineUp::new(in_line.collect(), Circuits::always_closed());
            tokio::select! {
                served = line_up.serve(run) => served.map_err(|failure| anyhow!("{failure}")),
                signal = stop_signal() => bail!("interrupted by {}: run it again to go on", signal?),
            }
        })?;
        for attempt in &output.outcome.attempts {
            if let Some(reason) = &attempt.reason {
                tell(&format!("{}: {reason}", attempt.backend));
            }
        }
        if let Some(reason) = &output.outcome.reason {
            tell(reason);
        }
        let made = std::mem::take(&mut *made.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((output, made))
    }
}

/// Flags by the settings that they stand for.
const FLAGS: [(&str, &str); 9] = [
    ("steps", "num_inference_steps"),
    ("candidates", "num_images_per_prompt"),
    ("control", "controlnet_conditioning_scale"),
    ("guidance", "guidance_scale"),
    ("strength", "strength"),
    ("known_overlap", "thresh_iou"),
    ("visible_share", "thresh_visible_area_ratio"),
    ("largest_share", "thresh_area_ub_ratio"),
    ("least_area", "thresh_area_lb"),
];

/// What is wrong with a setting, said of the flag that set it.
fn told_of_flag(reason: &str) -> String {
    let (setting, rule) = reason.split_once(' ').unwrap_or((reason, ""));
    let name = setting.rsplit('.').next().unwrap_or(setting);
    match FLAGS.iter().find(|(setting, _)| *setting == name) {
        Some((_, flag)) => format!("--{flag} {rule}"),
        None => format!("a flag is out of its range: {reason}"),
    }
}

/// A drawing of whoever wrote it: an SVG, or the whole reply that holds one.
pub(super) fn read(bytes: &[u8]) -> anyhow::Result<Document> {
    let text = String::from_utf8_lossy(bytes);
    let parsed = Document::parse_reply(&text, &ParseLimits::default(), &Stop::never())?;
    if parsed.document.counts().shapes == 0 {
        bail!("it shows nothing");
    }
    for warning in parsed
        .warnings
        .iter()
        .filter(|warning| warning.kind.changes_picture())
    {
        tell(&warning.to_string());
    }
    let mut document = parsed.document;
    name_layers(&mut document);
    Ok(document)
}

/// Names what has no name, so that what becomes of it can be told.
fn name_layers(document: &mut Document) {
    for (index, node) in document.layers.iter_mut().enumerate() {
        let (id, label) = match node {
            Node::Group(group) => (&group.id, &mut group.label),
            Node::Shape(shape) => (&shape.id, &mut shape.label),
        };
        if id.is_empty() && label.is_empty() {
            *label = format!("Part {}", index + 1);
        }
    }
}
