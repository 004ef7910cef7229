//! The grid of decimals on which outlines are written, for those who want to know beforehand where
//! a point will be. Nothing is written here.

use kurbo::{BezPath, PathEl, Point};

use crate::transform::largest_scale;
use crate::{Document, Node};

use super::{
    WriteOptions,
    number::{decimals_for, rounded},
    reference_scale,
};

impl Document {
    /// With how many decimals [`Document::to_svg`] writes the outline of each shape, in painting
    /// order.
    pub fn outline_decimals(&self, options: &WriteOptions) -> Vec<u8> {
        fn descend(nodes: &[Node], scale: f64, tolerance: f64, decimals: &mut Vec<u8>) {
            for node in nodes {
                match node {
                    Node::Shape(_) => decimals.push(decimals_for(scale, tolerance)),
                    Node::Group(group) => {
                        let inner = scale * largest_scale(group.transform);
                        descend(&group.children, inner, tolerance, decimals);
                    }
                }
            }
        }
        let mut decimals = Vec::new();
        descend(
            &self.layers,
            reference_scale(self, options),
            options.least_tolerance(),
            &mut decimals,
        );
        decimals
    }
}

/// An outline with every point where it is when written with so many decimals.
pub fn snapped_outline(path: &BezPath, decimals: u8) -> BezPath {
    let snap = |point: Point| Point::new(rounded(point.x, decimals), rounded(point.y, decimals));
    path.iter()
        .map(|element| match element {
            PathEl::MoveTo(p) => PathEl::MoveTo(snap(p)),
            PathEl::LineTo(p) => PathEl::LineTo(snap(p)),
            PathEl::QuadTo(c, p) => PathEl::QuadTo(snap(c), snap(p)),
            PathEl::CurveTo(c, d, p) => PathEl::CurveTo(snap(c), snap(d), snap(p)),
            PathEl::ClosePath => PathEl::ClosePath,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kurbo::{Affine, Rect};

    use super::*;
    use crate::{Color, Group, Metadata, Paint, ParseLimits, Shape};

    #[test]
    fn a_snapped_outline_is_the_one_that_is_read_back() {
        let mut path = BezPath::new();
        path.move_to((1.234_567, 2.345_678));
        path.curve_to((9.876_543, 1.0), (20.111_11, 7.7), (15.000_49, 30.333_33));
        path.line_to((3.999_99, 12.5));
        path.close_path();
        let shape = |label: &str| {
            let paint = Paint::Solid(Color::BLACK);
            Node::Shape(Shape::filled(label, path.clone(), paint))
        };
        let mut group = Group::new("large");
        group.transform = Affine::scale(20.0);
        group.children.push(shape("inner"));
        let document = Document {
            width: 300.0,
            height: 200.0,
            view_box: Rect::new(0.0, 0.0, 300.0, 200.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: vec![shape("outer"), Node::Group(group)],
        };
        let options = WriteOptions::default();
        let decimals = document.outline_decimals(&options);
        let written = document.to_svg(&options);
        let read = Document::parse(written.as_bytes(), &ParseLimits::default())
            .expect("own output")
            .document;
        assert_eq!(decimals.len(), 2);
        assert!(decimals[0] < decimals[1], "{decimals:?}");
        for (visit, decimals) in read.shapes().iter().zip(decimals) {
            let expected = snapped_outline(&path, decimals);
            let pairs = visit.shape.path.iter().zip(expected.iter());
            for (found, expected) in pairs {
                let ends = found.end_point().zip(expected.end_point());
                assert!(ends.is_none_or(|(a, b)| a.distance(b) < 1e-5), "{found:?}");
            }
        }
    }
}
