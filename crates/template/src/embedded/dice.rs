//! Random choices in the words of drawing; one seeded generator underneath.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A borrowed source of random choices.
pub(crate) struct Dice<'a> {
    rng: &'a mut ChaCha8Rng,
}

impl<'a> Dice<'a> {
    /// Choices from this source.
    pub(crate) fn new(rng: &'a mut ChaCha8Rng) -> Self {
        Self { rng }
    }

    /// What comes of the next choices, which are still to be made afterwards.
    pub(crate) fn ahead<T>(&self, choose: impl FnOnce(&mut Dice<'_>) -> T) -> T {
        choose(&mut Dice::new(&mut self.rng.clone()))
    }

    /// A number between the bounds.
    pub(crate) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.rng.random::<f64>()
    }

    /// A whole number below `count`; 0 when `count` is 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        if count == 0 {
            0
        } else {
            self.rng.random_range(0..count)
        }
    }

    /// One of the choices.
    pub(crate) fn pick<T: Copy>(&mut self, first: T, rest: &[T]) -> T {
        match self.below(rest.len() + 1) {
            0 => first,
            index => rest.get(index - 1).copied().unwrap_or(first),
        }
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.rng.random::<f64>() < probability
    }
}
