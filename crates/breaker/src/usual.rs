//! How long calls usually take, by their size: a median that a few outliers hardly move.

use std::{collections::BTreeMap, time::Duration};

use chat2svg_protocol::CallSize;

/// Calls whose plain median is the first value.
const FIRST_CALLS: usize = 5;
/// By how much each later call moves the value towards itself.
const STEP: f64 = 0.03;
/// Sizes that are told apart; calls of further sizes teach nothing.
const MOST_SIZES: usize = 64;

/// Usual durations of one circuit's calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsualDurations(BTreeMap<CallSize, Usual>);

#[derive(Clone, Debug)]
enum Usual {
    First(Vec<f64>),
    Known(f64),
}

impl UsualDurations {
    /// Learns from a call that served.
    pub(crate) fn learn(&mut self, size: CallSize, spent: Duration) {
        let seconds = spent.as_secs_f64();
        if self.0.len() >= MOST_SIZES && !self.0.contains_key(&size) {
            return;
        }
        let usual = self.0.entry(size).or_insert(Usual::First(Vec::new()));
        match usual {
            Usual::First(calls) => {
                calls.push(seconds);
                if calls.len() >= FIRST_CALLS {
                    *usual = Usual::Known(median(calls));
                }
            }
            Usual::Known(known) => {
                let least = 1e-4;
                *known = if seconds > *known {
                    (*known * (1.0 + STEP)).max(least)
                } else {
                    *known / (1.0 + STEP)
                };
            }
        }
    }

    /// What is known of calls of a size; a guess while there were few.
    pub(crate) fn of(&self, size: CallSize) -> Option<UsualDuration> {
        let (seconds, is_known) = match self.0.get(&size)? {
            Usual::First(calls) => (median(calls), false),
            Usual::Known(seconds) => (*seconds, true),
        };
        Some(UsualDuration { seconds, is_known })
    }
}

/// How long calls of one size usually take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsualDuration {
    pub(crate) seconds: f64,
    /// Whether there were enough calls to blame one for taking longer.
    pub(crate) is_known: bool,
}

fn median(seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_guess_first_and_then_hardly_moved_by_a_run_of_slow_calls() {
        let mut usual = UsualDurations::default();
        let (small, large) = (CallSize(1), CallSize(8));
        assert!(usual.of(small).is_none());
        for seconds in [2, 1, 3, 60] {
            usual.learn(small, Duration::from_secs(seconds));
            assert!(!usual.of(small).unwrap().is_known);
        }
        usual.learn(small, Duration::from_secs(2));
        let known = usual.of(small).unwrap();
        assert!(known.is_known);
        assert_eq!(known.seconds, 2.0);
        for _ in 0..10 {
            usual.learn(small, Duration::from_secs(60));
        }
        assert!(usual.of(small).unwrap().seconds < 2.0 * 1.35);
        assert!(usual.of(large).is_none());
    }

    #[test]
    fn sizes_do_not_grow_without_bound() {
        let mut usual = UsualDurations::default();
        for size in 0..10_000 {
            usual.learn(CallSize(size), Duration::from_secs(1));
        }
        assert_eq!(usual.0.len(), MOST_SIZES);
    }
}
