//! Resource levels: how much effort a stage may spend.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// How much effort the machine can afford, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ResourceLevel {
    /// Only what is needed to answer.
    Minimal,
    /// A touch of everything.
    Low,
    /// The usual.
    Medium,
    /// Everything.
    High,
}

impl ResourceLevel {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [Self::Minimal, Self::Low, Self::Medium, Self::High];

    /// The name used in the API, the configuration and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for ResourceLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The level that a caller asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LevelChoice {
    /// The highest that the deadline leaves time for.
    #[default]
    Auto,
    /// At most minimal effort.
    Minimal,
    /// At most low effort.
    Low,
    /// At most medium effort.
    Medium,
    /// At most high effort.
    High,
}

impl LevelChoice {
    /// The level asked for; `None` leaves it to the scheduler.
    pub fn level(self) -> Option<ResourceLevel> {
        match self {
            Self::Auto => None,
            Self::Minimal => Some(ResourceLevel::Minimal),
            Self::Low => Some(ResourceLevel::Low),
            Self::Medium => Some(ResourceLevel::Medium),
            Self::High => Some(ResourceLevel::High),
        }
    }
}

impl LevelChoice {
    /// The highest level that a job may run at.
    pub fn highest(self) -> ResourceLevel {
        self.level().unwrap_or(ResourceLevel::High)
    }
}

impl FromStr for LevelChoice {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "minimal" => Ok(Self::Minimal),
            "low" => Ok(Self::Low),
            "medium" => Ok(Self::Medium),
            "high" => Ok(Self::High),
            _ => Err(ValueError::UnknownName {
                what: "level",
                found: text.chars().take(40).collect(),
                allowed: "auto, high, medium, low, minimal".to_owned(),
            }),
        }
    }
}

/// Whether the machine's level follows from readings of it, or is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LevelMode {
    /// It follows from readings.
    #[default]
    Adaptive,
    /// It is high.
    High,
    /// It is medium.
    Medium,
    /// It is low.
    Low,
    /// It is minimal.
    Minimal,
}

impl LevelMode {
    /// The level that is set; `None` leaves it to readings.
    pub fn level(self) -> Option<ResourceLevel> {
        match self {
            Self::Adaptive => None,
            Self::High => Some(ResourceLevel::High),
            Self::Medium => Some(ResourceLevel::Medium),
            Self::Low => Some(ResourceLevel::Low),
            Self::Minimal => Some(ResourceLevel::Minimal),
        }
    }
}

/// One value for each level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerLevel<T> {
    /// Value at level high.
    pub high: T,
    /// Value at level medium.
    pub medium: T,
    /// Value at level low.
    pub low: T,
    /// Value at level minimal.
    pub minimal: T,
}

impl<T> PerLevel<T> {
    /// The value at a level.
    pub fn get(&self, level: ResourceLevel) -> &T {
        match level {
            ResourceLevel::Minimal => &self.minimal,
            ResourceLevel::Low => &self.low,
            ResourceLevel::Medium => &self.medium,
            ResourceLevel::High => &self.high,
        }
    }
}
