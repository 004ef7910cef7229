//! `migrate`: a file of environment variables as a configuration file.

use std::{ffi::OsString, fmt::Write as _};

use anyhow::bail;
use chat2svg_protocol::printable;
use chat2svg_scripts::surroundings::{Service, dotenv};

use crate::{cli::Migrate, oneshot::print_bytes, settings::Layers};

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
    let mut layers = Layers::defaults()?;
    let mut is_whole = true;
    // Those with full names last, which win.
    let mut ours: Vec<_> = variables
        .iter()
        .filter(|(name, _)| name.starts_with("CHAT2SVG_"))
        .collect();
    ours.sort_by_key(|(name, _)| name.starts_with("CHAT2SVG__"));
    for (name, value) in ours {
        let one = (OsString::from(name), OsString::from(value));
        if let Err(error) = layers.add_environment([one]) {
            is_whole = false;
            eprintln!("chat2svg: {}", printable(&error.to_string()));
        }
    }
    let mut text = String::new();
    for line in layers.unused() {
        let _ = writeln!(text, "# {line}");
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
