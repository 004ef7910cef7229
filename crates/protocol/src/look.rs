//! What a vectorised picture is made of.

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
    /// Most colours; then there are neither gradients nor opacities. `None` leaves it to the
    /// picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colors: Option<ColorCount>,
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
            colors: ColorCount::new(8).ok(),
            ..FitLook::default()
        };
        assert_eq!(written(chosen), r#"{"gradients":false,"colors":8}"#);
        assert_eq!(
            serde_json::from_str::<FitLook>(&written(chosen)).unwrap(),
            chosen
        );
        assert!(ColorCount::new(1).is_err() && ColorCount::new(65).is_err());
    }
}
