//! `batch`: many prompts from a file, each a job like any other; what is done is done once.
//!
//! Results go into a folder, whose journal says which line of which content became which file. A
//! run that was ended, or that had failures, goes on where it stopped.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use chat2svg_palette::Palette;
use chat2svg_protocol::{FitLimits, JobKind, JobSpec, Wishes, printable};
use chat2svg_web::{BatchLine, batch_pictures};
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Usage,
    cli::Batch,
    files::{Destination, name_of, read_input},
    format::Format,
    oneshot::options,
    perform::{self, Session},
    settings::Settings,
    signals::stop_signal,
};

/// The journal's name in the folder of results.
const JOURNAL: &str = "batch.jsonl";
/// Most bytes of a file of prompts.
const MOST_BYTES: usize = 64 << 20;
/// Columns of numbers and of switches in a table.
const NUMBERS: [&str; 8] = [
    "seed",
    "width",
    "height",
    "deadline_ms",
    "candidates",
    "variants",
    "max_paths",
    "max_bytes",
];
const SWITCHES: [&str; 3] = ["strict_palette", "flatten_transforms", "minify"];

/// A picture to make.
#[derive(Debug)]
struct Task {
    spec: JobSpec,
    /// Its file in the folder.
    file: String,
    /// Tells what was asked from what was asked before.
    print: u64,
}

/// What the journal says of a picture that was made.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    file: String,
    print: u64,
    prompt: String,
    state: String,
    seconds: f64,
}

/// Makes what is not made yet.
///
/// # Errors
/// When the file makes no sense, a folder cannot be written, or some pictures failed.
pub(crate) fn run(command: &Batch, settings: &Settings) -> anyhow::Result<()> {
    let name = name_of(&command.input);
    let bytes = read_input(&command.input, MOST_BYTES)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Usage(format!("{name} is not valid UTF-8: save it as UTF-8")))?;
    let lines = read_lines(&text, &name, is_tsv(&command.input, &text))?;
    let tasks = tasks(command, &lines, settings)?;
    let folder = command.output.as_path();
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let zip = command.zip.as_deref().map(Destination::new).transpose()?;
    let journal_path = folder.join(JOURNAL);
    let (done, is_cut) = read_journal(&journal_path)?;
    let is_done = |task: &&Task| {
        done.contains(&(task.file.clone(), task.print)) && folder.join(&task.file).is_file()
    };
    let kept = tasks.iter().filter(is_done).count();
    let open: Vec<&Task> = tasks.iter().filter(|task| !is_done(task)).collect();
    let mut journal = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&journal_path)
        .with_context(|| format!("cannot write {}", journal_path.display()))?;
    if is_cut {
        journal
            .write_all(b"\n")
            .context("cannot write the journal")?;
    }
    let bar = bar(tasks.len(), kept, command.quiet);
    let began = Instant::now();
    let mut failed = 0;
    actix::System::new().block_on(async {
        let session = Session::start(settings)?;
        let at_once = command.jobs.unwrap_or_else(|| settings.process.threads());
        let made = stream::iter(&open).map(|task| make(task, &session, command.format));
        let mut made = made.buffer_unordered(at_once.max(1));
        let work = async {
            while let Some((task, outcome)) = made.next().await {
                bar.inc(1);
                bar.set_message(task.file.clone());
                match outcome.and_then(|made| keep(task, &made, folder, &mut journal)) {
                    Ok(()) => {}
                    Err(error) => {
                        failed += 1;
                        let line = format!("{}: {error:#}", task.file);
                        bar.suspend(|| eprintln!("chat2svg: {}", printable(&line)));
                    }
                }
            }
            anyhow::Ok(())
        };
        let outcome = tokio::select! {
            outcome = work => outcome,
            signal = stop_signal() => Err(anyhow::anyhow!(
                "interrupted by {}: run it again to go on", signal?
            )),
        };
        session.stop();
        outcome
    })?;
    bar.finish_and_clear();
    if let Some(zip) = zip {
        let packed = pack(&tasks, folder)?;
        zip.write(&packed)?;
    }
    if !command.quiet {
        let made = open.len() - failed;
        eprintln!(
            "chat2svg: {}: {made} made, {kept} kept, {failed} failed, {:.1} s",
            folder.display(),
            began.elapsed().as_secs_f64()
        );
    }
    if failed > 0 {
        bail!(
            "{failed} of {} pictures failed: run it again to try these",
            tasks.len()
        );
    }
    Ok(())
}

