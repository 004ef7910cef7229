//! Webhooks: whoever asked for a job is told of its end by a request to an address of theirs.
//!
//! The store keeps what is still to be told, so that no end is forgotten by a restart.
//! [`WebhookActor`] asks it for what is due and sends it, signed as Standard Webhooks say, to hosts
//! that the configuration allows and to no private address that it does not name itself.

#![forbid(unsafe_code)]

mod actor;
mod config;
mod private;
mod sender;
mod signature;
mod targets;

pub use actor::{WebhookActor, WebhookLines};
pub use config::WebhooksConfig;
pub use sender::{SenderError, WebhookSender};
pub use targets::{TargetError, Targets};
