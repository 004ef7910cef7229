//! What is kept of a key.

use std::{fmt, str::FromStr};

use chat2svg_protocol::{Owner, ValueError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Scopes, secret::Hash};

/// A key's name: what it is listed, revoked and logged by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Owner);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The owner that is named like the key.
    pub fn owner(&self) -> Owner {
        self.0.clone()
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The same rule as that of owners, which are named after keys.
        text.parse()
            .map(Self)
            .map_err(|error: ValueError| error.to_string())
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// How much a key may be used; 0 sets no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// New jobs a minute.
    pub per_minute: u32,
    /// New jobs a day.
    pub per_day: u32,
    /// Jobs under way at once.
    pub concurrent: u32,
}

/// A key as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: Name,
    /// Whose jobs are asked for with it. Keys of one owner see the same jobs.
    pub owner: Owner,
    /// What is kept of the secret.
    pub hash: Hash,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; never, when that is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How much it may be used.
    #[serde(default)]
    pub quota: Quota,
}

impl Entry {
    /// Whether it has ended.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}
