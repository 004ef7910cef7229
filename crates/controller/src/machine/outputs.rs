//! What a stage gave: taken into the job, or noted as a failure.

use std::{sync::Arc, time::Duration};

use chat2svg_protocol::{
    JobEventKind, PlannedStage, Stage, StageReport, StageStatus,
    messages::{StageError, StageFailure, TargetOrigin},
};

use super::{Command, Machine, Phase, StageOutput, Target};

impl Machine {
    pub(super) fn stage_ended(
        &mut self,
        planned: PlannedStage,
        spent: Duration,
        result: Result<StageOutput, StageFailure>,
        now: Duration,
        out: &mut Vec<Command>,
    ) {
        let stage = planned.stage;
        let served = result.as_ref().ok().and_then(|output| {
            let outcome = output.outcome();
            Some((outcome.served_by.clone(), outcome.seconds()?))
        });
        let gain = result.as_ref().ok().and_then(StageOutput::gain);
        out.push(Command::ReleaseStage {
            stage,
            served,
            gain,
        });
        self.durations.insert(stage, spent.as_secs_f64());
        match result {
            Ok(output) => self.take_output(planned, output, now, out),
            Err(failure) => {
                let reason = failure.error.to_string();
                let status = if matches!(failure.error, StageError::Refused(_)) {
                    self.durations.remove(&stage);
                    StageStatus::Skipped
                } else {
                    self.remember_failure(stage, &failure.error);
                    StageStatus::Failed
                };
                self.end_stage(planned, status, reason, failure.attempts, out);
            }
        }
        if self.wanted().is_empty() {
            self.next_stage(now, out);
        } else {
            self.phase = Phase::Planning;
            out.push(Command::Replan);
        }
    }

    fn take_output(
        &mut self,
        planned: PlannedStage,
        output: StageOutput,
        now: Duration,
        out: &mut Vec<Command>,
    ) {
        let stage = planned.stage;
        let document = Arc::clone(output.document());
        let outcome = output.outcome().clone();
        self.first_document.get_or_insert(now);
        self.best = Some(Arc::clone(&document));
        self.working = Some(Arc::clone(&document));
        match output {
            StageOutput::Template(output) => self.style = Some(output.style),
            StageOutput::Detail(output) => {
                self.target.get_or_insert(Target {
                    picture: output.target,
                    origin: output.origin,
                });
                self.placement = output.placement;
                self.detail = Some(output.summary);
            }
            StageOutput::Optimize(output) => self.fit = Some(output.summary),
        }
        out.push(Command::Announce(JobEventKind::StageEnded {
            stage,
            status: outcome.status,
            backend: Some(outcome.served_by.clone()),
            attempts: outcome.attempts.clone(),
        }));
        let level = match outcome.lowered {
            Some(lowered) => {
                self.lowered.get_or_insert(lowered.reason);
                lowered.level
            }
            None => planned.level,
        };
        self.reports.push(StageReport {
            stage,
            backend: Some(outcome.served_by),
            from_checkpoint: false,
            level,
            status: outcome.status,
            reason: outcome.reason,
            attempts: outcome.attempts,
            model: outcome.model,
        });
        self.advance(stage, 1.0);
        out.push(Command::ShowPreview {
            stage,
            document: Arc::clone(&document),
        });
        if !self.ahead.is_empty() && self.can_resume_from(stage) {
            let model_made = |target: &&Target| target.origin == TargetOrigin::Model;
            out.push(Command::Checkpoint {
                stage,
                document,
                target: self
                    .target
                    .as_ref()
                    .filter(model_made)
                    .map(|target| Arc::clone(&target.picture)),
                placement: self.placement,
            });
        }
    }

    /// Whether a later process could go on from what is kept of the stage. The embedded detailer's
    /// target is not kept, for it is made again at no cost; without it there is nothing to fit to.
    fn can_resume_from(&self, stage: Stage) -> bool {
        match stage {
            Stage::Template => true,
            Stage::Detail => self
                .target
                .as_ref()
                .is_some_and(|target| target.origin != TargetOrigin::Lit),
            Stage::Optimize => false,
        }
    }
}
