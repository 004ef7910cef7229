//! Variables of style sheets (`--name`): what they are for each element, and values with them put
//! in.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use cssparser::{Parser, Token};

use super::css::Variable;
use super::matching::{BYTES_PER_STEP, Family, Steps};
use super::tree::{ElementIndex, Tree};
use crate::css::number::{NotThis, wrong};

/// Longest value that comes out, in bytes.
const MAX_BYTES: usize = 1 << 16;
/// Most variables that refer to one another in a chain, and brackets inside one another.
const MAX_DEPTH: usize = 32;
/// Most elements through which variables are inherited, along parents and uses.
const MAX_LEVELS: usize = 256;

/// The variables of an element with their values.
pub(super) type Environment = Rc<HashMap<Rc<str>, Rc<str>>>;

/// The variables of all elements.
pub(super) struct Environments<'a> {
    declared: &'a [Vec<Variable>],
    family: &'a Family,
    steps: &'a Steps,
    known: Vec<Option<Environment>>,
    /// For each element the uses of it, where it is not shown where it stands.
    uses: HashMap<ElementIndex, Vec<ElementIndex>>,
    empty: Environment,
    /// Elements whose uses give them different variables.
    pub(super) ambiguous: Vec<ElementIndex>,
}

impl<'a> Environments<'a> {
    /// `declared` are the variables that won for each element.
    pub(super) fn new(
        tree: &Tree,
        declared: &'a [Vec<Variable>],
        family: &'a Family,
        steps: &'a Steps,
    ) -> Self {
        Self {
            declared,
            family,
            steps,
            known: vec![None; tree.elements.len()],
            uses: hidden_uses(tree, family),
            empty: Environment::default(),
            ambiguous: Vec::new(),
        }
    }

    /// The variables of an element.
    pub(super) fn of(&mut self, index: ElementIndex) -> Environment {
        self.at(index, 0)
    }

    fn at(&mut self, index: ElementIndex, level: usize) -> Environment {
        if let Some(known) = self.known.get(index).and_then(Option::as_ref) {
            return Rc::clone(known);
        }
        if level > MAX_LEVELS {
            return Rc::clone(&self.empty);
        }
        // Should a use lead back here, it finds nothing.
        if let Some(slot) = self.known.get_mut(index) {
            *slot = Some(Rc::clone(&self.empty));
        }
        let uses = self.uses.get(&index).cloned().unwrap_or_default();
        let inherited = match uses.split_first() {
            Some((first, others)) => {
                let found = self.at(*first, level + 1);
                for other in others {
                    let other = self.at(*other, level + 1);
                    self.steps.take(1);
                    if !Rc::ptr_eq(&found, &other) && found != other {
                        self.ambiguous.push(index);
                        break;
                    }
                }
                found
            }
            None => match self.family.parent(index) {
                Some(parent) => self.at(parent, level + 1),
                None => Rc::clone(&self.empty),
            },
        };
        let declared = self.declared.get(index).map_or(&[][..], Vec::as_slice);
        let own = declare(&inherited, declared, self.steps);
        if let Some(slot) = self.known.get_mut(index) {
            *slot = Some(Rc::clone(&own));
        }
        own
    }
}

/// For what is shown only where it is used, the uses.
fn hidden_uses(tree: &Tree, family: &Family) -> HashMap<ElementIndex, Vec<ElementIndex>> {
    /// Most uses of one element that are looked at.
    const MAX_USES: usize = 16;
    let mut by_id: HashMap<&str, Vec<ElementIndex>> = HashMap::new();
    for (index, element) in tree.elements.iter().enumerate() {
        if element.name == "use"
            && let Some(target) = element.attribute("href")
        {
            let uses = by_id
                .entry(target.trim().trim_start_matches('#'))
                .or_default();
            if uses.len() < MAX_USES {
                uses.push(index);
            }
        }
    }
    let mut out = HashMap::new();
    if by_id.is_empty() {
        return out;
    }
    let mut is_hidden = vec![false; tree.elements.len()];
    for (index, element) in tree.elements.iter().enumerate() {
        let parent = family
            .parent(index)
            .and_then(|parent| is_hidden.get(parent));
        let hidden = parent.copied().unwrap_or(false)
            || matches!(
                element.name,
                "defs" | "symbol" | "clipPath" | "mask" | "pattern" | "marker"
            );
        if let Some(slot) = is_hidden.get_mut(index) {
            *slot = hidden;
        }
        let uses = element
            .attribute("id")
            .filter(|_| hidden)
            .and_then(|id| by_id.remove(id));
        out.extend(uses.map(|uses| (index, uses)));
    }
    out
}

