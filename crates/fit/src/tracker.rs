//! Tracks a running fit: counts its steps against the budget, samples the loss curve, and reports
//! progress and previews to the observer at a limited rate.

use std::time::{Duration, Instant};

use crate::{BudgetRecord, FitOutcome, LossSample, MAX_SAMPLES, Observer, Progress, clock::Clock};

const PROGRESS_EVERY: Duration = Duration::from_millis(50);
const PREVIEW_EVERY: Duration = Duration::from_millis(400);

/// Steps taken, the loss curve, and who hears of them.
pub(crate) struct Tracker<'a> {
    observer: &'a mut dyn Observer,
    progress: Turns,
    preview: Turns,
    /// Steps between two reports, where the observer counts them.
    every_steps: Option<u32>,
    pub(crate) iterations: u32,
    /// Steps that the whole fit may take.
    pub(crate) budget: u32,
    /// Steps beyond the budget, to make good what was taken out at the end.
    pub(crate) polish: u32,
    /// The loss curve with the last step.
    pub(crate) curve: Vec<LossSample>,
    /// Every so many steps stay in it.
    stride: u32,
    pub(crate) budget_changes: Vec<BudgetRecord>,
}

impl<'a> Tracker<'a> {
    pub(crate) fn new(observer: &'a mut dyn Observer, budget: u32) -> Self {
        Self {
            every_steps: observer.every_steps(),
            observer,
            progress: Turns::every(PROGRESS_EVERY),
            preview: Turns::every(PREVIEW_EVERY),
            iterations: 0,
            budget,
            polish: 0,
            curve: Vec::new(),
            stride: 1,
            budget_changes: Vec::new(),
        }
    }

    /// Notes a gradient step.
    pub(crate) fn step(&mut self, loss: f64, paths: usize, clock: &Clock) {
        let sample = LossSample {
            seconds: clock.elapsed().as_secs_f32(),
            iteration: self.iterations,
            loss: loss as f32,
        };
        // What was the last step stays only as one of every so many.
        let stride = self.stride;
        self.curve
            .pop_if(|last| !last.iteration.is_multiple_of(stride));
        if self.iterations.is_multiple_of(stride) && self.curve.len() + 1 >= MAX_SAMPLES {
            self.stride *= 2;
            self.curve
                .retain(|kept| kept.iteration.is_multiple_of(2 * stride));
        }
        self.curve.push(sample);
        self.iterations += 1;
        if self.progress.comes(self.iterations, self.every_steps) {
            if let Some(budget) = self.observer.budget()
                && budget.iterations != self.budget
            {
                self.budget = budget.iterations;
                self.budget_changes.push(BudgetRecord {
                    seconds: sample.seconds,
                    budget,
                });
            }
            let by_steps = self.iterations as f32 / self.budget.max(1) as f32;
            self.observer.progress(&Progress {
                fraction: by_steps.max(clock.spent_share()).clamp(0.0, 1.0),
                iteration: self.iterations,
                loss: sample.loss,
                paths: paths as u32,
            });
        }
    }

    /// Shows a document when it is time to.
    pub(crate) fn preview(&mut self, document: impl FnOnce() -> chat2svg_vector::Document) {
        if self.preview.comes(self.iterations, self.every_steps) {
            self.observer.preview(&document());
        }
    }

    /// Whether the budget of steps is spent.
    pub(crate) fn is_spent(&self) -> bool {
        self.iterations >= self.budget.saturating_add(self.polish)
    }

    /// Hands over the best so far.
    pub(crate) fn improved(&mut self, best: FitOutcome) {
        self.observer.improved(best);
    }
}

/// When something is told: at most so often.
struct Turns {
    every: Duration,
    last: Option<Instant>,
}

impl Turns {
    fn every(every: Duration) -> Self {
        Self { every, last: None }
    }

    /// Whether it is told at a step; where steps are counted, at the first and at every so many.
    fn comes(&mut self, step: u32, every_steps: Option<u32>) -> bool {
        if let Some(every) = every_steps {
            return step == 1 || step.is_multiple_of(every.max(1));
        }
        let now = Instant::now();
        let is_due = (self.last).is_none_or(|last| now.duration_since(last) >= self.every);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Stop;
    use chat2svg_vector::Document;

    use super::*;

    #[test]
    fn an_observer_that_counts_steps_is_told_at_those_and_no_others() {
        #[derive(Default)]
        struct Count {
            told: Vec<u32>,
            shown: usize,
        }
        impl Observer for Count {
            fn every_steps(&self) -> Option<u32> {
                Some(4)
            }
            fn progress(&mut self, progress: &Progress) {
                self.told.push(progress.iteration);
            }
            fn preview(&mut self, _: &Document) {
                self.shown += 1;
            }
        }
        let mut count = Count::default();
        let clock = Clock::start(&Stop::never());
        let mut tracker = Tracker::new(&mut count, 10);
        for _ in 0..10 {
            tracker.step(0.5, 1, &clock);
            tracker.preview(|| Document::empty(8.0, 8.0));
        }
        assert_eq!(count.told, [1, 4, 8]);
        assert_eq!(count.shown, 3);
    }
}
