//! Where whoever asked for a job wants to be told of its end.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// An address that is told of a job's end: http or https, without a user or password. Whether it
/// may be told is the configuration's to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// The longest address, in bytes.
    pub const MAX: usize = 2048;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebhookUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let authority = rest.and_then(|rest| rest.split(['/', '?', '#', '\\']).next());
        let is_usable = text.len() <= Self::MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && authority.is_some_and(|part| !part.is_empty() && !part.contains('@'));
        if is_usable {
            return Ok(Self(text.to_owned()));
        }
        Err(ValueError::UnknownName {
            what: "address",
            found: text.chars().take(80).collect(),
            allowed: "an address that begins with https:// and holds no user or password"
                .to_owned(),
        })
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<WebhookUrl> for String {
    fn from(url: WebhookUrl) -> Self {
        url.0
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_no_secrets_and_are_of_the_web() {
        for good in [
            "https://hooks.example.org/x?y",
            "http://localhost:1",
            " https://localhost ",
        ] {
            assert!(good.parse::<WebhookUrl>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "ftp://localhost",
            "https://",
            "https:///x",
            "https://localhost:p@localhost/",
            "https://localhost b",
            "a",
        ] {
            assert!(bad.parse::<WebhookUrl>().is_err(), "{bad}");
        }
    }
}
