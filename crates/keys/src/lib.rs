//! API keys: who may call, as whom, for what, and how often.
//!
//! A key is shown once, when it is made, and kept as a hash. [`KeyRing`] knows the keys of a file
//! and of the environment and tells whose a presented one is; [`Tokens`] signs short-lived
//! stand-ins for places where a browser cannot send a header; [`Usage`] counts against quotas.
//! Nothing here knows HTTP, and time is an argument.

#![forbid(unsafe_code)]

mod config;
mod entry;
mod file;
mod ring;
mod scope;
mod secret;
mod token;
mod usage;
mod window;

pub use config::AuthConfig;
pub use entry::{Entry, Name, Quota};
pub use file::{KeyFile, KeyFileError};
pub use ring::{EnvironmentError, Key, KeyRing, RingError};
pub use scope::{Scope, Scopes};
pub use secret::Secret;
pub use token::{Token, TokenError, Tokens};
pub use usage::{Place, Usage, Used, WindowState};
pub use window::{Window, Windows};
