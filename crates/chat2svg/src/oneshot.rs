//! `generate`, `vectorize`, `refine`: a job from files to files.

use std::{
    ffi::OsStr,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use chat2svg_controller::{InputLimits, check_inputs, output};
use chat2svg_protocol::{
    Attachment, AttachmentRole, JobFailure, JobKind, JobOptions, JobSpec, JobView, Prompt, Wishes,
    printable,
};
use chat2svg_stop::Stop;
use chat2svg_vector::{Document, ParseLimits};
use chat2svg_web::WebConfig;

use crate::{
    Usage,
    cli::{Colors, Effort, Form, Generate, Output, Refine, Vectorize},
    files::{Destination, is_standard, name_of, read_input},
    format::Format,
    perform::{self, perform},
    progress::ProgressDisplay,
    settings::Settings,
    signals::stop_signal,
};

/// What is to be made, checked.
pub(crate) struct Request {
    job: perform::Request,
    /// Where the attachments came from.
    files: Vec<(AttachmentRole, PathBuf)>,
}

/// A job for `generate`.
///
/// # Errors
/// When the prompt cannot be used.
pub(crate) fn generate(command: &Generate, settings: &Settings) -> anyhow::Result<Request> {
    let prompt = read_prompt(&command.prompt, settings)?;
    let kind = JobKind::Generate {
        prompt,
        style: command.style,
        background: command.background,
        canvas: command.size,
        candidates: command.candidates,
        wishes: Wishes {
            limits: command.limits.into(),
            ..command.wishes.clone().into()
        },
    };
    let options = options(
        &command.effort,
        &command.colors,
        &command.form,
        &settings.server,
    )?;
    if let Some(background) = command.background {
        background
            .suit(options.palette.as_ref())
            .map_err(|error| Usage(error.to_string()))?;
    }
    Ok(Request {
        job: perform::Request {
            spec: JobSpec { kind, options },
            attachments: Vec::new(),
        },
        files: Vec::new(),
    })
}

/// A job for `vectorize`.
///
/// # Errors
/// When the picture cannot be used.
pub(crate) fn vectorize(command: &Vectorize, settings: &Settings) -> anyhow::Result<Request> {
    let kind = JobKind::Vectorize {
        limits: command.limits.into(),
        ground: command.background,
        look: command.look.into(),
    };
    let files = [(AttachmentRole::Target, command.image.as_path())];
    let how = (&command.effort, &command.colors, &command.form);
    with_files(kind, how, &files, settings)
}

/// A job for `refine`.
///
/// # Errors
/// When a file cannot be used.
pub(crate) fn refine(command: &Refine, settings: &Settings) -> anyhow::Result<Request> {
    let kind = JobKind::Refine {
        limits: command.limits.into(),
        add_shapes: command.add_shapes,
    };
    let files = [
        (AttachmentRole::Template, command.template.as_path()),
        (AttachmentRole::Target, command.target.as_path()),
    ];
    let how = (&command.effort, &command.colors, &command.form);
    with_files(kind, how, &files, settings)
}

fn with_files(
    kind: JobKind,
    (effort, colors, form): (&Effort, &Colors, &Form),
    files: &[(AttachmentRole, &Path)],
    settings: &Settings,
) -> anyhow::Result<Request> {
    let options = options(effort, colors, form, &settings.server)?;
    let most = settings.server.max_upload_bytes;
    let limits = InputLimits::default()
        .with_bytes(most)
        .with_cost(settings.limits);
    if files.iter().filter(|(_, path)| is_standard(path)).count() > 1 {
        bail!(Usage(
            "only one file can come on standard input: name the other".to_owned()
        ));
    }
    let mut attachments = Vec::new();
    for (role, path) in files {
        let bytes = read_input(path, most)?;
        let attachment = Attachment {
            role: *role,
            bytes: bytes.into(),
        };
        check_inputs(std::slice::from_ref(&attachment), &limits, &Stop::never())
            .with_context(|| name_of(path))?;
        attachments.push(attachment);
    }
    Ok(Request {
        job: perform::Request {
            spec: JobSpec { kind, options },
            attachments,
        },
        files: files
            .iter()
            .map(|(role, path)| (*role, path.to_path_buf()))
            .collect(),
    })
}

fn read_prompt(argument: &OsStr, settings: &Settings) -> anyhow::Result<Prompt> {
    let limit = settings.server.max_prompt_chars;
    let bytes = if argument == "-" {
        let mut bytes = Vec::new();
        // More than the limit of characters can ever take is read, so that too much is noticed.
        let most = 4 * limit as u64 + 4;
        io::stdin()
            .take(most)
            .read_to_end(&mut bytes)
            .context("cannot read the prompt from standard input")?;
        if bytes.len() as u64 == most {
            bail!(Usage(format!(
                "the prompt is longer than {limit} characters: shorten it"
            )));
        }
        bytes
    } else {
        argument.as_encoded_bytes().to_owned()
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        Usage(format!(
            "the prompt is not valid UTF-8 (byte {}): give it in UTF-8",
            error.utf8_error().valid_up_to() + 1
        ))
    })?;
    Ok(Prompt::parse(&text, limit).map_err(|error| Usage(error.to_string()))?)
}

