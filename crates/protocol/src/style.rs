//! Named looks of a picture.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// The look of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// Bold flat colours.
    #[default]
    Flat,
    /// Light, soft colours.
    Pastel,
    /// Outlines on a light ground.
    LineArt,
    /// Tints of one hue.
    Monochrome,
    /// Two contrasting hues.
    Duotone,
    /// Dark, as by night.
    Night,
    /// Flat with a white outline around each object.
    Sticker,
}

impl Style {
    /// All styles.
    pub const ALL: [Self; 7] = [
        Self::Flat,
        Self::Pastel,
        Self::LineArt,
        Self::Monochrome,
        Self::Duotone,
        Self::Night,
        Self::Sticker,
    ];

    /// The name used in the API, the configuration and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Pastel => "pastel",
            Self::LineArt => "line-art",
            Self::Monochrome => "monochrome",
            Self::Duotone => "duotone",
            Self::Night => "night",
            Self::Sticker => "sticker",
        }
    }
}

impl fmt::Display for Style {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Style {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wanted = text.to_ascii_lowercase().replace([' ', '_'], "-");
        Self::ALL
            .into_iter()
            .find(|style| style.name() == wanted)
            .ok_or_else(|| ValueError::UnknownName {
                what: "style",
                found: text.chars().take(40).collect(),
                allowed: Self::ALL.map(Self::name).join(", "),
            })
    }
}
