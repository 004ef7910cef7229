//! Which declarations of style sheets and style attributes apply to which element.
//!
//! The cascade is that of browsers: importance, layers, specificity, order, the style attribute
//! above all. Variables are put in before values are checked. Only rules whose last part could
//! match an element are tried on it, and every step is counted against a bound.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use cssparser::Parser;
use svgtypes::FontShorthand;

use super::css::{Block, Declaration, Variable};
use super::matching::{BYTES_PER_STEP, Family, Matcher, Steps};
use super::meter::Meter;
use super::rules;
use super::sheet::{Rule, Sheet};
use super::tree::{Child, Element, ElementIndex, Tree};
use super::values::{self, Refusal, Syntax, Wide};
use super::variables::{self, Environments};
use super::warning::{WarningKind, Warnings};
use super::{ParseError, Resource};
use crate::css::color::{is_mixed_by_eye, plain_color, plain_paint};
use crate::css::number;
use crate::css::selector::{Compound, Selector, Specificity, Test};

/// What applies to each element.
#[derive(Default)]
pub(super) struct Cascade {
    /// The declarations that won, in the order of their application.
    pub(super) won: Vec<Vec<Declaration>>,
    /// References by rules whose selectors ask for a state: in a browser they may apply or not.
    pub(super) possible: Vec<Vec<Declaration>>,
    /// Elements whose uses give them different variables.
    pub(super) ambiguous: Vec<ElementIndex>,
    /// What could not be read once variables were put in.
    pub(super) warnings: Warnings,
}

impl Cascade {
    /// What applies to each element of a tree.
    ///
    /// # Errors
    /// When it takes more than `limit` steps, or the caller wants to stop.
    pub(super) fn new(
        tree: &Tree,
        sheet: &Sheet,
        limit: u64,
        meter: &Meter<'_>,
    ) -> Result<Self, ParseError> {
        let index_of_rules = Index::new(sheet);
        let steps = Steps::new(limit);
        let family = Family::new(tree);
        let matcher = Matcher {
            tree,
            family: &family,
            steps: &steps,
        };
        let within = |index, before: u64| {
            meter.add(1 + (steps.taken() - before) as usize)?;
            if steps.are_used_up() {
                return Err(ParseError::TooCostly {
                    resource: Resource::StyleSteps,
                    found: steps.taken(),
                    limit,
                    place: tree.place(index),
                });
            }
            Ok(())
        };
        let mut out = Self::default();
        let mut declared = Vec::with_capacity(tree.elements.len());
        let mut candidates = Vec::new();
        for (index, element) in tree.elements.iter().enumerate() {
            let before = steps.taken();
            candidates.clear();
            // A copy is styled as what it was copied from.
            let original = element.copy_of.unwrap_or(index);
            let styled = tree.elements.get(original).unwrap_or(element);
            index_of_rules.candidates(styled, &steps, &mut candidates);
            let (mut winners, mut possible) = (Winners::default(), Vec::new());
            for candidate in &candidates {
                let Some(entry) = index_of_rules.entries.get(*candidate) else {
                    continue;
                };
                let block = &entry.rule.block;
                if matcher.matches(entry.selector, original) {
                    for declaration in entry.decisive.iter() {
                        winners.apply(declaration, entry.rank(*candidate), &steps);
                    }
                    for variable in &block.variables {
                        winners.set(variable, entry.rank(*candidate), &steps);
                    }
                } else if entry.asks_for_state {
                    let references = block.declarations.iter();
                    possible.extend(references.filter(|d| d.value.contains('#')).cloned());
                    steps.take(block.declarations.len());
                }
            }
            for declaration in &element.style.declarations {
                winners.apply(declaration, Rank::of_attribute(), &steps);
            }
            for variable in &element.style.variables {
                winners.set(variable, Rank::of_attribute(), &steps);
            }
            within(index, before)?;
            out.won.push(winners.declarations());
            out.possible.push(possible);
            declared.push(winners.variables());
        }
        let mut environments = Environments::new(tree, &declared, &family, &steps);
        for (index, won) in out.won.iter_mut().enumerate() {
            let before = steps.taken();
            let warnings = &mut out.warnings;
            put_in_variables(tree, index, won, &mut environments, &steps, warnings);
            within(index, before)?;
        }
        out.ambiguous = environments.ambiguous;
        Ok(out)
    }

