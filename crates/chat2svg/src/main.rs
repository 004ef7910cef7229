//! The chat2svg program: command line, start-up, supervision and wiring.

#![forbid(unsafe_code)]

mod batch;
mod clean;
mod cli;
mod cluster;
mod doctor;
mod files;
mod format;
mod isolated;
mod keeping;
mod keys;
mod ledger;
mod line_ups;
mod logging;
mod manual;
mod mcp;
mod migrate;
mod oneshot;
mod perform;
mod progress;
mod running;
mod scripts;
mod serve;
mod settings;
mod signals;
mod simulate;
mod wiring;

use std::{
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

use chat2svg_protocol::printable;
use clap::Parser as _;

use cli::{Cli, Command};
use settings::{ConfigError, Layers, LogConfig, StorePlace};

/// The caller asked for something that makes no sense; nothing was begun.
#[derive(Debug)]
pub(crate) struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    // Wrong usage ends here with clap's own message and status 2.
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        // Whoever read standard output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let code = if error.is::<Usage>() {
                WRONG_USAGE
            } else {
                FAILED
            };
            eprintln!("chat2svg: {}", printable(&one_line(&error)));
            ExitCode::from(code)
        }
    }
}

/// Whether something could not be printed because its reader has gone.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let printing = error.downcast_ref::<io::Error>();
    printing.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// An error and its causes on one line.
fn one_line(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let mut line = String::new();
    for cause in causes {
        // Many errors repeat their cause in their own text.
        if !line.contains(&cause) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&cause);
        }
    }
    line.replace('\n', " ")
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    if let Command::IsolatedJob(command) = &cli.command {
        // It limits itself before it reads anything, settings too.
        isolated::run(command)?;
        return Ok(ExitCode::SUCCESS);
    }
    signals::outlive_file_size_limit()?;
    match &cli.command {
        Command::Completions(command) => {
            manual::completions(command)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Man(command) => {
            manual::man(command)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Migrate(command) => {
            let is_whole = migrate::run(command)?;
            return Ok(ExitCode::from(if is_whole { 0 } else { FAILED }));
        }
        _ => {}
    }
    let layers = layers(cli)?;
    let settings = layers.settings()?;
    let log = match &cli.command {
        Command::Serve(_) => LogConfig {
            filter: match cli.verbose {
                0 => settings.log.filter.clone(),
                _ => "debug".to_owned(),
            },
            ..settings.log.clone()
        },
        _ => logging::quiet(&settings.log, cli.verbose),
    };
    logging::start(&log);
    match &cli.command {
        Command::Serve(_) => layers.unused().for_each(|line| tracing::warn!("{line}")),
        Command::Config | Command::Doctor => layers
            .unused()
            .for_each(|line| eprintln!("chat2svg: {}", printable(&line))),
        _ => {}
    }
    match &cli.command {
        Command::Generate(command) => {
            oneshot::run(
                oneshot::generate(command, &settings)?,
                &command.out,
                &settings,
            )?;
        }
        Command::Batch(command) => batch::run(command, &settings)?,
        Command::Vectorize(command) => {
            oneshot::run(
                oneshot::vectorize(command, &settings)?,
                &command.out,
                &settings,
            )?;
        }
        Command::Refine(command) => {
            oneshot::run(
                oneshot::refine(command, &settings)?,
                &command.out,
                &settings,
            )?;
        }
        Command::Clean(command) => clean::run(command, &settings)?,
        Command::Keys(command) => keys::run(command, &settings)?,
        Command::Scripts(command) => scripts::run(command, &settings)?,
        Command::Serve(_) => serve::run(&settings)?,
        Command::Mcp => mcp::run(&settings)?,
        Command::Simulate(command) => simulate::run(command, &settings)?,
        Command::Config => show(&layers)?,
        Command::IsolatedJob(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Migrate(_) => {}
        Command::Doctor => {
            if !doctor::run(&settings)? {
                return Ok(ExitCode::from(FAILED));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The layers of the configuration, lowest first.
///
/// # Errors
/// When something cannot be used: everything that is wrong, at once.
fn layers(cli: &Cli) -> Result<Layers, ConfigError> {
    let mut layers = Layers::defaults()?;
    let mut wrong = Vec::new();
    for path in &cli.config {
        wrong.extend(layers.add_file(path).err());
    }
    wrong.extend(layers.add_environment(std::env::vars_os()).err());
    if let Command::Serve(serve) = &cli.command
        && let Some(listen) = &serve.listen
    {
        let added = layers.add_flag("--listen", "server.listen", listen.as_str());
        wrong.extend(added.err());
    }
    wrong.extend(layers.add_consequences().err());
    let place = StorePlace::find();
    wrong.extend(layers.add_store_place(&place).err());
    wrong.extend(layers.add_keys_place(&place).err());
    if !wrong.is_empty() {
        wrong.extend(layers.settings().err());
    }
    ConfigError::all(wrong)?;
    Ok(layers)
}

/// Prints the effective configuration as TOML, each value with its source.
fn show(layers: &Layers) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for (key, value, source) in layers.iter() {
        writeln!(stdout, "{key} = {value}  # {source}")?;
    }
    writeln!(
        stdout,
        "# Variables of the wrapper around the original, and what they set:"
    )?;
    for line in Layers::aliases() {
        writeln!(stdout, "# {line}")?;
    }
    Ok(())
}
