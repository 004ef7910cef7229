//! Stage 2: the clean drawing, a target picture, and the shapes for it.

use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use chat2svg_backends::{Backend, Circuits, LineUp};
use chat2svg_detail::{DetailConfig, EmbeddedDetailer, ModelDetailer};
use chat2svg_gateway::{Ledger, NoLedger};
use chat2svg_imagegen::{ImagegenConfig, image_model};
use chat2svg_protocol::{
    BackendId,
    messages::{DetailOutput, RunDetail, TargetOrigin},
};
use chat2svg_scripts::{Parameter, Product, dialect};
use chat2svg_stop::Stop;
use chat2svg_supervision::ComputePool;
use chat2svg_vector::{Color, DecodeLimits, Document, Node, ParseLimits, Raster, WriteOptions};

use crate::{cli::DetailFlags, line_ups, signals::stop_signal};

use super::{
    Job,
    folder::{Folder, paper, tell},
    unwatched,
};

/// Side of everything that this stage writes.
const SIDE: u32 = 512;

/// Makes what is missing between the template and the fit.
///
/// # Errors
/// When there is no template, or what is made cannot be written.
pub(super) fn run(job: &Job<'_>, flags: &DetailFlags, seed: Option<u64>) -> anyhow::Result<()> {
    job.need_folder()?;
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
            .map_err(|wrong| {
                crate::Usage(format!("a flag is out of its range: {}", wrong.reason))
            })?;
        Ok(Self {
            folder: job.folder(2)?,
            job,
            detail,
            imagegen,
            seed: seed.unwrap_or(0),
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
        paper(
            &layout
                .stage(2)
                .join(format!("{}_{SIDE}.svg", layout.target())),
            clean.svg.as_bytes(),
        )?;

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
            Some(self.detail(document.clone(), target.filter(|_| !is_lit))?)
        };
        let picture = document
            .render(SIDE, SIDE, Some(Color::WHITE))?
            .encode_png()?;
        let is_pictured = layout.product(Product::TemplatePicture).exists()
            && self.folder.verdict(Product::TemplatePicture, &[], &[])
                == chat2svg_scripts::Verdict::Usable;
        if let (Some(output), false) = (&output, is_kept) {
            let target = output.target.encode_png()?;
            let mut of_target = of_target;
            let by = match output.origin {
                TargetOrigin::Model => &output.outcome.served_by,
                TargetOrigin::Lit | TargetOrigin::Caller => &BackendId::EMBEDDED,
            };
            if let Some(parameter) = of_target.iter_mut().find(|one| one.name == "target_by") {
                parameter.value = by.to_string();
            }
            self.write(Product::Target, &target, &of_target)?;
            paper(&layout.stage(2).join("target_1.png"), &target)?;
        }
        if !is_pictured {
            self.write(Product::TemplatePicture, &picture, &[])?;
        }
        let Some(output) = output else {
            return Ok(());
        };
        println!("***** new shapes of {} *****", layout.target());
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

    /// The template, or the clean drawing where that alone is there.
    fn template(&self) -> anyhow::Result<Document> {
        let layout = &self.job.layout;
        let has = |product| layout.product(product).exists();
        let product = match has(Product::Template) || !has(Product::Clean) {
            true => Product::Template,
            false => Product::Clean,
        };
        let bytes = self.folder.need(product)?;
        read(&bytes).with_context(|| layout.product(product).display().to_string())
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

    /// Has the stage served by its line of backends.
    fn detail(
        &self,
        document: Document,
        target: Option<Arc<Raster>>,
    ) -> anyhow::Result<DetailOutput> {
        let settings = self.job.settings;
        let ledger: Arc<dyn Ledger> = Arc::new(NoLedger);
        let model = image_model(&self.imagegen, ledger)?;
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
        Ok(output)
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
