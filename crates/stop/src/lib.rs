//! When work must stop. A [`Stop`] is a cancellation and a deadline in one; whoever computes for
//! long asks it between pieces of work of a few milliseconds, and ends when it is due.
//!
//! It knows no runtime: a cancellation is a question, so that any kind of token can stand behind
//! it. Work that has no deadline reads no clock. For tests, [`Looks`] stops work at any of its
//! looks, without a clock.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use thiserror::Error;

/// Says whether work was cancelled.
type Token = Arc<dyn Fn() -> bool + Send + Sync>;

/// When work must stop. Clones are cheap and ask the same.
#[derive(Clone, Default)]
pub struct Stop {
    token: Option<Token>,
    deadline: Option<Instant>,
}

/// Why work must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It was cancelled: nobody waits for a result.
    Cancelled,
    /// Its deadline came: what there is by now is of use.
    Deadline,
}

/// Work was stopped before it had a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("stopped before there was a result")]
pub struct Stopped;

impl Stop {
    /// Lines between two looks of [`Stop::check_line`].
    pub const LINES_PER_LOOK: usize = 32;

    /// Goes on to the end.
    pub const fn never() -> Self {
        Self {
            token: None,
            deadline: None,
        }
    }

    /// Stops once `is_cancelled` says so. It is asked often, from several threads, and must be
    /// cheap.
    pub fn when(is_cancelled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self {
            token: Some(Arc::new(is_cancelled)),
            deadline: None,
        }
    }

    /// Stops at `deadline`.
    pub const fn at(deadline: Instant) -> Self {
        Self {
            token: None,
            deadline: Some(deadline),
        }
    }

    /// Stops at `deadline` too, unless it has to before.
    #[must_use]
    pub fn by(self, deadline: Instant) -> Self {
        Self {
            deadline: Some(self.deadline.map_or(deadline, |own| own.min(deadline))),
            ..self
        }
    }

    /// Stops after a share of the time that is left, too.
    #[must_use]
    pub fn part(&self, share: f64) -> Self {
        let Some(deadline) = self.deadline else {
            return self.clone();
        };
        let now = Instant::now();
        let left = deadline.saturating_duration_since(now);
        self.clone().by(now + left.mul_f64(share.clamp(0.0, 1.0)))
    }

    /// When work has to be done; `None` when it may take as long as it likes.
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the work was cancelled, whatever time is left.
    pub fn is_cancelled(&self) -> bool {
        self.token
            .as_ref()
            .is_some_and(|is_cancelled| is_cancelled())
    }

    /// Why the work has to stop now, if it has to.
    pub fn reason(&self) -> Option<StopReason> {
        self.reason_within(Duration::ZERO)
    }

    /// Why the work has to stop within `time` from now, if it has to: for work that needs that
    /// much to finish what it has.
    pub fn reason_within(&self, time: Duration) -> Option<StopReason> {
        if self.is_cancelled() {
            Some(StopReason::Cancelled)
        } else if self.deadline.is_some_and(|at| is_reached(at, time)) {
            Some(StopReason::Deadline)
        } else {
            None
        }
    }

    /// Whether the work has to stop now.
    pub fn is_due(&self) -> bool {
        self.reason().is_some()
    }

    /// Goes on, unless the work has to stop now.
    ///
    /// # Errors
    /// [`Stopped`] when it has to.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_due() { Err(Stopped) } else { Ok(()) }
    }

    /// [`Stop::check`] at one of [`Stop::LINES_PER_LOOK`] of a grid's lines, from the first on: a
    /// look may take longer than a line.
    ///
    /// # Errors
    /// As [`Stop::check`].
    pub fn check_line(&self, line: usize) -> Result<(), Stopped> {
        if line.is_multiple_of(Self::LINES_PER_LOOK) {
            self.check()?;
        }
        Ok(())
    }
}

/// Whether `at` comes within `time` from now.
fn is_reached(at: Instant, time: Duration) -> bool {
    Instant::now()
        .checked_add(time)
        .is_none_or(|then| then >= at)
}

impl fmt::Debug for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Stop")
            .field("has_token", &self.token.is_some())
            .field("deadline", &self.deadline)
            .finish()
    }
}

/// Equal when both ask the same token and have the same deadline.
impl PartialEq for Stop {
    fn eq(&self, other: &Self) -> bool {
        let is_same_token = match (&self.token, &other.token) {
            (None, None) => true,
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            _ => false,
        };
        is_same_token && self.deadline == other.deadline
    }
}

/// Counts how often work asks whether to stop, and stops it at one of these looks.
#[derive(Clone, Debug, Default)]
pub struct Looks(Arc<AtomicU32>);

impl Looks {
    /// Cancels at every look after the first `looks` that are counted here.
    pub fn stop_after(&self, looks: u32) -> Stop {
        let counted = Arc::clone(&self.0);
        Stop::when(move || counted.fetch_add(1, Relaxed) >= looks)
    }

    /// Looks so far.
    pub fn count(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn a_cancellation_comes_before_a_deadline() {
        let token = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&token);
        let stop = Stop::when(move || asked.load(Relaxed));
        assert_eq!(stop.check(), Ok(()));
        let late = stop.by(Instant::now());
        assert_eq!(late.reason(), Some(StopReason::Deadline));
        assert!(!late.is_cancelled());
        token.store(true, Relaxed);
        assert_eq!(late.clone().reason(), Some(StopReason::Cancelled));
        assert_eq!(late.check(), Err(Stopped));
    }

    #[test]
    fn a_part_of_the_time_ends_before_the_whole() {
        let hour = Duration::from_secs(3600);
        let whole = Stop::at(Instant::now() + hour);
        let half = whole.part(0.5).deadline().unwrap();
        assert!(half < whole.deadline().unwrap() - hour / 4 && half > Instant::now() + hour / 4);
        assert_eq!(whole.part(2.0).deadline(), whole.deadline());
        assert!(whole.part(0.0).is_due());
        assert_eq!(Stop::never().part(0.5), Stop::never());
        assert!(Stop::when(|| true).part(0.5).is_cancelled());
    }

    #[test]
    fn the_earlier_deadline_holds() {
        let (now, hour) = (Instant::now(), Duration::from_secs(3600));
        assert_eq!(Stop::at(now + hour).by(now).deadline(), Some(now));
        assert_eq!(Stop::at(now).by(now + hour).deadline(), Some(now));
        assert!(!Stop::at(now + hour).is_due() && Stop::at(now).is_due());
        let later = Stop::never().by(now + hour);
        assert_eq!(later.reason(), None);
        assert_eq!(later.reason_within(2 * hour), Some(StopReason::Deadline));
        assert_eq!(Stop::never().deadline(), None);
    }

    #[test]
    fn looks_are_counted_and_the_next_stops() {
        let looks = Looks::default();
        let stop = looks.stop_after(2);
        let answers = [(); 4].map(|()| stop.is_due());
        assert_eq!(answers, [false, false, true, true]);
        assert_eq!(looks.count(), 4);
    }

    #[test]
    fn one_line_in_many_costs_a_look() {
        let looks = Looks::default();
        let stop = looks.stop_after(2);
        let done = (0..100).take_while(|line| stop.check_line(*line).is_ok());
        assert_eq!((done.count(), looks.count()), (64, 3));
    }

    #[test]
    fn stops_are_equal_when_they_ask_the_same() {
        let stop = Stop::when(|| false);
        assert_eq!(stop, stop.clone());
        assert_ne!(stop, Stop::when(|| false));
        assert_ne!(stop, stop.clone().by(Instant::now()));
        assert_eq!(Stop::never(), Stop::default());
    }
}
