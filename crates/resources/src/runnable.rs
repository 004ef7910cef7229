//! How much CPU others want at this moment, for the time before use can be measured over an
//! interval.
//!
//! The one-minute load remembers work that is over; the number of runnable threads is a glimpse
//! that may catch a passing one. A busy machine shows in both, so the smaller counts. Parsing is
//! pure; only [`own_runnable`] looks at the system.

use std::{fs, path::Path};

/// What the kernel says about its run queue, as in `/proc/loadavg`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RunQueue {
    /// Threads that ran or waited for a core, averaged over the last minute.
    load: f32,
    /// Threads that run or wait for a core now.
    runnable: u32,
}

impl RunQueue {
    /// Reads the kernel's line, e.g. `0.20 0.18 0.12 1/80 11206`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let load: f32 = fields.next()?.parse().ok()?;
        let (runnable, _) = fields.nth(2)?.split_once('/')?;
        Some(Self {
            load: load.max(0.0),
            runnable: runnable.parse().ok()?,
        })
    }

    /// Cores' worth of CPU time that others want, when `own` of the runnable threads are ours.
    #[expect(clippy::cast_precision_loss, reason = "thread counts are small")]
    pub(crate) fn wanted_by_others(self, own: u32) -> f32 {
        self.load.min(self.runnable.saturating_sub(own) as f32)
    }
}

/// Threads of this process that run or wait for a core; at least the one that asks.
pub(crate) fn own_runnable() -> u32 {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return 1;
    };
    let runnable = threads
        .filter_map(Result::ok)
        .filter(|thread| is_runnable(&thread.path().join("stat")))
        .count();
    u32::try_from(runnable).unwrap_or(u32::MAX).max(1)
}

fn is_runnable(stat: &Path) -> bool {
    // The state follows the name in brackets, which may hold anything.
    fs::read_to_string(stat)
        .ok()
        .and_then(|text| Some(text.rsplit_once(')')?.1.trim_start().starts_with('R')))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(line: &str, own: u32) -> Option<f32> {
        RunQueue::parse(line).map(|queue| queue.wanted_by_others(own))
    }

    #[test]
    fn work_that_is_over_counts_no_more() {
        // A build has just ended: the average is still high, but nothing runs except ourselves.
        assert_eq!(wanted("7.90 4.01 2.41 2/180 11206\n", 2), Some(0.0));
    }

    #[test]
    fn a_passing_thread_on_an_idle_machine_hardly_counts() {
        assert_eq!(wanted("0.10 0.18 0.12 3/80 11206\n", 1), Some(0.1));
    }

    #[test]
    fn a_busy_machine_shows_in_both() {
        assert_eq!(wanted("6.38 4.01 2.41 9/180 11206\n", 2), Some(6.38));
    }

    #[test]
    fn what_is_no_run_queue_says_nothing() {
        for line in ["", "0.1 0.2 0.3", "a b c 1/2 3", "0.1 0.2 0.3 1:2 3"] {
            assert_eq!(RunQueue::parse(line), None, "{line}");
        }
    }

    #[test]
    fn whoever_asks_is_running() {
        assert!(own_runnable() >= 1);
    }
}
