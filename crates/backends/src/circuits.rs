//! The circuits in front of the backends, as a stage sees them.

use std::time::{Duration, Instant};

use chat2svg_protocol::{
    CallEnd, CallReport, Circuit, CircuitOpen, CircuitPermit, Fault,
    messages::{Acquire, Report},
};
use chat2svg_supervision::Line;
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
    pub(crate) async fn enter(&self, circuit: Circuit) -> Result<Call<'_>, CircuitOpen> {
        let permit = match &self.0 {
            None => None,
            Some(lines) => {
                let asked = lines.acquire.ask(Acquire { circuit }, lines.patience).await;
                match asked {
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
            begun: Instant::now(),
        })
    }
}

/// A call under way. Its end is reported exactly once, also when it is dropped.
pub(crate) struct Call<'a> {
    circuits: &'a Circuits,
    permit: Option<CircuitPermit>,
    begun: Instant,
}

impl Call<'_> {
    /// Reports how the call ended; answers how long it took.
    pub(crate) fn end(mut self, end: CallEnd, reason: Option<String>) -> Duration {
        let spent = self.begun.elapsed();
        self.report(CallReport { end, spent, reason });
        spent
    }

    fn report(&mut self, call: CallReport) {
        if let (Some(permit), Some(lines)) = (self.permit.take(), &self.circuits.0) {
            // It may be lost with the breakers: those that follow them know nothing of the permit.
            lines.report.tell(Report { permit, call });
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.report(CallReport {
            end: CallEnd::Failed(Fault::Caller),
            spent: self.begun.elapsed(),
            reason: None,
        });
    }
}
