//! Resource-monitor actor: CPU, memory, swap, load, pressure and GPUs; levels with hysteresis.
//!
//! Every few seconds a [`Probe`] reads the machine on a blocking thread, within the limits of the
//! container if there is one; [`LevelTracker`] says which level follows; the snapshot goes to
//! whoever was wired up to hear of it.
//!
//! A reading takes about half a millisecond of CPU time, 0.01 % of a core at the usual interval; a
//! test keeps it below 0.5 % at the shortest.
//!
//! The level says what the *rest* of the machine leaves to this process: CPU that this process uses
//! itself does not lower it, or every running job would lower the level of the next one. What
//! running jobs need is the scheduler's account. The monitor decides nothing but the level.

#![forbid(unsafe_code)]

mod actor;
pub mod cgroup;
mod config;
mod gpu;
mod levels;
mod machine;
pub mod memory;
mod pressure;
mod reading;
mod runnable;

pub use actor::ResourcesActor;
pub use config::{ResourcesConfig, SwapSteps, Threshold};
pub use levels::{Availability, LevelTracker, level_of};
pub use machine::MachineProbe;
pub use reading::{Probe, ProbeError, Reading};
