//! Both ends of isolated jobs, as the program has them: the runner that starts this program again,
//! and `isolated-job`, what it is started as.

use std::{io, time::Instant};

use chat2svg_imagegen::ImagegenConfig;
use chat2svg_isolation::{
    ChildCommand, Foreign, IsolatedResult, Runner,
    child::{Answers, Request, read_request},
    sandbox,
};
use chat2svg_protocol::BackendId;
use chat2svg_resources::memory;
use chat2svg_scripts::ScriptsConfig;
use tracing::warn;

use crate::{
    cli::IsolatedJob,
    line_ups, logging, perform,
    settings::{LogConfig, Settings},
};

/// What a child is started as.
const SUBCOMMAND: &str = "isolated-job";

const MIB: f64 = 1024.0 * 1024.0;

/// What runs jobs in processes of their own.
///
/// # Errors
/// When the settings cannot be written down, or the system does not tell which program this is.
pub(crate) fn runner(settings: &Settings) -> anyhow::Result<Runner> {
    let inner = toml::to_string(&inside(settings))?;
    let command = ChildCommand::this_program(&[SUBCOMMAND])?;
    Ok(Runner::new(
        command,
        settings.isolation.clone(),
        inner.into(),
    ))
}

/// The settings that hold inside an isolated process: no isolation, nothing on the disk, no GPU, no
/// network and so no models, few threads. It works in another folder, so paths are made absolute.
fn inside(settings: &Settings) -> Settings {
    let mut inner = without_models(settings);
    // Their names stay in line, so that the job says that they were left out.
    inner
        .template
        .backends
        .clone_from(&settings.template.backends);
    inner.detail.backends = line_ups::detail_line_up(settings);
    inner
        .optimize
        .backends
        .clone_from(&settings.optimize.backends);
    inner.isolation.foreign = Foreign::Off;
    inner.store = chat2svg_store::StoreConfig::in_memory();
    inner.process.threads = settings.process.threads().min(settings.isolation.threads);
    inner.resources.gpu = false;
    let library = &settings.template.library;
    if !library.as_os_str().is_empty()
        && let Ok(absolute) = std::path::absolute(library)
    {
        inner.template.library = absolute;
    }
    inner
}

/// The same settings without models.
pub(crate) fn without_models(settings: &Settings) -> Settings {
    let mut inner = settings.clone();
    inner.llm = chat2svg_llm::LlmConfig::default();
    inner.template.backends = vec![BackendId::EMBEDDED];
    inner.imagegen = ImagegenConfig::default();
    inner.detail.backends = vec![BackendId::EMBEDDED];
    inner.optimize.backends = vec![BackendId::EMBEDDED];
    inner.scripts = ScriptsConfig::default();
    inner
}

/// Limits this process, then runs the one job that comes on standard input.
///
/// # Errors
/// When the process cannot be limited, or its parent not understood or answered. A job that fails
/// is no error: its end says so.
pub(crate) fn run(command: &IsolatedJob) -> anyhow::Result<()> {
    let started = Instant::now();
    let missing = sandbox::enter(&command.limits, command.parent)?;
    #[cfg(debug_assertions)]
    if let Some(fault) = command.fault {
        fault.commit();
    }
    let request = read_request(&mut io::stdin().lock())?;
    let settings: Settings = toml::from_str(&request.settings)?;
    logging::start(&LogConfig {
        filter: "info".to_owned(),
        ..settings.log.clone()
    });
    for what in missing {
        warn!(what, "this system lacks a limit of isolated processes");
    }
    let mut answers = Answers::new(io::stdout().lock());
    let before = memory::held_mb();
    let mut result = answer(request, &settings, started, &mut answers)?;
    let taken = memory::peak_mb().zip(before);
    // Bytes of a process: far from where a conversion would lose anything.
    result.memory_taken = taken.map(|(peak, before)| ((peak - before).max(0.0) * MIB) as u64);
    answers.end(&result)?;
    // The runtime's threads have nothing left to do that anybody waits for.
    std::process::exit(0);
}

