//! The machine step by step.

use Verdict::{Failure, Ignored, Success};
use chat2svg_protocol::Fault;

use super::*;

mod model;

fn config() -> BreakerConfig {
    BreakerConfig {
        failure_threshold: 3,
        failure_rate: 0.0,
        slow_rate: 0.0,
        reset_timeout_seconds: 10,
        max_open_seconds: 35,
        reopen_jitter: 0.0,
        half_open_probes: 1,
        success_threshold: 1,
        probe_timeout_seconds: 100,
        ..BreakerConfig::default()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const SIZE: CallSize = CallSize(4);

impl Breaker {
    fn ask(&mut self, now: Duration) -> Result<u64, Duration> {
        let asked = self.acquire(now, SIZE);
        asked.map_err(|refusal| refusal.retry_after.unwrap())
    }
}

/// Lets a call through at `now` and reports it at once.
fn call(breaker: &mut Breaker, now: u64, outcome: Verdict) {
    let generation = breaker.ask(seconds(now)).unwrap();
    breaker.take(seconds(now), generation, outcome);
}

fn opened(config: BreakerConfig) -> Breaker {
    let mut breaker = Breaker::new(config, 0, 0);
    for _ in 0..3 {
        call(&mut breaker, 0, Failure);
    }
    assert_eq!(breaker.state(seconds(0)), CircuitState::Open);
    breaker
}

#[test]
fn opens_after_failures_in_a_row_only() {
    let mut breaker = Breaker::new(config(), 0, 0);
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
    assert_eq!(breaker.ask(seconds(4)), Err(seconds(6)));
    assert_eq!(breaker.retry_after(seconds(4)), Some(seconds(6)));
    assert_eq!(breaker.state(seconds(10)), CircuitState::HalfOpen);
    assert_eq!(breaker.retry_after(seconds(10)), None);
    assert!(breaker.ask(seconds(10)).is_ok());
}

#[test]
fn one_probe_passes_and_closes_it() {
    let mut breaker = opened(config());
    let probe = breaker.ask(seconds(10)).unwrap();
    assert_eq!(breaker.ask(seconds(20)), Err(seconds(90)));
    breaker.take(seconds(21), probe, Success);
    assert_eq!(breaker.state(seconds(21)), CircuitState::Closed);
    assert_eq!(breaker.consecutive_failures(), 0);
}

#[test]
fn stays_open_longer_after_each_failed_probe_and_forgets_when_closed() {
    let mut breaker = opened(config());
    let mut now = 0;
    for wait in [10, 20, 35, 35] {
        assert_eq!(breaker.ask(seconds(now)), Err(seconds(wait)));
        now += wait;
        call(&mut breaker, now, Failure);
    }
    now += 35;
    call(&mut breaker, now, Success);
    for _ in 0..3 {
        call(&mut breaker, now, Failure);
    }
    assert_eq!(breaker.ask(seconds(now)), Err(seconds(10)));
}

#[test]
fn several_probes_must_succeed_when_configured() {
    let mut breaker = opened(BreakerConfig {
        half_open_probes: 2,
        success_threshold: 3,
        ..config()
    });
    let first = breaker.ask(seconds(10)).unwrap();
    let second = breaker.ask(seconds(10)).unwrap();
    assert!(breaker.ask(seconds(10)).is_err());
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
    let lost = breaker.ask(seconds(10)).unwrap();
    assert_eq!(breaker.ask(seconds(109)), Err(seconds(1)));
    let next = breaker.ask(seconds(110)).unwrap();
    breaker.take(seconds(111), lost, Failure);
    assert_eq!(breaker.state(seconds(111)), CircuitState::HalfOpen);
    breaker.take(seconds(111), next, Success);
    assert_eq!(breaker.state(seconds(111)), CircuitState::Closed);
}

#[test]
fn reports_from_before_it_opened_do_not_count() {
    let mut breaker = Breaker::new(config(), 0, 0);
    let slow = breaker.ask(seconds(0)).unwrap();
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
            failure_rate: 0.5,
            ..config()
        },
        0,
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
        size: SIZE,
        comparable: true,
        cost: Cost(0),
    }
}

/// Lets a call through and reports its facts.
fn made(breaker: &mut Breaker, now: u64, call: &CallReport) {
    let generation = breaker.ask(seconds(now)).unwrap();
    breaker.report(seconds(now), generation, call);
}

