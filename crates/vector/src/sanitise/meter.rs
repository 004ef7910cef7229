//! Counting steps of work, and asking now and then whether to go on.

use std::cell::Cell;

use chat2svg_stop::Stop;

use super::ParseError;

/// Most steps between two questions whether to stop. A step takes some nanoseconds.
const STEPS_BETWEEN: u64 = 1 << 14;

/// Counts steps of work.
pub(crate) struct Meter<'a> {
    steps: Cell<u64>,
    asked: Cell<u64>,
    /// What was said once holds.
    stopped: Cell<bool>,
    stop: &'a Stop,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(stop: &'a Stop) -> Self {
        Self {
            steps: Cell::new(0),
            asked: Cell::new(0),
            stopped: Cell::new(false),
            stop,
        }
    }

    /// Counts steps; an error when the caller wants to stop.
    pub(crate) fn add(&self, steps: usize) -> Result<(), ParseError> {
        let total = self.steps.get().saturating_add(steps as u64);
        self.steps.set(total);
        if total - self.asked.get() < STEPS_BETWEEN && !self.stopped.get() {
            return Ok(());
        }
        self.check()
    }

    /// Asks at once whether to stop.
    pub(crate) fn check(&self) -> Result<(), ParseError> {
        self.asked.set(self.steps.get());
        if self.stopped.get() || self.stop.is_due() {
            self.stopped.set(true);
            return Err(ParseError::Stopped);
        }
        Ok(())
    }

    /// Steps so far.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> u64 {
        self.steps.get()
    }
}
