//! How long to wait before an actor is started anew. Pure: no clock.

use std::time::Duration;

/// Waiting times that double from `min` to `max`, and fall back to `min` after a quiet time.
#[derive(Debug)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max: max.max(min),
            next: min,
        }
    }

    /// The time to wait now, given how long the actor had lived. One that lived longer than the
    /// longest wait has recovered, so its next failure is a new one.
    pub(crate) fn wait_after(&mut self, lifetime: Duration) -> Duration {
        if lifetime > self.max {
            self.next = self.min;
        }
        let wait = self.next;
        self.next = (self.next * 2).min(self.max);
        wait
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIN: Duration = Duration::from_millis(100);
    const MAX: Duration = Duration::from_secs(2);

    #[test]
    fn doubles_up_to_the_longest_wait() {
        let mut backoff = Backoff::new(MIN, MAX);
        let waits: Vec<u128> = (0..7)
            .map(|_| backoff.wait_after(Duration::ZERO).as_millis())
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 2000, 2000]);
    }

    #[test]
    fn a_long_life_resets_it() {
        let mut backoff = Backoff::new(MIN, MAX);
        for _ in 0..5 {
            backoff.wait_after(Duration::ZERO);
        }
        assert_eq!(backoff.wait_after(MAX + MIN), MIN);
        assert_eq!(backoff.wait_after(Duration::ZERO), MIN * 2);
    }

    proptest! {
        #[test]
        fn stays_within_its_bounds(
            min in 0_u64..5_000,
            max in 0_u64..5_000,
            lives in proptest::collection::vec(0_u64..10_000, 1..40),
        ) {
            let (min, max) = (Duration::from_millis(min), Duration::from_millis(max));
            let mut backoff = Backoff::new(min, max);
            for life in lives {
                let wait = backoff.wait_after(Duration::from_millis(life));
                prop_assert!(wait >= min && wait <= max.max(min));
            }
        }
    }
}
