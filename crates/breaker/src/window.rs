//! The latest calls of a circuit, bounded by number and by age, and what they show.

use std::{collections::VecDeque, time::Duration};

/// The most calls that are kept where the number is not bounded.
const MOST_CALLS: usize = 10_000;

/// What a call that counts was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It served in the usual time.
    Good,
    /// It served, but far later than expected.
    Slow,
    /// It failed.
    Failed,
}

/// Calls in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowCounts {
    /// All of them.
    pub calls: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that served far later than expected.
    pub slow: u32,
}

/// The latest calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    calls: VecDeque<(Duration, Mark)>,
    counts: WindowCounts,
}

impl Window {
    /// Adds a call and drops what is too old, or more than `most` (0 for no such bound).
    pub(crate) fn add(&mut self, now: Duration, mark: Mark, most: u32, age: Option<Duration>) {
        self.calls.push_back((now, mark));
        count(&mut self.counts, mark, |number| number + 1);
        let most = match usize::try_from(most).unwrap_or(MOST_CALLS) {
            0 => MOST_CALLS,
            most => most.min(MOST_CALLS),
        };
        while self.calls.len() > most {
            self.drop_oldest();
        }
        self.expire(now, age);
    }

    /// Drops what is too old.
    pub(crate) fn expire(&mut self, now: Duration, age: Option<Duration>) {
        let Some(age) = age else {
            return;
        };
        while let Some((at, _)) = self.calls.front()
            && now.saturating_sub(*at) >= age
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((_, mark)) = self.calls.pop_front() {
            count(&mut self.counts, mark, |number| number.saturating_sub(1));
        }
    }

    pub(crate) fn counts(&self) -> WindowCounts {
        self.counts
    }
}

fn count(counts: &mut WindowCounts, mark: Mark, change: impl Fn(u32) -> u32) {
    counts.calls = change(counts.calls);
    match mark {
        Mark::Good => {}
        Mark::Slow => counts.slow = change(counts.slow),
        Mark::Failed => counts.failures = change(counts.failures),
    }
}

/// What calls that gave nothing cost lately, one entry a second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waste {
    seconds: VecDeque<(u64, u64)>,
}

impl Waste {
    /// Adds a cost; answers the sum over `age` up to now.
    pub(crate) fn add(&mut self, now: Duration, cost: u64, age: Duration) -> u64 {
        let second = now.as_secs();
        match self.seconds.back_mut() {
            Some((at, sum)) if *at == second => *sum = sum.saturating_add(cost),
            _ => self.seconds.push_back((second, cost)),
        }
        while let Some((at, _)) = self.seconds.front()
            && second.saturating_sub(*at) >= age.as_secs()
            && self.seconds.len() > 1
        {
            self.seconds.pop_front();
        }
        let sum = |sum: u64, (_, cost): &(u64, u64)| sum.saturating_add(*cost);
        self.seconds.iter().fold(0, sum)
    }

    pub(crate) fn clear(&mut self) {
        self.seconds.clear();
    }
}
