//! Values that carry their own rules: parsed once at the edge, valid ever after.

use std::{fmt, ops::RangeInclusive};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{BackendId, nearest_name};

/// Why a value was refused. The text says what to do.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ValueError {
    /// Nothing but white space.
    #[error("the prompt is empty: say in a few words what the picture shows")]
    EmptyPrompt,
    /// Longer than allowed.
    #[error("the prompt has {found} characters, at most {limit} are allowed: shorten it")]
    PromptTooLong {
        /// Characters found.
        found: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A side out of range.
    #[error("a canvas side must be {min} to {max} pixels, {found} was given")]
    CanvasSide {
        /// Smallest side.
        min: u32,
        /// Largest side.
        max: u32,
        /// Side given.
        found: u32,
    },
    /// A path budget out of range.
    #[error("the number of paths must be 1 to {max}, {found} was given")]
    Paths {
        /// Largest budget.
        max: u32,
        /// Budget given.
        found: u32,
    },
    /// A byte budget out of range.
    #[error("the number of bytes must be {min} to {max}, {found} was given")]
    Bytes {
        /// Smallest budget.
        min: u32,
        /// Largest budget.
        max: u32,
        /// Budget given.
        found: u32,
    },
    /// A number of colours out of range.
    #[error("the number of colours must be {min} to {max}, {found} was given")]
    Colors {
        /// Fewest colours.
        min: u32,
        /// Most colours.
        max: u32,
        /// Number given.
        found: u32,
    },
    /// No limit of colours.
    #[error("\"{found}\" is no number of colours: give {min} to {max}, or \"few\"")]
    ColorLimit {
        /// Fewest colours.
        min: u32,
        /// Most colours.
        max: u32,
        /// Text given, shortened.
        found: String,
    },
    /// A backend's name with other characters, or of another length.
    #[error(
        "\"{found}\" is no name of a backend: use 1 to {most} lower-case letters, digits and hyphens"
    )]
    BackendId {
        /// Name given, shortened.
        found: String,
        /// Longest name.
        most: usize,
    },
    /// No choice of what becomes of a picture's ground.
    #[error("\"{found}\" is neither \"keep\" nor \"remove\"")]
    Ground {
        /// What was given.
        found: String,
    },
    /// No background that can be painted.
    #[error(
        "\"{found}\" is no background: write \"transparent\", or an opaque colour as in CSS, such as \
         \"white\" or \"#ffd24d\""
    )]
    Background {
        /// Text given, shortened.
        found: String,
    },
    /// A background that a strict palette has not.
    #[error("{found} is none of the strict palette's colours: add it to them, or take one of them")]
    BackgroundOutsidePalette {
        /// The background.
        found: String,
    },
    /// A name that is not in a list.
    #[error(
        "unknown {what} \"{found}\": use one of {allowed}{}",
        guess(found, allowed)
    )]
    UnknownName {
        /// What kind of name.
        what: &'static str,
        /// Name given, shortened.
        found: String,
        /// Names that exist.
        allowed: String,
    },
}

/// The name that was probably meant, as a question.
fn guess(found: &str, allowed: &str) -> String {
    let names = allowed.split(", ");
    nearest_name(&found.to_ascii_lowercase(), names)
        .map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"))
}

/// A setting of the configuration that makes no sense. The text says what would.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{key}: {reason}")]
pub struct InvalidSetting {
    /// The key within its section, e.g. "failure_rate".
    pub key: &'static str,
    /// What it must be, and what was given.
    pub reason: String,
}

impl InvalidSetting {
    /// Checks that a number lies within a range; one that is not a number does not.
    ///
    /// # Errors
    /// When it does not.
    pub fn unless_within<T: PartialOrd + fmt::Display + Copy>(
        key: &'static str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<(), Self> {
        if range.contains(&value) {
            return Ok(());
        }
        let (least, most) = range.into_inner();
        Err(Self {
            key,
            reason: format!("must be {least} to {most}, {value} was given"),
        })
    }
}

