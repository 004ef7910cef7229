//! Whether a document's shapes were looked for in the whole of the target.

use serde::{Deserialize, Serialize};

use crate::Stage;

/// Whether a document's shapes were looked for in the whole of its target: a fit leads them a few
/// pixels far, and what the target shows elsewhere has to be found before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// They were, or the target is the document's own picture.
    Registered,
    /// They were not, or not all of them.
    Unregistered,
}

impl Placement {
    /// The name under which it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Unregistered => "unregistered",
        }
    }

    /// That of a checkpoint of a release that did not say: stage 2 looked for the shapes before it
    /// gave a document, and what was found is not to be moved again.
    pub fn assumed_after(stage: Stage) -> Self {
        match stage {
            Stage::Template => Self::Unregistered,
            Stage::Detail | Stage::Optimize => Self::Registered,
        }
    }
}
