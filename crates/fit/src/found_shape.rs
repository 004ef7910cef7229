//! A shape found in a picture, before it is part of a document.

use kurbo::BezPath;

use crate::translucent::FoundPaint;

/// A shape found in a picture.
#[derive(Clone, Debug)]
pub(crate) struct FoundShape {
    /// Index of its region among those asked for.
    pub(crate) region: usize,
    /// Outline in pixels of the fitting resolution.
    pub(crate) path: BezPath,
    /// Its paint in the same coordinates.
    pub(crate) paint: FoundPaint,
    /// Whether it covers the whole canvas.
    pub(crate) is_backdrop: bool,
    /// Index in painting order of the existing shape that it belongs right above; `None` for the
    /// bottom.
    pub(crate) depth: Option<usize>,
}
