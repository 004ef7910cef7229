//! One job as a state machine: events in, commands out. No clock (the time since submission is
//! passed in), no I/O, no actors.
//!
//! Rules that hold for any order of events (property-tested):
//! - it ends, at the latest when woken at its deadline, with exactly one [`Command::Finish`];
//! - a document that a stage gave is never lost again, only replaced by a later stage's;
//! - progress never goes back.

mod ending;
mod outputs;
mod progress;
mod report;
mod step;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chat2svg_protocol::{
    DetailSummary, FailureCode, FitSummary, JobEventKind, JobFailure, JobKind, JobMetadata,
    JobSpec, JobState, Placement, PlannedStage, ResourceLevel, Stage, StagePlan, StageReport,
    StageStatus, Style, messages::TargetOrigin,
};
use chat2svg_vector::{Document, Raster};

pub use report::EndFacts;
pub use step::{Command, Event, InputFault, IsolatedEnd, StageCall, StageOutput, Target};

use crate::{ParsedInputs, Timing};

/// The stages that a kind of job calls for, in order.
pub fn wanted_stages(kind: &JobKind) -> Vec<Stage> {
    match kind {
        JobKind::Generate { .. } => Stage::ALL.to_vec(),
        JobKind::Vectorize { .. } => vec![Stage::Optimize],
        JobKind::Refine { .. } => vec![Stage::Detail, Stage::Optimize],
        JobKind::Clean => Vec::new(),
    }
}

/// What an earlier process kept of a job's last stage.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The stage.
    pub stage: Stage,
    /// Its document.
    pub document: Arc<Document>,
    /// The target picture that it gave, when it was kept.
    pub target: Option<Arc<Raster>>,
    /// Whether the document's shapes were looked for in the target.
    pub placement: Placement,
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Not stored yet.
    New,
    /// Waiting for a plan.
    Waiting,
    /// The files that came with it are read.
    Preparing,
    /// It runs in a process of its own.
    Isolated,
    /// A stage runs.
    Running {
        stage: PlannedStage,
        since: Duration,
    },
    /// Between two stages: the rest is planned anew.
    Planning,
    /// A composition outside the stages is under way.
    Composing,
    /// Over.
    Ended(JobState),
}

/// One job.
#[derive(Debug)]
pub struct Machine {
    spec: JobSpec,
    timing: Timing,
    phase: Phase,
    plan: Option<StagePlan>,
    /// Stages still to run, the next first.
    ahead: Vec<PlannedStage>,
    /// What stages start from: the caller's template, then what stages gave.
    working: Option<Arc<Document>>,
    target: Option<Target>,
    /// Whether the shapes of `working` were looked for in the target.
    placement: Placement,
    /// The result if the job ended now.
    best: Option<Arc<Document>>,
    /// What the running stage showed last that may be served.
    preview: Option<(Stage, Arc<Document>)>,
    reports: Vec<StageReport>,
    durations: BTreeMap<Stage, f64>,
    style: Option<Style>,
    detail: Option<DetailSummary>,
    fit: Option<FitSummary>,
    /// Why a stage ended at a lower level than planned.
    lowered: Option<String>,
    composed: bool,
    /// What was left out of the caller's file.
    warnings: Vec<String>,
    /// Whether the store knows that it runs.
    kept_as_running: bool,
    /// Whether it runs in a process of its own.
    is_isolated: bool,
    /// What such a process says of it.
    from_process: Option<JobMetadata>,
    progress: f32,
    first_document: Option<Duration>,
    failure: Option<JobFailure>,
    /// Why the stages gave no document, when a composition stands in their place for their failure.
    missed: Option<FailureCode>,
}

