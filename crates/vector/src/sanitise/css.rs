//! Style sheets and style attributes, reduced to what may pass: plain rules with listed properties
//! and checked values. At-rules and comments do not pass.

use std::rc::Rc;

use super::ParseError;
use super::meter::Meter;
use super::printable::without_controls;
use super::rules::{Unsafe, check_value, is_inert_property, property};
use super::warning::{WarningKind, Warnings};
use crate::mend::mend_value;

/// Most rules of a document, counted per selector.
const MAX_RULES: usize = 4_096;
/// Most selectors of one rule.
const MAX_SELECTORS: usize = 256;
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

/// A rule that has passed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) selectors: Vec<String>,
    pub(crate) declarations: Vec<Declaration>,
}

impl Rule {
    /// The rule as text.
    pub(crate) fn text(&self) -> String {
        format!(
            "{}{{{}}}",
            self.selectors.join(","),
            declarations_text(&self.declarations)
        )
    }
}

/// Declarations as text.
pub(crate) fn declarations_text(declarations: &[Declaration]) -> String {
    let parts: Vec<_> = declarations
        .iter()
        .map(|declaration| {
            let mark = if declaration.important {
                "!important"
            } else {
                ""
            };
            format!("{}:{}{mark}", declaration.name, declaration.value)
        })
        .collect();
    parts.join(";")
}

/// The rules of a style sheet that may pass.
pub(crate) fn clean_sheet(
    text: &str,
    accepts: &dyn Fn(&str) -> bool,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<Vec<Rule>, ParseError> {
    let text = without_comments(text);
    let mut rest = text.as_str();
    let mut rules = Vec::new();
    let mut count = 0;
    loop {
        meter.add(1)?;
        rest = rest.trim_start();
        // Old editors hide sheets in comments of HTML.
        for wrapper in ["<!--", "-->"] {
            rest = rest.strip_prefix(wrapper).unwrap_or(rest).trim_start();
        }
        if rest.is_empty() {
            return Ok(rules);
        }
        if rest.starts_with('@') {
            let name: String = rest
                .chars()
                .take_while(|c| !c.is_whitespace())
                .take(32)
                .collect();
            warnings.add(WarningKind::StyleRule, &name);
            rest = after_at_rule(rest);
            continue;
        }
        let Some(open) = find_outside_strings(rest, &['{']) else {
            return Ok(rules);
        };
        let body_start = open + 1;
        let body_length =
            find_outside_strings(&rest[body_start..], &['}']).unwrap_or(rest.len() - body_start);
        let (prelude, body) = (&rest[..open], &rest[body_start..body_start + body_length]);
        meter.add(open + body_length)?;
        rest = rest.get(body_start + body_length + 1..).unwrap_or("");
        let selectors: Vec<String> = prelude
            .split(',')
            .map(str::trim)
            .filter(|s| is_selector(s))
            .map(str::to_owned)
            .collect();
        let declarations = clean_declarations(body, accepts, warnings, meter)?;
        count += selectors.len();
        if count > MAX_RULES || selectors.len() > MAX_SELECTORS {
            return Err(ParseError::TooManyStyleRules);
        }
        if !selectors.is_empty() && !declarations.is_empty() {
            rules.push(Rule {
                selectors,
                declarations,
            });
        }
    }
}

/// The declarations of a style attribute or a rule's body that may pass.
pub(crate) fn clean_declarations(
    body: &str,
    accepts: &dyn Fn(&str) -> bool,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<Vec<Declaration>, ParseError> {
    let body = without_comments(body);
    let mut rest = body.as_str();
    let mut out = Vec::new();
    while !rest.is_empty() {
        let end = find_outside_strings(rest, &[';']).unwrap_or(rest.len());
        let declaration = &rest[..end];
        meter.add(1 + end)?;
        rest = rest.get(end + 1..).unwrap_or("");
        let Some((name, value)) = declaration.split_once(':') else {
            continue;
        };
        let name = name.trim().to_ascii_lowercase();
        if is_inert_property(&name) {
            continue;
        }
        let Some(name) = property(&name) else {
            warnings.add(WarningKind::Property, &name);
            continue;
        };
        if !accepts(name) {
            warnings.add(WarningKind::of_property(name), name);
            continue;
        }
        let (value, important) = split_important(value.trim());
        let mended = mend_value(name, value);
        if let Some((mended, mend)) = &mended {
            warnings.mend(*mend, &format!("{value} → {mended}"));
        }
        let value = mended.as_ref().map_or(value, |(mended, _)| mended);
        let is_plain = !value.contains(['{', '}', '<', '>', '\\']);
        match check_value(name, value) {
            Ok(()) if is_plain => {
                let value = without_controls(value).into();
                add(
                    &mut out,
                    Declaration {
                        name,
                        value,
                        important,
                    },
                );
            }
            Err(Unsafe::External) => warnings.add(WarningKind::ExternalReference, name),
            _ => warnings.add(WarningKind::Value, name),
        }
    }
    Ok(out)
}

fn add(declarations: &mut Vec<Declaration>, new: Declaration) {
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

/// A value without its `!important`, and whether it had one.
fn split_important(value: &str) -> (&str, bool) {
    match value.rsplit_once('!') {
        Some((before, word)) if word.trim().eq_ignore_ascii_case("important") => {
            (before.trim_end(), true)
        }
        _ => (value, false),
    }
}

fn is_selector(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| {
            c.is_alphanumeric() || c.is_ascii_whitespace() || "#.*>+~-_[]='\":()".contains(c)
        })
}

/// Position of the first of some characters outside quotes.
fn find_outside_strings(text: &str, wanted: &[char]) -> Option<usize> {
    let mut quote = None;
    for (position, character) in text.char_indices() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if wanted.contains(&character) => return Some(position),
            None if character == '"' || character == '\'' => quote = Some(character),
            None => {}
        }
    }
    None
}

