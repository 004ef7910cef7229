//! Names of nodes: XML ids made from labels, unique within a document; the prefix that tells the
//! ids of several documents apart.

use std::collections::{HashMap, HashSet};
use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Document, Node};

/// What all ids of a written document begin with, so that several can stand in one page.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdPrefix(String);

/// Why a text cannot be an [`IdPrefix`].
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error(
    "an id prefix has 1 to {} ASCII letters, digits, '-' and '_', and begins with a letter or '_': \
     give one such as \"fox-\"",
    IdPrefix::MAX
)]
pub struct InvalidIdPrefix;

impl IdPrefix {
    /// Most characters.
    pub const MAX: usize = 64;

    /// The prefix as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdPrefix {
    type Err = InvalidIdPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidIdPrefix> {
        let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
        let is_valid = text.len() <= Self::MAX
            && text.starts_with(is_start)
            && text
                .chars()
                .all(|c| is_start(c) || c.is_ascii_digit() || c == '-');
        if is_valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIdPrefix)
        }
    }
}

impl TryFrom<String> for IdPrefix {
    type Error = InvalidIdPrefix;

    fn try_from(text: String) -> Result<Self, InvalidIdPrefix> {
        text.parse()
    }
}

impl From<IdPrefix> for String {
    fn from(prefix: IdPrefix) -> Self {
        prefix.0
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

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

/// An id that begins with a prefix; one that does already stays as it is.
pub(crate) fn prefixed(id: &str, prefix: Option<&IdPrefix>) -> String {
    match prefix {
        Some(IdPrefix(prefix)) if !id.starts_with(prefix.as_str()) => format!("{prefix}{id}"),
        _ => id.to_owned(),
    }
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
    /// Whether an id holds a text.
    pub(crate) fn any_contains(&self, text: &str) -> bool {
        self.taken.iter().any(|id| id.contains(text))
    }

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
pub(crate) fn assign_ids(document: &Document, prefix: Option<&IdPrefix>) -> (Vec<String>, IdSet) {
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
            *slot = set.claim(&prefixed(id, prefix));
        } else if !id.is_empty() {
            let cleaned = slug(id);
            if !cleaned.is_empty() {
                *slot = set.claim(&prefixed(&cleaned, prefix));
            }
        }
    }
    for (slot, (_, label)) in ids.iter_mut().zip(&names) {
        if slot.is_empty() {
            let wanted = slug(label);
            if !wanted.is_empty() {
                *slot = set.claim(&prefixed(&wanted, prefix));
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
    fn prefixes_are_the_beginnings_of_xml_names() {
        for text in ["a", "fox-", "_1", "Icon_2-"] {
            assert_eq!(
                text.parse::<IdPrefix>().map(String::from),
                Ok(text.to_owned())
            );
        }
        let long = "a".repeat(IdPrefix::MAX + 1);
        for text in [
            "",
            "1a",
            "-a",
            "a b",
            "a:b",
            "a.",
            "ä",
            "a\"",
            long.as_str(),
        ] {
            assert_eq!(text.parse::<IdPrefix>(), Err(InvalidIdPrefix), "{text}");
        }
        let prefix: IdPrefix = "fox-".parse().expect("a prefix");
        assert_eq!(prefixed("sky", Some(&prefix)), "fox-sky");
        assert_eq!(prefixed("fox-sky", Some(&prefix)), "fox-sky");
        assert_eq!(prefixed("sky", None), "sky");
    }

    #[test]
    fn collisions_are_numbered() {
        let mut set = IdSet::default();
        assert_eq!(set.claim("tree"), "tree");
        assert_eq!(set.claim("tree"), "tree-2");
        assert_eq!(set.claim("tree"), "tree-3");
    }
}
