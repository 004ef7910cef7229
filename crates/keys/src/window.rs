//! Windows of time, and the jobs that are counted in them.

use chat2svg_protocol::QuotaRefusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A window of time in which jobs are counted. Windows begin at multiples of their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// A minute.
    Minute,
    /// A day, as UTC counts it.
    Day,
}

impl Window {
    /// Every window.
    pub const ALL: [Self; 2] = [Self::Minute, Self::Day];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
        }
    }

    /// Its length in seconds.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::Day => 86_400,
        }
    }

    /// Which window of its kind it is, counted from the beginning of 1970.
    pub fn number(self, now: Timestamp) -> i64 {
        now.as_second().div_euclid(i64::from(self.seconds()))
    }

    /// Seconds until the next one begins, at least 1.
    pub(crate) fn left(self, now: Timestamp) -> u32 {
        let length = i64::from(self.seconds());
        u32::try_from(length - now.as_second().rem_euclid(length)).unwrap_or(1)
    }
}

/// Jobs in the current window of each kind, with its number. Who keeps counts of their own for
/// several nodes counts by it, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    minute: (i64, u32),
    day: (i64, u32),
}

impl Windows {
    /// Begins the windows anew that are over.
    pub fn turn(&mut self, now: Timestamp) {
        for window in Window::ALL {
            let (number, used) = self.of_mut(window);
            let current = window.number(now);
            // A clock that was set back gives nothing again.
            if current > *number {
                (*number, *used) = (current, 0);
            }
        }
    }

    /// Whether one more job is within so many of each window; 0 sets no limit.
    ///
    /// # Errors
    /// When those of a window are used up.
    pub fn check(&self, per_minute: u32, per_day: u32, now: Timestamp) -> Result<(), QuotaRefusal> {
        let is_spent = |window, limit| limit > 0 && self.used(window) >= limit;
        if is_spent(Window::Minute, per_minute) {
            return Err(QuotaRefusal::Minute {
                limit: per_minute,
                retry_seconds: Window::Minute.left(now),
            });
        }
        if is_spent(Window::Day, per_day) {
            return Err(QuotaRefusal::Day {
                limit: per_day,
                retry_seconds: Window::Day.left(now),
            });
        }
        Ok(())
    }

    /// Counts a job.
    pub fn count(&mut self) {
        for window in Window::ALL {
            let (_, used) = self.of_mut(window);
            *used = used.saturating_add(1);
        }
    }

    /// Jobs in a window.
    pub fn used(&self, window: Window) -> u32 {
        match window {
            Window::Minute => self.minute.1,
            Window::Day => self.day.1,
        }
    }

    /// The number of a window, and jobs in it.
    pub(crate) fn of_mut(&mut self, window: Window) -> &mut (i64, u32) {
        match window {
            Window::Minute => &mut self.minute,
            Window::Day => &mut self.day,
        }
    }
}