/// The options of a job, checked.
pub(crate) fn options(
    effort: &Effort,
    colors: &Colors,
    form: &Form,
    limits: &WebConfig,
) -> Result<JobOptions, Usage> {
    let deadline_ms = match effort.deadline {
        None => limits.default_deadline_ms,
        Some(deadline) => u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
    };
    let allowed = WebConfig::MIN_DEADLINE_MS..=limits.max_deadline_ms;
    if !allowed.contains(&deadline_ms) {
        return Err(Usage(format!(
            "--deadline must be {} ms to {} s",
            allowed.start(),
            allowed.end() / 1000
        )));
    }
    Ok(JobOptions {
        seed: effort.seed,
        deadline_ms,
        level: effort.level,
        priority: Default::default(),
        webhook: None,
        palette: colors.clone().into(),
        output: form.clone().into(),
    })
}

/// Runs a job and delivers its result.
///
/// # Errors
/// When there is none, or it cannot be delivered.
pub(crate) fn run(request: Request, out: &Output, settings: &Settings) -> anyhow::Result<()> {
    if out.png.is_some() && out.png == out.output {
        bail!(Usage(
            "-o and --png name the same file: give each result a place of its own".to_owned()
        ));
    }
    let place = out.output.as_deref();
    let path = place.filter(|path| !is_standard(path));
    let format = match (out.format, path) {
        (Some(format), _) => format,
        (None, Some(path)) => Format::of(path)?,
        (None, None) => Format::Svg,
    };
    check_stdout(place, format, out.json)?;
    let file = path.map(Destination::new).transpose()?;
    let png_file = out.png.as_deref().map(Destination::new).transpose()?;
    let display = ProgressDisplay::new(!out.quiet);
    let began = Instant::now();
    let (view, svg) = actix::System::new().block_on(async {
        tokio::select! {
            result = perform(request.job, settings, |event| display.show(&event.kind)) => result,
            signal = stop_signal() => bail!("interrupted by {}: nothing was written", signal?),
        }
    })?;
    drop(display);
    let Some(svg) = svg else {
        match &view.failure {
            Some(failure) => bail!("{}", complaint(failure, &request.files)),
            None => bail!("the job ended as {}", view.state.name()),
        }
    };

    let picture = format.encode(&svg)?;
    let png = if png_file.is_some() || out.json {
        Some(Format::Png.encode(&svg)?)
    } else {
        None
    };
    let to_stdout = file.is_none();
    let mut written = Vec::new();
    if let (Some(file), Some(path)) = (file, path) {
        file.write(&picture)?;
        written.push((path.display().to_string(), picture.len()));
    }
    if let (Some(file), Some(path), Some(png)) = (png_file, &out.png, &png) {
        file.write(png)?;
        written.push((path.display().to_string(), png.len()));
    }
    tell_shortcomings(&view);
    if out.json {
        let document =
            output::ResultDocument::new(view.clone(), svg.clone(), &png.unwrap_or_default());
        print_line(&serde_json::to_string_pretty(&document)?)?;
        written.push(("standard output".to_owned(), picture.len()));
    } else if to_stdout {
        print_bytes(&picture)?;
        written.push(("standard output".to_owned(), picture.len()));
    }
    if !out.quiet {
        let size = canvas_of(&svg);
        let line = summary(&written, size, &view, began.elapsed());
        eprintln!("chat2svg: {}", printable(&line));
    }
    Ok(())
}

