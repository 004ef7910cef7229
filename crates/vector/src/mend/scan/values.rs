//! Attributes and their values, also where quotes are missing: a value ends where something starts
//! that no value holds.

use super::{Scanner, quote};
use crate::mend::Mend;
use crate::mend::lexer::{
    attribute_at, end_tag_at, name_at, spaces_at, start_tag_at, surely_attribute_at,
};

/// How a value ended.
pub(super) enum Ended {
    /// With its quote, or before something that can go on in the same tag.
    Here,
    /// Before the name of a start tag without `<`.
    BeforeTag,
    /// With the text.
    CutOff,
}

impl<'a> Scanner<'a, '_> {
    /// An attribute at the current place, with the place of its value.
    pub(super) fn attribute_here(&self) -> Option<(&'a str, usize)> {
        let name = name_at(self.text, self.at)?;
        let after = self.at + name.len();
        let equals = after + spaces_at(self.text, after, self.end.min(after + 16));
        (self.byte(equals) == Some(b'=')).then_some((name, equals + 1))
    }

    /// Passes over characters that have no place in a tag.
    pub(super) fn stray(&mut self) {
        let start = self.at;
        let is_stray = |c: char| {
            !(c.is_ascii_whitespace()
                || c.is_ascii_alphabetic()
                || matches!(c, '_' | '/' | '>' | '<'))
        };
        let rest = self.rest();
        let length = rest.find(|c| !is_stray(c)).unwrap_or(rest.len());
        let shown: String = rest.get(..length).unwrap_or("").chars().take(12).collect();
        self.at += length.max(1);
        let is_quote = shown.chars().all(|c| matches!(c, '"' | '\''));
        let kind = if is_quote {
            Mend::Quote
        } else {
            Mend::StrayCharacters
        };
        self.mend(kind, start, &quote(&shown));
    }

    /// The value at the current place, after `=`.
    pub(super) fn value(&mut self, is_empty: &mut bool) -> (&'a str, Ended) {
        let spaces = spaces_at(self.text, self.at, self.end);
        if attribute_at(self.text, self.at + spaces).is_none() {
            self.at += spaces;
        }
        let quotes = [
            ("\"", '"'),
            ("'", '\''),
            ("“", '”'),
            ("”", '”'),
            ("‘", '’'),
            ("{\"", '"'),
            ("{'", '\''),
            ("{`", '`'),
            ("{", '}'),
        ];
        let rest = self.rest();
        let quote = quotes.iter().find(|(open, _)| rest.starts_with(open));
        if let Some((open, _)) = quote {
            self.at += open.len();
        }
        self.value_inside(quote.map(|(_, close)| *close), is_empty)
    }

    /// The value that starts here, up to its quote or to what shows that the quote is missing.
    fn value_inside(&mut self, close: Option<char>, is_empty: &mut bool) -> (&'a str, Ended) {
        let start = self.at;
        let mut at = start;
        let is_quoted = close.is_some();
        // Where the value ends, and whether what follows could be a tag that lacks its `<`.
        let (end, is_gap) = loop {
            let Some(byte) = self.byte(at) else {
                self.at = self.end;
                let value = self.text.get(start..self.end).unwrap_or("");
                return (value, Ended::CutOff);
            };
            let is_close = match close {
                Some(mark) if mark.is_ascii() => byte == mark as u8,
                Some(mark) => self
                    .text
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with(mark)),
                None => matches!(byte, b'"' | b'\''),
            };
            if is_close {
                self.at = at + close.map_or(1, char::len_utf8);
                if !is_quoted {
                    self.mend_here(Mend::Quote, start);
                }
                let value = self.text.get(start..at).unwrap_or("");
                return (value, Ended::Here);
            }
            if byte.is_ascii_whitespace() {
                let after = at + spaces_at(self.text, at, self.end);
                if surely_attribute_at(self.text, after) || self.ends_tag(after, is_quoted) {
                    self.at = after;
                    break (at, true);
                }
                at = after;
            } else if matches!(byte, b'/' | b'>' | b'<') && self.ends_tag(at, is_quoted) {
                self.at = at;
                break (at, false);
            } else {
                // Bytes of longer characters are none of those looked for.
                at += 1;
            }
        };
        self.mend_here(Mend::Quote, start);
        let value = self.text.get(start..end).unwrap_or("");
        let Some(length) = self.tag_at_end_of(value).filter(|_| is_gap) else {
            return (value, Ended::Here);
        };
        let kept = value.get(..value.len() - length).unwrap_or("").trim_end();
        self.at = end - length;
        self.mend_here(Mend::Bracket, self.at);
        let before = kept.strip_suffix('/');
        *is_empty |= before.is_some();
        (before.map_or(kept, str::trim_end), Ended::BeforeTag)
    }

    /// Whether a tag ends at a place inside a value whose quote is missing.
    fn ends_tag(&self, at: usize, is_quoted: bool) -> bool {
        let after = |at: usize| at + spaces_at(self.text, at, self.end);
        match self.byte(at) {
            Some(b'<') => self
                .byte(at + 1)
                .is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!')),
            Some(b'/') => {
                let is_spaced = at
                    .checked_sub(1)
                    .and_then(|before| self.byte(before))
                    .is_some_and(|b| b.is_ascii_whitespace());
                match self.byte(after(at + 1)) {
                    Some(b'>' | b'<') | None => true,
                    Some(b'/') => is_spaced,
                    Some(_) => {
                        is_spaced
                            && (end_tag_at(self.text, at + 1, self.end).is_some()
                                || start_tag_at(self.text, at + 1).is_some())
                    }
                }
            }
            Some(b'>') => {
                let next = after(at + 1);
                !is_quoted
                    || self.byte(next).is_none_or(|b| b == b'<')
                    || start_tag_at(self.text, next).is_some()
            }
            _ => false,
        }
    }

    /// The length of an element's name that a value ends with, before an attribute: `200path d=`.
    fn tag_at_end_of(&self, value: &str) -> Option<usize> {
        let names = [
            "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "g",
        ];
        let length = names
            .iter()
            .filter(|name| value.ends_with(**name))
            .map(|name| name.len())
            .max()?;
        let start = self.at_of(value)? + value.len() - length;
        start_tag_at(self.text, start)?;
        let before = value.get(..value.len() - length)?;
        let is_apart = !before.ends_with(|c: char| c.is_ascii_alphabetic());
        let is_color = before
            .strip_prefix('#')
            .is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()));
        (is_apart && !before.is_empty() || is_color).then_some(length)
    }

    /// Where a part of the text starts in it.
    fn at_of(&self, part: &str) -> Option<usize> {
        (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)
    }
}