impl Machine {
    /// A job from its start.
    pub fn new(spec: JobSpec, timing: Timing) -> Self {
        let style = match &spec.kind {
            JobKind::Generate { style, .. } => *style,
            JobKind::Vectorize { .. } | JobKind::Refine { .. } | JobKind::Clean => None,
        };
        Self {
            spec,
            timing,
            phase: Phase::New,
            plan: None,
            ahead: Vec::new(),
            working: None,
            target: None,
            placement: Placement::Unregistered,
            best: None,
            preview: None,
            reports: Vec::new(),
            durations: BTreeMap::new(),
            style,
            detail: None,
            fit: None,
            lowered: None,
            composed: false,
            warnings: Vec::new(),
            kept_as_running: false,
            is_isolated: false,
            from_process: None,
            progress: 0.0,
            first_document: None,
            failure: None,
            missed: None,
        }
    }

    /// Goes on from a document that an earlier process had kept. To be called before any event.
    #[must_use]
    pub fn with_checkpoint(mut self, checkpoint: Checkpoint) -> Self {
        self.best = Some(Arc::clone(&checkpoint.document));
        self.working = Some(checkpoint.document);
        self.placement = checkpoint.placement;
        if let Some(picture) = checkpoint.target {
            let origin = TargetOrigin::Model;
            self.target = Some(Target { picture, origin });
        }
        self.first_document = Some(Duration::ZERO);
        // What led to the checkpoint is done, too.
        let mut done = wanted_stages(&self.spec.kind);
        done.retain(|stage| *stage <= checkpoint.stage);
        for stage in done {
            self.reports.push(StageReport {
                stage,
                backend: None,
                from_checkpoint: true,
                level: self.level(),
                status: StageStatus::Completed,
                reason: Some("made before a restart and kept".to_owned()),
                attempts: Vec::new(),
                model: None,
            });
        }
        self
    }

    /// Has the job run in a process of its own. To be called before any event.
    #[must_use]
    pub fn isolated(mut self) -> Self {
        self.is_isolated = true;
        self
    }

    /// How the job stands.
    pub fn state(&self) -> JobState {
        match self.phase {
            Phase::New | Phase::Waiting => JobState::Queued,
            Phase::Preparing
            | Phase::Isolated
            | Phase::Running { .. }
            | Phase::Planning
            | Phase::Composing => JobState::Running,
            Phase::Ended(state) => state,
        }
    }

    /// The running stage.
    pub fn stage(&self) -> Option<Stage> {
        match self.phase {
            Phase::Running { stage, .. } => Some(stage.stage),
            Phase::Composing => Some(Stage::Template),
            Phase::New
            | Phase::Waiting
            | Phase::Preparing
            | Phase::Isolated
            | Phase::Planning
            | Phase::Ended(_) => None,
        }
    }

    /// Whether it waits for a plan.
    pub fn is_waiting(&self) -> bool {
        self.phase == Phase::Waiting
    }

    /// Share of the whole job done, never falling.
    pub fn progress(&self) -> f32 {
        self.progress
    }

    /// The result if the job ended now.
    pub fn best(&self) -> Option<&Arc<Document>> {
        self.best.as_ref()
    }

    /// Why it failed.
    pub fn failure(&self) -> Option<&JobFailure> {
        self.failure.as_ref()
    }

    /// Why the stages gave no document, when a composition stands in their place for their failure.
    pub fn missed(&self) -> Option<FailureCode> {
        self.missed
    }

    /// What was asked.
    pub fn spec(&self) -> &JobSpec {
        &self.spec
    }

    /// Stages that are still to be planned, in order.
    pub fn wanted(&self) -> Vec<Stage> {
        wanted_stages(&self.spec.kind)
            .into_iter()
            .filter(|stage| self.reports.iter().all(|report| report.stage != *stage))
            .collect()
    }

    /// When it wants an [`Event::Woken`], from submission; `None` once it is over.
    pub fn wake_at(&self) -> Option<Duration> {
        match self.phase {
            Phase::New | Phase::Ended(_) => None,
            Phase::Composing | Phase::Isolated => Some(self.timing.deadline()),
            Phase::Waiting | Phase::Preparing | Phase::Running { .. } | Phase::Planning => {
                Some(self.give_up_at())
            }
        }
    }

