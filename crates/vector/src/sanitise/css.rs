//! Declarations of style sheets and style attributes, reduced to what may pass: listed properties
//! and variables with checked values.

use std::borrow::Cow;
use std::rc::Rc;

use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, Parser, ParserState, QualifiedRuleParser,
    RuleBodyItemParser, RuleBodyParser, Token,
};

use super::meter::Meter;
use super::printable::without_controls;
use super::reader::Profile;
use super::rules::{self, Unsafe, check_value, is_inert_property};
use super::values::{self, Refusal, Syntax};
use super::warning::{WarningKind, Warnings};
use crate::css::number::{NotThis, wrong};
use crate::mend::Mend;

/// Most declarations of one rule or style attribute that are kept as they stand; beyond that a
/// later one takes the place of an earlier one of the same property.
const MAX_DECLARATIONS: usize = 256;

/// One declaration that has passed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) value: Rc<str>,
    /// Whether it says `!important`.
    pub(crate) important: bool,
}

/// A variable (`--name: value`) that has passed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variable {
    /// With its dashes.
    pub(crate) name: Rc<str>,
    pub(crate) value: Rc<str>,
    pub(crate) important: bool,
}

/// What stands between two braces, or in a style attribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    pub(crate) declarations: Vec<Declaration>,
    pub(crate) variables: Vec<Variable>,
}

impl Block {
    pub(crate) fn is_empty(&self) -> bool {
        self.declarations.is_empty() && self.variables.is_empty()
    }

    /// As CSS.
    pub(crate) fn text(&self) -> String {
        let mark = |important: bool| if important { "!important" } else { "" };
        let variables = self.variables.iter().map(|variable| {
            let mut name = String::new();
            // Writing to a string does not fail.
            let _ = cssparser::serialize_identifier(&variable.name, &mut name);
            format!("{name}:{}{}", variable.value, mark(variable.important))
        });
        let declarations = self.declarations.iter().map(|declaration| {
            let Declaration {
                name,
                value,
                important,
            } = declaration;
            format!("{name}:{value}{}", mark(*important))
        });
        let parts: Vec<_> = variables.chain(declarations).collect();
        parts.join(";")
    }

    fn declare(&mut self, new: Declaration) {
        let declarations = &mut self.declarations;
        if declarations.len() >= MAX_DECLARATIONS {
            let known = declarations.iter().position(|known| known.name == new.name);
            if let Some(known) = known {
                if declarations[known].important && !new.important {
                    return;
                }
                declarations.remove(known);
            }
        }
        declarations.push(new);
    }
}

/// What cleaning needs to know, and whom it tells.
pub(super) struct Cleaner<'a> {
    pub(super) profile: Profile,
    pub(super) warnings: &'a mut Warnings,
    pub(super) meter: &'a Meter<'a>,
}

