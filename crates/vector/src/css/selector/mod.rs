//! Selectors as data: parsed, with `&` resolved against the rule around, specificities known.
//!
//! The matcher is our own, in `sanitise::matching`: each of its steps has to be counted against a
//! bound, which a matcher that cannot be interrupted does not allow.

mod parse;
mod text;

use std::rc::Rc;

pub(crate) use parse::parse_list;
pub(crate) use text::list_text;

/// Most compounds of a selector, those in brackets and in the rules around counted.
const MAX_COMPOUNDS: usize = 256;

/// A list of selectors that its users share.
pub(crate) type SelectorList = Rc<[Selector]>;

/// A complex selector.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selector {
    /// What the element itself must be.
    pub(crate) subject: Compound,
    /// What must stand around it, from right to left.
    pub(crate) context: Vec<(Combinator, Compound)>,
    pub(crate) specificity: Specificity,
    /// Compounds in all.
    compounds: usize,
}

/// Numbers of ids, of classes and their like, of names.
pub(crate) type Specificity = (u32, u32, u32);

/// How what stands further left relates to what stands further right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combinator {
    Descendant,
    Child,
    Next,
    Later,
}

/// Conditions on one element, which must all hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Compound {
    /// The element's name; `None` for any.
    pub(crate) name: Option<String>,
    pub(crate) tests: Vec<Test>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Id(String),
    Class(String),
    Attribute(AttributeTest),
    Nth(Nth),
    /// Without siblings, or without any of its name.
    Only {
        of_type: bool,
    },
    Root,
    Empty,
    /// A state that no element of a still picture is in: `:hover`, `::before`, with its colons.
    Never(String),
    Is(SelectorList),
    /// As `Is`, without specificity.
    Where(SelectorList),
    Not(SelectorList),
}

/// A condition on an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttributeTest {
    pub(crate) name: String,
    pub(crate) operator: Operator,
    pub(crate) value: String,
    pub(crate) ignores_case: bool,
}

/// How an attribute is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Exists,
    Equals,
    Includes,
    DashMatch,
    Prefix,
    Suffix,
    Substring,
}

/// `An+B` among the siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nth {
    pub(crate) step: i32,
    pub(crate) offset: i32,
    pub(crate) of_type: bool,
    pub(crate) from_end: bool,
}

impl Nth {
    /// Whether an element with this number, from 1, is one.
    pub(crate) fn takes(&self, number: usize) -> bool {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let beyond = number - i64::from(self.offset);
        match i64::from(self.step) {
            0 => beyond == 0,
            step => beyond % step == 0 && beyond / step >= 0,
        }
    }
}

impl AttributeTest {
    /// Whether a value fulfils it.
    pub(crate) fn takes(&self, value: &str) -> bool {
        if self.ignores_case {
            let lower = self.value.to_ascii_lowercase();
            return compare(self.operator, &value.to_ascii_lowercase(), &lower);
        }
        compare(self.operator, value, &self.value)
    }
}

fn compare(operator: Operator, value: &str, wanted: &str) -> bool {
    match operator {
        Operator::Exists => true,
        Operator::Equals => value == wanted,
        Operator::Includes => value.split_ascii_whitespace().any(|word| word == wanted),
        Operator::DashMatch => {
            let rest = value.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        }
        Operator::Prefix => !wanted.is_empty() && value.starts_with(wanted),
        Operator::Suffix => !wanted.is_empty() && value.ends_with(wanted),
        Operator::Substring => !wanted.is_empty() && value.contains(wanted),
    }
}

impl Selector {
    /// `None` when it is too large.
    fn new(subject: Compound, context: Vec<(Combinator, Compound)>) -> Option<Self> {
        let mut out = Self {
            subject,
            context,
            specificity: (0, 0, 0),
            compounds: 0,
        };
        let (mut specificity, mut compounds) = ((0, 0, 0), 0usize);
        for compound in std::iter::once(&out.subject).chain(out.context.iter().map(|(_, c)| c)) {
            specificity = plus(specificity, compound.specificity());
            compounds = compounds.saturating_add(compound.compounds());
        }
        (out.specificity, out.compounds) = (specificity, compounds);
        (compounds <= MAX_COMPOUNDS).then_some(out)
    }
}

impl Selector {
    /// Whether it asks anywhere for a state that an element could be in somewhere else.
    pub(crate) fn asks_for_state(&self) -> bool {
        let compounds = self.context.iter().map(|(_, compound)| compound);
        let mut tests = compounds
            .chain([&self.subject])
            .flat_map(|compound| &compound.tests);
        tests.any(|test| match test {
            Test::Never(_) => true,
            Test::Is(list) | Test::Where(list) | Test::Not(list) => {
                list.iter().any(Self::asks_for_state)
            }
            _ => false,
        })
    }
}

fn plus(a: Specificity, b: Specificity) -> Specificity {
    (
        a.0.saturating_add(b.0),
        a.1.saturating_add(b.1),
        a.2.saturating_add(b.2),
    )
}

