//! Names of elements, kept beside the tree while it is normalised: every element that may become a
//! node gets a unique id, under which its own id and label are found again.

use std::collections::{HashMap, HashSet};

use crate::sanitise::{Child, Element, Heading, Meter, ParseError, Tree, without_controls};
use crate::{Drawn, Meaning};

/// An element's own id, label and meaning; each may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) meaning: Meaning,
    /// Which kind of element a shape was.
    pub(crate) drawn: Drawn,
    /// The comment above, when there is no better label.
    pub(crate) heading: Option<Heading>,
}

/// Most bytes of text that are gathered from inside an element.
const MAX_TEXT: usize = 4_096;
/// Longest label, in characters.
const MAX_LABEL: usize = 200;

/// Gives all elements that may become nodes unique ids, and takes repeated ids from the others;
/// returns the names of the former by these ids.
pub(crate) fn collect(
    tree: &mut Tree,
    meter: &Meter<'_>,
) -> Result<HashMap<String, Name>, ParseError> {
    let mut names = HashMap::new();
    let mut seen = HashSet::new();
    let prefix = free_prefix(tree);
    let mut labels = Vec::with_capacity(tree.elements.len());
    for element in &tree.elements {
        meter.add(1 + element.children.len())?;
        labels.push(given_label(tree, element));
    }
    for (index, (element, label)) in tree.elements.iter_mut().zip(labels).enumerate() {
        let id = element.attribute("id").unwrap_or("").to_owned();
        meter.add(1 + id.len() + label.len())?;
        let is_first = !id.is_empty() && seen.insert(id.clone());
        if !becomes_node(element.name) {
            // A reference means the first element of its id; usvg would take the last.
            if !is_first {
                element.remove("id");
            }
            continue;
        }
        let label = if label.is_empty() && !is_automatic(&id) {
            bounded(&decode(&id))
        } else {
            label
        };
        let heading = element.comment.clone().filter(|_| label.is_empty());
        let key = if is_first {
            id.clone()
        } else {
            let generated = format!("{prefix}{index}");
            element.set("id", generated.clone());
            generated
        };
        let name = Name {
            id,
            label,
            meaning: meaning(element),
            drawn: drawn(element.name),
            heading,
        };
        names.insert(key, name);
    }
    Ok(names)
}

/// A label without control characters, cut to a length that people read.
fn bounded(label: &str) -> String {
    without_controls(label).chars().take(MAX_LABEL).collect()
}

/// What an element says of what it is.
fn meaning(element: &Element) -> Meaning {
    let mut meaning = Meaning::NONE;
    for (attribute, value) in &element.attributes {
        meaning.take(attribute, value);
    }
    meaning
}

/// The title of an element, in one line.
pub(crate) fn title(tree: &Tree, element: &Element, name: &str) -> Option<String> {
    let found = tree.named(element, name).next()?;
    let text = one_line(&found.text());
    (!text.is_empty()).then_some(text)
}

/// All text inside an element, in one line, up to [`MAX_TEXT`] bytes.
pub(crate) fn deep_text(tree: &Tree, element: &Element) -> String {
    let mut out = String::new();
    // Elements may nest and each be asked for its text, so each looks at so much only.
    let mut left = MAX_TEXT;
    gather(tree, element, &mut out, &mut left);
    one_line(&out)
}

fn gather(tree: &Tree, element: &Element, out: &mut String, left: &mut usize) {
    for child in &element.children {
        *left = left.saturating_sub(1);
        if *left == 0 || out.len() >= MAX_TEXT {
            return;
        }
        match child {
            Child::Text(text) => {
                let characters = text.chars().take(MAX_TEXT.saturating_sub(out.len()));
                out.extend(characters);
            }
            Child::Element(index) => {
                if let Some(inner) = tree.elements.get(*index) {
                    gather(tree, inner, out, left);
                }
            }
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn drawn(name: &str) -> Drawn {
    match name {
        "rect" | "circle" | "ellipse" | "line" | "polyline" | "polygon" => Drawn::AsBasicShape,
        _ => Drawn::AsPath,
    }
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
            | "image"
    )
}

fn given_label(tree: &Tree, element: &Element) -> String {
    for attribute in ["inkscape:label", "data-name", "aria-label"] {
        if let Some(label) = element.attribute(attribute) {
            let label = bounded(&one_line(label));
            if !label.is_empty() {
                return label;
            }
        }
    }
    if let Some(title) = title(tree, element, "title") {
        return bounded(&title);
    }
    if element.name == "text" {
        let text = deep_text(tree, element);
        return without_controls(&text).chars().take(40).collect();
    }
    String::new()
}

/// A prefix that no id of the document starts with: `n-`, or `n1-`, `n2-`, ….
fn free_prefix(tree: &Tree) -> String {
    let ids = tree
        .elements
        .iter()
        .filter_map(|element| element.attribute("id"));
    let taken: HashSet<&str> = ids
        .filter_map(|id| id.strip_prefix('n')?.split_once('-'))
        .map(|(number, _)| number)
        .collect();
    if !taken.contains("") {
        return "n-".to_owned();
    }
    let free = (1u64..).find(|number| !taken.contains(number.to_string().as_str()));
    format!("n{}-", free.unwrap_or_default())
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