impl Cleaner<'_> {
    /// Adds a declaration to a block as far as it may pass.
    pub(super) fn declare(&mut self, name: &str, raw: &str, syntax: Syntax, block: &mut Block) {
        let text = without_comments(raw);
        let (value, important) = split_important(text.trim());
        let value = without_controls(value);
        if name.starts_with("--") {
            return self.variable(name, &value, important, block);
        }
        let name = name.to_ascii_lowercase();
        let name = match name.as_str() {
            "-webkit-transform" => "transform",
            "-webkit-transform-origin" => "transform-origin",
            name => name,
        };
        if is_inert_property(name) {
            return;
        }
        let Some(name) = rules::property(name) else {
            return self.warnings.add(WarningKind::of_property(name), name);
        };
        if !self.profile.takes_property(name) || !self.profile.takes_in_style(name) {
            return self.warnings.add(WarningKind::of_property(name), name);
        }
        let (value, refusal) = self.value(name, &value, syntax);
        let refusal =
            refusal.or_else(|| (!is_plain(&value)).then_some(Refusal::Unsafe(Unsafe::Suspicious)));
        match refusal {
            None => block.declare(Declaration {
                name,
                value: value.as_ref().into(),
                important,
            }),
            Some(refusal) => self.refuse(name, &value, refusal),
        }
    }

    fn variable(&mut self, name: &str, value: &str, important: bool, block: &mut Block) {
        // What stays text could bring a reference to wherever it is used.
        let hides = self.profile == Profile::Text && value.to_ascii_lowercase().contains("url(");
        match check_value("--", value) {
            Ok(()) if is_plain(value) && !hides => {
                let name: Rc<str> = name.into();
                block
                    .variables
                    .retain(|known| known.name != name || known.important && !important);
                let new = Variable {
                    name,
                    value: value.into(),
                    important,
                };
                if !block.variables.iter().any(|known| known.name == new.name) {
                    block.variables.push(new);
                }
            }
            Err(Unsafe::External) => self.warnings.add(WarningKind::ExternalReference, name),
            _ => self.warnings.add(WarningKind::Value, name),
        }
    }

    /// A value as it passes, mended where it was not read; and why it does not pass.
    pub(super) fn value<'v>(
        &mut self,
        name: &'static str,
        value: &'v str,
        syntax: Syntax,
    ) -> (Cow<'v, str>, Option<Refusal>) {
        let (value, mend) = values::read_or_mended(name, value, syntax);
        if let Some(mend) = mend {
            self.told(mend.0, &mend.1);
        }
        let refusal = values::refusal(name, &value, syntax);
        (value, refusal)
    }

    fn told(&mut self, mend: Mend, how: &str) {
        self.warnings.mend(mend, how);
    }

    /// Tells that a value does not pass.
    pub(super) fn refuse(&mut self, name: &str, value: &str, refusal: Refusal) {
        match refusal {
            Refusal::Unsafe(Unsafe::External) => {
                self.warnings.add(WarningKind::ExternalReference, name);
            }
            Refusal::Unsafe(Unsafe::Suspicious) => self.warnings.add(WarningKind::Value, name),
            Refusal::Unreadable => {
                let what = format!("{name}: {value}");
                self.warnings.add(WarningKind::Unreadable, &what);
            }
        }
    }

    /// The declarations of a style attribute that may pass.
    pub(super) fn attribute(&mut self, text: &str) -> Result<Block, super::ParseError> {
        self.meter.add(text.len())?;
        let text = closed_brackets(text);
        let mut input = Parser::new(&text);
        let mut block = Block::default();
        let mut body = AttributeBody {
            cleaner: self,
            block: &mut block,
        };
        for item in RuleBodyParser::new(&mut input, &mut body) {
            // What is no declaration has no effect in browsers either.
            let _: Result<(), _> = item;
        }
        Ok(block)
    }
}

/// The text of a declaration's value, up to the end of the input.
///
/// # Errors
/// When it holds braces, so that it is a rule.
pub(super) fn raw_value<'i>(
    input: &mut Parser<'i>,
    may_hold_braces: bool,
) -> Result<&'i str, NotThis> {
    let start = input.position();
    loop {
        match input.next_including_whitespace() {
            Ok(Token::CurlyBracketBlock) if !may_hold_braces => return Err(wrong()),
            Ok(_) => {}
            Err(_) => return Ok(input.slice_from(start)),
        }
    }
}

struct AttributeBody<'a, 'b> {
    cleaner: &'a mut Cleaner<'b>,
    block: &'a mut Block,
}

impl<'i> DeclarationParser<'i> for AttributeBody<'_, '_> {
    type Declaration = ();
    type Error = ();

    fn parse_value(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
        _start: &ParserState,
    ) -> Result<(), NotThis> {
        let value = raw_value(input, true)?;
        self.cleaner
            .declare(&name, value, Syntax::Inline, self.block);
        Ok(())
    }
}

