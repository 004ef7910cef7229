//! Child processes with all that they start: in a group of their own, ended as one, and never left
//! behind.
//!
//! A child ends with its [`ChildGroup`], and all children of a list end with [`Groups::end_all`].
//! A program that is killed can do neither. A child that is to end with it all the same reads its
//! standard input, whose other end the program holds; and what was left by an earlier program is
//! told by a mark in its environment ([`end_marked`]).

#![forbid(unsafe_code)]

use std::{
    collections::HashSet,
    io,
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

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
pub struct ChildGroup {
    child: Child,
    /// The number of the group, until it was ended.
    leader: Option<u32>,
    groups: Groups,
    /// Closed when this is dropped, or when the program ends in whatever way.
    stdin: Option<ChildStdin>,
}

/// What a child says.
pub type Outputs = (Option<ChildStdout>, Option<ChildStderr>);

impl ChildGroup {
    /// Starts a command in a process group of its own, on the list `groups`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command, groups: &Groups) -> io::Result<Self> {
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        // Held until it is on the list: who ends all misses none.
        let mut state = groups.state();
        if state.is_closed {
            return Err(io::Error::other("the program is about to end"));
        }
        let mut child = command.spawn()?;
        let leader = child.id();
        state.leaders.extend(leader);
        drop(state);
        Ok(Self {
            // Who waits for the child would close it.
            stdin: child.stdin.take(),
            child,
            leader,
            groups: groups.clone(),
        })
    }

    /// Its standard input, where it was piped and not yet taken. Until then it stays open for as
    /// long as this lives.
    pub fn input(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// Its standard output and error, where they were piped and not yet taken.
    pub fn outputs(&mut self) -> Outputs {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits for the child to end by itself. What it started may still run.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills all that still runs and reaps the child.
    pub async fn end(&mut self) {
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

/// Ends the processes whose environment has a variable of this value, with all that they started
/// and that has it from them. Answers how many there were.
pub fn end_marked(variable: &str, value: &str) -> usize {
    let mark = format!("{variable}={value}");
    // Where processes cannot be listed, none can be told.
    let Ok(mut system) = System::new() else {
        return 0;
    };
    let what = ProcessRefreshKind::nothing().with_environ(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
    let is_marked = |process: &&sysinfo::Process| {
        let mut environment = process.environ().iter();
        environment.any(|variable| variable.as_os_str() == mark.as_str())
    };
    let marked = system.processes().values().filter(is_marked);
    marked.filter(|process| process.kill()).count()
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
        let stdout = group.outputs().0.unwrap();
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
        state.is_some_and(|state| !state.starts_with('Z'))
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
        let stdout = group.outputs().0.unwrap();
        let line = BufReader::new(stdout).lines().next_line().await.unwrap();
        let left: u32 = line.unwrap().parse().unwrap();
        assert!(group.ended().await.unwrap().success());
        assert!(is_running(left));
        group.end().await;
        gone(left).await;
    }

    #[actix_rt::test]
    async fn a_mark_tells_a_process_and_what_it_started() {
        const MARK: &str = "CHAT2SVG_CHILDREN_TEST";
        let groups = Groups::default();
        let value = format!("{}-{:?}", std::process::id(), std::time::Instant::now());
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 600 & echo $!; wait"])
            .env(MARK, &value)
            .stdout(Stdio::piped());
        let mut group = ChildGroup::start(command, &groups).unwrap();
        let stdout = group.outputs().0.unwrap();
        let line = BufReader::new(stdout).lines().next_line().await.unwrap();
        let grandchild = line.unwrap().parse().unwrap();
        assert_eq!(end_marked(MARK, "another"), 0);
        assert!(is_running(grandchild));
        assert_eq!(end_marked(MARK, &value), 2);
        gone(grandchild).await;
        group.ended().await.unwrap();
    }

    #[actix_rt::test]
    async fn standard_input_stays_open_until_the_group_is_left() {
        let groups = Groups::default();
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut group = ChildGroup::start(command, &groups).unwrap();
        let ended = tokio::time::timeout(Duration::from_millis(200), group.ended());
        assert!(ended.await.is_err(), "it reads on");
        drop(group.input());
        assert!(group.ended().await.unwrap().success());
    }
}
