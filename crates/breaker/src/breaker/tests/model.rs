//! The machine against a reference that keeps everything and judges it anew at every step.

use proptest::prelude::*;

use super::*;

/// What a call said, as the reference sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Good,
    Slow,
    Bad,
    Nothing,
    Wait(u64),
    Broken,
}

impl Said {
    fn verdict(self) -> Verdict {
        match self {
            Self::Good => Success,
            Self::Slow => Verdict::Slow,
            Self::Bad => Failure,
            Self::Nothing => Ignored,
            Self::Wait(time) => Verdict::Wait(seconds(time)),
            Self::Broken => Verdict::Terminal,
        }
    }
}

/// A stay in a state, from its beginning on.
enum Stay {
    Closed {
        calls: Vec<(u64, Said)>,
    },
    Open {
        until: Duration,
        because: OpenReason,
        refused: Vec<u32>,
    },
    Probing {
        because: OpenReason,
        since: Duration,
        refused: Vec<u32>,
        sent: Vec<u64>,
        good: usize,
    },
}

struct Model {
    config: BreakerConfig,
    mode: CircuitMode,
    stay: Stay,
    openings: u32,
    /// Which stay it is, also when lost probes begin it anew.
    stays: u64,
}

impl Model {
    fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            mode: CircuitMode::Automatic,
            stay: Stay::Closed { calls: Vec::new() },
            openings: 0,
            stays: 0,
        }
    }

    fn move_to(&mut self, stay: Stay) {
        self.stay = stay;
        self.stays += 1;
    }

    fn set_mode(&mut self, mode: CircuitMode) {
        self.mode = mode;
        self.openings = 0;
        self.move_to(Stay::Closed { calls: Vec::new() });
    }

    fn admits(&mut self, now: u64, size: u32) -> bool {
        if self.mode == CircuitMode::Open {
            return false;
        }
        if let Stay::Open {
            until,
            because,
            refused,
        } = &mut self.stay
        {
            if seconds(now) < *until {
                refused.push(size);
                return false;
            }
            let probing = Stay::Probing {
                because: *because,
                since: *until,
                refused: std::mem::take(refused),
                sent: Vec::new(),
                good: 0,
            };
            self.move_to(probing);
        }
        let Stay::Probing {
            since,
            refused,
            sent,
            ..
        } = &mut self.stay
        else {
            return true;
        };
        let timeout = u64::from(self.config.probe_timeout_seconds);
        if sent.iter().any(|sent| now >= sent + timeout) {
            sent.clear();
            self.stays += 1;
        }
        let choice = seconds(u64::from(self.config.probe_choice_seconds));
        let is_large = refused.iter().any(|other| *other < size);
        let passes = sent.len() < self.config.half_open_probes as usize
            && !(is_large && seconds(now) < *since + choice);
        if passes {
            sent.push(now);
        }
        passes
    }

    /// Why the calls of a stay would open the circuit with the last of them.
    fn opens(&self, calls: &[(u64, Said)]) -> Option<OpenReason> {
        let (now, last) = *calls.last()?;
        let age = u64::from(self.config.window_seconds);
        let most = match self.config.window_calls {
            0 => usize::MAX,
            most => most as usize,
        };
        let counted: Vec<Said> = calls
            .iter()
            .rev()
            .take(most)
            .filter(|(at, _)| age == 0 || now - at < age)
            .map(|(_, said)| *said)
            .collect();
        let in_a_row = calls
            .iter()
            .rev()
            .take_while(|(_, said)| *said == Said::Bad);
        let share = |wanted: Said, rate: f64| {
            let enough = (self.config.minimum_calls as usize).min(most);
            let part = counted.iter().filter(|said| **said == wanted).count();
            rate > 0.0 && counted.len() >= enough && part as f64 >= rate * counted.len() as f64
        };
        match last {
            Said::Bad
                if in_a_row.count() >= self.config.failure_threshold as usize
                    || share(Said::Bad, self.config.failure_rate) =>
            {
                Some(OpenReason::Failures)
            }
            Said::Slow if share(Said::Slow, self.config.slow_rate) => Some(OpenReason::Slow),
            _ => None,
        }
    }

    /// A report. `observed` is for how long the machine refuses now: chance is its own, so the
    /// reference only checks that it is within bounds.
    fn report(&mut self, now: u64, in_stay: bool, said: Said, observed: Option<Duration>) {
        if self.mode != CircuitMode::Automatic {
            return;
        }
        let asked = match said {
            Said::Wait(time) => Some((seconds(now + time), OpenReason::AskedToWait)),
            Said::Broken => {
                let time = u64::from(self.config.terminal_open_seconds);
                Some((seconds(now + time), OpenReason::Terminal))
            }
            _ => None,
        };
        if let Some((until, because)) = asked {
            match &mut self.stay {
                Stay::Open {
                    until: known,
                    because: why,
                    ..
                } if seconds(now) < *known => {
                    if until > *known {
                        (*known, *why) = (until, because);
                    }
                }
                _ => self.move_to(Stay::Open {
                    until,
                    because,
                    refused: Vec::new(),
                }),
            }
            return;
        }
        if !in_stay {
            return;
        }
        let mut opens = None;
        let mut closes = false;
        match &mut self.stay {
            Stay::Open { .. } => {}
            Stay::Closed { calls } => {
                if said != Said::Nothing {
                    calls.push((now, said));
                    let calls = calls.clone();
                    opens = self.opens(&calls);
                }
            }
            Stay::Probing {
                because,
                sent,
                good,
                ..
            } => {
                sent.remove(0);
                match said {
                    Said::Slow if *because == OpenReason::Slow => opens = Some(OpenReason::Slow),
                    Said::Good | Said::Slow => *good += 1,
                    Said::Bad => opens = Some(OpenReason::Failures),
                    Said::Nothing | Said::Wait(_) | Said::Broken => {}
                }
                closes = *good >= self.config.success_threshold as usize;
            }
        }
        if let Some(because) = opens {
            self.openings += 1;
            let first = u64::from(self.config.reset_timeout_seconds);
            let most = u64::from(self.config.max_open_seconds).max(first);
            let mut least = first;
            for _ in 1..self.openings {
                least = (least * 2).min(most);
            }
            let least = seconds(least);
            let jitter = if self.openings > 1 {
                self.config.reopen_jitter
            } else {
                0.0
            };
            let wait = observed.expect("the reference says that it opens");
            assert!(
                (least..=least.mul_f64(1.0 + jitter) + Duration::from_nanos(1)).contains(&wait),
                "{wait:?} for {least:?}"
            );
            self.move_to(Stay::Open {
                until: seconds(now) + wait,
                because,
                refused: Vec::new(),
            });
        } else if closes {
            self.openings = 0;
            self.move_to(Stay::Closed { calls: Vec::new() });
        }
    }

    fn state(&self, now: u64) -> CircuitState {
        match (self.mode, &self.stay) {
            (CircuitMode::Open, _) => CircuitState::Open,
            (CircuitMode::Closed, _) | (_, Stay::Closed { .. }) => CircuitState::Closed,
            (_, Stay::Open { until, .. }) if seconds(now) < *until => CircuitState::Open,
            _ => CircuitState::HalfOpen,
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Acquire(u32),
    /// Report one of the permits held, by index.
    Report(usize, Said),
    /// Report a permit of an earlier stay that was reported before.
    Repeat(Said),
    Hold(CircuitMode),
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        8 => Just(Said::Bad),
        6 => Just(Said::Good),
        4 => Just(Said::Slow),
        2 => Just(Said::Nothing),
        1 => (0_u64..50).prop_map(Said::Wait),
        1 => Just(Said::Broken),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let mode = prop_oneof![
        2 => Just(CircuitMode::Automatic),
        1 => Just(CircuitMode::Open),
        1 => Just(CircuitMode::Closed),
    ];
    let step = prop_oneof![
        20 => (0_u64..25).prop_map(Step::Wait),
        50 => (1_u32..6).prop_map(Step::Acquire),
        50 => (0_usize..4, said()).prop_map(|(index, said)| Step::Report(index, said)),
        10 => said().prop_map(Step::Repeat),
        2 => mode.prop_map(Step::Hold),
    ];
    proptest::collection::vec(step, 0..250)
}

fn configs() -> impl Strategy<Value = BreakerConfig> {
    (
        (1_u32..5, 0_u32..8, 0_u32..60, 1_u32..8),
        (1_u32..4, 1_u32..4, 0_u32..8, 0.0_f64..=1.0),
        prop_oneof![Just(0.0), 0.2_f64..=1.0],
        prop_oneof![Just(0.0), 0.2_f64..=1.0],
    )
        .prop_map(|(window, probes, failure_rate, slow_rate)| {
            let (failure_threshold, window_calls, window_seconds, minimum_calls) = window;
            let (half_open_probes, success_threshold, probe_choice_seconds, jitter) = probes;
            BreakerConfig {
                failure_threshold,
                window_calls,
                window_seconds,
                minimum_calls,
                failure_rate,
                slow_rate,
                half_open_probes,
                success_threshold,
                probe_choice_seconds,
                reopen_jitter: jitter,
                terminal_open_seconds: 70,
                ..config()
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn it_does_what_the_reference_does(
        steps in steps(),
        config in configs(),
        seed in any::<u64>(),
    ) {
        let mut breaker = Breaker::new(config.clone(), 7, seed);
        let mut model = Model::new(config);
        let mut now = 0;
        // Permits, each with the stay in which the reference saw it given.
        let mut held: Vec<(u64, u64)> = Vec::new();
        let mut used: Vec<(u64, u64)> = Vec::new();
        for step in steps {
            match step {
                Step::Wait(time) => now += time,
                Step::Hold(mode) => {
                    breaker.set_mode(mode);
                    model.set_mode(mode);
                }
                Step::Acquire(size) => {
                    let asked = breaker.acquire(seconds(now), CallSize(size));
                    prop_assert_eq!(asked.is_ok(), model.admits(now, size));
                    match asked {
                        Ok(generation) => held.push((generation, model.stays)),
                        Err(Refusal { retry_after: None, because }) => {
                            prop_assert_eq!(because, OpenReason::Held);
                        }
                        Err(Refusal { retry_after: Some(wait), .. }) => {
                            prop_assert!(wait > Duration::ZERO);
                            // Nothing is ever stuck: the smallest call that waits that long passes,
                            // any other after the time of choice.
                            let then = seconds(now) + wait;
                            let mut later = breaker.clone();
                            let smallest = later.acquire(then, CallSize(0));
                            prop_assert!(smallest.is_ok(), "{:?}", smallest);
                            let choice = model.config.probe_choice_seconds;
                            let mut later = breaker.clone();
                            let any = later.acquire(then + seconds(choice.into()), CallSize(size));
                            prop_assert!(any.is_ok(), "{:?}", any);
                        }
                    }
                }
                Step::Report(index, said) if index < held.len() => {
                    let (generation, stay) = held.remove(index);
                    used.push((generation, stay));
                    breaker.take(seconds(now), generation, said.verdict());
                    let observed = breaker.retry_after(seconds(now));
                    model.report(now, stay == model.stays, said, observed);
                }
                Step::Repeat(said) => {
                    let old = used.last().filter(|(_, stay)| *stay != model.stays);
                    if let Some((generation, _)) = old {
                        breaker.take(seconds(now), *generation, said.verdict());
                        model.report(now, false, said, None);
                    }
                }
                Step::Report(..) => {}
            }
            prop_assert_eq!(breaker.state(seconds(now)), model.state(now));
            prop_assert_eq!(breaker.mode(), model.mode);
        }
    }
}
