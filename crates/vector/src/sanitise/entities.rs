//! Entities of an internal subset, expanded: the short texts that Illustrator and its like declare
//! for namespaces and styles. An entity that could read files, grow, or bring markup is refused.
//!
//! Only a document type at the start of a file is looked at, and the text is rewritten before
//! anything else reads it, so that no reader ever resolves an entity.

use std::borrow::Cow;
use std::collections::HashMap;

use super::ParseError;
use super::printable::printable;
use crate::mend::SourceMap;

/// Most entities of a file.
const MAX_ENTITIES: usize = 64;
/// Most bytes of the text of one entity.
const MAX_BYTES: usize = 1_024;
/// Most bytes by which all of them together may lengthen the file.
const MAX_GROWTH: usize = 1 << 20;
/// Longest name in a message, in characters.
const MAX_NAME: usize = 40;

/// The text with its entities written out and without the document type that declared them, and
/// where in the source it came from; `None` when it declares none.
///
/// # Errors
/// When an entity may not be expanded; it says which and why.
pub(super) fn expand(text: &str) -> Result<Option<(String, SourceMap)>, ParseError> {
    let Some(declaration) = document_type(text) else {
        return Ok(None);
    };
    if !declaration.text.contains("<!ENTITY") {
        return Ok(None);
    }
    let entities = declared(declaration.text)?;
    let mut out = Expansion {
        source: text,
        text: String::with_capacity(text.len()),
        map: SourceMap::default(),
        left: MAX_GROWTH,
    };
    out.copy(0, declaration.start);
    out.body(declaration.end, &entities)?;
    Ok(Some((out.text, out.map)))
}

/// A document type declaration in a text.
struct Declaration<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

/// The document type declaration before the root element, when it is whole.
fn document_type(text: &str) -> Option<Declaration<'_>> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if trimmed.starts_with("<?") {
            at += trimmed.find("?>")? + 2;
        } else if trimmed.starts_with("<!--") {
            at += trimmed.find("-->")? + 3;
        } else if trimmed.starts_with("<!DOCTYPE") {
            let length = end_of_declaration(trimmed)?;
            return Some(Declaration {
                start: at,
                end: at + length,
                text: trimmed.get(..length)?,
            });
        } else {
            return None;
        }
    }
}

/// Where a declaration that starts with `<!` ends, what is nested in it skipped.
fn end_of_declaration(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut in_subset) = (0, 0usize, false);
    while let Some(byte) = bytes.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        match byte {
            b'<' if rest.starts_with("<!--") => at += rest.find("-->")? + 2,
            b'<' if rest.starts_with("<?") => at += rest.find("?>")? + 1,
            b'<' => depth += 1,
            b'>' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && !in_subset {
                    return Some(at + 1);
                }
            }
            b'[' if depth == 1 => in_subset = true,
            b']' if depth == 1 => in_subset = false,
            b'"' | b'\'' if depth > 1 || !in_subset => {
                let quote = char::from(*byte);
                at += 1 + rest.get(1..)?.find(quote)?;
            }
            _ => {}
        }
        at += 1;
        // Marks are ASCII, so what stands between them is skipped byte by byte.
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    None
}

/// The entities of a document type, ready to be put into text and attributes.
fn declared(declaration: &str) -> Result<HashMap<&str, String>, ParseError> {
    let mut entities = HashMap::new();
    let mut rest = declaration.get("<!DOCTYPE".len()..).unwrap_or_default();
    while let Some(start) = rest.find("<!") {
        rest = rest.get(start..).unwrap_or_default();
        if rest.starts_with("<!--") {
            let end = rest.find("-->").map_or(rest.len(), |end| end + 3);
            rest = rest.get(end..).unwrap_or_default();
            continue;
        }
        let end = end_of_declaration(rest).unwrap_or(rest.len());
        let (one, after) = rest.split_at(end);
        rest = after;
        let Some(body) = one.strip_prefix("<!ENTITY") else {
            continue;
        };
        let body = body.trim_end_matches('>').trim();
        let (name, value) = body.split_at(body.find(char::is_whitespace).unwrap_or(body.len()));
        // These mean what they always mean.
        if is_predefined(name) {
            continue;
        }
        let text = entity(name, value.trim())?;
        if entities.len() >= MAX_ENTITIES {
            let reason = format!("is one of more than {MAX_ENTITIES}");
            return Err(refused(name, reason));
        }
        // Of several with one name the first counts.
        entities.entry(name).or_insert(text);
    }
    Ok(entities)
}

