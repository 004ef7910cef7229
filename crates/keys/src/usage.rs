//! Counts what was done with a key against its quota.

use std::sync::{Arc, Mutex, PoisonError};

use chat2svg_protocol::QuotaRefusal;
use jiff::Timestamp;

use crate::{
    Quota,
    window::{Window, Windows},
};

/// How a key stands in a window that its quota limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowState {
    /// The window.
    pub window: Window,
    /// Jobs in all.
    pub limit: u32,
    /// Jobs left.
    pub remaining: u32,
    /// Seconds until all are there again.
    pub reset: u32,
}

#[derive(Debug, Default)]
struct Counts {
    windows: Windows,
    under_way: u32,
}

/// How much of a key was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// New jobs in this minute.
    pub minute: u32,
    /// New jobs on this day (UTC).
    pub day: u32,
    /// Jobs under way.
    pub under_way: u32,
}

/// What was done with a key. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Usage(Arc<Mutex<Counts>>);

/// A job under way; free again when dropped.
#[derive(Debug)]
pub struct Place(Usage);

impl Usage {
    /// Counts a new job, or says why it may not be. All or nothing.
    ///
    /// # Errors
    /// When the quota does not allow it now.
    pub fn enter(&self, quota: &Quota, now: Timestamp) -> Result<Place, QuotaRefusal> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.windows.turn(now);
        let (per_minute, per_day) = (quota.per_minute, quota.per_day);
        counts.windows.check(per_minute, per_day, now)?;
        if quota.concurrent > 0 && counts.under_way >= quota.concurrent {
            return Err(QuotaRefusal::Busy {
                limit: quota.concurrent,
            });
        }
        counts.windows.count();
        counts.under_way += 1;
        Ok(Place(self.clone()))
    }

    /// Takes over what was counted on a day by an earlier process.
    pub fn take_over(&self, day: i64, jobs: u32) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, used) = counts.windows.of_mut(Window::Day);
        if day > *number {
            (*number, *used) = (day, 0);
        }
        if day == *number {
            *used = used.saturating_add(jobs);
        }
    }

    /// Notes that at least so many new jobs were made in this minute and on this day, here and
    /// elsewhere.
    pub fn raise(&self, now: Timestamp, minute: u32, day: u32) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.windows.turn(now);
        for (window, known) in Window::ALL.into_iter().zip([minute, day]) {
            let (_, used) = counts.windows.of_mut(window);
            *used = (*used).max(known);
        }
    }

    /// What was done with it until now.
    pub fn used(&self, now: Timestamp) -> Used {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.windows.turn(now);
        Used {
            minute: counts.windows.used(Window::Minute),
            day: counts.windows.used(Window::Day),
            under_way: counts.under_way,
        }
    }

    /// How the key stands in every window that its quota limits.
    pub fn windows(&self, quota: &Quota, now: Timestamp) -> Vec<WindowState> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.windows.turn(now);
        Window::ALL
            .into_iter()
            .zip([quota.per_minute, quota.per_day])
            .filter(|(_, limit)| *limit > 0)
            .map(|(window, limit)| WindowState {
                window,
                limit,
                remaining: limit.saturating_sub(counts.windows.used(window)),
                reset: window.left(now),
            })
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.under_way = counts.under_way.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_window_that_is_spent_comes_back() {
        let usage = Usage::default();
        let quota = Quota {
            per_minute: 2,
            per_day: 3,
            concurrent: 0,
        };
        assert!(usage.enter(&quota, at(10)).is_ok());
        assert!(usage.enter(&quota, at(20)).is_ok());
        let refusal = usage.enter(&quota, at(30)).unwrap_err();
        let spent = QuotaRefusal::Minute {
            limit: 2,
            retry_seconds: 30,
        };
        assert_eq!(refusal, spent);
        // What was refused was not counted.
        assert!(usage.enter(&quota, at(60)).is_ok());
        let refusal = usage.enter(&quota, at(61)).unwrap_err();
        let spent = QuotaRefusal::Day {
            limit: 3,
            retry_seconds: 86_339,
        };
        assert_eq!(refusal, spent);
        let states = usage.windows(&quota, at(61));
        let left: Vec<_> = states.iter().map(|state| state.remaining).collect();
        assert_eq!(left, [1, 0]);
        // A clock that is set back gives nothing again.
        assert!(usage.enter(&quota, at(5)).is_err());
        assert!(usage.enter(&quota, at(86_400)).is_ok());
    }

    #[test]
    fn what_an_earlier_process_counted_counts_on_its_day() {
        let usage = Usage::default();
        let quota = Quota {
            per_day: 3,
            ..Quota::default()
        };
        usage.take_over(1, 2);
        assert_eq!(usage.used(at(86_400)).day, 2);
        assert!(usage.enter(&quota, at(86_400)).is_ok());
        assert!(usage.enter(&quota, at(86_401)).is_err());
        usage.take_over(0, 9);
        assert!(usage.enter(&quota, at(2 * 86_400)).is_ok());
    }

    #[test]
    fn what_is_made_elsewhere_counts() {
        let usage = Usage::default();
        let quota = Quota {
            per_minute: 3,
            ..Quota::default()
        };
        usage.raise(at(10), 2, 7);
        usage.raise(at(10), 1, 1);
        assert!(usage.enter(&quota, at(20)).is_ok());
        assert!(usage.enter(&quota, at(30)).is_err());
        let used = usage.used(at(60));
        assert_eq!((used.minute, used.day), (0, 8));
    }

    #[test]
    fn places_are_free_again_when_dropped() {
        let usage = Usage::default();
        let quota = Quota {
            concurrent: 1,
            ..Quota::default()
        };
        let place = usage.enter(&quota, at(0)).unwrap();
        let refusal = usage.enter(&quota, at(0)).unwrap_err();
        assert_eq!(refusal, QuotaRefusal::Busy { limit: 1 });
        drop(place);
        assert!(usage.enter(&quota, at(0)).is_ok());
        assert!(usage.windows(&quota, at(0)).is_empty());
    }
}
