//! Named looks of a picture.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// What a style is called and what it asks of the stages: one row for each in [`Style`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StyleTraits {
    /// The name used in the API, the configuration and metrics: kebab-case.
    pub name: &'static str,
    /// The name for people, short enough for a button.
    pub title: &'static str,
    /// How much of the usual shading suits it, `0.0..=1.0`.
    pub shading: f32,
    /// Its colours lie on one ramp of tones, which new ones keep to.
    pub has_ramp: bool,
    /// It has lines and no light.
    pub is_lines_only: bool,
    /// It plays at night, whatever the prompt says.
    pub is_night: bool,
}

/// Fills and lights of any hue: the traits of most styles.
const PLAIN: StyleTraits = StyleTraits {
    name: "",
    title: "",
    shading: 1.0,
    has_ramp: false,
    is_lines_only: false,
    is_night: false,
};

/// Makes the enumeration, the list of all, and the row of each from one table.
macro_rules! styles {
    ($($(#[$attribute:meta])* $style:ident = $blurb:literal { $($field:ident: $value:expr),+ $(,)? })+) => {
        /// The look of a picture.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum Style {
            $($(#[$attribute])* #[doc = $blurb] $style,)+
        }

        impl Style {
            /// All styles.
            pub const ALL: [Self; [$(Style::$style),+].len()] = [$(Style::$style),+];

            /// What it is called, and what it asks of the stages.
            pub const fn traits(self) -> StyleTraits {
                match self {
                    $(Self::$style => StyleTraits { $($field: $value,)+ ..PLAIN },)+
                }
            }

            /// What it looks like, in one sentence.
            pub const fn blurb(self) -> &'static str {
                match self {
                    $(Self::$style => $blurb,)+
                }
            }
        }
    };
}

styles! {
    #[default]
    Flat = "Bold colours, softly shaded." { name: "flat", title: "Flat" }
    Pastel = "Light, soft colours." { name: "pastel", title: "Pastel", shading: 0.75 }
    LineArt = "Outlines on a light ground." {
        name: "line-art", title: "Line art", shading: 0.0, is_lines_only: true,
    }
    Monochrome = "Tints of one hue." {
        name: "monochrome", title: "Mono", shading: 0.7, has_ramp: true,
    }
    Duotone = "Two contrasting hues." {
        name: "duotone", title: "Duotone", shading: 0.45, has_ramp: true,
    }
    Night = "Dark, as by night." { name: "night", title: "Night", is_night: true }
    Sticker = "Flat with a white outline around each object." { name: "sticker", title: "Sticker" }
}

impl Style {
    /// The name used in the API, the configuration and metrics.
    pub const fn name(self) -> &'static str {
        self.traits().name
    }

    /// The names of all styles as a sentence lists them: "a, b or c".
    pub fn listed() -> String {
        let names = Self::ALL.map(Self::name);
        match names.split_last() {
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_guessed() {
        let told = |text: &str| text.parse::<Style>().unwrap_err().to_string();
        assert!(
            told("Flatt").ends_with("did you mean \"flat\"?"),
            "{}",
            told("Flatt")
        );
        assert!(told("baroque").ends_with("sticker"), "{}", told("baroque"));
    }

    #[test]
    fn every_row_is_filled_and_its_name_is_that_of_the_api() {
        for style in Style::ALL {
            let row = style.traits();
            assert!(!row.title.is_empty() && !style.blurb().is_empty());
            assert!((0.0..=1.0).contains(&row.shading), "{style}");
            let written = serde_json::to_value(style).unwrap();
            assert_eq!(written, row.name);
            assert_eq!(row.name.parse::<Style>().unwrap(), style);
        }
        assert!(Style::listed().starts_with("flat, pastel"));
        assert!(Style::listed().ends_with(" or sticker"));
    }
}
