//! Characters of broken markup, written as XML has them.

use quick_xml::escape::resolve_html5_entity;

use crate::sanitise::Warnings;

use crate::mend::Mend;

/// Longest name of an entity.
const MAX_ENTITY: usize = 32;

/// Writes text or a value with what XML cannot hold as it is escaped; entities are resolved.
pub(super) fn escape_into(out: &mut String, text: &str, source: usize, warnings: &mut Warnings) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let (before, from) = rest.split_at(at);
        push_plain(out, before);
        let mut length = 1;
        match from.as_bytes().first() {
            Some(b'<') => out.push_str("&lt;"),
            Some(b'>') => out.push_str("&gt;"),
            Some(b'"') => out.push_str("&quot;"),
            Some(b'\'') => out.push_str("&apos;"),
            _ => {
                length = entity(out, from);
                let is_plain = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"]
                    .iter()
                    .any(|plain| from.starts_with(plain));
                if !is_plain {
                    warnings.go_to(source + text.len() - from.len());
                    warnings.mend(Mend::Entity, from.get(..length).unwrap_or("&"));
                }
            }
        }
        rest = from.get(length..).unwrap_or("");
    }
    push_plain(out, rest);
}

/// Writes what an `&` stands for; returns how much of the text it takes.
fn entity(out: &mut String, text: &str) -> usize {
    let bytes = text.as_bytes();
    let end = bytes
        .iter()
        .take(MAX_ENTITY)
        .skip(1)
        .position(|b| !(b.is_ascii_alphanumeric() || *b == b'#'))
        .map(|length| length + 1)
        .filter(|end| bytes.get(*end) == Some(&b';'));
    let resolved = end.and_then(|end| {
        let name = text.get(1..end)?;
        Some((resolve(name)?, end + 1))
    });
    match resolved {
        Some((characters, length)) => {
            for character in characters.chars() {
                match character {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '"' => out.push_str("&quot;"),
                    other => push_plain(out, other.encode_utf8(&mut [0; 4])),
                }
            }
            length
        }
        None => {
            out.push_str("&amp;");
            1
        }
    }
}

fn resolve(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32).map(String::from);
    }
    if name == "apos" {
        return Some("'".to_owned());
    }
    resolve_html5_entity(name).map(str::to_owned)
}

/// Writes text without the characters that XML cannot hold.
fn push_plain(out: &mut String, text: &str) {
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(is_allowed) {
        out.push_str(text);
    } else {
        out.extend(text.chars().filter(|c| is_allowed(*c)));
    }
}

/// Whether a code fence stands at a place.
pub(super) fn is_fence(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with("```"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        escape_into(&mut out, text, 0, &mut Warnings::default());
        out
    }

    #[test]
    fn ampersands_mean_what_they_can() {
        for (text, expected) in [
            ("a & b", "a &amp; b"),
            ("a &amp; b", "a &amp; b"),
            ("caf&eacute;&nbsp;!", "café\u{a0}!"),
            ("&unknown;", "&amp;unknown;"),
            ("&#65;&#x42;&#0;", "AB"),
            ("&#99999999999;", "&amp;#99999999999;"),
            ("<\">", "&lt;&quot;&gt;"),
            ("a\u{0}\u{1b}b", "ab"),
            ("&", "&amp;"),
            ("&ä;", "&amp;ä;"),
        ] {
            assert_eq!(escaped(text), expected, "{text}");
        }
    }
}
