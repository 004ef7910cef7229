//! Boxes of pixels within which a change of the document may show.

use chat2svg_diffraster::Path;
use kurbo::Rect;

/// Pixels that a path may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    left: i64,
    top: i64,
    right: i64,
    bottom: i64,
}

impl Extent {
    /// Of a path on a canvas of the given size; `None` when it lies off it.
    pub(crate) fn of(path: &Path, width: usize, height: usize) -> Option<Self> {
        let reach = path.stroke.as_ref().map_or(0.0, |stroke| {
            stroke.width * stroke.miter_limit.max(1.5) * 0.5
        });
        let mut low = [f32::INFINITY; 2];
        let mut high = [f32::NEG_INFINITY; 2];
        for point in &path.outline.points {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis] - reach);
                high[axis] = high[axis].max(point[axis] + reach);
            }
        }
        let [x0, y0] = low.map(f64::from);
        let [x1, y1] = high.map(f64::from);
        Self::around(Rect { x0, y0, x1, y1 }, width, height)
    }

    /// Of what lies in a box of pixels; `None` when that is off the canvas.
    pub(crate) fn around(bounds: Rect, width: usize, height: usize) -> Option<Self> {
        let extent = Self {
            left: (bounds.x0.floor() as i64 - 1).max(0),
            top: (bounds.y0.floor() as i64 - 1).max(0),
            right: (bounds.x1.ceil() as i64 + 1).min(width as i64),
            bottom: (bounds.y1.ceil() as i64 + 1).min(height as i64),
        };
        (extent.left < extent.right && extent.top < extent.bottom).then_some(extent)
    }

    /// The pixels that two have in common.
    pub(crate) fn intersection(&self, other: &Self) -> Option<Self> {
        self.overlaps(other).then(|| Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        })
    }

    /// The smallest that holds two.
    pub(crate) fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Whether two have pixels in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// Whether it is the whole canvas.
    pub(crate) fn is_whole(&self, width: usize, height: usize) -> bool {
        self.left == 0
            && self.top == 0
            && self.right >= width as i64
            && self.bottom >= height as i64
    }

    /// Indices of its pixels on a canvas of the given width.
    pub(crate) fn pixels(self, width: usize) -> impl Iterator<Item = usize> {
        (self.top..self.bottom).flat_map(move |y| {
            (self.left..self.right).map(move |x| y as usize * width + x as usize)
        })
    }
}
