//! The machine step by step, and against a slow model that keeps every report.

use Verdict::{Failure, Ignored, Success};
use chat2svg_protocol::Fault;
use proptest::prelude::*;

use super::*;

fn config() -> BreakerConfig {
    BreakerConfig {
        failure_threshold: 3,
        window_calls: 0,
        failure_rate: 0.5,
        reset_timeout_seconds: 10,
        max_open_seconds: 35,
        half_open_probes: 1,
        success_threshold: 1,
        probe_timeout_seconds: 100,
        ..BreakerConfig::default()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lets a call through at `now` and reports it at once.
fn call(breaker: &mut Breaker, now: u64, outcome: Verdict) {
    let generation = breaker.acquire(seconds(now)).unwrap();
    breaker.take(seconds(now), generation, outcome);
}

fn opened(config: BreakerConfig) -> Breaker {
    let mut breaker = Breaker::new(config, 0);
    for _ in 0..3 {
        call(&mut breaker, 0, Failure);
    }
    assert_eq!(breaker.state(seconds(0)), CircuitState::Open);
    breaker
}

#[test]
fn opens_after_failures_in_a_row_only() {
    let mut breaker = Breaker::new(config(), 0);
    for outcome in [Failure, Failure, Success, Failure, Ignored, Failure] {
        call(&mut breaker, 0, outcome);
        assert_eq!(breaker.state(seconds(0)), CircuitState::Closed);
    }
    assert_eq!(breaker.consecutive_failures(), 2);
    call(&mut breaker, 0, Failure);
    assert_eq!(breaker.state(seconds(0)), CircuitState::Open);
    assert_eq!(breaker.consecutive_failures(), 3);
}

#[test]
fn refuses_until_its_time_is_over_and_says_how_long() {
    let mut breaker = opened(config());
    assert_eq!(breaker.acquire(seconds(4)), Err(seconds(6)));
    assert_eq!(breaker.retry_after(seconds(4)), Some(seconds(6)));
    assert_eq!(breaker.state(seconds(10)), CircuitState::HalfOpen);
    assert_eq!(breaker.retry_after(seconds(10)), None);
    assert!(breaker.acquire(seconds(10)).is_ok());
}

#[test]
fn one_probe_passes_and_closes_it() {
    let mut breaker = opened(config());
    let probe = breaker.acquire(seconds(10)).unwrap();
    assert_eq!(breaker.acquire(seconds(20)), Err(seconds(90)));
    breaker.take(seconds(21), probe, Success);
    assert_eq!(breaker.state(seconds(21)), CircuitState::Closed);
    assert_eq!(breaker.consecutive_failures(), 0);
}

#[test]
fn stays_open_longer_after_each_failed_probe_and_forgets_when_closed() {
    let mut breaker = opened(config());
    let mut now = 0;
    for wait in [10, 20, 35, 35] {
        assert_eq!(breaker.acquire(seconds(now)), Err(seconds(wait)));
        now += wait;
        call(&mut breaker, now, Failure);
    }
    now += 35;
    call(&mut breaker, now, Success);
    for _ in 0..3 {
        call(&mut breaker, now, Failure);
    }
    assert_eq!(breaker.acquire(seconds(now)), Err(seconds(10)));
}

#[test]
fn several_probes_must_succeed_when_configured() {
    let mut breaker = opened(BreakerConfig {
        half_open_probes: 2,
        success_threshold: 3,
        ..config()
    });
    let first = breaker.acquire(seconds(10)).unwrap();
    let second = breaker.acquire(seconds(10)).unwrap();
    assert!(breaker.acquire(seconds(10)).is_err());
    breaker.take(seconds(11), first, Success);
    breaker.take(seconds(11), second, Success);
    assert_eq!(breaker.state(seconds(11)), CircuitState::HalfOpen);
    call(&mut breaker, 11, Success);
    assert_eq!(breaker.state(seconds(11)), CircuitState::Closed);
}

#[test]
fn a_cancelled_probe_makes_room_for_another() {
    let mut breaker = opened(config());
    call(&mut breaker, 10, Ignored);
    assert_eq!(breaker.state(seconds(10)), CircuitState::HalfOpen);
    call(&mut breaker, 10, Success);
    assert_eq!(breaker.state(seconds(10)), CircuitState::Closed);
}

#[test]
fn a_lost_probe_makes_room_in_time_and_its_late_report_does_not_count() {
    let mut breaker = opened(config());
    let lost = breaker.acquire(seconds(10)).unwrap();
    assert_eq!(breaker.acquire(seconds(109)), Err(seconds(1)));
    let next = breaker.acquire(seconds(110)).unwrap();
    breaker.take(seconds(111), lost, Failure);
    assert_eq!(breaker.state(seconds(111)), CircuitState::HalfOpen);
    breaker.take(seconds(111), next, Success);
    assert_eq!(breaker.state(seconds(111)), CircuitState::Closed);
}

#[test]
fn reports_from_before_it_opened_do_not_count() {
    let mut breaker = Breaker::new(config(), 0);
    let slow = breaker.acquire(seconds(0)).unwrap();
    for _ in 0..3 {
        call(&mut breaker, 0, Failure);
    }
    breaker.take(seconds(1), slow, Success);
    assert_eq!(breaker.state(seconds(1)), CircuitState::Open);
    assert_eq!(breaker.consecutive_failures(), 3);
}

#[test]
fn opens_when_the_share_of_failures_in_a_full_window_is_too_high() {
    let mut breaker = Breaker::new(
        BreakerConfig {
            window_calls: 6,
            ..config()
        },
        0,
    );
    for outcome in [Failure, Failure, Success, Success, Success] {
        call(&mut breaker, 0, outcome);
    }
    assert_eq!(breaker.state(seconds(0)), CircuitState::Closed);
    call(&mut breaker, 0, Failure);
    assert_eq!(breaker.state(seconds(0)), CircuitState::Open);
}

fn report(end: CallEnd, milliseconds: u64) -> CallReport {
    CallReport {
        end,
        spent: Duration::from_millis(milliseconds),
        reason: Some("it said so".to_owned()),
    }
}

/// Lets a call through and reports its facts.
fn made(breaker: &mut Breaker, now: u64, call: &CallReport) {
    let generation = breaker.acquire(seconds(now)).unwrap();
    breaker.report(seconds(now), generation, call);
}

#[test]
fn a_wish_to_wait_is_honoured_exactly_and_is_no_failure() {
    let mut breaker = Breaker::new(config(), 0);
    let busy = Fault::Busy {
        retry_after: seconds(7),
    };
    made(&mut breaker, 1, &report(CallEnd::Failed(busy), 10));
    assert_eq!(breaker.acquire(seconds(1)), Err(seconds(7)));
    assert_eq!(breaker.because(), Some(OpenReason::AskedToWait));
    assert_eq!(breaker.acquire(seconds(7)), Err(seconds(1)));
    made(&mut breaker, 8, &report(CallEnd::Served, 10));
    assert_eq!(breaker.state(seconds(8)), CircuitState::Closed);
    // The first opening for failures is as short as ever.
    for _ in 0..3 {
        call(&mut breaker, 8, Failure);
    }
    assert_eq!(breaker.acquire(seconds(8)), Err(seconds(10)));
}

#[test]
fn what_somebody_must_see_to_opens_at_once_and_for_long() {
    let mut breaker = Breaker::new(config(), 0);
    made(
        &mut breaker,
        0,
        &report(CallEnd::Failed(Fault::Terminal), 10),
    );
    assert_eq!(breaker.acquire(seconds(5)), Err(seconds(3_595)));
    assert_eq!(breaker.because(), Some(OpenReason::Terminal));
    assert_eq!(breaker.last_failure(), Some("it said so"));
}

#[test]
fn what_the_request_or_the_caller_did_never_counts() {
    let mut breaker = Breaker::new(config(), 0);
    for _ in 0..20 {
        for fault in [Fault::Request, Fault::Caller] {
            made(&mut breaker, 0, &report(CallEnd::Failed(fault), 60_000));
        }
    }
    assert_eq!(breaker.state(seconds(0)), CircuitState::Closed);
    assert_eq!(breaker.consecutive_failures(), 0);
    assert_eq!(breaker.last_failure(), None);
}

#[test]
fn running_out_of_time_counts_only_when_there_was_time() {
    let mut breaker = Breaker::new(config(), 0);
    for _ in 0..3 {
        made(&mut breaker, 0, &report(CallEnd::Late, 1_999));
    }
    assert_eq!(breaker.state(seconds(0)), CircuitState::Closed);
    for _ in 0..3 {
        made(&mut breaker, 0, &report(CallEnd::Late, 2_000));
    }
    assert_eq!(breaker.state(seconds(0)), CircuitState::Open);
    // A backend that needs eight seconds for what it does well is not broken after ten.
    let mut patient = Breaker::new(config(), 0);
    for _ in 0..10 {
        made(&mut patient, 0, &report(CallEnd::Served, 8_000));
        made(&mut patient, 0, &report(CallEnd::Late, 10_000));
    }
    assert_eq!(patient.consecutive_failures(), 0);
    for _ in 0..3 {
        made(&mut patient, 0, &report(CallEnd::Late, 25_000));
    }
    assert_eq!(patient.state(seconds(0)), CircuitState::Open);
}

/// Everything that happened in the present stay, evaluated from scratch every time.
struct Model {
    config: BreakerConfig,
    stay: Stay,
    openings: u32,
}

enum Stay {
    Closed(Vec<Verdict>),
    Open {
        since: u64,
    },
    /// Times at which probes were sent that are not reported, and reports.
    HalfOpen(Vec<u64>, Vec<Verdict>),
}

impl Model {
    fn open_seconds(&self) -> u64 {
        let mut time = u64::from(self.config.reset_timeout_seconds);
        for _ in 1..self.openings {
            time = (time * 2).min(u64::from(self.config.max_open_seconds));
        }
        time
    }

    fn settle(&mut self, now: u64) {
        if let Stay::Open { since } = self.stay
            && now >= since + self.open_seconds()
        {
            self.stay = Stay::HalfOpen(Vec::new(), Vec::new());
        }
    }

    fn admits(&mut self, now: u64) -> bool {
        self.settle(now);
        match &mut self.stay {
            Stay::Closed(_) => true,
            Stay::Open { .. } => false,
            Stay::HalfOpen(probes, _) => {
                let timeout = u64::from(self.config.probe_timeout_seconds);
                if probes.iter().any(|sent| now >= sent + timeout) {
                    probes.clear();
                }
                let free = probes.len() < self.config.half_open_probes as usize;
                if free {
                    probes.push(now);
                }
                free
            }
        }
    }

    /// A report of a permit that was given in this stay.
    fn report(&mut self, now: u64, outcome: Verdict) {
        let opens = match &mut self.stay {
            Stay::Open { .. } => false,
            Stay::Closed(reports) => {
                reports.push(outcome);
                let threshold = self.config.failure_threshold as usize;
                let telling: Vec<_> = reports.iter().filter(|r| **r != Ignored).collect();
                telling.len() >= threshold
                    && telling[telling.len() - threshold..]
                        .iter()
                        .all(|report| **report == Failure)
            }
            Stay::HalfOpen(probes, reports) => {
                probes.remove(0);
                reports.push(outcome);
                outcome == Failure
            }
        };
        if opens {
            self.openings += 1;
            self.stay = Stay::Open { since: now };
        }
        if let Stay::HalfOpen(_, reports) = &self.stay {
            let successes = reports.iter().filter(|report| **report == Success).count();
            if successes >= self.config.success_threshold as usize {
                self.openings = 0;
                self.stay = Stay::Closed(Vec::new());
            }
        }
    }

    fn state(&mut self, now: u64) -> CircuitState {
        self.settle(now);
        match self.stay {
            Stay::Closed(_) => CircuitState::Closed,
            Stay::Open { .. } => CircuitState::Open,
            Stay::HalfOpen(..) => CircuitState::HalfOpen,
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Acquire,
    /// Report one of the permits held, by index.
    Report(usize, Verdict),
    /// Report a permit that was reported before.
    Repeat(Verdict),
}

fn outcomes() -> impl Strategy<Value = Verdict> {
    prop_oneof![4 => Just(Failure), 3 => Just(Success), 1 => Just(Ignored)]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (1_u64..40).prop_map(Step::Wait),
        5 => Just(Step::Acquire),
        5 => (0_usize..4, outcomes()).prop_map(|(index, outcome)| Step::Report(index, outcome)),
        1 => outcomes().prop_map(Step::Repeat),
    ];
    proptest::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn behaves_like_the_model(
        steps in steps(),
        failure_threshold in 1_u32..5,
        half_open_probes in 1_u32..4,
        success_threshold in 1_u32..4,
    ) {
        let config = BreakerConfig { failure_threshold, half_open_probes, success_threshold, ..config() };
        let mut breaker = Breaker::new(config.clone(), 7);
        let mut model = Model { config, stay: Stay::Closed(Vec::new()), openings: 0 };
        let mut now = 0;
        let mut held: Vec<u64> = Vec::new();
        let mut used: Vec<u64> = Vec::new();
        for step in steps {
            match step {
                Step::Wait(time) => now += time,
                Step::Acquire => {
                    let admitted = breaker.acquire(seconds(now));
                    prop_assert_eq!(admitted.is_ok(), model.admits(now));
                    match admitted {
                        Ok(generation) => held.push(generation),
                        Err(wait) => {
                            prop_assert!(wait > Duration::ZERO);
                            // Nothing is ever stuck: who waits that long is let through.
                            prop_assert!(breaker.clone().acquire(seconds(now) + wait).is_ok());
                        }
                    }
                }
                Step::Report(index, outcome) if index < held.len() => {
                    let generation = held.remove(index);
                    used.push(generation);
                    if generation == breaker.generation {
                        model.report(now, outcome);
                    }
                    breaker.take(seconds(now), generation, outcome);
                }
                Step::Repeat(outcome) => {
                    if let Some(generation) = used.last().filter(|used| **used != breaker.generation) {
                        let before = format!("{breaker:?}");
                        breaker.take(seconds(now), *generation, outcome);
                        prop_assert_eq!(before, format!("{breaker:?}"));
                    }
                }
                Step::Report(..) => {}
            }
            prop_assert_eq!(breaker.state(seconds(now)), model.state(now));
        }
    }
}
