//! Which declarations of style sheets and style attributes apply to which element.
//!
//! The cascade is that of usvg: rules by specificity, then by order, then the style attribute; the
//! first important declaration stands. Only rules whose last part could match an element are tried
//! on it, and every step is counted against a bound.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use simplecss::{AttributeOperator, PseudoClass, Selector};

use super::css::{Declaration, Rule};
use super::meter::Meter;
use super::tree::{Child, Element, ElementIndex, Tree};
use super::{ParseError, Resource};

/// Bytes of a value whose copying counts as a step.
const BYTES_PER_STEP: usize = 4;

/// What applies to each element.
#[derive(Default)]
pub(super) struct Cascade {
    /// The declarations that won, in the order of their application.
    pub(super) won: Vec<Vec<Declaration>>,
    /// References by rules whose selectors only browsers understand: they may apply or not.
    pub(super) possible: Vec<Vec<Declaration>>,
}

impl Cascade {
    /// What applies to each element of a tree.
    ///
    /// # Errors
    /// When it takes more than `limit` steps, or the caller wants to stop.
    pub(super) fn new(
        tree: &Tree,
        rules: &[Rule],
        limit: u64,
        meter: &Meter<'_>,
    ) -> Result<Self, ParseError> {
        let sheet = Sheet::new(rules);
        let family = Family::new(tree);
        let steps = Steps {
            taken: Cell::new(0),
            limit,
        };
        let mut out = Self::default();
        let mut candidates = Vec::new();
        for (index, element) in tree.elements.iter().enumerate() {
            let before = steps.taken.get();
            candidates.clear();
            sheet.candidates(element, &steps, &mut candidates);
            let node = Node {
                tree,
                family: &family,
                steps: &steps,
                index,
            };
            let (mut won, mut possible) = (Vec::new(), Vec::new());
            for candidate in &candidates {
                let Some(entry) = sheet.entries.get(*candidate) else {
                    continue;
                };
                match &entry.selector {
                    Some(selector) if selector.matches(&node) => {
                        for declaration in entry.decisive.iter() {
                            steps.apply(&mut won, declaration);
                        }
                    }
                    Some(_) => {}
                    None => {
                        let references = entry.rule.declarations.iter();
                        possible.extend(references.filter(|d| d.value.contains('#')).cloned());
                        steps.take(entry.rule.declarations.len());
                    }
                }
            }
            for declaration in &element.style {
                steps.apply(&mut won, declaration);
            }
            meter.add(1 + (steps.taken.get() - before) as usize)?;
            if steps.are_used_up() {
                return Err(ParseError::TooCostly {
                    resource: Resource::StyleSteps,
                    found: steps.taken.get(),
                    limit,
                    place: tree.place(index),
                });
            }
            out.won.push(won);
            out.possible.push(possible);
        }
        Ok(out)
    }

    /// Makes what won presentation attributes, so that no style sheet is left to resolve.
    pub(super) fn apply(&mut self, tree: &mut Tree) {
        for (element, won) in tree.elements.iter_mut().zip(&mut self.won) {
            if element.name == "style" {
                element
                    .children
                    .retain(|child| matches!(child, Child::Element(_)));
            }
            let has_font = won.iter().any(|declaration| declaration.name == "font");
            element.style.clear();
            for declaration in won.drain(..) {
                match Place::of(declaration.name, has_font) {
                    Place::Attribute => {
                        element.set(declaration.name, declaration.value.to_string());
                    }
                    Place::Style => element.style.push(declaration),
                    Place::Nowhere => {}
                }
            }
        }
    }
}

/// Where usvg takes a property from.
enum Place {
    Attribute,
    /// Only a style.
    Style,
    /// An attribute, but no style: it does not apply.
    Nowhere,
}

impl Place {
    fn of(name: &str, has_font: bool) -> Self {
        match name {
            "font" | "font-kerning" | "isolation" | "mix-blend-mode" => Self::Style,
            "kerning" | "transform-box" | "enable-background" | "glyph-orientation-vertical" => {
                Self::Nowhere
            }
            // The shorthand resets what came before it.
            _ if has_font && name.starts_with("font-") => Self::Style,
            _ => Self::Attribute,
        }
    }
}

struct Steps {
    taken: Cell<u64>,
    limit: u64,
}

impl Steps {
    fn take(&self, steps: usize) {
        self.taken
            .set(self.taken.get().saturating_add(steps as u64));
    }

    fn are_used_up(&self) -> bool {
        self.taken.get() > self.limit
    }

    fn apply(&self, won: &mut Vec<Declaration>, new: &Declaration) {
        if self.are_used_up() {
            return;
        }
        self.take(1 + new.value.len() / BYTES_PER_STEP);
        if new.name == "marker" {
            for name in ["marker-start", "marker-mid", "marker-end"] {
                let value = Rc::clone(&new.value);
                self.apply(
                    won,
                    &Declaration {
                        name,
                        value,
                        ..*new
                    },
                );
            }
            return;
        }
        if let Some(known) = won.iter().position(|known| known.name == new.name) {
            if won[known].important {
                return;
            }
            won.remove(known);
        }
        won.push(new.clone());
    }
}

/// A selector with its rule.
struct Entry<'a> {
    /// `None` when only browsers understand it.
    selector: Option<Selector<'a>>,
    rule: &'a Rule,
    /// Its declarations without those that others of the same rule override.
    decisive: Rc<[&'a Declaration]>,
}

/// The declarations of a rule that none after them overrides.
fn decisive(rule: &Rule) -> Rc<[&Declaration]> {
    let mut out: Vec<&Declaration> = Vec::new();
    for new in &rule.declarations {
        match out.iter().position(|known| known.name == new.name) {
            Some(known) if out[known].important && !new.important => {}
            known => {
                if let Some(known) = known {
                    out.remove(known);
                }
                out.push(new);
            }
        }
    }
    out.into()
}