/// What is inherited with what is declared.
fn declare(inherited: &Environment, declared: &[Variable], steps: &Steps) -> Environment {
    if declared.is_empty() {
        return Rc::clone(inherited);
    }
    steps.take(inherited.len() + declared.len());
    if steps.are_used_up() {
        return Rc::clone(inherited);
    }
    let mut resolver = Resolver {
        inherited,
        declared: declared
            .iter()
            .map(|own| (&*own.name, &*own.value))
            .collect(),
        known: HashMap::new(),
        open: Vec::new(),
        circular: HashSet::new(),
        steps,
    };
    let mut out = HashMap::clone(inherited);
    for variable in declared {
        match resolver.value(&variable.name) {
            Some(value) => out.insert(Rc::clone(&variable.name), value),
            None => out.remove(&variable.name),
        };
    }
    out.into()
}

struct Resolver<'a> {
    inherited: &'a Environment,
    declared: HashMap<&'a str, &'a str>,
    known: HashMap<&'a str, Option<Rc<str>>>,
    /// Variables whose values are being computed.
    open: Vec<&'a str>,
    /// Variables that lead back to themselves.
    circular: HashSet<&'a str>,
    steps: &'a Steps,
}

impl Resolver<'_> {
    /// The value of a variable; `None` when it has none.
    fn value(&mut self, name: &str) -> Option<Rc<str>> {
        let inherited = || self.inherited.get(name).cloned();
        let Some((name, raw)) = self.declared.get_key_value(name).map(|(n, raw)| (*n, *raw)) else {
            return inherited();
        };
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        if let Some(start) = self.open.iter().position(|open| *open == name) {
            self.circular.extend(self.open.iter().skip(start));
            return None;
        }
        match raw.trim().to_ascii_lowercase().as_str() {
            "initial" => return None,
            "inherit" | "unset" | "revert" | "revert-layer" => return inherited(),
            _ => {}
        }
        if self.open.len() >= MAX_DEPTH {
            return None;
        }
        self.open.push(name);
        let steps = self.steps;
        let value = substituted(raw, steps, &mut |other| self.value(other));
        self.open.pop();
        let value = value
            .filter(|_| !self.circular.contains(name))
            .map(Rc::from);
        self.known.insert(name, value.clone());
        value
    }
}

/// A value with its variables put in; `None` when one has no value and no fallback, or too much
/// comes out.
pub(super) fn substituted(
    text: &str,
    steps: &Steps,
    look_up: &mut dyn FnMut(&str) -> Option<Rc<str>>,
) -> Option<String> {
    let mut out = String::new();
    let mut input = Parser::new(text);
    let found = parts(&mut input, &mut out, look_up, steps, 0);
    steps.take(1 + (text.len() + out.len()) / BYTES_PER_STEP);
    found.ok().map(|()| out.trim().to_owned())
}

