//! Reads every SVG below a folder, and compares its rendering with the PNG beside it when there is
//! one.
//!
//! `corpus FOLDER [--list] [--pictures FOLDER]`: one line per file with `--list` (mean difference,
//! decibels, file, warnings), then totals; the pictures where they are asked for. A reference of
//! `x.svg` is `x-ref.png`, `x.png` or `x.chrome.png`; its size is the size of the rendering.
//! What differs by more than [`ENOUGH`] without a warning that the picture changes is silent.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chat2svg_vector::{Color, DecodeLimits, Document, ParseLimits, Raster, WriteOptions};

/// From so many decibels on two pictures are the same.
const ENOUGH: f64 = 45.0;

/// What became of one file.
enum Outcome {
    Refused(String),
    Read {
        /// Mean difference to the reference in steps of eight bits, and decibels.
        difference: Option<(f64, f64)>,
        warnings: Vec<String>,
        source_bytes: usize,
        written_bytes: usize,
    },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("usage: corpus FOLDER [--list]")?;
    let list = arguments.iter().any(|argument| argument == "--list");
    let place = arguments
        .iter()
        .position(|argument| argument == "--pictures");
    let pictures = place
        .and_then(|place| arguments.get(place + 1))
        .map(Path::new);
    let mut files = Vec::new();
    gather(Path::new(folder), &mut files)?;
    files.sort();
    let mut differences = Vec::new();
    let (mut read, mut warned, mut source, mut written) = (0usize, 0usize, 0usize, 0usize);
    let (mut unwarned, mut silent) = (0usize, 0usize);
    let mut slowest = (Duration::ZERO, PathBuf::new());
    for file in &files {
        let start = Instant::now();
        let outcome = examine(file, pictures)?;
        let time = start.elapsed();
        if time > slowest.0 {
            slowest = (time, file.clone());
        }
        match outcome {
            Outcome::Refused(reason) => {
                if list {
                    println!("refused\t{}\t{reason}", file.display());
                }
            }
            Outcome::Read {
                difference,
                warnings,
                source_bytes,
                written_bytes,
            } => {
                read += 1;
                warned += usize::from(!warnings.is_empty());
                source += source_bytes;
                written += written_bytes;
                differences.extend(difference.map(|(mean, _)| mean));
                if let Some((_, decibels)) = difference
                    && warnings.is_empty()
                {
                    unwarned += 1;
                    silent += usize::from(decibels < ENOUGH);
                }
                if list {
                    let difference =
                        difference.map_or("-\t-".to_owned(), |(d, db)| format!("{d:.2}\t{db:.1}"));
                    println!("{difference}\t{}\t{}", file.display(), warnings.join("; "));
                }
            }
        }
    }
    println!(
        "{} files, {read} read, {warned} of them with a warning that the picture changes",
        files.len()
    );
    println!("{source} bytes read, {written} bytes written");
    println!(
        "slowest: {:.0} ms, {}",
        slowest.0.as_secs_f64() * 1e3,
        slowest.1.display()
    );
    differences.sort_by(f64::total_cmp);
    if !differences.is_empty() {
        let share = |limit: f64| {
            let within = differences.iter().filter(|value| **value < limit).count();
            100.0 * within as f64 / differences.len() as f64
        };
        println!(
            "{} with a reference: median difference {:.2} steps of 255; {:.0} % below 1, {:.0} % below 3, {:.0} % below 10",
            differences.len(),
            differences[differences.len() / 2],
            share(1.0),
            share(3.0),
            share(10.0),
        );
        println!(
            "{unwarned} of them without a warning that the picture changes, of which {silent} differ by more than {ENOUGH} dB",
        );
    }
    Ok(())
}

fn gather(folder: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, out)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "svg" || extension == "xml")
        {
            out.push(path);
        }
    }
    Ok(())
}

fn examine(file: &Path, pictures: Option<&Path>) -> Result<Outcome, Box<dyn std::error::Error>> {
    let bytes = std::fs::read(file)?;
    let parsed = match Document::parse(&bytes, &ParseLimits::default()) {
        Ok(parsed) => parsed,
        Err(error) => return Ok(Outcome::Refused(error.to_string())),
    };
    let written = parsed.document.to_svg(&WriteOptions::default());
    let difference = match reference(file) {
        None => None,
        Some(reference) => {
            let picture = parsed
                .document
                .render(reference.width(), reference.height(), None)?;
            if let (Some(folder), Some(stem)) = (pictures, file.file_stem()) {
                let path = folder.join(stem).with_extension("ours.png");
                std::fs::write(path, picture.over(Color::WHITE).encode_png()?)?;
            }
            Some((
                picture.mean_difference(&reference, Color::WHITE)? * 255.0,
                picture.psnr(&reference, Color::WHITE)?,
            ))
        }
    };
    Ok(Outcome::Read {
        difference,
        warnings: parsed
            .warnings
            .iter()
            .filter(|warning| warning.kind.changes_picture())
            .map(ToString::to_string)
            .collect(),
        source_bytes: bytes.len(),
        written_bytes: written.len(),
    })
}

fn reference(file: &Path) -> Option<Raster> {
    let stem = file.file_stem()?.to_str()?;
    ["-ref.png", ".png", ".chrome.png"]
        .iter()
        .find_map(|ending| {
            let bytes = std::fs::read(file.with_file_name(format!("{stem}{ending}"))).ok()?;
            Raster::decode(&bytes, &DecodeLimits::default()).ok()
        })
}
