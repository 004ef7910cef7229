//! Merging of paths: siblings painted alike that touch nowhere become one path. Decides by bounding
//! boxes, changes no pixel, and never takes a name from a document: which names may be shared is
//! the caller's business. Shapes that came in a file stay as they are.

use kurbo::{BezPath, Rect, Shape as _};

use crate::{Document, Drawn, LineJoin, Node, Shape};

/// Control points from which a path takes no further ones: merging should leave paths that can be
/// edited.
const MOST_ELEMENTS: usize = 2000;

/// Which shapes of those that were [drawn here](Drawn::Here) may become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mergeable {
    /// Those without id and label.
    Unnamed,
    /// Also those without id whose labels are equal; the one path keeps the label.
    Alike,
}

impl Document {
    /// Makes one path of consecutive siblings that have equal paints, no id, and boxes at least a
    /// pixel of the nominal size apart; returns how many shapes that saves. Round shapes stay, for
    /// they are written shorter than paths, and so do dashed ones.
    pub fn merge_paths(&mut self, mergeable: Mergeable) -> usize {
        let frame = self.view_box;
        let scale = (self.width / frame.width()).min(self.height / frame.height());
        if !(scale.is_finite() && scale > 0.0) {
            return 0;
        }
        merge(&mut self.layers, mergeable, 1.0 / scale)
    }
}

/// `gap` is the least distance of two boxes, in units of these nodes' coordinates.
fn merge(nodes: &mut Vec<Node>, mergeable: Mergeable, gap: f64) -> usize {
    let before = nodes.len();
    let mut within = 0;
    let mut merged: Vec<Node> = Vec::with_capacity(before);
    // Boxes of what the last node was made of.
    let mut boxes: Vec<Rect> = Vec::new();
    for mut node in nodes.drain(..) {
        let bounds = match &mut node {
            Node::Group(group) => {
                let [a, b, c, d, _, _] = group.transform.as_coeffs();
                let least =
                    ((a * d - b * c).abs() / (a.hypot(b).max(c.hypot(d))).max(1e-12)).max(1e-12);
                within += merge(&mut group.children, mergeable, gap / least);
                None
            }
            Node::Shape(shape) => room(shape, mergeable),
        };
        if let (Some(bounds), Node::Shape(shape)) = (bounds, &node) {
            let bounds = bounds.inset(gap * 0.5);
            if let Some(Node::Shape(last)) = merged.last_mut()
                && !boxes.is_empty()
                && is_alike(last, shape)
                && last.path.elements().len() + shape.path.elements().len() <= MOST_ELEMENTS
                && boxes.iter().all(|other| !other.overlaps(bounds))
            {
                last.path.extend(shape.path.iter());
                boxes.push(bounds);
                continue;
            }
            boxes = vec![bounds];
        } else {
            boxes.clear();
        }
        merged.push(node);
    }
    *nodes = merged;
    within + before - nodes.len()
}

/// The box that a shape paints in; `None` where it may not be merged.
fn room(shape: &Shape, mergeable: Mergeable) -> Option<Rect> {
    let is_named =
        !shape.id.is_empty() || mergeable == Mergeable::Unnamed && !shape.label.is_empty();
    let is_dashed = shape
        .stroke
        .as_ref()
        .is_some_and(|stroke| !stroke.dashes.is_empty());
    let is_from_file = shape.drawn != Drawn::Here;
    if is_named || is_dashed || is_from_file || !shape.path.is_finite() || is_round(&shape.path) {
        return None;
    }
    let reach = shape.stroke.as_ref().map_or(0.0, |stroke| {
        let corner = if stroke.join == LineJoin::Miter {
            stroke.miter_limit.max(1.5)
        } else {
            1.5
        };
        stroke.width.abs() * 0.5 * corner
    });
    Some(shape.path.bounding_box().inset(reach))
}

/// Whether a path is four cubics, as circles and ellipses are.
fn is_round(path: &BezPath) -> bool {
    use kurbo::PathEl::{ClosePath, CurveTo, MoveTo};
    matches!(
        path.elements(),
        [
            MoveTo(_),
            CurveTo(..),
            CurveTo(..),
            CurveTo(..),
            CurveTo(..),
            ClosePath
        ]
    )
}

fn is_alike(one: &Shape, other: &Shape) -> bool {
    one.label == other.label
        && one.meaning == other.meaning
        && one.fill == other.fill
        && one.stroke == other.stroke
        && one.opacity == other.opacity
}

