//! What tells the ids of one written document from those of another: a short hash of the text.
//!
//! While the text is made, a stand-in holds the hash's place; no text of a document can contain it,
//! since the writer replaces its characters.

use crate::names::{IdPrefix, IdSet, prefixed};

/// Characters of a hash. A thousand documents in one page have the same with a chance of 1 in 1500.
pub(crate) const LENGTH: usize = 6;
/// Digits and consonants, so that a hash spells no word.
const DIGITS: &[u8; 30] = b"0123456789bcdfghjklmnpqrstvwxz";
/// Holds the place of the hash.
const STAND_IN: &str = "\0\0\0\0\0\0";

/// How ids that are referred to are told apart from those of other documents.
pub(crate) enum Marking<'a> {
    /// They begin with a prefix that the caller gave.
    Prefix(&'a IdPrefix),
    /// They end in a hash of the document.
    Hash,
}

impl<'a> Marking<'a> {
    pub(crate) fn of(prefix: Option<&'a IdPrefix>) -> Self {
        prefix.map_or(Self::Hash, Self::Prefix)
    }

    /// The id for what is called `name`, to be claimed.
    pub(crate) fn id(&self, name: &str) -> String {
        match self {
            Self::Prefix(prefix) => prefixed(name, Some(prefix)),
            Self::Hash => format!("{name}-{STAND_IN}"),
        }
    }
}

/// The text with its hash in place of the stand-ins; `taken` are ids that must not be met.
pub(crate) fn fill_in(text: String, taken: &IdSet) -> String {
    if !text.contains(STAND_IN) {
        return text;
    }
    let free = (0u8..=u8::MAX)
        .map(|attempt| hash(text.as_bytes(), attempt))
        .find(|hash| !taken.any_contains(hash));
    text.replace(STAND_IN, &free.unwrap_or_else(|| hash(text.as_bytes(), 0)))
}

/// A hash that depends on all of the bytes; another one for each attempt.
pub(crate) fn hash(bytes: &[u8], attempt: u8) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(bytes);
    if attempt > 0 {
        hasher.update(&[attempt]);
    }
    let mut rest = hasher.finalize();
    let mut out = String::with_capacity(LENGTH);
    let base = DIGITS.len() as u32;
    for _ in 0..LENGTH {
        let digit = DIGITS.get((rest % base) as usize).copied();
        out.push(char::from(digit.unwrap_or(b'0')));
        rest /= base;
    }
    out
}

/// An id without the hash that it ends in, if it does.
pub(crate) fn without_hash(id: &str) -> &str {
    let stem = id
        .len()
        .checked_sub(LENGTH + 1)
        .and_then(|at| id.split_at_checked(at));
    match stem {
        Some((stem, end)) if !stem.is_empty() && is_mark(end) => stem,
        _ => id,
    }
}

fn is_mark(end: &str) -> bool {
    end.strip_prefix('-')
        .is_some_and(|hash| hash.bytes().all(|byte| DIGITS.contains(&byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_short_and_differ() {
        let (one, other) = (hash(b"one", 0), hash(b"other", 0));
        assert_ne!(one, other);
        assert_ne!(one, hash(b"one", 1));
        assert_eq!(one.len(), LENGTH);
        assert_eq!(without_hash(&format!("linear-{one}")), "linear");
    }

    #[test]
    fn words_are_no_hashes() {
        for id in [
            "big-facade",
            "a-1234567",
            "sky",
            "-012345",
            "é-0123",
            "b-12345",
        ] {
            assert_eq!(without_hash(id), id);
        }
    }

    #[test]
    fn ids_of_the_document_are_not_met() {
        let text = || format!("url(#clip-{STAND_IN})");
        let first = fill_in(text(), &IdSet::default());
        let mut taken = IdSet::default();
        let inside = |text: &str| {
            text.trim_start_matches("url(#")
                .trim_end_matches(')')
                .to_owned()
        };
        taken.claim(&inside(&first));
        let second = fill_in(text(), &taken);
        assert_ne!(first, second);
    }
}
