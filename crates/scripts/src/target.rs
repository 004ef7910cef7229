//! The name of what is drawn, of which the names of all files are made.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The original's `--target`: part of every file's name, and the prompt where nothing else is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetName(String);

/// A text that can be no target.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the target {found:?} cannot be part of a file's name: give 1 to {} characters without \"/\" and \
     \"\\\", not beginning with \".\" or \"-\", and say what is drawn with --prompt",
    TargetName::MAX_LENGTH
)]
pub struct InvalidTarget {
    found: String,
}

impl TargetName {
    /// Most characters. File systems take 255 bytes, of which the endings need some.
    pub const MAX_LENGTH: usize = 100;

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the original's scripts can be given it: one of them hands it to a shell unquoted.
    pub fn is_plain(&self) -> bool {
        is_plain(&self.0)
    }

    /// The name as words: `ice_cream` is "ice cream".
    pub fn words(&self) -> String {
        self.0.replace('_', " ")
    }
}

/// Whether a text is safe where a shell reads it unquoted.
pub fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte))
}

impl FromStr for TargetName {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let trimmed = text.trim();
        let is_good = (1..=Self::MAX_LENGTH).contains(&trimmed.chars().count())
            && !trimmed.starts_with(['.', '-'])
            && !trimmed.contains(['/', '\\'])
            && !trimmed.chars().any(char::is_control);
        if is_good {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(InvalidTarget {
                found: text.chars().take(Self::MAX_LENGTH).collect(),
            })
        }
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_in_their_folder() {
        let name: TargetName = "ice_cream".parse().unwrap();
        assert_eq!(name.words(), "ice cream");
        assert!(name.is_plain());
        assert!(!"a red fox".parse::<TargetName>().unwrap().is_plain());
        for wrong in ["", " ", "../x", "a/b", ".hidden", "-rf", "a\nb", "a\\b"] {
            assert!(wrong.parse::<TargetName>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_a_shell_would_read_is_not_plain() {
        for text in ["", "a b", "$(x)", "a;b", "ü", "a'b", "a*b", "~"] {
            assert!(!is_plain(text), "{text}");
        }
        assert!(is_plain("../output/example_generation/apple-2.svg"));
    }
}
