//! How a job in a process of its own can go wrong, and what its user is told.

use std::{io, process::ExitStatus};

use chat2svg_protocol::FailureCode;
use thiserror::Error;

/// Why an isolated job has no result. Jobs that fail for their own reasons have one: it says so.
#[derive(Debug, Error)]
pub enum IsolationError {
    /// Its process could not be started: nothing is known about the job.
    #[error("no process could be started for this job ({0}): try again in a moment")]
    Spawn(#[source] io::Error),
    /// It needed more memory than it may have.
    #[error(
        "this job needed more memory than its process may have ({memory_mb} MiB; {how}): simplify the \
         file or ask for a lower level"
    )]
    OutOfMemory {
        /// The limit in MiB.
        memory_mb: u64,
        /// How that came out.
        how: MemoryEnd,
    },
    /// Something in it is nested too deep.
    #[error(
        "this job overflowed the stack of its process: something in the file is nested too deep, so \
         simplify it"
    )]
    StackOverflow,
    /// It used up its processor time.
    #[error(
        "this job used up the processor time of its process (SIGXCPU): simplify the file or ask for a \
         lower level"
    )]
    CpuTime,
    /// A signal ended it.
    #[error(
        "the process of this job crashed ({}), which is a defect: change the file, and report it if you \
         can",
        signal_name(*.0)
    )]
    Signal(i32),
    /// It gave up.
    #[error(
        "the process of this job ended with status {code} and without a result, which is a defect"
    )]
    Exit {
        /// Its exit status.
        code: i32,
    },
    /// It had no result when the deadline had passed.
    #[error("the deadline passed before the job had a result: give it more time or a lower level")]
    Late,
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// It sent something that makes no sense.
    #[error("the process of this job gave an answer that cannot be used ({0}), which is a defect")]
    Garbage(String),
}

/// How a process ends that needs more memory than it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryEnd {
    /// It was refused memory and ended itself.
    Refused,
    /// It was killed, which is what the system does when memory runs out.
    Killed,
}

impl std::fmt::Display for MemoryEnd {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Refused => "refused, SIGABRT",
            Self::Killed => "killed by the system, SIGKILL",
        })
    }
}

impl IsolationError {
    /// The code of the job's failure. A job that was cancelled did not fail.
    pub fn code(&self) -> FailureCode {
        match self {
            Self::CpuTime | Self::Late => FailureCode::DeadlineExceeded,
            Self::Spawn(_) => FailureCode::NotRun,
            Self::OutOfMemory { .. }
            | Self::StackOverflow
            | Self::Signal(_)
            | Self::Exit { .. }
            | Self::Garbage(_)
            | Self::Cancelled => FailureCode::IsolatedProcessDied,
        }
    }

    /// What the death of a process means that was not killed by us and gave no result.
    pub(crate) fn from_death(status: ExitStatus, last_words: &str, memory_bytes: u64) -> Self {
        let memory_mb = memory_bytes >> 20;
        let out_of_memory = |how| Self::OutOfMemory { memory_mb, how };
        match signal_of(status) {
            Some(signals::ABRT) if last_words.contains("memory allocation of ") => {
                out_of_memory(MemoryEnd::Refused)
            }
            Some(signals::ABRT | signals::SEGV)
                if last_words.contains("has overflowed its stack") =>
            {
                Self::StackOverflow
            }
            Some(signals::KILL) => out_of_memory(MemoryEnd::Killed),
            Some(signals::XCPU) => Self::CpuTime,
            Some(signal) => Self::Signal(signal),
            None => match status.code() {
                Some(0) | None => Self::Garbage("it ended without a result".to_owned()),
                Some(code) => Self::Exit { code },
            },
        }
    }
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}

/// The numbers of signals that mean something to us.
#[cfg(unix)]
mod signals {
    use rustix::process::Signal;

    pub(super) const ABRT: i32 = Signal::ABORT.as_raw();
    pub(super) const KILL: i32 = Signal::KILL.as_raw();
    pub(super) const SEGV: i32 = Signal::SEGV.as_raw();
    pub(super) const XCPU: i32 = Signal::XCPU.as_raw();
    pub(super) const NAMES: [(i32, &str); 9] = [
        (ABRT, "SIGABRT"),
        (KILL, "SIGKILL"),
        (SEGV, "SIGSEGV"),
        (XCPU, "SIGXCPU"),
        (Signal::BUS.as_raw(), "SIGBUS"),
        (Signal::ILL.as_raw(), "SIGILL"),
        (Signal::FPE.as_raw(), "SIGFPE"),
        (Signal::SYS.as_raw(), "SIGSYS"),
        (Signal::TERM.as_raw(), "SIGTERM"),
    ];
}

#[cfg(not(unix))]
mod signals {
    pub(super) const ABRT: i32 = 6;
    pub(super) const KILL: i32 = 9;
    pub(super) const SEGV: i32 = 11;
    pub(super) const XCPU: i32 = 24;
    pub(super) const NAMES: [(i32, &str); 0] = [];
}

fn signal_name(signal: i32) -> String {
    signals::NAMES
        .iter()
        .find(|(number, _)| *number == signal)
        .map_or_else(
            || format!("signal {signal}"),
            |(_, name)| (*name).to_owned(),
        )
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn every_death_is_told_by_what_it_means() {
        let told = |raw: i32, words: &str| {
            let error = IsolationError::from_death(ExitStatus::from_raw(raw), words, 512 << 20);
            (error.code().name(), error.to_string())
        };
        for (raw, words, code, part) in [
            (
                6,
                "memory allocation of 99 bytes failed",
                "isolated-process-died",
                "512 MiB; refused",
            ),
            (
                6,
                "thread 'main' has overflowed its stack",
                "isolated-process-died",
                "nested too deep",
            ),
            (
                6,
                "panicked in a destructor",
                "isolated-process-died",
                "SIGABRT",
            ),
            (11, "", "isolated-process-died", "SIGSEGV"),
            (9, "", "isolated-process-died", "SIGKILL"),
            (24, "", "deadline-exceeded", "SIGXCPU"),
            (31, "", "isolated-process-died", "SIGSYS"),
            (40, "", "isolated-process-died", "signal 40"),
            (3 << 8, "", "isolated-process-died", "status 3"),
            (0, "", "isolated-process-died", "without a result"),
        ] {
            let (found, text) = told(raw, words);
            assert_eq!(found, code, "{raw}: {text}");
            assert!(text.contains(part), "{raw}: {text}");
        }
    }
}
