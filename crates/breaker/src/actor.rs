//! The breaker's mailbox: one state machine for each circuit, and the clock.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actix::prelude::*;
use chat2svg_protocol::{
    Circuit, CircuitChange, CircuitMode, CircuitOpen, CircuitPermit, CircuitSnapshot,
    CircuitStanding, CircuitState, PipelineOpen, PipelinePermit, UnknownCircuit,
    messages::{
        Acquire, CircuitChanged, CircuitsQuery, EnterPipeline, LeavePipeline, PipelineQuery,
        Report, SetCircuit, SetPipeline,
    },
};
use chat2svg_supervision::{Line, answers_polls};
use jiff::Timestamp;
use metrics::counter;
// Follows a paused clock in tests.
use tokio::time::Instant;
use tracing::{info, warn};

use crate::{breaker::Breaker, config::BreakerConfig, registry::CircuitRegistry};

/// Changes that are kept of each circuit.
const CHANGES_KEPT: usize = 8;

/// The circuits. When the actor is started anew they are closed, but for those that are held.
pub struct BreakerActor {
    config: BreakerConfig,
    registry: CircuitRegistry,
    circuits: BTreeMap<Circuit, Watched>,
    /// The circuit of the pipeline as a whole: its calls are jobs.
    pipeline: Watched,
    /// Who is told when a circuit changes its state.
    listener: Option<Line<CircuitChanged>>,
    started: Instant,
    first_generation: u64,
}

/// A circuit and what was seen of it.
struct Watched {
    breaker: Breaker,
    /// The state that was seen last.
    seen: CircuitState,
    changes: VecDeque<CircuitChange>,
}

impl BreakerActor {
    /// The circuits of the registry, closed unless they are held open. A circuit that is not in it
    /// begins with its first call.
    pub fn new(config: BreakerConfig, registry: CircuitRegistry) -> Self {
        // Generations change far less often than microseconds pass, so those of an earlier
        // incarnation are all smaller.
        let first_generation = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|age| u64::try_from(age.as_micros()).ok())
            .unwrap_or(0);
        let pipeline = Breaker::new(config.clone(), first_generation, !first_generation);
        let mut actor = Self {
            config,
            registry,
            circuits: BTreeMap::new(),
            pipeline: Watched::new(pipeline, Duration::ZERO),
            listener: None,
            started: Instant::now(),
            first_generation,
        };
        for (circuit, mode) in actor.registry.modes() {
            actor.change(&circuit, |breaker, _| set_unless_automatic(breaker, mode));
        }
        let mode = actor.registry.pipeline_mode();
        actor.change_pipeline(|breaker, _| set_unless_automatic(breaker, mode));
        actor
    }

    /// The same, telling somebody when a circuit changes its state.
    #[must_use]
    pub fn telling(mut self, listener: Line<CircuitChanged>) -> Self {
        self.listener = Some(listener);
        self
    }

    /// Lets `change` work on a circuit, and takes note when its state has changed.
    fn change<T>(
        &mut self,
        circuit: &Circuit,
        change: impl FnOnce(&mut Breaker, Duration) -> T,
    ) -> T {
        let now = self.started.elapsed();
        // Each circuit has its own chance, and every process another.
        let seed = self.first_generation ^ (self.circuits.len() as u64);
        let watched = self.circuits.entry(circuit.clone()).or_insert_with(|| {
            let breaker = Breaker::new(self.config.clone(), self.first_generation, seed);
            Watched::new(breaker, now)
        });
        let listener = self.listener.as_ref();
        watched.look(Some(circuit), now, listener);
        let outcome = change(&mut watched.breaker, now);
        watched.look(Some(circuit), now, listener);
        outcome
    }

    /// The same for the circuit of the pipeline.
    fn change_pipeline<T>(&mut self, change: impl FnOnce(&mut Breaker, Duration) -> T) -> T {
        let now = self.started.elapsed();
        let listener = self.listener.as_ref();
        self.pipeline.look(None, now, listener);
        let outcome = change(&mut self.pipeline.breaker, now);
        self.pipeline.look(None, now, listener);
        outcome
    }

    /// How a circuit stands; `None` when there is none.
    fn snapshot(&mut self, circuit: &Circuit) -> Option<CircuitSnapshot> {
        let now = self.started.elapsed();
        let watched = self.circuits.get_mut(circuit)?;
        watched.look(Some(circuit), now, self.listener.as_ref());
        Some(CircuitSnapshot {
            stage: circuit.stage,
            backend: circuit.backend.clone(),
            standing: watched.standing(now),
        })
    }

    /// How the circuit of the pipeline stands.
    fn pipeline_standing(&mut self) -> CircuitStanding {
        let now = self.started.elapsed();
        self.pipeline.look(None, now, self.listener.as_ref());
        self.pipeline.standing(now)
    }
}

fn set_unless_automatic(breaker: &mut Breaker, mode: CircuitMode) {
    if mode != CircuitMode::Automatic {
        breaker.set_mode(mode);
    }
}

impl Watched {
    fn new(breaker: Breaker, now: Duration) -> Self {
        Self {
            seen: breaker.state(now),
            breaker,
            changes: VecDeque::new(),
        }
    }

    fn standing(&self, now: Duration) -> CircuitStanding {
        let breaker = &self.breaker;
        let window = breaker.window(now);
        CircuitStanding {
            state: breaker.state(now),
            mode: breaker.mode(),
            window_calls: window.calls,
            window_failures: window.failures,
            window_slow: window.slow,
            consecutive_failures: breaker.consecutive_failures(),
            retry_after_seconds: breaker.retry_after(now).map(|wait| wait.as_secs_f64()),
            because: breaker.because(),
            last_failure: breaker.last_failure().map(str::to_owned),
            changes: self.changes.iter().cloned().collect(),
        }
    }

