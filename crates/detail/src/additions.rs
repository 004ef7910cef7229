//! New shapes for a document: made in its coordinates, each put beside a node that is there
//! already.

use chat2svg_vector::{
    Color, Document, Fill, FillRule, LineCap, LineJoin, Node, Paint, Shape, Stroke,
};
use kurbo::BezPath;

use crate::scene::parent_of;

/// A shape or a group of them to be put into a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Addition {
    /// Child indices down to the node beside which it goes.
    pub(crate) path: Vec<usize>,
    /// Whether it goes above that node, else below.
    pub(crate) above: bool,
    /// What is put there, in the document's coordinates.
    pub(crate) node: Node,
}

/// Puts shapes into a document and returns their names, from back to front; of a group those of its
/// shapes. Those for the same place keep their order.
pub(crate) fn add_all(document: &mut Document, additions: &[Addition]) -> Vec<String> {
    let mut ordered: Vec<&Addition> = additions.iter().collect();
    ordered.sort_by(|a, b| (&a.path, a.above).cmp(&(&b.path, b.above)));
    let mut added = Vec::new();
    // From the back of the lists, so that an insertion does not move the places of those still to
    // come.
    for addition in ordered.into_iter().rev() {
        let Some((siblings, transform)) = parent_of(document, &addition.path) else {
            continue;
        };
        let Some(&index) = addition.path.last() else {
            continue;
        };
        let mut node = addition.node.clone();
        node.apply_affine(transform.inverse());
        match &node {
            Node::Shape(shape) => added.push(shape.label.clone()),
            Node::Group(group) => {
                let labels = group.children.iter().rev().map(Node::label);
                added.extend(labels.map(str::to_owned));
            }
        }
        let place = index + usize::from(addition.above);
        siblings.insert(place.min(siblings.len()), node);
    }
    added.reverse();
    added
}

/// A filled shape with an opacity.
pub(crate) fn filled(label: String, path: BezPath, paint: Paint, opacity: f32) -> Shape {
    Shape {
        fill: Some(Fill {
            paint,
            opacity: opacity.clamp(0.0, 1.0),
            rule: FillRule::NonZero,
        }),
        ..Shape::filled(label, path, Paint::Solid(Color::BLACK))
    }
}

/// Lines with round ends.
pub(crate) fn stroked(
    label: String,
    path: BezPath,
    color: Color,
    width: f64,
    opacity: f32,
) -> Shape {
    Shape {
        fill: None,
        stroke: Some(Stroke {
            paint: Paint::Solid(color),
            opacity: opacity.clamp(0.0, 1.0),
            width,
            cap: LineCap::Round,
            join: LineJoin::Round,
            miter_limit: 4.0,
            dashes: Vec::new(),
            dash_offset: 0.0,
        }),
        ..Shape::filled(label, path, Paint::Solid(color))
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Group, Metadata};
    use kurbo::{Affine, Rect, Shape as _};

    use super::*;

    fn square(label: &str) -> Shape {
        let path = Rect::new(0.0, 0.0, 4.0, 4.0).to_path(0.1);
        Shape::filled(label, path, Paint::Solid(Color::WHITE))
    }

    #[test]
    fn shapes_land_beside_their_neighbours_in_their_coordinates() {
        let fox = Group {
            transform: Affine::translate((10.0, 0.0)),
            children: vec![Node::Shape(square("body")), Node::Shape(square("head"))],
            ..Group::new("fox")
        };
        let mut document = Document {
            width: 20.0,
            height: 20.0,
            view_box: Rect::new(0.0, 0.0, 20.0, 20.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: vec![Node::Shape(square("sky")), Node::Group(fox)],
        };
        let add = |path: &[usize], above, label| Addition {
            path: path.to_vec(),
            above,
            node: Node::Shape(square(label)),
        };
        let added = add_all(
            &mut document,
            &[
                add(&[1, 0], true, "fur"),
                add(&[1], false, "shadow"),
                add(&[1, 0], true, "more fur"),
                add(&[1, 1], true, "shine"),
            ],
        );
        assert_eq!(added, ["shadow", "fur", "more fur", "shine"]);
        assert_eq!(document.layers[1].label(), "shadow");
        let Node::Group(fox) = &document.layers[2] else {
            panic!("the fox moved");
        };
        let labels: Vec<&str> = fox.children.iter().map(Node::label).collect();
        assert_eq!(labels, ["body", "fur", "more fur", "head", "shine"]);
        let Node::Shape(fur) = &fox.children[1] else {
            panic!("a shape was added");
        };
        assert_eq!(fur.path.bounding_box().x0, -10.0);
    }
}
