//! Stage 3: shapes fitted to the target, first as they are and at low resolution, then with what
//! each of them is worth.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use chat2svg_fit::{FitOptions, FitOutcome, Observer, Progress, refine};
use chat2svg_scripts::{
    Found, Layout, Parameter, Product, dialect, papers::segments, write_config,
};
use chat2svg_vector::{Color, DecodeLimits, Document, ParseLimits, Raster, WriteOptions};

use crate::cli::OptimizeFlags;

use super::{
    Job, OPTIMIZE_SEED, detail,
    folder::{Folder, make, paper, tell},
    pictures::write_masks,
};

/// Side of the result.
const SIDE: u32 = 512;

/// Fits, unless that is done.
///
/// # Errors
/// When there is nothing to fit, or what was fitted cannot be written.
pub(super) fn run(job: &Job<'_>, flags: &OptimizeFlags, seed: Option<u64>) -> anyhow::Result<()> {
    let mut stage = Stage {
        folder: job.folder(3)?,
        job,
        side: flags.output_size.unwrap_or(224),
        first: flags.epoch_img_optim.unwrap_or(500),
        second: flags.epoch_point_optim.unwrap_or(500),
        log_every: flags.log_every.unwrap_or(100),
        of_latent: vec![
            Parameter::new("output_size", flags.output_size.as_ref(), &224),
            Parameter::new("epoch_img_optim", flags.epoch_img_optim.as_ref(), &500),
        ],
        of_points: vec![Parameter::new(
            "epoch_point_optim",
            flags.epoch_point_optim.as_ref(),
            &500,
        )],
        seed: seed.unwrap_or(OPTIMIZE_SEED),
        log: Log::default(),
    };
    if seed.is_some() {
        tell("--seed has no meaning in stage 3: the fit leaves nothing to chance");
    }
    stage.run()?;
    println!("Done!");
    Ok(())
}

struct Stage<'a> {
    job: &'a Job<'a>,
    folder: Folder,
    side: u32,
    first: u32,
    second: u32,
    log_every: u32,
    of_latent: Vec<Parameter>,
    of_points: Vec<Parameter>,
    seed: u64,
    log: Log,
}