#[test]
fn a_wish_to_wait_is_honoured_exactly_and_is_no_failure() {
    let mut breaker = Breaker::new(config(), 0, 0);
    let busy = Fault::Busy {
        retry_after: seconds(7),
    };
    made(&mut breaker, 1, &report(CallEnd::Failed(busy), 10));
    assert_eq!(breaker.ask(seconds(1)), Err(seconds(7)));
    assert_eq!(breaker.because(), Some(OpenReason::AskedToWait));
    assert_eq!(breaker.ask(seconds(7)), Err(seconds(1)));
    made(&mut breaker, 8, &report(CallEnd::Served, 10));
    assert_eq!(breaker.state(seconds(8)), CircuitState::Closed);
    // The first opening for failures is as short as ever.
    for _ in 0..3 {
        call(&mut breaker, 8, Failure);
    }
    assert_eq!(breaker.ask(seconds(8)), Err(seconds(10)));
}

#[test]
fn what_somebody_must_see_to_opens_at_once_and_for_long() {
    let mut breaker = Breaker::new(config(), 0, 0);
    made(
        &mut breaker,
        0,
        &report(CallEnd::Failed(Fault::Terminal), 10),
    );
    assert_eq!(breaker.ask(seconds(5)), Err(seconds(3_595)));
    assert_eq!(breaker.because(), Some(OpenReason::Terminal));
    assert_eq!(breaker.last_failure(), Some("it said so"));
}

