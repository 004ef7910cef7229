//! The first step of a run with files: it is noted that the job is worked on, its files are
//! fetched, its share of the memory is waited for, and the files are read.
//!
//! Until then a job holds its files as the bytes that came, and large ones not at all: the store
//! has them.

use std::time::Duration;

use actix::prelude::*;
use chat2svg_protocol::{
    Attachment, JobId,
    messages::{GetAttachments, MarkRunning},
    stop_of,
};
use chat2svg_supervision::ComputePool;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{ControllerActor, ControllerLines, Happening, tell};
use crate::{
    InputFault, InputLimits, MemoryBudget, ParsedInputs,
    inputs::{InputError, parse_inputs},
    memory::weight_mib,
};

/// Bytes of files that a waiting job keeps in memory; more is fetched from the store when it runs.
const HELD_BYTES: usize = 128 << 10;

/// The files of a job that waits.
#[derive(Debug)]
pub(super) enum Files {
    /// Small enough to be held.
    Held(Vec<Attachment>),
    /// The store has them.
    Stored,
}

impl Files {
    pub(super) fn of(attachments: Vec<Attachment>) -> Self {
        let bytes: usize = attachments
            .iter()
            .map(|attachment| attachment.bytes.len())
            .sum();
        if bytes <= HELD_BYTES {
            Self::Held(attachments)
        } else {
            Self::Stored
        }
    }
}

/// What a job's files became, and its share of the memory.
pub(super) type Prepared = Result<(ParsedInputs, Option<OwnedSemaphorePermit>), InputFault>;

impl ControllerActor {
    pub(super) fn fetching(&self, job: JobId, files: Files) -> Fetching {
        Fetching {
            job,
            files,
            lines: self.lines.clone(),
            patience: self.ask_timeout(),
        }
    }

    pub(super) fn prepare(&mut self, id: JobId, context: &mut Context<Self>) {
        let Some(job) = self.live.get_mut(&id) else {
            return;
        };
        let cancel = CancellationToken::new();
        job.stage = Some(cancel.clone().drop_guard());
        job.run += 1;
        let run = job.run;
        let files = std::mem::replace(&mut job.files, Files::Stored);
        let preparation = Preparation {
            fetching: self.fetching(id, files),
            memory: self.capacity.memory.clone(),
            intake: self.capacity.intake.clone(),
            limits: self.capacity.limits.clone().with_bytes(usize::MAX),
        };
        let controller = context.address();
        actix::spawn(async move {
            let result = tokio::select! {
                biased;
                result = preparation.run(&cancel) => result,
                // The job has moved on.
                () = cancel.cancelled() => return,
            };
            tell(&controller, id, Happening::Prepared { run, result });
        });
    }
}

/// What a job needs before it is worked on.
pub(super) struct Fetching {
    job: JobId,
    files: Files,
    lines: ControllerLines,
    patience: Duration,
}

impl Fetching {
    /// Notes that the job is worked on, and gets its files.
    ///
    /// # Errors
    /// When the store does not give them.
    pub(super) async fn run(self) -> Result<Vec<Attachment>, InputFault> {
        // Should reading end the process, the next one knows by whose files.
        let mark = MarkRunning { job: self.job };
        let marked = self.lines.mark_running.ask(mark, self.patience).await;
        if let Ok(Err(error)) = marked {
            warn!(job = %self.job, %error, "it is not stored that the job runs");
        }
        match self.files {
            Files::Held(attachments) => Ok(attachments),
            Files::Stored => {
                let message = GetAttachments { job: self.job };
                match self.lines.get_attachments.ask(message, self.patience).await {
                    Ok(Ok(attachments)) => Ok(attachments),
                    Ok(Err(error)) => Err(ours(error)),
                    Err(error) => Err(ours(error)),
                }
            }
        }
    }
}

struct Preparation {
    fetching: Fetching,
    memory: MemoryBudget,
    intake: ComputePool,
    limits: InputLimits,
}

impl Preparation {
    async fn run(self, cancel: &CancellationToken) -> Prepared {
        let job = self.fetching.job;
        let attachments = self.fetching.run().await?;
        let weight = weight_mib(&attachments);
        let share = self.memory.share(weight).await;
        debug!(%job, weight_mib = weight, "reading the job's files");
        let limits = self.limits;
        let stop = stop_of(cancel);
        let work = move || parse_inputs(&attachments, &limits, &stop);
        match self.intake.run(cancel, work).await {
            Ok(Ok(inputs)) => Ok((inputs, share)),
            Ok(Err(error)) if error.is_stop() => Err(ours(error)),
            Ok(Err(error)) => Err(theirs(&error)),
            Err(error) => Err(ours(error)),
        }
    }
}

/// A fault of one of the files.
fn theirs(error: &InputError) -> InputFault {
    InputFault {
        input: Some(error.role()),
        reason: error.reason(),
    }
}

/// A fault of ours.
fn ours(reason: impl std::fmt::Display) -> InputFault {
    InputFault {
        input: None,
        reason: format!("the job's files could not be read: {reason}"),
    }
}
