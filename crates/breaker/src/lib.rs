//! Circuit-breaker actor over a pure state machine.
//!
//! In front of every stage backend stands a circuit. While it is closed, calls pass and their
//! outcomes are counted; when too many failed it opens and refuses calls for a while that grows
//! with every failed attempt to close it; then it lets a few probes through, and closes again when
//! they succeed. [`Breaker`] is that machine without clock or mailbox; [`BreakerActor`] keeps one
//! for each [`Circuit`](chat2svg_protocol::Circuit).
//!
//! It does not call backends and does not know what a failure is: its callers report that.

#![forbid(unsafe_code)]

mod actor;
mod breaker;
mod config;

pub use actor::BreakerActor;
pub use breaker::Breaker;
pub use config::BreakerConfig;