    /// Makes what won presentation attributes, so that no style sheet is left to resolve.
    pub(super) fn apply(&mut self, tree: &mut Tree) {
        for (index, (element, won)) in tree.elements.iter_mut().zip(&mut self.won).enumerate() {
            if element.name == "style" {
                element
                    .children
                    .retain(|child| matches!(child, Child::Element(_)));
            }
            element.style = Block::default();
            for declaration in won.drain(..) {
                apply(element, index == 0, declaration);
            }
            // How a gradient mixes depends on how its colours were said.
            let mixed = element
                .attribute("stop-color")
                .filter(|color| is_mixed_by_eye(color));
            if let Some(value) = mixed.map(Rc::from) {
                element.style.declarations.push(Declaration {
                    name: "stop-color",
                    value,
                    important: false,
                });
            }
            for (name, value) in &mut element.attributes {
                if let Some(plain) = plain(name, value) {
                    *value = plain;
                }
                if rules::is_presentation(name)
                    && let Some(Wide::Is(initial)) = values::wide(name, value)
                {
                    *value = initial.to_owned();
                }
            }
            let unset = |(name, value): &(&'static str, String)| {
                rules::is_presentation(name) && values::wide(name, value) == Some(Wide::Unset)
            };
            element.attributes.retain(|attribute| !unset(attribute));
        }
    }
}

/// Puts variables into the values of an element.
fn put_in_variables(
    tree: &Tree,
    index: ElementIndex,
    won: &mut Vec<Declaration>,
    environments: &mut Environments<'_>,
    steps: &Steps,
    warnings: &mut Warnings,
) {
    let Some(element) = tree.elements.get(index) else {
        return;
    };
    for (name, value) in &element.attributes {
        let is_property = rules::is_presentation(name)
            || rules::property(name).is_some()
                && matches!(Place::of(element.name, index == 0, name), Place::Attribute);
        let is_open = is_property && values::has_variable(value);
        if is_open && !won.iter().any(|known| known.name == *name) {
            won.push(Declaration {
                name,
                value: value.as_str().into(),
                important: false,
            });
        }
    }
    if !won
        .iter()
        .any(|declaration| values::has_variable(&declaration.value))
    {
        return;
    }
    let environment = environments.of(index);
    let mut look_up = |name: &str| environment.get(name).cloned();
    let mut out: Vec<Declaration> = Vec::with_capacity(won.len());
    for mut declaration in won.drain(..) {
        if !values::has_variable(&declaration.value) {
            out.push(declaration);
            continue;
        }
        let name = declaration.name;
        let found = variables::substituted(&declaration.value, steps, &mut look_up);
        let refusal = match &found {
            Some(value) => values::refusal(name, value, Syntax::Inline),
            None => Some(Refusal::Unreadable),
        };
        // What is not readable only now leaves nothing set.
        declaration.value = match (found, refusal) {
            (Some(value), None) => value.into(),
            (found, refusal) => {
                let kind = match refusal {
                    Some(Refusal::Unsafe(rules::Unsafe::External)) => {
                        WarningKind::ExternalReference
                    }
                    Some(Refusal::Unsafe(rules::Unsafe::Suspicious)) => WarningKind::Value,
                    _ => WarningKind::Unreadable,
                };
                let value = found.map_or(Cow::Borrowed(&*declaration.value), Cow::Owned);
                warnings.add(kind, &format!("{name}: {value}"));
                "unset".into()
            }
        };
        expand(&declaration, &mut |declaration| out.push(declaration));
    }
    *won = out;
}

/// Shorthands become what they stand for, once their values are known.
fn expand(declaration: &Declaration, each: &mut dyn FnMut(Declaration)) {
    let &Declaration {
        name,
        ref value,
        important,
    } = declaration;
    let mut set = |name, value: &str| {
        each(Declaration {
            name,
            value: value.into(),
            important,
        });
    };
    match name {
        _ if values::has_variable(value) => each(declaration.clone()),
        "marker" => {
            for name in ["marker-start", "marker-mid", "marker-end"] {
                set(name, value);
            }
        }
        "font" => {
            const PARTS: [&str; 8] = [
                "font-style",
                "font-variant",
                "font-weight",
                "font-stretch",
                "font-size-adjust",
                "font-kerning",
                "font-size",
                "font-family",
            ];
            if values::wide(name, value).is_some() {
                PARTS.iter().for_each(|part| set(part, value));
                return;
            }
            let Ok(font) = FontShorthand::from_str(value) else {
                return;
            };
            set("font-style", font.font_style.unwrap_or("normal"));
            set("font-variant", font.font_variant.unwrap_or("normal"));
            set("font-weight", font.font_weight.unwrap_or("normal"));
            set("font-stretch", font.font_stretch.unwrap_or("normal"));
            set("font-size-adjust", "none");
            set("font-kerning", "auto");
            set("font-size", font.font_size);
            set("font-family", font.font_family);
        }
        _ => each(declaration.clone()),
    }
}

