//! Names of elements, kept beside the tree while it is normalised: every element that may become a node
//! gets a unique id, under which its own id and label are found again.

use std::collections::HashMap;

use crate::sanitise::{Child, Element, Heading, Tree};

/// An element's own id and label; either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) id: String,
    pub(crate) label: String,
    /// The comment above, when there is no better label.
    pub(crate) heading: Option<Heading>,
}

/// Gives all elements unique ids; returns their names by these ids.
pub(crate) fn collect(tree: &mut Tree) -> HashMap<String, Name> {
    let mut names = HashMap::new();
    let prefix = free_prefix(tree);
    let labels: Vec<String> = tree
        .elements
        .iter()
        .map(|element| given_label(tree, element))
        .collect();
    for (index, (element, label)) in tree.elements.iter_mut().zip(labels).enumerate() {
        if !becomes_node(element.name) {
            continue;
        }
        let id = element.attribute("id").unwrap_or("").trim().to_owned();
        let label = if label.is_empty() && !is_automatic(&id) {
            decode(&id)
        } else {
            label
        };
        let heading = element.comment.clone().filter(|_| label.is_empty());
        let key = if id.is_empty() || names.contains_key(&id) {
            let generated = format!("{prefix}{index}");
            element.set("id", generated.clone());
            generated
        } else {
            element.set("id", id.clone());
            id.clone()
        };
        names.insert(key, Name { id, label, heading });
    }
    names
}

/// The title of an element, in one line.
pub(crate) fn title(tree: &Tree, element: &Element, name: &str) -> Option<String> {
    let found = tree.named(element, name).next()?;
    let text = one_line(&found.text());
    (!text.is_empty()).then_some(text)
}

/// All text inside an element, in one line.
pub(crate) fn deep_text(tree: &Tree, element: &Element) -> String {
    fn gather(tree: &Tree, element: &Element, out: &mut String) {
        for child in &element.children {
            match child {
                Child::Text(text) => out.push_str(text),
                Child::Element(index) => {
                    if let Some(inner) = tree.elements.get(*index) {
                        gather(tree, inner, out);
                    }
                }
            }
        }
    }
    let mut out = String::new();
    gather(tree, element, &mut out);
    one_line(&out)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn becomes_node(name: &str) -> bool {
    matches!(
        name,
        "g" | "svg"
            | "use"
            | "switch"
            | "symbol"
            | "path"
            | "rect"
            | "circle"
            | "ellipse"
            | "line"
            | "polyline"
            | "polygon"
            | "text"
    )
}

fn given_label(tree: &Tree, element: &Element) -> String {
    for attribute in ["inkscape:label", "data-name", "aria-label"] {
        if let Some(label) = element.attribute(attribute) {
            let label = one_line(label);
            if !label.is_empty() {
                return label;
            }
        }
    }
    if let Some(title) = title(tree, element, "title") {
        return title;
    }
    if element.name == "text" {
        return deep_text(tree, element).chars().take(40).collect();
    }
    String::new()
}

/// A prefix that no id of the document starts with.
fn free_prefix(tree: &Tree) -> String {
    let mut prefix = "n".to_owned();
    let ids = || {
        tree.elements
            .iter()
            .filter_map(|element| element.attribute("id"))
    };
    while ids().any(|id| id.starts_with(&prefix)) {
        prefix.push('_');
    }
    prefix
}

/// Whether an editor made the id from the kind of element and a number.
fn is_automatic(id: &str) -> bool {
    let base = id.trim_end_matches(|c: char| c.is_ascii_digit() || "_-.".contains(c));
    let base = base.to_ascii_lowercase();
    base.len() < id.len()
        && matches!(
            base.as_str(),
            "" | "path"
                | "rect"
                | "circle"
                | "ellipse"
                | "line"
                | "polyline"
                | "polygon"
                | "g"
                | "group"
                | "use"
                | "text"
                | "svg"
                | "tspan"
                | "svgid"
                | "xmlid"
                | "vector"
                | "layer"
                | "shape"
                | "_"
        )
}

/// Undoes the encoding that an editor applies to names: `Big_x20_tree` is "Big tree".
fn decode(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    let mut rest = id;
    while let Some(start) = rest.find("_x") {
        let code = rest[start + 2..]
            .split_once('_')
            .and_then(|(digits, after)| {
                let is_code = (2..=6).contains(&digits.len());
                let value = u32::from_str_radix(digits, 16).ok().filter(|_| is_code)?;
                Some((char::from_u32(value)?, after))
            });
        match code {
            Some((character, after)) => {
                out.push_str(&rest[..start]);
                out.push(character);
                rest = after;
            }
            None => {
                out.push_str(&rest[..start + 2]);
                rest = &rest[start + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_names_are_read() {
        assert_eq!(decode("Big_x20_tree"), "Big tree");
        assert_eq!(decode("a_x2e_b_x"), "a.b_x");
        assert_eq!(decode("plain_name"), "plain_name");
    }

    #[test]
    fn names_made_by_editors_say_nothing() {
        for id in ["path1234", "g45", "SVGID_1_", "rect-3", "Layer_1", "_2"] {
            assert!(is_automatic(id), "{id}");
        }
        for id in ["fox", "tree-2", "path", "sky"] {
            assert!(!is_automatic(id), "{id}");
        }
    }
}
