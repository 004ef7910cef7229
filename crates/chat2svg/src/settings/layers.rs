//! Layers of the configuration, later ones winning, and where each value came from.
//!
//! Every key there is stands in `configs/default.toml`; a key that does not is unknown.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
};

use thiserror::Error;
use toml::{Table, Value};

use super::{Settings, aliases, check};

/// The built-in defaults, with a comment for each key.
pub(crate) const DEFAULTS: &str = include_str!("../../../../configs/default.toml");

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Built in.
    Default,
    /// A file given with `--config`.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
            Self::Flag(name) => write!(formatter, "flag {name}"),
        }
    }
}

/// Why there is no configuration. One line that names the key and its source.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read the configuration {}: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A file is not TOML.
    #[error("{}: {message}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        message: String,
    },
    /// There is no such key.
    #[error("unknown configuration key `{key}` in {origin}{}", hint(.nearest))]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands.
        origin: Source,
        /// A key of a similar name.
        nearest: Option<String>,
    },
    /// A value cannot be used.
    #[error("configuration key `{key}` in {origin}: {reason}")]
    Value {
        /// The key.
        key: String,
        /// Where it stands.
        origin: Source,
        /// Why not.
        reason: String,
    },
}

fn hint(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|key| format!("; did you mean `{key}`?"))
        .unwrap_or_default()
}

/// Values by their full key, each with its source.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    values: BTreeMap<String, (Value, Source)>,
}

impl Layers {
    /// The built-in defaults alone.
    ///
    /// # Errors
    /// When they are not TOML, which a test excludes.
    pub(crate) fn defaults() -> Result<Self, ConfigError> {
        let table = parse(DEFAULTS, Path::new("configs/default.toml"))?;
        let mut values = BTreeMap::new();
        flatten("", table, &mut |key, value| {
            values.insert(key, (value, Source::Default));
        });
        Ok(Self { values })
    }

