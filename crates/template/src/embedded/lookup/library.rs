//! A folder of SVG files that the user configures, as an index from nouns to files. Files are read
//! once for their names and RDF metadata; the drawings themselves are read when they are used.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::metadata::{self, Metadata};
use crate::embedded::art::asset::marks;
use crate::embedded::language::normalise;

/// Bounds on what is read of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LibraryLimits {
    /// The most files; further ones are left out with a warning.
    pub files: usize,
    /// The most bytes of one file; larger ones are left out with a warning.
    pub file_bytes: u64,
    /// How many folders deep to look.
    pub depth: usize,
}

impl Default for LibraryLimits {
    fn default() -> Self {
        Self {
            files: 20_000,
            file_bytes: 1 << 20,
            depth: 8,
        }
    }
}

/// Why a library could not be loaded at all.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// The folder cannot be listed.
    #[error("cannot read the art folder {}: {source}; name a folder of SVG files that this user may read", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A file that was left out, or something in it that has no effect; and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryWarning {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// One picture of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryEntry {
    /// Its title, or its file's name in words.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Who made it, as the file says.
    pub author: Option<String>,
    /// Its licence, as the file says; an address or a name.
    pub license: Option<String>,
}

/// An index over a folder of SVG files.
#[derive(Debug, Default)]
pub struct ArtLibrary {
    entries: Vec<LibraryEntry>,
    by_name: HashMap<String, usize>,
    by_keyword: HashMap<String, usize>,
    longest: HashMap<String, usize>,
    limits: LibraryLimits,
}

/// Names and keywords of more words than this are captions, not nouns.
const MAX_NAME_WORDS: usize = 4;

impl ArtLibrary {
    /// Reads a folder and the folders in it. Files are taken in the order of their paths, so that
    /// the same folder always gives the same index.
    ///
    /// # Errors
    /// When the folder itself cannot be listed. A bad file or subfolder is only a warning.
    pub fn load(
        folder: &Path,
        limits: LibraryLimits,
    ) -> Result<(Self, Vec<LibraryWarning>), LibraryError> {
        let mut warnings = Vec::new();
        let mut files = Vec::new();
        let listing = fs::read_dir(folder).map_err(|source| LibraryError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        collect(listing, limits.depth, &mut files, &mut warnings);
        files.sort();
        if files.len() > limits.files {
            let reason = format!(
                "{} files; only the first {} are used",
                files.len(),
                limits.files
            );
            warnings.push(LibraryWarning {
                path: folder.to_owned(),
                reason,
            });
            files.truncate(limits.files);
        }
        let mut library = Self {
            limits,
            ..Self::default()
        };
        for path in files {
            let svg = read_bounded(&path, limits.file_bytes);
            match svg.and_then(|svg| Ok((metadata::read(&svg)?, marks::read(&svg).problems))) {
                Ok((metadata, problems)) => {
                    warnings.extend(problems.into_iter().map(|reason| LibraryWarning {
                        path: path.clone(),
                        reason,
                    }));
                    library.add(path, metadata);
                }
                Err(reason) => warnings.push(LibraryWarning { path, reason }),
            }
        }
        Ok((library, warnings))
    }

    fn add(&mut self, path: PathBuf, metadata: Metadata) {
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let file_name = without_numbers(&normalise(&stem.replace(['_', '-', '+', '.'], " ")));
        let title = metadata
            .title
            .as_deref()
            .map(|title| without_numbers(&normalise(title)));
        let index = self.entries.len();
        let name = metadata
            .title
            .clone()
            .filter(|title| !title.trim().is_empty());
        self.entries.push(LibraryEntry {
            name: name.unwrap_or_else(|| file_name.clone()),
            path,
            author: metadata.author,
            license: metadata.license,
        });
        for name in title.into_iter().chain([file_name]) {
            insert(&mut self.by_name, &mut self.longest, &name, index);
        }
        for keyword in metadata.keywords {
            insert(
                &mut self.by_keyword,
                &mut self.longest,
                &normalise(&keyword),
                index,
            );
        }
    }

    /// How many pictures it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A picture by the index that an [`ArtReference`](crate::embedded::ArtReference) carries.
    pub fn entry(&self, index: usize) -> Option<&LibraryEntry> {
        self.entries.get(index)
    }

    /// The SVG text of a picture, read now. The text is the user's: sanitise it before use.
    ///
    /// # Errors
    /// When there is no such picture, or its file is gone, too large by now, or no UTF-8.
    pub fn svg(&self, index: usize) -> io::Result<String> {
        let entry = self
            .entries
            .get(index)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        read_bounded(&entry.path, self.limits.file_bytes).map_err(io::Error::other)
    }

    /// The picture for a noun, and whether the noun is its name (else only a keyword).
    pub(crate) fn find(&self, phrase: &str) -> Option<(usize, bool)> {
        let by_name = self.by_name.get(phrase).map(|index| (*index, true));
        by_name.or_else(|| self.by_keyword.get(phrase).map(|index| (*index, false)))
    }

    /// How many words the longest name that begins with a word has.
    pub(crate) fn longest_from(&self, first: &str) -> usize {
        self.longest.get(first).copied().unwrap_or(0)
    }
}

fn insert(
    map: &mut HashMap<String, usize>,
    longest: &mut HashMap<String, usize>,
    phrase: &str,
    index: usize,
) {
    let words = phrase.split(' ').count();
    if phrase.len() < 2 || words > MAX_NAME_WORDS {
        return;
    }
    map.entry(phrase.to_owned()).or_insert(index);
    let first = phrase.split(' ').next().unwrap_or_default().to_owned();
    let known = longest.entry(first).or_insert(0);
    *known = words.max(*known);
}

/// "cat 01" is a cat.
fn without_numbers(phrase: &str) -> String {
    let is_number = |word: &&str| word.chars().all(|c| c.is_ascii_digit());
    phrase
        .split(' ')
        .filter(|word| !is_number(word))
        .collect::<Vec<_>>()
        .join(" ")
}

fn collect(
    listing: fs::ReadDir,
    depth: usize,
    files: &mut Vec<PathBuf>,
    warnings: &mut Vec<LibraryWarning>,
) {
    for entry in listing.flatten() {
        let path = entry.path();
        // Links are not followed: a cycle would never end, and a link may lead out of the folder.
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            if depth == 0 {
                warnings.push(LibraryWarning {
                    path,
                    reason: "too deep; not looked into".to_owned(),
                });
                continue;
            }
            match fs::read_dir(&path) {
                Ok(listing) => collect(listing, depth - 1, files, warnings),
                Err(error) => warnings.push(LibraryWarning {
                    path,
                    reason: error.to_string(),
                }),
            }
        } else if kind.is_file()
            && path
                .extension()
                .is_some_and(|ending| ending.eq_ignore_ascii_case("svg"))
        {
            files.push(path);
        }
    }
}

