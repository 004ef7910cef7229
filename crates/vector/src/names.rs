//! Names of nodes: XML ids made from labels, unique within a document.

use std::collections::{HashMap, HashSet};

use crate::{Document, Node};

/// An XML id for a label: lower-case ASCII words joined by hyphens; empty when nothing is left.
pub fn slug(label: &str) -> String {
    let mut out = String::with_capacity(label.len());
    for character in label.chars() {
        if character.is_ascii_alphanumeric() {
            out.push(character.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    while out.ends_with('-') {
        out.pop();
    }
    // An XML name does not start with a digit.
    if out.starts_with(|first: char| first.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}

/// Whether a text can stand as an XML id and behind `url(#…)` as it is.
fn is_plain_id(id: &str) -> bool {
    let mut characters = id.chars();
    characters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Ids given out so far.
#[derive(Default)]
pub(crate) struct IdSet {
    taken: HashSet<String>,
    /// The number to try next after each repeated name.
    next: HashMap<String, u64>,
}

impl IdSet {
    /// `wanted` when it is free, else `wanted-2`, `wanted-3`, ….
    pub(crate) fn claim(&mut self, wanted: &str) -> String {
        if self.taken.insert(wanted.to_owned()) {
            return wanted.to_owned();
        }
        let count = self.next.entry(wanted.to_owned()).or_insert(2);
        loop {
            let id = format!("{wanted}-{count}");
            *count += 1;
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// Ids of all nodes in document order, as they are to be written: given ids first (a repeated one
/// is numbered), then slugs of labels. Empty for a node that has neither.
pub(crate) fn assign_ids(document: &Document) -> (Vec<String>, IdSet) {
    fn collect<'a>(nodes: &'a [Node], out: &mut Vec<(&'a str, &'a str)>) {
        for node in nodes {
            match node {
                Node::Group(group) => {
                    out.push((&group.id, &group.label));
                    collect(&group.children, out);
                }
                Node::Shape(shape) => out.push((&shape.id, &shape.label)),
            }
        }
    }
    let mut names = Vec::new();
    collect(&document.layers, &mut names);
    let mut set = IdSet::default();
    let mut ids = vec![String::new(); names.len()];
    for (slot, (id, _)) in ids.iter_mut().zip(&names) {
        if is_plain_id(id) {
            *slot = set.claim(id);
        } else if !id.is_empty() {
            let cleaned = slug(id);
            if !cleaned.is_empty() {
                *slot = set.claim(&cleaned);
            }
        }
    }
    for (slot, (_, label)) in ids.iter_mut().zip(&names) {
        if slot.is_empty() {
            let wanted = slug(label);
            if !wanted.is_empty() {
                *slot = set.claim(&wanted);
            }
        }
    }
    (ids, set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_xml_names() {
        for (label, expected) in [
            ("Red fox", "red-fox"),
            ("apple / highlight", "apple-highlight"),
            ("3 trees", "_3-trees"),
            ("  ", ""),
            ("Äpfel", "pfel"),
            ("sky", "sky"),
        ] {
            assert_eq!(slug(label), expected);
        }
    }

    #[test]
    fn collisions_are_numbered() {
        let mut set = IdSet::default();
        assert_eq!(set.claim("tree"), "tree");
        assert_eq!(set.claim("tree"), "tree-2");
        assert_eq!(set.claim("tree"), "tree-3");
    }
}
