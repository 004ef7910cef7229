//! Settings of stage 1. Values only, and how a vocabulary is made from them.

use std::path::PathBuf;
use std::sync::Arc;

use chat2svg_protocol::{BackendId, InvalidSetting};
use serde::{Deserialize, Serialize};

use crate::ModelConfig;
use crate::embedded::Vocabulary;
use crate::embedded::lookup::{
    ArtLibrary, LibraryError, LibraryLimits, LibraryWarning, Precedence,
};

/// Settings of stage 1, section `[template]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TemplateConfig {
    /// Who serves the stage, first choice first.
    pub backends: Vec<BackendId>,
    /// A folder of SVG files to draw from beside the built-in pictures; empty for none.
    pub library: PathBuf,
    /// Whether the folder's pictures go before the built-in ones.
    pub library_first: bool,
    /// What language models are asked to do.
    pub model: ModelConfig,
}

impl Default for TemplateConfig {
    fn default() -> Self {
        Self {
            backends: vec![BackendId::EMBEDDED],
            library: PathBuf::new(),
            library_first: false,
            model: ModelConfig::default(),
        }
    }
}

impl TemplateConfig {
    /// Checks that the settings make sense, where there are `models` beside the embedded composer.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self, models: &[BackendId]) -> Result<(), InvalidSetting> {
        let mut known = models.to_vec();
        known.push(BackendId::EMBEDDED);
        InvalidSetting::unless_line_up("backends", &self.backends, &known)?;
        self.model.validate()
    }

    /// The words and pictures that these settings give, and what was wrong with single files.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn vocabulary(&self) -> Result<(Vocabulary, Vec<LibraryWarning>), LibraryError> {
        if self.library.as_os_str().is_empty() {
            return Ok((Vocabulary::builtin(), Vec::new()));
        }
        let (library, warnings) = ArtLibrary::load(&self.library, LibraryLimits::default())?;
        let precedence = if self.library_first {
            Precedence::Library
        } else {
            Precedence::BuiltIn
        };
        Ok((
            Vocabulary::with_library(Arc::new(library), precedence),
            warnings,
        ))
    }
}
