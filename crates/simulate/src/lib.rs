//! Plays traces of jobs through the scheduler in virtual time.
//!
//! What decides is the service's own code: [`Queue`](chat2svg_scheduler::Queue) plans,
//! [`Door`](chat2svg_scheduler::admission::Door) admits, [`Breaker`](chat2svg_breaker::Breaker)
//! stands before a model. What is simulated is the rest: arrivals ([`Trace`]), how long stages take
//! while they share cores and GPU, and what a model's server does wrong ([`Model`]). No clock, no
//! thread, no I/O: a scenario and a seed give the same [`Outcome`] every time.

#![forbid(unsafe_code)]

mod chart;
mod fleet;
mod machine;
mod outcome;
mod scenario;
mod trace;
mod world;

pub use chart::chart;
pub use fleet::{Fleet, simulate_fleet};
pub use outcome::{Outcome, table};
pub use scenario::{Model, Scenario};
pub use trace::{Arrival, Trace, TraceError};
pub use world::simulate;
