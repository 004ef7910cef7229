//! Where shapes paint: of every shape the pixels of which it paints anything, whatever lies above
//! it.

use fixedbitset::FixedBitSet;
use kurbo::Rect;

use chat2svg_stop::Stop;

use crate::Document;
use crate::render::{self, RenderError};

impl Document {
    /// Of each shape, in painting order, the pixels of a canvas of which it paints anything,
    /// row by row. Clips of groups are not counted: they only take away.
    ///
    /// # Errors
    /// As [`Document::render`].
    pub fn footprints(&self, width: u32, height: u32) -> Result<Vec<FixedBitSet>, RenderError> {
        render::check_size(width, height)?;
        let to_canvas = self.canvas_transform(width, height)?;
        let canvas = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let (width, height) = (width as usize, height as usize);
        let footprint = |shape, transform| {
            let mut found = FixedBitSet::with_capacity(width * height);
            let layer = render::shape_layer(shape, transform, canvas, &Stop::never())?;
            let Some((layer, left, top)) = layer else {
                return Ok(found);
            };
            let layer = layer.pixmap();
            let rows = layer.pixels().chunks_exact(layer.width() as usize);
            for (row, pixels) in (top as usize..).zip(rows) {
                let start = row * width + left as usize;
                let painted = (start..).zip(pixels).filter(|(_, pixel)| pixel.alpha() > 0);
                found.extend(painted.map(|(at, _)| at));
            }
            Ok(found)
        };
        render::guarded(|| {
            let shapes = self.shapes();
            let prints = shapes
                .iter()
                .map(|visit| footprint(visit.shape, to_canvas * visit.transform));
            prints.collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::*;
    use crate::{Color, Group, Node, Paint, Shape};

    #[test]
    fn what_is_covered_counts_and_what_is_beyond_the_canvas_does_not() {
        let square = |x: f64| {
            let path = Rect::new(x, 2.0, x + 4.0, 6.0).to_path(0.1);
            Node::Shape(Shape::filled("", path, Paint::Solid(Color::BLACK)))
        };
        let mut document = Document::empty(10.0, 10.0);
        let mut group = Group::new("");
        group.transform = kurbo::Affine::translate((0.0, 2.0));
        group.children = vec![square(2.0)];
        document.layers = vec![square(2.0), Node::Group(group), square(8.0), square(20.0)];
        let found = document.footprints(10, 10).expect("renders");
        let areas: Vec<usize> = found.iter().map(|print| print.count_ones(..)).collect();
        assert_eq!(areas, [16, 16, 8, 0]);
        assert_eq!(found[0].intersection_count(&found[1]), 8);
        assert!(found[0].contains(22) && !found[0].contains(21));
    }
}
