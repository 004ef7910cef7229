//! Composes the prompts of a file and puts each template beside its detailed result: `detail_sheet
//! PROMPTS.txt OUT.png|OUT.jpg [--first N] [--style S|all] [--level L|all] [--columns N] [--cell N]
//! [--svg DIR]`.
//!
//! With `all` styles there is a row for each, with `all` levels a result for each beside the
//! template. Prints for each result the bytes of both documents, the seconds of the detail stage,
//! and what it added; at the end how the bytes grow.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chat2svg_detail::{DetailConfig, enhance};
use chat2svg_protocol::{LevelChoice, ResourceLevel, Style};
use chat2svg_stop::Stop;
use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};
use chat2svg_vector::{Document, Mergeable, Raster, RenderError, WriteOptions};
use image::codecs::jpeg::JpegEncoder;

const USAGE: &str = "usage: detail_sheet PROMPTS.txt OUT.png|OUT.jpg [--first N] [--style S|all] [--level L|all] [--columns N] [--cell N] [--svg DIR]";
/// Pixels between cells.
const GAP: u32 = 4;
/// Quality of a JPEG, of 100: no rings are seen around outlines from here on.
const QUALITY: u8 = 80;

struct Arguments {
    files: Vec<PathBuf>,
    first: usize,
    /// `None` leaves the style to the prompt.
    styles: Vec<Option<Style>>,
    levels: Vec<ResourceLevel>,
    columns: u32,
    cell: u32,
    svg: Option<PathBuf>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut found = Arguments {
        files: Vec::new(),
        first: usize::MAX,
        styles: vec![None],
        levels: vec![ResourceLevel::High],
        columns: 4,
        cell: 256,
        svg: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--first" => found.first = value()?.parse()?,
            "--style" => {
                let style = value()?;
                found.styles = if style == "all" {
                    Style::ALL.map(Some).to_vec()
                } else {
                    vec![Some(style.parse()?)]
                };
            }
            "--level" => {
                let level = value()?;
                found.levels = if level == "all" {
                    ResourceLevel::ALL.to_vec()
                } else {
                    let choice: LevelChoice = level.parse()?;
                    vec![choice.level().unwrap_or(ResourceLevel::High)]
                };
            }
            "--columns" => found.columns = value()?.parse::<u32>()?.max(1),
            "--cell" => found.cell = value()?.parse::<u32>()?.clamp(16, 1024),
            "--svg" => found.svg = Some(value()?.into()),
            _ => found.files.push(argument.into()),
        }
    }
    if found.files.len() != 2 {
        return Err(USAGE.into());
    }
    Ok(found)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let vocabulary = Vocabulary::builtin();
    let text = std::fs::read_to_string(&arguments.files[0])?;
    let prompts: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(arguments.first)
        .collect();
    let config = DetailConfig::default();
    let mut cells = Vec::new();
    let mut growths = Vec::new();
    for &style in &arguments.styles {
        for (index, prompt) in prompts.iter().enumerate() {
            let options = ComposeOptions {
                style,
                seed: 1,
                ..ComposeOptions::default()
            };
            let composition = compose_prompt(prompt, &vocabulary, &options);
            let before = written(&composition.document).len();
            cells.push(picture(&composition.document, arguments.cell)?);
            for &level in &arguments.levels {
                let parameters = config.levels.get(level);
                let begun = Instant::now();
                let enhanced = enhance(
                    &composition.document,
                    composition.style,
                    parameters,
                    &Stop::never(),
                )?;
                let seconds = begun.elapsed().as_secs_f64();
                let after = written(&enhanced.document);
                growths.push(after.len() as f64 / before as f64);
                println!(
                    "{index:>3} {before} → {} bytes, {seconds:.3} s, {} added, {}, {}: {prompt}",
                    after.len(),
                    enhanced.added.len(),
                    composition.style.name(),
                    level.name(),
                );
                if let Some(folder) = &arguments.svg {
                    std::fs::create_dir_all(folder)?;
                    let name = format!("{index:03}-{}-{}.svg", composition.style, level.name());
                    std::fs::write(folder.join(name), after)?;
                }
                cells.push(picture(&enhanced.document, arguments.cell)?);
            }
        }
    }
    let mean = growths.iter().sum::<f64>() / growths.len().max(1) as f64;
    let most = growths
        .iter()
        .fold(0.0, |most: f64, &growth| most.max(growth));
    println!("bytes grow {mean:.2} × on the mean, {most:.2} × at most");
    let columns = arguments.columns * (1 + arguments.levels.len() as u32);
    write(
        &sheet(&cells, columns, arguments.cell)?,
        &arguments.files[1],
    )
}

/// A document as a job's result is written.
fn written(document: &Document) -> String {
    let mut document = document.clone();
    document.merge_paths(Mergeable::Alike);
    document.to_svg(&WriteOptions::default())
}

fn picture(document: &Document, cell: u32) -> Result<Raster, RenderError> {
    document.render(cell, cell, Some(chat2svg_vector::Color::WHITE))
}

fn sheet(cells: &[Raster], columns: u32, cell: u32) -> Result<Raster, Box<dyn Error>> {
    let rows = (cells.len() as u32).div_ceil(columns).max(1);
    let step = cell + GAP;
    let (width, height) = (columns * step - GAP, rows * step - GAP);
    let mut pixels = vec![[255; 4]; (width * height) as usize];
    for (index, picture) in cells.iter().enumerate() {
        let (left, top) = (index as u32 % columns * step, index as u32 / columns * step);
        for y in 0..cell {
            let from = (y * cell) as usize;
            let to = ((top + y) * width + left) as usize;
            pixels[to..to + cell as usize]
                .copy_from_slice(&picture.pixels()[from..from + cell as usize]);
        }
    }
    Ok(Raster::new(width, height, pixels)?)
}

/// Writes a sheet as what the file's name ends with.
fn write(sheet: &Raster, path: &Path) -> Result<(), Box<dyn Error>> {
    if path.extension().is_some_and(|ending| ending == "jpg") {
        let colors: Vec<u8> = sheet
            .pixels()
            .iter()
            .flat_map(|[red, green, blue, _]| [*red, *green, *blue])
            .collect();
        let file = std::io::BufWriter::new(std::fs::File::create(path)?);
        JpegEncoder::new_with_quality(file, QUALITY).encode(
            &colors,
            sheet.width(),
            sheet.height(),
            image::ExtendedColorType::Rgb8,
        )?;
    } else {
        std::fs::write(path, sheet.encode_png()?)?;
    }
    Ok(())
}
