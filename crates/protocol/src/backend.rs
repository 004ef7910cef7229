//! Who can serve a stage.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// Identifies a backend: what serves a stage. Lower-case letters, digits and hyphens, 1 to 40 of
/// them.
///
/// Circuits, permits, duration estimates, metrics, events and outcomes are keyed by stage and
/// backend.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct BackendId(Cow<'static, str>);

impl BackendId {
    /// The backend of every stage that needs no model.
    pub const EMBEDDED: Self = Self(Cow::Borrowed("embedded"));

    /// The backend of stage 2 that has a ComfyUI server make the target.
    pub const COMFYUI: Self = Self(Cow::Borrowed("comfyui"));
    /// The backend of stage 2 that has an AUTOMATIC1111 or Forge server make the target.
    pub const AUTOMATIC1111: Self = Self(Cow::Borrowed("automatic1111"));
    /// The backend of stage 2 that has a server with OpenAI's images API make the target.
    pub const OPENAI_IMAGES: Self = Self(Cow::Borrowed("openai-images"));

    /// The backend of every stage that runs a script of the original.
    pub const SCRIPTS: Self = Self(Cow::Borrowed("scripts"));

    const MAX_LENGTH: usize = 40;

    /// The name used in the API, the configuration and metrics.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BackendId {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let is_valid = (1..=Self::MAX_LENGTH).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if is_valid {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(ValueError::BackendId {
                found: text.chars().take(Self::MAX_LENGTH).collect(),
                most: Self::MAX_LENGTH,
            })
        }
    }
}

impl TryFrom<String> for BackendId {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<BackendId> for String {
    fn from(id: BackendId) -> Self {
        id.0.into_owned()
    }
}

impl fmt::Display for BackendId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_at_the_edge() {
        let parsed: BackendId = "embedded".parse().unwrap();
        assert_eq!(parsed, BackendId::EMBEDDED);
        for wrong in ["", "Upper", "a b", "a/b", "ü", &"x".repeat(41)] {
            assert!(wrong.parse::<BackendId>().is_err(), "{wrong}");
            let json = serde_json::to_string(wrong).unwrap();
            assert!(serde_json::from_str::<BackendId>(&json).is_err(), "{wrong}");
        }
    }
}
