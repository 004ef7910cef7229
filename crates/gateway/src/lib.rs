//! Calls of model providers: everything about a call but what is said in it.
//!
//! A [`Gateway`] stands in front of one provider. It holds the provider's address and key, limits
//! how many calls are under way and what they may cost, records what costs money before it is sent,
//! retries in the one retry loop of the process, and tells whose fault a failure was. What comes
//! back is a [`Reply`], read under the call's time limits and within a bound of bytes.
//!
//! Clients of language models and image models are written on top of it. They know wire formats;
//! nothing else is theirs.

#![forbid(unsafe_code)]

mod address;
mod budget;
mod config;
mod events;
mod fault;
mod gateway;
mod key;
mod ledger;
mod money;
mod reply;
mod watch;

pub use address::{Address, AddressError};
pub use budget::RetryBudget;
pub use config::CallConfig;
pub use events::{Event, Events};
pub use fault::{declined, failure_of, malformed};
pub use gateway::{CallLimits, Gateway, GatewayError, Purpose};
pub use key::{ApiKey, KeyError, KeySource};
pub use ledger::{CallRecord, Ledger, NoLedger, Settlement};
pub use money::{Money, Price, Purse};
pub use reply::Reply;
pub use watch::Watch;

/// What requests are built with.
pub use reqwest::{RequestBuilder, multipart};
