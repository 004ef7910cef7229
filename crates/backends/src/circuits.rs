//! The circuits in front of the backends, as a stage sees them.

use std::time::Duration;

use chat2svg_protocol::{
    CallEnd, CallReport, CallSize, Circuit, CircuitOpen, CircuitPermit, Cost, Fault,
    messages::{Acquire, Report},
};
use chat2svg_supervision::Line;
use tokio::time::Instant;
use tracing::warn;

/// Asks the breakers for leave and reports to them.
#[derive(Clone, Debug)]
pub struct Circuits(Option<Lines>);

#[derive(Clone, Debug)]
struct Lines {
    acquire: Line<Acquire>,
    report: Line<Report>,
    /// How long to wait for the breakers.
    patience: Duration,
}

impl Circuits {
    /// Circuits behind two lines to the breakers, which have `patience` to answer.
    pub fn new(acquire: Line<Acquire>, report: Line<Report>, patience: Duration) -> Self {
        Self(Some(Lines {
            acquire,
            report,
            patience,
        }))
    }

    /// Circuits that let every call through, for a stage that runs on its own.
    pub fn always_closed() -> Self {
        Self(None)
    }

    /// Leave to make a call, from now until it is reported.
    pub(crate) async fn enter(
        &self,
        circuit: Circuit,
        terms: Terms,
    ) -> Result<Call<'_>, CircuitOpen> {
        let permit = match &self.0 {
            None => None,
            Some(lines) => {
                let acquire = Acquire {
                    circuit,
                    size: terms.size,
                };
                match lines.acquire.ask(acquire, lines.patience).await {
                    Ok(Ok(permit)) => Some(permit),
                    Ok(Err(open)) => return Err(open),
                    Err(error) => {
                        // Breakers that are away must not stop the service.
                        warn!(%error, "calling without a circuit breaker");
                        None
                    }
                }
            }
        };
        Ok(Call {
            circuits: self,
            permit,
            terms,
            begun: Instant::now(),
        })
    }
}

/// What is known of a call before it is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) size: CallSize,
    pub(crate) is_steady: bool,
    pub(crate) price: Cost,
}

/// A call under way. Its end is reported exactly once, also when it is dropped.
pub(crate) struct Call<'a> {
    circuits: &'a Circuits,
    permit: Option<CircuitPermit>,
    terms: Terms,
    begun: Instant,
}

impl Call<'_> {
    /// Reports how the call ended, and what it cost if that is another than its price; answers how
    /// long it took.
    pub(crate) fn end(
        mut self,
        end: CallEnd,
        reason: Option<String>,
        cost: Option<Cost>,
    ) -> Duration {
        self.report(end, reason, cost)
    }

    fn report(&mut self, end: CallEnd, reason: Option<String>, cost: Option<Cost>) -> Duration {
        let spent = self.begun.elapsed();
        if let (Some(permit), Some(lines)) = (self.permit.take(), &self.circuits.0) {
            let call = CallReport {
                end,
                spent,
                reason,
                size: self.terms.size,
                comparable: self.terms.is_steady,
                cost: cost.unwrap_or(self.terms.price),
            };
            // It may be lost with the breakers: those that follow them know nothing of the permit.
            lines.report.tell(Report { permit, call });
        }
        spent
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.report(CallEnd::Failed(Fault::Caller), None, None);
    }
}
