//! The breaker's mailbox: one state machine for each circuit, and the clock.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use actix::prelude::*;
use chat2svg_protocol::{
    Circuit, CircuitOpen, CircuitPermit, CircuitSnapshot, OpenReason,
    messages::{Acquire, CircuitsQuery, Report},
};
use chat2svg_supervision::answers_polls;
use tracing::info;

use crate::{breaker::Breaker, config::BreakerConfig};

/// The circuits. They close when the actor is started anew.
pub struct BreakerActor {
    config: BreakerConfig,
    circuits: BTreeMap<Circuit, Breaker>,
    started: Instant,
    first_generation: u64,
}

impl BreakerActor {
    /// All circuits closed.
    pub fn new(config: BreakerConfig) -> Self {
        // Generations change far less often than microseconds pass, so those of an earlier
        // incarnation are all smaller.
        let first_generation = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|age| u64::try_from(age.as_micros()).ok())
            .unwrap_or(0);
        Self {
            config,
            circuits: BTreeMap::new(),
            started: Instant::now(),
            first_generation,
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Lets `change` work on a circuit, and says when that changed its state.
    fn change<T>(
        &mut self,
        circuit: &Circuit,
        change: impl FnOnce(&mut Breaker, Duration) -> T,
    ) -> T {
        let now = self.now();
        let breaker = self
            .circuits
            .entry(circuit.clone())
            .or_insert_with(|| Breaker::new(self.config.clone(), self.first_generation));
        let before = breaker.state(now);
        let outcome = change(breaker, now);
        let after = breaker.state(now);
        if before != after {
            info!(
                %circuit,
                from = ?before,
                to = ?after,
                failures = breaker.consecutive_failures(),
                retry_after = ?breaker.retry_after(now),
                "circuit changed"
            );
        }
        outcome
    }
}

impl Actor for BreakerActor {
    type Context = Context<Self>;
}

answers_polls!(BreakerActor);

impl Handler<Acquire> for BreakerActor {
    type Result = Result<CircuitPermit, CircuitOpen>;

    fn handle(&mut self, acquire: Acquire, _: &mut Self::Context) -> Self::Result {
        let circuit = acquire.circuit;
        let leave = self.change(&circuit, |breaker, now| {
            breaker.acquire(now).map_err(|retry_after| {
                let because = breaker.because().unwrap_or(OpenReason::Failures);
                (retry_after, because)
            })
        });
        match leave {
            Ok(generation) => Ok(CircuitPermit {
                circuit,
                generation,
            }),
            Err((retry_after, because)) => Err(CircuitOpen {
                circuit,
                because,
                retry_after,
            }),
        }
    }
}

impl Handler<Report> for BreakerActor {
    type Result = ();

    fn handle(&mut self, report: Report, _: &mut Self::Context) {
        let CircuitPermit {
            circuit,
            generation,
        } = report.permit;
        self.change(&circuit, |breaker, now| {
            breaker.report(now, generation, &report.call);
        });
    }
}

impl Handler<CircuitsQuery> for BreakerActor {
    type Result = MessageResult<CircuitsQuery>;

    fn handle(&mut self, _: CircuitsQuery, _: &mut Self::Context) -> Self::Result {
        let now = self.now();
        let circuits = self
            .circuits
            .iter()
            .map(|(circuit, breaker)| CircuitSnapshot {
                stage: circuit.stage,
                backend: circuit.backend.clone(),
                state: breaker.state(now),
                consecutive_failures: breaker.consecutive_failures(),
                retry_after_seconds: breaker.retry_after(now).map(|wait| wait.as_secs_f64()),
                because: breaker.because(),
                last_failure: breaker.last_failure().map(str::to_owned),
            });
        MessageResult(circuits.collect())
    }
}
