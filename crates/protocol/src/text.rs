//! Text from outside on its way to a terminal, a log line or a message for people.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};

pub use chat2svg_vector::sanitise::is_treacherous;

/// The text with every character that could drive a terminal or forge a line written as `\u{…}`.
///
/// ```
/// assert_eq!(chat2svg_protocol::printable("red\u{1b}[2J fox"), "red\\u{1b}[2J fox");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    // Writing to a string cannot fail.
    let _ = Printable(&mut safe).write_str(text);
    Cow::Owned(safe)
}

/// The name that differs least from one that is unknown, if it differs by little: what was probably
/// meant.
///
/// ```
/// let known = ["width", "height"];
/// assert_eq!(chat2svg_protocol::nearest_name("widht", known), Some("width"));
/// assert_eq!(chat2svg_protocol::nearest_name("colour", known), None);
/// ```
pub fn nearest_name<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= name.len() / 3)
        .map(|(_, candidate)| candidate)
}

/// Passes text on with what [`printable`] escapes escaped.
pub struct Printable<W>(pub W);

impl<W: fmt::Write> fmt::Write for Printable<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_treacherous) {
            let (safe, from) = rest.split_at(at);
            self.0.write_str(safe)?;
            let mut characters = from.chars();
            if let Some(character) = characters.next() {
                write!(self.0, "{}", character.escape_unicode())?;
            }
            rest = characters.as_str();
        }
        self.0.write_str(rest)
    }
}

impl<W> fmt::Debug for Printable<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Printable")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_drives_terminals_is_escaped_and_nothing_else() {
        let cases = [
            ("a red fox", "a red fox"),
            ("Füchse und 狐 🦊", "Füchse und 狐 🦊"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            (
                "o\u{200b}n\u{2060}e\u{feff}",
                "o\\u{200b}n\\u{2060}e\\u{feff}",
            ),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            (
                "two\r\nlines\tand a tab",
                "two\\u{d}\\u{a}lines\\u{9}and a tab",
            ),
            ("evil\u{202e}gvs.exe", "evil\\u{202e}gvs.exe"),
            ("\u{7f}\u{2028}", "\\u{7f}\\u{2028}"),
        ];
        for (text, shown) in cases {
            assert_eq!(printable(text), shown);
        }
    }

    proptest! {
        #[test]
        fn nothing_treacherous_is_left(text in any::<String>()) {
            prop_assert!(!printable(&text).contains(is_treacherous));
        }
    }
}