    /// Takes in an event at a time since submission. An event that makes no sense in the phase (a
    /// late answer, a second dispatch) changes nothing.
    pub fn handle(&mut self, event: Event, now: Duration) -> Vec<Command> {
        let mut out = Vec::new();
        match (self.phase, event) {
            (Phase::Ended(_), _) => {}
            (Phase::New, Event::Stored) => {
                self.phase = Phase::Waiting;
                out.push(Command::Announce(JobEventKind::Queued));
                out.push(Command::Enqueue);
            }
            (Phase::Waiting, Event::Dispatched(plan)) => self.start(plan, now, &mut out),
            (Phase::Waiting, Event::TurnedAway(open)) => self.turned_away(open, now, &mut out),
            (Phase::Preparing, Event::Prepared(result)) => self.prepared(result, now, &mut out),
            (Phase::Isolated, Event::IsolatedEnded(result)) => {
                self.isolated_ended(*result, &mut out);
            }
            (
                Phase::Running { stage, since },
                Event::StageEnded {
                    stage: ended,
                    result,
                },
            ) if stage.stage == ended => {
                self.stage_ended(stage, now.saturating_sub(since), result, now, &mut out);
            }
            (
                Phase::Running { stage, .. },
                Event::Progressed {
                    stage: from,
                    fraction,
                    preview,
                },
            ) if stage.stage == from => {
                self.progressed(from, fraction, preview, &mut out);
            }
            (Phase::Planning, Event::Replanned(plan)) => self.replanned(plan, now, &mut out),
            (Phase::Composing, Event::Composed(result)) => self.composed(result, now, &mut out),
            (
                Phase::Composing,
                Event::StageEnded {
                    stage: Stage::Template,
                    result: Ok(output),
                },
            ) => self.take_late(&output, now, &mut out),
            (
                Phase::Composing,
                Event::Progressed {
                    stage: Stage::Template,
                    preview: Some(preview),
                    ..
                },
            ) if preview.is_servable => self.serve_late(preview.document, now, &mut out),
            (_, Event::CancelRequested) => {
                let reason = "cancelled by the caller";
                self.leave_phase(now, StageStatus::CutShort, reason, reason, &mut out);
                self.finish(JobState::Cancelled, &mut out);
            }
            (_, Event::Woken) => self.woken(now, &mut out),
            _ => {}
        }
        out
    }

    /// The level of the plan, else the one asked for, else the lowest.
    fn level(&self) -> ResourceLevel {
        self.plan
            .as_ref()
            .and_then(|plan| plan.stages.iter().map(|planned| planned.level).max())
            .or(self.spec.options.level.level())
            .unwrap_or(ResourceLevel::Minimal)
    }

    fn is_generation(&self) -> bool {
        matches!(self.spec.kind, JobKind::Generate { .. })
    }

    /// When the present phase is given up: earlier while there is no document to fall back on.
    fn give_up_at(&self) -> Duration {
        if self.best.is_none() && self.is_generation() {
            self.timing.compose_at()
        } else {
            self.timing.answer_at()
        }
    }

    fn start(&mut self, plan: StagePlan, now: Duration, out: &mut Vec<Command>) {
        self.take_plan(plan);
        out.push(Command::Announce(JobEventKind::Started {
            stages: self.ahead.iter().map(|planned| planned.stage).collect(),
        }));
        // Which stage runs is of interest to nobody who finds the job after a restart.
        if !std::mem::replace(&mut self.kept_as_running, true) {
            out.push(Command::Persist);
        }
        if self.is_isolated {
            self.ahead.clear();
            self.phase = Phase::Isolated;
            let until = self.timing.answer_at();
            out.push(Command::RunIsolated { until });
        } else if self.has_files() {
            self.phase = Phase::Preparing;
            out.push(Command::Prepare);
        } else {
            self.next_stage(now, out);
        }
    }