impl AtRuleParser<'_> for AttributeBody<'_, '_> {
    type Prelude = ();
    type AtRule = ();
    type Error = ();
}

impl QualifiedRuleParser<'_> for AttributeBody<'_, '_> {
    type Prelude = ();
    type QualifiedRule = ();
    type Error = ();
}

impl RuleBodyItemParser<'_, (), ()> for AttributeBody<'_, '_> {
    fn parse_declarations(&self) -> bool {
        true
    }

    fn parse_qualified(&self) -> bool {
        false
    }
}

fn is_plain(value: &str) -> bool {
    !value.contains(['{', '}', '<', '>', '\\'])
}

/// A value without its `!important`, and whether it had one.
fn split_important(value: &str) -> (&str, bool) {
    match value.rsplit_once('!') {
        Some((before, word)) if word.trim().eq_ignore_ascii_case("important") => {
            (before.trim_end(), true)
        }
        _ => (value, false),
    }
}

/// A style attribute whose brackets are not all closed swallows what follows in browsers. They are
/// closed before the next semicolon, or the end, so that only one value is wrong.
fn closed_brackets(text: &str) -> Cow<'_, str> {
    let (mut depth, mut quote) = (0usize, None);
    let mut out = String::new();
    let mut start = 0;
    for (position, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ';') if depth > 0 && begins_declaration(&text[position + 1..]) => {
                out.push_str(&text[start..position]);
                out.push_str(&")".repeat(depth));
                (start, depth) = (position, 0);
            }
            _ => {}
        }
    }
    if start == 0 {
        return text.into();
    }
    out.push_str(&text[start..]);
    out.into()
}

/// Whether a text begins with a name and a colon.
fn begins_declaration(text: &str) -> bool {
    let text = text.trim_start();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    end > 1 && text[end..].trim_start().starts_with(':')
}

fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("/*") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        // A comment separates what stands around it.
        out.push(' ');
        rest = match rest[start + 2..].find("*/") {
            Some(length) => &rest[start + 2 + length + 2..],
            None => "",
        };
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Stop;

    use super::*;

    fn block(text: &str, profile: Profile) -> String {
        let (never, mut warnings) = (Stop::never(), Warnings::default());
        let mut cleaner = Cleaner {
            profile,
            warnings: &mut warnings,
            meter: &Meter::new(&never),
        };
        cleaner.attribute(text).expect("within limits").text()
    }

    #[test]
    fn declarations_pass_as_browsers_read_them() {
        for (text, expected) in [
            (
                "fill:red;stroke : blue !important;",
                "fill:red;stroke:blue!important",
            ),
            ("FILL:red;-webkit-transform:none", "fill:red;transform:none"),
            ("fill:red;fill:reddish", "fill:red"),
            ("transform:rotate(45)", ""),
            ("font-size:20;x:5", "font-size:20;x:5"),
            (
                "stroke-width:20;x:5px;d:path('M0 0h9')",
                "stroke-width:20;x:5px;d:path('M0 0h9')",
            ),
            (
                "--a:1px;--A:var(--a);fill:var(--a)",
                "--a:1px;--A:var(--a);fill:var(--a)",
            ),
            ("--a:1;--a:2", "--a:2"),
            ("fill:rgb(1,2,3;stroke:red", "fill:rgb(1,2,3);stroke:red"),
            (
                "fill:url(#a;b) red;stroke:red",
                "fill:url(#a;b) red;stroke:red",
            ),
            ("fill:a{b}c;stroke:red", "stroke:red"),
            ("?;stroke:red", "stroke:red"),
            ("fill:red/* no */", "fill:red"),
        ] {
            assert_eq!(block(text, Profile::Document), expected, "{text}");
        }
        // Text keeps no path data in styles, and no reference in a variable.
        assert_eq!(
            block("d:path('M0 0h9');--a:url(#b);--c:1", Profile::Text),
            "--c:1"
        );
    }
}
