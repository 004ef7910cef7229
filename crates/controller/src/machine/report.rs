//! What a job says about itself at its end: which stages did what, how good the result is, and why
//! it is less than was asked for when it is.

use std::time::Duration;

use chat2svg_protocol::{
    Attempt, AttemptOutcome, BackendId, CircuitSnapshot, FitSummary, JobEventKind, JobKind,
    JobMetadata, JobState, PlannedStage, ResourceLevel, Stage, StageReport, StageStatus, Tier,
};
use jiff::Timestamp;

use super::{Command, Machine, Phase, wanted_stages};
use crate::inputs::bounded;

/// Most characters of what backends said of a failure.
const LONGEST_DETAIL: usize = 1000;

/// What the end of a job looks like from outside the machine.
#[derive(Clone, Debug)]
pub struct EndFacts {
    /// Time since submission.
    pub elapsed: Duration,
    /// How the circuits stand.
    pub circuits: Vec<CircuitSnapshot>,
    /// The time of day.
    pub timestamp: Timestamp,
}

/// Who served a stage in whose place, and why.
fn stand_in(report: &StageReport) -> String {
    let served = report.backend.as_ref().map_or("nobody", BackendId::as_str);
    let turns = report
        .attempts
        .iter()
        .filter(|attempt| attempt.outcome != AttemptOutcome::Served);
    let reasons: Vec<String> = turns
        .map(|attempt| {
            let reason = attempt.reason.as_deref();
            let reason = reason.unwrap_or(attempt.outcome.name());
            format!("{}: {reason}", attempt.backend)
        })
        .collect();
    format!(
        "{} was served by {served} instead ({})",
        report.stage,
        reasons.join("; ")
    )
}

/// What a stage that ran to its end could not do. One that was kept from before a restart has that
/// for its reason.
fn unmet(report: &StageReport) -> Option<&str> {
    let ran = report.status == StageStatus::Completed && !report.from_checkpoint;
    report.reason.as_deref().filter(|_| ran)
}

impl Machine {
    /// Notes what became of a stage that was not called.
    pub(super) fn report(&mut self, stage: Stage, status: StageStatus, reason: Option<String>) {
        let level = self.level_of(stage);
        self.reports.push(StageReport {
            stage,
            backend: None,
            from_checkpoint: false,
            level,
            status,
            reason,
            attempts: Vec::new(),
            model: None,
        });
    }

    /// Leaves out stages of what is drawn from words, each with the reason. To be called after
    /// [`Machine::with_checkpoint`] and before any event.
    #[must_use]
    pub fn without(mut self, stages: &[(Stage, &str)]) -> Self {
        if self.is_generation() {
            for (stage, reason) in stages {
                if self.wanted().contains(stage) {
                    self.report(*stage, StageStatus::Skipped, Some((*reason).to_owned()));
                }
            }
        }
        self
    }

    /// Notes the stages that the plan leaves out.
    pub(super) fn report_left_out(&mut self) {
        let reason = self.plan.as_ref().and_then(|plan| plan.reason.clone());
        let reason = reason.unwrap_or_else(|| "not planned".to_owned());
        for stage in self.wanted() {
            if self.ahead.iter().all(|planned| planned.stage != stage) {
                self.report(stage, StageStatus::Skipped, Some(reason.clone()));
            }
        }
    }

    /// Notes what became of a stage that was called and gave nothing.
    pub(super) fn end_stage(
        &mut self,
        planned: PlannedStage,
        status: StageStatus,
        reason: String,
        attempts: Vec<Attempt>,
        out: &mut Vec<Command>,
    ) {
        out.push(Command::Announce(JobEventKind::StageEnded {
            stage: planned.stage,
            status,
            backend: None,
            attempts: attempts.clone(),
        }));
        self.reports.push(StageReport {
            stage: planned.stage,
            backend: None,
            from_checkpoint: false,
            level: planned.level,
            status,
            reason: Some(reason),
            attempts,
            model: None,
        });
    }

    fn level_of(&self, stage: Stage) -> ResourceLevel {
        self.plan
            .as_ref()
            .and_then(|plan| plan.stages.iter().find(|planned| planned.stage == stage))
            .map_or_else(|| self.level(), |planned| planned.level)
    }

    /// Whether every stage that the job calls for was served to its end by its first choice.
    pub(super) fn ran_in_full(&self) -> bool {
        wanted_stages(&self.spec.kind).into_iter().all(|stage| {
            let mut reports = self.reports.iter();
            let report = reports.find(|report| report.stage == stage);
            report.is_some_and(|report| {
                report.status == StageStatus::Completed
                    && report.replaced().is_none()
                    && unmet(report).is_none()
            })
        })
    }

    /// Whether another than its first choice served a stage, or a composition stands in its place.
    fn was_replaced(&self) -> bool {
        let has_stand_in =
            |report: &StageReport| report.backend.is_some() && report.replaced().is_some();
        self.composed || self.reports.iter().any(has_stand_in)
    }

    /// The lowest level at which a stage ran.
    fn served_level(&self) -> Option<ResourceLevel> {
        let ran = self.reports.iter().filter(|report| {
            !report.from_checkpoint
                && matches!(
                    report.status,
                    StageStatus::Completed | StageStatus::CutShort
                )
        });
        ran.map(|report| report.level).min()
    }

    /// Why a stage ran at a lower level than was asked for, when one did.
    fn lowered_because(&self) -> Option<String> {
        let highest = self.spec.options.level.highest();
        self.served_level().filter(|level| *level < highest)?;
        let planned = self.plan.as_ref().and_then(|plan| plan.reason.clone());
        planned.or_else(|| self.lowered.clone())
    }

