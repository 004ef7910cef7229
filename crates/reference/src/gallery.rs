//! A folder of references, and the pictures that are compared with them.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use chat2svg_vector::{DecodeError, DecodeLimits, Raster};
use thiserror::Error;

use crate::{
    compare::{Difference, TOLERANCE, Tolerance, compare},
    png::smallest,
    sheet::sheet,
};

/// The environment variable that accepts what is shown now: set to `1`, new and different pictures
/// are written as references, and references without a picture are removed.
pub const ACCEPT: &str = "CHAT2SVG_ACCEPT";

/// A folder of reference pictures, one PNG for each name.
#[derive(Clone, Debug)]
pub struct Gallery {
    references: PathBuf,
    sheets: PathBuf,
    tolerance: Tolerance,
    accepts: bool,
}

/// A picture that is not as its reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It shows something else.
    Different {
        /// Name of the picture.
        name: String,
        /// How far it is from its reference.
        difference: Difference,
        /// The sheet of reference, ours and difference.
        sheet: PathBuf,
    },
    /// There is no reference for a picture.
    Missing {
        /// Name of the picture.
        name: String,
        /// Where our picture was written, to be looked at.
        ours: PathBuf,
    },
    /// There is no picture for a reference.
    Stale {
        /// The reference.
        path: PathBuf,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Different {
                name,
                difference,
                sheet,
            } => write!(f, "{name}: {difference}; see {}", sheet.display()),
            Self::Missing { name, ours } => {
                write!(f, "{name}: there is no reference; see {}", ours.display())
            }
            Self::Stale { path } => {
                write!(f, "{}: no test makes this picture", path.display())
            }
        }
    }
}

/// Why a gallery is not as it was.
#[derive(Debug, Error)]
pub enum GalleryError {
    /// Pictures differ from their references.
    #[error("{}\nLook at them. If they are better, or meant to be so, run the test again with {ACCEPT}=1.", list(.0))]
    Mismatches(Vec<Mismatch>),
    /// A file could not be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A reference is no picture.
    #[error("{}: {source}", .path.display())]
    Reference {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: DecodeError,
    },
    /// A picture could not be encoded.
    #[error("a picture could not be encoded: {0}")]
    Encode(#[from] image::ImageError),
}

fn list(mismatches: &[Mismatch]) -> String {
    let lines = mismatches.iter().map(|mismatch| format!("\n  {mismatch}"));
    format!(
        "{} pictures are not as their references:{}",
        mismatches.len(),
        lines.collect::<String>()
    )
}

impl Gallery {
    /// The gallery of a folder of references; sheets of differences are written to another. Accepts
    /// when [`ACCEPT`] says so.
    pub fn new(references: impl Into<PathBuf>, sheets: impl Into<PathBuf>) -> Self {
        Self {
            references: references.into(),
            sheets: sheets.into(),
            tolerance: TOLERANCE,
            accepts: std::env::var_os(ACCEPT).is_some_and(|value| value == "1"),
        }
    }

    /// The gallery with another tolerance than [`TOLERANCE`].
    pub fn tolerating(self, tolerance: Tolerance) -> Self {
        Self { tolerance, ..self }
    }

    /// Compares all pictures of the gallery, by their names, with their references.
    ///
    /// # Errors
    /// When a picture or a reference has no counterpart or differs from it by more than
    /// the tolerance, and this is not accepted; when a file cannot be read or written.
    pub fn check<N: AsRef<str>>(
        &self,
        pictures: impl IntoIterator<Item = (N, Raster)>,
    ) -> Result<(), GalleryError> {
        let mut mismatches = Vec::new();
        let mut unseen = self.names()?;
        for (name, ours) in pictures {
            let name = name.as_ref();
            unseen.remove(&file_name(name));
            mismatches.extend(self.compare(name, &ours)?);
        }
        for file in unseen {
            let path = self.references.join(file);
            if self.accepts {
                fs::remove_file(&path).map_err(at(&path))?;
            } else {
                mismatches.push(Mismatch::Stale { path });
            }
        }
        if mismatches.is_empty() {
            Ok(())
        } else {
            Err(GalleryError::Mismatches(mismatches))
        }
    }

