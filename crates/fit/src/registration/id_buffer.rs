//! The id buffer of a document: which shape each pixel shows.

use std::collections::BTreeMap;

use chat2svg_stop::Stop;
use chat2svg_vector::{Document, RenderError, Visibility};

use super::units::Unit;

/// The id buffer of a document.
pub struct IdBuffer {
    visibility: Visibility,
    /// Of each shape in painting order its pixels.
    pub pixels: Vec<Vec<u32>>,
}

impl IdBuffer {
    /// Of a document in so many pixels.
    ///
    /// # Errors
    /// When it cannot be rendered, or `stop` says so.
    pub fn of(
        document: &Document,
        width: u32,
        height: u32,
        stop: &Stop,
    ) -> Result<Self, RenderError> {
        let visibility = document.visibility_until(width, height, stop)?;
        Ok(Self {
            pixels: visibility.pixels(),
            visibility,
        })
    }

    /// Of each pixel, the index plus one of the shape that it shows; 0 for none.
    pub fn owners(&self) -> &[u32] {
        self.visibility.owners()
    }

    /// How many of some pixels show each shape.
    pub fn counts(&self, pixels: &[u32]) -> BTreeMap<usize, usize> {
        counts(pixels, |pixel| {
            (*self.owners().get(pixel)? as usize).checked_sub(1)
        })
    }

    /// The pixels that are seen of each of a unit's shapes.
    pub(super) fn parts_of(&self, unit: &Unit) -> &[Vec<u32>] {
        self.pixels.get(unit.shapes.clone()).unwrap_or_default()
    }

    /// How many pixels are seen of a unit.
    pub(super) fn seen_of(&self, unit: &Unit) -> usize {
        self.parts_of(unit).iter().map(Vec::len).sum()
    }

    /// The pixels that a unit would show were nothing above its shapes.
    pub(super) fn painted_of(&self, unit: &Unit) -> f64 {
        let shapes = unit.shapes.clone();
        shapes
            .map(|shape| self.visibility.painted_area(shape))
            .sum()
    }
}

/// How many of some pixels are of each kind.
pub(super) fn counts(
    pixels: &[u32],
    kind: impl Fn(usize) -> Option<usize>,
) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for kind in pixels.iter().filter_map(|pixel| kind(*pixel as usize)) {
        *counts.entry(kind).or_default() += 1;
    }
    counts
}
