//! What subscribers of a job are told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Attempt, BackendId, CircuitChange, JobId, JobState, ResourceLevel, Stage, StageStatus,
};

/// Something that happened to a job. Numbers rise by one from 1, so a subscriber can go on where it
/// was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobEvent {
    /// The job.
    pub job: JobId,
    /// Its number within the job.
    pub sequence: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: JobEventKind,
}

/// What happened to a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum JobEventKind {
    /// It was accepted and stored.
    Queued,
    /// It left the queue.
    Started {
        /// The stages planned.
        stages: Vec<Stage>,
    },
    /// A stage began.
    StageStarted {
        /// The stage.
        stage: Stage,
        /// Its level.
        level: ResourceLevel,
    },
    /// A stage ended.
    StageEnded {
        /// The stage.
        stage: Stage,
        /// How.
        status: StageStatus,
        /// Who served it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backend: Option<BackendId>,
        /// The backends that had a turn, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attempts: Vec<Attempt>,
    },
    /// It does not go through its stages: the circuit of the pipeline as a whole is open. A
    /// composition serves in their place where one can be made.
    TurnedAway {
        /// Why, and until when.
        reason: String,
    },
    /// A circuit on the job's way changed its state.
    CircuitChanged {
        /// The stage whose backend it stands in front of; absent for that of the pipeline as a
        /// whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<Stage>,
        /// The backend; absent likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backend: Option<BackendId>,
        /// What changed.
        change: CircuitChange,
    },
    /// There is a picture to show.
    Preview {
        /// The stage it comes from.
        stage: Stage,
        /// The picture.
        svg: Arc<str>,
    },
    /// Work went on.
    Progress {
        /// The running stage.
        stage: Stage,
        /// Share of the stage done, `0.0..=1.0`.
        fraction: f32,
    },
    /// It is over; no event follows.
    Done {
        /// How it ended.
        state: JobState,
    },
}
