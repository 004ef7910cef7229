//! Child processes with all that they start: in a group of their own, ended as one, and never left
//! behind.

use std::{
    collections::HashSet,
    io,
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// How long the system may take to end a process that was killed. What is longer in dying is reaped
/// by the runtime.
const DYING: Duration = Duration::from_secs(2);

/// The groups that run, for whoever ends the program. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Groups(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    leaders: HashSet<u32>,
    is_closed: bool,
}

impl Groups {
    /// Ends all of them at once; none is started from now on.
    pub fn end_all(&self) {
        let mut state = self.state();
        state.is_closed = true;
        for leader in state.leaders.drain() {
            kill(leader);
        }
    }

    /// How many run.
    pub fn count(&self) -> usize {
        self.state().leaders.len()
    }

    /// Also after a panic: no entry is ever half written.
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A child and all that it starts. They are killed when this is dropped.
#[derive(Debug)]
pub(super) struct ChildGroup {
    child: Child,
    /// The number of the group, until it was ended.
    leader: Option<u32>,
    groups: Groups,
}

impl ChildGroup {
    /// Starts a command in a process group of its own, on the list `groups`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(mut command: Command, groups: &Groups) -> io::Result<Self> {
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        // Held until it is on the list: who ends all misses none.
        let mut state = groups.state();
        if state.is_closed {
            return Err(io::Error::other("the program is about to end"));
        }
        let child = command.spawn()?;
        let leader = child.id();
        state.leaders.extend(leader);
        drop(state);
        Ok(Self {
            child,
            leader,
            groups: groups.clone(),
        })
    }

    /// Its standard output and error, where they were piped and not yet taken.
    pub(super) fn pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits for the child to end by itself. What it started may still run.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills all that still runs and reaps the child.
    pub(super) async fn end(&mut self) {
        self.kill();
        // Nobody asks how it ended.
        let _ = tokio::time::timeout(DYING, self.child.wait()).await;
    }

    fn kill(&mut self) {
        if let Some(leader) = self.leader.take() {
            self.groups.state().leaders.remove(&leader);
            kill(leader);
        }
    }
}

impl Drop for ChildGroup {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Kills a group. A group lives as long as one process of it, which keeps its number from others.
#[cfg(unix)]
fn kill(leader: u32) {
    let leader = i32::try_from(leader)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(leader) = leader {
        // It may have ended just now.
        let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    }
}

/// Elsewhere the runtime ends the child alone.
#[cfg(not(unix))]
fn kill(_: u32) {}

/// Whether a process of this number lives.
pub(super) fn is_alive(process: u32) -> bool {
    #[cfg(unix)]
    {
        let process = i32::try_from(process)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        // One that belongs to somebody else lives, too.
        process.is_some_and(|process| {
            rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH)
        })
    }
    #[cfg(not(unix))]
    {
        let _ = process;
        true
    }
}

#[cfg(all(test, unix))]
#[allow(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as the test may"
)]
mod tests {
    use std::process::Stdio;

    use tokio::io::{AsyncBufReadExt as _, BufReader};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A shell that starts a child, tells its number, and waits.
    async fn family(groups: &Groups) -> (ChildGroup, u32) {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 600 & echo $!; wait"])
            .stdout(Stdio::piped());
        let mut group = ChildGroup::start(command, groups).unwrap();
        let stdout = group.pipes().0.unwrap();
        let line = BufReader::new(stdout).lines().next_line().await.unwrap();
        (group, line.unwrap().parse().unwrap())
    }

    async fn gone(process: u32) {
        let is_gone = async {
            while is_running(process) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, is_gone).await.unwrap();
    }

    /// Whether it lives and is no zombie, which only waits for its parent.
    fn is_running(process: u32) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{process}/stat")).ok();
        let state = state.and_then(|text| text.rsplit(") ").next().map(str::to_owned));
        state.is_some_and(|state| !state.starts_with('Z')) && is_alive(process)
    }

    #[actix_rt::test]
    async fn what_a_child_started_ends_with_it_however_it_is_left() {
        let groups = Groups::default();
        let (mut group, grandchild) = family(&groups).await;
        assert!(is_running(grandchild) && groups.count() == 1);
        group.end().await;
        gone(grandchild).await;
        assert_eq!(groups.count(), 0);

        let (group, grandchild) = family(&groups).await;
        drop(group);
        gone(grandchild).await;

        let (_group, grandchild) = family(&groups).await;
        groups.end_all();
        gone(grandchild).await;
        assert_eq!(groups.count(), 0);
        let late = ChildGroup::start(Command::new("true"), &groups);
        assert!(late.is_err(), "none is started any more");
    }

    #[actix_rt::test]
    async fn a_child_that_leaves_others_behind_can_be_ended_after_its_own_end() {
        let groups = Groups::default();
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 600 >/dev/null & echo $!"])
            .stdout(Stdio::piped());
        let mut group = ChildGroup::start(command, &groups).unwrap();
        let stdout = group.pipes().0.unwrap();
        let line = BufReader::new(stdout).lines().next_line().await.unwrap();
        let left: u32 = line.unwrap().parse().unwrap();
        assert!(group.ended().await.unwrap().success());
        assert!(is_running(left));
        group.end().await;
        gone(left).await;
    }
}
