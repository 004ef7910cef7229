//! Where the cluster is, and what this node does in it.

use std::{path::PathBuf, time::Duration};

use chat2svg_protocol::{InvalidSetting, NodeRole};
use serde::{Deserialize, Serialize};

/// Jobs that a worker takes for each of its threads, unless told. In virtual time, two are too few
/// for its plan to look ahead, and of 64 a worker that dies keeps many waiting.
const JOBS_PER_THREAD: usize = 16;

/// Settings of a cluster. Without an address there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterConfig {
    /// Addresses of NATS servers, separated by commas; empty for one process without a cluster.
    pub url: String,
    /// A credentials file of NATS (`.creds`); empty for none.
    pub credentials: PathBuf,
    /// An environment variable with `name:password` or a token; empty for none.
    pub login_env: String,
    /// A file with the same, which goes before the variable; empty for none.
    pub login_file: PathBuf,
    /// Whether connections must be encrypted.
    pub tls: bool,
    /// A file with the certificates of the authority that signed the servers'; empty for the
    /// system's.
    pub tls_ca: PathBuf,
    /// What this node does.
    pub role: NodeRole,
    /// What this node is called; empty for the machine's name and the process's number.
    pub node: String,
    /// Servers that keep each message: 1, or an odd number up to 5.
    pub replicas: usize,
    /// Seconds after which a worker that says nothing loses its jobs to another.
    pub lease_seconds: u32,
    /// Jobs that a worker has at once, waiting and running; 0 for `JOBS_PER_THREAD` for each of
    /// its threads.
    pub jobs_per_worker: u32,
    /// Seconds that the cluster may take to answer at the start.
    pub connect_seconds: u32,
}

impl ClusterConfig {
    /// Whether there is a cluster.
    pub fn is_on(&self) -> bool {
        !self.url.trim().is_empty()
    }

    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        InvalidSetting::unless_within("lease_seconds", self.lease_seconds, 2..=600)?;
        InvalidSetting::unless_within("jobs_per_worker", self.jobs_per_worker, 0..=10_000)?;
        InvalidSetting::unless_within("connect_seconds", self.connect_seconds, 1..=600)?;
        if self.url.contains('@') {
            return Err(InvalidSetting {
                key: "url",
                reason: "must not hold a user or password; put them into login_file, or into the \
                         variable that login_env names"
                    .to_owned(),
            });
        }
        if ![1, 3, 5].contains(&self.replicas) {
            return Err(InvalidSetting {
                key: "replicas",
                reason: format!("must be 1, 3 or 5, {} was given", self.replicas),
            });
        }
        Ok(())
    }

    pub(crate) fn lease(&self) -> Duration {
        Duration::from_secs(u64::from(self.lease_seconds))
    }

    pub(crate) fn connect_patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.connect_seconds))
    }

    /// Jobs at once, for a worker with so many threads.
    pub fn room(&self, threads: usize) -> usize {
        match self.jobs_per_worker {
            0 => threads.max(1) * JOBS_PER_THREAD,
            jobs => usize::try_from(jobs).unwrap_or(usize::MAX),
        }
    }
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            credentials: PathBuf::new(),
            login_env: String::new(),
            login_file: PathBuf::new(),
            tls: false,
            tls_ca: PathBuf::new(),
            role: NodeRole::All,
            node: String::new(),
            replicas: 1,
            lease_seconds: 10,
            jobs_per_worker: 0,
            connect_seconds: 30,
        }
    }
}