/// A picture and how it came about.
struct Made {
    picture: Vec<u8>,
    state: &'static str,
    took: Duration,
}

async fn make<'a>(
    task: &'a Task,
    session: &Session,
    format: Format,
) -> (&'a Task, anyhow::Result<Made>) {
    let began = Instant::now();
    let request = perform::Request {
        spec: task.spec.clone(),
        attachments: Vec::new(),
    };
    let outcome = async {
        let (view, svg) = session.run(request, |_| {}).await?;
        let state = view.state.name();
        let Some(svg) = svg else {
            let why = view.failure.map(|failure| failure.message);
            bail!(
                "{}",
                why.unwrap_or_else(|| format!("the job ended as {state}"))
            );
        };
        Ok(Made {
            picture: format.encode(&svg)?,
            state,
            took: began.elapsed(),
        })
    };
    (task, outcome.await)
}

/// Writes a picture, then that it is there.
fn keep(task: &Task, made: &Made, folder: &Path, journal: &mut File) -> anyhow::Result<()> {
    Destination::new(&folder.join(&task.file))?.write(&made.picture)?;
    let prompt = match &task.spec.kind {
        JobKind::Generate { prompt, .. } => prompt.as_str().to_owned(),
        JobKind::Vectorize { .. } | JobKind::Refine { .. } | JobKind::Clean => String::new(),
    };
    let mut line = serde_json::to_string(&Done {
        file: task.file.clone(),
        print: task.print,
        prompt,
        state: made.state.to_owned(),
        seconds: (made.took.as_secs_f64() * 1e3).round() / 1e3,
    })?;
    line.push('\n');
    // One write a line: a run that is killed leaves whole lines.
    journal
        .write_all(line.as_bytes())
        .context("cannot write the journal")
}

/// What was made before, and whether the last line was cut off: that picture is made again.
fn read_journal(path: &Path) -> anyhow::Result<(HashSet<(String, u64)>, bool)> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let lines = text.lines().map(serde_json::from_str::<Done>);
    let done = lines.filter_map(Result::ok);
    Ok((
        done.map(|done| (done.file, done.print)).collect(),
        !text.is_empty() && !text.ends_with('\n'),
    ))
}

fn bar(length: usize, kept: usize, quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length as u64).with_position(kept as u64);
    // A template that is not one would be a defect; the default bar serves then.
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {wide_bar} {eta} {msg:30!}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Whether a file is a table with tabs: by its name, or else by its first line.
fn is_tsv(path: &Path, text: &str) -> bool {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("tsv") => true,
        Some("jsonl" | "ndjson" | "json") => false,
        _ => !text.trim_start().starts_with('{'),
    }
}

/// The lines that say something, with their numbers.
fn read_lines(text: &str, name: &str, is_tsv: bool) -> Result<Vec<(usize, BatchLine)>, Usage> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut numbered = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim().is_empty());
    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    let columns: Vec<&str> = match is_tsv.then(|| numbered.next()).flatten() {
        Some((_, head)) => head.split('\t').map(str::trim).collect(),
        None => Vec::new(),
    };
    for (number, line) in numbered {
        let read = if is_tsv {
            from_columns(&columns, line)
        } else {
            serde_json::from_str(line).map_err(|error| error.to_string())
        };
        match read {
            Ok(read) => lines.push((number, read)),
            Err(reason) => wrong.push(format!("line {number}: {reason}")),
        }
    }
    if is_tsv && !columns.contains(&"prompt") {
        return Err(Usage(format!(
            "{name} has no column \"prompt\": its first line names the columns, with tabs between them"
        )));
    }
    refuse(name, wrong)?;
    if lines.is_empty() {
        return Err(Usage(format!("{name} holds no prompt")));
    }
    Ok(lines)
}

/// A line from the columns of a table; empty ones say nothing.
fn from_columns(columns: &[&str], line: &str) -> Result<BatchLine, String> {
    let mut fields = BatchLine::new();
    let mut values = line.split('\t');
    for column in columns {
        let value = values.next().unwrap_or_default().trim();
        if value.is_empty() {
            continue;
        }
        let is_number = NUMBERS.contains(column);
        let value: Value = match value.parse::<u64>() {
            Ok(number) if is_number => number.into(),
            _ if SWITCHES.contains(column) => match value {
                "true" | "yes" | "1" => true.into(),
                "false" | "no" | "0" => false.into(),
                other => other.into(),
            },
            _ if *column == "palette" => value.split(';').map(str::trim).collect(),
            _ => value.into(),
        };
        fields.insert((*column).to_owned(), value);
    }
    if values.any(|value| !value.trim().is_empty()) {
        return Err("it has more columns than the first line names".to_owned());
    }
    Ok(fields)
}

