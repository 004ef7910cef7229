//! The state machine of one circuit. Pure: time is passed in, as the time since some fixed moment,
//! and chance comes from a seed.

use std::{collections::VecDeque, time::Duration};

use chat2svg_protocol::{
    CallEnd, CallReport, CallSize, CircuitMode, CircuitState, Cost, OpenReason,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    config::BreakerConfig,
    usual::UsualDurations,
    verdict::{SlowFrom, Verdict, is_wasted, judge},
    window::{Mark, Waste, Window, WindowCounts},
};

/// The longest wait that a backend can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// One circuit.
#[derive(Clone, Debug)]
pub struct Breaker {
    config: BreakerConfig,
    mode: CircuitMode,
    state: State,
    /// Which stay in a state this is. Permits carry it, so that a report that was overtaken by a
    /// change of state is recognised.
    generation: u64,
    consecutive_failures: u32,
    /// How often it opened for failures since it was last closed.
    openings: u32,
    usual: UsualDurations,
    waste: Waste,
    /// What the last call that failed said.
    last_failure: Option<String>,
    chance: ChaCha8Rng,
}

#[derive(Clone, Debug)]
enum State {
    /// Calls pass.
    Closed(Window),
    /// Calls are refused until then.
    Open {
        until: Duration,
        because: OpenReason,
        /// The smallest call that was refused.
        smallest: Option<CallSize>,
    },
    /// Probes pass.
    HalfOpen {
        /// Why it was open.
        because: OpenReason,
        /// Until then only calls as small as any that was refused pass.
        choosy_until: Duration,
        smallest: Option<CallSize>,
        /// When each probe under way was let through, oldest first.
        probes: VecDeque<Duration>,
        successes: u32,
    },
}

/// A call may not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub because: OpenReason,
    /// After which time to ask again; `None` when somebody must let calls through.
    pub retry_after: Option<Duration>,
}

