//! A script as a process: in a private folder, with arguments that no shell could misread, ended
//! with all that it started.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    pin::pin,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use chat2svg_children::{ChildGroup, Groups};
use chat2svg_protocol::{
    CallFailure, Fault, Prompt, Stage,
    messages::{Progress, StageContext},
    printable,
};
use chat2svg_supervision::Line;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
};
use tracing::{debug, warn};

use super::{
    config::ScriptsConfig,
    desk::{Desk, MARK, remove_left},
    progress::Listener,
};
use crate::{is_plain, surroundings};

/// Lines of what a script said last that are kept.
const LAST_LINES: usize = 8;
/// Most bytes of a line.
const LONGEST_LINE: usize = 2_000;
/// How long the outputs of a script that has ended may stay open.
const CLOSING: Duration = Duration::from_secs(1);
/// Bytes that are read at once.
const PIECE: usize = 8 << 10;

/// How the scripts of a checkout are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// As the original: in the stage's folder, with a table of captions.
    Original,
    /// As the fork that takes any words: in the checkout.
    Fork,
}

/// Starts scripts of a checkout.
#[derive(Clone, Debug)]
pub struct Scripts {
    config: Arc<ScriptsConfig>,
    groups: Groups,
}

impl Scripts {
    /// The scripts that a configuration names. `groups` knows what runs, for those who end it. What
    /// processes that are gone have left is removed.
    pub fn new(config: ScriptsConfig, groups: Groups) -> Self {
        remove_left(&config.private_folders());
        Self {
            config: Arc::new(config),
            groups,
        }
    }

    /// Time without which a script is not started.
    pub(crate) fn least_time(&self) -> Duration {
        Duration::from_millis(self.config.least_time_ms)
    }

    /// The language model that stage 1 is told to ask, if one is set.
    pub(crate) fn model(&self) -> Option<&str> {
        (!self.config.model.is_empty()).then_some(&self.config.model)
    }

    /// A private folder for one run.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn desk(&self) -> Result<Desk, CallFailure> {
        Desk::new(&self.config.private_folders())
    }

    /// Runs a stage's script to its end, in a private folder, and tells how far it is. `steps` is
    /// how many steps a fit of it takes.
    ///
    /// # Errors
    /// When it fails, takes too long, or is cancelled; all that it started has ended then.
    pub(crate) async fn run(
        &self,
        stage: Stage,
        desk: &Desk,
        flags: &[(&str, String)],
        prompt: Option<&Prompt>,
        (context, steps): (&StageContext, u32),
        progress: &Line<Progress>,
    ) -> Result<(), CallFailure> {
        let command = self.command(stage, desk, flags, prompt)?;
        let failed = |reason: String| CallFailure::new(Fault::Provider, reason);
        let mut child = ChildGroup::start(command, &self.groups).map_err(|error| {
            let python = self.config.python.display();
            CallFailure::new(
                Fault::Terminal,
                format!("{python} cannot be started: {error}"),
            )
        })?;
        let began = Instant::now();
        debug!(job = %context.job, %stage, "a script was started");
        let own = Duration::from_secs(self.config.timeout_seconds(stage));
        let by_deadline = context.deadline.saturating_duration_since(began) <= own;
        let until = context.deadline.min(began + own);
        let (stdout, stderr) = child.outputs();
        let mut words = LastWords::default();
        let mut listener = Listener::new(stage, steps);
        let mut tell = |line: &str, output: Output| {
            words.push(line, output);
            if let Some(fraction) = listener.hear(line) {
                progress.tell(Progress {
                    job: context.job,
                    stage,
                    fraction,
                    preview: None,
                });
            }
        };
        let work = async {
            let mut listening = pin!(listen(stdout, stderr, &mut tell));
            let status = tokio::select! {
                () = &mut listening => None,
                status = child.ended() => Some(status),
            };
            match status {
                None => child.ended().await,
                Some(status) => {
                    // What it has left running may hold its outputs open.
                    let _ = tokio::time::timeout(CLOSING, listening).await;
                    status
                }
            }
        };
        let ended = tokio::select! {
            biased;
            () = context.cancel.cancelled() => Err(CallFailure::cancelled()),
            () = tokio::time::sleep_until(until.into()) => Err(if by_deadline {
                CallFailure::late()
            } else {
                failed(format!("it did not end within {} s", own.as_secs()))
            }),
            status = work => Ok(status),
        };
        // What it has left running in its group ends with it.
        child.end().await;
        let status = ended?.map_err(|error| failed(format!("it cannot be waited for: {error}")))?;
        if status.success() {
            return Ok(());
        }
        let said = words.text();
        warn!(job = %context.job, %stage, %status, said, "a script failed");
        Err(failed(format!("{status}; it said last: {}", words.last())))
    }

    fn command(
        &self,
        stage: Stage,
        desk: &Desk,
        flags: &[(&str, String)],
        prompt: Option<&Prompt>,
    ) -> Result<Command, CallFailure> {
        let checkout = self.config.path.as_path();
        let script = self.config.script(stage);
        let source = fs::read_to_string(&script).map_err(|error| {
            let reason = format!("{} cannot be read: {error}", script.display());
            CallFailure::new(Fault::Terminal, reason)
        })?;
        let dialect = dialect_of(&self.config.script(Stage::Template), &source);
        let mut arguments = vec![
            desk.shim().display().to_string(),
            script.display().to_string(),
        ];
        for (flag, value) in flags {
            arguments.extend([format!("--{flag}"), value.clone()]);
        }
        if dialect == Dialect::Fork && stage != Stage::Detail {
            arguments.extend(["--system_path".to_owned(), ".".to_owned()]);
        }
        if let Some(wrong) = arguments.iter().find(|argument| !is_plain(argument)) {
            let reason = format!("{wrong:?} is no argument for a script: a shell could misread it");
            return Err(CallFailure::new(Fault::Request, reason));
        }
        let mut command = Command::new(&self.config.python);
        command.arg("-u").args(&arguments);
        self.surround(&mut command, checkout);
        let here: PathBuf = match dialect {
            Dialect::Original => self.config.stage_folder(stage),
            Dialect::Fork => {
                command.env("PYTHONPATH", checkout);
                if stage != Stage::Optimize {
                    command.env("CHAT2SVG_SCRIPTS_DIALECT", "fork");
                }
                checkout.to_owned()
            }
        };
        command
            .env(
                "CHAT2SVG_SCRIPTS_PROMPT",
                prompt.map_or(desk.layout.target().as_str(), Prompt::as_str),
            )
            .env(MARK, desk.folder())
            .current_dir(here)
            // Nothing is written there: its end is that of this program.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// The environment of a script: that of this program without its own settings and keys, and
    /// what the checkout's `.env` adds.
    fn surround(&self, command: &mut Command, checkout: &Path) {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CHAT2SVG_") {
                command.env_remove(name);
            }
        }
        match surroundings::dotenv(&checkout.join(".env")) {
            Ok(variables) => {
                let missing = variables
                    .into_iter()
                    .filter(|(name, _)| std::env::var_os(name).is_none());
                command.envs(missing);
            }
            Err(error) => warn!(%error, "scripts run without it"),
        }
        command.env("PYTHONUNBUFFERED", "1");
        if !self.config.device.is_empty() {
            command.env("CUDA_VISIBLE_DEVICES", &self.config.device);
        }
    }
}

