//! A child as a process: started with nothing of ours, killed with all that it started, reaped.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::{ChildCommand, Limits};

/// How long the system may take to end a process that was killed. What is longer in dying is reaped
/// by the runtime.
const DYING: Duration = Duration::from_secs(2);

/// A child. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    /// Its process group, until it was reaped.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

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
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        {
            child.process_group(0).arg0("chat2svg");
            // Ours are closed anyway; this is for what this process was itself started with.
            close_fds::set_fds_cloexec_threadsafe(3, &[]);
        }
        let mut child = child.spawn()?;
        #[cfg(unix)]
        let group = child
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let process = Self {
            child,
            #[cfg(unix)]
            group,
        };
        match pipes {
            (Some(stdin), Some(stdout), Some(stderr)) => Ok((
                process,
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
        let status = self.child.wait().await?;
        #[cfg(unix)]
        {
            self.group = None;
        }
        Ok(status)
    }

    /// Kills and reaps it, unless it has ended.
    pub(crate) async fn end(mut self) {
        self.kill();
        // Nobody asks how it ended.
        let _ = tokio::time::timeout(DYING, self.ended()).await;
    }

    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group {
            // It may have ended just now; until it is reaped its number is nobody else's.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        let _ = self.child.start_kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
