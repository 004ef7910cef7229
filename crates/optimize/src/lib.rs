//! Stage 3: budgets and anytime control over the fitter.
//!
//! How a document is fitted to a picture is `chat2svg_fit`'s concern; here stand the budgets by
//! level, the deadline (at which the best so far is served, though the fit be late), cancellation,
//! progress, and how the scheduler lowers and raises a running fit's budget.

#![forbid(unsafe_code)]

mod actor;
mod budget;
mod config;
mod fitter;
mod outcome;
mod watcher;

pub use actor::OptimizeActor;
pub use config::{LevelBudget, OptimizeConfig};
pub use fitter::EmbeddedFitter;
pub use watcher::Guidance;
