//! How a job comes to its end: what is served when, and why it failed when nothing can be.

use std::{sync::Arc, time::Duration};

use chat2svg_protocol::{
    FailureCode, JobEventKind, JobFailure, JobState, PipelineOpen, Stage, StageStatus,
    messages::StageError,
};
use chat2svg_vector::Document;

use super::{Command, IsolatedEnd, Machine, Phase, StageOutput};

impl Machine {
    pub(super) fn composed(
        &mut self,
        result: Result<Arc<Document>, String>,
        now: Duration,
        out: &mut Vec<Command>,
    ) {
        match result {
            Ok(document) => {
                self.first_document.get_or_insert(now);
                self.best = Some(document);
                self.composed = true;
                let failed = self.failure.as_ref().map(|failure| failure.code);
                self.missed = self.missed.or(failed);
                self.finish(JobState::Degraded, out);
            }
            Err(message) => {
                self.failure.get_or_insert_with(|| {
                    JobFailure::new(
                        FailureCode::CompositionFailed,
                        format!("no picture could be composed: {message}"),
                    )
                });
                self.finish(JobState::Failed, out);
            }
        }
    }

    /// The circuit of the pipeline as a whole is open: no stage runs. What can be had without them
    /// is served.
    pub(super) fn turned_away(
        &mut self,
        open: PipelineOpen,
        now: Duration,
        out: &mut Vec<Command>,
    ) {
        let reason = open.to_string();
        out.push(Command::Announce(JobEventKind::TurnedAway {
            reason: reason.clone(),
        }));
        for stage in self.wanted() {
            self.report(stage, StageStatus::Skipped, Some(reason.clone()));
        }
        if !self.is_generation() && self.best.is_none() {
            let wait = open.retry_after.map(|wait| wait.as_secs_f64().ceil());
            self.failure = Some(JobFailure {
                // A wait is a day at the most.
                retry_after_seconds: wait.map(|seconds| seconds as u32),
                ..JobFailure::new(FailureCode::CircuitOpen, reason)
            });
        }
        self.settle(now, out);
    }

    /// The process that ran the job came to an end, or was lost.
    pub(super) fn isolated_ended(
        &mut self,
        result: Result<IsolatedEnd, JobFailure>,
        out: &mut Vec<Command>,
    ) {
        match result {
            Ok(end) => {
                self.failure = end.failure;
                self.from_process = end.metadata;
                self.finish(end.state, out);
            }
            Err(failure) => {
                self.failure = Some(failure);
                self.finish(JobState::Failed, out);
            }
        }
    }

    /// A template came after it was given up, and before the composition made in its place.
    pub(super) fn take_late(
        &mut self,
        output: &StageOutput,
        now: Duration,
        out: &mut Vec<Command>,
    ) {
        if let StageOutput::Template(output) = output {
            self.style = Some(output.style);
        }
        self.serve_late(Arc::clone(output.document()), now, out);
    }

    /// Ends the job with a document of stage 1 that came late.
    pub(super) fn serve_late(
        &mut self,
        document: Arc<Document>,
        now: Duration,
        out: &mut Vec<Command>,
    ) {
        self.first_document.get_or_insert(now);
        self.best = Some(document);
        self.mark_cut_short(Stage::Template);
        out.push(Command::StopStage);
        self.finish(JobState::Degraded, out);
    }

    /// Notes that a stage which was given up gave a document after all.
    fn mark_cut_short(&mut self, stage: Stage) {
        if let Some(report) = self.reports.iter_mut().find(|report| report.stage == stage) {
            report.status = StageStatus::CutShort;
        }
    }

    pub(super) fn woken(&mut self, now: Duration, out: &mut Vec<Command>) {
        if self.wake_at().is_none_or(|due| now < due) {
            return;
        }
        if self.phase == Phase::Isolated {
            out.push(Command::StopStage);
            self.fail_late();
            self.finish(JobState::Failed, out);
            return;
        }
        if self.phase == Phase::Composing {
            self.fail_late();
            self.finish(JobState::Failed, out);
            return;
        }
        self.leave_phase(
            now,
            StageStatus::Failed,
            "it gave no result before the deadline",
            "the deadline left no time for it",
            out,
        );
        self.settle(now, out);
    }

