//! Where jobs are kept, and for how long.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// The path that keeps everything in memory, as SQLite itself spells it.
const IN_MEMORY: &str = ":memory:";

/// Settings of the job store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// The SQLite file; ":memory:" keeps jobs only as long as the process lives.
    pub path: PathBuf,
    /// Hours for which ended jobs and their results are kept.
    pub keep_finished_hours: u32,
    /// How many ended jobs are kept at most; the oldest go first.
    pub keep_finished_jobs: u32,
    /// Seconds between the sweeps that enforce both.
    pub sweep_interval_seconds: u32,
    /// Milliseconds to wait for a file that another process holds, when opening it.
    pub busy_timeout_ms: u32,
}

impl StoreConfig {
    /// A store that lives as long as the process, for one-shot commands.
    pub fn in_memory() -> Self {
        Self {
            path: PathBuf::from(IN_MEMORY),
            ..Self::default()
        }
    }

    /// Whether nothing is written to disk.
    pub fn is_in_memory(&self) -> bool {
        self.path.as_os_str() == IN_MEMORY
    }

    pub(crate) fn keep_finished(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_finished_hours) * 3600)
    }

    pub(crate) fn sweep_interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.sweep_interval_seconds.max(1)))
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::from("chat2svg.db"),
            keep_finished_hours: 7 * 24,
            keep_finished_jobs: 10_000,
            sweep_interval_seconds: 600,
            busy_timeout_ms: 5_000,
        }
    }
}
