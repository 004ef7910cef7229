//! Reads an SVG and writes it anew: `show IN.svg [-o OUT.svg] [--png OUT.png] [--side N]`. Warnings
//! go to stderr, the SVG to the file or stdout.

use std::path::PathBuf;

use chat2svg_vector::{Document, ParseLimits, WriteOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut input, mut output, mut png, mut side) = (None, None, None, 512u32);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-o" => output = arguments.next().map(PathBuf::from),
            "--png" => png = arguments.next().map(PathBuf::from),
            "--side" => side = arguments.next().ok_or("--side needs a number")?.parse()?,
            _ => input = Some(PathBuf::from(argument)),
        }
    }
    let input = input.ok_or("usage: show IN.svg [-o OUT.svg] [--png OUT.png] [--side N]")?;
    let parsed = Document::parse(&std::fs::read(input)?, &ParseLimits::default())?;
    for warning in &parsed.warnings {
        eprintln!("{warning}");
    }
    let document = parsed.document;
    eprintln!("{:?}", document.counts());
    if let Some(png) = png {
        let scale = f64::from(side) / document.width.max(document.height);
        let pixels = |length: f64| ((length * scale).round() as u32).max(1);
        let picture = document.render(pixels(document.width), pixels(document.height), None)?;
        std::fs::write(png, picture.encode_png()?)?;
    }
    let svg = document.to_svg(&WriteOptions::default());
    match output {
        Some(output) => std::fs::write(output, svg)?,
        None => print!("{svg}"),
    }
    Ok(())
}
