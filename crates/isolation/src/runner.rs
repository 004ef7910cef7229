//! The parent's end: runs a job in a child and tells what becomes of it.

use std::{
    ffi::OsString,
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use chat2svg_protocol::{JobEventKind, JobState};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    IsolatedJob, IsolatedResult, IsolationConfig, IsolationError, Limits,
    frame::{self, FrameError, FrameKind},
    last_words::LastWords,
    process::{Pipes, Process},
    wire::{EndHead, RequestHead, VERSION},
};

/// Most events of a job, of which progress is throttled.
const MOST_EVENTS: u32 = 20_000;
/// Most bytes of all events of a job.
const MOST_EVENT_BYTES: usize = 256 << 20;
/// How long a child may take to end that has closed its output.
const CLOSING: Duration = Duration::from_secs(1);

/// How a child is started.
#[derive(Clone, Debug)]
pub struct ChildCommand {
    /// The program.
    pub program: PathBuf,
    /// What it is told before its limits.
    pub arguments: Vec<OsString>,
}

impl ChildCommand {
    /// This very program, also when its file was replaced or removed meanwhile, where the system
    /// allows that.
    ///
    /// # Errors
    /// When the system does not tell which program this is.
    pub fn this_program(arguments: &[&str]) -> std::io::Result<Self> {
        let program = if cfg!(target_os = "linux") {
            PathBuf::from("/proc/self/exe")
        } else {
            std::env::current_exe()?
        };
        Ok(Self {
            program,
            arguments: arguments.iter().map(OsString::from).collect(),
        })
    }
}

/// Runs jobs in children. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Runner {
    command: ChildCommand,
    config: IsolationConfig,
    settings: Arc<str>,
}

/// What a child's output came to.
enum Spoken {
    End(Box<IsolatedResult>),
    Garbage(String),
    /// It ended in the middle: how the process ended says why.
    Nothing,
}

impl Runner {
    /// A runner that gives its children these settings of the program.
    pub fn new(command: ChildCommand, config: IsolationConfig, settings: Arc<str>) -> Self {
        Self {
            command,
            config,
            settings,
        }
    }

    /// Runs a job and tells its events as they come. Its process is killed when the token is
    /// cancelled, shortly after the deadline, and when the future is dropped.
    ///
    /// To be called on a thread that lives as long as the program: the system ends the child with
    /// the thread that started it.
    ///
    /// # Errors
    /// When the job's process came to no end of its own. A job that failed for its own reasons is
    /// no error here: its view says so.
    pub async fn run(
        &self,
        job: &IsolatedJob,
        deadline: Instant,
        cancel: &CancellationToken,
        tell: impl FnMut(JobEventKind),
    ) -> Result<IsolatedResult, IsolationError> {
        let time_left = deadline.saturating_duration_since(Instant::now());
        let limits = Limits::for_job(&self.config, time_left);
        let (mut process, pipes) =
            Process::start(&self.command, &limits).map_err(IsolationError::Spawn)?;
        debug!(job = %job.id, %limits, "isolated process started");
        let mut words = LastWords::default();
        let head = RequestHead {
            version: VERSION,
            id: job.id,
            spec: job.spec.clone(),
            time_left_ms: u64::try_from(time_left.as_millis()).unwrap_or(u64::MAX),
            attachments: job.attachments.iter().map(|file| file.role).collect(),
        };
        let grace = Duration::from_millis(self.config.grace_ms);
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(IsolationError::Cancelled),
            () = tokio::time::sleep(time_left.saturating_add(grace)) => Err(IsolationError::Late),
            outcome = self.converse(job, &head, &limits, &mut process, pipes, &mut words, tell) => outcome,
        };
        process.end().await;
        match &outcome {
            Ok(_) | Err(IsolationError::Cancelled | IsolationError::Late) => {}
            Err(error) => {
                warn!(job = %job.id, %error, last_words = words.text(), "isolated process lost");
            }
        }
        outcome
    }

    #[expect(clippy::too_many_arguments, reason = "the two halves of one function")]
    async fn converse(
        &self,
        job: &IsolatedJob,
        head: &RequestHead,
        limits: &Limits,
        process: &mut Process,
        pipes: Pipes,
        words: &mut LastWords,
        tell: impl FnMut(JobEventKind),
    ) -> Result<IsolatedResult, IsolationError> {
        let Pipes {
            mut stdin,
            mut stdout,
            mut stderr,
        } = pipes;
        let spoken = {
            let mut asking = pin!(self.ask(job, head, &mut stdin));
            let mut listening = pin!(words.listen(job.id, &mut stderr));
            let mut answering = pin!(answers(job, &mut stdout, tell));
            let (mut is_asked, mut is_silent) = (false, false);
            let spoken = loop {
                tokio::select! {
                    spoken = &mut answering => break spoken,
                    // A child that does not read to the end says why, or dies of it.
                    _ = &mut asking, if !is_asked => is_asked = true,
                    () = &mut listening, if !is_silent => is_silent = true,
                }
            };
            if matches!(spoken, Spoken::Nothing) && !is_silent {
                // A grandchild could hold the pipe open: none can be started, but who knows.
                let _ = tokio::time::timeout(CLOSING, listening).await;
            }
            spoken
        };
        match spoken {
            Spoken::End(mut result) => {
                let taken = result.memory_taken;
                result.memory_taken = taken.map(|taken| taken.min(limits.memory_bytes));
                Ok(*result)
            }
            Spoken::Garbage(what) => Err(IsolationError::Garbage(what)),
            Spoken::Nothing => match tokio::time::timeout(CLOSING, process.ended()).await {
                Ok(Ok(status)) => Err(IsolationError::from_death(
                    status,
                    &words.text(),
                    limits.memory_bytes,
                )),
                Ok(Err(error)) => Err(IsolationError::Garbage(error.to_string())),
                Err(_) => Err(IsolationError::Garbage(
                    "it closed its output and went on".to_owned(),
                )),
            },
        }
    }

    async fn ask(
        &self,
        job: &IsolatedJob,
        head: &RequestHead,
        stdin: &mut (impl AsyncWrite + Unpin),
    ) -> Result<(), FrameError> {
        let head = serde_json::to_vec(head).map_err(|error| FrameError::Io(error.into()))?;
        frame::send(stdin, FrameKind::Request, &head).await?;
        frame::send(stdin, FrameKind::Bytes, self.settings.as_bytes()).await?;
        for attachment in &job.attachments {
            frame::send(stdin, FrameKind::Bytes, &attachment.bytes).await?;
        }
        Ok(())
    }
}

