//! Scheduler actor: the stage-selection programme and the queue it plans.
//!
//! Which waiting jobs run now, and with which stages, is an integer programme: the summed quality
//! of the stages is maximised under the CPU, memory and GPU memory that are free and the number of
//! jobs that may run at once. Jobs that are alike count as one class, which keeps the programme
//! small however long the queue is. Waiting has a worth too, as long as the deadline allows it: a
//! job is not stripped of its stages only because the machine is busy for a second.
//!
//! - [`Queue`] is the state machine: who waits, who runs, what is reserved. It knows no clock.
//! - [`Programme`] is the integer programme, solved exactly ([`solve`]) or greedily
//!   ([`solve_greedily`]).
//! - [`Estimates`] says what a stage costs, and learns how long it takes.
//! - [`SchedulerActor`] owns mailbox and clock, and has programmes solved on a compute pool.
//!
//! Measured on two cores (`cargo bench -p chat2svg-scheduler`): a round, which runs on the arbiter,
//! takes 5 µs with one waiting job, 0.1 ms with 16, and 0.35 ms with 256 or 4,096; the solver takes
//! 0.02 to 3 ms, which is why it runs on a pool. When everything fits nothing is solved.
//!
//! It does not run stages and does not refuse jobs: admission is a permit taken before a job is
//! sent.

#![forbid(unsafe_code)]

mod actor;
mod config;
mod estimates;
mod fitting;
mod programme;
mod queue;
mod solver;

pub use actor::{SchedulerActor, SharedQueue};
pub use config::{SchedulerConfig, StageCost, StageCosts, StageWeights};
pub use estimates::Estimates;
pub use programme::{Allocation, Choice, Class, Programme, Resources};
pub use queue::{Machine, Queue, Round, Waiting};
pub use solver::{Limits, solve, solve_greedily};