impl InvalidSetting {
    /// Checks a line-up of backends: at least one, each known, none twice.
    ///
    /// # Errors
    /// The first thing that is not so.
    pub fn unless_line_up(
        key: &'static str,
        given: &[BackendId],
        known: &[BackendId],
    ) -> Result<(), Self> {
        let fault = |reason: String| Err(Self { key, reason });
        let names: Vec<&str> = known.iter().map(BackendId::as_str).collect();
        if given.is_empty() {
            return fault(format!("must name at least one of {}", names.join(", ")));
        }
        for (place, backend) in given.iter().enumerate() {
            if !known.contains(backend) {
                return fault(format!(
                    "\"{backend}\" is not known: use {}",
                    names.join(", ")
                ));
            }
            if given[..place].contains(backend) {
                return fault(format!("\"{backend}\" is named twice"));
            }
        }
        Ok(())
    }
}

/// What the picture shows: trimmed, not empty, no control characters, bounded in length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prompt(String);

impl Prompt {
    /// The limit where the configuration does not set another, in characters.
    pub const DEFAULT_LIMIT: usize = 2000;

    /// Parses a prompt: control characters become spaces, ends are trimmed.
    ///
    /// # Errors
    /// When nothing is left, or more than `limit` characters.
    pub fn parse(text: &str, limit: usize) -> Result<Self, ValueError> {
        let cleaned: String = text
            .chars()
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect();
        let trimmed = cleaned.trim();
        if trimmed.is_empty() {
            return Err(ValueError::EmptyPrompt);
        }
        let found = trimmed.chars().count();
        if found > limit {
            return Err(ValueError::PromptTooLong { found, limit });
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Size of the canvas in pixels; each side within [`CanvasSize::MIN`]`..=`[`CanvasSize::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanvasSize {
    width: u32,
    height: u32,
}

impl CanvasSize {
    /// Shortest side.
    pub const MIN: u32 = 16;
    /// Longest side.
    pub const MAX: u32 = 4096;

    /// A canvas size.
    ///
    /// # Errors
    /// When a side is out of range.
    pub fn new(width: u32, height: u32) -> Result<Self, ValueError> {
        for found in [width, height] {
            if !(Self::MIN..=Self::MAX).contains(&found) {
                return Err(ValueError::CanvasSide {
                    min: Self::MIN,
                    max: Self::MAX,
                    found,
                });
            }
        }
        Ok(Self { width, height })
    }

    /// Width in pixels.
    pub fn width(self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(self) -> u32 {
        self.height
    }
}

impl Default for CanvasSize {
    fn default() -> Self {
        Self {
            width: 512,
            height: 512,
        }
    }
}

/// How many paths a fit may use, `1..=`[`PathBudget::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathBudget(u32);

impl PathBudget {
    /// Largest budget.
    pub const MAX: u32 = 4096;

    /// A path budget.
    ///
    /// # Errors
    /// When out of range.
    pub fn new(paths: u32) -> Result<Self, ValueError> {
        if (1..=Self::MAX).contains(&paths) {
            Ok(Self(paths))
        } else {
            Err(ValueError::Paths {
                max: Self::MAX,
                found: paths,
            })
        }
    }

    /// The number of paths.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// How many bytes the written SVG of a fit may have, [`ByteBudget::MIN`]`..=`[`ByteBudget::MAX`].
/// What the caller's own template needs is kept even beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteBudget(u32);

impl ByteBudget {
    /// Smallest budget: a frame and a path or two.
    pub const MIN: u32 = 512;
    /// Largest budget.
    pub const MAX: u32 = 16 << 20;

    /// A byte budget.
    ///
    /// # Errors
    /// When out of range.
    pub fn new(bytes: u32) -> Result<Self, ValueError> {
        if (Self::MIN..=Self::MAX).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(ValueError::Bytes {
                min: Self::MIN,
                max: Self::MAX,
                found: bytes,
            })
        }
    }

    /// The number of bytes.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// How large a result may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FitLimits {
    /// Most paths; `None` leaves it to the level.
    #[serde(default)]
    pub paths: Option<PathBudget>,
    /// Most bytes; `None` leaves it to the gain of each path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<ByteBudget>,
}

impl FitLimits {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
