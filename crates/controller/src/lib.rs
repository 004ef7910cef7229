//! Controller actor: one job is one state machine; fallback; output.
//!
//! [`Machine`] decides, knowing neither clock nor actors; the actor owns mailbox, time and effects.

#![forbid(unsafe_code)]

mod actor;
mod calls;
mod config;
mod events;
mod inputs;
mod machine;
mod memory;
pub mod output;
mod persister;
mod request;
mod timing;
mod verdict;

pub use actor::{
    ComposeRequest, Composer, ControllerActor, ControllerCapacity, ControllerLines, Isolation,
};
pub use calls::StageLines;
pub use config::ControllerConfig;
pub use inputs::{InputError, InputLimits, ParsedInputs, check_inputs, parse_inputs};
pub use machine::{
    Checkpoint, Command, EndFacts, Event, InputFault, IsolatedEnd, Machine, StageCall, StageOutput,
    Target, wanted_stages,
};
pub use memory::MemoryBudget;
pub use persister::PersisterLines;
pub use timing::Timing;