impl Compound {
    /// What stands for the rule around.
    fn of(parent: &SelectorList) -> Self {
        Self {
            name: None,
            tests: vec![Test::Is(Rc::clone(parent))],
        }
    }

    fn specificity(&self) -> Specificity {
        let name = (0, 0, u32::from(self.name.is_some()));
        let tests = self.tests.iter().map(|test| match test {
            Test::Id(_) => (1, 0, 0),
            Test::Class(_)
            | Test::Attribute(_)
            | Test::Nth(_)
            | Test::Only { .. }
            | Test::Root
            | Test::Empty => (0, 1, 0),
            Test::Never(name) => (0, u32::from(!name.starts_with("::")), 0),
            Test::Is(list) | Test::Not(list) => {
                let most = list.iter().map(|selector| selector.specificity).max();
                most.unwrap_or_default()
            }
            Test::Where(_) => (0, 0, 0),
        });
        tests.fold(name, plus)
    }

    fn compounds(&self) -> usize {
        let inside = self.tests.iter().map(|test| match test {
            Test::Is(list) | Test::Where(list) | Test::Not(list) => {
                let each = list.iter().map(|selector| selector.compounds);
                each.fold(0, usize::saturating_add)
            }
            _ => 0,
        });
        inside.fold(1, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use cssparser::Parser;

    use super::*;

    fn parsed(text: &str) -> Option<SelectorList> {
        parse_list(&mut Parser::new(text), None).ok()
    }

    #[test]
    fn selectors_are_written_as_they_mean() {
        for (text, expected) in [
            (".a , #b>rect", ".a,#b > rect"),
            ("svg|rect", "rect"),
            ("*", "*"),
            ("g  .a~.b+ c", "g .a ~ .b + c"),
            ("[x]", "[x]"),
            ("[x = 'a,b' i]", "[x=\"a,b\" i]"),
            (":not(.a, .b)", ":not(.a,.b)"),
            (":is(.a, :future(x), b)", ":is(.a,b)"),
            ("rect:nth-child(odd)", "rect:nth-child(2n+1)"),
            (":nth-last-of-type(3)", ":nth-last-of-type(0n+3)"),
            (":ROOT", ":root"),
            ("a:hover", "a:hover"),
            (".\\31 a", ".\\31 a"),
        ] {
            let list = parsed(text).expect(text);
            assert_eq!(list_text(&list), expected);
            assert_eq!(parsed(expected), Some(list), "{text}");
        }
        for text in [
            "",
            ".a,",
            ".a..b",
            "> a",
            ":unknown",
            ":has(a)",
            "a:nth-child(x)",
            ":not()",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn specificities_are_those_of_the_standard() {
        for (text, expected) in [
            ("*", (0, 0, 0)),
            ("g rect", (0, 0, 2)),
            ("#a .b[c]:first-child d", (1, 3, 1)),
            (":is(#a, b)", (1, 0, 0)),
            (":where(#a, b) c", (0, 0, 1)),
            (":not(.a b)", (0, 1, 1)),
            ("a::before", (0, 0, 1)),
            (":only-child", (0, 1, 0)),
        ] {
            let list = parsed(text).expect(text);
            assert_eq!(list[0].specificity, expected, "{text}");
        }
    }

    #[test]
    fn nested_selectors_mean_the_rule_around() {
        let parent = parsed(".a,#b").expect("is understood");
        for (text, expected) in [
            ("rect", ":is(.a,#b) rect"),
            ("&.c", ":is(.a,#b).c"),
            ("> rect", ":is(.a,#b) > rect"),
            (".d &", ".d :is(.a,#b)"),
            (":not(&)", ":not(:is(.a,#b))"),
        ] {
            let list = parse_list(&mut Parser::new(text), Some(&parent)).expect(text);
            assert_eq!(list_text(&list), expected);
        }
        // What would double at each level is refused.
        let mut list = parent;
        let doubled = (0..20).find(|_| {
            let inner = parse_list(&mut Parser::new("& &,& &"), Some(&list));
            inner.map(|inner| list = inner).is_err()
        });
        assert!(doubled.is_some());
    }

    #[test]
    fn counting_begins_with_the_first() {
        let takes = |step, offset| {
            let nth = Nth {
                step,
                offset,
                of_type: false,
                from_end: false,
            };
            (1..=8)
                .filter(|number| nth.takes(*number))
                .collect::<Vec<_>>()
        };
        assert_eq!(takes(2, 1), [1, 3, 5, 7]);
        assert_eq!(takes(0, 3), [3]);
        assert_eq!(takes(-1, 3), [1, 2, 3]);
        assert_eq!(takes(3, -1), [2, 5, 8]);
        assert_eq!(takes(-2, 0), [] as [usize; 0]);
        assert_eq!(takes(i32::MIN, i32::MAX), [] as [usize; 0]);
    }
}
