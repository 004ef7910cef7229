//! What the API shows: the JSON resources, apart from the messages between the actors so that
//! either can change without the other.

mod job;
mod system;

pub(crate) use job::{JobList, JobResource, job_path};
pub use system::LineUpPlace;
pub(crate) use system::{AdmissionStatus, BlockedBackend, Limits, Readiness, SystemStatus};
