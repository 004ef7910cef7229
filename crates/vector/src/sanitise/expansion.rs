//! What references expand to, counted before anything is expanded, and circles broken.
//!
//! The count is an upper bound: every reference to a pattern, marker, clip path, mask or filter is taken
//! as a copy of what it refers to, markers once per vertex, and style rules apply wherever the last part
//! of their selector could match.

use std::collections::HashMap;

use super::css::Rule;
use super::tree::{Element, ElementIndex, Tree};
use super::warning::{WarningKind, Warnings};
use super::{ParseError, ParseLimits};

/// Bytes of attributes and text that weigh as much as one element.
const BYTES_PER_ELEMENT: u64 = 256;

/// Checks that the expanded document stays within the limits; removes references that close a circle.
pub(super) fn bound(
    tree: &mut Tree,
    rules: &[Rule],
    limits: &ParseLimits,
    warnings: &mut Warnings,
) -> Result<(), ParseError> {
    let mut ids = HashMap::new();
    for (index, element) in tree.elements.iter().enumerate() {
        if let Some(id) = element.attribute("id") {
            ids.entry(id.to_owned()).or_insert(index);
        }
    }
    let style = StyleReferences::new(rules, &ids);
    let mut count = Count {
        tree,
        ids: &ids,
        style: &style,
        state: vec![State::Unseen; tree.elements.len()],
        circular: Vec::new(),
        depth_limit: limits.depth,
    };
    let (weight, _) = count.weigh(0, 0)?;
    let circular = count.circular;
    if weight > limits.expanded {
        return Err(ParseError::ExpansionTooLarge {
            limit: limits.expanded,
        });
    }
    for (index, attribute) in circular {
        warnings.add(WarningKind::Circular, attribute);
        tree.elements[index].remove(attribute);
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum State {
    Unseen,
    Open,
    /// Weight and height.
    Known(u64, usize),
}

struct Count<'a> {
    tree: &'a Tree,
    ids: &'a HashMap<String, ElementIndex>,
    style: &'a StyleReferences,
    state: Vec<State>,
    circular: Vec<(ElementIndex, &'static str)>,
    depth_limit: usize,
}

impl Count<'_> {
    /// Elements that an element becomes, and how deep they are nested.
    fn weigh(&mut self, index: ElementIndex, depth: usize) -> Result<(u64, usize), ParseError> {
        let too_deep = ParseError::TooDeep {
            limit: self.depth_limit,
        };
        match self.state[index] {
            State::Known(_, height) if depth + height > self.depth_limit => return Err(too_deep),
            State::Known(weight, height) => return Ok((weight, height)),
            State::Unseen | State::Open if depth >= self.depth_limit => return Err(too_deep),
            State::Unseen | State::Open => {}
        }
        self.state[index] = State::Open;
        let tree = self.tree;
        let element = &tree.elements[index];
        let bytes: usize = element
            .attributes
            .iter()
            .map(|(_, value)| value.len())
            .sum();
        let text = element.text().len();
        // Every character becomes an outline of its own.
        let mut weight = 1 + bytes as u64 / BYTES_PER_ELEMENT + text as u64 / 8;
        let mut height = 0;
        for child in element.child_elements() {
            let (below, deep) = self.weigh(child, depth + 1)?;
            weight = weight.saturating_add(below);
            height = height.max(deep);
        }
        for (attribute, target, times) in self.references(index) {
            if matches!(self.state[target], State::Open) {
                self.circular.push((index, attribute));
                continue;
            }
            let (below, deep) = self.weigh(target, depth + 1)?;
            weight = weight.saturating_add(below.saturating_mul(times));
            height = height.max(deep);
        }
        self.state[index] = State::Known(weight, height + 1);
        Ok((weight, height + 1))
    }

    /// What an element refers to, by which attribute, and how many copies that may make.
    fn references(&self, index: ElementIndex) -> Vec<(&'static str, ElementIndex, u64)> {
        let element = &self.tree.elements[index];
        let mut out = Vec::new();
        let vertices = ["d", "points"]
            .iter()
            .filter_map(|name| element.attribute(name));
        // The shortest vertex takes two characters.
        let vertices = vertices
            .map(|data| data.len() as u64 / 2 + 1)
            .max()
            .unwrap_or(1);
        for (name, value) in &element.attributes {
            if *name == "href" {
                let target = value
                    .trim()
                    .strip_prefix('#')
                    .and_then(|id| self.ids.get(id));
                out.extend(target.map(|target| (*name, *target, 1)));
            } else {
                let is_marker =
                    name.starts_with("marker") || (*name == "style" && value.contains("marker"));
                let times = if is_marker { vertices } else { 1 };
                let targets = targets(value).filter_map(|id| self.ids.get(id));
                out.extend(targets.map(|target| (*name, *target, times)));
            }
        }
        for (target, is_marker) in self.style.matching(element) {
            out.push(("class", target, if is_marker { vertices } else { 1 }));
        }
        // Gradients are shared, not copied; they still may refer to each other in circles.
        for (_, target, times) in &mut out {
            if self.tree.elements[*target].name.ends_with("Gradient") {
                *times = 0;
            }
        }
        out
    }
}

/// The ids in all `url(#…)` of a value.
fn targets(value: &str) -> impl Iterator<Item = &str> {
    value.match_indices('#').filter_map(|(position, _)| {
        let before = value[..position].trim_end_matches(['"', '\'', ' ', '\t', '\n']);
        if !before.ends_with('(') {
            return None;
        }
        let rest = &value[position + 1..];
        let end = rest.find([')', '"', '\'']).unwrap_or(rest.len());
        Some(rest[..end].trim_end())
    })
}

/// A reference in a style rule, and whether it may be to a marker.
type StyleReference = (ElementIndex, bool);

/// References in style rules, by what the last part of the selector asks for.
#[derive(Default)]
struct StyleReferences {
    by_class: HashMap<String, Vec<StyleReference>>,
    by_id: HashMap<String, Vec<StyleReference>>,
    by_name: HashMap<String, Vec<StyleReference>>,
    any: Vec<StyleReference>,
}

impl StyleReferences {
    fn new(rules: &[Rule], ids: &HashMap<String, ElementIndex>) -> Self {
        let mut out = Self::default();
        for rule in rules {
            let references = rule.declarations.iter().flat_map(|(name, value)| {
                let found = targets(value).filter_map(|id| ids.get(id).copied());
                found.map(|target| (target, name.starts_with("marker")))
            });
            let found: Vec<StyleReference> = references.collect();
            if found.is_empty() {
                continue;
            }
            for selector in &rule.selectors {
                out.slot(selector).extend(&found);
            }
        }
        out
    }

    fn slot(&mut self, selector: &str) -> &mut Vec<StyleReference> {
        let last = selector
            .rsplit(|c: char| c.is_whitespace() || ">+~".contains(c))
            .next();
        let last = last.unwrap_or("");
        let name_after = |mark: char| {
            let (_, rest) = last.split_once(mark)?;
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
            Some(rest[..end.unwrap_or(rest.len())].to_owned())
        };
        // Brackets and pseudo-classes could hold the marks.
        if last.contains(['[', ']', '(', '\'', '"', ':']) {
            return &mut self.any;
        }
        if let Some(class) = name_after('.') {
            return self.by_class.entry(class).or_default();
        }
        if let Some(id) = name_after('#') {
            return self.by_id.entry(id).or_default();
        }
        if last.is_empty() || last.contains('*') {
            return &mut self.any;
        }
        self.by_name.entry(last.to_owned()).or_default()
    }

    fn matching(&self, element: &Element) -> Vec<StyleReference> {
        let mut out = self.any.clone();
        let class = element.attribute("class").unwrap_or("");
        let by_class = class
            .split_ascii_whitespace()
            .filter_map(|name| self.by_class.get(name));
        let by_id = element.attribute("id").and_then(|id| self.by_id.get(id));
        let by_name = self.by_name.get(element.name);
        out.extend(by_class.chain(by_id).chain(by_name).flatten());
        out
    }
}
