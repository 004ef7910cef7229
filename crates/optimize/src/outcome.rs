//! From the fit's report to what the job's metadata says. Pure.

use chat2svg_fit::{self as fit, FitReport};
use chat2svg_protocol::{
    BackendId, BudgetChange, FitEnd, FitSummary, LossSample, Lowered, Movement, ResourceLevel,
    StageOutcome,
};

use crate::watcher::Cause;

/// Most samples of the loss curve that a job keeps: enough to draw it.
const CURVE_SAMPLES: usize = 32;

/// What was gained. There is a cause for each change of the budget.
pub(crate) fn summary(report: &FitReport, causes: &[Cause]) -> FitSummary {
    FitSummary {
        iterations: report.iterations,
        psnr_before: report.psnr_before,
        psnr_after: report.psnr_after,
        moved: report.moved.iter().cloned().map(movement).collect(),
        lost: report.lost.clone(),
        unshown: report.unshown,
        paths_added: report.paths_added,
        paths_removed: report.paths_removed,
        bytes: report.bytes,
        ended_by: match report.ended_by {
            fit::FitEnd::Schedule => FitEnd::Schedule,
            fit::FitEnd::Converged => FitEnd::Converged,
            fit::FitEnd::Deadline => FitEnd::Deadline,
            fit::FitEnd::Cancelled => FitEnd::Cancelled,
        },
        curve: thinned(&report.curve)
            .map(|sample| LossSample {
                seconds: sample.seconds,
                iteration: sample.iteration,
                loss: sample.loss,
            })
            .collect(),
        budget_changes: report
            .budget_changes
            .iter()
            .zip(causes)
            .map(|(change, cause)| BudgetChange {
                seconds: change.seconds,
                level: cause.level,
                iterations: change.budget.iterations,
                reason: cause.reason.to_owned(),
            })
            .collect(),
    }
}

fn movement(moved: fit::Movement) -> Movement {
    let fit::Movement {
        name,
        by,
        turned,
        scaled,
    } = moved;
    Movement {
        name,
        by,
        turned,
        scaled,
    }
}

/// At most [`CURVE_SAMPLES`] samples, evenly spread, the first and the last among them.
fn thinned(curve: &[fit::LossSample]) -> impl Iterator<Item = &fit::LossSample> {
    let kept = curve.len().min(CURVE_SAMPLES);
    let (last, gaps) = (curve.len().saturating_sub(1), kept.saturating_sub(1).max(1));
    (0..kept).filter_map(move |index| curve.get(index * last / gaps))
}

/// Whether the fit ran to its end. Its level's own time budget is an end as planned, and so is that
/// of a lower level that it went on at; the job's deadline cuts it short.
pub(crate) fn outcome(
    report: &FitReport,
    planned: ResourceLevel,
    causes: &[Cause],
    by_deadline: bool,
) -> StageOutcome {
    let mut reasons = Vec::new();
    if report.ended_by == fit::FitEnd::Deadline && by_deadline {
        reasons.push(format!(
            "the deadline came after {} steps",
            report.iterations
        ));
    }
    if report.has_uneven_ground {
        reasons.push(
            "the picture's rim is of many colours, so that there is no ground to leave out: all of \
             it is painted"
                .to_owned(),
        );
    }
    let last = report.budget_changes.iter().zip(causes).next_back();
    let lowered = last.filter(|(_, cause)| cause.level < planned);
    let lowered = lowered.map(|(change, cause)| Lowered {
        level: cause.level,
        reason: format!(
            "{} after {:.1} s: {} steps in all, as at level {}",
            cause.reason, change.seconds, change.budget.iterations, cause.level
        ),
    });
    let outcome = if reasons.is_empty() {
        StageOutcome::completed(BackendId::EMBEDDED)
    } else {
        StageOutcome::cut_short(BackendId::EMBEDDED, reasons.join("; "))
    };
    StageOutcome { lowered, ..outcome }
}

#[cfg(test)]
mod tests {
    use chat2svg_protocol::StageStatus;

    use super::*;

    fn report(ended_by: fit::FitEnd) -> FitReport {
        FitReport {
            iterations: 12,
            curve: Vec::new(),
            psnr_before: 20.0,
            psnr_after: 30.0,
            moved: Vec::new(),
            lost: Vec::new(),
            unshown: 0.0,
            paths_added: 1,
            paths_removed: 2,
            bytes: 1000,
            has_uneven_ground: false,
            ended_by,
            budget_changes: Vec::new(),
            actions: Vec::new(),
        }
    }

    #[test]
    fn only_the_jobs_deadline_cuts_short() {
        let status = |ended_by, by_deadline| {
            outcome(&report(ended_by), ResourceLevel::High, &[], by_deadline).status
        };
        assert_eq!(status(fit::FitEnd::Schedule, true), StageStatus::Completed);
        assert_eq!(status(fit::FitEnd::Converged, true), StageStatus::Completed);
        assert_eq!(status(fit::FitEnd::Deadline, false), StageStatus::Completed);
        assert_eq!(status(fit::FitEnd::Deadline, true), StageStatus::CutShort);
    }

    #[test]
    fn a_changed_budget_is_told() {
        use ResourceLevel::{High, Low};
        let mut changed = report(fit::FitEnd::Schedule);
        for (seconds, iterations) in [(0.5, 60), (1.5, 300)] {
            changed.budget_changes.push(fit::BudgetRecord {
                seconds,
                budget: fit::Budget { iterations },
            });
        }
        let causes = [
            Cause {
                level: Low,
                reason: "others need the machine",
            },
            Cause {
                level: High,
                reason: "the machine affords the planned level again",
            },
        ];
        let told = summary(&changed, &causes).budget_changes;
        let levels: Vec<_> = told.iter().map(|change| change.level).collect();
        assert_eq!(levels, [Low, High]);
        let recovered = outcome(&changed, High, &causes, false);
        assert_eq!(recovered.status, StageStatus::Completed);
        assert_eq!(recovered.lowered, None);

        changed.budget_changes.pop();
        let told = outcome(&changed, High, &causes, false);
        assert_eq!(told.status, StageStatus::Completed);
        let reason = "others need the machine after 0.5 s: 60 steps in all, as at level low";
        assert_eq!(
            told.lowered,
            Some(Lowered {
                level: Low,
                reason: reason.to_owned(),
            })
        );
    }

    #[test]
    fn the_curve_is_bounded_and_keeps_its_ends() {
        for length in [0, 1, 2, 31, 32, 33, 200] {
            let mut long = report(fit::FitEnd::Schedule);
            long.curve = (0..length)
                .map(|iteration| fit::LossSample {
                    seconds: 0.0,
                    iteration,
                    loss: 0.0,
                })
                .collect();
            let kept: Vec<u32> = summary(&long, &[])
                .curve
                .iter()
                .map(|sample| sample.iteration)
                .collect();
            assert_eq!(kept.len(), (length as usize).min(CURVE_SAMPLES));
            assert_eq!(kept.first().copied(), (length > 0).then_some(0));
            assert_eq!(kept.last().copied(), length.checked_sub(1));
            assert!(kept.is_sorted_by(|one, other| one < other));
        }
    }
}