    /// Stops what runs and notes the stages that will not be run.
    pub(super) fn leave_phase(
        &mut self,
        now: Duration,
        status: StageStatus,
        running: &str,
        others: &str,
        out: &mut Vec<Command>,
    ) {
        if matches!(self.phase, Phase::Preparing | Phase::Isolated) {
            out.push(Command::StopStage);
        }
        if let Phase::Running { stage, since } = self.phase {
            if status == StageStatus::Failed {
                self.missed.get_or_insert(FailureCode::DeadlineExceeded);
            }
            let spent = now.saturating_sub(since);
            // A template that is late may still be there before what is composed in its place.
            let is_raced = stage.stage == Stage::Template
                && status == StageStatus::Failed
                && self.best.is_none()
                && self.preview.is_none();
            if !is_raced {
                out.push(Command::StopStage);
            }
            out.push(Command::ReleaseStage {
                stage: stage.stage,
                served: None,
                gain: None,
            });
            self.durations.insert(stage.stage, spent.as_secs_f64());
            self.end_stage(stage, status, running.to_owned(), Vec::new(), out);
        }
        if self.plan.is_some() && !self.is_isolated {
            self.report_left_out();
        }
        self.ahead.clear();
        for stage in self.wanted() {
            self.report(stage, StageStatus::Skipped, Some(others.to_owned()));
        }
    }

    /// Ends the job with what there is, or has something composed if there is nothing.
    pub(super) fn settle(&mut self, now: Duration, out: &mut Vec<Command>) {
        if self.best.is_none()
            && let Some((stage, document)) = self.preview.take()
        {
            self.mark_cut_short(stage);
            self.best = Some(document);
            self.first_document.get_or_insert(now);
        }
        if self.best.is_some() {
            let state = if self.ran_in_full() {
                JobState::Succeeded
            } else {
                JobState::Degraded
            };
            self.finish(state, out);
        } else if self.is_generation() && now < self.timing.deadline() {
            self.phase = Phase::Composing;
            out.push(Command::Compose);
        } else {
            if now >= self.timing.answer_at() {
                self.fail_late();
            } else {
                let reason = self
                    .shortcomings()
                    .unwrap_or_else(|| "nothing ran".to_owned());
                self.failure.get_or_insert_with(|| {
                    JobFailure::new(FailureCode::NotRun, format!("there is no result: {reason}"))
                });
            }
            self.finish(JobState::Failed, out);
        }
    }

    fn fail_late(&mut self) {
        self.failure.get_or_insert_with(|| {
            JobFailure::new(
                FailureCode::DeadlineExceeded,
                "there was no result before the deadline: allow more time, or try again when the \
                 service is less busy",
            )
        });
    }

    pub(super) fn remember_failure(&mut self, stage: Stage, error: &StageError) {
        let code = match error {
            StageError::BadInput(_) => FailureCode::BadInput,
            StageError::Deadline => FailureCode::DeadlineExceeded,
            StageError::Cancelled
            | StageError::Refused(_)
            | StageError::Backend { .. }
            | StageError::Lost(_) => FailureCode::StageFailed,
        };
        self.failure
            .get_or_insert_with(|| JobFailure::new(code, format!("stage {stage}: {error}")));
    }

    pub(super) fn finish(&mut self, state: JobState, out: &mut Vec<Command>) {
        self.phase = Phase::Ended(state);
        if state == JobState::Failed {
            self.best = None;
        } else {
            self.failure = None;
        }
        if matches!(state, JobState::Succeeded | JobState::Degraded) {
            self.progress = 1.0;
        }
        out.push(Command::Withdraw);
        out.push(Command::Finish);
    }
}
