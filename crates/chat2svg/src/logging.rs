//! Where events go: to stderr, as text or JSON. Panics are events too.

use std::{
    fmt::{self, Write as _},
    io,
    io::IsTerminal as _,
};

use chat2svg_protocol::{Printable, is_treacherous};
use tracing::{error, field::Field};
use tracing_subscriber::{
    EnvFilter,
    field::MakeExt as _,
    fmt::{
        FormatFields,
        format::{Writer, debug_fn},
    },
};

use crate::settings::{LogConfig, LogFormat};

/// Starts logging. A filter that the configuration check let through is valid.
pub(crate) fn start(config: &LogConfig) {
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match config.format {
        LogFormat::Text => builder
            .with_ansi(io::stderr().is_terminal())
            .fmt_fields(printable_fields())
            .init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_writer(|| PrintableJson(io::stderr()))
            .init(),
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

/// Writes fields and messages so that nothing in them drives a terminal or looks like a line of its
/// own; by itself the subscriber escapes only what starts an escape sequence.
fn printable_fields() -> impl for<'writer> FormatFields<'writer> + 'static {
    debug_fn(
        |writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| {
            let mut writer = Printable(writer);
            match field.name() {
                "message" => write!(writer, "{value:?}"),
                name => write!(writer, "{name}={value:?}"),
            }
        },
    )
    .delimited(" ")
}

/// Passes lines of JSON on with what JSON itself need not escape and a terminal obeys escaped, too.
/// Such characters are only in strings.
struct PrintableJson<W>(W);

impl<W: io::Write> io::Write for PrintableJson<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_hostile = |character| character != '\n' && is_treacherous(character);
        match std::str::from_utf8(bytes) {
            Ok(text) if text.contains(is_hostile) => {
                let mut safe = String::with_capacity(text.len() + 16);
                for character in text.chars() {
                    if is_hostile(character) {
                        for unit in character.encode_utf16(&mut [0; 2]) {
                            let _ = write!(safe, "\\u{unit:04x}");
                        }
                    } else {
                        safe.push(character);
                    }
                }
                self.0.write_all(safe.as_bytes())?;
            }
            _ => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const HOSTILE: &str = "a\u{1b}[2J\nFAKE line\r\u{9b}31m\u{202e}\u{7}z";

    fn logged(format: LogFormat) -> String {
        let log = Log::default();
        let (writer, json) = (log.clone(), log.clone());
        let builder = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone());
        let say = || {
            let span = tracing::info_span!("request", path = HOSTILE, shown = %HOSTILE);
            let _entered = span.enter();
            error!(error = %HOSTILE, debugged = ?HOSTILE, text = HOSTILE, "said: {HOSTILE}");
        };
        match format {
            LogFormat::Text => {
                let subscriber = builder.fmt_fields(printable_fields()).finish();
                tracing::subscriber::with_default(subscriber, say);
            }
            LogFormat::Json => {
                let subscriber = builder
                    .json()
                    .flatten_event(true)
                    .with_writer(move || PrintableJson(json.clone()))
                    .finish();
                tracing::subscriber::with_default(subscriber, say);
            }
        }
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_log_is_one_line_without_control_characters_whatever_is_in_it() {
        let text = logged(LogFormat::Text);
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.contains(is_treacherous), "{line:?}");
        assert!(line.contains("said: a\\u{1b}[2J"), "{line:?}");
        assert!(line.contains("error=a\\u{1b}[2J"), "{line:?}");
    }

    #[test]
    fn a_json_log_is_one_line_of_json() {
        let text = logged(LogFormat::Json);
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.contains(is_treacherous), "{line:?}");
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["error"], HOSTILE);
    }
}
