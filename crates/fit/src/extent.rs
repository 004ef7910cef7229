//! Boxes of pixels within which a change of the document may show.

use chat2svg_diffraster::Path;
use kurbo::{Point, Rect};

/// Pixels that a path may touch: a box whose sides are whole pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extent(Rect);

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
        let canvas = Rect::new(0.0, 0.0, width as f64, height as f64);
        let (low, high) = (
            bounds.origin().floor(),
            Point::new(bounds.x1, bounds.y1).ceil(),
        );
        let around = Rect::from_points(low, high).inflate(1.0, 1.0);
        let extent = Self(around.intersect(canvas));
        (bounds.x0 <= bounds.x1 && extent.0.area() > 0.0).then_some(extent)
    }

    /// The pixels that two have in common.
    pub(crate) fn intersection(&self, other: &Self) -> Option<Self> {
        self.overlaps(other)
            .then(|| Self(self.0.intersect(other.0)))
    }

    /// The smallest that holds two.
    pub(crate) fn union(&self, other: &Self) -> Self {
        Self(self.0.union(other.0))
    }

    /// Whether two have pixels in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.0.x0 < other.0.x1
            && other.0.x0 < self.0.x1
            && self.0.y0 < other.0.y1
            && other.0.y0 < self.0.y1
    }

    /// Whether it is the whole canvas.
    pub(crate) fn is_whole(&self, width: usize, height: usize) -> bool {
        self.0.width() >= width as f64 && self.0.height() >= height as f64
    }

    /// Indices of its pixels on a canvas of the given width.
    pub(crate) fn pixels(self, width: usize) -> impl Iterator<Item = usize> {
        let Rect { x0, y0, x1, y1 } = self.0;
        let columns = x0 as usize..x1 as usize;
        (y0 as usize..y1 as usize).flat_map(move |y| columns.clone().map(move |x| y * width + x))
    }
}
