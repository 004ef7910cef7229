//! Gradients between colours of the newer kinds, which browsers mix as the eye does: as SVG mixes
//! colours only by their components, such gradients get stops in between.

use std::collections::HashMap;

use cssparser::Parser;

use super::{remove_style, style};
use crate::css::color::{Rgba, mixed, parse};
use crate::css::number;
use crate::sanitise::{Child, Element, Tree, WarningKind, Warnings};

/// Parts that the way from one stop to the next is cut into.
const PARTS: u32 = 16;
/// Most stops of a gradient that get others in between.
const MAX_STOPS: usize = 16;
/// Most stops that a document gets.
const MAX_NEW: usize = 4_096;

/// Adds stops to gradients whose colours are mixed as the eye does.
pub(super) fn resolve(tree: &mut Tree, warnings: &mut Warnings) {
    let is_new =
        |element: &Element| element.name == "stop" && style(element, "stop-color").is_some();
    if !tree.elements.iter().any(is_new) {
        return;
    }
    let mut between: HashMap<usize, Vec<Element>> = HashMap::new();
    let mut count = 0;
    let mut gradients = Vec::new();
    for (index, gradient) in tree.elements.iter().enumerate() {
        if !matches!(gradient.name, "linearGradient" | "radialGradient") {
            continue;
        }
        let stops: Vec<usize> = gradient
            .child_elements()
            .filter(|child| tree.elements.get(*child).is_some_and(|e| e.name == "stop"))
            .collect();
        let stop = |index: &usize| tree.elements.get(*index);
        if !stops.iter().filter_map(stop).any(is_new) {
            continue;
        }
        gradients.push(index);
        if stops.len() > MAX_STOPS || count > MAX_NEW {
            warnings.add(
                WarningKind::Presentation,
                &format!("mixing in {}", tree.place(index)),
            );
            continue;
        }
        let mut last = None;
        for index in &stops {
            let Some(here) = stop(index).and_then(|stop| Stop::of(stop, last)) else {
                last = None;
                continue;
            };
            if let Some(before) = last.replace(here) {
                let new = before.to(here);
                count += new.len();
                between.insert(*index, new);
            }
        }
    }
    for gradient in gradients {
        let mut children = Vec::new();
        let mut new = Vec::new();
        let next = tree.elements.len();
        let old = tree
            .elements
            .get_mut(gradient)
            .map(|e| std::mem::take(&mut e.children));
        for child in old.into_iter().flatten() {
            if let Child::Element(index) = child
                && let Some(stops) = between.remove(&index)
            {
                for stop in stops {
                    children.push(Child::Element(next + new.len()));
                    new.push(stop);
                }
            }
            children.push(child);
        }
        tree.elements.extend(new);
        if let Some(element) = tree.elements.get_mut(gradient) {
            element.children = children;
        }
    }
    for element in tree
        .elements
        .iter_mut()
        .filter(|element| element.name == "stop")
    {
        remove_style(element, &["stop-color"]);
    }
}

/// A stop as numbers.
#[derive(Clone, Copy)]
struct Stop {
    offset: f64,
    color: Rgba,
}

impl Stop {
    /// `None` where its colour depends on what is around.
    fn of(element: &Element, before: Option<Self>) -> Option<Self> {
        let share = |name: &str, default: f64| match element.attribute(name) {
            Some(text) => Parser::new(text)
                .parse_entirely(number::share)
                .unwrap_or(default),
            None => default,
        };
        let mut color = parse(element.attribute("stop-color").unwrap_or("#000"))?;
        color.alpha *= share("stop-opacity", 1.0).clamp(0.0, 1.0);
        let least = before.map_or(0.0, |before| before.offset);
        Some(Self {
            offset: share("offset", 0.0).clamp(0.0, 1.0).max(least),
            color,
        })
    }

    /// The stops between two.
    fn to(self, other: Self) -> Vec<Element> {
        if other.offset <= self.offset {
            return Vec::new();
        }
        let at = |part: u32| {
            // Close together at the ends, where a component that begins at zero grows fastest.
            let turn = std::f64::consts::PI * f64::from(part) / f64::from(PARTS);
            let share = 0.5 - 0.5 * turn.cos();
            let color = mixed(self.color, other.color, share);
            let [red, green, blue] = color.rgb;
            let mut stop = Element {
                name: "stop",
                ..Element::default()
            };
            let offset = self.offset + share * (other.offset - self.offset);
            stop.set("offset", offset.to_string());
            stop.set("stop-color", format!("#{red:02x}{green:02x}{blue:02x}"));
            stop.set("stop-opacity", color.alpha.to_string());
            stop
        };
        (1..PARTS).map(at).collect()
    }
}