impl Stage<'_> {
    fn run(&mut self) -> anyhow::Result<()> {
        let layout = self.job.layout.clone();
        let of_latent = self.of_latent.clone();
        let is_latent_there = layout.product(Product::Latent).exists()
            && self.folder.is_usable(Product::Latent, &[], &of_latent);
        let of_all = [of_latent.clone(), self.of_points.clone()].concat();
        let drawn = layout.product(Product::WithNewPaths);
        let drawn: Vec<Found> = self.folder.found(&drawn).into_iter().collect();
        let is_latent_gone = !layout.product(Product::Latent).exists();
        if is_latent_there || is_latent_gone {
            if self.folder.is_usable(Product::Points, &drawn, &of_all) {
                return Ok(());
            }
        } else if layout.product(Product::Points).exists() {
            let name = |product: Product| product.file_name(layout.target());
            tell(&format!(
                "{} is stale and made anew: {} is, too",
                name(Product::Points),
                name(Product::Latent)
            ));
        }
        let target = self.folder.need(Product::Target)?;
        let target = Raster::decode(&target, &DecodeLimits::default()).map_err(|error| {
            let path = layout.product(Product::Target);
            anyhow!("{}: {error}", path.display())
        })?;
        self.log = Log::begin(&layout)?;
        let latent = if is_latent_there {
            self.read(Product::Latent)?
        } else {
            let document = self.read(Product::WithNewPaths)?;
            self.fit_latent(&document, &target, &of_latent)?
        };
        self.fit_points(&latent, &target, &of_all)?;
        let flags = [
            ("target", layout.target().to_string()),
            ("output_size", self.side.to_string()),
            ("seed", self.seed.to_string()),
            ("epoch_img_optim", self.first.to_string()),
            ("epoch_point_optim", self.second.to_string()),
            ("log_every", self.log_every.to_string()),
        ];
        paper(&layout.config(3), write_config(flags).as_bytes())
    }

    /// A product as a document: the one behind it, where the file is as we wrote it.
    fn read(&self, product: Product) -> anyhow::Result<Document> {
        let (layout, bytes) = (&self.job.layout, self.folder.need(product)?);
        let whole = layout.document(product);
        if whole.exists() && self.job.folder(product.stage())?.is_ours(product) {
            let document = fs::read(&whole).map_err(anyhow::Error::from);
            match document.and_then(|bytes| detail::read(&bytes)) {
                Ok(document) => return Ok(document),
                Err(error) => tell(&format!("{} is not used: {error:#}", whole.display())),
            }
        }
        let read = detail::read(&bytes);
        let mut document = read.with_context(|| layout.product(product).display().to_string())?;
        self.add_credits(&mut document);
        Ok(document)
    }

    /// The credits of the template's art, which the form between the stages has no place for.
    fn add_credits(&self, document: &mut Document) {
        let Ok(bytes) = fs::read(self.job.layout.product(Product::Template)) else {
            return;
        };
        if let Ok(template) = Document::parse(&bytes, &ParseLimits::default())
            && document.metadata.credits.is_empty()
        {
            document.metadata.credits = template.document.metadata.credits;
        }
    }

    fn options(&self, iterations: u32) -> FitOptions {
        FitOptions {
            iterations,
            threads: self.job.settings.process.threads(),
            max_side: SIDE,
            ..FitOptions::default()
        }
    }

    /// The first half: every shape of the drawing goes where the target shows it.
    fn fit_latent(
        &mut self,
        document: &Document,
        target: &Raster,
        made_with: &[Parameter],
    ) -> anyhow::Result<Document> {
        let layout = self.job.layout.clone();
        let name = layout.target().to_string();
        let start = dialect::write(document, self.side, dialect::Form::Optimize)?;
        paper(
            &layout
                .stage(3)
                .join("latent_svg")
                .join(format!("{name}_normalized_{}.svg", self.side)),
            start.svg.as_bytes(),
        )?;
        write_masks(&layout.path_masks(), &segments(document, self.side)?.masks)?;
        let options = FitOptions {
            allow_topology: false,
            allow_gradients: false,
            robust: true,
            max_side: self.side,
            ..self.options(self.first)
        };
        let papers = Papers {
            svg: layout.stage(3).join("latent_svg"),
            png: layout.stage(3).join("latent_png"),
            svg_name: format!("{name}_optim_"),
            png_name: "image_".to_owned(),
            side: self.side,
        };
        let fitted = self.fit(document, target, &options, papers)?;
        let flat = dialect::write(&fitted, self.side, dialect::Form::Optimize)?;
        let whole = fitted.to_svg(&WriteOptions::default());
        paper(&layout.document(Product::Latent), whole.as_bytes())?;
        self.folder
            .write(Product::Latent, flat.svg.as_bytes(), &[], made_with)?;
        Ok(fitted)
    }

    /// The second half: points, paints, and shapes that pay.
    fn fit_points(
        &mut self,
        document: &Document,
        target: &Raster,
        made_with: &[Parameter],
    ) -> anyhow::Result<()> {
        let layout = self.job.layout.clone();
        let name = layout.target().to_string();
        let mut document = document.clone();
        document
            .set_size(f64::from(SIDE), f64::from(SIDE))
            .map_err(|error| anyhow!("{error}"))?;
        let svg_folder = layout.stage(3).join("point_svg");
        let start = document.to_svg(&WriteOptions::default());
        let normalized = svg_folder.join(format!("{name}_normalized_{SIDE}.svg"));
        paper(&normalized, start.as_bytes())?;
        let options = FitOptions {
            is_in_place: true,
            ..self.options(self.second)
        };
        let png_folder = layout.stage(3).join("point_png");
        let papers = Papers {
            svg: svg_folder,
            png: png_folder.clone(),
            svg_name: format!("{name}_point_optim_"),
            png_name: "image_point_optim_".to_owned(),
            side: SIDE,
        };
        let fitted = self.fit(&document, target, &options, papers)?;
        let svg = fitted.to_svg(&WriteOptions::default());
        let drawn = self.folder.found(&layout.product(Product::WithNewPaths));
        let drawn: Vec<Found> = drawn.into_iter().collect();
        self.folder
            .write(Product::Points, svg.as_bytes(), &drawn, made_with)?;
        let picture = fitted.render(SIDE, SIDE, Some(Color::WHITE))?;
        paper(
            &png_folder.join("image_point_optim_final.png"),
            &picture.encode_png()?,
        )
    }

    fn fit(
        &mut self,
        document: &Document,
        target: &Raster,
        options: &FitOptions,
        papers: Papers,
    ) -> anyhow::Result<Document> {
        make(&papers.svg)?;
        make(&papers.png)?;
        papers.clear();
        let last = options.iterations.max(1);
        let mut watcher = Watcher {
            papers,
            log: &mut self.log,
            every: self.log_every,
            last,
            step: 0,
            lost: None,
        };
        let FitOutcome { document, report } = refine(document, target, options, &mut watcher)?;
        let written = watcher.papers.write(last, &document);
        let lost = watcher.lost.or(written.err());
        let result = format!(
            "{:.1} dB after {} steps, {:.1} before",
            report.psnr_after, report.iterations, report.psnr_before
        );
        tell(&result);
        self.log.line(&result);
        if let Some(error) = lost.or(self.log.lost.take()) {
            tell(&format!("working papers are missing: {error:#}"));
        }
        Ok(document)
    }
}

