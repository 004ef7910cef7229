//! When a fit must stop: its deadline and its cancellation, asked from anywhere in it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::{Cancellation, FitEnd, FitOptions};

/// The limits of a running fit.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) started: Instant,
    deadline: Option<Instant>,
    cancel: Cancellation,
    /// Nanoseconds before the deadline at which work must end, so that its result can still be
    /// measured.
    reserve: Arc<AtomicU64>,
}

impl Stop {
    /// Starts the clock.
    pub(crate) fn new(options: &FitOptions) -> Self {
        Self {
            started: Instant::now(),
            deadline: options.deadline,
            cancel: options.cancel.clone(),
            reserve: Arc::default(),
        }
    }

    /// Why the fit has to stop now, if it has to.
    pub(crate) fn reason(&self) -> Option<FitEnd> {
        if self.cancel.is_cancelled() {
            Some(FitEnd::Cancelled)
        } else if self
            .deadline
            .is_some_and(|deadline| Instant::now() + self.reserve() >= deadline)
        {
            Some(FitEnd::Deadline)
        } else {
            None
        }
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
        self.cancel.is_cancelled()
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
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// Share of the time until the deadline that is gone; 0 without one.
    pub(crate) fn spent_share(&self) -> f32 {
        self.deadline.map_or(0.0, |deadline| {
            let whole = deadline
                .saturating_duration_since(self.started)
                .as_secs_f32();
            if whole > 0.0 {
                (self.elapsed().as_secs_f32() / whole).min(1.0)
            } else {
                1.0
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_early_enough_for_its_result_to_be_measured() {
        let options = FitOptions {
            deadline: Some(Instant::now() + Duration::from_secs(60)),
            ..FitOptions::default()
        };
        let stop = Stop::new(&options);
        assert_eq!(stop.reason(), None);
        stop.clone().set_aside(Duration::from_secs(61));
        assert_eq!(stop.reason(), Some(FitEnd::Deadline));
        let without = Stop::new(&FitOptions::default());
        without.set_aside(Duration::from_secs(61));
        assert!(!without.is_due() && !without.is_cancelled());
    }
}