impl Breaker {
    /// A closed circuit. Permits of an earlier life are told apart if `generation` is larger than
    /// any that it used; `seed` decides what chance adds to the time for which it stays open.
    pub fn new(config: BreakerConfig, generation: u64, seed: u64) -> Self {
        Self {
            config,
            mode: CircuitMode::Automatic,
            state: State::Closed(Window::default()),
            generation,
            consecutive_failures: 0,
            openings: 0,
            usual: UsualDurations::default(),
            waste: Waste::default(),
            last_failure: None,
            chance: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// May a call of this size be made? Answers the generation to report with.
    ///
    /// # Errors
    /// Why not, and the time after which to ask again.
    pub fn acquire(&mut self, now: Duration, size: CallSize) -> Result<u64, Refusal> {
        if self.mode == CircuitMode::Open {
            return Err(Refusal {
                because: OpenReason::Held,
                retry_after: None,
            });
        }
        if let State::Open {
            until,
            because,
            smallest,
        } = &mut self.state
        {
            if now < *until {
                *smallest = Some(smallest.map_or(size, |known| known.min(size)));
                return Err(Refusal {
                    because: *because,
                    retry_after: Some(*until - now),
                });
            }
            let half_open = State::HalfOpen {
                because: *because,
                choosy_until: until.saturating_add(self.config.probe_choice()),
                smallest: *smallest,
                probes: VecDeque::new(),
                successes: 0,
            };
            self.enter(half_open);
        }
        let timeout = self.config.probe_timeout();
        let State::HalfOpen {
            because,
            choosy_until,
            smallest,
            probes,
            ..
        } = &mut self.state
        else {
            return Ok(self.generation);
        };
        let refused = |wait| {
            Err(Refusal {
                because: *because,
                retry_after: Some(wait),
            })
        };
        // Whoever held a lost probe may still report it, so the stay begins anew without it.
        if probes.front().is_some_and(|sent| now >= *sent + timeout) {
            probes.clear();
            self.generation += 1;
        }
        let room = usize::try_from(self.config.half_open_probes.max(1)).unwrap_or(usize::MAX);
        if let Some(oldest) = probes.front()
            && probes.len() >= room
        {
            return refused((*oldest + timeout).saturating_sub(now));
        }
        if now < *choosy_until && smallest.is_some_and(|smallest| size > smallest) {
            return refused(*choosy_until - now);
        }
        probes.push_back(now);
        Ok(self.generation)
    }

    /// Takes note of a call that was let through under `generation`: judges it, and learns from it
    /// how long calls take.
    pub fn report(&mut self, now: Duration, generation: u64, call: &CallReport) {
        let verdict = judge(call, self.slow_from(call.size));
        if verdict.is_fault() && (generation == self.generation || verdict.binds_always()) {
            self.last_failure.clone_from(&call.reason);
        }
        if call.end == CallEnd::Served {
            self.usual.learn(call.size, call.spent);
        }
        let is_too_dear = generation == self.generation
            && is_wasted(call.end)
            && self.wastes_too_much(now, call.cost);
        self.take(now, generation, verdict);
        let may_open = self.mode == CircuitMode::Automatic;
        if is_too_dear && may_open && !matches!(self.state, State::Open { .. }) {
            self.open(now, OpenReason::Cost);
        }
    }

    fn wastes_too_much(&mut self, now: Duration, Cost(cost): Cost) -> bool {
        match self.config.waste_limit() {
            Some((limit, age)) if cost > 0 => self.waste.add(now, cost, age) >= limit,
            _ => false,
        }
    }

    /// Takes in what a call says about the backend.
    fn take(&mut self, now: Duration, generation: u64, verdict: Verdict) {
        if self.mode != CircuitMode::Automatic {
            // It is held, and shows what it would have seen.
            if generation == self.generation {
                self.note(now, verdict);
            }
            return;
        }
        match verdict {
            Verdict::Wait(time) => {
                let until = now.saturating_add(time.min(LONGEST_WAIT));
                return self.rest(now, until, OpenReason::AskedToWait);
            }
            Verdict::Terminal => {
                let until = now.saturating_add(self.config.terminal_open_time());
                return self.rest(now, until, OpenReason::Terminal);
            }
            _ if generation != self.generation => return,
            Verdict::Success | Verdict::Slow | Verdict::Failure | Verdict::Ignored => {}
        }
        match &mut self.state {
            State::Closed(_) => {
                if let Some(because) = self.note(now, verdict) {
                    self.open(now, because);
                }
            }
            State::HalfOpen {
                because,
                probes,
                successes,
                ..
            } => {
                // More reports than probes: someone reported twice.
                if probes.pop_front().is_none() {
                    return;
                }
                match verdict {
                    Verdict::Slow if *because == OpenReason::Slow => {
                        self.count(false);
                        self.open(now, OpenReason::Slow);
                    }
                    Verdict::Success | Verdict::Slow => {
                        *successes += 1;
                        let is_enough = *successes >= self.config.success_threshold.max(1);
                        self.count(false);
                        if is_enough {
                            self.close();
                        }
                    }
                    Verdict::Failure => {
                        self.count(true);
                        self.open(now, OpenReason::Failures);
                    }
                    Verdict::Ignored | Verdict::Wait(_) | Verdict::Terminal => {}
                }
            }
            State::Open { .. } => {}
        }
    }

    /// Adds a call to the window; answers why the circuit should open, if it should.
    fn note(&mut self, now: Duration, verdict: Verdict) -> Option<OpenReason> {
        let State::Closed(window) = &mut self.state else {
            return None;
        };
        let mark = match verdict {
            Verdict::Ignored => return None,
            Verdict::Success => Mark::Good,
            Verdict::Slow => Mark::Slow,
            Verdict::Failure | Verdict::Wait(_) | Verdict::Terminal => Mark::Failed,
        };
        let config = &self.config;
        window.add(now, mark, config.window_calls, config.window_age());
        let counts = window.counts();
        let is_telling = counts.calls >= config.enough_calls();
        let reaches = |part: u32, rate: f64| {
            is_telling && rate > 0.0 && f64::from(part) >= rate * f64::from(counts.calls)
        };
        let too_many = reaches(counts.failures, config.failure_rate);
        let too_slow = reaches(counts.slow, config.slow_rate);
        let in_a_row = config.failure_threshold.max(1);
        self.count(mark == Mark::Failed);
        match mark {
            Mark::Failed if self.consecutive_failures >= in_a_row || too_many => {
                Some(OpenReason::Failures)
            }
            Mark::Slow if too_slow => Some(OpenReason::Slow),
            Mark::Good | Mark::Slow | Mark::Failed => None,
        }
    }

    /// Opens until then, unless it is open for longer already. What the backend says of itself
    /// counts whenever the call was made.
    fn rest(&mut self, now: Duration, until: Duration, because: OpenReason) {
        if let State::Open {
            until: known,
            because: known_because,
            ..
        } = &mut self.state
            && now < *known
        {
            if until > *known {
                (*known, *known_because) = (until, because);
            }
            return;
        }
        self.enter(State::Open {
            until,
            because,
            smallest: None,
        });
    }

    /// Has the circuit held open or closed, or lets it decide itself again. Then it forgets what
    /// had happened: whoever lets go of it has seen to the backend.
    pub fn set_mode(&mut self, mode: CircuitMode) {
        self.mode = mode;
        self.consecutive_failures = 0;
        self.close();
    }

    /// Whether calls pass. An open circuit whose time is over shows as half-open.
    pub fn state(&self, now: Duration) -> CircuitState {
        match (self.mode, &self.state) {
            (CircuitMode::Open, _) => CircuitState::Open,
            (CircuitMode::Closed, _) | (_, State::Closed(_)) => CircuitState::Closed,
            (_, State::Open { until, .. }) if now < *until => CircuitState::Open,
            (_, State::Open { .. } | State::HalfOpen { .. }) => CircuitState::HalfOpen,
        }
    }

    /// Who decides whether calls pass.
    pub fn mode(&self) -> CircuitMode {
        self.mode
    }

    /// How long calls are still refused, when it is open and nobody holds it.
    pub fn retry_after(&self, now: Duration) -> Option<Duration> {
        match self.state {
            State::Open { until, .. } if now < until => Some(until - now),
            _ => None,
        }
    }

    /// Why it is open, or was until the probes that pass now.
    pub fn because(&self) -> Option<OpenReason> {
        match (self.mode, &self.state) {
            (CircuitMode::Open, _) => Some(OpenReason::Held),
            (_, State::Open { because, .. } | State::HalfOpen { because, .. }) => Some(*because),
            (_, State::Closed(_)) => None,
        }
    }

    /// What the last call that failed said.
    pub fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }

    /// The calls in the window; none but while it is closed.
    pub fn window(&self, now: Duration) -> WindowCounts {
        match &self.state {
            State::Closed(window) => {
                let mut window = window.clone();
                window.expire(now, self.config.window_age());
                window.counts()
            }
            State::Open { .. } | State::HalfOpen { .. } => WindowCounts::default(),
        }
    }

    /// From when on a call is slow: a multiple of what calls of its size usually take, and never
    /// less than the configured time.
    fn slow_from(&self, size: CallSize) -> SlowFrom {
        let least = self.config.slow_call_time();
        let usual = self.usual.of(size);
        let time = usual
            .map(|usual| usual.seconds * self.config.slow_factor)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map_or(least, |slow| slow.max(least));
        SlowFrom {
            time,
            is_known: usual.is_some_and(|usual| usual.is_known),
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

    fn open(&mut self, now: Duration, because: OpenReason) {
        self.openings = self.openings.saturating_add(1);
        let mut time = self.config.open_time(self.openings);
        if self.openings > 1 {
            // Whoever lost the backend at the same time should not all come back at once.
            let share: f64 = self.chance.random_range(0.0..=1.0);
            time += time.mul_f64(share * self.config.reopen_jitter.clamp(0.0, 1.0));
        }
        self.waste.clear();
        self.enter(State::Open {
            until: now.saturating_add(time),
            because,
            smallest: None,
        });
    }

    fn close(&mut self) {
        self.openings = 0;
        self.waste.clear();
        self.enter(State::Closed(Window::default()));
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests;
