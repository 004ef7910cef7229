//! Spaces of other kinds between attributes, which XML does not know as spaces.

/// The text with plain spaces in place of all others inside tags, outside of quotes, and the first
/// place of one; `None` when there are none. Every other byte stays where it is.
pub(crate) fn plain_spaces(text: &str) -> Option<(String, usize)> {
    if text.is_ascii() {
        return None;
    }
    let mut out = String::new();
    let (mut copied, mut first) = (0, None);
    let (mut in_tag, mut quote) = (false, None);
    for (at, character) in text.char_indices() {
        match (in_tag, quote, character) {
            (true, Some(open), _) if character == open => quote = None,
            (true, Some(_), _) => {}
            (true, None, '"' | '\'') => quote = Some(character),
            (true, None, '>') => in_tag = false,
            (true, None, _) if is_other_space(character) => {
                out.push_str(text.get(copied..at).unwrap_or_default());
                out.extend(std::iter::repeat_n(' ', character.len_utf8()));
                copied = at + character.len_utf8();
                first = first.or(Some(at));
            }
            (false, _, '<') => {
                let next = text.as_bytes().get(at + 1);
                in_tag = next.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/');
            }
            _ => {}
        }
    }
    let first = first?;
    out.push_str(text.get(copied..).unwrap_or_default());
    Some((out, first))
}

fn is_other_space(character: char) -> bool {
    !character.is_ascii()
        && (character.is_whitespace()
            || matches!(character, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spaces_between_attributes_change() {
        let text =
            "<svg\u{a0}a='x\u{a0}y'><t>a\u{a0}b</t>\u{2003}<rect\u{2009}\u{200b}b=\"ä\"/></svg>";
        let (plain, first) = plain_spaces(text).expect("has some");
        assert_eq!(plain.len(), text.len());
        assert_eq!(first, 4);
        assert!(plain.starts_with("<svg  a='x\u{a0}y'><t>a\u{a0}b</t>\u{2003}<rect      b=\"ä\""));
        for text in [
            "<svg a='\u{a0}'/>",
            "a < b\u{a0}c",
            "<!-- \u{a0} --><svg/>",
            "<svg/>",
        ] {
            assert_eq!(plain_spaces(text), None, "{text}");
        }
    }
}
