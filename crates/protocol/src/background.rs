//! What is behind a picture in place of scenery.

use std::{fmt, str::FromStr};

use chat2svg_palette::Palette;
use serde::{Deserialize, Serialize};

use crate::ValueError;

/// What is behind everything, when it is asked for and is no scenery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Background {
    /// Nothing: the canvas stays transparent.
    Transparent,
    /// One even colour: red, green, blue.
    Even([u8; 3]),
}

/// What becomes of a picture's own ground when it is vectorised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// It is painted: an opaque picture gives an opaque SVG.
    #[default]
    Keep,
    /// What has the colour of the picture's rim and is connected with it stays transparent.
    Remove,
}

impl Ground {
    /// Whether it is painted.
    pub fn is_kept(&self) -> bool {
        *self == Self::Keep
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Keep => "keep",
            Self::Remove => "remove",
        })
    }
}

impl FromStr for Ground {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "keep" => Ok(Self::Keep),
            "remove" => Ok(Self::Remove),
            _ => Err(ValueError::Ground {
                found: text.chars().take(40).collect(),
            }),
        }
    }
}

impl Background {
    /// Whether it suits a palette: a strict one has it among its colours, if it is one.
    ///
    /// # Errors
    /// When it is none of a strict palette's colours.
    pub fn suit(self, palette: Option<&Palette>) -> Result<(), ValueError> {
        let Self::Even([red, green, blue]) = self else {
            return Ok(());
        };
        let is_strange = palette.is_some_and(|palette| {
            palette.is_strict() && !palette.colors().contains(&[red, green, blue])
        });
        if is_strange {
            return Err(ValueError::BackgroundOutsidePalette {
                found: self.to_string(),
            });
        }
        Ok(())
    }
}

impl fmt::Display for Background {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transparent => formatter.write_str("transparent"),
            Self::Even([red, green, blue]) => {
                write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
            }
        }
    }
}

impl FromStr for Background {
    type Err = ValueError;

    /// "transparent" or "none", or a colour as CSS writes it. A colour is opaque: one that can be
    /// seen through is refused.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wanted = text.trim().to_ascii_lowercase();
        if matches!(wanted.as_str(), "transparent" | "none") {
            return Ok(Self::Transparent);
        }
        let refused = || ValueError::Background {
            found: text.chars().take(40).collect(),
        };
        let color = color::parse_color(&wanted)
            .map_err(|_| refused())?
            .to_alpha_color::<color::Srgb>()
            .to_rgba8();
        if color.a < u8::MAX {
            return Err(refused());
        }
        Ok(Self::Even([color.r, color.g, color.b]))
    }
}

impl TryFrom<String> for Background {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<Background> for String {
    fn from(background: Background) -> Self {
        background.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_css_writes_them() {
        for (text, expected) in [
            ("transparent", Background::Transparent),
            (" None ", Background::Transparent),
            ("#fff", Background::Even([255; 3])),
            ("#1A2b3C", Background::Even([0x1a, 0x2b, 0x3c])),
            ("rebeccapurple", Background::Even([0x66, 0x33, 0x99])),
            ("rgb(10 20 30)", Background::Even([10, 20, 30])),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
            assert_eq!(expected.to_string().parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_opaque_colour_is_refused_with_what_to_write() {
        for text in [
            "",
            "no",
            "#12",
            "#11223380",
            "rgb(1 2 3 / 50%)",
            "chequered",
        ] {
            let refused = text.parse::<Background>().unwrap_err().to_string();
            assert!(refused.contains("transparent"), "{text}: {refused}");
        }
    }
}
