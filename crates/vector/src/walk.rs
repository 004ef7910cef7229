//! Going through a document: shapes in painting order with what their groups add, nodes by name or
//! place, counts.

use kurbo::{Affine, PathEl};

use crate::names::assign_ids;
use crate::{Document, Drawn, Group, Node, Paint, Shape};

/// A shape as it stands in a document.
#[derive(Clone, Debug)]
pub struct ShapeVisit<'a> {
    /// Position among all shapes in painting order, from 0 at the back.
    pub index: usize,
    /// The shape.
    pub shape: &'a Shape,
    /// Groups around it, outermost first.
    pub groups: Vec<&'a Group>,
    /// Child positions that lead to it, from the document's layers.
    pub place: Vec<usize>,
    /// Maps its coordinates to the document's user space.
    pub transform: Affine,
    /// Product of the groups' opacities; its own is not included.
    pub opacity: f32,
}

/// What a document is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Groups.
    pub groups: usize,
    /// Shapes.
    pub shapes: usize,
    /// Straight segments, the closing ones not included.
    pub lines: usize,
    /// Quadratic segments.
    pub quadratics: usize,
    /// Cubic segments.
    pub cubics: usize,
    /// Fills and strokes with a gradient.
    pub gradients: usize,
}

impl Document {
    /// All shapes in painting order.
    pub fn shapes(&self) -> Vec<ShapeVisit<'_>> {
        let mut out = Vec::new();
        let mut groups = Vec::new();
        let mut place = Vec::new();
        visit(
            &self.layers,
            Affine::IDENTITY,
            1.0,
            &mut groups,
            &mut place,
            &mut out,
        );
        out
    }

    /// Calls `edit` for every shape in painting order, with its index, the transform from its
    /// coordinates to user space, and the product of its groups' opacities.
    pub fn edit_shapes(&mut self, mut edit: impl FnMut(usize, &mut Shape, Affine, f32)) {
        fn descend(
            nodes: &mut [Node],
            transform: Affine,
            opacity: f32,
            next: &mut usize,
            edit: &mut dyn FnMut(usize, &mut Shape, Affine, f32),
        ) {
            for node in nodes {
                match node {
                    Node::Group(group) => descend(
                        &mut group.children,
                        transform * group.transform,
                        opacity * group.opacity,
                        next,
                        edit,
                    ),
                    Node::Shape(shape) => {
                        edit(*next, shape, transform, opacity);
                        *next += 1;
                    }
                }
            }
        }
        descend(&mut self.layers, Affine::IDENTITY, 1.0, &mut 0, &mut edit);
    }

    /// Makes all shapes ones that were [drawn here](Drawn::Here), whatever file they came in.
    pub fn mark_drawn_here(&mut self) {
        self.edit_shapes(|_, shape, _, _| shape.drawn = Drawn::Here);
    }

    /// Keeps the shapes for which `keep` is true, given the index in painting order, and removes
    /// groups that this leaves empty.
    pub fn retain_shapes(&mut self, mut keep: impl FnMut(usize, &Shape) -> bool) {
        fn descend(
            nodes: &mut Vec<Node>,
            next: &mut usize,
            keep: &mut dyn FnMut(usize, &Shape) -> bool,
        ) {
            nodes.retain_mut(|node| match node {
                Node::Group(group) => {
                    let was_empty = group.children.is_empty();
                    descend(&mut group.children, next, keep);
                    was_empty || !group.children.is_empty()
                }
                Node::Shape(shape) => {
                    let index = *next;
                    *next += 1;
                    keep(index, shape)
                }
            });
        }
        descend(&mut self.layers, &mut 0, &mut keep);
    }

    /// The node with an XML id.
    pub fn find_id(&self, id: &str) -> Option<&Node> {
        find(&self.layers, &|node| node.id() == id)
    }

    /// The node with an XML id, to be changed.
    pub fn find_id_mut(&mut self, id: &str) -> Option<&mut Node> {
        let place = place_of(&self.layers, &|node| node.id() == id)?;
        self.node_mut(&place)
    }

    /// The node that labels lead to, from a layer down: `["Hills", "Tree"]`.
    pub fn find_labels(&self, labels: &[&str]) -> Option<&Node> {
        fn descend<'a>(nodes: &'a [Node], labels: &[&str]) -> Option<&'a Node> {
            let (first, rest) = labels.split_first()?;
            let mut matching = nodes.iter().filter(|node| node.label() == *first);
            if rest.is_empty() {
                return matching.next();
            }
            matching.find_map(|node| descend(node.children(), rest))
        }
        descend(&self.layers, labels)
    }

    /// The node at a place, as [`ShapeVisit::place`] gives it.
    pub fn node(&self, place: &[usize]) -> Option<&Node> {
        let (first, rest) = place.split_first()?;
        let mut node = self.layers.get(*first)?;
        for index in rest {
            node = node.children().get(*index)?;
        }
        Some(node)
    }

    /// The node at a place, to be changed.
    pub fn node_mut(&mut self, place: &[usize]) -> Option<&mut Node> {
        let (first, rest) = place.split_first()?;
        let mut node = self.layers.get_mut(*first)?;
        for index in rest {
            node = match node {
                Node::Group(group) => group.children.get_mut(*index)?,
                Node::Shape(_) => return None,
            };
        }
        Some(node)
    }

    /// The children of the group at a place, to be changed; the layers for the empty place.
    pub fn children_mut(&mut self, place: &[usize]) -> Option<&mut Vec<Node>> {
        if place.is_empty() {
            return Some(&mut self.layers);
        }
        match self.node_mut(place)? {
            Node::Group(group) => Some(&mut group.children),
            Node::Shape(_) => None,
        }
    }

    /// Gives every node with a label and no id an id made from the label, and makes repeated ids
    /// unique, as writing does.
    pub fn ensure_ids(&mut self) {
        fn assign(nodes: &mut [Node], ids: &mut dyn Iterator<Item = String>) {
            for node in nodes {
                let id = ids.next().unwrap_or_default();
                match node {
                    Node::Group(group) => {
                        group.id = id;
                        assign(&mut group.children, ids);
                    }
                    Node::Shape(shape) => shape.id = id,
                }
            }
        }
        let (ids, _) = assign_ids(self, None);
        assign(&mut self.layers, &mut ids.into_iter());
    }

    /// What the document is made of.
    pub fn counts(&self) -> Counts {
        fn descend(nodes: &[Node], counts: &mut Counts) {
            for node in nodes {
                match node {
                    Node::Group(group) => {
                        counts.groups += 1;
                        descend(&group.children, counts);
                    }
                    Node::Shape(shape) => {
                        counts.shapes += 1;
                        count_shape(shape, counts);
                    }
                }
            }
        }
        let mut counts = Counts::default();
        descend(&self.layers, &mut counts);
        counts
    }
}

