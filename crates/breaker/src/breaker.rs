//! The state machine of one circuit. Pure: time is passed in, as the time since some fixed moment.

use std::{collections::VecDeque, time::Duration};

use chat2svg_protocol::{CircuitOutcome, CircuitState};

use crate::config::BreakerConfig;

/// One circuit.
#[derive(Clone, Debug)]
pub struct Breaker {
    config: BreakerConfig,
    state: State,
    /// Which stay in a state this is. Permits carry it, so that a report that was overtaken by a
    /// change of state is recognised.
    generation: u64,
    consecutive_failures: u32,
    /// How often it opened since it was last closed.
    openings: u32,
}

#[derive(Clone, Debug)]
enum State {
    /// Calls pass; whether each of the latest failed.
    Closed { window: VecDeque<bool> },
    /// Calls are refused until then.
    Open { until: Duration },
    /// Probes pass.
    HalfOpen {
        /// When each probe under way was let through, oldest first.
        probes: VecDeque<Duration>,
        successes: u32,
    },
}

impl Breaker {
    /// A closed circuit. Permits of an earlier life are told apart if `generation` is larger than
    /// any that it used.
    pub fn new(config: BreakerConfig, generation: u64) -> Self {
        Self {
            config,
            state: State::Closed {
                window: VecDeque::new(),
            },
            generation,
            consecutive_failures: 0,
            openings: 0,
        }
    }

    /// May a call be made? Answers the generation to report with.
    ///
    /// # Errors
    /// The time after which to ask again, when not.
    pub fn acquire(&mut self, now: Duration) -> Result<u64, Duration> {
        if let State::Open { until } = self.state {
            if now < until {
                return Err(until - now);
            }
            self.enter(State::HalfOpen {
                probes: VecDeque::new(),
                successes: 0,
            });
        }
        let timeout = self.config.probe_timeout();
        let State::HalfOpen { probes, .. } = &mut self.state else {
            return Ok(self.generation);
        };
        // Whoever held a lost probe may still report it, so the stay begins anew without it.
        if probes.front().is_some_and(|sent| now >= *sent + timeout) {
            probes.clear();
            self.generation += 1;
        }
        let room = usize::try_from(self.config.half_open_probes.max(1)).unwrap_or(usize::MAX);
        match probes.front() {
            Some(oldest) if probes.len() >= room => Err((*oldest + timeout).saturating_sub(now)),
            _ => {
                probes.push_back(now);
                Ok(self.generation)
            }
        }
    }

    /// Takes note of how a call went that was let through under `generation`.
    pub fn report(&mut self, now: Duration, generation: u64, outcome: CircuitOutcome) {
        if generation != self.generation {
            return;
        }
        match &mut self.state {
            State::Closed { window } => {
                let failed = match outcome {
                    CircuitOutcome::Ignored => return,
                    CircuitOutcome::Success => false,
                    CircuitOutcome::Failure => true,
                };
                window.push_back(failed);
                let size = usize::try_from(self.config.window_calls).unwrap_or(usize::MAX);
                while window.len() > size {
                    window.pop_front();
                }
                let is_full = size > 0 && window.len() == size;
                let failures = window.iter().filter(|failed| **failed).count();
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a window of 2^52 calls is out of reach"
                )]
                let too_many = is_full && failures as f64 >= self.config.failure_rate * size as f64;
                self.count(failed);
                let in_a_row = self.consecutive_failures >= self.config.failure_threshold.max(1);
                if failed && (in_a_row || too_many) {
                    self.open(now);
                }
            }
            State::HalfOpen { probes, successes } => {
                // More reports than probes: someone reported twice.
                if probes.pop_front().is_none() {
                    return;
                }
                match outcome {
                    CircuitOutcome::Ignored => {}
                    CircuitOutcome::Success => {
                        *successes += 1;
                        let enough = *successes >= self.config.success_threshold.max(1);
                        self.count(false);
                        if enough {
                            self.openings = 0;
                            self.enter(State::Closed {
                                window: VecDeque::new(),
                            });
                        }
                    }
                    CircuitOutcome::Failure => {
                        self.count(true);
                        self.open(now);
                    }
                }
            }
            State::Open { .. } => {}
        }
    }

    /// Whether calls pass. An open circuit whose time is over shows as half-open.
    pub fn state(&self, now: Duration) -> CircuitState {
        match self.state {
            State::Closed { .. } => CircuitState::Closed,
            State::Open { until } if now < until => CircuitState::Open,
            State::Open { .. } | State::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }

    /// How long calls are still refused, when it is open.
    pub fn retry_after(&self, now: Duration) -> Option<Duration> {
        match self.state {
            State::Open { until } if now < until => Some(until - now),
            _ => None,
        }
    }

    /// Failures in a row, up to the last report that counted.
    pub fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures
    }

    fn count(&mut self, failed: bool) {
        self.consecutive_failures = if failed {
            self.consecutive_failures.saturating_add(1)
        } else {
            0
        };
    }

    fn open(&mut self, now: Duration) {
        self.openings = self.openings.saturating_add(1);
        let until = now.saturating_add(self.config.open_time(self.openings));
        self.enter(State::Open { until });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests;
