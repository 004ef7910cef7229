//! Layers of the configuration, later ones winning, and where each value came from.
//!
//! Every key there is stands in `configs/default.toml`; a key that does not is unknown.

mod consequences;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use chat2svg_protocol::nearest_name;
use config::{Config, File, FileFormat, Map, Value, ValueKind};
use serde::Deserialize as _;
use thiserror::Error;

use super::{Settings, aliases, check, place::StorePlace};
use crate::keys;

/// The built-in defaults, with a comment for each key.
pub(crate) const DEFAULTS: &str = include_str!("../../../../configs/default.toml");
/// How that file is called when something is wrong with it.
const DEFAULTS_NAME: &str = "configs/default.toml";
/// The source of values that nobody set.
const BUILT_IN: &str = "default";

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
        /// Where it stands: a file, an environment variable, a flag.
        origin: String,
        /// A key of a similar name.
        nearest: Option<String>,
    },
    /// A value cannot be used.
    #[error("configuration key `{key}` in {origin}: {reason}")]
    Value {
        /// The key.
        key: String,
        /// Where it stands: a file, an environment variable, a flag.
        origin: String,
        /// Why not.
        reason: String,
    },
    /// Several things are wrong.
    #[error("{} settings cannot be used: {}", .0.len(), listed(.0))]
    Several(Vec<ConfigError>),
}

impl ConfigError {
    /// An error that tells all of these; none without any.
    ///
    /// # Errors
    /// When there are any.
    pub(crate) fn all(errors: Vec<Self>) -> Result<(), Self> {
        let mut flat = Vec::new();
        for error in errors {
            match error {
                Self::Several(inner) => flat.extend(inner),
                single => flat.push(single),
            }
        }
        match flat.pop() {
            None => Ok(()),
            Some(only) if flat.is_empty() => Err(only),
            Some(last) => {
                flat.push(last);
                Err(Self::Several(flat))
            }
        }
    }
}

fn listed(errors: &[ConfigError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

fn hint(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|key| format!("; did you mean `{key}`?"))
        .unwrap_or_default()
}

/// One layer: values by their full key, each with its source as its origin.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// The layers so far, laid over each other.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    merged: Config,
    /// The same, by full key.
    values: BTreeMap<String, Value>,
    /// Variables of earlier deployments that were set and mean nothing here, with the reason.
    unused: Vec<(&'static str, &'static str)>,
    /// Keys of earlier versions that were set, and where.
    retired: Vec<(String, String)>,
}

impl Layers {
    /// The built-in defaults alone.
    ///
    /// # Errors
    /// When they are not TOML, which a test excludes.
    pub(crate) fn defaults() -> Result<Self, ConfigError> {
        let merged = parse(DEFAULTS, Path::new(DEFAULTS_NAME))?;
        Ok(Self {
            values: flat(&merged),
            merged,
            unused: Vec::new(),
            retired: Vec::new(),
        })
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
        let origin = path.display().to_string();
        let found = flat(&parse(&text, path)?);
        self.add(
            found
                .into_iter()
                .map(|(key, value)| (key, value.kind, origin.clone())),
        )
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
            // Keys are no settings: they are shown nowhere.
            .filter(|(name, _)| name != keys::VARIABLE && name != keys::FILE_VARIABLE)
            .collect();
        // Full names win over aliases.
        ours.sort_by_key(|(name, _)| (name.starts_with("CHAT2SVG__"), name.clone()));
        let (mut found, mut wrong) = (Vec::new(), Vec::new());
        for (name, value) in ours {
            if let Some(one) = aliases::meaningless(&name) {
                self.unused.push((one.name, one.why));
                continue;
            }
            match self.read_variable(&name, value) {
                Ok(read) => found.push(read),
                Err(error) => wrong.push(error),
            }
        }
        wrong.extend(self.add(found).err());
        wrong.extend(self.allow_timeout().err());
        ConfigError::all(wrong)
    }

    /// The key, value and source that an environment variable stands for.
    fn read_variable(
        &self,
        name: &str,
        value: OsString,
    ) -> Result<(String, ValueKind, String), ConfigError> {
        let origin = format!("environment variable {name}");
        let text = value.into_string().map_err(|_| ConfigError::Value {
            key: name.to_owned(),
            origin: origin.clone(),
            reason: "is not valid UTF-8".to_owned(),
        })?;
        if let Some(path) = name.strip_prefix("CHAT2SVG__") {
            let key = path.to_ascii_lowercase().replace("__", ".");
            if aliases::is_retired(&key) {
                return Ok((key, text.into(), origin));
            }
            let value = self.read(&key, &text, &origin)?;
            return Ok((key, value, origin));
        }
        let Some(alias) = aliases::find(name) else {
            return Err(ConfigError::UnknownKey {
                key: name.to_owned(),
                nearest: nearest_name(name, aliases::names()).map(str::to_owned),
                origin,
            });
        };
        let text = (alias.convert)(&text).map_err(|reason| ConfigError::Value {
            key: alias.key.to_owned(),
            origin: origin.clone(),
            reason,
        })?;
        let value = self.read(alias.key, &text, &origin)?;
        Ok((alias.key.to_owned(), value, origin))
    }

