//! Whose a job is.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// Whose a job is: the name that a caller's key stands for, or the local user's where there are no
/// keys. Letters, digits, `-`, `_` and `.`, at most 64 of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner(Arc<str>);

impl Owner {
    /// The longest name, in characters.
    pub const MAX: usize = 64;
    /// The name of the local user.
    pub const LOCAL: &str = "local";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The local user.
impl Default for Owner {
    fn default() -> Self {
        Self(Self::LOCAL.into())
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Owner {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=Self::MAX).contains(&text.len()) && text.bytes().all(is_allowed) {
            return Ok(Self(text.into()));
        }
        Err(ValueError::UnknownName {
            what: "name",
            found: text.chars().take(40).collect(),
            allowed: format!("1 to {} letters, digits, -, _ and .", Self::MAX),
        })
    }
}

impl TryFrom<String> for Owner {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["local", "a", "web-1_x.Y", &"a".repeat(64)] {
            assert_eq!(name.parse::<Owner>().unwrap().as_str(), name);
        }
        for name in ["", "a b", "a/b", "é", "a\n", &"a".repeat(65)] {
            assert!(name.parse::<Owner>().is_err(), "{name}");
        }
    }
}