    /// Lays a file over.
    ///
    /// # Errors
    /// When it cannot be read, or has a key or value that cannot be used.
    pub(crate) fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = fs::read_to_string(path).map_err(|reason| ConfigError::Unreadable {
            path: path.to_owned(),
            reason,
        })?;
        let mut found = Vec::new();
        flatten("", parse(&text, path)?, &mut |key, value| {
            found.push((key, value));
        });
        for (key, value) in found {
            self.set(&key, value, Source::File(path.to_owned()))?;
        }
        Ok(())
    }

    /// Lays environment variables over: the flat aliases, then `CHAT2SVG__SECTION__KEY`.
    ///
    /// # Errors
    /// When one of this program's variables names no key or has a value that cannot be used.
    pub(crate) fn add_environment(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        let mut ours: Vec<(String, OsString)> = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with("CHAT2SVG_"))
            .collect();
        // Full names win over aliases.
        ours.sort_by_key(|(name, _)| (name.starts_with("CHAT2SVG__"), name.clone()));
        for (name, value) in ours {
            let origin = Source::Environment(name.clone());
            let text = value.into_string().map_err(|_| ConfigError::Value {
                key: name.clone(),
                origin: origin.clone(),
                reason: "is not valid UTF-8".to_owned(),
            })?;
            if let Some(path) = name.strip_prefix("CHAT2SVG__") {
                let key = path.to_ascii_lowercase().replace("__", ".");
                let value = self.read(&key, &text, &origin)?;
                self.set(&key, value, origin)?;
            } else {
                let Some(alias) = aliases::find(&name) else {
                    return Err(ConfigError::UnknownKey {
                        key: name.clone(),
                        nearest: nearest(&name, aliases::names()),
                        origin,
                    });
                };
                let text = (alias.convert)(&text).map_err(|reason| ConfigError::Value {
                    key: alias.key.to_owned(),
                    origin: origin.clone(),
                    reason,
                })?;
                let value = self.read(alias.key, &text, &origin)?;
                self.set(alias.key, value, origin)?;
            }
        }
        Ok(())
    }

    /// Lays a flag's value over.
    ///
    /// # Errors
    /// When the value cannot be used.
    pub(crate) fn add_flag(
        &mut self,
        flag: &'static str,
        key: &str,
        value: impl Into<Value>,
    ) -> Result<(), ConfigError> {
        self.set(key, value.into(), Source::Flag(flag))
    }

    /// All values with their sources, by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value, &Source)> {
        self.values
            .iter()
            .map(|(key, (value, source))| (key.as_str(), value, source))
    }

    /// The configuration that follows.
    ///
    /// # Errors
    /// When a value cannot be used.
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        let mut table = Table::new();
        for (key, (value, _)) in &self.values {
            insert(&mut table, key, value.clone());
        }
        let settings: Settings = serde_path_to_error::deserialize(table).map_err(|error| {
            let key = error.path().to_string();
            // The first line says what is wrong; the rest where, which the path says better.
            let reason = error.into_inner().to_string();
            self.refuse(&key, reason.lines().next().unwrap_or_default().to_owned())
        })?;
        check(&settings).map_err(|(key, reason)| self.refuse(&key, reason))?;
        Ok(settings)
    }

    fn refuse(&self, key: &str, reason: String) -> ConfigError {
        let origin = self
            .values
            .get(key)
            .map_or(Source::Default, |(_, source)| source.clone());
        ConfigError::Value {
            key: key.to_owned(),
            origin,
            reason,
        }
    }

    fn known(&self, key: &str, origin: &Source) -> Result<&Value, ConfigError> {
        match self.values.get(key) {
            Some((value, _)) => Ok(value),
            None => Err(ConfigError::UnknownKey {
                key: key.to_owned(),
                origin: origin.clone(),
                nearest: nearest(key, self.values.keys().map(String::as_str)),
            }),
        }
    }

    /// A text as a value of the type that the key has.
    fn read(&self, key: &str, text: &str, origin: &Source) -> Result<Value, ConfigError> {
        let like = self.known(key, origin)?;
        let wrong = |what: &str| ConfigError::Value {
            key: key.to_owned(),
            origin: origin.clone(),
            reason: format!("\"{text}\" is not {what}"),
        };
        let trimmed = text.trim();
        match like {
            Value::String(_) | Value::Datetime(_) => Ok(Value::String(text.to_owned())),
            Value::Integer(_) => trimmed
                .parse()
                .map(Value::Integer)
                .map_err(|_| wrong("a whole number")),
            Value::Float(_) => trimmed
                .parse()
                .map(Value::Float)
                .map_err(|_| wrong("a number")),
            Value::Boolean(_) => trimmed
                .parse()
                .map(Value::Boolean)
                .map_err(|_| wrong("true or false")),
            Value::Array(_) => Ok(Value::Array(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(|item| Value::String(item.to_owned()))
                    .collect(),
            )),
            Value::Table(_) => Err(wrong("something that can be set as a whole")),
        }
    }

    fn set(&mut self, key: &str, value: Value, origin: Source) -> Result<(), ConfigError> {
        let like = self.known(key, &origin)?;
        let value = match (like, value) {
            (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
            (_, value) => value,
        };
        if like.type_str() != value.type_str() {
            return Err(ConfigError::Value {
                key: key.to_owned(),
                origin,
                reason: format!(
                    "must be of type {}, not {}",
                    like.type_str(),
                    value.type_str()
                ),
            });
        }
        self.values.insert(key.to_owned(), (value, origin));
        Ok(())
    }
}

fn parse(text: &str, path: &Path) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| {
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].lines().count().max(1));
        let place = line
            .map(|line| format!("line {line}: "))
            .unwrap_or_default();
        ConfigError::Syntax {
            path: path.to_owned(),
            message: format!("{place}{}", error.message()),
        }
    })
}

/// Calls `each` for every value that is not a table, with its full key. An empty table stands for
/// nothing.
fn flatten(prefix: &str, table: Table, each: &mut impl FnMut(String, Value)) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Table(inner) => flatten(&key, inner, each),
            value => each(key, value),
        }
    }
}

fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// The name that differs least, if it differs by little.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= name.len() / 3)
        .map(|(_, candidate)| candidate.to_owned())
}