impl Node {
    /// XML id; empty when it has none.
    pub fn id(&self) -> &str {
        match self {
            Self::Group(group) => &group.id,
            Self::Shape(shape) => &shape.id,
        }
    }

    /// Human-readable name; empty when it has none.
    pub fn label(&self) -> &str {
        match self {
            Self::Group(group) => &group.label,
            Self::Shape(shape) => &shape.label,
        }
    }

    /// A group's children; none for a shape.
    pub fn children(&self) -> &[Node] {
        match self {
            Self::Group(group) => &group.children,
            Self::Shape(_) => &[],
        }
    }
}

fn visit<'a>(
    nodes: &'a [Node],
    transform: Affine,
    opacity: f32,
    groups: &mut Vec<&'a Group>,
    place: &mut Vec<usize>,
    out: &mut Vec<ShapeVisit<'a>>,
) {
    for (position, node) in nodes.iter().enumerate() {
        place.push(position);
        match node {
            Node::Group(group) => {
                groups.push(group);
                let (inner, alpha) = (transform * group.transform, opacity * group.opacity);
                visit(&group.children, inner, alpha, groups, place, out);
                groups.pop();
            }
            Node::Shape(shape) => out.push(ShapeVisit {
                index: out.len(),
                shape,
                groups: groups.clone(),
                place: place.clone(),
                transform,
                opacity,
            }),
        }
        place.pop();
    }
}

fn find<'a>(nodes: &'a [Node], matches: &dyn Fn(&Node) -> bool) -> Option<&'a Node> {
    nodes.iter().find_map(|node| {
        if matches(node) {
            Some(node)
        } else {
            find(node.children(), matches)
        }
    })
}

