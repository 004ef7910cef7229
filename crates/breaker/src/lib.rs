//! Circuit-breaker actor over a pure state machine.
//!
//! In front of every stage backend stands a circuit, and one in front of the pipeline as a whole,
//! whose calls are jobs. While it is closed, calls pass and their ends are counted; when too many
//! failed it opens and refuses calls for a while that grows with every failed attempt to close it;
//! then it lets a few probes through, and closes again when they succeed. What opens it: failures
//! in a row, a share of failures or of slow calls in a sliding window, money spent on calls that
//! gave nothing. A backend that asks to wait is left alone for exactly that long, one that lacks a
//! key or credit for a long time. Somebody may hold a circuit open or closed. [`Breaker`] is that
//! machine without clock or mailbox; [`BreakerActor`] keeps one for each
//! [`Circuit`](chat2svg_protocol::Circuit), and the pipeline's.
//!
//! It calls no backend. Callers report facts (how a call ended, whose fault it was, how long it
//! took); what they say about the backend is judged here.

#![forbid(unsafe_code)]

mod actor;
mod breaker;
mod config;
mod registry;
mod usual;
mod verdict;
mod window;

pub use actor::BreakerActor;
pub use breaker::{Breaker, Refusal};
pub use config::BreakerConfig;
pub use registry::CircuitRegistry;
pub use window::WindowCounts;
