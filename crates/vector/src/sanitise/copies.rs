//! Copies of what is used, for uses that give it other variables: afterwards each element has one
//! style.

use std::collections::{HashMap, HashSet};

use super::tree::{Child, Element, ElementIndex, Tree};

/// Most elements that are copied.
const MAX_ELEMENTS: usize = 10_000;

/// Copies elements for all of their uses but the first. Returns whether it changed something.
pub(super) fn part(tree: &mut Tree, ambiguous: &[ElementIndex]) -> bool {
    if ambiguous.is_empty() {
        return false;
    }
    let mut ids = HashSet::new();
    let mut uses: HashMap<String, Vec<ElementIndex>> = HashMap::new();
    let mut parents = HashMap::new();
    let mut count = 0;
    for (index, element) in tree.elements.iter().enumerate() {
        ids.extend(element.attribute("id").map(str::to_owned));
        if element.name == "use" {
            let href = element.attribute("href").unwrap_or("");
            let id = href.trim().trim_start_matches('#').to_owned();
            uses.entry(id).or_default().push(index);
        }
        parents.extend(element.child_elements().map(|child| (child, index)));
        count += usize::from(element.copy_of.is_some());
    }
    let mut has_changed = false;
    for target in ambiguous {
        let element = tree.elements.get(*target);
        let Some(id) = element
            .and_then(|element| element.attribute("id"))
            .map(str::to_owned)
        else {
            continue;
        };
        let parent = parents.get(target).copied();
        let uses = uses.remove(&id).unwrap_or_default();
        let uses = uses.into_iter().skip(1);
        for (number, user) in uses.enumerate() {
            count += size(tree, *target);
            if count > MAX_ELEMENTS {
                return has_changed;
            }
            let mut name = format!("{id}-{}", number + 2);
            while !ids.insert(name.clone()) {
                name.push('\'');
            }
            let copy = copied(tree, *target);
            if let Some(element) = tree.elements.get_mut(copy) {
                element.set("id", name.clone());
            }
            if let Some(element) = tree.elements.get_mut(user) {
                element.set("href", format!("#{name}"));
            }
            if let Some(element) = parent.and_then(|parent: usize| tree.elements.get_mut(parent)) {
                element.children.push(Child::Element(copy));
            }
            has_changed = true;
        }
    }
    has_changed
}

/// How many elements an element is, with those inside.
fn size(tree: &Tree, index: ElementIndex) -> usize {
    let (mut open, mut count) = (vec![index], 0);
    while let Some(index) = open.pop() {
        count += 1;
        open.extend(
            tree.elements
                .get(index)
                .into_iter()
                .flat_map(Element::child_elements),
        );
    }
    count
}

/// A copy of an element with all inside, without ids, behind all elements so far.
fn copied(tree: &mut Tree, index: ElementIndex) -> ElementIndex {
    let first = tree.elements.len();
    let mut open = vec![index];
    let mut next = first + 1;
    let mut at = 0;
    while let Some(original) = open.get(at).copied() {
        at += 1;
        let Some(mut element) = tree.elements.get(original).cloned() else {
            break;
        };
        element.copy_of = Some(element.copy_of.unwrap_or(original));
        element.remove("id");
        for child in &mut element.children {
            if let Child::Element(child) = child {
                open.push(*child);
                *child = next;
                next += 1;
            }
        }
        tree.elements.push(element);
    }
    first
}