/// How a checkout's scripts are called: the fork's first two take the words themselves.
fn dialect_of(first: &Path, source: &str) -> Dialect {
    let takes_words = |text: &str| text.contains("--prompt") || text.contains("--system_path");
    let is_fork =
        takes_words(source) || fs::read_to_string(first).is_ok_and(|source| takes_words(&source));
    if is_fork {
        Dialect::Fork
    } else {
        Dialect::Original
    }
}

/// Hears both of a script's outputs to their ends, line by line.
async fn listen(
    stdout: Option<impl AsyncRead + Unpin>,
    stderr: Option<impl AsyncRead + Unpin>,
    tell: &mut impl FnMut(&str, Output),
) {
    let (mut out, mut err) = (Lines::new(stdout), Lines::new(stderr));
    while !(out.is_over() && err.is_over()) {
        let (lines, output) = tokio::select! {
            lines = out.next(), if !out.is_over() => (lines, Output::Standard),
            lines = err.next(), if !err.is_over() => (lines, Output::Error),
        };
        for line in lines {
            tell(&line, output);
        }
    }
}

/// Lines of an output; a carriage return ends one, too, as bars of progress have it.
struct Lines<R> {
    source: Option<R>,
    begun: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    fn new(source: Option<R>) -> Self {
        Self {
            source,
            begun: Vec::new(),
        }
    }

    fn is_over(&self) -> bool {
        self.source.is_none()
    }

    /// The lines that the next piece ends.
    async fn next(&mut self) -> Vec<String> {
        let mut piece = [0; PIECE];
        let read = match &mut self.source {
            Some(source) => source.read(&mut piece).await.unwrap_or(0),
            None => 0,
        };
        if read == 0 {
            self.source = None;
        }
        let mut lines = Vec::new();
        for byte in piece.iter().take(read) {
            if matches!(byte, b'\n' | b'\r') {
                lines.extend(self.line());
            } else if self.begun.len() < LONGEST_LINE {
                self.begun.push(*byte);
            }
        }
        if self.is_over() {
            lines.extend(self.line());
        }
        lines
    }

    fn line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.begun);
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// Where a line was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Standard,
    Error,
}

/// What a script said last.
#[derive(Default)]
struct LastWords {
    lines: VecDeque<String>,
    /// The last line of its errors: which output is heard first is left to chance.
    error: Option<String>,
}

impl LastWords {
    fn push(&mut self, line: &str, output: Output) {
        let line = printable(line).into_owned();
        if output == Output::Error {
            self.error = Some(line.clone());
        }
        if self.lines.len() == LAST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    fn text(&self) -> String {
        let lines = self.lines.iter().map(String::as_str);
        lines.collect::<Vec<_>>().join(" | ")
    }

    /// The line that says most of a failure: the last one of its errors, which in a traceback is
    /// the error itself.
    fn last(&self) -> &str {
        let last = self.error.as_ref().or(self.lines.back());
        last.map_or("nothing", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_whichever_output_is_heard_first() {
        let mut words = LastWords::default();
        assert_eq!(words.last(), "nothing");
        words.push("***** cleaning *****", Output::Standard);
        assert_eq!(words.last(), "***** cleaning *****");
        words.push("IndexError: list index out of range", Output::Error);
        words.push("***** segmentation *****", Output::Standard);
        assert_eq!(words.last(), "IndexError: list index out of range");
    }
}