fn read_bounded(path: &Path, limit: u64) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > limit {
        return Err(format!("{size} bytes; the limit is {limit}"));
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library_of(
        files: &[(&str, &str)],
        limits: LibraryLimits,
    ) -> (ArtLibrary, Vec<LibraryWarning>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        ArtLibrary::load(folder.path(), limits).expect("a folder that can be listed")
    }

    const PLAIN: &str = r#"<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9v9z"/></svg>"#;
    const DESCRIBED: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns:cc="http://web.resource.org/cc/" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><rdf:RDF><cc:Work rdf:about="">
        <dc:title>Flying Machine</dc:title><dc:subject><rdf:Bag><rdf:li>ornithopter</rdf:li><rdf:li>da Vinci</rdf:li></rdf:Bag></dc:subject>
        <dc:creator><cc:Agent><dc:title>Ada</dc:title></cc:Agent></dc:creator>
        <cc:license rdf:resource="http://creativecommons.org/publicdomain/zero/1.0/"/></cc:Work></rdf:RDF></metadata></svg>"##;

    #[test]
    fn entries_are_found_by_file_name_title_and_keyword() {
        let files = [
            ("zeppelin_02.svg", PLAIN),
            ("old/x.svg", DESCRIBED),
            ("readme.txt", "no"),
        ];
        let (library, warnings) = library_of(&files, LibraryLimits::default());
        assert_eq!(warnings, []);
        assert_eq!(library.len(), 2);
        assert!(matches!(library.find("zeppelin"), Some((_, true))));
        let (index, by_name) = library.find("ornithopter").expect("a keyword");
        assert!(!by_name);
        let entry = library.entry(index).expect("the entry");
        assert_eq!(entry.name, "Flying Machine");
        assert_eq!(entry.author.as_deref(), Some("Ada"));
        assert_eq!(
            entry.license.as_deref(),
            Some("http://creativecommons.org/publicdomain/zero/1.0/")
        );
        assert_eq!(library.find("flying machine"), Some((index, true)));
        assert_eq!(library.find("nonesuch"), None);
    }

    #[test]
    fn bad_files_are_warnings() {
        let limits = LibraryLimits {
            file_bytes: 200,
            depth: 1,
            ..LibraryLimits::default()
        };
        let big = format!("<svg>{}</svg>", " ".repeat(300));
        let files = [
            ("big.svg", big.as_str()),
            ("broken.svg", "<svg><g"),
            ("page.svg", "<html/>"),
            ("a/b/deep.svg", PLAIN),
            ("good.svg", PLAIN),
        ];
        let (library, warnings) = library_of(&files, limits);
        assert_eq!(library.len(), 1);
        assert_eq!(warnings.len(), 4, "{warnings:?}");
    }

    #[test]
    fn misspelt_marks_are_warnings_and_the_picture_stays() {
        let marked = r#"<svg xmlns="http://www.w3.org/2000/svg"><path class="tone-drak" d="M0 0h9v9z"/></svg>"#;
        let (library, warnings) = library_of(&[("a.svg", marked)], LibraryLimits::default());
        assert_eq!(library.len(), 1);
        let reasons: Vec<&str> = warnings.iter().map(|w| w.reason.as_str()).collect();
        assert!(
            matches!(reasons.as_slice(), [reason] if reason.contains("tone-drak") && reason.contains("dark")),
            "{reasons:?}"
        );
    }

    #[test]
    fn files_beyond_the_limit_are_left_out() {
        let limits = LibraryLimits {
            files: 1,
            ..LibraryLimits::default()
        };
        let (library, warnings) = library_of(&[("b.svg", PLAIN), ("a.svg", PLAIN)], limits);
        assert_eq!(library.entry(0).map(|entry| entry.name.as_str()), Some("a"));
        assert_eq!((library.len(), warnings.len()), (1, 1));
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_it() {
        let error = ArtLibrary::load(Path::new("/nonesuch/art"), LibraryLimits::default());
        assert!(
            error
                .expect_err("no such folder")
                .to_string()
                .contains("/nonesuch/art")
        );
    }
}
