//! The messages to and from the scheduler, but for its dispatches.

use std::time::Instant;

use actix::Message;

use crate::{
    BackendId, ClientKey, JobId, Priority, QueueSnapshot, ResourceLevel, Stage, StagePlan,
};

/// controller → scheduler: a job waits to be planned.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Enqueue {
    /// The job.
    pub job: JobId,
    /// When its answer is due.
    pub deadline: Instant,
    /// The level asked for; `None` is the highest that the deadline leaves time for.
    pub level: Option<ResourceLevel>,
    /// The stages that its kind calls for, as (template, detail, optimize).
    pub wanted: [bool; 3],
    /// Whether somebody waits for it.
    pub priority: Priority,
    /// Who asks.
    pub client: ClientKey,
    /// The input's size, in powers of two of 512 × 512 pixels.
    pub size: i8,
}

/// controller → scheduler: a stage of a job ended; its share of the machine is free.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct StageFinished {
    /// The job.
    pub job: JobId,
    /// The stage.
    pub stage: Stage,
    /// Who served it and in how many seconds, when somebody did.
    pub served: Option<(BackendId, f64)>,
    /// Share of the error that it took away, `0.0..=1.0`, where that is measured.
    pub gain: Option<f64>,
}

/// controller → scheduler: how much memory a job took that ran in a process of its own. Sent before
/// the job is withdrawn.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct MemoryTaken {
    /// The job.
    pub job: JobId,
    /// The last stage that ran: by then the process held what all stages had made.
    pub stage: Stage,
    /// Who served it.
    pub backend: BackendId,
    /// Its level.
    pub level: ResourceLevel,
    /// What the process held at the most, beyond what it held before it knew the job.
    pub bytes: u64,
}

/// controller → scheduler: a stage of a job has ended and others are left: what shall they be?
/// `None` leaves it at what was planned.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<StagePlan>")]
pub struct Replan {
    /// The job.
    pub job: JobId,
}

/// scheduler → optimize: what a running fit may spend from now on. May be lost.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct AdjustFit {
    /// The job.
    pub job: JobId,
    /// The level whose budget holds.
    pub level: ResourceLevel,
    /// Why.
    pub reason: &'static str,
}

/// controller → scheduler: a job is over (ended, cancelled or failed); forget it.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Withdraw {
    /// The job.
    pub job: JobId,
}

/// web → scheduler: how does the queue stand?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "QueueSnapshot")]
pub struct QueueQuery;
