//! Where events go: to stderr, as text or JSON. Panics are events too.

use std::{io, io::IsTerminal as _};

use tracing::error;
use tracing_subscriber::EnvFilter;

use crate::settings::{LogConfig, LogFormat};

/// Starts logging. A filter that the configuration check let through is valid.
pub(crate) fn start(config: &LogConfig) {
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match config.format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let thread = std::thread::current();
        error!(
            place,
            thread = thread.name().unwrap_or("unnamed"),
            "panic: {}",
            panic.payload_as_str().unwrap_or("no message")
        );
    }));
}

/// What a one-shot command logs: nothing but faults of the program, unless asked for more.
pub(crate) fn quiet(config: &LogConfig, verbose: u8) -> LogConfig {
    LogConfig {
        format: config.format,
        filter: match verbose {
            0 => "error",
            1 => "info",
            _ => "debug",
        }
        .to_owned(),
    }
}