/// Reads events up to the end.
async fn answers(
    job: &IsolatedJob,
    stdout: &mut (impl AsyncRead + Unpin),
    mut tell: impl FnMut(JobEventKind),
) -> Spoken {
    let (mut events, mut bytes) = (0, 0);
    loop {
        let (kind, frame) = match frame::receive(stdout, &[FrameKind::Event, FrameKind::End]).await
        {
            Ok(received) => received,
            Err(error) => return unheard(&error),
        };
        if kind == FrameKind::End {
            return end(job, &frame, stdout).await;
        }
        events += 1;
        bytes += frame.len();
        if events > MOST_EVENTS || bytes > MOST_EVENT_BYTES {
            return Spoken::Garbage("it told more events than any job has".to_owned());
        }
        match serde_json::from_slice(&frame) {
            // The end is told once it is checked, by whoever asked.
            Ok(JobEventKind::Done { .. } | JobEventKind::Queued) => {}
            Ok(event) => tell(event),
            Err(error) => return Spoken::Garbage(format!("an event: {error}")),
        }
    }
}

async fn end(job: &IsolatedJob, head: &[u8], stdout: &mut (impl AsyncRead + Unpin)) -> Spoken {
    let EndHead {
        mut view,
        has_svg,
        memory_taken,
    } = match serde_json::from_slice(head) {
        Ok(head) => head,
        Err(error) => return Spoken::Garbage(format!("its end: {error}")),
    };
    let svg = if has_svg {
        match frame::receive(stdout, &[FrameKind::Bytes]).await {
            Ok((_, bytes)) => match String::from_utf8(bytes) {
                Ok(svg) if svg.starts_with("<svg") => Some(Arc::<str>::from(svg)),
                _ => return Spoken::Garbage("its result is no SVG".to_owned()),
            },
            Err(error) => return unheard(&error),
        }
    } else {
        None
    };
    let is_served = matches!(view.state, JobState::Succeeded | JobState::Degraded);
    let is_failed = view.state == JobState::Failed && view.failure.is_some();
    if !(is_served && svg.is_some() || is_failed && svg.is_none()) {
        let state = view.state.name();
        return Spoken::Garbage(format!("it ended as {state} without what belongs to it"));
    }
    // What was asked is known better here.
    view.id = job.id;
    view.spec = job.spec.clone();
    Spoken::End(Box::new(IsolatedResult {
        view,
        svg,
        memory_taken,
    }))
}

fn unheard(error: &FrameError) -> Spoken {
    match error {
        FrameError::Ended => Spoken::Nothing,
        error => Spoken::Garbage(error.to_string()),
    }
}
