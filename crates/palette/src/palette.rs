//! A palette: colours, and whether others may stand beside them.

use std::{fmt, str::FromStr};

use chat2svg_vector::{Color, Oklab};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Fewest colours of a palette.
pub const MIN_COLORS: usize = 2;
/// Most colours of a palette.
pub const MAX_COLORS: usize = 64;

/// Why colours make no palette. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PaletteError {
    /// Too few or too many.
    #[error("a palette has {MIN_COLORS} to {MAX_COLORS} different colours, {found} were given")]
    Count {
        /// Different colours given.
        found: usize,
    },
    /// One is no opaque colour.
    #[error("\"{found}\" is no opaque colour as in CSS, such as \"navy\" or \"#ffd24d\"")]
    Color {
        /// Text given, shortened.
        found: String,
    },
}

/// Colours that a result is to have.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Palette {
    colors: Vec<[u8; 3]>,
    is_strict: bool,
}

/// A palette as it is stored.
#[derive(Serialize, Deserialize)]
struct Written {
    colors: Vec<String>,
    #[serde(default)]
    strict: bool,
}

impl Palette {
    /// A palette of colours: red, green, blue. Those given twice count once.
    ///
    /// # Errors
    /// When there are not [`MIN_COLORS`] to [`MAX_COLORS`] of them.
    pub fn new(
        colors: impl IntoIterator<Item = [u8; 3]>,
        is_strict: bool,
    ) -> Result<Self, PaletteError> {
        let mut distinct: Vec<[u8; 3]> = Vec::new();
        for color in colors {
            if !distinct.contains(&color) {
                distinct.push(color);
            }
        }
        if !(MIN_COLORS..=MAX_COLORS).contains(&distinct.len()) {
            return Err(PaletteError::Count {
                found: distinct.len(),
            });
        }
        Ok(Self {
            colors: distinct,
            is_strict,
        })
    }

    /// A palette of colours as CSS writes them.
    ///
    /// # Errors
    /// When one is no opaque colour, or as [`Palette::new`].
    pub fn parse<T: AsRef<str>>(
        colors: impl IntoIterator<Item = T>,
        is_strict: bool,
    ) -> Result<Self, PaletteError> {
        let colors: Result<Vec<_>, _> = colors
            .into_iter()
            .map(|text| parse_color(text.as_ref()))
            .collect();
        Self::new(colors?, is_strict)
    }

    /// A single colour as CSS writes it.
    ///
    /// # Errors
    /// When it is no opaque colour.
    pub fn color(text: &str) -> Result<[u8; 3], PaletteError> {
        parse_color(text)
    }

    /// The colours: red, green, blue.
    pub fn colors(&self) -> &[[u8; 3]] {
        &self.colors
    }

    /// The colours as "#rrggbb".
    pub fn hexes(&self) -> Vec<String> {
        let hex = |[red, green, blue]: &[u8; 3]| format!("#{red:02x}{green:02x}{blue:02x}");
        self.colors.iter().map(hex).collect()
    }

    /// Whether the result may have no other colour.
    pub fn is_strict(&self) -> bool {
        self.is_strict
    }

    /// The same, strict or not.
    #[must_use]
    pub fn strict(mut self, is_strict: bool) -> Self {
        self.is_strict = is_strict;
        self
    }

    /// Whether a colour, as eight bits write it, is one of these.
    pub fn has(&self, color: Color) -> bool {
        self.colors.contains(&color.to_rgb8())
    }

    /// The colour that looks most like one.
    pub fn nearest(&self, color: Color) -> Color {
        let wanted = color.to_oklab();
        let colors = self.colors.iter().map(|rgb| color_of(*rgb));
        colors
            .min_by(|a, b| {
                let distance = |color: &Color| color.to_oklab().distance(wanted);
                distance(a).total_cmp(&distance(b))
            })
            .unwrap_or(color)
    }

    /// The colours in Oklab.
    pub(crate) fn oklab(&self) -> Vec<Oklab> {
        self.colors
            .iter()
            .map(|rgb| color_of(*rgb).to_oklab())
            .collect()
    }
}

/// A colour from its components.
pub(crate) fn color_of([red, green, blue]: [u8; 3]) -> Color {
    Color::from_rgb8(red, green, blue)
}

/// An opaque colour as CSS writes it.
fn parse_color(text: &str) -> Result<[u8; 3], PaletteError> {
    let refused = || PaletteError::Color {
        found: text.trim().chars().take(40).collect(),
    };
    let wanted = text.trim().to_ascii_lowercase();
    let color = color::parse_color(&wanted)
        .map_err(|_| refused())?
        .to_alpha_color::<color::Srgb>()
        .to_rgba8();
    if color.a < u8::MAX {
        return Err(refused());
    }
    Ok([color.r, color.g, color.b])
}

impl FromStr for Palette {
    type Err = PaletteError;

    /// Colours as CSS writes them, with commas or semicolons between them; free.
    fn from_str(text: &str) -> Result<Self, PaletteError> {
        Self::parse(split(text), false)
    }
}

/// The colours of a list; commas within parentheses are the colours' own.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(character, ',' | ';' | '\n')
    })
    .filter(|part| !part.trim().is_empty())
    .collect()
}

impl fmt::Display for Palette {
    /// The colours with commas between them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.hexes().join(", "))
    }
}

impl TryFrom<Written> for Palette {
    type Error = PaletteError;

    fn try_from(written: Written) -> Result<Self, PaletteError> {
        Self::parse(written.colors, written.strict)
    }
}

impl From<Palette> for Written {
    fn from(palette: Palette) -> Self {
        Self {
            colors: palette.hexes(),
            strict: palette.is_strict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_people_write_them() {
        let palette: Palette = "#f60, navy; rgb(1, 2, 3),\nwhite,#FF6600".parse().unwrap();
        assert_eq!(palette.to_string(), "#ff6600, #000080, #010203, #ffffff");
        assert!(!palette.is_strict());
        assert!(palette.has(Color::WHITE) && !palette.has(Color::BLACK));
        let nearest = palette.nearest(Color::from_rgb8(250, 250, 240));
        assert_eq!(nearest, Color::WHITE);
    }

    #[test]
    fn what_is_no_palette_is_refused_with_what_to_write() {
        for (text, told) in [
            ("", "0 were given"),
            ("red", "1 were given"),
            ("red, #f00", "1 were given"),
            ("red, sky", "\"sky\""),
            ("red, #ff000080", "opaque"),
        ] {
            let error = text.parse::<Palette>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        let many = (0..=MAX_COLORS as u8).map(|level| [level, 0, 0]);
        assert!(Palette::new(many, true).is_err());
    }
}
