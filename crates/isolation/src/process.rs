//! A child as a process: started with nothing of ours, ended with all that it started.

use std::{
    io,
    process::{ExitStatus, Stdio},
};

use chat2svg_children::{ChildGroup, Groups};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};

use crate::{ChildCommand, Limits};

/// A child. It is killed when it is dropped.
pub(crate) struct Process(ChildGroup);

/// Its three pipes.
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

impl Process {
    /// Starts a child with an empty environment, in the root folder and in a process group of its
    /// own. It dies with the thread that calls this, where the system has a way to say so.
    pub(crate) fn start(command: &ChildCommand, limits: &Limits) -> io::Result<(Self, Pipes)> {
        let mut child = Command::new(&command.program);
        child
            .args(&command.arguments)
            .arg("--limits")
            .arg(limits.to_string())
            .arg("--parent")
            .arg(std::process::id().to_string())
            .env_clear()
            // An arena of the allocator for each thread would use up the address space unused.
            .env("MALLOC_ARENA_MAX", "2")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        {
            child.arg0("chat2svg");
            // Ours are closed anyway; this is for what this process was itself started with.
            close_fds::set_fds_cloexec_threadsafe(3, &[]);
        }
        // The system itself ends it with this program, so no list is kept.
        let mut child = ChildGroup::start(child, &Groups::default())?;
        let pipes = (child.input(), child.outputs());
        match pipes {
            (Some(stdin), (Some(stdout), Some(stderr))) => Ok((
                Self(child),
                Pipes {
                    stdin,
                    stdout,
                    stderr,
                },
            )),
            _ => Err(io::Error::other("the process has no pipes")),
        }
    }

    /// Waits for it to end by itself.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.0.ended().await
    }

    /// Kills and reaps it.
    pub(crate) async fn end(mut self) {
        self.0.end().await;
    }
}