/// Rules by specificity and order, found by what the last part of their selectors asks for.
#[derive(Default)]
struct Sheet<'a> {
    entries: Vec<Entry<'a>>,
    by_class: HashMap<&'a str, Vec<usize>>,
    by_id: HashMap<&'a str, Vec<usize>>,
    by_name: HashMap<&'a str, Vec<usize>>,
    any: Vec<usize>,
}

impl<'a> Sheet<'a> {
    fn new(rules: &'a [Rule]) -> Self {
        let mut selectors: Vec<(&'a str, Entry<'a>)> = Vec::new();
        for rule in rules {
            let decisive = decisive(rule);
            for text in &rule.selectors {
                let entry = Entry {
                    selector: understood(text),
                    rule,
                    decisive: Rc::clone(&decisive),
                };
                selectors.push((text, entry));
            }
        }
        selectors.sort_by_key(|(_, entry)| {
            let specificity = entry.selector.as_ref().map(Selector::specificity);
            specificity.unwrap_or_default()
        });
        let mut out = Self::default();
        for (text, entry) in selectors {
            let index = out.entries.len();
            out.slot(text).push(index);
            out.entries.push(entry);
        }
        out
    }

    fn slot(&mut self, selector: &'a str) -> &mut Vec<usize> {
        // Brackets and pseudo-classes could hold any mark.
        if selector.contains(['[', ']', '(', ')', '\'', '"', ':']) {
            return &mut self.any;
        }
        let last = selector
            .rsplit(|c: char| c.is_whitespace() || ">+~".contains(c))
            .next()
            .unwrap_or("");
        let name_after = |mark: char| {
            let (_, rest) = last.split_once(mark)?;
            let end = rest.find(['.', '#', '*']).unwrap_or(rest.len());
            rest.get(..end)
        };
        if let Some(class) = name_after('.') {
            return self.by_class.entry(class).or_default();
        }
        if let Some(id) = name_after('#') {
            return self.by_id.entry(id).or_default();
        }
        if last.is_empty() || last.contains('*') {
            return &mut self.any;
        }
        self.by_name.entry(last).or_default()
    }

    /// The entries that could match an element, in order.
    fn candidates(&self, element: &Element, steps: &Steps, out: &mut Vec<usize>) {
        let mut take = |found: &[usize]| {
            steps.take(1 + found.len());
            if !steps.are_used_up() {
                out.extend(found);
            }
        };
        take(&self.any);
        for class in element
            .attribute("class")
            .unwrap_or("")
            .split_ascii_whitespace()
        {
            take(self.by_class.get(class).map_or(&[], Vec::as_slice));
        }
        if let Some(id) = element.attribute("id") {
            take(self.by_id.get(id).map_or(&[], Vec::as_slice));
        }
        take(self.by_name.get(element.name).map_or(&[], Vec::as_slice));
        out.sort_unstable();
        out.dedup();
    }
}

/// A selector as usvg understands it.
fn understood(text: &str) -> Option<Selector<'_>> {
    // The parser takes a combinator at the start for a fault of its own.
    if text.starts_with(['>', '+', '~']) {
        return None;
    }
    let has_state = text.replace(":first-child", "").contains(':');
    if has_state {
        None
    } else {
        Selector::parse(text)
    }
}

/// Parents and earlier siblings.
struct Family {
    parents: Vec<Option<ElementIndex>>,
    before: Vec<Option<ElementIndex>>,
}

impl Family {
    fn new(tree: &Tree) -> Self {
        let mut parents = vec![None; tree.elements.len()];
        let mut before = vec![None; tree.elements.len()];
        for (index, element) in tree.elements.iter().enumerate() {
            let mut last = None;
            for child in element.child_elements() {
                if let (Some(parent), Some(slot)) = (parents.get_mut(child), before.get_mut(child))
                {
                    *parent = Some(index);
                    *slot = last;
                }
                last = Some(child);
            }
        }
        Self { parents, before }
    }
}

/// An element as selectors see it. Once the steps are used up it matches nothing and has no
/// relatives, so that matching ends.
#[derive(Clone, Copy)]
struct Node<'a> {
    tree: &'a Tree,
    family: &'a Family,
    steps: &'a Steps,
    index: ElementIndex,
}

impl<'a> Node<'a> {
    fn element(&self) -> Option<&'a Element> {
        self.tree.elements.get(self.index)
    }

    fn at(&self, list: &[Option<ElementIndex>]) -> Option<Self> {
        self.steps.take(1);
        if self.steps.are_used_up() {
            return None;
        }
        let index = list.get(self.index).copied().flatten()?;
        Some(Self { index, ..*self })
    }
}

impl simplecss::Element for Node<'_> {
    fn parent_element(&self) -> Option<Self> {
        self.at(&self.family.parents)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.at(&self.family.before)
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.steps.take(1);
        !self.steps.are_used_up() && self.element().is_some_and(|element| element.name == name)
    }

    fn attribute_matches(&self, local_name: &str, operator: AttributeOperator<'_>) -> bool {
        let value = self
            .element()
            .and_then(|element| element.attribute(local_name));
        self.steps
            .take(1 + value.map_or(0, str::len) / BYTES_PER_STEP);
        !self.steps.are_used_up() && value.is_some_and(|value| operator.matches(value))
    }

    fn pseudo_class_matches(&self, class: PseudoClass<'_>) -> bool {
        class == PseudoClass::FirstChild && self.prev_sibling_element().is_none()
    }
}
