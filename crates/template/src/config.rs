//! Settings of stage 1. Values only, and how a vocabulary is made from them.

use std::path::PathBuf;
use std::sync::Arc;

use chat2svg_protocol::{BackendId, InvalidSetting};
use serde::{Deserialize, Serialize};

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
}

impl Default for TemplateConfig {
    fn default() -> Self {
        Self {
            backends: vec![BackendId::EMBEDDED],
            library: PathBuf::new(),
            library_first: false,
        }
    }
}

impl TemplateConfig {
    /// The backends that there are.
    pub const BACKENDS: [BackendId; 1] = [BackendId::EMBEDDED];

    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        InvalidSetting::unless_line_up("backends", &self.backends, &Self::BACKENDS)
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