    /// Takes note when the state is another than the last that was seen. Without a name it is the
    /// circuit of the pipeline.
    fn look(
        &mut self,
        circuit: Option<&Circuit>,
        now: Duration,
        listener: Option<&Line<CircuitChanged>>,
    ) {
        let (from, to) = (self.seen, self.breaker.state(now));
        if from == to {
            return;
        }
        self.seen = to;
        let last = self.changes.back().and_then(|change| change.because);
        let because = self.breaker.because().or(last);
        let change = CircuitChange {
            at: Timestamp::now(),
            from,
            to,
            because,
        };
        self.changes.push_back(change.clone());
        while self.changes.len() > CHANGES_KEPT {
            self.changes.pop_front();
        }
        if let Some(listener) = listener {
            listener.tell(CircuitChanged {
                circuit: circuit.cloned(),
                change,
            });
        }
        let reason = because.map_or("", |because| because.name());
        match circuit {
            Some(circuit) => counter!(
                "chat2svg_circuit_changes_total",
                "stage" => circuit.stage.name(),
                "backend" => circuit.backend.to_string(),
                "to" => to.name(),
                "because" => reason
            ),
            None => counter!(
                "chat2svg_pipeline_circuit_changes_total",
                "to" => to.name(),
                "because" => reason
            ),
        }
        .increment(1);
        let circuit = circuit.map_or_else(|| "pipeline".to_owned(), ToString::to_string);
        let (from, to) = (from.name(), to.name());
        let retry_after = self.breaker.retry_after(now).map(|wait| wait.as_secs_f64());
        let failures = self.breaker.consecutive_failures();
        let last_failure = self.breaker.last_failure();
        if self.seen == CircuitState::Open {
            warn!(
                circuit,
                from,
                to,
                because = reason,
                failures,
                retry_after,
                last_failure,
                "circuit opened"
            );
        } else {
            info!(circuit, from, to, because = reason, "circuit changed");
        }
    }
}

impl Actor for BreakerActor {
    type Context = Context<Self>;
}

answers_polls!(BreakerActor);

impl Handler<Acquire> for BreakerActor {
    type Result = Result<CircuitPermit, CircuitOpen>;

    fn handle(&mut self, acquire: Acquire, _: &mut Self::Context) -> Self::Result {
        let Acquire { circuit, size } = acquire;
        let leave = self.change(&circuit, |breaker, now| breaker.acquire(now, size));
        match leave {
            Ok(generation) => Ok(CircuitPermit {
                circuit,
                generation,
            }),
            Err(refusal) => Err(CircuitOpen {
                circuit,
                because: refusal.because,
                retry_after: refusal.retry_after,
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

impl Handler<SetCircuit> for BreakerActor {
    type Result = Result<CircuitSnapshot, UnknownCircuit>;

    fn handle(&mut self, set: SetCircuit, _: &mut Self::Context) -> Self::Result {
        let SetCircuit { circuit, mode } = set;
        if self.circuits.contains_key(&circuit) {
            info!(%circuit, ?mode, "a circuit's mode is set");
            self.registry.set(circuit.clone(), mode);
            self.change(&circuit, |breaker, _| breaker.set_mode(mode));
        }
        self.snapshot(&circuit).ok_or_else(|| {
            let known = self.circuits.keys().map(ToString::to_string).collect();
            UnknownCircuit { circuit, known }
        })
    }
}

impl Handler<CircuitsQuery> for BreakerActor {
    type Result = MessageResult<CircuitsQuery>;

    fn handle(&mut self, _: CircuitsQuery, _: &mut Self::Context) -> Self::Result {
        let circuits: Vec<Circuit> = self.circuits.keys().cloned().collect();
        let snapshots = circuits.iter().filter_map(|circuit| self.snapshot(circuit));
        MessageResult(snapshots.collect())
    }
}

impl Handler<EnterPipeline> for BreakerActor {
    type Result = Result<PipelinePermit, PipelineOpen>;

    fn handle(&mut self, enter: EnterPipeline, _: &mut Self::Context) -> Self::Result {
        let leave = self.change_pipeline(|breaker, now| breaker.acquire(now, enter.size));
        leave
            .map(|generation| PipelinePermit { generation })
            .map_err(|refusal| PipelineOpen {
                because: refusal.because,
                retry_after: refusal.retry_after,
            })
    }
}

impl Handler<LeavePipeline> for BreakerActor {
    type Result = ();

    fn handle(&mut self, leave: LeavePipeline, _: &mut Self::Context) {
        let generation = leave.permit.generation;
        self.change_pipeline(|breaker, now| breaker.report(now, generation, &leave.call));
    }
}

impl Handler<SetPipeline> for BreakerActor {
    type Result = MessageResult<SetPipeline>;

    fn handle(&mut self, set: SetPipeline, _: &mut Self::Context) -> Self::Result {
        info!(mode = ?set.mode, "the mode of the pipeline's circuit is set");
        self.registry.set_pipeline(set.mode);
        self.change_pipeline(|breaker, _| breaker.set_mode(set.mode));
        MessageResult(self.pipeline_standing())
    }
}

impl Handler<PipelineQuery> for BreakerActor {
    type Result = MessageResult<PipelineQuery>;

    fn handle(&mut self, _: PipelineQuery, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.pipeline_standing())
    }
}
