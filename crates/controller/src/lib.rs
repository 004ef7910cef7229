//! Controller actor: one job is one state machine; fallback; output.
//!
//! [`Machine`] decides, knowing neither clock nor actors; the actor owns mailbox, time and effects.

#![forbid(unsafe_code)]

mod config;
mod machine;
mod timing;

pub use config::ControllerConfig;
pub use machine::{
    Command, EndFacts, Event, Machine, StageCall, StageFault, StageProduct, wanted_stages,
};
pub use timing::Timing;