/// What follows an at-rule: after its semicolon, or after its block.
fn after_at_rule(text: &str) -> &str {
    let mut depth = 0usize;
    let mut rest = text;
    while let Some(position) = find_outside_strings(rest, &[';', '{', '}']) {
        let found = rest.as_bytes().get(position).copied();
        rest = &rest[position + 1..];
        match found {
            Some(b';') if depth == 0 => return rest,
            Some(b'{') => depth += 1,
            Some(b'}') if depth <= 1 => return rest,
            Some(b'}') => depth -= 1,
            _ => {}
        }
    }
    ""
}

fn without_comments(text: &str) -> String {
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
    out
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Stop;

    use super::*;

    fn sheet(text: &str) -> String {
        let rules = clean_sheet(
            text,
            &|_| true,
            &mut Warnings::default(),
            &Meter::new(&Stop::never()),
        )
        .expect("within limits");
        rules.iter().map(Rule::text).collect()
    }

    #[test]
    fn plain_rules_pass() {
        assert_eq!(
            sheet(".a , #b > rect { fill : red ; stroke:url(#s) }\n/* no */ g{opacity:.5}"),
            ".a,#b > rect{fill:red;stroke:url(#s)}g{opacity:.5}"
        );
    }

    #[test]
    fn nothing_active_passes() {
        for (text, expected) in [
            ("@import url(http://x); .a{fill:red}", ".a{fill:red}"),
            ("@import 'http://x';", ""),
            (
                "@media screen { .a { fill: red } } .b{fill:blue}",
                ".b{fill:blue}",
            ),
            ("@font-face{src:url(x)}.b{fill:blue}", ".b{fill:blue}"),
            (".a{fill:url(http://x)}", ""),
            (".a{background:url(#x);fill:red}", ".a{fill:red}"),
            (".a{fill:u\\72l(http://x)}", ""),
            (".a{fill:ur/**/l(http://x)}", ""),
            (".a{fill:expression(alert(1))}", ""),
            (".a{fill:red}</style><script>", ".a{fill:red}"),
            ("@import 'a;b'; .a{fill:red}", ".a{fill:red}"),
            (
                ".a{font-family:'x;y';fill:red",
                ".a{font-family:'x;y';fill:red}",
            ),
        ] {
            assert_eq!(sheet(text), expected, "{text}");
        }
    }

    #[test]
    fn rules_are_counted_before_they_multiply() {
        let text = format!("{}{{fill:red}}", vec![".a"; 5_000].join(","));
        let never = Stop::never();
        let meter = Meter::new(&never);
        assert!(clean_sheet(&text, &|_| true, &mut Warnings::default(), &meter).is_err());
    }
}