/// Refuses what would fill a terminal with what nobody reads there, unless standard output was
/// asked for by its name and text comes.
fn check_stdout(place: Option<&Path>, format: Format, json: bool) -> Result<(), Usage> {
    let to_stdout = place.is_none_or(is_standard);
    if !to_stdout || json || !io::stdout().is_terminal() {
        return Ok(());
    }
    if format != Format::Svg {
        return Err(Usage(format!(
            "a {format} picture cannot be shown in a terminal: name a file, such as -o picture.{format}"
        )));
    }
    named_or_piped(place)
}

/// Refuses to print an SVG to a terminal unless that was asked for.
pub(crate) fn named_or_piped(place: Option<&Path>) -> Result<(), Usage> {
    if place.is_some() || !io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Usage(
        "the SVG would fill the terminal: name a file, such as -o picture.svg, or say -o - to have \
         it printed"
            .to_owned(),
    ))
}

/// Width and height of an SVG in its own units; none when they cannot be read.
fn canvas_of(svg: &str) -> Option<(f64, f64)> {
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::for_own_output()).ok()?;
    Some((parsed.document.width, parsed.document.height))
}

/// What was made, on one line.
fn summary(
    written: &[(String, usize)],
    size: Option<(f64, f64)>,
    view: &JobView,
    took: Duration,
) -> String {
    let mut parts = Vec::new();
    for (place, bytes) in written {
        parts.push(format!("{place} ({})", kilobytes(*bytes)));
    }
    let mut line = parts.join(" and ");
    line.push(':');
    if let Some((width, height)) = size {
        line.push_str(&format!(" {width}×{height},"));
    }
    let level = view.metadata.as_ref().and_then(|metadata| {
        // The level served where it differs from that of the machine.
        metadata.served_level.or(Some(metadata.resource_level))
    });
    if let Some(level) = level {
        line.push_str(&format!(" level {level},"));
    }
    line.push_str(&format!(" {:.1} s", took.as_secs_f64()));
    line
}

/// A size for people.
pub(crate) fn kilobytes(bytes: usize) -> String {
    if bytes < 1000 {
        format!("{bytes} bytes")
    } else {
        format!("{:.1} kB", bytes as f64 / 1000.0)
    }
}

/// Prints, and takes it well when the reader has gone.
pub(crate) fn print_line(text: &str) -> anyhow::Result<()> {
    print_bytes(format!("{text}\n").as_bytes())
}

/// As [`print_line`], with bytes as they are.
pub(crate) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let printed = stdout.write_all(bytes).and_then(|()| stdout.flush());
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("cannot write to standard output"),
    }
}

fn tell_shortcomings(view: &JobView) {
    let Some(metadata) = &view.metadata else {
        return;
    };
    if let (Some(level), Some(reason)) = (metadata.served_level, &metadata.lowered_because) {
        eprintln!("chat2svg: drawn at level {level}: {}", printable(reason));
    }
    let is_told = metadata.fallback_reason == metadata.lowered_because;
    if let Some(reason) = metadata.fallback_reason.as_ref().filter(|_| !is_told) {
        eprintln!("chat2svg: less than asked for: {}", printable(reason));
    }
    for warning in &metadata.warnings {
        eprintln!("chat2svg: {}", printable(warning));
    }
    if !metadata.undrawn.is_empty() {
        let words = metadata.undrawn.join(", ");
        eprintln!("chat2svg: not drawn: {}", printable(&words));
    }
}

/// Why there is no result, with the name of the file that is to blame.
fn complaint(failure: &JobFailure, files: &[(AttachmentRole, PathBuf)]) -> String {
    let message = &failure.message;
    let blamed = files.iter().find(|(role, _)| Some(*role) == failure.input);
    match blamed {
        None => message.clone(),
        Some((AttachmentRole::Template, path)) => {
            format!("{}: the template cannot be used: {message}", name_of(path))
        }
        Some((AttachmentRole::Target, path)) => {
            format!(
                "{}: the target picture cannot be used: {message}",
                name_of(path)
            )
        }
    }
}
