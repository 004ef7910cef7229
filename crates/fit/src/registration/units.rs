//! What of a document can move as one: its shapes, and the groups that have a name. The letters of
//! a text only move together.

use std::ops::Range;

use chat2svg_vector::{Document, Group, Meaning, Node, Origin, ShapeVisit};
use kurbo::Affine;

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

/// All units, groups before what is in them.
pub(super) fn units(document: &Document) -> Vec<Unit> {
    let mut found = Vec::new();
    let mut walk = Walk {
        place: Vec::new(),
        next: 0,
        found: &mut found,
    };
    walk.nodes(&document.layers, "", Meaning::NONE);
    let all = walk.next;
    // A group of one shape is that shape, and one of all is the picture.
    found.retain(|unit| !unit.is_group || unit.is_text || (2..all).contains(&unit.shapes.len()));
    found
}

/// The name of a shape in its document: its own, else that of the nearest group that has one, else
/// its number.
pub(super) fn visit_name(visit: &ShapeVisit<'_>) -> String {
    let around = visit.groups.iter().rev().find_map(|group| {
        let mut names = [&group.label, &group.id].into_iter();
        names.find(|name| !name.is_empty())
    });
    let around = around.map_or("", String::as_str);
    shape_name(&visit.shape.label, &visit.shape.id, around, visit.index)
}

/// The name of a shape: its own, else that of the nearest group that has one, else its number.
fn shape_name(label: &str, id: &str, around: &str, index: usize) -> String {
    [label, id, around]
        .into_iter()
        .find(|name| !name.is_empty())
        .map_or_else(|| format!("shape {}", index + 1), str::to_owned)
}

struct Walk<'a> {
    place: Vec<usize>,
    next: usize,
    found: &'a mut Vec<Unit>,
}

impl Walk<'_> {
    fn nodes(&mut self, nodes: &[Node], around: &str, said: Meaning) {
        for (position, node) in nodes.iter().enumerate() {
            self.place.push(position);
            match node {
                Node::Group(group) => self.group(group, around, said),
                Node::Shape(shape) => {
                    let origin = shape.meaning.within(said).origin;
                    if said.origin != Some(Origin::Text) && origin != Some(Origin::Unread) {
                        self.found.push(Unit {
                            place: self.place.clone(),
                            name: shape_name(&shape.label, &shape.id, around, self.next),
                            shapes: self.next..self.next + 1,
                            is_group: false,
                            is_text: origin == Some(Origin::Text),
                        });
                    }
                    self.next += 1;
                }
            }
            self.place.pop();
        }
    }

    fn group(&mut self, group: &Group, around: &str, said: Meaning) {
        let own_meaning = group.meaning.within(said);
        let is_within_text = said.origin == Some(Origin::Text);
        let is_text = own_meaning.origin == Some(Origin::Text) && !is_within_text;
        let own = if group.label.is_empty() {
            &group.id
        } else {
            &group.label
        };
        let (at, first) = (self.found.len(), self.next);
        let name = if own.is_empty() { around } else { own };
        self.nodes(&group.children, name, own_meaning);
        let is_unread = own_meaning.origin == Some(Origin::Unread);
        if is_text || !(own.is_empty() || is_within_text || is_unread) {
            let unit = Unit {
                place: self.place.clone(),
                name: shape_name(own, "", around, first),
                shapes: first..self.next,
                is_group: true,
                is_text,
            };
            self.found.insert(at, unit);
        }
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
    use chat2svg_vector::{Color, Metadata, Paint, Shape};
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