    /// The stages to run from now on. Those left out may still be given between two stages, so they
    /// are accounted for at the end.
    fn take_plan(&mut self, plan: StagePlan) {
        let wanted = self.wanted();
        self.ahead.clone_from(&plan.stages);
        self.ahead.retain(|planned| wanted.contains(&planned.stage));
        self.ahead.sort_by_key(|planned| planned.stage);
        self.ahead.dedup_by_key(|planned| planned.stage);
        self.plan = Some(plan);
    }

    fn replanned(&mut self, plan: Option<StagePlan>, now: Duration, out: &mut Vec<Command>) {
        if let Some(plan) = plan {
            self.take_plan(plan);
        }
        self.next_stage(now, out);
    }

    /// Whether files came with the job.
    fn has_files(&self) -> bool {
        !self.is_generation()
    }

    fn prepared(
        &mut self,
        result: Result<ParsedInputs, InputFault>,
        now: Duration,
        out: &mut Vec<Command>,
    ) {
        match result {
            Ok(inputs) => {
                self.warnings = inputs.warnings;
                // A document that was kept from before a restart is further than the template.
                self.working = self.working.take().or(inputs.template);
                if let Some(picture) = inputs.target {
                    let origin = TargetOrigin::Caller;
                    self.target = Some(Target { picture, origin });
                }
                if self.wanted().is_empty() && self.best.is_none() {
                    // Nothing is to be done to it.
                    self.best.clone_from(&self.working);
                    self.first_document.get_or_insert(now);
                }
                self.next_stage(now, out);
            }
            Err(fault) => {
                let code = match fault.input {
                    Some(_) => FailureCode::BadInput,
                    None => FailureCode::StageFailed,
                };
                self.failure = Some(JobFailure {
                    code,
                    message: fault.reason.clone(),
                    input: fault.input,
                    retry_after_seconds: None,
                });
                self.leave_phase(now, StageStatus::Failed, "", &fault.reason, out);
                self.finish(JobState::Failed, out);
            }
        }
    }

    /// Starts the next stage that can run, or ends the job.
    fn next_stage(&mut self, now: Duration, out: &mut Vec<Command>) {
        while !self.ahead.is_empty() {
            let planned = self.ahead.remove(0);
            let stage = planned.stage;
            if let Some(reason) = self.cannot_run(stage) {
                self.report(stage, StageStatus::Skipped, Some(reason.to_owned()));
                continue;
            }
            let give_up_at = self.give_up_at();
            let Some(until) =
                self.timing
                    .stage_until(stage, now, give_up_at, !self.ahead.is_empty())
            else {
                self.report(
                    stage,
                    StageStatus::Skipped,
                    Some("the deadline left no time for it".to_owned()),
                );
                continue;
            };
            self.phase = Phase::Running {
                stage: planned,
                since: now,
            };
            self.preview = None;
            out.push(Command::Announce(JobEventKind::StageStarted {
                stage,
                level: planned.level,
            }));
            out.push(Command::RunStage(StageCall {
                stage,
                level: planned.level,
                source: planned.source,
                until,
                // Without a document a template is waited for beside the composition in its place.
                give_up_at: self.timing.answer_at(),
                document: self.working.clone(),
                target: self.target.clone(),
                placement: self.placement,
                style: self.style,
            }));
            return;
        }
        self.report_left_out();
        self.settle(now, out);
    }

    /// What a stage lacks to run.
    fn cannot_run(&self, stage: Stage) -> Option<&'static str> {
        match stage {
            Stage::Template => None,
            Stage::Detail if self.working.is_none() => Some("there is no document to detail"),
            Stage::Optimize if self.target.is_none() => Some("there is no target to fit to"),
            Stage::Detail | Stage::Optimize => None,
        }
    }
}
