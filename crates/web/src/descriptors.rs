//! File descriptors: what the connections need, and what the system lets the process have.

use thiserror::Error;
use tracing::warn;

/// Descriptors kept free for everything but connections: the store, pictures, logs, threads'
/// queues.
const RESERVE: u64 = 128;
/// Connections for each worker below which a service makes no sense.
const LEAST: u64 = 8;

/// The process may not have the descriptors that even a few connections need.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "the process may open {limit} files, too few for a service: raise the limit \
     (LimitNOFILE in a systemd unit, ulimits in a compose file, ulimit -n in a shell)"
)]
pub struct Shortage {
    limit: u64,
}

/// Raises the process's own limit as far as the connections need it and the system allows it.
/// Answers how many connections each worker may take, fewer than asked for when that is not enough.
///
/// # Errors
/// When hardly any connection is possible.
pub(crate) fn provide(workers: usize, connections: usize) -> Result<usize, Shortage> {
    let needed = needed(workers, connections);
    let limit = raise_limit(needed);
    let possible = possible(limit, workers, connections)?;
    if possible < connections {
        warn!(
            "server.max_connections is lowered from {connections} to {possible} for each worker: {needed} file \
             descriptors are needed and {limit} allowed (raise LimitNOFILE or ulimit -n)"
        );
    }
    Ok(possible)
}

fn needed(workers: usize, connections: usize) -> u64 {
    (workers as u64)
        .saturating_mul(connections as u64)
        .saturating_add(RESERVE)
}

/// Connections for each worker within a limit on descriptors.
fn possible(limit: u64, workers: usize, connections: usize) -> Result<usize, Shortage> {
    let each = limit.saturating_sub(RESERVE) / (workers as u64).max(1);
    let asked = connections as u64;
    if each < LEAST.min(asked) {
        return Err(Shortage { limit });
    }
    Ok(usize::try_from(each.min(asked)).unwrap_or(connections))
}

/// The soft limit, after raising it to what is needed or as far as the hard one allows.
#[cfg(unix)]
fn raise_limit(needed: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No limit at all is written as none.
    let Some(soft) = current else { return u64::MAX };
    let wanted = maximum.map_or(needed, |hard| needed.min(hard));
    if soft >= wanted {
        return soft;
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(error) => {
            warn!(%error, "the limit on open files cannot be raised");
            soft
        }
    }
}

/// Other systems set no such limit.
#[cfg(not(unix))]
fn raise_limit(_: u64) -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_connections_are_taken_as_descriptors_allow() {
        assert_eq!(possible(u64::MAX, 2, 512), Ok(512));
        assert_eq!(possible(2 * 512 + RESERVE, 2, 512), Ok(512));
        assert_eq!(possible(256, 2, 512), Ok(64));
        assert_eq!(possible(RESERVE + 3, 1, 3), Ok(3));
        assert_eq!(possible(128, 2, 512), Err(Shortage { limit: 128 }));
        assert_eq!(possible(20, 1, 1), Err(Shortage { limit: 20 }));
    }

    #[test]
    fn absurd_settings_need_absurdly_many() {
        assert_eq!(needed(usize::MAX, usize::MAX), u64::MAX);
    }
}