/// Where working papers of a fit go.
struct Papers {
    svg: PathBuf,
    png: PathBuf,
    svg_name: String,
    png_name: String,
    side: u32,
}

impl Papers {
    /// Removes what an earlier fit left, which may have taken other steps.
    fn clear(&self) {
        for (folder, name, ending) in [
            (&self.svg, &self.svg_name, ".svg"),
            (&self.png, &self.png_name, ".png"),
        ] {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries {
                let file = entry.file_name();
                let file = file.to_string_lossy();
                let step = file.strip_prefix(name.as_str());
                let step = step.and_then(|rest| rest.strip_suffix(ending));
                if step.is_some_and(|step| step.bytes().all(|byte| byte.is_ascii_digit())) {
                    // What cannot be removed cannot be written either, which is told.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    fn write(&self, step: u32, document: &Document) -> anyhow::Result<()> {
        let file =
            |folder: &Path, name: &str, ending| folder.join(format!("{name}{step}.{ending}"));
        let svg = document.to_svg(&WriteOptions::default());
        paper(&file(&self.svg, &self.svg_name, "svg"), svg.as_bytes())?;
        let picture = document.render(self.side, self.side, Some(Color::WHITE))?;
        let png = picture.encode_png()?;
        paper(&file(&self.png, &self.png_name, "png"), &png)
    }
}

/// What a run of the stage told, in a file as the original keeps one.
#[derive(Default)]
struct Log {
    file: Option<File>,
    lost: Option<anyhow::Error>,
}

impl Log {
    /// A new file.
    fn begin(layout: &Layout) -> anyhow::Result<Self> {
        let began = jiff::Zoned::now().strftime("%Y%m%d-%H:%M:%S").to_string();
        let path = layout.log(&began);
        let file = File::create(&path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            file: Some(file),
            lost: None,
        })
    }

    fn line(&mut self, text: &str) {
        if let Some(file) = &mut self.file
            && let Err(error) = writeln!(file, "{text}")
        {
            self.lost.get_or_insert(error.into());
        }
    }
}

/// Tells how a fit goes, as the original does, and keeps what it has at each so many steps.
struct Watcher<'a> {
    papers: Papers,
    log: &'a mut Log,
    every: u32,
    /// The step for which the result itself is kept.
    last: u32,
    step: u32,
    lost: Option<anyhow::Error>,
}

impl Observer for Watcher<'_> {
    fn every_steps(&self) -> Option<u32> {
        Some(self.every)
    }

    fn progress(&mut self, progress: &Progress) {
        self.step = progress.iteration;
        let line = format!("epoch: {}, total_loss: {}", self.step, progress.loss);
        eprintln!("{line}");
        self.log.line(&line);
    }

    fn preview(&mut self, document: &Document) {
        if self.step < self.last
            && let Err(error) = self.papers.write(self.step, document)
        {
            self.lost.get_or_insert(error);
        }
    }
}
