//! The state machine of one circuit. Pure: time is passed in, as the time since some fixed moment.

use std::{collections::VecDeque, time::Duration};

use chat2svg_protocol::{CallEnd, CallReport, CircuitState, OpenReason};

use crate::{
    config::BreakerConfig,
    verdict::{Verdict, judge},
};

/// Weight of the latest call in the mean duration of calls.
const LEARNING_RATE: f64 = 0.2;
/// The longest wait that a backend can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// One circuit.
#[derive(Clone, Debug)]
pub struct Breaker {
    config: BreakerConfig,
    state: State,
    /// Which stay in a state this is. Permits carry it, so that a report that was overtaken by a
    /// change of state is recognised.
    generation: u64,
    consecutive_failures: u32,
    /// How often it opened for failures since it was last closed.
    openings: u32,
    /// How long calls that served took on the mean, later ones weighing more; in seconds.
    usual_seconds: Option<f64>,
    /// What the last call that failed said.
    last_failure: Option<String>,
}

#[derive(Clone, Debug)]
enum State {
    /// Calls pass; whether each of the latest failed.
    Closed { window: VecDeque<bool> },
    /// Calls are refused until then.
    Open {
        until: Duration,
        because: OpenReason,
    },
    /// Probes pass.
    HalfOpen {
        /// Why it was open.
        because: OpenReason,
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
            usual_seconds: None,
            last_failure: None,
        }
    }

    /// May a call be made? Answers the generation to report with.
    ///
    /// # Errors
    /// The time after which to ask again, when not.
    pub fn acquire(&mut self, now: Duration) -> Result<u64, Duration> {
        if let State::Open { until, because } = self.state {
            if now < until {
                return Err(until - now);
            }
            self.enter(State::HalfOpen {
                because,
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

    /// Takes note of a call that was let through under `generation`: judges it, and learns from it
    /// how long calls take.
    pub fn report(&mut self, now: Duration, generation: u64, call: &CallReport) {
        let verdict = judge(call, self.slow_from());
        if generation == self.generation && verdict.is_fault() {
            self.last_failure.clone_from(&call.reason);
        }
        if call.end == CallEnd::Served {
            let seconds = call.spent.as_secs_f64();
            let usual = self.usual_seconds.get_or_insert(seconds);
            *usual += LEARNING_RATE * (seconds - *usual);
        }
        self.take(now, generation, verdict);
    }

    /// Takes in what a call says about the backend.
    fn take(&mut self, now: Duration, generation: u64, verdict: Verdict) {
        if generation != self.generation {
            return;
        }
        match verdict {
            Verdict::Wait(time) => {
                let until = now.saturating_add(time.min(LONGEST_WAIT));
                self.enter(State::Open {
                    until,
                    because: OpenReason::AskedToWait,
                });
                return;
            }
            Verdict::Terminal => {
                let until = now.saturating_add(self.config.terminal_open_time());
                self.enter(State::Open {
                    until,
                    because: OpenReason::Terminal,
                });
                return;
            }
            Verdict::Success | Verdict::Failure | Verdict::Ignored => {}
        }
        match &mut self.state {
            State::Closed { window } => {
                if verdict == Verdict::Ignored {
                    return;
                }
                let failed = verdict == Verdict::Failure;
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
            State::HalfOpen {
                probes, successes, ..
            } => {
                // More reports than probes: someone reported twice.
                if probes.pop_front().is_none() {
                    return;
                }
                match verdict {
                    Verdict::Success => {
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
                    Verdict::Failure => {
                        self.count(true);
                        self.open(now);
                    }
                    Verdict::Ignored | Verdict::Wait(_) | Verdict::Terminal => {}
                }
            }
            State::Open { .. } => {}
        }
    }

    /// Whether calls pass. An open circuit whose time is over shows as half-open.
    pub fn state(&self, now: Duration) -> CircuitState {
        match self.state {
            State::Closed { .. } => CircuitState::Closed,
            State::Open { until, .. } if now < until => CircuitState::Open,
            State::Open { .. } | State::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }

    /// How long calls are still refused, when it is open.
    pub fn retry_after(&self, now: Duration) -> Option<Duration> {
        match self.state {
            State::Open { until, .. } if now < until => Some(until - now),
            _ => None,
        }
    }

    /// Why it is open, or was until the probes that pass now.
    pub fn because(&self) -> Option<OpenReason> {
        match self.state {
            State::Open { because, .. } => Some(because),
            State::HalfOpen { because, .. } => Some(because),
            State::Closed { .. } => None,
        }
    }

    /// What the last call that failed said.
    pub fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }

    /// From when on a call without result is slow: a multiple of what calls usually take, and never
    /// less than the configured time.
    fn slow_from(&self) -> Duration {
        let least = self.config.slow_call_time();
        let usual = self
            .usual_seconds
            .map(|usual| usual * self.config.slow_factor);
        usual
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map_or(least, |slow| slow.max(least))
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
        self.enter(State::Open {
            until,
            because: OpenReason::Failures,
        });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests;
