//! `keys`: the keys of the service's callers, made, listed and taken back; and those that the
//! environment gives.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use chat2svg_keys::{Entry, KeyFile, KeyRing, Quota, Secret};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Usage,
    cli::{AddKey, Keys},
    files::read_limited,
    oneshot::print_line,
    settings::Settings,
};

/// The variable that holds keys, for containers.
pub(crate) const VARIABLE: &str = "CHAT2SVG_API_KEYS";
/// The variable that names a file with keys in the same form, for secrets of containers.
pub(crate) const FILE_VARIABLE: &str = "CHAT2SVG_API_KEYS_FILE";
/// The most bytes of such a file.
const MOST_BYTES: usize = 1 << 20;

/// Does what was asked for.
///
/// # Errors
/// When the file of keys cannot be used, or there is no such key.
pub(crate) fn run(command: &Keys, settings: &Settings) -> anyhow::Result<()> {
    let path = settings.auth.keys_file.as_path();
    match command {
        Keys::Add(command) => add(command, path),
        Keys::List(command) => list(command.json, path),
        Keys::Revoke(command) => {
            let mut file = KeyFile::load(path)?.unwrap_or_default();
            file.revoke(&command.name)?;
            file.save(path)?;
            eprintln!(
                "chat2svg: the key \"{}\" is not taken any more",
                command.name
            );
            Ok(())
        }
    }
}

fn add(command: &AddKey, path: &Path) -> anyhow::Result<()> {
    let mut file = KeyFile::load(path)?.unwrap_or_default();
    let secret = Secret::generate().context("the system gives no random numbers")?;
    let now = Timestamp::now();
    let expires_at = match command.expires {
        None => None,
        Some(span) => {
            let span = SignedDuration::try_from(span).ok();
            let end = span.and_then(|span| now.checked_add(span).ok());
            Some(end.ok_or_else(|| Usage("--expires is too far away".to_owned()))?)
        }
    };
    let owner = command.owner.clone();
    file.add(Entry {
        name: command.name.clone(),
        owner: owner.unwrap_or_else(|| command.name.owner()),
        hash: secret.hash(),
        scopes: command.scopes,
        created_at: now,
        expires_at,
        quota: Quota {
            per_minute: command.per_minute,
            per_day: command.per_day,
            concurrent: command.concurrent,
        },
    })?;
    file.save(path)?;
    eprintln!(
        "chat2svg: this is the key \"{}\"; it is shown this once, and {} keeps a hash of it",
        command.name,
        path.display()
    );
    print_line(secret.reveal())
}

fn list(json: bool, path: &Path) -> anyhow::Result<()> {
    let file = KeyFile::load(path)?.unwrap_or_default();
    let now = Timestamp::now();
    if json {
        let shown: Vec<_> = file
            .entries()
            .iter()
            .map(|entry| {
                serde_json::json!({
                    "name": entry.name,
                    "owner": entry.owner,
                    "scopes": entry.scopes,
                    "created_at": entry.created_at,
                    "expires_at": entry.expires_at,
                    "expired": entry.is_expired(now),
                    "quota": entry.quota,
                })
            })
            .collect();
        return print_line(&serde_json::to_string_pretty(&shown)?);
    }
    if file.entries().is_empty() {
        eprintln!("chat2svg: there are no keys in {}", path.display());
    }
    for entry in file.entries() {
        let end = match entry.expires_at {
            None => "never ends".to_owned(),
            Some(_) if entry.is_expired(now) => "has expired".to_owned(),
            Some(end) => format!("until {end:.0}"),
        };
        let limit = |count: u32, what: &str| match count {
            0 => String::new(),
            count => format!(", {count} {what}"),
        };
        let Quota {
            per_minute,
            per_day,
            concurrent,
        } = entry.quota;
        print_line(&format!(
            "{:16} owner {}, {}, {end}{}{}{}",
            entry.name.as_str(),
            entry.owner,
            entry.scopes,
            limit(per_minute, "a minute"),
            limit(per_day, "a day"),
            limit(concurrent, "at once"),
        ))?;
    }
    Ok(())
}

/// The keys in force for a service.
///
/// # Errors
/// When the file or the environment has keys that cannot be used.
pub(crate) fn ring(settings: &Settings) -> anyhow::Result<Arc<KeyRing>> {
    let now = Timestamp::now();
    let mut entries = Vec::new();
    if let Some(value) = std::env::var_os(VARIABLE) {
        let text = value
            .into_string()
            .map_err(|_| anyhow::anyhow!("{VARIABLE} is not valid UTF-8"))?;
        entries.extend(KeyRing::parse_environment(&text, VARIABLE, now)?);
    }
    if let Some(path) = std::env::var_os(FILE_VARIABLE) {
        let bytes = read_limited(Path::new(&path), MOST_BYTES)
            .with_context(|| format!("{FILE_VARIABLE} names a file that cannot be used"))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| anyhow::anyhow!("the file of {FILE_VARIABLE} is not valid UTF-8"))?;
        entries.extend(KeyRing::parse_environment(&text, FILE_VARIABLE, now)?);
    }
    Ok(Arc::new(KeyRing::new(&settings.auth.keys_file, entries)?))
}
