//! Which shape of a scene is seen at each pixel of a raster. What the shapes are is in `scene`.

use chat2svg_stop::Stop;
use chat2svg_vector::{Document, RenderError};
use kurbo::{Affine, Point};

/// Which item is seen where: the topmost at each pixel of a raster, row by row.
pub(crate) struct Visible {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Indices into [`items`](crate::scene::Scene::items): both number the shapes in painting
    /// order.
    pub(crate) items: Vec<Option<u32>>,
    /// Maps the raster's pixels to the document's coordinates.
    pub(crate) to_document: Affine,
}

impl Visible {
    /// What is seen of a document on a raster of the given size.
    ///
    /// # Errors
    /// When the document cannot be rendered at that size, or `stop` is due.
    pub(crate) fn of(
        document: &Document,
        width: u32,
        height: u32,
        stop: &Stop,
    ) -> Result<Self, RenderError> {
        let visibility = document.visibility_until(width, height, stop)?;
        stop.check()?;
        Ok(Self {
            width: width as usize,
            height: height as usize,
            items: visibility
                .owners()
                .iter()
                .map(|owner| owner.checked_sub(1))
                .collect(),
            to_document: document.canvas_transform(width, height)?.inverse(),
        })
    }

    /// Of each item, of which there are so many, the pixels on which it is seen.
    pub(crate) fn areas(&self, items: usize) -> Vec<usize> {
        let mut areas = vec![0usize; items];
        for item in self.items.iter().flatten() {
            if let Some(area) = areas.get_mut(*item as usize) {
                *area += 1;
            }
        }
        areas
    }

    /// The pixels to the left, right, above and below, as far as they exist.
    pub(crate) fn beside(&self, pixel: usize) -> [Option<usize>; 4] {
        let (x, y) = (pixel % self.width, pixel / self.width);
        [
            (x > 0).then(|| pixel - 1),
            (x + 1 < self.width).then_some(pixel + 1),
            (y > 0).then(|| pixel - self.width),
            (y + 1 < self.height).then_some(pixel + self.width),
        ]
    }

    /// The item seen at a point of the document; `None` where there is none, or beyond the raster.
    pub(crate) fn at(&self, point: Point) -> Option<usize> {
        let pixel = self.to_document.inverse() * point;
        if pixel.x < 0.0 || pixel.y < 0.0 {
            return None;
        }
        let (x, y) = (pixel.x as usize, pixel.y as usize);
        if x >= self.width || y >= self.height {
            return None;
        }
        self.items
            .get(y * self.width + x)
            .copied()
            .flatten()
            .map(|item| item as usize)
    }

    /// The middle of a pixel, in pixels.
    pub(crate) fn center_of(&self, pixel: usize) -> Point {
        Point::new(
            (pixel % self.width) as f64 + 0.5,
            (pixel / self.width) as f64 + 0.5,
        )
    }
}
