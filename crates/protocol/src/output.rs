//! How a result is written as SVG: what a caller chooses for what is done with it next.

use std::{fmt, str::FromStr};

use chat2svg_vector::IdPrefix;
use serde::{Deserialize, Serialize};

use crate::ValueError;

/// How a result is written. None of it changes the picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct OutputOptions {
    /// What every id begins with; without it ids that are referred to end in a hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub id_prefix: Option<IdPrefix>,
    /// Whether coordinates are absolute, without a transform on any group.
    #[serde(skip_serializing_if = "is_default")]
    pub flatten_transforms: bool,
    /// Which elements shapes are written as.
    #[serde(skip_serializing_if = "is_default")]
    pub shapes: ShapeForm,
    /// What strokes are written as.
    #[serde(skip_serializing_if = "is_default")]
    pub strokes: StrokeForm,
    /// How layers are marked.
    #[serde(skip_serializing_if = "is_default")]
    pub layers: LayerForm,
    /// Whether indentation, metadata and labels are left out.
    #[serde(skip_serializing_if = "is_default")]
    pub minify: bool,
}

impl OutputOptions {
    /// Whether nothing was chosen.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Declares a choice between names.
macro_rules! choice {
    ($(#[$docs:meta])* $name:ident, $what:literal, { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $($(#[$doc])* $variant),+
        }

        impl $name {
            /// The name used on the command line and in the API.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                match text.to_ascii_lowercase().as_str() {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(ValueError::UnknownName {
                        what: $what,
                        found: text.chars().take(40).collect(),
                        allowed: [$($text),+].join(", "),
                    }),
                }
            }
        }
    };
}

choice! {
    /// Which elements shapes are written as.
    ShapeForm, "form of shapes", {
        /// What a file drew them as, or circles, ellipses and paths, whichever is shorter.
        #[default]
        Keep = "keep",
        /// Rects, circles, ellipses, lines and polygons wherever an outline is one.
        Primitives = "primitives",
        /// Paths only.
        Paths = "paths",
    }
}

choice! {
    /// What strokes are written as.
    StrokeForm, "form of strokes", {
        /// Strokes.
        #[default]
        Keep = "keep",
        /// Filled outlines of what they paint, for machines that know areas only.
        Outline = "outline",
    }
}

choice! {
    /// How layers are marked.
    LayerForm, "form of layers", {
        /// As layers of Inkscape, with labels.
        #[default]
        Inkscape = "inkscape",
        /// As groups with ids.
        Plain = "plain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_by_the_names_they_have() {
        for form in [ShapeForm::Keep, ShapeForm::Primitives, ShapeForm::Paths] {
            assert_eq!(form.to_string().parse(), Ok(form));
        }
        assert_eq!("OUTLINE".parse(), Ok(StrokeForm::Outline));
        let refused = "svg".parse::<LayerForm>().unwrap_err().to_string();
        assert!(refused.contains("inkscape, plain"), "{refused}");
    }

    #[test]
    fn only_what_was_chosen_is_stored_and_read_back() {
        let json = |options: &OutputOptions| serde_json::to_string(options).unwrap();
        assert_eq!(json(&OutputOptions::default()), "{}");
        let chosen = OutputOptions {
            id_prefix: "fox-".parse().ok(),
            shapes: ShapeForm::Paths,
            minify: true,
            ..OutputOptions::default()
        };
        let text = json(&chosen);
        assert_eq!(
            text,
            r#"{"id_prefix":"fox-","shapes":"paths","minify":true}"#
        );
        assert_eq!(
            serde_json::from_str::<OutputOptions>(&text).unwrap(),
            chosen
        );
        assert!(serde_json::from_str::<OutputOptions>(r#"{"id_prefix":"a b"}"#).is_err());
    }
}