fn answer(
    request: Request,
    settings: &Settings,
    started: Instant,
    answers: &mut Answers<io::StdoutLock<'static>>,
) -> anyhow::Result<IsolatedResult> {
    let mut spec = request.job.spec;
    let left = request.time_left.saturating_sub(started.elapsed());
    spec.options.deadline_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    let inner = perform::Request {
        spec,
        attachments: request.job.attachments,
    };
    let (view, svg) =
        actix::System::new().block_on(perform::perform(inner, settings, |event| {
            if let Err(error) = answers.event(&event.kind) {
                // Nobody is there any more for whom to work.
                warn!(%error, "the job is given up");
                std::process::exit(1);
            }
        }))?;
    Ok(IsolatedResult {
        view,
        svg,
        memory_taken: None,
    })
}

/// Ways to die, for tests of what becomes of the parent. No release has them.
#[cfg(debug_assertions)]
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Fault {
    /// Aborts.
    Abort,
    /// Recurses without end.
    Overflow,
    /// Takes memory without end.
    Memory,
    /// Computes without end.
    Spin,
    /// Does nothing, without end.
    Hang,
    /// Panics on the main thread.
    Panic,
    /// Ends with a status of its own.
    Exit,
    /// Answers nonsense.
    Garbage,
    /// Answers without end.
    Flood,
    /// Exits with the number of things that it may do and should not.
    Escape,
}

#[cfg(debug_assertions)]
impl Fault {
    fn commit(self) {
        match self {
            Self::Abort => std::process::abort(),
            Self::Overflow => {
                std::hint::black_box(deeper(u64::MAX));
            }
            Self::Memory => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(std::hint::black_box(vec![1_u8; 8 << 20]));
                }
            }
            Self::Spin => {
                let mut turns = 0_u64;
                loop {
                    turns = std::hint::black_box(turns.wrapping_add(1));
                }
            }
            Self::Hang => loop {
                std::thread::park();
            },
            #[expect(clippy::panic, reason = "it is what was asked for")]
            Self::Panic => panic!("a fault was asked for"),
            Self::Exit => std::process::exit(7),
            Self::Garbage => print!("{}", "no frame ".repeat(100)),
            Self::Flood => loop {
                let event = chat2svg_protocol::JobEventKind::Queued;
                if Answers::new(io::stdout().lock()).event(&event).is_err() {
                    std::process::exit(0);
                }
            },
            Self::Escape => std::process::exit(escapes()),
        }
    }
}

#[cfg(debug_assertions)]
fn deeper(left: u64) -> u64 {
    let frame = std::hint::black_box([left; 64]);
    match left {
        0 => 0,
        _ => deeper(left - 1).wrapping_add(frame[63]),
    }
}

/// How many things succeed that must not. Tells which on stderr.
#[cfg(debug_assertions)]
fn escapes() -> i32 {
    use std::{
        net::{TcpListener, UdpSocket},
        os::unix::net::UnixStream,
        process::Command,
    };
    let descriptors = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let tried = [
        ("TCP", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("UDP", UdpSocket::bind("127.0.0.1:0").is_ok()),
        (
            "Unix socket",
            UnixStream::connect("/run/any")
                .is_err_and(|error| error.kind() != io::ErrorKind::PermissionDenied),
        ),
        ("program", Command::new("/bin/true").status().is_ok()),
        ("file", std::fs::write("/tmp/chat2svg-escape", "x").is_ok()),
        (
            "removal",
            std::fs::remove_file("/tmp/any")
                .is_err_and(|error| error.kind() != io::ErrorKind::PermissionDenied),
        ),
        (
            "environment",
            std::env::vars_os().any(|(name, _)| name != "MALLOC_ARENA_MAX"),
        ),
        (
            "folder",
            std::env::current_dir().is_ok_and(|folder| folder.as_os_str() != "/"),
        ),
        // Three, and the one that reads the list.
        ("descriptors", descriptors > 4),
        ("no thread", std::thread::spawn(|| ()).join().is_err()),
    ];
    let mut count = 0;
    for (what, done) in tried {
        if done {
            eprintln!("escaped: {what}");
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_inside_are_read_as_they_were_written() {
        let mut settings = Settings::default();
        settings.template.library = "pictures".into();
        settings.template.backends = vec!["openai".parse().unwrap(), BackendId::EMBEDDED];
        let inner = inside(&settings);
        let text = toml::to_string(&inner).unwrap();
        assert_eq!(toml::from_str::<Settings>(&text).unwrap(), inner);
        assert_eq!(inner.isolation.foreign, Foreign::Off);
        assert!(inner.template.library.is_absolute());
        assert!(inner.store.is_in_memory());
        assert_eq!(inner.template.backends, settings.template.backends);
    }
}
