//! A job as the cluster keeps it, and every change that may be made of it. Pure: no clock, no NATS.
//!
//! A change says who makes it. A worker's change carries the token of its claim; it is refused once
//! another worker has taken the job, and once the job has ended.

use std::sync::Arc;

use chat2svg_protocol::{AttachmentRole, ClientKey, JobId, JobState, JobView, Placement, Stage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::turns::Caller;

/// A worker's hold on a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What the worker's node is called.
    pub node: String,
    /// Tells this claim from every other, also of the same node.
    pub token: Uuid,
}

/// A file in the stream of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlobRef {
    /// Its name within the job.
    pub(crate) name: String,
    /// In how many pieces.
    pub(crate) pieces: u32,
    /// Its size.
    pub(crate) bytes: u64,
}

/// What a job ended with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum KeptResult {
    /// Kept with the job, so that the servers keep or lose both.
    Here(Arc<str>),
    /// Too large for that.
    File(BlobRef),
}

/// A file that came with a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptAttachment {
    pub(crate) role: AttachmentRole,
    pub(crate) file: BlobRef,
}

/// What a stage gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptCheckpoint {
    pub(crate) stage: Stage,
    pub(crate) svg: BlobRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<BlobRef>,
    /// Absent where an earlier release kept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) placement: Option<Placement>,
}

/// A call that may cost money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptCall {
    pub(crate) number: i64,
    /// The claim under which it was begun.
    pub(crate) token: Uuid,
    pub(crate) provider: String,
    pub(crate) what: String,
    pub(crate) begun_at: Timestamp,
    pub(crate) outcome: CallOutcome,
    /// What it cost, or may cost at most while that is not known.
    pub(crate) cost: f64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CallOutcome {
    /// Not known yet, or never.
    Sent,
    Answered,
    Failed,
}

/// An end that is still to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Telling {
    /// When it is tried next.
    pub(crate) due_at: Timestamp,
    /// How often it was tried.
    pub(crate) attempts: u32,
}

/// A job as the cluster keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobEntry {
    pub(crate) view: JobView,
    /// How often a worker was lost while the job was being worked on.
    #[serde(default)]
    pub(crate) attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claim: Option<Claim>,
    /// Somebody wants it to stop, and a worker has it.
    #[serde(default)]
    pub(crate) is_cancelled: bool,
    /// Who asked, for fairness.
    #[serde(default)]
    pub(crate) client: u64,
    /// Whether it was not put in line when it was made, since its caller had enough jobs there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_deferred: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<KeptAttachment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checkpoint: Option<KeptCheckpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<KeptResult>,
    /// It ended, and has everything that it needs to run again, until the servers must have
    /// written its end to their disks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_settling: bool,
    /// The key in the bucket of idempotency keys that leads here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) calls: Vec<KeptCall>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) telling: Option<Telling>,
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// The job has ended. The first end counts.
    #[error("the job has ended")]
    Ended,
    /// Another worker has the job, or none.
    #[error("the job is not this worker's")]
    NotHeld,
}

/// What became of a wish to stop a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopping {
    /// Nobody had it: it has ended now.
    Ended,
    /// Its worker has to be told.
    Asked,
    /// It had ended.
    AlreadyFinal,
}

impl JobEntry {
    /// A job that waits.
    pub(crate) fn new(
        view: JobView,
        client: u64,
        attachments: Vec<KeptAttachment>,
        key: Option<String>,
    ) -> Self {
        Self {
            view,
            attempts: 0,
            claim: None,
            is_cancelled: false,
            client,
            is_deferred: false,
            attachments,
            checkpoint: None,
            result: None,
            is_settling: false,
            key,
            calls: Vec::new(),
            telling: None,
        }
    }

    pub(crate) fn id(&self) -> JobId {
        self.view.id
    }

    pub(crate) fn is_final(&self) -> bool {
        self.view.state.is_final()
    }