#[cfg(test)]
mod tests {
    use kurbo::{Affine, Circle};

    use super::*;
    use crate::{Color, Group, Metadata, Paint, WriteOptions};

    fn square(label: &str, x: f64, red: u8) -> Node {
        let path = Rect::new(x, 10.0, x + 8.0, 18.0).to_path(0.1);
        let color = Color::from_rgb8(red, 30, 40);
        Node::Shape(Shape::filled(label, path, Paint::Solid(color)))
    }

    fn document(layers: Vec<Node>) -> Document {
        Document {
            width: 100.0,
            height: 100.0,
            view_box: Rect::new(0.0, 0.0, 100.0, 100.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers,
        }
    }

    /// How many shapes remain, after a look at whether no pixel has changed.
    fn left(layers: Vec<Node>, mergeable: Mergeable) -> usize {
        let before = document(layers);
        let mut after = before.clone();
        let saved = after.merge_paths(mergeable);
        assert_eq!(after.counts().shapes + saved, before.counts().shapes);
        let render = |document: &Document| document.render(100, 100, None).expect("renders");
        assert_eq!(render(&before), render(&after));
        let bytes = |document: &Document| document.to_svg(&WriteOptions::default()).len();
        assert!(bytes(&after) <= bytes(&before));
        after.counts().shapes
    }

    #[test]
    fn only_what_is_painted_alike_and_lies_apart_becomes_one_path() {
        let (a, b, c) = (square("", 0.0, 9), square("", 20.0, 9), square("", 40.0, 9));
        assert_eq!(left(vec![a.clone(), b.clone(), c], Mergeable::Unnamed), 1);
        let other = square("", 40.0, 200);
        assert_eq!(left(vec![a.clone(), other, b], Mergeable::Unnamed), 3);
        let overlapping = square("", 4.0, 9);
        assert_eq!(left(vec![a.clone(), overlapping], Mergeable::Unnamed), 2);
        let in_the_same_pixel = square("", 8.4, 9);
        assert_eq!(left(vec![a, in_the_same_pixel], Mergeable::Unnamed), 2);
    }

    #[test]
    fn names_stay() {
        let stars = vec![square("star", 0.0, 9), square("star", 20.0, 9)];
        assert_eq!(left(stars.clone(), Mergeable::Unnamed), 2);
        assert_eq!(left(stars, Mergeable::Alike), 1);
        let two = vec![square("star", 0.0, 9), square("moon", 20.0, 9)];
        assert_eq!(left(two, Mergeable::Alike), 2);
        let mut known = square("", 20.0, 9);
        if let Node::Shape(shape) = &mut known {
            shape.id = "known".to_owned();
        }
        assert_eq!(left(vec![square("", 0.0, 9), known], Mergeable::Alike), 2);
    }

    #[test]
    fn a_group_parts_what_lies_before_and_behind_it() {
        let group = Node::Group(Group {
            transform: Affine::scale(0.1),
            children: vec![square("", 0.0, 9), square("", 14.0, 9), square("", 60.0, 9)],
            ..Group::new("")
        });
        // At a tenth of the size 14 and 8 lie within one pixel of each other.
        let layers = vec![square("", 0.0, 9), group, square("", 40.0, 9)];
        assert_eq!(left(layers, Mergeable::Unnamed), 4);
    }

    #[test]
    fn shapes_of_a_file_stay_apart_whatever_held_them() {
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'>\
            <g><path d='M0 0h9v9h-9z'/></g><g class='card'><path d='M20 0h9v9h-9z'/></g>\
            <path d='M40 0h9v9h-9z'/><rect x='60' width='9' height='9'/></svg>";
        let read = Document::parse(svg.as_bytes(), &crate::ParseLimits::default());
        let layers = read.expect("reads").document.layers;
        assert_eq!(left(layers.clone(), Mergeable::Unnamed), 4);
        assert_eq!(left(layers, Mergeable::Alike), 4);
    }

    #[test]
    fn circles_stay_circles() {
        let circle = |x: f64| {
            let path = Circle::new((x, 50.0), 4.0).to_path(0.01);
            Node::Shape(Shape::filled("", path, Paint::Solid(Color::BLACK)))
        };
        assert_eq!(left(vec![circle(10.0), circle(40.0)], Mergeable::Alike), 2);
    }
}
