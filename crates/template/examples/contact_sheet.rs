//! Composes every line of a file of prompts and puts the pictures on one sheet:
//! `contact_sheet PROMPTS.txt OUT.png [--style S] [--seed N] [--columns N] [--cell N] [--svg DIR]
//! [--size WIDTHxHEIGHT]`.
//!
//! A line may be a table row; then its first column that holds a space is the prompt. Prints one
//! line for each prompt: its number, what was understood, what was not drawn, what the layout
//! missed.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use chat2svg_protocol::Style;
use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};
use chat2svg_vector::{Raster, WriteOptions};

struct Arguments {
    prompts: PathBuf,
    out: PathBuf,
    style: Option<Style>,
    seed: u64,
    columns: usize,
    cell: u32,
    svg: Option<PathBuf>,
    size: (u32, u32),
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut files = Vec::new();
    let mut found = Arguments {
        prompts: PathBuf::new(),
        out: PathBuf::new(),
        style: None,
        seed: 1,
        columns: 8,
        cell: 256,
        svg: None,
        size: (512, 512),
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--style" => found.style = Some(value()?.parse()?),
            "--seed" => found.seed = value()?.parse()?,
            "--columns" => found.columns = value()?.parse::<usize>()?.max(1),
            "--cell" => found.cell = value()?.parse()?,
            "--size" => {
                let text = value()?;
                let (width, height) = text.split_once('x').ok_or("--size wants WIDTHxHEIGHT")?;
                found.size = (width.parse()?, height.parse()?);
            }
            "--svg" => found.svg = Some(value()?.into()),
            _ => files.push(PathBuf::from(argument)),
        }
    }
    let [prompts, out] = files
        .try_into()
        .map_err(|_| "usage: contact_sheet PROMPTS.txt OUT.png")?;
    Ok(Arguments {
        prompts,
        out,
        ..found
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let text = std::fs::read_to_string(&arguments.prompts)?;
    let vocabulary = Vocabulary::builtin();
    let mut cells = Vec::new();
    let prompts = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (index, line) in prompts.enumerate() {
        let prompt = line
            .split('\t')
            .find(|column| column.contains(' '))
            .unwrap_or(line);
        let options = ComposeOptions {
            seed: arguments.seed.wrapping_add(index as u64),
            style: arguments.style,
            background: None,
            width: arguments.size.0,
            height: arguments.size.1,
        };
        let start = Instant::now();
        let composition = compose_prompt(prompt, &vocabulary, &options);
        let elapsed = start.elapsed();
        let objects: Vec<String> = composition
            .scene
            .objects
            .iter()
            .map(|object| format!("{}×{}", object.count, object.label))
            .collect();
        println!(
            "{index:3} {:5.1} ms {prompt} → {objects:?} {:?} undrawn {:?} missed {:?}",
            elapsed.as_secs_f64() * 1e3,
            composition
                .scene
                .relations
                .iter()
                .map(|relation| relation.kind)
                .collect::<Vec<_>>(),
            composition.undrawn,
            composition.violations,
        );
        if let Some(folder) = &arguments.svg {
            std::fs::create_dir_all(folder)?;
            std::fs::write(
                folder.join(format!("{index:03}.svg")),
                composition.document.to_svg(&WriteOptions::default()),
            )?;
        }
        cells.push(
            composition
                .document
                .render(arguments.cell, arguments.cell, None)?,
        );
    }
    std::fs::write(
        &arguments.out,
        sheet(&cells, arguments.columns, arguments.cell)?.encode_png()?,
    )?;
    Ok(())
}

/// The cells in rows, left to right, with a white gap.
fn sheet(cells: &[Raster], columns: usize, cell: u32) -> Result<Raster, Box<dyn Error>> {
    const GAP: u32 = 6;
    let rows = cells.len().div_ceil(columns).max(1) as u32;
    let width = (cell + GAP) * columns as u32;
    let mut sheet = Raster::filled(width, rows * (cell + GAP), [255, 255, 255, 255])?;
    for (index, picture) in cells.iter().enumerate() {
        let (left, top) = (
            (index % columns) as u32 * (cell + GAP),
            (index / columns) as u32 * (cell + GAP),
        );
        for y in 0..cell {
            for x in 0..cell {
                if let Some(pixel) = picture.pixel(x, y) {
                    sheet.pixels_mut()[((top + y) * width + left + x) as usize] = pixel;
                }
            }
        }
    }
    Ok(sheet)
}
