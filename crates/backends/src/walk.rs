//! Walking the line: one backend after the other, until one serves.

use std::{sync::Arc, time::Duration};

use chat2svg_protocol::{
    Attempt, AttemptOutcome, BackendId, CallEnd, CallFailure, Circuit, CircuitOpen, Fault, Source,
    messages::{StageError, StageFailure},
};
use metrics::{counter, histogram};
// Follows a paused clock in tests.
use tokio::time::Instant;
use tracing::{info, warn};

use crate::{Backend, LineUp, StageRun, circuits::Terms};

/// How long a backend that is not the last may overrun its time before it is left behind.
const GRACE: Duration = Duration::from_millis(20);

impl<R: StageRun> LineUp<R> {
    /// Has the run served by the first backend that gives something of use. Each gets the time that
    /// those after it do not need; the last gets all that is left.
    ///
    /// # Errors
    /// When none served: why the last one did not, and how each turn went.
    pub async fn serve(&self, run: R) -> Result<R::Output, StageFailure> {
        let mut attempts = Vec::new();
        let mut error = StageError::Lost(format!("stage {} has no backend for this run", R::STAGE));
        let takers: Vec<_> = self
            .backends
            .iter()
            .filter(|each| each.takes(&run))
            .collect();
        for (place, backend) in takers.iter().enumerate() {
            let later = takers.get(place + 1..).unwrap_or_default();
            match self.turn(backend, later, &run).await {
                Turn::Served(mut output, attempt) => {
                    attempts.push(noted(&run, attempt));
                    R::outcome_mut(&mut output).attempts = attempts;
                    return Ok(output);
                }
                Turn::Over(attempt, why) => {
                    attempts.push(noted(&run, attempt));
                    error = why;
                }
            }
            if run.context().cancel.is_cancelled() {
                error = StageError::Cancelled;
                break;
            }
        }
        Err(StageFailure { error, attempts })
    }

    /// One backend's turn.
    async fn turn(
        &self,
        backend: &Arc<dyn Backend<R>>,
        later: &[&Arc<dyn Backend<R>>],
        run: &R,
    ) -> Turn<R::Output> {
        let id = backend.id();
        if let Some(reason) = backend.absence() {
            return Turn::passed(id, reason);
        }
        if run.context().source == Source::Embedded && id != BackendId::EMBEDDED {
            return Turn::passed(id, "the plan has no room for it".to_owned());
        }
        let kept: Duration = later.iter().map(|backend| backend.reserve(run)).sum();
        let deadline = run.context().deadline;
        let until = deadline.checked_sub(kept).unwrap_or(deadline);
        let left = until.saturating_duration_since(Instant::now().into_std());
        if !later.is_empty() && left < backend.reserve(run) {
            return Turn::passed(id, "there was no time left for it".to_owned());
        }
        let circuit = Circuit {
            stage: R::STAGE,
            backend: id.clone(),
        };
        let terms = Terms {
            size: run.size(),
            is_steady: backend.is_steady(),
            price: backend.price(run),
        };
        let call = match self.circuits.enter(circuit, terms).await {
            Ok(call) => call,
            Err(open) => return Turn::refused(id, open),
        };
        let mut own = run.clone();
        // What it started ends when it is left behind.
        let cancel = run.context().cancel.child_token();
        let _end = cancel.clone().drop_guard();
        own.context_mut().cancel = cancel;
        own.context_mut().deadline = until;
        let served = backend.serve(own);
        let result = if later.is_empty() {
            served.await
        } else {
            tokio::select! {
                biased;
                result = served => result,
                () = run.context().cancel.cancelled() => Err(CallFailure::cancelled()),
                () = tokio::time::sleep_until((until + GRACE).into()) => Err(CallFailure::late()),
            }
        };
        let result = result.and_then(|output| match backend.refuse(run, &output) {
            None => Ok(output),
            Some(reason) => Err(CallFailure::new(Fault::Provider, reason)),
        });
        match result {
            Ok(output) => {
                let spent = call.end(CallEnd::Served, None, None);
                Turn::Served(output, attempt(id, CallEnd::Served.into(), spent, None))
            }
            Err(failure) => {
                let spent = call.end(failure.end(), Some(failure.reason.clone()), failure.cost);
                Turn::failed(id, failure, spent)
            }
        }
    }
}

/// How a backend's turn went.
enum Turn<T> {
    Served(T, Attempt),
    Over(Attempt, StageError),
}

impl<T> Turn<T> {
    fn passed(id: BackendId, reason: String) -> Self {
        let outcome = AttemptOutcome::Passed;
        let attempt = attempt(id, outcome, Duration::ZERO, Some(reason));
        Self::Over(attempt, StageError::Deadline)
    }

    fn refused(id: BackendId, open: CircuitOpen) -> Self {
        let outcome = AttemptOutcome::Refused;
        let attempt = attempt(id, outcome, Duration::ZERO, Some(open.to_string()));
        Self::Over(attempt, StageError::Refused(open))
    }

    fn failed(id: BackendId, failure: CallFailure, spent: Duration) -> Self {
        let outcome = failure.end().into();
        let attempt = Attempt {
            model: failure.used,
            ..attempt(id.clone(), outcome, spent, Some(failure.reason.clone()))
        };
        let error = match failure.fault {
            None => StageError::Deadline,
            Some(Fault::Caller) => StageError::Cancelled,
            Some(Fault::Request) => StageError::BadInput(failure.reason),
            Some(Fault::Provider | Fault::Busy { .. } | Fault::Terminal) => StageError::Backend {
                backend: id,
                message: failure.reason,
            },
        };
        Self::Over(attempt, error)
    }
}

fn attempt(
    backend: BackendId,
    outcome: AttemptOutcome,
    spent: Duration,
    reason: Option<String>,
) -> Attempt {
    Attempt {
        backend,
        outcome,
        seconds: spent.as_secs_f64(),
        reason,
        model: None,
    }
}

/// Counts and logs a turn.
fn noted<R: StageRun>(run: &R, attempt: Attempt) -> Attempt {
    let (stage, job) = (R::STAGE.name(), run.context().job);
    let backend = attempt.backend.as_str().to_owned();
    counter!(
        "chat2svg_backend_turns_total",
        "stage" => stage, "backend" => backend.clone(), "outcome" => attempt.outcome.name()
    )
    .increment(1);
    match attempt.outcome {
        AttemptOutcome::Served => {
            histogram!("chat2svg_backend_duration_seconds", "stage" => stage, "backend" => backend)
                .record(attempt.seconds);
        }
        AttemptOutcome::Cancelled | AttemptOutcome::Passed => {
            info!(%job, stage, backend, outcome = attempt.outcome.name(), "backend did not serve");
        }
        _ => warn!(
            %job,
            stage,
            backend,
            outcome = attempt.outcome.name(),
            reason = attempt.reason,
            "backend did not serve"
        ),
    }
    attempt
}
