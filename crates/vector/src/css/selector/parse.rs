//! From text to selectors.

use std::rc::Rc;

use cssparser::{CowRcStr, ParseError, Parser, Token, parse_nth};

use super::{AttributeTest, Combinator, Compound, Nth, Operator, Selector, SelectorList, Test};

/// Most brackets inside one another.
const MAX_DEPTH: usize = 8;

/// Why a selector is not understood.
type SelectorError = ParseError<()>;

/// Parses a list of selectors up to the end of the input. `parent` are the selectors of the rule
/// around, for which `&` stands; a selector of a nested rule without `&` is meant inside it.
///
/// # Errors
/// When one of them is not understood: then none applies, as in browsers.
pub(crate) fn parse_list(
    input: &mut Parser<'_>,
    parent: Option<&SelectorList>,
) -> Result<SelectorList, SelectorError> {
    let mut reader = Reader { parent, depth: 0 };
    let list = input.parse_comma_separated(|input| reader.selector(input, Relative::ToParent))?;
    Ok(list.into())
}

/// Whether a selector may begin with a combinator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relative {
    ToParent,
    No,
}

struct Reader<'a> {
    parent: Option<&'a SelectorList>,
    depth: usize,
}

impl Reader<'_> {
    fn selector(
        &mut self,
        input: &mut Parser<'_>,
        relative: Relative,
    ) -> Result<Selector, SelectorError> {
        let mut parts: Vec<(Combinator, Compound)> = Vec::new();
        let mut says_parent = false;
        let nested_in = self.parent.filter(|_| relative == Relative::ToParent);
        input.skip_whitespace();
        let mut combinator = match symbol(input) {
            Some(found) => {
                let parent = nested_in.ok_or(ParseError::unexpected_token())?;
                parts.push((Combinator::Descendant, Compound::of(parent)));
                says_parent = true;
                found
            }
            None => Combinator::Descendant,
        };
        loop {
            input.skip_whitespace();
            let (compound, has_parent) = self.compound(input)?;
            says_parent |= has_parent;
            parts.push((combinator, compound));
            let before = input.state();
            input.skip_whitespace();
            if input.is_exhausted() {
                break;
            }
            if let Ok(Token::Comma) = input.next() {
                input.reset(&before);
                break;
            }
            input.reset(&before);
            input.skip_whitespace();
            combinator = symbol(input).unwrap_or(Combinator::Descendant);
        }
        if let Some(parent) = nested_in.filter(|_| !says_parent) {
            parts.insert(0, (Combinator::Descendant, Compound::of(parent)));
        }
        let (mut inner, subject) = parts.pop().ok_or(ParseError::unexpected_token())?;
        let mut context = Vec::with_capacity(parts.len());
        for (own, compound) in parts.into_iter().rev() {
            context.push((inner, compound));
            inner = own;
        }
        Selector::new(subject, context).ok_or(ParseError::unexpected_token())
    }

    /// A compound, and whether it holds `&`.
    fn compound(&mut self, input: &mut Parser<'_>) -> Result<(Compound, bool), SelectorError> {
        let mut out = Compound::default();
        let (mut is_empty, mut has_parent) = (true, false);
        loop {
            let before = input.state();
            let Ok(token) = input.next_including_whitespace() else {
                break;
            };
            match token.clone() {
                Token::Ident(name) if is_empty => {
                    let name = name.to_string();
                    out.name = self.local_name(input, name)?;
                }
                Token::Delim('*') if is_empty => {
                    out.name = self.local_name(input, "*".to_owned())?;
                }
                Token::Delim('|') if is_empty => {
                    input.reset(&before);
                    out.name = self.local_name(input, String::new())?;
                }
                Token::IDHash(name) => out.tests.push(Test::Id(name.to_string())),
                Token::Delim('.') => match input.next_including_whitespace()? {
                    Token::Ident(name) => out.tests.push(Test::Class(name.to_string())),
                    _ => return Err(ParseError::unexpected_token()),
                },
                Token::Delim('&') => {
                    has_parent = true;
                    // Outside of any rule it stands for the root.
                    out.tests.push(match self.parent {
                        Some(parent) => Test::Is(Rc::clone(parent)),
                        None => Test::Root,
                    });
                }
                Token::SquareBracketBlock => {
                    let test = input.parse_nested_block(attribute)?;
                    out.tests.push(Test::Attribute(test));
                }
                Token::Colon => {
                    let (test, holds_parent) = self.pseudo(input)?;
                    has_parent |= holds_parent;
                    out.tests.push(test);
                }
                _ => {
                    input.reset(&before);
                    break;
                }
            }
            is_empty = false;
        }
        if is_empty {
            return Err(ParseError::unexpected_token());
        }
        Ok((out, has_parent))
    }

    /// A name after whatever prefix of a namespace; all elements that are left are SVG's.
    fn local_name(
        &self,
        input: &mut Parser<'_>,
        name: String,
    ) -> Result<Option<String>, SelectorError> {
        let before = input.state();
        let is_prefix = matches!(input.next_including_whitespace(), Ok(Token::Delim('|')));
        let name = if is_prefix {
            match input.next_including_whitespace()? {
                Token::Ident(local) => local.to_string(),
                Token::Delim('*') => "*".to_owned(),
                _ => return Err(ParseError::unexpected_token()),
            }
        } else {
            input.reset(&before);
            name
        };
        Ok((name != "*").then_some(name))
    }

    /// What follows a colon, and whether it holds `&`.
    fn pseudo(&mut self, input: &mut Parser<'_>) -> Result<(Test, bool), SelectorError> {
        let nth = |of_type, from_end, step, offset| {
            Test::Nth(Nth {
                step,
                offset,
                of_type,
                from_end,
            })
        };
        let token = input.next_including_whitespace()?.clone();
        match token {
            Token::Ident(name) => {
                let name = name.to_ascii_lowercase();
                let test = match name.as_str() {
                    "root" => Test::Root,
                    "empty" => Test::Empty,
                    "first-child" => nth(false, false, 0, 1),
                    "last-child" => nth(false, true, 0, 1),
                    "first-of-type" => nth(true, false, 0, 1),
                    "last-of-type" => nth(true, true, 0, 1),
                    "only-child" => Test::Only { of_type: false },
                    "only-of-type" => Test::Only { of_type: true },
                    "scope" => Test::Root,
                    "active" | "any-link" | "autofill" | "checked" | "default" | "disabled"
                    | "enabled" | "focus" | "focus-visible" | "focus-within" | "fullscreen"
                    | "hover" | "in-range" | "indeterminate" | "invalid" | "link" | "optional"
                    | "out-of-range" | "placeholder-shown" | "read-only" | "read-write"
                    | "required" | "target" | "valid" | "visited" | "before" | "after"
                    | "first-line" | "first-letter" => Test::Never(format!(":{name}")),
                    _ => return Err(ParseError::unexpected_token()),
                };
                Ok((test, false))
            }
            // A pseudo-element: there are none in a drawing.
            Token::Colon => match input.next_including_whitespace()?.clone() {
                Token::Ident(name) => {
                    let known = [
                        "before",
                        "after",
                        "first-line",
                        "first-letter",
                        "selection",
                        "marker",
                        "backdrop",
                        "placeholder",
                    ];
                    let name = name.to_ascii_lowercase();
                    if known.contains(&name.as_str()) || name.starts_with("-webkit-") {
                        return Ok((Test::Never(format!("::{name}")), false));
                    }
                    Err(ParseError::unexpected_token())
                }
                _ => Err(ParseError::unexpected_token()),
            },
            Token::Function(name) => {
                if self.depth >= MAX_DEPTH {
                    return Err(ParseError::unexpected_token());
                }
                self.depth += 1;
                let found = input.parse_nested_block(|input| self.function(input, &name));
                self.depth -= 1;
                found
            }
            _ => Err(ParseError::unexpected_token()),
        }
    }

    fn function(
        &mut self,
        input: &mut Parser<'_>,
        name: &CowRcStr<'_>,
    ) -> Result<(Test, bool), SelectorError> {
        let name = name.to_ascii_lowercase();
        let place = match name.as_str() {
            "nth-child" => Some((false, false)),
            "nth-last-child" => Some((false, true)),
            "nth-of-type" => Some((true, false)),
            "nth-last-of-type" => Some((true, true)),
            _ => None,
        };
        if let Some((of_type, from_end)) = place {
            let (step, offset) = parse_nth(input)?;
            input.expect_exhausted()?;
            let test = Test::Nth(Nth {
                step,
                offset,
                of_type,
                from_end,
            });
            return Ok((test, false));
        }
        let text_start = input.position();
        let list: Vec<Selector> = match name.as_str() {
            "not" => input.parse_comma_separated(|input| self.selector(input, Relative::No))?,
            // What is not understood inside counts as matching nothing.
            "is" | "where" | "matches" | "-webkit-any" => input
                .parse_comma_separated_ignoring_errors(|input| self.selector(input, Relative::No)),
            _ => return Err(ParseError::unexpected_token()),
        };
        let has_parent = input.slice_from(text_start).contains('&');
        let list = list.into();
        let test = match name.as_str() {
            "not" => Test::Not(list),
            "where" => Test::Where(list),
            _ => Test::Is(list),
        };
        Ok((test, has_parent))
    }
}

