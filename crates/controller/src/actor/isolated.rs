//! Running a job in a process of its own: one that was worked on when the service went down, or,
//! when so configured, any with files. The death of that process fails the job and nothing else.

use std::time::Duration;

use actix::prelude::*;
use chat2svg_isolation::{IsolatedJob, IsolatedResult, Runner};
use chat2svg_protocol::{
    FailureCode, JobEventKind, JobFailure, JobId, JobSpec, messages::MemoryTaken,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{
    ControllerActor, Happening,
    prepare::{Fetching, Files},
    tell,
};
use crate::{Event, IsolatedEnd};

impl ControllerActor {
    pub(super) fn run_isolated(&mut self, id: JobId, until: Duration, context: &mut Context<Self>) {
        let Some(runner) = self.capacity.isolation.runner.clone() else {
            return;
        };
        let Some(job) = self.live.get_mut(&id) else {
            return;
        };
        let cancel = CancellationToken::new();
        job.stage = Some(cancel.clone().drop_guard());
        job.run += 1;
        let (run, deadline) = (job.run, job.submitted + until);
        let spec = job.machine.spec().clone();
        let files = std::mem::replace(&mut job.files, Files::Stored);
        let fetching = self.fetching(id, files);
        let controller = context.address();
        actix::spawn(async move {
            let tell_event = |event| tell(&controller, id, Happening::IsolatedEvent { run, event });
            let run_it = in_process(runner, fetching, id, spec, deadline, &cancel, tell_event);
            let result = tokio::select! {
                biased;
                result = run_it => result,
                // The job has moved on.
                () = cancel.cancelled() => return,
            };
            let result = Box::new(result);
            tell(&controller, id, Happening::IsolatedEnded { run, result });
        });
    }

    pub(super) fn isolated_ended(
        &mut self,
        id: JobId,
        run: u64,
        result: Result<IsolatedResult, JobFailure>,
        context: &mut Context<Self>,
    ) {
        let Some(job) = self.live.get_mut(&id).filter(|job| job.run == run) else {
            return;
        };
        job.stage = None;
        info!(job = %id, lost = result.is_err(), "isolated process ends");
        if let Ok(result) = &result
            && let Some(taken) = memory_taken(result)
        {
            self.lines.memory_taken.tell(taken);
        }
        let result = result.map(|IsolatedResult { view, svg, .. }| {
            job.isolated_svg = svg;
            IsolatedEnd {
                state: view.state,
                metadata: view.metadata,
                failure: view.failure,
            }
        });
        self.feed(id, Event::IsolatedEnded(Box::new(result)), context);
    }
}

/// What the scheduler learns from a job's process; nothing where it could not tell, or no stage
/// ran.
fn memory_taken(result: &IsolatedResult) -> Option<MemoryTaken> {
    let mut stages = result.view.metadata.as_ref()?.stages.iter().rev();
    let last = stages.find(|report| report.backend.is_some())?;
    Some(MemoryTaken {
        job: result.view.id,
        stage: last.stage,
        backend: last.backend.clone()?,
        level: last.level,
        bytes: result.memory_taken?,
    })
}

async fn in_process(
    runner: Runner,
    fetching: Fetching,
    id: JobId,
    spec: JobSpec,
    deadline: Instant,
    cancel: &CancellationToken,
    tell_event: impl Fn(JobEventKind),
) -> Result<IsolatedResult, JobFailure> {
    let attachments = fetching
        .run()
        .await
        .map_err(|fault| JobFailure::new(FailureCode::StageFailed, fault.reason))?;
    let job = IsolatedJob {
        id,
        spec,
        attachments,
    };
    let tell_event = |event| {
        // What was planned is told by this process.
        if !matches!(event, JobEventKind::Started { .. }) {
            tell_event(event);
        }
    };
    let ended = runner
        .run(&job, deadline.into_std(), cancel, tell_event)
        .await;
    ended.map_err(|error| JobFailure::new(error.code(), error.to_string()))
}
