//! Circuit-breaker actor over a pure state machine.
//!
//! In front of every stage backend stands a circuit. While it is closed, calls pass and their
//! ends are counted; when too many failed it opens and refuses calls for a while that grows with
//! every failed attempt to close it; then it lets a few probes through, and closes again when they
//! succeed. A backend that asks to wait is left alone for exactly that long, one that lacks a key
//! or credit for a long time. [`Breaker`] is that machine without clock or mailbox;
//! [`BreakerActor`] keeps one for each [`Circuit`](chat2svg_protocol::Circuit).
//!
//! It calls no backend. Callers report facts (how a call ended, whose fault it was, how long it
//! took); what they say about the backend is judged here.

#![forbid(unsafe_code)]

mod actor;
mod breaker;
mod config;
mod verdict;

pub use actor::BreakerActor;
pub use breaker::Breaker;
pub use config::BreakerConfig;
