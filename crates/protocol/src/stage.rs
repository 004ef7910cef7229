//! The three stages.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::BackendId;

/// A stage of the pipeline, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Prompt to a first SVG.
    Template,
    /// A richer target picture and new shapes.
    Detail,
    /// Geometry and colour fitted to the target.
    Optimize,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 3] = [Self::Template, Self::Detail, Self::Optimize];

    /// The name used in the API, the configuration and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Detail => "detail",
            Self::Optimize => "optimize",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One value for each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerStage<T> {
    /// Of stage 1.
    pub template: T,
    /// Of stage 2.
    pub detail: T,
    /// Of stage 3.
    pub optimize: T,
}

impl<T> PerStage<T> {
    /// The value of a stage.
    pub fn get(&self, stage: Stage) -> &T {
        match stage {
            Stage::Template => &self.template,
            Stage::Detail => &self.detail,
            Stage::Optimize => &self.optimize,
        }
    }
}

impl PerStage<BackendId> {
    /// The embedded backend for every stage.
    pub const EMBEDDED: Self = Self {
        template: BackendId::EMBEDDED,
        detail: BackendId::EMBEDDED,
        optimize: BackendId::EMBEDDED,
    };
}
