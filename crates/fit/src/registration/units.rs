//! What of a document can move as one: its shapes, and the groups that have a name. The letters of
//! a text only move together.

use std::ops::Range;

use chat2svg_vector::{Document, Node, ShapeVisit, Visibility};
use kurbo::Affine;

use crate::{
    freedom::{text_place, unread_place},
    naming::{is_named, name_at},
};

/// A shape or a named group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    /// Child positions that lead to it, from the document's layers.
    pub(super) place: Vec<usize>,
    /// What it is called.
    pub(super) name: String,
    /// Its shapes, by their index in painting order.
    pub(super) shapes: Range<usize>,
    /// Whether it is a group.
    pub(super) is_group: bool,
    /// Whether it is a whole text.
    pub(super) is_text: bool,
}

impl Unit {
    /// Whether all of another is in this one.
    pub(super) fn holds(&self, other: &Self) -> bool {
        self.shapes.start <= other.shapes.start && other.shapes.end <= self.shapes.end
    }

    /// The pixels that are seen of each of its shapes.
    pub(super) fn parts<'a>(&self, seen: &'a Visibility) -> &'a [Vec<u32>] {
        seen.pixels().get(self.shapes.clone()).unwrap_or_default()
    }

    /// How many pixels are seen of it.
    pub(super) fn seen_area(&self, seen: &Visibility) -> usize {
        self.parts(seen).iter().map(Vec::len).sum()
    }

    /// The pixels that it would show were nothing above its shapes.
    pub(super) fn painted_area(&self, seen: &Visibility) -> f64 {
        let shapes = self.shapes.clone();
        shapes.map(|shape| seen.painted_area(shape)).sum()
    }
}

/// All units, groups before what is in them.
pub(super) fn units(document: &Document) -> Vec<Unit> {
    let visits = document.shapes();
    let mut found: Vec<Unit> = Vec::new();
    // The units that are open: those that the shape before this one is in.
    let mut open: Vec<usize> = Vec::new();
    for visit in &visits {
        open.retain(|unit| visit.place.starts_with(&found[*unit].place));
        open.iter().for_each(|unit| found[*unit].shapes.end += 1);
        let known = open.last().map_or(0, |unit| found[*unit].place.len());
        let text = text_place(visit).map_or(usize::MAX, <[usize]>::len);
        // What stands for something unread stays where it is.
        let unread = unread_place(visit).map_or(usize::MAX, <[usize]>::len);
        for depth in known + 1..=visit.place.len().min(text).min(unread - 1) {
            let group = visit.groups.get(depth - 1);
            let is_named = group.is_none_or(|group| is_named(group));
            if is_named || depth == text {
                open.push(found.len());
                found.push(Unit {
                    place: visit.place[..depth].to_vec(),
                    name: told_name(visit, depth),
                    shapes: visit.index..visit.index + 1,
                    is_group: group.is_some(),
                    is_text: depth == text,
                });
            }
        }
    }
    // A group of one shape is that shape, and one of all is the picture.
    let all = visits.len();
    found.retain(|unit| !unit.is_group || unit.is_text || (2..all).contains(&unit.shapes.len()));
    found
}

/// What is told of as the name of what is at a depth of a shape's place: where there is no name,
/// the shape's number.
pub(crate) fn told_name(visit: &ShapeVisit<'_>, depth: usize) -> String {
    match name_at(visit, depth) {
        "" => format!("shape {}", visit.index + 1),
        name => name.to_owned(),
    }
}

/// Maps the coordinates of the node at a place to the document's user space.
pub(super) fn to_user(document: &Document, place: &[usize]) -> Affine {
    let around = place.split_last().map_or(place, |(_, around)| around);
    let mut to_user = Affine::IDENTITY;
    for depth in 1..=around.len() {
        if let Some(Node::Group(group)) = document.node(&around[..depth]) {
            to_user *= group.transform;
        }
    }
    to_user
}

/// Moves the node at a place by a map of the document's user space.
pub(super) fn move_node(document: &mut Document, place: &[usize], map: Affine) {
    let to_user = to_user(document, place);
    if to_user.determinant().abs() < 1e-12 {
        return;
    }
    let Some(node) = document.node_mut(place) else {
        return;
    };
    node.apply_affine(to_user.inverse() * map * to_user);
    if let Node::Group(group) = node {
        group.flatten_transforms();
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Color, Group, Metadata, Origin, Paint, Shape};
    use kurbo::{Rect, Shape as _};

    use super::*;

    fn square(label: &str) -> Node {
        let path = Rect::new(0.0, 0.0, 10.0, 10.0).to_path(0.1);
        Node::Shape(Shape::filled(label, path, Paint::Solid(Color::BLACK)))
    }

    fn document() -> Document {
        let mut fox = Group::new("fox");
        fox.transform = Affine::scale(2.0);
        fox.children = vec![square("head"), square("")];
        let mut one = Group::new("moon");
        one.children = vec![square("")];
        Document {
            width: 100.0,
            height: 100.0,
            view_box: Rect::new(0.0, 0.0, 100.0, 100.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: vec![square(""), Node::Group(fox), Node::Group(one)],
        }
    }

    #[test]
    fn groups_come_before_their_shapes_and_single_ones_do_not_count() {
        let found = units(&document());
        let names: Vec<_> = found
            .iter()
            .map(|unit| (unit.name.as_str(), unit.shapes.clone(), unit.is_group))
            .collect();
        let expected = [
            ("shape 1", 0..1, false),
            ("fox", 1..3, true),
            ("head", 1..2, false),
            ("fox", 2..3, false),
            ("moon", 3..4, false),
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_text_is_one_unit_and_its_letters_are_none() {
        let mut document = document();
        if let Some(Node::Group(fox)) = document.node_mut(&[1]) {
            let mut text = Group::new("");
            text.meaning.origin = Some(Origin::Text);
            text.children = vec![square(""), square("bold")];
            fox.children = vec![Node::Group(text)];
        }
        let found = units(&document);
        let texts: Vec<_> = found.iter().filter(|unit| unit.is_text).collect();
        assert_eq!(texts.len(), 1);
        assert_eq!(
            (texts[0].name.as_str(), texts[0].shapes.clone()),
            ("fox", 1..3)
        );
        assert!(
            found
                .iter()
                .all(|unit| unit.is_group || !texts[0].shapes.contains(&unit.shapes.start))
        );
    }

    #[test]
    fn a_node_moves_in_user_space_whatever_is_around_it() {
        let mut document = document();
        move_node(&mut document, &[1, 0], Affine::translate((6.0, 0.0)));
        let shapes = document.shapes();
        let bounds = |index: usize| {
            let visit = &shapes[index];
            visit
                .transform
                .transform_rect_bbox(visit.shape.path.bounding_box())
        };
        assert_eq!(bounds(1), Rect::new(6.0, 0.0, 26.0, 20.0));
        assert_eq!(bounds(2), Rect::new(0.0, 0.0, 20.0, 20.0));
    }
}
