//! The file of keys that `chat2svg keys` writes and the service reads.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Entry, Name};

/// What stands at the head of the file.
const HEAD: &str = "# API keys of chat2svg, written by `chat2svg keys`. Only hashes are kept.\n\n";

/// Gives a file to whoever its folder belongs to: an administrator makes keys for a service that
/// runs as a user of its own. Nobody else may give files away, and need not.
#[cfg(unix)]
fn give_to_owner_of(folder: &Path, file: &fs::File) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    if let Ok(metadata) = fs::metadata(folder) {
        let _ = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
    }
}

#[cfg(not(unix))]
fn give_to_owner_of(_: &Path, _: &fs::File) {}

/// Why the file cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("the keys in {} cannot be read: {reason}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// It is not what it should be.
    #[error("the keys in {} cannot be used: {reason}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It cannot be written.
    #[error("the keys cannot be written to {}: {reason}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The name is taken.
    #[error("there is a key \"{0}\" already: choose another name, or revoke it first")]
    Taken(Name),
    /// There is no such key.
    #[error("there is no key \"{0}\": `chat2svg keys list` shows those there are")]
    Unknown(Name),
}

/// All keys of a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    #[serde(default, rename = "key")]
    entries: Vec<Entry>,
}

impl KeyFile {
    /// The keys of a file; `None` when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn load(path: &Path) -> Result<Option<Self>, KeyFileError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(reason) => {
                return Err(KeyFileError::Read {
                    path: path.to_owned(),
                    reason,
                });
            }
        };
        let content = |reason: String| KeyFileError::Content {
            path: path.to_owned(),
            reason,
        };
        let file: Self = toml::from_str(&text).map_err(|error| content(error.to_string()))?;
        for (index, entry) in file.entries.iter().enumerate() {
            let before = file.entries.iter().take(index);
            if before.into_iter().any(|other| other.name == entry.name) {
                return Err(content(format!("two keys are called \"{}\"", entry.name)));
            }
        }
        Ok(Some(file))
    }

    /// Writes the file, whole or not at all; only its owner may read it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), KeyFileError> {
        let failed = |reason| KeyFileError::Write {
            path: path.to_owned(),
            reason,
        };
        let text = toml::to_string(self).map_err(|error| failed(io::Error::other(error)))?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(failed)?;
        // A temporary file is its owner's alone, and keeps that when it takes the place.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(HEAD.as_bytes()).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        give_to_owner_of(folder, file.as_file());
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// The keys, in the order in which they were made.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds a key.
    ///
    /// # Errors
    /// When its name is taken.
    pub fn add(&mut self, entry: Entry) -> Result<(), KeyFileError> {
        if self.entries.iter().any(|known| known.name == entry.name) {
            return Err(KeyFileError::Taken(entry.name));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Removes a key. The file stays, also without any: it says that keys are wanted.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn revoke(&mut self, name: &Name) -> Result<(), KeyFileError> {
        let count = self.entries.len();
        self.entries.retain(|entry| entry.name != *name);
        if self.entries.len() == count {
            return Err(KeyFileError::Unknown(name.clone()));
        }
        Ok(())
    }
}
