//! Scheduler actor: the stage-selection programme and the queue it plans.
//!
//! How each waiting job runs is an integer programme: the summed quality of all stages is maximised
//! under what there is of cores, memory, GPU memory, places and calls until each job's deadline,
//! beside what is expected to arrive meanwhile. Jobs that are alike count as one class, which keeps
//! the programme small however long the queue is. A job is given the highest level that its
//! deadline leaves time for, unless others would lose more by it: then jobs are served early with
//! less, not late with more.
//!
//! - [`Queue`] is the state machine: who waits, who runs, what each is given. It knows no clock.
//! - [`Programme`] is the integer programme, solved exactly ([`solve`]) or greedily
//!   ([`solve_greedily`]).
//! - [`Estimates`] says what a stage takes and gives, learnt from what happened.
//! - [`admission`] says whether a job is taken on, from the queue's [`admission::Forecast`].
//! - [`nodes`] adds up the forecasts of many machines.
//! - [`AdaptiveLimit`] learns how much may be under way at once.
//! - [`SchedulerActor`] owns mailbox and clock, and has programmes solved on a compute pool.
//!
//! All but the actor is pure and also runs in the simulator. What it measures is in this crate's
//! README.

#![forbid(unsafe_code)]

mod actor;
pub mod admission;
mod arrivals;
mod config;
mod estimates;
mod limit;
pub mod nodes;
mod programme;
mod quantiles;
mod queue;
mod sharing;
mod solver;
mod ways;

pub use actor::{SchedulerActor, SchedulerLines, SharedForecast, SharedQueue};
pub use arrivals::ArrivalRate;
pub use config::{SchedulerConfig, StageCost, StageCosts, StageWeights, Strategy};
pub use estimates::{Estimates, Work};
pub use limit::AdaptiveLimit;
pub use programme::{Allocation, Choice, Class, Expected, Needs, Programme, Resources, Tier};
pub use quantiles::Quantiles;
pub use queue::{Machine, Queue, Round, Waiting};
pub use solver::{Limits, solve, solve_greedily};
