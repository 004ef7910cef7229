//! Makes a sheet of pictures, template | target | stage 2 | stage 3 for each pair, and prints
//! figures: what was moved and added, PSNR in resvg of the written files, bytes, seconds, and how
//! far outlines of shapes moved in stage 2.
//!
//! ```text
//! cargo run --release -p chat2svg-detail --example adopt_sheet -- [--still] [--side N] SHEET PAIR…
//! ```
//!
//! A PAIR is a folder with `template.svg` and `target.png`, or `TEMPLATE.svg:TARGET`, where the
//! target is a picture or another SVG. `--still` adds no shapes.

use std::{error::Error, fs, path::Path, time::Instant};

use chat2svg_detail::{Adopted, DetailConfig, adopt};
use chat2svg_fit::{FitOptions, refine};
use chat2svg_stop::Stop;
use chat2svg_trace::GradientThreshold;
use chat2svg_vector::{Color, DecodeLimits, Document, ParseLimits, Raster, WriteOptions};

const USAGE: &str = "usage: adopt_sheet [--still] [--side N] SHEET PAIR...";

fn main() -> Result<(), Box<dyn Error>> {
    let (mut words, mut may_add, mut side) = (Vec::new(), true, 512);
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        match word.as_str() {
            "--still" => may_add = false,
            "--side" => side = given.next().ok_or(USAGE)?.parse()?,
            _ => words.push(word),
        }
    }
    let (sheet, pairs) = words.split_first().ok_or(USAGE)?;
    let mut rows = Vec::new();
    for pair in pairs {
        rows.push(row(pair, may_add, side)?);
    }
    let width = rows.first().ok_or(USAGE)?.width();
    let pixels: Vec<[u8; 4]> = rows.iter().flat_map(|row| row.pixels().to_vec()).collect();
    let height = (pixels.len() / width as usize) as u32;
    fs::write(sheet, Raster::new(width, height, pixels)?.encode_png()?)?;
    Ok(())
}

fn row(pair: &str, may_add: bool, side: u32) -> Result<Raster, Box<dyn Error>> {
    let folder = Path::new(pair);
    let (template, target) = match pair.split_once(':') {
        Some((template, target)) => (template.into(), target.into()),
        None => (folder.join("template.svg"), folder.join("target.png")),
    };
    let template = parse(&template)?;
    let target = if target.extension().is_some_and(|kind| kind == "svg") {
        parse(&target)?.render(512, 512, Some(Color::WHITE))?
    } else {
        Raster::decode(&fs::read(target)?, &DecodeLimits::default())?
    };
    let config = DetailConfig::default();
    let level = &config.levels.high;
    let start = Instant::now();
    let threshold = GradientThreshold {
        gain: level.gradient_gain,
        stops: level.gradient_stops,
        ..GradientThreshold::default()
    };
    let Adopted {
        document,
        added,
        moved,
        ..
    } = adopt(
        &template,
        &target,
        &level.adopt,
        threshold,
        may_add,
        &Stop::never(),
    )?;
    let detail = start.elapsed();
    let options = FitOptions {
        iterations: 300,
        allow_topology: may_add,
        robust: !may_add,
        ..FitOptions::default()
    };
    let start = Instant::now();
    let fitted = refine(&document, &target, &options, &mut ())?;
    let optimize = start.elapsed();
    println!("{pair}");
    let mut pictures = Vec::new();
    for (name, document) in [
        ("template", &template),
        ("stage 2", &document),
        ("stage 3", &fitted.document),
    ] {
        let svg = document.to_svg(&WriteOptions::default());
        let shown = resvg_picture(&svg, target.width(), target.height())?;
        println!(
            "  {name:<9} {:>6.2} dB {:>6} bytes {:>4} shapes",
            shown.psnr(&target, Color::WHITE)?,
            svg.len(),
            document.counts().shapes,
        );
        pictures.push(shown);
    }
    println!(
        "  {:.2} s and {:.2} s; stage 3 added {}, removed {}",
        detail.as_secs_f32(),
        optimize.as_secs_f32(),
        fitted.report.paths_added,
        fitted.report.paths_removed
    );
    for each in moved {
        println!("  moved {each:?}");
    }
    for name in added {
        println!("  added {name}");
    }
    let [template, detail, fitted] = pictures.as_slice() else {
        return Err("three pictures".into());
    };
    beside(&[template, &target, detail, fitted], side)
}

fn parse(path: &Path) -> Result<Document, Box<dyn Error>> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Document::parse(&bytes, &ParseLimits::default())?.document)
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

/// Pictures side by side over white, each of the same side.
fn beside(pictures: &[&Raster], side: u32) -> Result<Raster, Box<dyn Error>> {
    let mut small = Vec::new();
    for picture in pictures {
        let picture = picture.over(Color::WHITE);
        small.push(picture.resize(side, side, chat2svg_vector::Resampling::Smooth)?);
    }
    let length = side as usize;
    let mut pixels = Vec::new();
    for y in 0..length {
        for picture in &small {
            pixels.extend_from_slice(&picture.pixels()[y * length..(y + 1) * length]);
        }
    }
    Ok(Raster::new(side * pictures.len() as u32, side, pixels)?)
}