#[test]
fn what_the_request_or_the_caller_did_never_counts() {
    let mut breaker = Breaker::new(config(), 0, 0);
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
    let mut breaker = Breaker::new(config(), 0, 0);
    for _ in 0..3 {
        made(&mut breaker, 0, &report(CallEnd::Late, 1_999));
    }
    assert_eq!(breaker.state(seconds(0)), CircuitState::Closed);
    for _ in 0..3 {
        made(&mut breaker, 0, &report(CallEnd::Late, 2_000));
    }
    assert_eq!(breaker.state(seconds(0)), CircuitState::Open);
    // A backend that needs eight seconds for what it does well is not broken after ten.
    let mut patient = Breaker::new(config(), 0, 0);
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

fn served_with_history(milliseconds: u64) -> Breaker {
    let mut breaker = Breaker::new(
        BreakerConfig {
            slow_rate: 0.8,
            minimum_calls: 5,
            window_calls: 5,
            ..config()
        },
        0,
        0,
    );
    for _ in 0..20 {
        made(&mut breaker, 0, &report(CallEnd::Served, milliseconds));
    }
    breaker
}

#[test]
fn slow_calls_open_it_against_what_calls_of_their_size_usually_take() {
    let mut breaker = served_with_history(1_000);
    for _ in 0..4 {
        assert_eq!(breaker.state(seconds(0)), CircuitState::Closed);
        made(&mut breaker, 0, &report(CallEnd::Served, 9_000));
    }
    assert_eq!(breaker.because(), Some(OpenReason::Slow));
    assert_eq!(breaker.consecutive_failures(), 0);
    // A probe that is as slow opens it again, for longer; one in time closes it.
    made(&mut breaker, 10, &report(CallEnd::Served, 9_000));
    assert_eq!(breaker.ask(seconds(10)), Err(seconds(20)));
    made(&mut breaker, 30, &report(CallEnd::Served, 1_000));
    assert_eq!(breaker.state(seconds(30)), CircuitState::Closed);
}

#[test]
fn a_call_is_not_slow_without_data_among_unlike_calls_or_within_the_least_time() {
    let large = CallReport {
        size: CallSize(32),
        ..report(CallEnd::Served, 60_000)
    };
    let unlike = CallReport {
        comparable: false,
        ..report(CallEnd::Served, 60_000)
    };
    for (usually, call) in [
        (1_000, large),
        (1_000, unlike),
        (10, report(CallEnd::Served, 1_999)),
    ] {
        let mut breaker = served_with_history(usually);
        for _ in 0..50 {
            made(&mut breaker, 0, &call);
        }
        assert_eq!(breaker.state(seconds(0)), CircuitState::Closed, "{call:?}");
    }
}

#[test]
fn calls_leave_the_window_with_age() {
    let mut breaker = Breaker::new(
        BreakerConfig {
            failure_threshold: 10_000,
            failure_rate: 0.5,
            window_calls: 0,
            window_seconds: 10,
            minimum_calls: 4,
            ..config()
        },
        0,
        0,
    );
    for now in 0..100 {
        // Never four calls within ten seconds.
        call(&mut breaker, now * 4, Failure);
        assert_eq!(breaker.state(seconds(now * 4)), CircuitState::Closed);
    }
    assert_eq!(breaker.window(seconds(396)).failures, 3);
    assert_eq!(breaker.window(seconds(500)).calls, 0);
    call(&mut breaker, 397, Failure);
    assert_eq!(breaker.state(seconds(397)), CircuitState::Open);
}

#[test]
fn money_for_nothing_opens_it_though_no_other_rule_does() {
    let dear = |end, milliseconds| CallReport {
        cost: Cost(300_000),
        ..report(end, milliseconds)
    };
    let mut breaker = Breaker::new(config(), 0, 0);
    // Too short to tell of a fault, but paid for; what served, or was the caller's, is not lost.
    for end in [CallEnd::Served, CallEnd::Failed(Fault::Caller)] {
        for _ in 0..20 {
            made(&mut breaker, 0, &dear(end, 500));
        }
    }
    for _ in 0..3 {
        made(&mut breaker, 0, &dear(CallEnd::Late, 500));
    }
    // The first three are over a minute old by then.
    for now in [61, 62, 63] {
        made(&mut breaker, now, &dear(CallEnd::Late, 500));
        assert_eq!(breaker.state(seconds(now)), CircuitState::Closed);
    }
    made(&mut breaker, 64, &dear(CallEnd::Late, 500));
    assert_eq!(breaker.because(), Some(OpenReason::Cost));
    assert_eq!(breaker.ask(seconds(64)), Err(seconds(10)));
}

#[test]
fn the_smallest_call_probes_and_others_only_when_none_comes() {
    let mut breaker = opened(config());
    let ask = |breaker: &mut Breaker, now, size| {
        let asked = breaker.acquire(seconds(now), CallSize(size));
        asked.map_err(|refusal| refusal.retry_after.unwrap())
    };
    for size in [8, 2, 4] {
        assert!(ask(&mut breaker, 1, size).is_err());
    }
    assert_eq!(ask(&mut breaker, 10, 8), Err(seconds(5)));
    let mut patient = breaker.clone();
    assert!(ask(&mut breaker, 11, 2).is_ok());
    assert!(ask(&mut patient, 14, 4).is_err());
    assert!(ask(&mut patient, 15, 8).is_ok());
    // Nobody had been refused: nobody is waited for.
    assert!(ask(&mut opened(config()), 10, 8).is_ok());
}

#[test]
fn the_time_grows_with_a_share_of_chance_but_the_first_is_exact() {
    let waits: Vec<_> = (0..40)
        .map(|seed| {
            let mut breaker = Breaker::new(
                BreakerConfig {
                    reopen_jitter: 0.5,
                    ..config()
                },
                0,
                seed,
            );
            for _ in 0..3 {
                call(&mut breaker, 0, Failure);
            }
            assert_eq!(breaker.ask(seconds(0)), Err(seconds(10)));
            call(&mut breaker, 10, Failure);
            breaker.ask(seconds(10)).unwrap_err()
        })
        .collect();
    for wait in &waits {
        assert!((seconds(20)..=seconds(30)).contains(wait), "{wait:?}");
    }
    assert!(waits.iter().any(|wait| *wait != waits[0]));
}

#[test]
fn a_later_wish_to_wait_longer_counts_although_the_circuit_is_open() {
    let mut breaker = Breaker::new(config(), 0, 0);
    let permits: Vec<_> = (0..3).map(|_| breaker.ask(seconds(0)).unwrap()).collect();
    for (permit, wait) in permits.into_iter().zip([7, 30, 2]) {
        let busy = Fault::Busy {
            retry_after: seconds(wait),
        };
        breaker.report(seconds(1), permit, &report(CallEnd::Failed(busy), 10));
    }
    assert_eq!(breaker.ask(seconds(1)), Err(seconds(30)));
}

#[test]
fn somebody_can_hold_it_and_let_go() {
    let mut breaker = Breaker::new(config(), 0, 0);
    breaker.set_mode(CircuitMode::Open);
    let held = Refusal {
        because: OpenReason::Held,
        retry_after: None,
    };
    assert_eq!(breaker.acquire(seconds(1_000_000), SIZE), Err(held));
    assert_eq!(breaker.state(seconds(1_000_000)), CircuitState::Open);
    breaker.set_mode(CircuitMode::Closed);
    for _ in 0..50 {
        made(
            &mut breaker,
            0,
            &report(CallEnd::Failed(Fault::Terminal), 1),
        );
    }
    assert_eq!(breaker.state(seconds(0)), CircuitState::Closed);
    assert_eq!(breaker.consecutive_failures(), 50);
    breaker.set_mode(CircuitMode::Automatic);
    assert_eq!(breaker.consecutive_failures(), 0);
    made(
        &mut breaker,
        0,
        &report(CallEnd::Failed(Fault::Terminal), 1),
    );
    assert_eq!(breaker.because(), Some(OpenReason::Terminal));
    // Who has topped up the credit need not wait.
    breaker.set_mode(CircuitMode::Automatic);
    assert!(breaker.ask(seconds(0)).is_ok());
}