/// The text of an entity, ready to be put in.
fn entity(name: &str, rest: &str) -> Result<String, ParseError> {
    let refuse = |reason: &str| Err(refused(name, reason.to_owned()));
    if name == "%" || name.contains(['%', '&', ';']) {
        return refuse("is a parameter entity (%)");
    }
    if rest.starts_with("SYSTEM") || rest.starts_with("PUBLIC") {
        return refuse("refers to another file (SYSTEM or PUBLIC)");
    }
    let quoted = rest
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let quoted = quoted.or_else(|| rest.strip_prefix('\'')?.strip_suffix('\''));
    let Some(value) = quoted else {
        return refuse("has no text in quotes");
    };
    if value.len() > MAX_BYTES {
        return refuse("is longer than 1 kB");
    }
    if value.contains('%') {
        return refuse("holds a parameter entity (%)");
    }
    let Some(text) = with_characters(value) else {
        return refuse("holds another entity");
    };
    if text.contains('<') {
        return refuse("holds markup");
    }
    Ok(escaped(&text))
}

/// A text with its references to characters resolved; `None` when it holds other references.
fn with_characters(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains('&') {
        return Some(value.into());
    }
    let mut out = String::with_capacity(value.len());
    let mut pieces = value.split('&');
    out.push_str(pieces.next()?);
    for piece in pieces {
        let (reference, after) = piece.split_once(';')?;
        let digits = reference.strip_prefix('#')?;
        let code = match digits.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        out.push(char::from_u32(code.ok()?)?);
        out.push_str(after);
    }
    // What could start another reference once it is put in.
    let is_plain = !out.contains('&') || out.trim() == "&";
    is_plain.then(|| out.into())
}

/// A text that means itself in an attribute and between tags.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ => out.push(character),
        }
    }
    out
}

fn is_predefined(name: &str) -> bool {
    matches!(name, "amp" | "lt" | "gt" | "quot" | "apos")
}

fn refused(name: &str, reason: String) -> ParseError {
    ParseError::EntityRefused {
        name: printable(name, MAX_NAME),
        reason,
    }
}

/// A text as it is rewritten.
struct Expansion<'a> {
    source: &'a str,
    text: String,
    map: SourceMap,
    /// Bytes by which it may still grow.
    left: usize,
}