fn parts(
    input: &mut Parser<'_>,
    out: &mut String,
    look_up: &mut dyn FnMut(&str) -> Option<Rc<str>>,
    steps: &Steps,
    depth: usize,
) -> Result<(), NotThis> {
    loop {
        let start = input.position();
        let Ok(token) = input.next_including_whitespace_and_comments().cloned() else {
            return Ok(());
        };
        if out.len() > MAX_BYTES || depth > MAX_DEPTH || steps.are_used_up() {
            return Err(wrong());
        }
        let close = match token {
            Token::Function(name) if name.eq_ignore_ascii_case("var") => {
                // What is put in makes no word together with what stands beside it.
                out.push(' ');
                input.parse_nested_block(|input| {
                    let name = input.expect_ident_cloned()?;
                    let has_fallback = !input.is_exhausted();
                    if has_fallback {
                        input.expect_comma()?;
                    }
                    match look_up(&name) {
                        Some(value) => {
                            out.push_str(&value);
                            while input.next().is_ok() {}
                            Ok(())
                        }
                        None if has_fallback => parts(input, out, look_up, steps, depth + 1),
                        None => Err(wrong()),
                    }
                })?;
                out.push(' ');
                continue;
            }
            Token::Function(_) | Token::ParenthesisBlock => ')',
            Token::SquareBracketBlock => ']',
            Token::CurlyBracketBlock => '}',
            Token::Comment(_) => {
                out.push(' ');
                continue;
            }
            _ => {
                out.push_str(input.slice_from(start));
                continue;
            }
        };
        out.push_str(input.slice_from(start));
        input.parse_nested_block(|input| parts(input, out, look_up, steps, depth + 1))?;
        out.push(close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(inherited: &Environment, declared: &[(&str, &str)]) -> Environment {
        let variables: Vec<Variable> = declared
            .iter()
            .map(|(name, value)| Variable {
                name: (*name).into(),
                value: (*value).into(),
                important: false,
            })
            .collect();
        declare(inherited, &variables, &Steps::new(100_000))
    }

    fn value(text: &str, environment: &Environment) -> Option<String> {
        let steps = Steps::new(100_000);
        substituted(text, &steps, &mut |name| environment.get(name).cloned())
    }

    #[test]
    fn variables_are_put_in_with_their_fallbacks() {
        let outer = environment(
            &Environment::default(),
            &[("--a", "red"), ("--b", "var(--a)")],
        );
        let inner = environment(
            &outer,
            &[("--a", "blue"), ("--c", "var(--a) 1"), ("--d", "initial")],
        );
        for (text, expected) in [
            ("var(--a)", Some("blue")),
            ("var( --a )", Some("blue")),
            // What it was where it was declared.
            ("var(--b)", Some("red")),
            ("var(--x, var(--y, lime))", Some("lime")),
            ("var(--x,)", Some("")),
            ("var(--a, var(--x))", Some("blue")),
            ("rgb(1 2 3 / var(--o, .5))", Some("rgb(1 2 3 /   .5 )")),
            ("var(--c)", Some("blue  1")),
            ("var(--d, none)", Some("none")),
            ("var(--x)", None),
            ("VAR(--a)", Some("blue")),
            ("url(#a)", Some("url(#a)")),
            ("'var(--a)'", Some("'var(--a)'")),
        ] {
            assert_eq!(value(text, &inner).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn circles_have_no_value_and_what_multiplies_ends() {
        let circle = [
            ("--a", "var(--b)"),
            ("--b", "var(--a, red)"),
            ("--c", "var(--a, blue)"),
        ];
        let found = environment(&Environment::default(), &circle);
        assert_eq!(value("var(--a, lime)", &found).as_deref(), Some("lime"));
        assert_eq!(value("var(--b, lime)", &found).as_deref(), Some("lime"));
        assert_eq!(value("var(--c)", &found).as_deref(), Some("blue"));
        let names: Vec<String> = (0..60).map(|n| format!("--v{n}")).collect();
        let values: Vec<String> = (1..61)
            .map(|n| format!("var(--v{n}) var(--v{n})"))
            .collect();
        let mut bomb: Vec<(&str, &str)> = names
            .iter()
            .zip(&values)
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        bomb.push(("--v60", "xxxxxxxxxxxxxxxxxxxxxxxxx"));
        let found = environment(&Environment::default(), &bomb);
        assert_eq!(value("var(--v0, lime)", &found).as_deref(), Some("lime"));
    }
}
