//! Parts that should touch the rest of their thing.

use chat2svg_vector::{Document, Group, Meaning, Node, Role};
use kurbo::{Affine, Rect};

use super::Finding;

/// How far a part may be from the rest, as a share of the canvas' longer side.
const GAP: f64 = 0.03;
/// Most parts of a thing that are compared; beyond, a thing is rather a pattern.
const MOST_PARTS: usize = 64;
/// Most findings.
const MOST: usize = 6;

/// Parts of things that stand apart from all others of the same thing.
pub(super) fn detached(document: &Document) -> Vec<Finding> {
    let gap = document.view_box.width().max(document.view_box.height()) * GAP;
    let mut found = Vec::new();
    for node in &document.layers {
        if let Node::Group(group) = node {
            look_at(group, Affine::IDENTITY, Meaning::NONE, gap, &mut found);
        }
    }
    found.truncate(MOST);
    found
}

fn look_at(group: &Group, outside: Affine, around: Meaning, gap: f64, found: &mut Vec<Finding>) {
    let meaning = group.meaning.within(around);
    let transform = outside * group.transform;
    if meaning.role == Some(Role::Layer) {
        for child in &group.children {
            if let Node::Group(inner) = child {
                look_at(inner, transform, Meaning::NONE, gap, found);
            }
        }
        return;
    }
    if !matches!(meaning.role, None | Some(Role::Thing)) || group.children.len() > MOST_PARTS {
        return;
    }
    let parts: Vec<(String, Rect, bool)> = group
        .children
        .iter()
        .filter_map(|child| {
            let bounds = child.paint_bounds(transform)?;
            let own = match child {
                Node::Group(inner) => inner.meaning,
                Node::Shape(shape) => shape.meaning,
            };
            // Members of a thing of several stand each for itself, and so do marks and shadows.
            let is_free = own.member.is_some()
                || own.emits.is_some()
                || own.role.is_some_and(|role| role != Role::Thing);
            Some((name_of(child), bounds, is_free))
        })
        .collect();
    // Where most parts stand alone, they are several things and no faulty one.
    let apart: Vec<&str> = parts
        .iter()
        .enumerate()
        .filter(|(index, (_, bounds, is_free))| {
            let near = bounds.inflate(gap, gap);
            let mut others = parts.iter().enumerate().filter(|(other, _)| other != index);
            parts.len() > 1 && !is_free && !others.any(|(_, (_, other, _))| near.overlaps(*other))
        })
        .map(|(_, (name, _, _))| name.as_str())
        .collect();
    let is_pair = parts.len() == 2 && apart.len() == 2;
    if is_pair || apart.len() * 2 < parts.len() {
        let whole = if group.id.is_empty() {
            &group.label
        } else {
            &group.id
        };
        // Of a pair, one is enough to say.
        let told = if is_pair { 1 } else { apart.len() };
        found.extend(apart.iter().take(told).map(|name| Finding::Detached {
            name: (*name).to_owned(),
            whole: whole.clone(),
        }));
    }
}

fn name_of(node: &Node) -> String {
    if node.id().is_empty() {
        node.label().to_owned()
    } else {
        node.id().to_owned()
    }
}
