//! Boxes of pixels within which a change of the document may show.

use chat2svg_diffraster::Path;
use kurbo::{Point, Rect};

/// Pixels that a path may touch: a box whose sides are whole pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extent(Rect);

impl Extent {
    /// Of a path on a canvas of the given width and height; `None` when it lies off it.
    pub(crate) fn of(path: &Path, canvas: [usize; 2]) -> Option<Self> {
        let reach = path.stroke.as_ref().map_or(0.0, |stroke| {
            stroke.width * stroke.miter_limit.max(1.5) * 0.5
        });
        let around = |[x, y]: &[f32; 2]| {
            let [x0, y0, x1, y1] = [x - reach, y - reach, x + reach, y + reach].map(f64::from);
            Rect { x0, y0, x1, y1 }
        };
        let boxes = path.outline.points.iter().map(around);
        Self::around(boxes.reduce(|a, b| a.union(b))?, canvas)
    }

    /// Of what lies in a box of pixels; `None` when that is off the canvas.
    pub(crate) fn around(bounds: Rect, [width, height]: [usize; 2]) -> Option<Self> {
        let canvas = Rect::new(0.0, 0.0, width as f64, height as f64);
        let (low, high) = (
            bounds.origin().floor(),
            Point::new(bounds.x1, bounds.y1).ceil(),
        );
        let around = Rect::from_points(low, high).inflate(1.0, 1.0);
        let extent = Self(around.intersect(canvas));
        (bounds.x0 <= bounds.x1 && extent.0.area() > 0.0).then_some(extent)
    }

    /// The smallest that holds two.
    pub(crate) fn union(&self, other: &Self) -> Self {
        Self(self.0.union(other.0))
    }

    /// Whether two have pixels in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.0.intersect(other.0).area() > 0.0
    }

    /// Whether it is the whole canvas.
    pub(crate) fn is_whole(&self, [width, height]: [usize; 2]) -> bool {
        self.0.width() >= width as f64 && self.0.height() >= height as f64
    }

    /// Indices of its pixels on a canvas of the given width.
    pub(crate) fn pixels(self, width: usize) -> impl Iterator<Item = usize> {
        let Rect { x0, y0, x1, y1 } = self.0;
        let columns = x0 as usize..x1 as usize;
        (y0 as usize..y1 as usize).flat_map(move |y| columns.clone().map(move |x| y * width + x))
    }
}
