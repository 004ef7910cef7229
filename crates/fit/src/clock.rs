//! The time of a running fit: when it began, when it must end, and what is set aside before that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use chat2svg_stop::{Stop, StopReason};

use crate::FitEnd;

/// The time of a running fit. Clones share what is set aside.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    started: Instant,
    stop: Stop,
    /// Nanoseconds before the deadline at which work must end, so that its result can still be
    /// measured.
    reserve: Arc<AtomicU64>,
}

impl Clock {
    /// Starts the clock.
    pub(crate) fn start(stop: &Stop) -> Self {
        Self {
            started: Instant::now(),
            stop: stop.clone(),
            reserve: Arc::default(),
        }
    }

    /// Why the fit has to stop now, if it has to.
    pub(crate) fn reason(&self) -> Option<FitEnd> {
        self.stop
            .reason_within(self.reserve())
            .map(|reason| match reason {
                StopReason::Cancelled => FitEnd::Cancelled,
                StopReason::Deadline => FitEnd::Deadline,
            })
    }

    /// Due when the clock is: for searches that are worth nothing once the fit has to end.
    pub(crate) fn as_stop(&self) -> Stop {
        let clock = self.clone();
        Stop::when(move || clock.is_due())
    }

    fn reserve(&self) -> Duration {
        Duration::from_nanos(self.reserve.load(Relaxed))
    }

    /// Sets aside what measuring a result takes.
    pub(crate) fn set_aside(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.reserve.store(nanos, Relaxed);
    }

    /// Whether the fit was cancelled: nobody waits for what it has.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether the fit has to stop now.
    pub(crate) fn is_due(&self) -> bool {
        self.reason().is_some()
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Time until the deadline; `None` without one.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let deadline = self.stop.deadline()?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// Share of the time until the deadline that is gone; 0 without one.
    pub(crate) fn spent_share(&self) -> f32 {
        self.stop.deadline().map_or(0.0, |deadline| {
            let whole = deadline.saturating_duration_since(self.started);
            (self.elapsed().as_secs_f32() / whole.as_secs_f32()).min(1.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_early_enough_for_its_result_to_be_measured() {
        let clock = Clock::start(&Stop::at(Instant::now() + Duration::from_secs(60)));
        assert_eq!(clock.reason(), None);
        clock.clone().set_aside(Duration::from_secs(61));
        assert_eq!(clock.reason(), Some(FitEnd::Deadline));
        let without = Clock::start(&Stop::never());
        without.set_aside(Duration::from_secs(61));
        assert!(!without.is_due() && !without.is_cancelled());
    }
}