    /// Whether nobody works on it yet.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.is_final() && self.claim.is_none()
    }

    /// Whose jobs it waits behind.
    pub(crate) fn caller(&self) -> Caller {
        (self.view.spec.options.priority, ClientKey(self.client))
    }

    /// A worker takes the job, from nobody or from one that was lost. One that was lost while it
    /// worked on the job counts as an attempt.
    pub(crate) fn take(&mut self, claim: Claim) -> Result<(), Refused> {
        if self.is_final() {
            return Err(Refused::Ended);
        }
        self.attempts += u32::from(self.view.state == JobState::Running);
        self.view.state = JobState::Queued;
        self.view.stage = None;
        self.claim = Some(claim);
        Ok(())
    }

    /// Whether the holder of a token may change the job.
    pub(crate) fn check(&self, token: Uuid) -> Result<(), Refused> {
        if self.is_final() {
            return Err(Refused::Ended);
        }
        match &self.claim {
            Some(claim) if claim.token == token => Ok(()),
            _ => Err(Refused::NotHeld),
        }
    }

    /// The worker says how the job stands.
    pub(crate) fn update(&mut self, token: Uuid, view: JobView) -> Result<(), Refused> {
        self.check(token)?;
        self.replace_view(view);
        Ok(())
    }

    /// The worker is about to work on it.
    pub(crate) fn mark_running(&mut self, token: Uuid) -> Result<(), Refused> {
        self.check(token)?;
        self.view.state = JobState::Running;
        Ok(())
    }

    /// The worker keeps what a stage gave.
    pub(crate) fn keep(&mut self, token: Uuid, kept: KeptCheckpoint) -> Result<(), Refused> {
        self.check(token)?;
        self.checkpoint = Some(kept);
        Ok(())
    }

    /// The worker is about to send a call.
    pub(crate) fn begin_call(&mut self, call: KeptCall) -> Result<(), Refused> {
        self.check(call.token)?;
        self.calls.push(call);
        Ok(())
    }

    /// A call came to its end, whoever has the job by now. The first end counts.
    pub(crate) fn settle_call(&mut self, number: i64, outcome: CallOutcome, cost: f64) {
        let sent =
            |call: &&mut KeptCall| call.number == number && call.outcome == CallOutcome::Sent;
        if let Some(call) = self.calls.iter_mut().find(sent) {
            call.outcome = outcome;
            call.cost = cost;
        }
    }

    /// Calls of workers that were lost, whose outcome nobody knows.
    pub(crate) fn lost_calls(&self) -> u32 {
        let token = self.claim.as_ref().map(|claim| claim.token);
        let lost =
            |call: &&KeptCall| call.outcome == CallOutcome::Sent && Some(call.token) != token;
        u32::try_from(self.calls.iter().filter(lost).count()).unwrap_or(u32::MAX)
    }

    /// The worker ends the job.
    pub(crate) fn finish(
        &mut self,
        token: Uuid,
        view: JobView,
        result: Option<KeptResult>,
    ) -> Result<(), Refused> {
        self.check(token)?;
        self.replace_view(view);
        self.result = result;
        self.end();
        Ok(())
    }

    /// The servers must have written the end by now; answers whether files are to be removed.
    pub(crate) fn settle(&mut self) -> bool {
        let is_due = std::mem::take(&mut self.is_settling);
        if is_due {
            self.attachments.clear();
        }
        is_due
    }

    /// The servers have lost the result: the job waits again, if it has what it needs for that.
    pub(crate) fn run_again(&mut self) -> bool {
        if !self.is_settling || !matches!(self.result, Some(KeptResult::File(_))) {
            return false;
        }
        self.is_settling = false;
        self.attempts += 1;
        self.result = None;
        self.is_cancelled = false;
        self.is_deferred = false;
        self.telling = None;
        self.view.state = JobState::Queued;
        self.view.stage = None;
        self.view.progress = 0.0;
        self.view.metadata = None;
        self.view.failure = None;
        true
    }

    /// The worker gives the job back, to be taken by another.
    pub(crate) fn hand_back(&mut self, token: Uuid) -> Result<(), Refused> {
        self.check(token)?;
        self.view.state = JobState::Queued;
        self.view.stage = None;
        self.claim = None;
        Ok(())
    }

    /// Somebody wants the job to stop.
    pub(crate) fn cancel(&mut self, now: Timestamp) -> Stopping {
        if self.is_final() {
            return Stopping::AlreadyFinal;
        }
        if self.claim.is_some() {
            self.is_cancelled = true;
            return Stopping::Asked;
        }
        self.view.state = JobState::Cancelled;
        self.view.stage = None;
        self.view.updated_at = now;
        self.end();
        Stopping::Ended
    }

    /// Takes over what a view says, but for what never changes.
    fn replace_view(&mut self, view: JobView) {
        self.view.state = view.state;
        self.view.stage = view.stage;
        self.view.progress = view.progress;
        self.view.updated_at = view.updated_at;
        self.view.metadata = view.metadata;
        self.view.failure = view.failure;
    }

    /// Drops what only a job that has not ended needs. Files that came with it stay for a while:
    /// the servers may lose the end, and the job runs again then.
    fn end(&mut self) {
        if !self.is_final() {
            return;
        }
        self.claim = None;
        self.checkpoint = None;
        let has_file = matches!(self.result, Some(KeptResult::File(_)));
        self.is_settling = has_file || !self.attachments.is_empty();
        self.telling = self.view.spec.options.webhook.as_ref().map(|_| Telling {
            due_at: self.view.updated_at,
            attempts: 0,
        });
    }
}

#[cfg(test)]
pub(crate) mod tests;
