//! Watchdog, stable addresses and the compute pool that every actor stands on.
//!
//! Why this exists: a panic in an actix actor ends the actor for good, and actix's own `Supervisor`
//! does not bring it back; every address held elsewhere then says "mailbox has closed" for ever.
//! Here an actor lives in a [`Slot`], a [`Watchdog`] polls it and fills the slot anew when it died
//! or hangs, and others hold [`Line`]s, which look the slot up at every send. CPU work goes to a
//! [`ComputePool`], where a panic ends one piece of work and nothing else.
//!
//! What it does not do: it keeps no state across a restart (an actor that needs its state back asks
//! for it when it starts), and it is no back-pressure: admission is a permit taken before sending.
//!
//! ```no_run
//! use std::time::Duration;
//! use actix::prelude::*;
//! use chat2svg_supervision::{Slot, Watchdog, WatchdogPolicy, answers_polls};
//!
//! #[derive(Message)]
//! #[rtype(result = "u32")]
//! struct Count;
//!
//! struct Counter(u32);
//! impl Actor for Counter {
//!     type Context = Context<Self>;
//! }
//! impl Handler<Count> for Counter {
//!     type Result = u32;
//!     fn handle(&mut self, _: Count, _: &mut Self::Context) -> u32 {
//!         self.0 += 1;
//!         self.0
//!     }
//! }
//! answers_polls!(Counter);
//!
//! #[actix::main]
//! async fn main() {
//!     let slot = Slot::new("counter");
//!     let line = slot.line::<Count>();
//!     let watchdog = Watchdog::new(WatchdogPolicy::default());
//!     watchdog.start(&slot, &Arbiter::current(), || Counter(0));
//!     let count = line.ask(Count, Duration::from_secs(1)).await;
//!     assert_eq!(count, Ok(1));
//! }
//! ```

#![forbid(unsafe_code)]

mod backoff;
mod compute;
mod line;
mod poll;
mod slot;
mod watchdog;

pub use compute::{ComputeError, ComputePool};
pub use line::{AskError, Line};
pub use poll::Poll;
pub use slot::Slot;
pub use watchdog::{Watchdog, WatchdogPolicy};