    /// Lays a flag's value over.
    ///
    /// # Errors
    /// When the value cannot be used.
    pub(crate) fn add_flag(
        &mut self,
        flag: &'static str,
        key: &str,
        value: impl Into<ValueKind>,
    ) -> Result<(), ConfigError> {
        self.add([(key.to_owned(), value.into(), format!("flag {flag}"))])
    }

    /// Lays over where jobs are kept, where nobody set that.
    ///
    /// # Errors
    /// When the value cannot be used.
    pub(crate) fn add_store_place(&mut self, place: &StorePlace) -> Result<(), ConfigError> {
        let key = "store.path";
        if !self.is_empty(key) {
            return Ok(());
        }
        let Some(path) = place.path.to_str() else {
            return Err(self.refuse(
                key,
                format!(
                    "the folder for data, {}, is not UTF-8: set this key",
                    place.path.display()
                ),
            ));
        };
        self.add([(key.to_owned(), path.into(), place.why.to_owned())])
    }

    /// Lays over where keys are kept, where nobody set that: beside the jobs.
    ///
    /// # Errors
    /// When the value cannot be used.
    pub(crate) fn add_keys_place(&mut self, place: &StorePlace) -> Result<(), ConfigError> {
        let store = self.values.get("store.path");
        let store = match store.map(|value| &value.kind) {
            Some(ValueKind::String(path)) if path != ":memory:" => path.clone(),
            _ => place.path.to_string_lossy().into_owned(),
        };
        let path = Path::new(&store).with_file_name("chat2svg-keys.toml");
        let key = "auth.keys_file";
        match path.to_str() {
            Some(path) if self.is_empty(key) => {
                self.add([(key.to_owned(), path.into(), "beside the jobs".to_owned())])
            }
            _ => Ok(()),
        }
    }

    /// Whether a key holds an empty text.
    fn is_empty(&self, key: &str) -> bool {
        let value = self.values.get(key).map(|value| &value.kind);
        matches!(value, Some(ValueKind::String(text)) if text.is_empty())
    }

    /// Variables of earlier deployments that were set and mean nothing here, each with the reason,
    /// and keys of earlier versions that are no longer read.
    pub(crate) fn unused(&self) -> impl Iterator<Item = String> {
        let variables = self.unused.iter();
        let variables = variables.map(|(name, why)| format!("{name} means nothing here: {why}"));
        let keys = self.retired.iter().map(|(key, origin)| {
            format!("configuration key `{key}` in {origin} is no longer read; remove it")
        });
        variables.chain(keys)
    }

    /// What the variables of earlier deployments set, or why they set nothing, a line each.
    pub(crate) fn aliases() -> impl Iterator<Item = String> {
        aliases::table()
    }

