//! Where jobs are kept, and for how long.

use std::{path::PathBuf, time::Duration};

use chat2svg_protocol::InvalidSetting;
use serde::{Deserialize, Serialize};

use crate::database::{OwnerKeep, Retention};

/// The path that keeps everything in memory, as SQLite itself spells it.
const IN_MEMORY: &str = ":memory:";

/// Settings of the job store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// The SQLite file; ":memory:" keeps jobs only as long as the process lives. Empty until the
    /// program has found a place for it.
    pub path: PathBuf,
    /// Hours for which ended jobs and their results are kept.
    pub keep_finished_hours: u32,
    /// How many ended jobs are kept at most; the oldest go first.
    pub keep_finished_jobs: u32,
    /// How many ended jobs of one owner are kept at most; 0 for as many as of all.
    pub keep_finished_jobs_per_owner: u32,
    /// MiB that ended jobs of one owner and their results may take together; 0 for as many as all.
    pub keep_finished_mb_per_owner: u64,
    /// What is kept of certain owners' ended jobs, where that differs.
    pub owners: Vec<OwnerRetention>,
    /// MiB that ended jobs and their results may take together; the oldest go first.
    pub keep_finished_mb: u64,
    /// Seconds between the sweeps that enforce these.
    pub sweep_interval_seconds: u32,
    /// Milliseconds to wait for a file that another process holds, when opening it.
    pub busy_timeout_ms: u32,
}

/// What is kept of one owner's ended jobs. What is left out is as for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerRetention {
    /// Whose: the owner behind a key.
    pub name: String,
    /// Hours for which they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<u32>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u32>,
    /// MiB that they may take together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mb: Option<u64>,
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

    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        InvalidSetting::unless_within("keep_finished_mb", self.keep_finished_mb, 1..=1 << 30)
    }

    /// What is kept of ended jobs.
    pub fn retention(&self) -> Retention {
        Retention {
            age: Duration::from_secs(u64::from(self.keep_finished_hours) * 3600),
            jobs: self.keep_finished_jobs,
            jobs_per_owner: self.keep_finished_jobs_per_owner,
            bytes_per_owner: self.keep_finished_mb_per_owner.saturating_mul(1 << 20),
            owners: self
                .owners
                .iter()
                .map(|keep| {
                    let name = keep.name.clone();
                    let hours = keep.hours.map(u64::from);
                    let keep = OwnerKeep {
                        age: hours.map(|hours| Duration::from_secs(hours * 3600)),
                        jobs: keep.jobs,
                        bytes: keep.mb.map(|mb| mb.saturating_mul(1 << 20)),
                    };
                    (name, keep)
                })
                .collect(),
            bytes: self.keep_finished_mb.saturating_mul(1 << 20),
        }
    }

    /// Bytes of new results after which a sweep does not wait for its time.
    pub(crate) fn sweep_after_bytes(&self) -> u64 {
        self.keep_finished_mb.saturating_mul(1 << 20) / 8
    }

    /// How often these are enforced.
    pub fn sweep_interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.sweep_interval_seconds.max(1)))
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            keep_finished_hours: 7 * 24,
            keep_finished_jobs: 10_000,
            keep_finished_jobs_per_owner: 0,
            keep_finished_mb_per_owner: 0,
            owners: Vec::new(),
            keep_finished_mb: 1024,
            sweep_interval_seconds: 600,
            busy_timeout_ms: 5_000,
        }
    }
}
