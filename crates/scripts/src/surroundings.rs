//! What the original takes from its surroundings: `.env`, the environment, and the captions of its
//! checkout.

use std::{
    collections::BTreeMap,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// The folders from which the original's stages are run.
const STAGE_FOLDERS: [&str; 3] = [
    "1_template_generation",
    "2_detail_enhancement",
    "3_svg_optimization",
];
/// Most bytes of a file of the checkout that is read.
const MOST_BYTES: u64 = 4 << 20;

/// The folder that holds the checkout's `.env` and `output`: `given`, or the parent of the stage's
/// folder in which the program runs, or where it runs.
pub fn base(given: Option<&Path>, here: &Path) -> PathBuf {
    if let Some(given) = given {
        return given.to_owned();
    }
    let name = here.file_name().and_then(|name| name.to_str());
    match name {
        Some(name) if STAGE_FOLDERS.contains(&name) => PathBuf::from(".."),
        _ => PathBuf::from("."),
    }
}

/// A file of environment variables that cannot be read.
#[derive(Debug, Error)]
#[error("cannot read {}: {reason}", .path.display())]
pub struct Unreadable {
    path: PathBuf,
    reason: String,
}

/// The variables of a `.env` file. A file that is not there has none.
///
/// # Errors
/// When it is there and cannot be read.
pub fn dotenv(path: &Path) -> Result<BTreeMap<String, String>, Unreadable> {
    let unreadable = |reason: String| Unreadable {
        path: path.to_owned(),
        reason,
    };
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let text: Vec<String> = text.lines().map(quoted).collect();
    let lines = dotenvy::Iter::new(Cursor::new(text.join("\n")));
    // The first of a name holds, as for the original's reader of such files.
    let mut variables = BTreeMap::new();
    for line in lines {
        let (name, value) = line.map_err(|error| match error {
            // The line may hold a key.
            dotenvy::Error::LineParse(_, _) => unreadable("a line of it is not NAME=VALUE".into()),
            error => unreadable(error.to_string()),
        })?;
        variables.insert(name, value);
    }
    Ok(variables)
}

/// A line of a `.env` file with quotes where the original's reader needs none: around a value with
/// blanks in it.
fn quoted(line: &str) -> String {
    let Some((name, value)) = line.split_once('=') else {
        return line.to_owned();
    };
    let is_comment = name.trim_start().starts_with('#');
    let value = value.trim();
    let is_quoted = value.starts_with(['"', '\'', '#']);
    // A comment begins after a blank.
    let value = match value.find(" #") {
        Some(at) => value.get(..at).unwrap_or_default().trim_end(),
        None => value,
    };
    let has_blanks = value.contains([' ', '\t']);
    if is_comment || is_quoted || !has_blanks || value.contains('\'') {
        return line.to_owned();
    }
    format!("{}='{value}'", name.trim_end())
}

/// Whose language model the original would call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Anthropic itself.
    Anthropic,
    /// A service that passes requests on, with chat completions.
    Wildcard,
}

impl Service {
    /// What `BACKEND` says; `None` when nothing.
    ///
    /// # Errors
    /// When it names no service.
    pub fn of(backend: Option<&str>) -> Result<Option<Self>, UnknownService> {
        match backend.map(str::trim) {
            None | Some("") => Ok(None),
            Some("Claude") => Ok(Some(Self::Anthropic)),
            Some("Wildcard") => Ok(Some(Self::Wildcard)),
            Some(other) => Err(UnknownService(other.chars().take(40).collect())),
        }
    }

    /// Where it is; empty for Anthropic's usual address.
    pub fn base_url(self) -> String {
        match self {
            Self::Anthropic => String::new(),
            Self::Wildcard => ["https", "api.gptsapi.net/v1"].join("://"),
        }
    }
}

/// A value of `BACKEND` that names no service.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("BACKEND is {0:?}: use Claude or Wildcard")]
pub struct UnknownService(String);

/// The caption that a checkout has for a target, if there is a checkout.
pub fn caption(base: &Path, target: &str) -> Option<String> {
    let path = base.join("utils").join("util.py");
    if fs::metadata(&path).ok()?.len() > MOST_BYTES {
        return None;
    }
    caption_in(&fs::read_to_string(path).ok()?, target)
}

/// The text that a Python dictionary in the source has for a key.
fn caption_in(source: &str, key: &str) -> Option<String> {
    ['"', '\''].into_iter().find_map(|mark| {
        let quoted = format!("{mark}{key}{mark}");
        source.match_indices(&quoted).find_map(|(at, _)| {
            let rest = source.get(at + quoted.len()..)?.trim_start();
            literal(rest.strip_prefix(':')?.trim_start())
        })
    })
}

/// The string at the beginning of Python source.
fn literal(source: &str) -> Option<String> {
    let mark = source.chars().next().filter(|mark| "\"'".contains(*mark))?;
    let mut text = String::new();
    let mut characters = source.chars().skip(1);
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next()?),
            '\n' => return None,
            end if end == mark => return (!text.trim().is_empty()).then_some(text),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_above_a_stage_folder() {
        assert_eq!(
            base(None, Path::new("/x/2_detail_enhancement")),
            Path::new("..")
        );
        assert_eq!(base(None, Path::new("/x")), Path::new("."));
        assert_eq!(
            base(Some(Path::new("/y")), Path::new("/x/3_svg_optimization")),
            Path::new("/y")
        );
    }

    #[test]
    fn variables_are_read_as_the_original_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        assert!(dotenv(&path).unwrap().is_empty());
        fs::write(
            &path,
            "# a comment = here\nOPENAI_API_KEY='sk 1'\nexport BACKEND=\"Claude\"\n\nPLACE = /opt/my  folder # here\nURL=x#y\n",
        )
        .unwrap();
        let read = dotenv(&path).unwrap();
        assert_eq!(
            read.get("PLACE").map(String::as_str),
            Some("/opt/my  folder")
        );
        assert_eq!(read.get("URL").map(String::as_str), Some("x#y"));
        assert_eq!(read.get("OPENAI_API_KEY").map(String::as_str), Some("sk 1"));
        assert_eq!(read.get("BACKEND").map(String::as_str), Some("Claude"));
        fs::write(&path, "sk-secret without a name\n").unwrap();
        let told = dotenv(&path).unwrap_err().to_string();
        assert!(!told.contains("secret") && told.contains(".env"), "{told}");
    }

    #[test]
    fn services_are_called_as_the_original_calls_them() {
        assert_eq!(Service::of(None), Ok(None));
        assert_eq!(Service::of(Some("Claude")), Ok(Some(Service::Anthropic)));
        assert_eq!(Service::of(Some("Wildcard")), Ok(Some(Service::Wildcard)));
        assert!(Service::of(Some("claude")).is_err());
    }

    #[test]
    fn captions_are_found_in_a_table_and_nowhere_else() {
        let source = "def f(x):\n    return {\n        'fish': 'A \\'blue\\' fish',\n        \"ice_cream\": \"Two scoops.\",\n    }[x]\n";
        assert_eq!(
            caption_in(source, "ice_cream").as_deref(),
            Some("Two scoops.")
        );
        assert_eq!(caption_in(source, "fish").as_deref(), Some("A 'blue' fish"));
        assert_eq!(caption_in(source, "cream"), None);
        assert_eq!(caption_in("\"a\": 3", "a"), None);
    }
}