    /// The files of the references.
    fn names(&self) -> Result<BTreeSet<String>, GalleryError> {
        let entries = match fs::read_dir(&self.references) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(at(&self.references)(error)),
        };
        let mut names = BTreeSet::new();
        for entry in entries {
            let path = entry.map_err(at(&self.references))?.path();
            if path.extension() == Some(OsStr::new("png"))
                && let Some(name) = path.file_name()
            {
                names.insert(name.to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    fn compare(&self, name: &str, ours: &Raster) -> Result<Option<Mismatch>, GalleryError> {
        let path = self.references.join(file_name(name));
        let reference = match fs::read(&path) {
            Ok(bytes) => Some(Raster::decode(&bytes, &DecodeLimits::default()).map_err(
                |source| GalleryError::Reference {
                    path: path.clone(),
                    source,
                },
            )?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(at(&path)(error)),
        };
        let found = reference
            .as_ref()
            .map(|reference| compare(reference, ours, self.tolerance));
        if found == Some(None) {
            return Ok(None);
        }
        if self.accepts {
            write(&path, &smallest(ours)?)?;
            return Ok(None);
        }
        let shown = self.sheets.join(file_name(name));
        let (picture, mismatch) = match (reference, found.flatten()) {
            (Some(reference), Some(difference)) => (
                sheet(&reference, ours),
                Mismatch::Different {
                    name: name.to_owned(),
                    difference,
                    sheet: shown.clone(),
                },
            ),
            _ => (
                ours.clone(),
                Mismatch::Missing {
                    name: name.to_owned(),
                    ours: shown.clone(),
                },
            ),
        };
        write(&shown, &smallest(&picture)?)?;
        Ok(Some(mismatch))
    }
}

fn file_name(name: &str) -> String {
    format!("{name}.png")
}

fn at(path: &Path) -> impl Fn(io::Error) -> GalleryError {
    let path = path.to_owned();
    move |source| GalleryError::File {
        path: path.clone(),
        source,
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), GalleryError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::write(path, bytes).map_err(at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(level: u8) -> Raster {
        Raster::filled(6, 5, [level, 40, 90, 255]).expect("it has a size")
    }

    fn gallery(folder: &Path, accepts: bool) -> Gallery {
        Gallery {
            references: folder.join("references"),
            sheets: folder.join("sheets"),
            tolerance: TOLERANCE,
            accepts,
        }
    }

    fn mismatches(result: Result<(), GalleryError>) -> Vec<Mismatch> {
        match result {
            Ok(()) => Vec::new(),
            Err(GalleryError::Mismatches(found)) => found,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn what_was_accepted_is_the_reference() {
        let folder = tempfile::tempdir().expect("a folder");
        let (accepting, checking) = (gallery(folder.path(), true), gallery(folder.path(), false));
        let missing = mismatches(checking.check([("sea", plain(10))]));
        assert!(matches!(&missing[..], [Mismatch::Missing { .. }]));

        accepting.check([("sea", plain(10))]).expect("accepted");
        checking.check([("sea", plain(10))]).expect("the same");
        checking
            .check([("sea", plain(12))])
            .expect("within rounding");

        let different = mismatches(checking.check([("sea", plain(13))]));
        let [Mismatch::Different { sheet, .. }] = &different[..] else {
            panic!("{different:?}");
        };
        let sheet = fs::read(sheet).expect("the sheet is there");
        let sheet = Raster::decode(&sheet, &DecodeLimits::default()).expect("a picture");
        assert!(sheet.width() > 3 * 6);
    }

    #[test]
    fn a_reference_that_no_test_makes_is_told_and_removed_on_accepting() {
        let folder = tempfile::tempdir().expect("a folder");
        let (accepting, checking) = (gallery(folder.path(), true), gallery(folder.path(), false));
        let both = [("sea", plain(10)), ("land", plain(90))];
        accepting.check(both).expect("accepted");
        let stale = mismatches(checking.check([("sea", plain(10))]));
        assert!(matches!(&stale[..], [Mismatch::Stale { .. }]), "{stale:?}");
        accepting.check([("sea", plain(10))]).expect("accepted");
        checking.check([("sea", plain(10))]).expect("the same");
    }

    #[test]
    fn a_damaged_reference_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let checking = gallery(folder.path(), false);
        write(&checking.references.join("sea.png"), b"no picture").expect("written");
        let result = checking.check([("sea", plain(10))]);
        assert!(matches!(result, Err(GalleryError::Reference { .. })));
    }
}
