//! Prints how well pictures are fitted: paths, bytes, PSNR of the written file in resvg, seconds.
//!
//! ```text
//! cargo run --release -p chat2svg-fit --example fit_report -- [OPTIONS] PATH...
//! ```
//!
//! A PATH is a PNG to be vectorised, or a folder with `target.png` and a template to be refined, or
//! a folder of either.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chat2svg_fit::{FitOptions, FitReport, refine, vectorize};
use chat2svg_stop::Stop;
use chat2svg_trace::crossing::crosses_itself;
use chat2svg_vector::{Color, DecodeLimits, Document, ParseLimits, Raster, WriteOptions};

const USAGE: &str = "usage: fit_report [--paths N] [--iterations N] [--threads N] [--bytes N] \
[--deadline SECONDS] [--cancel SECONDS] [--side N] [--gain G] [--no-topology] [--no-gradients] [--no-strokes] [--template NAME] \
[--out FOLDER] [--actions] [--crossings] PATH...";

struct Arguments {
    options: FitOptions,
    deadline: Option<f32>,
    cancel: Option<f32>,
    template: String,
    out: Option<PathBuf>,
    actions: bool,
    crossings: bool,
    paths: Vec<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    println!(
        "{:<32} {:>5} {:>7} {:>6} {:>6} {:>6} {:>6} {:>6} {:>5}  ended",
        "target", "paths", "bytes", "before", "own", "resvg", "wall s", "cpu s", "steps"
    );
    for path in inputs(&arguments.paths, &arguments.template)? {
        report(&path, &arguments)?;
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut found = Arguments {
        options: FitOptions::default(),
        deadline: None,
        cancel: None,
        template: "with_new_shapes.svg".to_owned(),
        out: None,
        actions: false,
        crossings: false,
        paths: Vec::new(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(USAGE);
        match word.as_str() {
            "--paths" => found.options.paths = Some(value()?.parse()?),
            "--iterations" => found.options.iterations = value()?.parse()?,
            "--threads" => found.options.threads = value()?.parse()?,
            "--bytes" => found.options.byte_budget = Some(value()?.parse()?),
            "--deadline" => found.deadline = Some(value()?.parse()?),
            "--cancel" => found.cancel = Some(value()?.parse()?),
            "--side" => found.options.max_side = value()?.parse()?,
            "--gain" => found.options.gain_per_byte = Some(value()?.parse()?),
            "--no-topology" => found.options.allow_topology = false,
            "--no-strokes" => found.options.allow_strokes = false,
            "--no-gradients" => found.options.allow_gradients = false,
            "--template" => found.template = value()?,
            "--actions" => found.actions = true,
            "--crossings" => found.crossings = true,
            "--out" => found.out = Some(value()?.into()),
            _ if word.starts_with("--") => return Err(USAGE.into()),
            _ => found.paths.push(word.into()),
        }
    }
    if found.paths.is_empty() {
        return Err(USAGE.into());
    }
    Ok(found)
}

/// Pictures and folders with a target, in order.
fn inputs(paths: &[PathBuf], template: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() || path.join("target.png").exists() {
            found.push(path.clone());
            continue;
        }
        let mut inner: Vec<PathBuf> = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        inner.sort();
        found.extend(inner.into_iter().filter(|path| {
            path.extension().is_some_and(|e| e == "png") || path.join(template).exists()
        }));
    }
    Ok(found)
}

fn report(path: &Path, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut options = arguments.options.clone();
    let is_folder = path.is_dir();
    let picture = if is_folder {
        path.join("target.png")
    } else {
        path.to_path_buf()
    };
    let target = Raster::decode(&fs::read(picture)?, &DecodeLimits::default())?;
    let template = if is_folder {
        let text = fs::read_to_string(path.join(&arguments.template))?;
        Some(Document::parse(text.as_bytes(), &ParseLimits::default())?.document)
    } else {
        None
    };
    let (start, cpu) = (Instant::now(), cpu_time());
    if let Some(seconds) = arguments.cancel {
        let moment = start + Duration::from_secs_f32(seconds);
        options.stop = Stop::when(move || Instant::now() >= moment);
    }
    if let Some(seconds) = arguments.deadline {
        options.stop = options.stop.by(start + Duration::from_secs_f32(seconds));
    }
    let outcome = match &template {
        Some(template) => refine(template, &target, &options, &mut ())?,
        None => vectorize(&target, &options, &mut ())?,
    };
    let (wall, cpu) = (start.elapsed(), cpu_time() - cpu);
    let svg = outcome.document.to_svg(&WriteOptions::default());
    let shown = resvg_picture(&svg, target.width(), target.height())?;
    let quality = shown.psnr(&target, Color::WHITE)?;
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let FitReport {
        psnr_before,
        psnr_after,
        iterations,
        ended_by,
        actions,
        ..
    } = outcome.report;
    println!(
        "{name:<32} {:>5} {:>7} {psnr_before:>6.2} {psnr_after:>6.2} {quality:>6.2} {:>6.2} {:>6.2} {iterations:>5}  {ended_by:?}",
        svg.matches("<path").count(),
        svg.len(),
        wall.as_secs_f32(),
        cpu.as_secs_f32(),
    );
    if arguments.actions {
        for done in &actions {
            println!(
                "    {:>6.2} s {:<9} {:>4} paths {:>6.2} dB, gained {:>8.2}",
                done.seconds,
                format!("{:?}", done.action),
                done.paths,
                done.psnr,
                done.gain
            );
        }
    }
    if arguments.crossings {
        crossings(&outcome.document, &svg, target.width(), target.height())?;
    }
    if let Some(folder) = &arguments.out {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("{name}.svg")), &svg)?;
        let pair = beside(&target, &shown)?;
        fs::write(folder.join(format!("{name}.png")), pair.encode_png()?)?;
    }
    Ok(())
}

