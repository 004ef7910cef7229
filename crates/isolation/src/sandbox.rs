//! What a child gives up before it reads anything: memory, processor time, files, network, other
//! processes. Nothing of it can be taken back.
//!
//! Resource limits work on every Unix. The filter of system calls works on Linux, x86-64 and
//! AArch64; elsewhere [`enter`] says so in what it answers. The number of processes is not limited
//! by a resource limit, which counts all processes of the user: the filter forbids new ones, and
//! memory bounds threads.

use thiserror::Error;

use crate::Limits;

/// Why a process could not be limited. It must not go on.
#[derive(Debug, Error)]
#[error("this process could not be limited ({what}: {reason}), so it does not read its job")]
pub struct SandboxError {
    /// What was to be limited.
    what: &'static str,
    /// What the system said.
    reason: String,
}

/// Limits this process for good. Answers what this system has no means for. To be called by a
/// process with one thread, for it holds for threads that are started later.
///
/// # Errors
/// When a limit on memory, time or files is refused, or the parent has gone.
pub fn enter(limits: &Limits, parent: u32) -> Result<Vec<String>, SandboxError> {
    resources(limits)?;
    #[cfg(target_os = "linux")]
    {
        let mut missing = linux::tie_to(parent)?;
        missing.extend(linux::be_killed_first());
        missing.extend(linux::filter());
        Ok(missing)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = parent;
        Ok(vec![
            "network and new processes cannot be forbidden on this system".to_owned(),
        ])
    }
}

/// Has this process leave no core dump: it may hold what callers sent. It also keeps a crash short.
///
/// # Errors
/// When the system refuses.
pub fn no_core_dump() -> std::io::Result<()> {
    #[cfg(unix)]
    rustix::process::setrlimit(
        rustix::process::Resource::Core,
        rustix::process::Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    Ok(())
}

#[cfg(unix)]
fn resources(limits: &Limits) -> Result<(), SandboxError> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    for (what, resource, soft, hard) in [
        ("core dumps", Resource::Core, 0, 0),
        ("written files", Resource::Fsize, 0, 0),
        (
            "open files",
            Resource::Nofile,
            limits.open_files,
            limits.open_files,
        ),
        (
            "stack",
            Resource::Stack,
            limits.stack_bytes,
            limits.stack_bytes,
        ),
        // First a signal that says what happened.
        (
            "processor time",
            Resource::Cpu,
            limits.cpu_seconds,
            limits.cpu_seconds.saturating_add(1),
        ),
        (
            "memory",
            Resource::As,
            limits.memory_bytes,
            limits.memory_bytes,
        ),
    ] {
        // What is narrower already stays so.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let wanted = Rlimit {
            current: Some(soft.min(most)),
            maximum: Some(hard.min(most)),
        };
        setrlimit(resource, wanted).map_err(|error| SandboxError {
            what,
            reason: error.to_string(),
        })?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn resources(_: &Limits) -> Result<(), SandboxError> {
    Err(SandboxError {
        what: "memory",
        reason: "this system has no such limits".to_owned(),
    })
}

#[cfg(target_os = "linux")]
mod linux;
