//! What can go wrong between nodes.

use chat2svg_protocol::{JobId, messages::StoreError};
use thiserror::Error;

/// Why something could not be kept in the cluster, or read from it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ClusterError {
    /// NATS did not answer, or refused.
    #[error("{what} failed: {reason}: look at the NATS servers and at [cluster] url")]
    Unreachable {
        /// What was tried.
        what: &'static str,
        /// What the client says.
        reason: String,
    },
    /// Another node has the job, or it has ended.
    #[error("job {0} belongs to another node by now, or has ended: this write came too late")]
    Fenced(JobId),
    /// There is no such job.
    #[error("job {0} is unknown")]
    Unknown(JobId),
    /// What is kept cannot be read.
    #[error("what the cluster keeps of {what} cannot be read: {reason}")]
    Unreadable {
        /// What it is.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The servers have lost what a job ended with.
    #[error("NATS has lost the result of job {0}, which runs again: ask when it has ended")]
    ResultLost(JobId),
    /// Something cannot be written down.
    #[error("job {job} cannot be written down: {reason}")]
    Unstorable {
        /// The job.
        job: JobId,
        /// Why not.
        reason: String,
    },
    /// The configuration cannot be used.
    #[error("[cluster] {0}")]
    Config(String),
    /// Others changed the same job again and again.
    #[error("job {0} is being changed by too many at once: try again in a moment")]
    Contended(JobId),
}

impl ClusterError {
    /// An error of the client while something was tried.
    pub(crate) fn unreachable(what: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Unreachable {
            what,
            reason: error.to_string(),
        }
    }
}

impl From<ClusterError> for StoreError {
    fn from(error: ClusterError) -> Self {
        Self(error.to_string())
    }
}
