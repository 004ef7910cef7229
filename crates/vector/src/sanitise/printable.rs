//! Text from files that reaches people's eyes: without what drives a terminal or turns text around.

/// Whether a character acts on what shows it instead of being shown: control characters of C0 and
/// C1, line and paragraph separators, overrides of direction, invisible separators and tags,
/// characters that are none. The joiners are not among them: scripts and emoji are written with
/// them.
pub fn is_treacherous(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// At most so many characters of a text, what cannot be shown replaced, for messages.
pub(crate) fn printable(text: &str, most: usize) -> String {
    text.chars()
        .take(most)
        .map(|character| {
            // Joiners have their place in words and emoji, but not in the names of things.
            let is_joiner = matches!(character, '\u{200c}' | '\u{200d}');
            if is_treacherous(character) || is_joiner {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        })
        .collect()
}

/// A text without control characters; line breaks and tabs stay.
pub(crate) fn without_controls(text: &str) -> std::borrow::Cow<'_, str> {
    let is_kept = |c: char| matches!(c, '\n' | '\t' | '\r') || !is_treacherous(c);
    if text.chars().all(is_kept) {
        text.into()
    } else {
        text.chars()
            .filter(|c| is_kept(*c))
            .collect::<String>()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_remains() {
        for bad in [
            "\u{1b}", "\u{7}", "\u{8}", "\r", "\n", "\u{7f}", "\u{85}", "\u{9b}", "\u{200b}",
            "\u{200d}", "\u{2028}", "\u{202e}", "\u{2066}", "\u{2069}", "\u{feff}",
        ] {
            assert_eq!(printable(&format!("a{bad}b"), 9), "a\u{fffd}b", "{bad:?}");
        }
        assert_eq!(printable("Füchse 🦊 (3)", 60), "Füchse 🦊 (3)");
        assert_eq!(printable("abc", 2), "ab");
    }

    #[test]
    fn names_keep_what_shows() {
        assert_eq!(without_controls("a\u{1b}[2Jb\u{202e}c\nd"), "a[2Jbc\nd");
        assert_eq!(without_controls("👩\u{200d}🌾 Ähre"), "👩\u{200d}🌾 Ähre");
    }
}
