//! Jobs that come to a controller from elsewhere, and leave it again.

use actix::Message;

use super::Unfinished;
use crate::{Attachment, ClientKey, JobId};

/// cluster → controller: take on a job that is stored already and belongs to this node now.
/// Answers whether it was taken: a controller that is going down takes nothing.
#[derive(Clone, Debug, Message)]
#[rtype(result = "bool")]
pub struct TakeUp {
    /// The job as it stood.
    pub unfinished: Unfinished,
    /// The files that came with it.
    pub attachments: Vec<Attachment>,
    /// Who asked for it, for fairness.
    pub client: ClientKey,
}

/// cluster → controller: a job belongs to another node by now. Stop it and write nothing of it.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct LetGo {
    /// The job.
    pub job: JobId,
}

/// cluster → controller: let go of all jobs that have not begun, and say which they were.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Vec<JobId>")]
pub struct LetGoWaiting;