/// A combinator that is a character.
fn symbol(input: &mut Parser<'_>) -> Option<Combinator> {
    let before = input.state();
    let found = match input.next() {
        Ok(Token::Delim('>')) => Some(Combinator::Child),
        Ok(Token::Delim('+')) => Some(Combinator::Next),
        Ok(Token::Delim('~')) => Some(Combinator::Later),
        _ => None,
    };
    if found.is_none() {
        input.reset(&before);
    }
    found
}

/// What stands in square brackets.
fn attribute(input: &mut Parser<'_>) -> Result<AttributeTest, SelectorError> {
    let mut name = match input.next()?.clone() {
        Token::Ident(name) => name.to_string(),
        Token::Delim('*') | Token::Delim('|') => String::new(),
        _ => return Err(ParseError::unexpected_token()),
    };
    let before = input.state();
    // A prefix of a namespace.
    let is_prefix = name.is_empty() || matches!(input.next(), Ok(Token::Delim('|')));
    if is_prefix {
        let before = input.state();
        if !matches!(input.next(), Ok(Token::Delim('|'))) {
            input.reset(&before);
        }
        name = input.expect_ident()?.to_string();
    } else {
        input.reset(&before);
    }
    let mut out = AttributeTest {
        name,
        operator: Operator::Exists,
        value: String::new(),
        ignores_case: false,
    };
    if input.is_exhausted() {
        return Ok(out);
    }
    out.operator = match input.next()? {
        Token::Delim('=') => Operator::Equals,
        Token::IncludeMatch => Operator::Includes,
        Token::DashMatch => Operator::DashMatch,
        Token::PrefixMatch => Operator::Prefix,
        Token::SuffixMatch => Operator::Suffix,
        Token::SubstringMatch => Operator::Substring,
        _ => return Err(ParseError::unexpected_token()),
    };
    out.value = input.expect_ident_or_string()?.to_string();
    if !input.is_exhausted() {
        let flag = input.expect_ident()?.to_ascii_lowercase();
        match flag.as_str() {
            "i" => out.ignores_case = true,
            "s" => {}
            _ => return Err(ParseError::unexpected_token()),
        }
        input.expect_exhausted()?;
    }
    Ok(out)
}