/// Everything that is wrong, at once.
fn refuse(name: &str, wrong: Vec<String>) -> Result<(), Usage> {
    const MOST_TOLD: usize = 8;
    if wrong.is_empty() {
        return Ok(());
    }
    let rest = wrong.len().saturating_sub(MOST_TOLD);
    let mut told = wrong
        .into_iter()
        .take(MOST_TOLD)
        .collect::<Vec<_>>()
        .join("; ");
    if rest > 0 {
        told.push_str(&format!("; and {rest} more"));
    }
    Err(Usage(format!("{name}: {told}")))
}

/// The pictures that the lines ask for.
fn tasks(
    command: &Batch,
    lines: &[(usize, BatchLine)],
    settings: &Settings,
) -> anyhow::Result<Vec<Task>> {
    let usual = usual(command, settings)?;
    let pictures = match batch_pictures(lines, &usual, &settings.server) {
        Ok(pictures) => pictures,
        Err(wrong) => {
            refuse(&name_of(&command.input), wrong)?;
            Vec::new()
        }
    };
    let tasks = pictures.into_iter().map(|picture| Task {
        print: print(&picture.spec, command.format),
        spec: picture.spec,
        file: format!("{}.{}", picture.name, command.format),
    });
    Ok(tasks.collect())
}

/// What the options of the command say for all lines.
fn usual(command: &Batch, settings: &Settings) -> Result<BatchLine, Usage> {
    let options = options(
        &command.effort,
        &command.colors,
        &command.form,
        &settings.server,
    )?;
    let wishes = Wishes::from(command.wishes.clone());
    let limits = FitLimits::from(command.limits);
    let output = &options.output;
    let palette = options.palette.as_ref();
    let hex = |[red, green, blue]: &[u8; 3]| format!("#{red:02x}{green:02x}{blue:02x}");
    let fields = json!({
        "variants": command.variants,
        "style": command.style,
        "background": command.background,
        "kind": wishes.kind,
        "negative": wishes.negative,
        "palette": palette.map(|palette| palette.colors().iter().map(hex).collect::<Vec<_>>()),
        "strict_palette": palette.map(Palette::is_strict),
        "max_paths": limits.paths,
        "max_bytes": limits.bytes,
        "seed": options.seed,
        "deadline_ms": options.deadline_ms,
        "level": options.level,
        "size": format!("{}x{}", command.size.width(), command.size.height()),
        "id_prefix": output.id_prefix,
        "flatten_transforms": output.flatten_transforms,
        "shapes": output.shapes,
        "strokes": output.strokes,
        "layers": output.layers,
        "minify": output.minify,
    });
    Ok(match fields {
        Value::Object(fields) => fields,
        _ => BatchLine::new(),
    })
}

/// The same for the same request, in every run of this build.
fn print(spec: &JobSpec, format: Format) -> u64 {
    let text = serde_json::to_string(spec).unwrap_or_default();
    BuildHasherDefault::<DefaultHasher>::default().hash_one((text, format.to_string()))
}

/// All pictures in one ZIP file, in the order of their lines. Those that failed are not in it.
fn pack(tasks: &[Task], folder: &Path) -> anyhow::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    // The same pictures give the same file.
    let entry = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    for task in tasks {
        let path: PathBuf = folder.join(&task.file);
        match fs::read(&path) {
            Ok(picture) => {
                archive.start_file(task.file.as_str(), entry)?;
                archive.write_all(&picture)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_from_both_forms() {
        let json = "{\"prompt\": \"a fox\", \"seed\": 3}\n\n{\"prompt\": \"an owl\"}\n";
        let lines = read_lines(json, "x", false).unwrap();
        assert_eq!((lines.len(), lines[1].0), (2, 3));
        let table = "prompt\tseed\tstyle\na fox\t3\t\nan owl\t\tnight\n";
        let lines = read_lines(table, "x", true).unwrap();
        assert_eq!(lines[0].1.get("seed"), Some(&3.into()));
        assert_eq!(lines[1].1.get("style"), Some(&"night".into()));
        for (text, is_tsv, told) in [
            ("{\"prompt\": \"x\"}\n[]", false, "line 2"),
            ("seed\n3", true, "no column \"prompt\""),
            ("prompt\na\tb", true, "more columns"),
            ("\n", false, "no prompt"),
        ] {
            let error = read_lines(text, "x", is_tsv).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
