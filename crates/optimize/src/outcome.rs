//! From the fit's report to what the job's metadata says. Pure.

use chat2svg_fit::{self as fit, FitReport};
use chat2svg_protocol::{FitEnd, FitSummary, LossSample, StageOutcome, StageStatus};

/// Who serves stage 3.
pub(crate) const BACKEND: &str = "embedded";

/// What was gained.
pub(crate) fn summary(report: &FitReport) -> FitSummary {
    FitSummary {
        iterations: report.iterations,
        psnr_before: report.psnr_before,
        psnr_after: report.psnr_after,
        paths_added: report.paths_added,
        paths_removed: report.paths_removed,
        ended_by: match report.ended_by {
            fit::FitEnd::Schedule => FitEnd::Schedule,
            fit::FitEnd::Converged => FitEnd::Converged,
            fit::FitEnd::Deadline => FitEnd::Deadline,
            fit::FitEnd::Cancelled => FitEnd::Cancelled,
        },
        curve: report
            .curve
            .iter()
            .map(|sample| LossSample {
                seconds: sample.seconds,
                iteration: sample.iteration,
                loss: sample.loss,
            })
            .collect(),
    }
}

/// Whether the fit ran to its end. Its level's own time budget is an end as planned; the job's
/// deadline and pressure on memory cut it short.
pub(crate) fn outcome(report: &FitReport, by_deadline: bool) -> StageOutcome {
    let mut reasons = Vec::new();
    if report.ended_by == fit::FitEnd::Deadline && by_deadline {
        reasons.push(format!(
            "the deadline came after {} steps",
            report.iterations
        ));
    }
    for change in &report.budget_changes {
        reasons.push(format!(
            "memory pressure set the budget to {} steps after {:.1} s",
            change.budget.iterations, change.seconds
        ));
    }
    StageOutcome {
        backend: BACKEND.to_owned(),
        status: if reasons.is_empty() {
            StageStatus::Completed
        } else {
            StageStatus::CutShort
        },
        reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(ended_by: fit::FitEnd) -> FitReport {
        FitReport {
            iterations: 12,
            curve: Vec::new(),
            psnr_before: 20.0,
            psnr_after: 30.0,
            paths_added: 1,
            paths_removed: 2,
            bytes: 1000,
            ended_by,
            budget_changes: Vec::new(),
            actions: Vec::new(),
            stages: Vec::new(),
        }
    }

    #[test]
    fn only_the_jobs_deadline_cuts_short() {
        let status = |ended_by, by_deadline| outcome(&report(ended_by), by_deadline).status;
        assert_eq!(status(fit::FitEnd::Schedule, true), StageStatus::Completed);
        assert_eq!(status(fit::FitEnd::Converged, true), StageStatus::Completed);
        assert_eq!(status(fit::FitEnd::Deadline, false), StageStatus::Completed);
        assert_eq!(status(fit::FitEnd::Deadline, true), StageStatus::CutShort);
    }

    #[test]
    fn a_changed_budget_is_told() {
        let mut changed = report(fit::FitEnd::Schedule);
        changed.budget_changes.push(fit::BudgetRecord {
            seconds: 0.5,
            budget: fit::Budget { iterations: 60 },
        });
        let told = outcome(&changed, false);
        assert_eq!(told.status, StageStatus::CutShort);
        assert_eq!(
            told.reason.as_deref(),
            Some("memory pressure set the budget to 60 steps after 0.5 s")
        );
    }
}
