//! When a fit must stop: its deadline and its cancellation, asked from anywhere in it.

use std::time::{Duration, Instant};

use crate::{Cancellation, FitEnd, FitOptions};

/// The limits of a running fit.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) started: Instant,
    deadline: Option<Instant>,
    cancel: Cancellation,
}

impl Stop {
    /// Starts the clock.
    pub(crate) fn new(options: &FitOptions) -> Self {
        Self {
            started: Instant::now(),
            deadline: options.deadline,
            cancel: options.cancel.clone(),
        }
    }

    /// Why the fit has to stop now, if it has to.
    pub(crate) fn reason(&self) -> Option<FitEnd> {
        if self.cancel.is_cancelled() {
            Some(FitEnd::Cancelled)
        } else if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            Some(FitEnd::Deadline)
        } else {
            None
        }
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