/// Sets a property where the reader takes it from.
fn apply(element: &mut Element, is_root: bool, declaration: Declaration) {
    let Declaration {
        name, ref value, ..
    } = declaration;
    match Place::of(element.name, is_root, name) {
        Place::Nowhere => return,
        Place::Style => {
            let is_unset = values::wide(name, value).is_some();
            if !is_unset {
                element.style.declarations.push(declaration);
            }
            return;
        }
        Place::Attribute => {}
    }
    match values::wide(name, value) {
        Some(Wide::Unset) => element.remove(name),
        Some(Wide::Inherit) => element.set(name, "inherit".to_owned()),
        Some(Wide::Is(initial)) => element.set(name, initial.to_owned()),
        None if name == "d" => {
            let path = values::path(&mut Parser::new(value));
            element.set(name, path.unwrap_or_default());
        }
        None if value.eq_ignore_ascii_case("auto") && !rules::is_presentation(name) => {
            element.remove(name);
        }
        None => element.set(name, value.to_string()),
    }
}

/// A value as all readers of SVG understand it, where that is another.
fn plain(name: &str, value: &str) -> Option<String> {
    let plain = match name {
        "fill" | "stroke" => plain_paint(value),
        "color" | "stop-color" | "flood-color" | "lighting-color" => plain_color(value),
        "opacity" | "fill-opacity" | "stroke-opacity" | "stop-opacity" | "flood-opacity"
        | "stroke-miterlimit"
            if value.contains('(') =>
        {
            let number = Parser::new(value).parse_entirely(number::share);
            number.ok().map(|number| number.to_string())
        }
        _ => None,
    };
    plain.filter(|plain| plain != value)
}

/// Where usvg, or what comes before it, takes a property from.
enum Place {
    Attribute,
    /// Only a style.
    Style,
    /// It has no effect on this element, or is an attribute and no property.
    Nowhere,
}

impl Place {
    fn of(element: &str, is_root: bool, name: &str) -> Self {
        let is_at = |elements: &[&str]| {
            if elements.contains(&element) {
                Self::Attribute
            } else {
                Self::Nowhere
            }
        };
        match name {
            "font-kerning" | "isolation" | "mix-blend-mode" | "transform" | "transform-box"
            | "transform-origin" | "translate" | "rotate" | "scale" => Self::Style,
            "background" | "background-color" if is_root => Self::Style,
            "x" | "y" => is_at(&["rect", "use", "image", "foreignObject"]),
            // Of viewports only the outermost is sized by a style.
            "width" | "height" if is_root => Self::Attribute,
            "width" | "height" => is_at(&["rect", "image", "foreignObject"]),
            "cx" | "cy" => is_at(&["circle", "ellipse"]),
            "r" => is_at(&["circle"]),
            "rx" | "ry" => is_at(&["ellipse", "rect"]),
            "d" => is_at(&["path"]),
            "kerning"
            | "background"
            | "background-color"
            | "enable-background"
            | "glyph-orientation-vertical" => Self::Nowhere,
            _ => Self::Attribute,
        }
    }
}

/// How strong a declaration is; the stronger, or of equals the later, wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    important: bool,
    layer: i64,
    specificity: Specificity,
    order: usize,
}

impl Rank {
    fn of_attribute() -> Self {
        Self {
            layer: i64::MAX,
            ..Self::default()
        }
    }

    fn with(self, important: bool) -> Self {
        // What is important in a lower layer is stronger.
        let turns = important && self.layer != i64::MAX;
        Self {
            important,
            layer: if turns { -self.layer } else { self.layer },
            ..self
        }
    }
}

