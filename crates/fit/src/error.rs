//! Why a fit gave nothing.

use chat2svg_vector::RenderError;
use thiserror::Error;

/// Why a fit gave nothing. Running out of time is not an error: the best so far is returned.
#[derive(Debug, Error)]
pub enum FitError {
    /// An option is out of its range.
    #[error("the fit's option `{name}` is {found}: give a value from {allowed}")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// The value found.
        found: String,
        /// The values allowed.
        allowed: String,
    },
    /// The template's visible part is empty or not finite.
    #[error("the template cannot be fitted: {0}")]
    Template(String),
    /// The threads could not be started.
    #[error("the fit's threads could not be started: {0}")]
    Threads(String),
    /// A defect of ours: the rasteriser refused a scene that this crate made.
    #[error("the rasteriser refused the scene: {0}")]
    Scene(String),
}

impl From<RenderError> for FitError {
    fn from(error: RenderError) -> Self {
        Self::Template(match error {
            RenderError::InvalidViewBox => {
                "its viewBox is empty or not finite; give it one that has an area".to_owned()
            }
            error => error.to_string(),
        })
    }
}

impl From<chat2svg_diffraster::SceneError> for FitError {
    fn from(error: chat2svg_diffraster::SceneError) -> Self {
        Self::Scene(error.to_string())
    }
}