    /// All values as TOML with their sources, by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, String, &str)> {
        self.values.iter().map(|(key, value)| {
            let shown = toml::Value::deserialize(value.clone())
                .map_or_else(|_| value.to_string(), |value| value.to_string());
            (key.as_str(), shown, value.origin().unwrap_or(BUILT_IN))
        })
    }

    /// The configuration that follows.
    ///
    /// # Errors
    /// When a value cannot be used.
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        // By way of a TOML table, which takes no text for a number and no number for a switch.
        let table = toml::Table::deserialize(self.merged.clone())
            .map_err(|error| self.refuse("", error.to_string()))?;
        let settings: Settings = serde_path_to_error::deserialize(table).map_err(|error| {
            let key = error.path().to_string();
            // The first line says what is wrong; the rest where, which the path says better.
            let reason = error.into_inner().to_string();
            self.refuse(&key, reason.lines().next().unwrap_or_default().to_owned())
        })?;
        let wrong = check(&settings).into_iter();
        ConfigError::all(
            wrong
                .map(|(key, reason)| self.refuse(&key, reason))
                .collect(),
        )?;
        Ok(settings)
    }

    /// Lays values over, each with its source; later ones win.
    fn add(
        &mut self,
        values: impl IntoIterator<Item = (String, ValueKind, String)>,
    ) -> Result<(), ConfigError> {
        let (mut layer, mut wrong) = (Map::new(), Vec::new());
        for (key, value, origin) in values {
            if aliases::is_retired(&key) {
                self.retired.push((key, origin));
                continue;
            }
            match self.fitting(&key, value, &origin) {
                Ok(value) => {
                    layer.insert(key, Value::new(Some(&origin), value));
                }
                Err(error) => wrong.push(error),
            }
        }
        self.merged = Config::builder()
            .add_source(self.merged.clone())
            .add_source(Layer(layer))
            .build()
            .map_err(|error| self.refuse("", error.to_string()))?;
        self.values = flat(&self.merged);
        ConfigError::all(wrong)
    }

    fn refuse(&self, key: &str, reason: String) -> ConfigError {
        let origin = self.values.get(key).and_then(Value::origin);
        ConfigError::Value {
            key: key.to_owned(),
            origin: origin.unwrap_or(BUILT_IN).to_owned(),
            reason,
        }
    }

    fn known(&self, key: &str, origin: &str) -> Result<&ValueKind, ConfigError> {
        match self.values.get(key) {
            Some(value) => Ok(&value.kind),
            None => Err(ConfigError::UnknownKey {
                key: key.to_owned(),
                origin: origin.to_owned(),
                nearest: nearest_name(key, self.values.keys().map(String::as_str))
                    .map(str::to_owned),
            }),
        }
    }

    /// A text as a value of the type that the key has.
    fn read(&self, key: &str, text: &str, origin: &str) -> Result<ValueKind, ConfigError> {
        let like = self.known(key, origin)?;
        let wrong = |what: &str| ConfigError::Value {
            key: key.to_owned(),
            origin: origin.to_owned(),
            reason: format!("\"{text}\" is not {what}"),
        };
        let trimmed = text.trim();
        match like {
            ValueKind::I64(_) => trimmed
                .parse()
                .map(ValueKind::I64)
                .map_err(|_| wrong("a whole number")),
            ValueKind::Float(_) => trimmed
                .parse()
                .map(ValueKind::Float)
                .map_err(|_| wrong("a number")),
            ValueKind::Boolean(_) => trimmed
                .parse()
                .map(ValueKind::Boolean)
                .map_err(|_| wrong("true or false")),
            ValueKind::Array(_) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect::<Vec<_>>()
                .into()),
            _ => Ok(text.into()),
        }
    }

    /// The value as the key's type wants it.
    fn fitting(&self, key: &str, value: ValueKind, origin: &str) -> Result<ValueKind, ConfigError> {
        let like = self.known(key, origin)?;
        let value = match (like, value) {
            (ValueKind::Float(_), ValueKind::I64(whole)) => ValueKind::Float(whole as f64),
            (_, value) => value,
        };
        if type_name(like) != type_name(&value) {
            return Err(ConfigError::Value {
                key: key.to_owned(),
                origin: origin.to_owned(),
                reason: format!(
                    "must be of type {}, not {}",
                    type_name(like),
                    type_name(&value)
                ),
            });
        }
        Ok(value)
    }
}

/// A type as TOML calls it.
fn type_name(value: &ValueKind) -> &'static str {
    match value {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "boolean",
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => {
            "integer"
        }
        ValueKind::Float(_) => "float",
        ValueKind::String(_) => "string",
        ValueKind::Table(_) => "table",
        ValueKind::Array(_) => "array",
    }
}

fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .build()
        .map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            message: syntax_message(text, &error),
        })
}

/// What is wrong, and in which line, on one line.
fn syntax_message(text: &str, error: &config::ConfigError) -> String {
    if let config::ConfigError::FileParse { cause, .. } = error
        && let Some(error) = cause.downcast_ref::<toml::de::Error>()
    {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start.min(text.len())))
            .map(|before| before.lines().count().max(1));
        return match line {
            Some(line) => format!("line {line}: {}", error.message()),
            None => error.message().to_owned(),
        };
    }
    error.to_string()
}

/// Every value that is not a table, by its full key. An empty table stands for nothing.
fn flat(config: &Config) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    flatten("", config.cache.clone(), &mut values);
    values
}

fn flatten(key: &str, value: Value, into: &mut BTreeMap<String, Value>) {
    match value.kind {
        ValueKind::Table(inner) => {
            for (name, value) in inner {
                let key = if key.is_empty() {
                    name
                } else {
                    format!("{key}.{name}")
                };
                flatten(&key, value, into);
            }
        }
        _ => {
            into.insert(key.to_owned(), value);
        }
    }
}
