//! Reading inputs within limits and writing results whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use thiserror::Error;

/// Why a file could not be used. One line that names it.
#[derive(Debug, Error)]
pub(crate) enum FileError {
    /// It cannot be read.
    #[error("cannot read {}: {reason}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// It is too large.
    #[error("{} is larger than {limit} bytes, the most that is read (server.max_upload_bytes)", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// It cannot be written.
    #[error("cannot write {}: {reason}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}

/// Links that may lead to one another.
const MOST_LINKS: usize = 40;

/// Whether a name stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What an input is called in messages.
pub(crate) fn name_of(path: &Path) -> String {
    if is_standard(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// The bytes of a file, or of standard input for "-".
///
/// # Errors
/// When it cannot be read or is larger than the limit.
pub(crate) fn read_input(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    if is_standard(path) {
        bounded(io::stdin(), Path::new("standard input"), limit)
    } else {
        read_limited(path, limit)
    }
}

/// A file's bytes.
///
/// # Errors
/// When it cannot be read or is larger than the limit.
pub(crate) fn read_limited(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let failed = |reason| FileError::Read {
        path: path.to_owned(),
        reason,
    };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    bounded(file, path, limit)
}

fn bounded(input: impl Read, path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    input
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|reason| FileError::Read {
            path: path.to_owned(),
            reason,
        })?;
    if bytes.len() > limit {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

/// A place for a file that is written later, checked now: work that cannot be delivered is not
/// begun.
#[derive(Debug)]
pub(crate) struct Destination {
    /// As the user named it.
    path: PathBuf,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// A file beside the target takes its place at the end.
    Replace {
        target: PathBuf,
        temporary: NamedTempFile,
    },
    /// A device or a pipe is written into: replacing it would take it from everybody else.
    Into,
}

impl Destination {
    /// Prepares to write a file in a folder that is there and can be written.
    ///
    /// # Errors
    /// When it cannot.
    pub(crate) fn new(path: &Path) -> Result<Self, FileError> {
        let failed = |reason| FileError::Write {
            path: path.to_owned(),
            reason,
        };
        if path.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        if is_special {
            return Ok(Self {
                path: path.to_owned(),
                way: Way::Into,
            });
        }
        // A link stays; what it leads to is made or replaced.
        let target = led_to(path).map_err(failed)?;
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let temporary = tempfile::Builder::new()
            .prefix(".chat2svg-")
            .permissions(permissions())
            .tempfile_in(folder)
            .map_err(|error| failed(without_path(error)))?;
        Ok(Self {
            path: path.to_owned(),
            way: Way::Replace { target, temporary },
        })
    }

    /// Writes the file: it has its old content or all of the new, never a part.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<(), FileError> {
        self.finish(bytes, true)
    }

    /// The same for a file that can be made again: the disk is not waited for.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn write_paper(self, bytes: &[u8]) -> Result<(), FileError> {
        self.finish(bytes, false)
    }

    fn finish(self, bytes: &[u8], is_synced: bool) -> Result<(), FileError> {
        let Self { path, way } = self;
        let written = match way {
            Way::Into => OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|mut file| file.write_all(bytes)),
            Way::Replace { target, temporary } => replace(&target, temporary, bytes, is_synced),
        };
        written.map_err(|reason| FileError::Write { path, reason })
    }
}

/// Where links lead, also when nothing is there yet.
fn led_to(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&place) else {
            // No link, or nothing at all: it is the place.
            return Ok(place);
        };
        // A relative link is meant from where it stands; an absolute one takes the place of all.
        place = match place.parent() {
            Some(folder) => folder.join(next),
            None => next,
        };
    }
    Err(io::Error::other("too many links lead to one another"))
}

fn replace(
    target: &Path,
    mut temporary: NamedTempFile,
    bytes: &[u8],
    is_synced: bool,
) -> io::Result<()> {
    // Errors of the file behind the name, which is not told.
    temporary.as_file_mut().write_all(bytes)?;
    if is_synced {
        temporary.as_file().sync_all()?;
    }
    if let Ok(existing) = fs::metadata(target) {
        // A file that is replaced keeps its permissions where the system allows it.
        let _ = temporary.as_file().set_permissions(existing.permissions());
    }
    temporary.persist(target).map_err(|failed| failed.error)?;
    Ok(())
}

/// The system's error out of one that names the temporary file, of which the user knows nothing.
fn without_path(error: io::Error) -> io::Error {
    if error.get_ref().is_none() {
        return error;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(found) = cause {
        let code = found
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error);
        if let Some(code) = code {
            return io::Error::from_raw_os_error(code);
        }
        cause = found.source();
    }
    // It says of what kind it is, and no more.
    error.kind().into()
}

/// What a new file may be used for: as any other program would make it, less the user's mask.
#[cfg(unix)]
fn permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}

#[cfg(not(unix))]
fn permissions() -> fs::Permissions {
    // A new file's own; nothing else can be asked for here.
    #[expect(
        clippy::expect_used,
        reason = "the current folder always has permissions"
    )]
    fs::metadata(".").expect("the current folder").permissions()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        fs::write(&path, "old").unwrap();
        let destination = Destination::new(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        destination.write(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_made() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep");
        fs::create_dir(&deep).unwrap();
        symlink("deep/second", folder.path().join("first")).unwrap();
        symlink("../there.svg", deep.join("second")).unwrap();
        let first = folder.path().join("first");
        for content in ["new", "newer"] {
            let destination = Destination::new(&first).unwrap();
            destination.write(content.as_bytes()).unwrap();
            let there = folder.path().join("there.svg");
            assert_eq!(fs::read_to_string(there).unwrap(), content);
            assert!(first.is_symlink() && deep.join("second").is_symlink());
        }
        symlink("b", folder.path().join("a")).unwrap();
        symlink("a", folder.path().join("b")).unwrap();
        let error = Destination::new(&folder.path().join("a")).unwrap_err();
        assert!(error.to_string().contains("too many"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn no_error_names_the_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone/a.svg");
        fs::create_dir(folder.path().join("gone")).unwrap();
        let destination = Destination::new(&path).unwrap();
        // Nothing can be put into a folder that is gone, nor made there.
        fs::remove_dir_all(folder.path().join("gone")).unwrap();
        for error in [
            destination.write(b"late").unwrap_err(),
            Destination::new(&path).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(
                text.contains("a.svg") && !text.contains(".chat2svg-"),
                "{text}"
            );
        }
        let long = folder.path().join(format!("{}.svg", "x".repeat(300)));
        let text = Destination::new(&long).and_then(|file| file.write(b"x"));
        let text = text.unwrap_err().to_string();
        assert!(!text.contains(".chat2svg-"), "{text}");
    }

    #[test]
    fn what_is_given_up_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        drop(Destination::new(&folder.path().join("a.svg")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/such/a.svg");
        let error = Destination::new(&missing).unwrap_err().to_string();
        assert!(error.contains("no/such/a.svg"), "{error}");
        assert!(Destination::new(folder.path()).is_err());
    }

    #[test]
    fn reading_stops_at_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(&path, [0; 100]).unwrap();
        assert_eq!(read_limited(&path, 100).unwrap().len(), 100);
        let error = read_limited(&path, 99).unwrap_err();
        assert!(matches!(error, FileError::TooLarge { limit: 99, .. }));
    }
}
