//! Which selectors match which elements. Every step is counted, and matching ends when the steps
//! are used up, with whatever answer.

use std::cell::Cell;
use std::collections::HashMap;

use super::tree::{Element, ElementIndex, Tree};
use crate::css::selector::{Combinator, Compound, Nth, Selector, Test};

/// Bytes of a value whose copying or comparing counts as a step.
pub(super) const BYTES_PER_STEP: usize = 4;

/// Steps of matching, with their bound.
pub(super) struct Steps {
    taken: Cell<u64>,
    limit: u64,
}

impl Steps {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            taken: Cell::new(0),
            limit,
        }
    }

    pub(super) fn take(&self, steps: usize) {
        self.taken
            .set(self.taken.get().saturating_add(steps as u64));
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken.get()
    }

    pub(super) fn are_used_up(&self) -> bool {
        self.taken.get() > self.limit
    }
}

/// Where an element stands among its siblings, those counted that did not pass.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    parent: Option<ElementIndex>,
    /// The sibling before it that passed.
    before: Option<ElementIndex>,
    /// Its number from the start, from 1, and from the end.
    number: [usize; 2],
    /// Its number among those of its name.
    of_type: [usize; 2],
}

/// Where all elements stand.
pub(super) struct Family {
    places: Vec<Place>,
}

impl Family {
    pub(super) fn new(tree: &Tree) -> Self {
        let mut places = vec![Place::default(); tree.elements.len()];
        // The root is an only child.
        if let Some(root) = places.first_mut() {
            (root.number, root.of_type) = ([1, 1], [1, 1]);
        }
        let mut of_type: HashMap<&str, usize> = HashMap::new();
        for (index, element) in tree.elements.iter().enumerate() {
            of_type.clear();
            let (mut before, mut number) = (None, 0);
            for child in element.child_elements() {
                let Some(own) = tree.elements.get(child) else {
                    continue;
                };
                // Nobody counts copies.
                if own.copy_of.is_some() {
                    if let Some(place) = places.get_mut(child) {
                        place.parent = Some(index);
                    }
                    continue;
                }
                number += own.removed_before + 1;
                let same = of_type.entry(own.local_name()).or_default();
                *same += 1;
                if let Some(place) = places.get_mut(child) {
                    (place.parent, place.before) = (Some(index), before);
                    (place.number[0], place.of_type[0]) = (number, *same);
                }
                before = Some(child);
            }
            let count = number + element.removed_after;
            for child in element.child_elements() {
                let own = tree.elements.get(child);
                let own = own.filter(|own| own.copy_of.is_none());
                let Some(name) = own.map(Element::local_name) else {
                    continue;
                };
                let same = of_type.get(name).copied();
                if let Some(place) = places.get_mut(child) {
                    place.number[1] = count + 1 - place.number[0];
                    place.of_type[1] = same.unwrap_or(1) + 1 - place.of_type[0];
                }
            }
        }
        Self { places }
    }

    /// The parent of an element.
    pub(super) fn parent(&self, index: ElementIndex) -> Option<ElementIndex> {
        self.places.get(index)?.parent
    }
}

/// Elements as selectors see them.
pub(super) struct Matcher<'a> {
    pub(super) tree: &'a Tree,
    pub(super) family: &'a Family,
    pub(super) steps: &'a Steps,
}

/// Why a selector does not match, or that it does: from where it is worth to go on looking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Matches,
    /// With an earlier sibling it might.
    TrySibling,
    /// With another ancestor it might.
    TryAncestor,
    /// Never.
    Fails,
}

impl Matcher<'_> {
    /// Whether an element is what a selector asks for.
    pub(super) fn matches(&self, selector: &Selector, index: ElementIndex) -> bool {
        self.compound(&selector.subject, index)
            && self.context(&selector.context, index) == Outcome::Matches
    }

    /// Whether what stands around an element is what a selector asks for. A search that failed is
    /// not repeated for what cannot help, so that the time is not exponential.
    fn context(&self, context: &[(Combinator, Compound)], index: ElementIndex) -> Outcome {
        let Some(((combinator, compound), rest)) = context.split_first() else {
            return Outcome::Matches;
        };
        let is_sibling = matches!(combinator, Combinator::Next | Combinator::Later);
        let mut at = index;
        loop {
            if self.steps.are_used_up() {
                return Outcome::Fails;
            }
            self.steps.take(1);
            let place = self.family.places.get(at).copied().unwrap_or_default();
            let next = match combinator {
                Combinator::Descendant | Combinator::Child => place.parent,
                // What stood directly before it may not have passed.
                Combinator::Next if self.removed_before(at) => None,
                Combinator::Next | Combinator::Later => place.before,
            };
            let Some(next) = next else {
                return if is_sibling {
                    Outcome::TryAncestor
                } else {
                    Outcome::Fails
                };
            };
            at = next;
            let outcome = if self.compound(compound, at) {
                self.context(rest, at)
            } else {
                Outcome::TrySibling
            };
            match (outcome, combinator) {
                (Outcome::Matches | Outcome::Fails, _) | (_, Combinator::Next) => return outcome,
                (_, Combinator::Child) => return Outcome::TryAncestor,
                (Outcome::TryAncestor, Combinator::Later) => return outcome,
                (_, Combinator::Descendant | Combinator::Later) => {}
            }
        }
    }

    fn removed_before(&self, index: ElementIndex) -> bool {
        let element = self.tree.elements.get(index);
        element.is_some_and(|element| element.removed_before > 0)
    }

    fn compound(&self, compound: &Compound, index: ElementIndex) -> bool {
        self.steps.take(1);
        let Some(element) = self.tree.elements.get(index) else {
            return false;
        };
        let name = compound.name.as_deref();
        !self.steps.are_used_up()
            && name.is_none_or(|name| name == element.local_name())
            && compound
                .tests
                .iter()
                .all(|test| self.test(test, element, index))
    }

    fn test(&self, test: &Test, element: &Element, index: ElementIndex) -> bool {
        let value = |name: &str| {
            let value = element.attribute(name);
            self.steps
                .take(1 + value.map_or(0, str::len) / BYTES_PER_STEP);
            value
        };
        let any = |list: &[Selector]| list.iter().any(|selector| self.matches(selector, index));
        let place = || self.family.places.get(index).copied().unwrap_or_default();
        match test {
            Test::Id(id) => value("id") == Some(id),
            Test::Class(class) => value("class")
                .is_some_and(|value| value.split_ascii_whitespace().any(|own| own == class)),
            Test::Attribute(test) => value(&test.name).is_some_and(|value| test.takes(value)),
            Test::Nth(nth) => {
                let Nth {
                    of_type, from_end, ..
                } = *nth;
                let place = place();
                let numbers = if of_type { place.of_type } else { place.number };
                nth.takes(numbers[usize::from(from_end)])
            }
            Test::Only { of_type } => {
                let place = place();
                let numbers = if *of_type {
                    place.of_type
                } else {
                    place.number
                };
                numbers == [1, 1]
            }
            Test::Root => index == 0,
            Test::Empty => element.children.is_empty() && element.removed_after == 0,
            Test::Never(_) => false,
            Test::Is(list) | Test::Where(list) => any(list),
            Test::Not(list) => !any(list),
        }
    }
}
