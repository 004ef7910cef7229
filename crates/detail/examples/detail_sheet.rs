//! Composes every line of a file of prompts and puts each template beside its detailed result:
//! `detail_sheet PROMPTS.txt OUT.png [--style S] [--level L] [--columns N] [--cell N] [--svg DIR]`.
//!
//! Prints for each prompt the bytes of both documents, the seconds of the detail stage, and what it
//! added.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use chat2svg_detail::{DetailConfig, enhance};
use chat2svg_protocol::{LevelChoice, ResourceLevel, Style};
use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};
use chat2svg_vector::{Document, Raster, RenderError, WriteOptions};

/// Pixels between cells.
const GAP: u32 = 6;

struct Arguments {
    files: Vec<PathBuf>,
    style: Option<Style>,
    level: ResourceLevel,
    columns: u32,
    cell: u32,
    svg: Option<PathBuf>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut found = Arguments {
        files: Vec::new(),
        style: None,
        level: ResourceLevel::High,
        columns: 4,
        cell: 256,
        svg: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--style" => found.style = Some(value()?.parse()?),
            "--level" => {
                let choice: LevelChoice = value()?.parse()?;
                found.level = choice.level().unwrap_or(ResourceLevel::High);
            }
            "--columns" => found.columns = value()?.parse::<u32>()?.max(1),
            "--cell" => found.cell = value()?.parse::<u32>()?.clamp(16, 1024),
            "--svg" => found.svg = Some(value()?.into()),
            _ => found.files.push(argument.into()),
        }
    }
    if found.files.len() != 2 {
        return Err("usage: detail_sheet PROMPTS.txt OUT.png [--style S] [--level L] [--columns N] [--cell N] [--svg DIR]".into());
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
        .collect();
    let parameters = *DetailConfig::default().levels.get(arguments.level);
    let mut cells = Vec::new();
    for (index, prompt) in prompts.iter().enumerate() {
        let options = ComposeOptions {
            style: arguments.style,
            seed: 1,
            ..ComposeOptions::default()
        };
        let composition = compose_prompt(prompt, &vocabulary, &options);
        let begun = Instant::now();
        let enhanced = enhance(
            &composition.document,
            composition.style,
            &parameters,
            &|| false,
        )?;
        let seconds = begun.elapsed().as_secs_f64();
        let before = composition.document.to_svg(&WriteOptions::default());
        let after = enhanced.document.to_svg(&WriteOptions::default());
        println!(
            "{index:>3} {} → {} bytes, {seconds:.3} s, {} added: {prompt}",
            before.len(),
            after.len(),
            enhanced.added.len()
        );
        if let Some(folder) = &arguments.svg {
            std::fs::create_dir_all(folder)?;
            std::fs::write(folder.join(format!("{index:03}.svg")), after)?;
        }
        cells.push(picture(&composition.document, arguments.cell)?);
        cells.push(picture(&enhanced.document, arguments.cell)?);
    }
    let sheet = sheet(&cells, arguments.columns * 2, arguments.cell)?;
    std::fs::write(&arguments.files[1], sheet.encode_png()?)?;
    Ok(())
}

fn picture(document: &Document, cell: u32) -> Result<Raster, RenderError> {
    document.render(cell, cell, Some(chat2svg_vector::Color::WHITE))
}

fn sheet(cells: &[Raster], columns: u32, cell: u32) -> Result<Raster, Box<dyn Error>> {
    let rows = (cells.len() as u32).div_ceil(columns).max(1);
    let step = cell + GAP;
    let (width, height) = (columns * step, rows * step);
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
