//! Runs one job in a child process of the same program, with limits on memory, processor time and
//! stack and without network, so that its death fails that job and nothing else.
//!
//! Both ends are here. [`Runner`] is the parent's: it starts the child, sends the job, passes
//! events on, and always kills and reaps it. [`child`] and [`sandbox`] are the child's: it gives
//! up what it may do before it reads anything, reads one job, answers with events and the end.
//! They speak in typed frames of bounded length over stdin and stdout; stderr is the child's log,
//! which the parent bounds and escapes. The parent believes nothing that it cannot check.
//!
//! Who runs isolated is decided by [`Foreign`], what a child may use by [`Limits`]: both are pure.

#![forbid(unsafe_code)]

pub mod child;
mod config;
mod error;
mod frame;
mod last_words;
mod limits;
mod process;
mod runner;
pub mod sandbox;
mod wire;

pub use config::{Foreign, IsolationConfig};
pub use error::{IsolationError, MemoryEnd};
pub use limits::{Limits, LimitsError};
pub use runner::{ChildCommand, Runner};
pub use wire::{IsolatedJob, IsolatedResult};
