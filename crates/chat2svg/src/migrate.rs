//! `migrate`: a file of environment variables as a configuration file.

use std::{collections::BTreeMap, ffi::OsString, fmt::Write as _};

use anyhow::bail;
use chat2svg_protocol::printable;
use chat2svg_scripts::surroundings::{Service, dotenv};

use crate::{
    cli::Migrate,
    oneshot::print_bytes,
    settings::{ConfigError, Layers},
};

/// Prints what the file's variables set. Answers whether all of them could be read; those that
/// could not are told.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn run(command: &Migrate) -> anyhow::Result<bool> {
    if !command.file.is_file() {
        bail!("{} is no file", command.file.display());
    }
    let variables = dotenv(&command.file)?;
    let Read { layers, refused } = read(&variables)?;
    let mut is_whole = refused.is_empty();
    for (_, error) in &refused {
        eprintln!("chat2svg: {}", printable(error));
    }
    let mut text = String::new();
    for line in layers.unused() {
        let _ = writeln!(text, "# {line}");
    }
    for (name, error) in &refused {
        let _ = writeln!(text, "# {name} is left out: {}", printable(error));
    }
    let mut section = String::new();
    for (key, value, source) in layers.iter() {
        let Some(variable) = source.strip_prefix("environment variable ") else {
            continue;
        };
        let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
        if section != table {
            section = table.to_owned();
            let _ = writeln!(text, "\n[{table}]");
        }
        let _ = writeln!(text, "{name} = {value}  # {variable}");
    }
    let backend = variables.get("BACKEND").map(String::as_str);
    match Service::of(backend) {
        Ok(Some(service)) if section != "llm" => text.push_str(&model(service)),
        Ok(_) => {}
        Err(error) => {
            is_whole = false;
            eprintln!("chat2svg: {error}");
        }
    }
    print_bytes(text.trim_start().as_bytes())?;
    Ok(is_whole)
}

/// What variables set, without those that cannot be used.
struct Read {
    layers: Layers,
    /// Their names, and why.
    refused: Vec<(String, String)>,
}

fn read(variables: &BTreeMap<String, String>) -> anyhow::Result<Read> {
    // Those with full names last, which win.
    let mut ours: Vec<_> = variables
        .iter()
        .filter(|(name, _)| name.starts_with("CHAT2SVG_"))
        .collect();
    ours.sort_by_key(|(name, _)| name.starts_with("CHAT2SVG__"));
    let mut refused: Vec<(String, String)> = Vec::new();
    loop {
        let mut layers = Layers::defaults()?;
        for (name, value) in &ours {
            if refused.iter().any(|(refused, _)| refused == *name) {
                continue;
            }
            let one = (OsString::from(name), OsString::from(value));
            if let Err(error) = layers.add_environment([one]) {
                refused.push(((*name).clone(), error.to_string()));
            }
        }
        // Each alone may be sound, and all together not; what is printed has to be accepted.
        let Err(error) = layers.clone().settings() else {
            return Ok(Read { layers, refused });
        };
        let at_fault = ours.iter().map(|(name, _)| (*name).clone()).find(|name| {
            let is_new = refused.iter().all(|(refused, _)| refused != name);
            is_new && is_told_of(&error, name)
        });
        let Some(name) = at_fault else {
            bail!(error);
        };
        refused.push((name, error.to_string()));
    }
}

/// Whether an error is about what a variable set.
fn is_told_of(error: &ConfigError, name: &str) -> bool {
    match error {
        ConfigError::Value { origin, .. } | ConfigError::UnknownKey { origin, .. } => {
            origin.strip_prefix("environment variable ") == Some(name)
        }
        ConfigError::Several(errors) => errors.iter().any(|error| is_told_of(error, name)),
        _ => false,
    }
}

/// The original's language model. Its key stays where it is.
fn model(service: Service) -> String {
    let (provider, base_url) = match service {
        Service::Anthropic => ("anthropic", String::new()),
        Service::Wildcard => ("openai", format!("base_url = \"{}\"\n", service.base_url())),
    };
    format!(
        "\n[llm]  # BACKEND\nprovider = \"{provider}\"\n{base_url}# The key is read from there; or name a file with api_key_file.\napi_key_env = \"OPENAI_API_KEY\"\n"
    )
}