/// Prints how many shapes cross themselves, before and after they are written.
fn crossings(
    document: &Document,
    svg: &str,
    width: u32,
    height: u32,
) -> Result<(), Box<dyn Error>> {
    let count = |document: &Document| -> Result<usize, Box<dyn Error>> {
        let to_canvas = document.canvas_transform(width, height)?;
        let shapes = document.shapes();
        let crossed = shapes.iter().filter(|visit| {
            let scale = (to_canvas * visit.transform).determinant().abs().sqrt();
            crosses_itself(&visit.shape.path, scale)
        });
        Ok(crossed.count())
    };
    let written = Document::parse(svg.as_bytes(), &ParseLimits::default())?.document;
    println!(
        "    {} shapes cross themselves, {} as written",
        count(document)?,
        count(&written)?
    );
    Ok(())
}

/// The picture that resvg makes of an SVG.
fn resvg_picture(svg: &str, width: u32, height: u32) -> Result<Raster, Box<dyn Error>> {
    let tree = usvg::Tree::from_str(svg, &usvg::Options::default())?;
    let mut pixmap = resvg::tiny_skia::Pixmap::new(width, height).ok_or("no such size")?;
    let scale = resvg::tiny_skia::Transform::from_scale(
        width as f32 / tree.size().width(),
        height as f32 / tree.size().height(),
    );
    resvg::render(&tree, scale, &mut pixmap.as_mut());
    Ok(Raster::from_premultiplied(&pixmap))
}

/// Two pictures of one height, side by side.
fn beside(left: &Raster, right: &Raster) -> Result<Raster, Box<dyn Error>> {
    let rows = |raster: &Raster| raster.width() as usize;
    let pixels = left
        .pixels()
        .chunks(rows(left))
        .zip(right.pixels().chunks(rows(right)))
        .flat_map(|(a, b)| a.iter().chain(b).copied().collect::<Vec<_>>())
        .collect();
    Ok(Raster::new(
        left.width() + right.width(),
        left.height(),
        pixels,
    )?)
}

/// Processor time of all threads so far; zero where the system does not tell.
fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|word| word.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}