fn place_of(nodes: &[Node], matches: &dyn Fn(&Node) -> bool) -> Option<Vec<usize>> {
    nodes.iter().enumerate().find_map(|(position, node)| {
        if matches(node) {
            return Some(vec![position]);
        }
        let mut place = place_of(node.children(), matches)?;
        place.insert(0, position);
        Some(place)
    })
}

fn count_shape(shape: &Shape, counts: &mut Counts) {
    for element in shape.path.elements() {
        match element {
            PathEl::LineTo(_) => counts.lines += 1,
            PathEl::QuadTo(..) => counts.quadratics += 1,
            PathEl::CurveTo(..) => counts.cubics += 1,
            PathEl::MoveTo(_) | PathEl::ClosePath => {}
        }
    }
    let paints = [
        shape.fill.as_ref().map(|fill| &fill.paint),
        shape.stroke.as_ref().map(|stroke| &stroke.paint),
    ];
    let is_gradient = |paint: &&Paint| !matches!(paint, Paint::Solid(_));
    counts.gradients += paints.into_iter().flatten().filter(is_gradient).count();
}

#[cfg(test)]
mod tests {
    use kurbo::{BezPath, Rect};

    use super::*;
    use crate::{Color, Metadata};

    fn document() -> Document {
        let square = |label: &str| {
            let path = BezPath::from_svg("M0 0H10V10H0Z").expect("valid path");
            Node::Shape(Shape::filled(label, path, Paint::Solid(Color::BLACK)))
        };
        let mut tree = Group::new("Tree");
        tree.transform = Affine::translate((5.0, 0.0));
        tree.opacity = 0.5;
        tree.children = vec![square("Trunk"), square("Crown")];
        let mut hills = Group::new("Hills");
        hills.transform = Affine::scale(2.0);
        hills.opacity = 0.5;
        hills.children = vec![square("Hill"), Node::Group(tree)];
        Document {
            width: 100.0,
            height: 100.0,
            view_box: Rect::new(0.0, 0.0, 100.0, 100.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: vec![square("Sky"), Node::Group(hills)],
        }
    }

    #[test]
    fn shapes_come_in_painting_order_with_what_groups_add() {
        let document = document();
        let shapes = document.shapes();
        let labels: Vec<_> = shapes
            .iter()
            .map(|visit| visit.shape.label.as_str())
            .collect();
        assert_eq!(labels, ["Sky", "Hill", "Trunk", "Crown"]);
        let crown = &shapes[3];
        assert_eq!(crown.index, 3);
        assert_eq!(crown.place, [1, 1, 1]);
        assert_eq!(crown.opacity, 0.25);
        assert_eq!(
            crown.transform * kurbo::Point::ZERO,
            kurbo::Point::new(10.0, 0.0)
        );
        assert_eq!(document.node(&crown.place).map(Node::label), Some("Crown"));
    }

    #[test]
    fn nodes_are_found_by_name() {
        let mut document = document();
        assert_eq!(
            document
                .find_labels(&["Hills", "Tree", "Crown"])
                .map(Node::label),
            Some("Crown")
        );
        assert!(document.find_labels(&["Hills", "Crown"]).is_none());
        document.ensure_ids();
        assert_eq!(document.find_id("crown").map(Node::label), Some("Crown"));
        assert!(document.find_id_mut("trunk").is_some());
        assert!(document.find_id("nothing").is_none());
    }

    #[test]
    fn editing_and_removing_use_the_same_indices() {
        let mut document = document();
        let mut seen = Vec::new();
        document.edit_shapes(|index, shape, _, _| seen.push((index, shape.label.clone())));
        assert_eq!(seen[2], (2, "Trunk".to_owned()));
        document.retain_shapes(|index, _| index < 2);
        assert_eq!(document.shapes().len(), 2);
        assert!(
            document.find_labels(&["Hills", "Tree"]).is_none(),
            "empty group stays"
        );
    }

    #[test]
    fn counts_are_of_what_is_there() {
        let counts = document().counts();
        assert_eq!((counts.groups, counts.shapes, counts.lines), (2, 4, 12));
    }

    #[test]
    fn flattening_moves_geometry_not_the_picture() {
        let mut flat = document();
        assert_eq!(flat.flatten_transforms(), 0);
        let (before, after) = (document(), flat);
        for (old, new) in before.shapes().iter().zip(after.shapes()) {
            assert_eq!(new.transform, Affine::IDENTITY);
            assert_eq!(old.transform * old.shape.path.clone(), new.shape.path);
        }
    }
}
