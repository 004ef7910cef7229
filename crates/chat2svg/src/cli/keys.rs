//! What can be asked for about keys.

use std::time::Duration;

use chat2svg_keys::{Name, Scopes};
use chat2svg_protocol::Owner;
use clap::{Args, Subcommand};

use super::duration;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key; it is printed once and kept as a hash.
    Add(AddKey),
    /// List the keys there are.
    List(ListKeys),
    /// Take a key back.
    Revoke(RevokeKey),
}

/// Options of `keys add`.
#[derive(Debug, Args)]
pub(crate) struct AddKey {
    /// What it is listed, revoked and logged by.
    pub(crate) name: Name,
    /// Whose jobs are asked for with it; without it, the name. Keys of one owner see the same
    /// jobs; "local" is whoever used the service before it had keys.
    #[arg(long)]
    pub(crate) owner: Option<Owner>,
    /// What it may be used for: read, write, admin (everything, for every owner).
    #[arg(long, default_value = "read,write", value_parser = |text: &str| text.parse::<Scopes>())]
    pub(crate) scopes: Scopes,
    /// When it ends, such as 90d or 12h; without it, never.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) expires: Option<Duration>,
    /// The most jobs a minute; 0 for any number.
    #[arg(long, default_value_t = 0)]
    pub(crate) per_minute: u32,
    /// The most jobs a day; 0 for any number.
    #[arg(long, default_value_t = 0)]
    pub(crate) per_day: u32,
    /// The most jobs at once; 0 for any number.
    #[arg(long, default_value_t = 0)]
    pub(crate) concurrent: u32,
}

/// Options of `keys list`.
#[derive(Debug, Args)]
pub(crate) struct ListKeys {
    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `keys revoke`.
#[derive(Debug, Args)]
pub(crate) struct RevokeKey {
    /// The key's name.
    pub(crate) name: Name,
}