/// What has won so far.
#[derive(Default)]
struct Winners {
    declarations: Vec<(Declaration, Rank)>,
    variables: Vec<(Variable, Rank)>,
}

impl Winners {
    fn apply(&mut self, new: &Declaration, rank: Rank, steps: &Steps) {
        if steps.are_used_up() {
            return;
        }
        let rank = rank.with(new.important);
        expand(new, &mut |new| {
            steps.take(1 + new.value.len() / BYTES_PER_STEP);
            let known = self
                .declarations
                .iter()
                .position(|(known, _)| known.name == new.name);
            if let Some(known) = known {
                if self
                    .declarations
                    .get(known)
                    .is_some_and(|(_, other)| *other > rank)
                {
                    return;
                }
                self.declarations.remove(known);
            }
            self.declarations.push((new, rank));
        });
    }

    fn set(&mut self, new: &Variable, rank: Rank, steps: &Steps) {
        steps.take(1 + self.variables.len());
        if steps.are_used_up() {
            return;
        }
        let rank = rank.with(new.important);
        match self
            .variables
            .iter_mut()
            .find(|(known, _)| known.name == new.name)
        {
            Some((_, other)) if *other > rank => {}
            Some(known) => *known = (new.clone(), rank),
            None => self.variables.push((new.clone(), rank)),
        }
    }

    fn declarations(&mut self) -> Vec<Declaration> {
        self.declarations.drain(..).map(|(won, _)| won).collect()
    }

    fn variables(&mut self) -> Vec<Variable> {
        self.variables.drain(..).map(|(won, _)| won).collect()
    }
}

/// A selector with its rule.
struct Entry<'a> {
    selector: &'a Selector,
    rule: &'a Rule,
    /// The rank of its layer, higher than all when it is in none.
    layer: i64,
    asks_for_state: bool,
    /// Its declarations without those that others of the same rule override.
    decisive: Rc<[&'a Declaration]>,
}

impl Entry<'_> {
    fn rank(&self, order: usize) -> Rank {
        Rank {
            important: false,
            layer: self.layer,
            specificity: self.selector.specificity,
            order,
        }
    }
}

/// The declarations of a rule that none after them overrides.
fn decisive(rule: &Rule) -> Rc<[&Declaration]> {
    let mut out: Vec<&Declaration> = Vec::new();
    for new in &rule.block.declarations {
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

/// Rules in their order, found by what the last part of their selectors asks for.
#[derive(Default)]
struct Index<'a> {
    entries: Vec<Entry<'a>>,
    by_class: HashMap<&'a str, Vec<usize>>,
    by_id: HashMap<&'a str, Vec<usize>>,
    by_name: HashMap<&'a str, Vec<usize>>,
    any: Vec<usize>,
}

impl<'a> Index<'a> {
    fn new(sheet: &'a Sheet) -> Self {
        let ranks = sheet.ranks();
        let layer = |layer: usize| ranks.get(layer).and_then(|rank| i64::try_from(*rank).ok());
        let mut out = Self::default();
        for rule in &sheet.rules {
            let decisive = decisive(rule);
            for selector in rule.selectors.iter() {
                let index = out.entries.len();
                out.slot(&selector.subject).push(index);
                out.entries.push(Entry {
                    selector,
                    rule,
                    layer: rule.layer.and_then(layer).unwrap_or(i64::MAX - 1),
                    asks_for_state: selector.asks_for_state(),
                    decisive: Rc::clone(&decisive),
                });
            }
        }
        out
    }

    fn slot(&mut self, subject: &'a Compound) -> &mut Vec<usize> {
        for test in &subject.tests {
            match test {
                Test::Id(id) => return self.by_id.entry(id).or_default(),
                Test::Class(class) => return self.by_class.entry(class).or_default(),
                _ => {}
            }
        }
        if let Some(name) = &subject.name {
            return self.by_name.entry(name).or_default();
        }
        // Of a rule around with one selector it is known as well.
        for test in &subject.tests {
            if let Test::Is(list) | Test::Where(list) = test
                && let [only] = list.as_ref()
            {
                return self.slot(&only.subject);
            }
        }
        &mut self.any
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
        let name = element.local_name();
        take(self.by_name.get(name).map_or(&[], Vec::as_slice));
        out.sort_unstable();
        out.dedup();
    }
}
