//! What drawing effects may still cost: copies of nodes, and pixels of blurs and pictures. Bounded
//! for a whole document, whatever its effects ask for.

use crate::sanitise::{Meter, ParseError};

/// Most nodes and path elements that all copies together have.
const MAX_COPIED: usize = 200_000;
/// Most pixels that are looked at.
const MAX_PIXELS: usize = 16 << 20;
/// Copied elements, and pixels, that count as a step of reading.
const ELEMENTS_PER_STEP: usize = 4;
const PIXELS_PER_STEP: usize = 32;

/// What is left.
pub(crate) struct Spare {
    copied: usize,
    pixels: usize,
    steps: usize,
}

impl Default for Spare {
    fn default() -> Self {
        Self {
            copied: MAX_COPIED,
            pixels: MAX_PIXELS,
            steps: 0,
        }
    }
}

impl Spare {
    /// Takes so many nodes and path elements; false when there are not as many left.
    pub(super) fn take(&mut self, elements: usize) -> bool {
        let Some(left) = self.copied.checked_sub(elements) else {
            return false;
        };
        self.copied = left;
        self.steps += elements / ELEMENTS_PER_STEP;
        true
    }

    /// Takes so many pixels; false when there are not as many left.
    pub(super) fn take_pixels(&mut self, pixels: usize) -> bool {
        let Some(left) = self.pixels.checked_sub(pixels) else {
            return false;
        };
        self.pixels = left;
        self.steps += pixels / PIXELS_PER_STEP;
        true
    }

    /// Counts what was taken since as steps of reading.
    pub(super) fn settle(&mut self, meter: &Meter<'_>) -> Result<(), ParseError> {
        meter.add(std::mem::take(&mut self.steps))
    }
}
