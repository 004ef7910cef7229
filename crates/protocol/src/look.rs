//! What a vectorised picture is made of.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// What a vectorised picture is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FitLook {
    /// Whether paths may be painted with gradients.
    #[serde(skip_serializing_if = "is_true")]
    pub gradients: bool,
    /// Whether shapes of less than a ten-thousandth of the picture are kept.
    #[serde(skip_serializing_if = "is_true")]
    pub small_shapes: bool,
    /// How many colours there are; then there are neither gradients nor opacities. `None` leaves
    /// it to the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colors: Option<ColorLimit>,
}

fn is_true(value: &bool) -> bool {
    *value
}

impl Default for FitLook {
    fn default() -> Self {
        Self {
            gradients: true,
            small_shapes: true,
            colors: None,
        }
    }
}

impl FitLook {
    /// Whether nothing was chosen.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How many colours a vectorised picture has at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum ColorLimit {
    /// As few as tell its things apart: shades of one colour are one.
    Few,
    /// So many.
    AtMost(ColorCount),
}

/// A limit as it is stored and sent: a number, or a word.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u32),
    Word(String),
}

impl FromStr for ColorLimit {
    type Err = ValueError;

    /// "few", or a number of colours.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("few") {
            return Ok(Self::Few);
        }
        let number = text.parse().map_err(|_| ValueError::ColorLimit {
            min: ColorCount::MIN,
            max: ColorCount::MAX,
            found: text.chars().take(40).collect(),
        })?;
        ColorCount::new(number).map(Self::AtMost)
    }
}

impl fmt::Display for ColorLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Few => formatter.write_str("few"),
            Self::AtMost(count) => count.get().fmt(formatter),
        }
    }
}

impl TryFrom<Written> for ColorLimit {
    type Error = ValueError;

    fn try_from(written: Written) -> Result<Self, ValueError> {
        match written {
            Written::Number(number) => ColorCount::new(number).map(Self::AtMost),
            Written::Word(word) => word.parse(),
        }
    }
}

impl From<ColorLimit> for Written {
    fn from(limit: ColorLimit) -> Self {
        match limit {
            ColorLimit::Few => Self::Word(limit.to_string()),
            ColorLimit::AtMost(count) => Self::Number(count.get()),
        }
    }
}

/// A number of colours, [`ColorCount::MIN`]`..=`[`ColorCount::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct ColorCount(u32);

impl ColorCount {
    /// Fewest colours.
    pub const MIN: u32 = 2;
    /// Most colours.
    pub const MAX: u32 = 64;

    /// A number of colours.
    ///
    /// # Errors
    /// When out of range.
    pub fn new(colors: u32) -> Result<Self, ValueError> {
        if (Self::MIN..=Self::MAX).contains(&colors) {
            Ok(Self(colors))
        } else {
            Err(ValueError::Colors {
                min: Self::MIN,
                max: Self::MAX,
                found: colors,
            })
        }
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for ColorCount {
    type Error = ValueError;

    fn try_from(colors: u32) -> Result<Self, ValueError> {
        Self::new(colors)
    }
}

impl From<ColorCount> for u32 {
    fn from(count: ColorCount) -> Self {
        count.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_chosen_is_stored_and_read_back() {
        let written = |look: FitLook| serde_json::to_string(&look).unwrap();
        assert_eq!(written(FitLook::default()), "{}");
        let chosen = FitLook {
            gradients: false,
            colors: "8".parse().ok(),
            ..FitLook::default()
        };
        assert_eq!(written(chosen), r#"{"gradients":false,"colors":8}"#);
        assert_eq!(
            serde_json::from_str::<FitLook>(&written(chosen)).unwrap(),
            chosen
        );
        let few = FitLook {
            colors: Some(ColorLimit::Few),
            ..FitLook::default()
        };
        assert_eq!(written(few), r#"{"colors":"few"}"#);
        assert_eq!(serde_json::from_str::<FitLook>(&written(few)).unwrap(), few);
    }

    #[test]
    fn a_limit_is_a_number_in_range_or_few() {
        assert_eq!(" Few ".parse::<ColorLimit>().unwrap(), ColorLimit::Few);
        for (text, told) in [("1", "2 to 64"), ("65", "2 to 64"), ("some", "\"few\"")] {
            let error = text.parse::<ColorLimit>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
