//! Which shapes that were drawn here are rectangles or polygons: their editors' users want them
//! written as such, although a path would be shorter.

use crate::transform::largest_scale;
use crate::{Document, Drawn};

use super::{WriteOptions, basic::Basic, ellipse_of, reference_scale, turned::Turned};

/// How far a shape may hang over the canvas, in pixels of the reference size.
const OVERHANG: f64 = 0.25;

impl Document {
    /// Has [`ShapeElements::Keep`](crate::ShapeElements::Keep) write those shapes as rectangles,
    /// turned ones with round corners, turned ellipses, polygons of at most `most_corners`, and
    /// lines as circles and ellipses, that are such and lie on the canvas. What joins and cuts
    /// shapes that were [drawn here](Drawn::Here) leaves them alone.
    pub fn mark_basic_shapes(&mut self, options: &WriteOptions, most_corners: usize) {
        let scale = reference_scale(self, options);
        let tolerance = options.least_tolerance();
        // What hangs over the canvas is cut, which leaves no basic shape.
        let canvas = self.view_box.inflate(OVERHANG / scale, OVERHANG / scale);
        self.edit_shapes(|_, shape, transform, _| {
            let is_inside = shape
                .paint_bounds(transform)
                .is_some_and(|bounds| canvas.contains_rect(bounds));
            if shape.drawn != Drawn::Here || !is_inside {
                return;
            }
            let tolerance = tolerance / (scale * largest_scale(transform));
            let is_marked = match Basic::of(shape, tolerance) {
                Some(Basic::Rect(..)) => true,
                Some(Basic::Polygon(corners)) => corners.len() <= most_corners,
                Some(Basic::Line(..) | Basic::Polyline(_)) => false,
                // A disc is written as such anyway.
                None if ellipse_of(shape, tolerance).is_some() => shape.stroke.is_some(),
                None => Turned::of(shape, tolerance).is_some(),
            };
            if is_marked {
                shape.drawn = Drawn::AsBasicShape;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use kurbo::{BezPath, Rect};

    use super::*;
    use crate::{Color, Metadata, Node, Paint, Shape};

    #[test]
    fn rectangles_and_small_polygons_are_written_as_such() {
        let mut document = Document {
            width: 90.0,
            height: 90.0,
            view_box: Rect::new(0.0, 0.0, 90.0, 90.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: Vec::new(),
        };
        for data in [
            "M0 0H90V90H0z",
            "M9 9h30l-8 20z",
            "M9 9h30l-8 20-3-3-3 3-3-3z",
            "M9 9h30v9C20 20 9 15 9 9z",
            "M9 9h30l-8 20zM50 50h9v9z",
        ] {
            let path = BezPath::from_svg(data).expect("a path");
            let shape = Shape::filled("", path, Paint::Solid(Color::BLACK));
            document.layers.push(Node::Shape(shape));
        }
        let options = WriteOptions::default();
        document.mark_basic_shapes(&options, 4);
        let svg = document.to_svg(&options);
        let count = |element: &str| svg.matches(element).count();
        assert_eq!(
            (count("<rect "), count("<polygon "), count("<path ")),
            (1, 1, 3),
            "{svg}"
        );
    }
}
