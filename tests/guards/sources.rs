//! The files of the project, as the guards read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A text file of the project.
pub(crate) struct Source {
    /// Its path below the project's folder, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|e| e == "rs")
    }

    /// The crate that it belongs to, if any.
    pub(crate) fn krate(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }
}

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All text files of the project; not what builds and fuzzers make.
pub(crate) fn all() -> Vec<Source> {
    const FOLDERS: [&str; 5] = [".ci", "configs", "crates", "docs", "tests"];
    let root = root();
    let mut found = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), folder, &mut found);
    }
    for entry in fs::read_dir(&root).expect("the project's folder is there") {
        let path = entry.expect("it can be listed").path();
        // A work tree's `.git` is a file.
        if path.is_file() && name_of(&path) != ".git" {
            read(&path, &name_of(&path), &mut found);
        }
    }
    found
}

/// A file that must be there.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn collect(folder: &Path, name: &str, found: &mut Vec<Source>) {
    const MADE: [&str; 4] = ["target", "artifacts", "corpus", "coverage"];
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("it can be listed").path();
        let own = name_of(&path);
        let below = format!("{name}/{own}");
        if path.is_dir() {
            if !MADE.contains(&own.as_str()) {
                collect(&path, &below, found);
            }
        } else {
            read(&path, &below, found);
        }
    }
}

fn read(path: &Path, name: &str, found: &mut Vec<Source>) {
    // What is no text is no source.
    if let Ok(text) = fs::read_to_string(path) {
        found.push(Source {
            path: name.to_owned(),
            text,
        });
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
