//! Calling a stage: leave from its circuit, the question, and the report of how it went.
//!
//! Runs detached from the controller actor, so that a circuit's permit is always reported, also when
//! the job or the actor is gone by then.

use std::time::Duration;

use chat2svg_protocol::{
    Circuit, CircuitOutcome, Stage,
    messages::{Acquire, Report, RunDetail, RunOptimize, RunTemplate, StageError},
};
use chat2svg_supervision::{AskError, Line};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{StageFault, StageProduct, request::StageRequest};

/// The backend that serves a stage until another is configured.
const BACKEND: &str = "embedded";

/// Whom a stage call talks to.
#[derive(Clone, Debug)]
pub struct StageLines {
    /// Asks the breakers for leave.
    pub acquire: Line<Acquire>,
    /// Tells the breakers how it went.
    pub report: Line<Report>,
    /// Stage 1.
    pub template: Line<RunTemplate>,
    /// Stage 2.
    pub detail: Line<RunDetail>,
    /// Stage 3.
    pub optimize: Line<RunOptimize>,
}

/// The limits of one call.
#[derive(Clone, Debug)]
pub(crate) struct CallLimits {
    /// When it is given up.
    pub give_up_at: Instant,
    /// How long to wait for the breakers.
    pub ask_timeout: Duration,
    /// A call without result counts against the backend from this time on.
    pub slow: Duration,
    /// Fires when the job does not want the result any more.
    pub cancel: CancellationToken,
}

impl StageLines {
    /// Calls a stage, if its circuit lets it through.
    pub(crate) async fn call(
        &self,
        request: StageRequest,
        limits: CallLimits,
    ) -> Result<StageProduct, StageFault> {
        let circuit = Circuit {
            stage: request.stage(),
            backend: BACKEND.to_owned(),
        };
        let permit = match self
            .acquire
            .ask(Acquire { circuit }, limits.ask_timeout)
            .await
        {
            Ok(Ok(permit)) => Some(permit),
            Ok(Err(open)) => return Err(StageFault::Refused(open)),
            Err(error) => {
                // A breaker that is away must not stop the service.
                warn!(%error, "calling without a circuit breaker");
                None
            }
        };
        let begun = Instant::now();
        let result = self.ask(&request, limits.give_up_at).await;
        if let Some(permit) = permit {
            let outcome = circuit_outcome(
                &result,
                begun.elapsed(),
                limits.slow,
                limits.cancel.is_cancelled(),
            );
            let (report, patience) = (self.report.clone(), limits.ask_timeout);
            // The job does not wait for the breaker to take note.
            actix::spawn(async move {
                if let Err(error) = report.ask(Report { permit, outcome }, patience).await {
                    warn!(%error, "a stage's outcome was not reported to its circuit breaker");
                }
            });
        }
        result.map_err(StageFault::Failed)
    }

    /// Asks, and once more if the stage's actor was lost on the way (another job may have brought
    /// it down; it is back in a moment).
    async fn ask(
        &self,
        request: &StageRequest,
        give_up_at: Instant,
    ) -> Result<StageProduct, StageError> {
        let mut answer = self.ask_once(request.clone(), give_up_at).await;
        if matches!(answer, Err(AskError::Closed(_))) {
            answer = self.ask_once(request.clone(), give_up_at).await;
        }
        answer.unwrap_or_else(|error| {
            Err(StageError::Backend {
                backend: BACKEND.to_owned(),
                message: error.to_string(),
            })
        })
    }

    async fn ask_once(
        &self,
        request: StageRequest,
        give_up_at: Instant,
    ) -> Result<Result<StageProduct, StageError>, AskError> {
        let patience = give_up_at.saturating_duration_since(Instant::now());
        Ok(match request {
            StageRequest::Template(message) => {
                self.template
                    .ask(message, patience)
                    .await?
                    .map(|output| StageProduct {
                        document: output.document,
                        target: None,
                        style: Some(output.style),
                        detail: None,
                        fit: None,
                        outcome: output.outcome,
                    })
            }
            StageRequest::Detail(message) => {
                self.detail
                    .ask(message, patience)
                    .await?
                    .map(|output| StageProduct {
                        document: output.document,
                        target: Some(output.target),
                        style: None,
                        detail: Some(output.summary),
                        fit: None,
                        outcome: output.outcome,
                    })
            }
            StageRequest::Optimize(message) => {
                self.optimize
                    .ask(message, patience)
                    .await?
                    .map(|output| StageProduct {
                        document: output.document,
                        target: None,
                        style: None,
                        detail: None,
                        fit: Some(output.summary),
                        outcome: output.outcome,
                    })
            }
        })
    }
}

impl StageRequest {
    fn stage(&self) -> Stage {
        match self {
            Self::Template(_) => Stage::Template,
            Self::Detail(_) => Stage::Detail,
            Self::Optimize(_) => Stage::Optimize,
        }
    }
}

/// What a call says about its backend. A caller's bad input, change of mind or lack of time says
/// nothing about it.
fn circuit_outcome<T>(
    result: &Result<T, StageError>,
    spent: Duration,
    slow: Duration,
    cancelled: bool,
) -> CircuitOutcome {
    match result {
        Ok(_) => CircuitOutcome::Success,
        Err(_) if cancelled && spent < slow => CircuitOutcome::Ignored,
        Err(StageError::BadInput(_) | StageError::Cancelled) => CircuitOutcome::Ignored,
        Err(StageError::Deadline) if spent < slow => CircuitOutcome::Ignored,
        Err(StageError::Deadline | StageError::Backend { .. } | StageError::Panic(_)) => {
            CircuitOutcome::Failure
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Duration = Duration::from_secs(2);

    fn outcome(error: StageError, spent_ms: u64, cancelled: bool) -> CircuitOutcome {
        circuit_outcome::<()>(
            &Err(error),
            Duration::from_millis(spent_ms),
            SLOW,
            cancelled,
        )
    }

    #[test]
    fn only_the_backends_own_faults_count_against_it() {
        let broken = || StageError::Backend {
            backend: "embedded".to_owned(),
            message: "gone".to_owned(),
        };
        assert_eq!(
            circuit_outcome(&Ok(()), SLOW, SLOW, false),
            CircuitOutcome::Success
        );
        assert_eq!(outcome(broken(), 5, false), CircuitOutcome::Failure);
        assert_eq!(
            outcome(StageError::Panic("x".into()), 5, false),
            CircuitOutcome::Failure
        );
        assert_eq!(
            outcome(StageError::BadInput("x".into()), 5, false),
            CircuitOutcome::Ignored
        );
        assert_eq!(
            outcome(StageError::Cancelled, 5, true),
            CircuitOutcome::Ignored
        );
        assert_eq!(outcome(broken(), 5, true), CircuitOutcome::Ignored);
    }

    #[test]
    fn running_out_of_time_counts_only_when_there_was_time() {
        assert_eq!(
            outcome(StageError::Deadline, 100, false),
            CircuitOutcome::Ignored
        );
        assert_eq!(
            outcome(StageError::Deadline, 2_500, false),
            CircuitOutcome::Failure
        );
    }
}
