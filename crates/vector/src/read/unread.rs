//! What stands for something that cannot be read says so (`Origin::Unread`): what a picture shows
//! there is nothing that shapes should follow.

use crate::{Group, Node, Origin};

/// Marks nodes as standing for what cannot be read, unless they say what they were made from.
pub(super) fn mark(nodes: &mut [Node]) {
    for node in nodes {
        node.meaning_mut().origin.get_or_insert(Origin::Unread);
    }
}

/// Marks what a group holds, on the group itself where it has a name.
pub(super) fn mark_group(group: &mut Group) {
    if group.id.is_empty() && group.label.is_empty() && group.meaning.is_empty() {
        mark(&mut group.children);
    } else {
        group.meaning.origin.get_or_insert(Origin::Unread);
    }
}

/// Whether anything among nodes stands for what cannot be read.
pub(super) fn is_among(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| {
        let is_marked = node.meaning().origin == Some(Origin::Unread);
        is_marked || matches!(node, Node::Group(group) if is_among(&group.children))
    })
}