    fn status_of(&self, stage: Stage) -> Option<StageStatus> {
        self.reports
            .iter()
            .find(|report| report.stage == stage)
            .map(|report| report.status)
    }

    /// Why the result is less than was asked for, in one line.
    pub(super) fn shortcomings(&self) -> Option<String> {
        let mut told = None;
        let reasons: Vec<String> = self
            .reports
            .iter()
            .filter(|report| {
                report.status != StageStatus::Completed
                    || report.replaced().is_some()
                    || unmet(report).is_some()
            })
            .map(|report| {
                if report.status == StageStatus::Completed {
                    let stand_in = report.replaced().map(|_| stand_in(report));
                    let both = stand_in.into_iter().chain(unmet(report).map(str::to_owned));
                    return both.collect::<Vec<_>>().join("; ");
                }
                let what = match report.status {
                    StageStatus::CutShort => "was cut short",
                    StageStatus::Skipped => "was skipped",
                    StageStatus::Failed => "failed",
                    StageStatus::Completed => "was completed",
                };
                match &report.reason {
                    Some(reason) if told == Some(reason) => {
                        format!("{} {what} for the same reason", report.stage)
                    }
                    Some(reason) => {
                        told = Some(reason);
                        format!("{} {what}: {reason}", report.stage)
                    }
                    None => format!("{} {what}", report.stage),
                }
            })
            .collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// What each backend said that did not serve.
    fn error_detail(&self) -> Option<String> {
        let attempts = self.reports.iter().flat_map(|report| {
            let stage = report.stage;
            report.attempts.iter().map(move |attempt| (stage, attempt))
        });
        let told: Vec<String> = attempts
            .filter_map(|(stage, attempt)| {
                let reason = attempt.reason.as_ref()?;
                Some(format!("{stage}, {}: {reason}", attempt.backend))
            })
            .collect();
        let detail: String = told.join("; ").chars().take(LONGEST_DETAIL).collect();
        (!detail.is_empty()).then_some(detail)
    }

    /// What was left out or changed of the caller's file, and what of the target is not drawn.
    fn warnings(&self) -> Vec<String> {
        let lost = self.fit.iter().flat_map(|fit| &fit.lost);
        let mut told: Vec<String> = lost
            .map(|name| format!("`{name}`: not found in the target; left as it was"))
            .collect();
        told.extend(self.fit.as_ref().and_then(not_drawn));
        let mut warnings = self.warnings.clone();
        warnings.extend(bounded(told));
        warnings
    }

    /// How good the result is.
    pub fn tier(&self) -> Tier {
        let gave_document = |stage| {
            matches!(
                self.status_of(stage),
                Some(StageStatus::Completed | StageStatus::CutShort)
            )
        };
        if self.composed {
            Tier::Fallback
        } else if self.ran_in_full() {
            Tier::Full
        } else if gave_document(Stage::Detail) || gave_document(Stage::Optimize) {
            Tier::Enhanced
        } else {
            Tier::Template
        }
    }

    /// Everything about the ended job that a caller may wonder about.
    pub fn metadata(&self, facts: EndFacts) -> JobMetadata {
        if let Some(metadata) = &self.from_process {
            return JobMetadata {
                isolated: true,
                ..metadata.clone()
            };
        }
        let about = self.best.as_ref().map(|document| &document.metadata);
        let prompt = match &self.spec.kind {
            JobKind::Generate { prompt, .. } => Some(prompt.as_str().to_owned()),
            JobKind::Clean => about.and_then(|about| about.prompt.clone()),
            JobKind::Vectorize { .. } | JobKind::Refine { .. } => None,
        };
        let mut stages = self.reports.clone();
        stages.sort_by_key(|report| report.stage);
        if self.composed
            && let Some(template) = stages.first_mut()
        {
            template.backend = Some(BackendId::EMBEDDED);
        }
        let is_degraded = self.phase == Phase::Ended(JobState::Degraded);
        JobMetadata {
            prompt,
            style: self
                .style
                .map(|style| style.name().to_owned())
                .or_else(|| about.and_then(|about| about.style.clone())),
            seed: self.spec.options.seed,
            resource_level: self
                .plan
                .as_ref()
                .map_or_else(|| self.level(), |plan| plan.machine),
            served_level: self.served_level(),
            lowered_because: self.lowered_because(),
            tier: self.tier(),
            stages_run: stages
                .iter()
                .filter(|report| report.status != StageStatus::Skipped)
                .map(|report| report.stage)
                .collect(),
            stage_durations: self.durations.clone(),
            fallback: is_degraded && self.was_replaced(),
            fallback_reason: self.shortcomings().filter(|_| is_degraded),
            error: self.shortcomings().filter(|_| self.composed),
            error_detail: self.error_detail().filter(|_| self.composed),
            stages,
            circuits: facts.circuits,
            undrawn: about.map(|about| about.undrawn.clone()).unwrap_or_default(),
            isolated: self.is_isolated,
            warnings: self.warnings(),
            credits: about.map(|about| about.credits.clone()).unwrap_or_default(),
            detail: self.detail.clone(),
            fit: self.fit.clone(),
            total_seconds: facts.elapsed.as_secs_f64(),
            first_document_seconds: self.first_document.map(|at| at.as_secs_f64()),
            timestamp: facts.timestamp,
        }
    }
}

/// What is said of a target of which a share is not drawn.
fn not_drawn(fit: &FitSummary) -> Option<String> {
    let percent = 100.0 * fit.unshown;
    let share = if percent < 1.0 {
        "less than 1".to_owned()
    } else {
        format!("{percent:.0}")
    };
    (percent > 0.0).then(|| {
        format!("{share} % of the target shows what no shape of the template does: not drawn, as no shapes may be added")
    })
}