impl Expansion<'_> {
    fn copy(&mut self, from: usize, to: usize) {
        self.map.anchor(self.text.len(), from);
        self.text
            .push_str(self.source.get(from..to).unwrap_or_default());
    }

    /// What follows the document type: entities written out, but in comments and CDATA.
    fn body(&mut self, start: usize, entities: &HashMap<&str, String>) -> Result<(), ParseError> {
        /// Longest name that is looked up, in bytes.
        const MAX_LOOKUP: usize = 256;
        let source = self.source;
        let (mut from, mut at) = (start, start);
        while let Some(found) = source.get(at..).and_then(|rest| rest.find(['&', '<'])) {
            at += found;
            let rest = source.get(at..).unwrap_or_default();
            let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")]
                .into_iter()
                .find(|(open, _)| rest.starts_with(open));
            if let Some((_, close)) = skipped {
                at += rest.find(close).map_or(rest.len(), |end| end + close.len());
                continue;
            }
            let inside = rest.strip_prefix('&').unwrap_or_default();
            let near = inside.as_bytes().iter().take(MAX_LOOKUP);
            let end = near.enumerate().find(|(_, byte)| **byte == b';');
            let name = end.and_then(|(end, _)| inside.get(..end));
            let Some((name, text)) = name.and_then(|name| Some((name, entities.get(name)?))) else {
                at += 1;
                continue;
            };
            self.left = match self.left.checked_sub(text.len()) {
                Some(left) => left,
                None => {
                    return Err(refused(
                        name,
                        "is used so often that the file grows by more than 1 MiB".to_owned(),
                    ));
                }
            };
            self.copy(from, at);
            self.map.anchor(self.text.len(), at);
            self.text.push_str(text);
            at += name.len() + 2;
            from = at;
        }
        self.copy(from, source.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(subset: &str, body: &str) -> Result<String, ParseError> {
        let text = format!(
            "<?xml version=\"1.0\"?>\n<!-- a \" comment -->\n<!DOCTYPE svg PUBLIC \"-//W3C//DTD [SVG\" \
             \"svg.dtd\" [\n{subset}\n]>\n{body}"
        );
        let (out, map) = expand(&text)?.expect("declares entities");
        if text.ends_with('>') {
            assert_eq!(map.source(out.len() - 1), text.len() - 1);
        }
        Ok(out
            .rsplit_once("-->\n")
            .expect("keeps the comment")
            .1
            .trim()
            .to_owned())
    }

    #[test]
    fn short_texts_are_written_out() {
        let subset = "<!ENTITY ns_svg \"http://www.w3.org/2000/svg\">\n<!-- <!ENTITY no \"x\"> -->\
                      <!ENTITY st0 'fill:#F00;font-family:\"A\";'><!ATTLIST svg a CDATA \">\">\
                      <!ENTITY nbsp \"&#160;\"><!ENTITY lt \"&#38;#60;\"><!ENTITY amper \"&#38;\">";
        let body = "<svg xmlns=\"&ns_svg;\" style=\"&st0;\">a&nbsp;&lt;b&amper;&unknown;\
                    <!-- &st0; --><![CDATA[&st0;]]></svg>";
        let expected = "<svg xmlns=\"http://www.w3.org/2000/svg\" \
                        style=\"fill:#F00;font-family:&quot;A&quot;;\">a\u{a0}&lt;b&amp;&unknown;\
                        <!-- &st0; --><![CDATA[&st0;]]></svg>";
        let text = format!("<!DOCTYPE svg [{subset}]>{body}");
        let (out, _) = expand(&text).expect("is safe").expect("declares entities");
        assert_eq!(out, expected);
        assert_eq!(
            expanded("<!ENTITY a 'b'>", "<svg id='&a;'/>"),
            Ok("<svg id='b'/>".to_owned())
        );
    }

    #[test]
    fn nothing_else_is_expanded() {
        for text in [
            "<svg/>",
            "<!DOCTYPE svg><svg>&a;</svg>",
            "<!DOCTYPE svg [<!ELEMENT a ANY>]><svg/>",
            "words <!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>",
            "<!DOCTYPE svg [<!ENTITY a 'b'",
            "<svg/><!DOCTYPE svg [<!ENTITY a 'b'>]>",
            "",
        ] {
            assert!(matches!(expand(text), Ok(None)), "{text}");
        }
    }

    #[test]
    fn dangerous_entities_are_refused_by_name() {
        let long = format!("<!ENTITY long '{}'>", "x".repeat(1_025));
        let many: String = (0..65).map(|n| format!("<!ENTITY e{n} 'x'>")).collect();
        for (subset, name) in [
            ("<!ENTITY a SYSTEM 'file:///etc/passwd'>", "a"),
            ("<!ENTITY a PUBLIC 'x' 'http://example.org/'>", "a"),
            ("<!ENTITY % p 'x'>", "%"),
            ("<!ENTITY a 'x%p;'>", "a"),
            ("<!ENTITY a 'x'><!ENTITY b '&a;&a;'>", "b"),
            ("<!ENTITY a '&#38;b;'>", "a"),
            ("<!ENTITY a '<script/>'>", "a"),
            ("<!ENTITY a '&#60;script/>'>", "a"),
            ("<!ENTITY a>", "a"),
            (&*long, "long"),
            (&*many, "e64"),
        ] {
            match expanded(subset, "<svg/>") {
                Err(ParseError::EntityRefused { name: found, .. }) => assert_eq!(found, name),
                other => panic!("{subset}: {other:?}"),
            }
        }
        let subset = format!("<!ENTITY a '{}'>", "x".repeat(1_000));
        assert!(expanded(&subset, &"&a;".repeat(1_000)).is_ok());
        let grown = expanded(&subset, &"&a;".repeat(2_000));
        assert!(matches!(grown, Err(ParseError::EntityRefused { .. })));
    }
}
