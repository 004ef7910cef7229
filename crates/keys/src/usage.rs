//! Counts what was done with a key against its quota.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::Quota;

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

    fn limit(self, quota: &Quota) -> u32 {
        match self {
            Self::Minute => quota.per_minute,
            Self::Day => quota.per_day,
        }
    }

    /// Which window of its kind it is, counted from the beginning of 1970.
    pub fn number(self, now: Timestamp) -> i64 {
        now.as_second().div_euclid(i64::from(self.seconds()))
    }

    /// Seconds until the next one begins, at least 1.
    fn left(self, now: Timestamp) -> u32 {
        let length = i64::from(self.seconds());
        u32::try_from(length - now.as_second().rem_euclid(length)).unwrap_or(1)
    }
}

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

/// Why a job is not taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The jobs of a window are used up; more after so many seconds.
    Spent {
        /// The window.
        window: Window,
        /// Its limit.
        limit: u32,
        /// Seconds until it ends.
        retry: u32,
    },
    /// As many jobs are under way as may be.
    Busy {
        /// The limit.
        limit: u32,
    },
}

#[derive(Debug, Default)]
struct Counts {
    /// Number of the current window and jobs in it, by window.
    windows: [(i64, u32); 2],
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
    pub fn enter(&self, quota: &Quota, now: Timestamp) -> Result<Place, Refusal> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn(now);
        for (window, (_, used)) in Window::ALL.into_iter().zip(counts.windows) {
            let limit = window.limit(quota);
            if limit > 0 && used >= limit {
                return Err(Refusal::Spent {
                    window,
                    limit,
                    retry: window.left(now),
                });
            }
        }
        if quota.concurrent > 0 && counts.under_way >= quota.concurrent {
            return Err(Refusal::Busy {
                limit: quota.concurrent,
            });
        }
        for (_, used) in &mut counts.windows {
            *used = used.saturating_add(1);
        }
        counts.under_way += 1;
        Ok(Place(self.clone()))
    }

    /// Takes over what was counted on a day by an earlier process.
    pub fn take_over(&self, day: i64, jobs: u32) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [_, (number, used)] = &mut counts.windows;
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
        counts.turn(now);
        for ((_, used), known) in counts.windows.iter_mut().zip([minute, day]) {
            *used = (*used).max(known);
        }
    }

    /// What was done with it until now.
    pub fn used(&self, now: Timestamp) -> Used {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn(now);
        let [(_, minute), (_, day)] = counts.windows;
        Used {
            minute,
            day,
            under_way: counts.under_way,
        }
    }

    /// How the key stands in every window that its quota limits.
    pub fn windows(&self, quota: &Quota, now: Timestamp) -> Vec<WindowState> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn(now);
        Window::ALL
            .into_iter()
            .zip(counts.windows)
            .filter(|(window, _)| window.limit(quota) > 0)
            .map(|(window, (_, used))| WindowState {
                window,
                limit: window.limit(quota),
                remaining: window.limit(quota).saturating_sub(used),
                reset: window.left(now),
            })
            .collect()
    }
}

impl Counts {
    /// Begins the windows anew that are over.
    fn turn(&mut self, now: Timestamp) {
        for (window, (number, used)) in Window::ALL.into_iter().zip(&mut self.windows) {
            let current = window.number(now);
            // A clock that was set back gives nothing again.
            if current > *number {
                (*number, *used) = (current, 0);
            }
        }
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
        let spent = |window, limit, retry| Refusal::Spent {
            window,
            limit,
            retry,
        };
        assert!(usage.enter(&quota, at(10)).is_ok());
        assert!(usage.enter(&quota, at(20)).is_ok());
        let refusal = usage.enter(&quota, at(30)).unwrap_err();
        assert_eq!(refusal, spent(Window::Minute, 2, 30));
        // What was refused was not counted.
        assert!(usage.enter(&quota, at(60)).is_ok());
        let refusal = usage.enter(&quota, at(61)).unwrap_err();
        assert_eq!(refusal, spent(Window::Day, 3, 86_339));
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
        assert_eq!(refusal, Refusal::Busy { limit: 1 });
        drop(place);
        assert!(usage.enter(&quota, at(0)).is_ok());
        assert!(usage.windows(&quota, at(0)).is_empty());
    }
}
