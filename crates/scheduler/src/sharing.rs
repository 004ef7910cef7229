//! How fast work goes on while it shares the machine, and how much of it was done: a clock that
//! runs at the share that each piece of work gets. Pure.
//!
//! What took two seconds beside an equal took one by this clock, so that durations learnt under
//! load say what the work takes, not how busy the machine was.

use std::time::Duration;

/// The least share of the machine's cores that a process gets beside others, however busy they
/// are: the operating system shares fairly.
const LEAST_SHARE: f64 = 0.25;

/// Cores that there are for this process: what others leave, but never less than a fair share.
pub(crate) fn usable_cores(cores: f64, left_by_others: f64) -> f64 {
    left_by_others
        .clamp(LEAST_SHARE * cores, cores.max(0.01))
        .max(0.01)
}

/// The clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct WorkClock {
    at: Duration,
    /// Seconds of undisturbed work.
    done: f64,
}

impl WorkClock {
    /// Moves on to `now`, during which work that wants `demand` cores had `cores`.
    pub(crate) fn advance(&mut self, now: Duration, demand: f64, cores: f64) {
        let elapsed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.done += elapsed / stretch(demand, cores);
    }

    /// Seconds of undisturbed work so far.
    pub(crate) fn done(&self) -> f64 {
        self.done
    }
}

/// By how much work that wants `demand` cores in all takes longer with `cores`.
pub(crate) fn stretch(demand: f64, cores: f64) -> f64 {
    (demand / cores.max(1e-3)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_goes_slower() {
        let mut clock = WorkClock::default();
        clock.advance(Duration::from_secs(1), 1.0, 2.0);
        assert!((clock.done() - 1.0).abs() < 1e-9);
        clock.advance(Duration::from_secs(3), 4.0, 2.0);
        assert!((clock.done() - 2.0).abs() < 1e-9);
        // Time does not run backwards.
        clock.advance(Duration::from_secs(2), 4.0, 2.0);
        assert!((clock.done() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn others_leave_a_fair_share_at_least() {
        assert_eq!(usable_cores(2.0, 1.5), 1.5);
        assert_eq!(usable_cores(2.0, 0.0), 0.5);
        assert_eq!(usable_cores(2.0, 9.0), 2.0);
    }
}
