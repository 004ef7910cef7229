//! Faults of drawings.

use std::fmt;

/// Something that is wrong with a drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// There are hardly any shapes.
    Meagre {
        /// How many there are.
        shapes: usize,
    },
    /// A colour that was asked for is not seen.
    MissingColor {
        /// What was asked for.
        asked: String,
    },
    /// A part lies outside the canvas.
    OffCanvas {
        /// The part.
        name: String,
    },
    /// A part is covered by others.
    Hidden {
        /// The part.
        name: String,
    },
    /// A part has nearly the colour of what is around it.
    Pale {
        /// The part.
        name: String,
    },
    /// A part of a thing stands apart from the rest of it.
    Detached {
        /// The part.
        name: String,
        /// The thing.
        whole: String,
    },
    /// The things fill little of the canvas.
    Small {
        /// The share that they fill, in percent.
        percent: u32,
    },
    /// Many shapes have no name.
    Unnamed {
        /// How many.
        shapes: usize,
    },
    /// There are more shapes than a picture of this kind needs.
    TooMany {
        /// How many there are.
        shapes: usize,
    },
}

impl Finding {
    /// The share of the score that it takes, `0.0..=1.0`.
    pub(super) fn weight(&self) -> f32 {
        match self {
            Self::Meagre { .. } => 0.4,
            Self::MissingColor { .. } => 0.15,
            Self::Small { .. } => 0.12,
            Self::OffCanvas { .. } | Self::Detached { .. } => 0.08,
            Self::Hidden { .. } | Self::Pale { .. } => 0.05,
            Self::TooMany { .. } | Self::Unnamed { .. } => 0.04,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meagre { shapes } => write!(formatter, "only {shapes} shapes are seen"),
            Self::MissingColor { asked } => {
                write!(formatter, "nothing has the colour asked for: {asked}")
            }
            Self::OffCanvas { name } => write!(formatter, "\"{name}\" lies off the canvas"),
            Self::Hidden { name } => {
                write!(formatter, "\"{name}\" is hidden by what lies before it")
            }
            Self::Pale { name } => {
                write!(
                    formatter,
                    "\"{name}\" cannot be told from what is around it by its colour"
                )
            }
            Self::Detached { name, whole } => {
                write!(
                    formatter,
                    "\"{name}\" does not touch the rest of \"{whole}\""
                )
            }
            Self::Small { percent } => {
                write!(formatter, "the things fill only {percent} % of the canvas")
            }
            Self::Unnamed { shapes } => write!(formatter, "{shapes} shapes have no id"),
            Self::TooMany { shapes } => {
                write!(formatter, "{shapes} shapes are more than are needed")
            }
        }
    }
}
