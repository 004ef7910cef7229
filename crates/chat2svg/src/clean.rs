//! `clean`: an SVG, or a text that holds one, mended and made safe.

use anyhow::Context as _;
use chat2svg_controller::{InputLimits, output};
use chat2svg_palette::Palette;
use chat2svg_protocol::{OutputOptions, printable};
use chat2svg_vector::{Position, Warning, WarningKind, sanitise::Sanitised};
use serde::Serialize;

use crate::{
    cli::Clean,
    files::{Destination, is_standard, name_of, read_input},
    oneshot::{kilobytes, named_or_piped, print_line},
    settings::Settings,
};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    svg_content: &'a str,
    warnings: Vec<Told<'a>>,
    /// Which wishes for how it is written could not be fulfilled.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

/// A warning for programs and people.
#[derive(Serialize)]
struct Told<'a> {
    kind: WarningKind,
    subject: &'a str,
    count: usize,
    positions: &'a [Position],
    changes_picture: bool,
    message: String,
}

impl<'a> From<&'a Warning> for Told<'a> {
    fn from(warning: &'a Warning) -> Self {
        Self {
            kind: warning.kind,
            subject: &warning.subject,
            count: warning.count,
            positions: &warning.positions,
            changes_picture: warning.kind.changes_picture(),
            message: warning.to_string(),
        }
    }
}

/// Mends, sanitises and writes.
///
/// # Errors
/// When the input cannot be read or mended, or the result cannot be written.
pub(crate) fn run(command: &Clean, settings: &Settings) -> anyhow::Result<()> {
    let place = command.output.as_deref();
    if !command.json {
        named_or_piped(place)?;
    }
    let path = place.filter(|path| !is_standard(path));
    let file = path.map(Destination::new).transpose()?;
    let most = settings.server.max_upload_bytes;
    let limits = InputLimits::default()
        .with_bytes(most)
        .with_cost(settings.limits);
    let bytes = read_input(&command.input, most)?;
    let options = OutputOptions::from(command.form.clone());
    let palette: Option<Palette> = command.colors.clone().into();
    let (Sanitised { svg, warnings }, notes) =
        output::cleaned(&bytes, &limits.svg, &options, palette.as_ref())
            .with_context(|| name_of(&command.input))?;
    let to_stdout = file.is_none();
    if let Some(file) = file {
        file.write(format!("{}\n", svg.trim_end()).as_bytes())?;
    }
    if command.json {
        let report = Report {
            svg_content: &svg,
            warnings: warnings.iter().map(Told::from).collect(),
            notes: &notes,
        };
        return print_line(&serde_json::to_string_pretty(&report)?);
    }
    for warning in &warnings {
        eprintln!("chat2svg: {}", printable(&warning.to_string()));
    }
    for note in &notes {
        eprintln!("chat2svg: {}", printable(note));
    }
    if to_stdout {
        print_line(svg.trim_end())?;
    }
    if let Some(path) = path.filter(|_| !command.quiet) {
        let (path, bytes) = (path.display().to_string(), svg.trim_end().len() + 1);
        eprintln!("chat2svg: {} ({})", printable(&path), kilobytes(bytes));
    }
    Ok(())
}
