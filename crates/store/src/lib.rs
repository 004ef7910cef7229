//! Job-store actor: durable jobs and artefacts.
//!
//! A job that was accepted is in an SQLite file before the caller is told so, and survives the
//! death of the process and of the machine. Its end, checkpoints and progress survive the death of
//! the process; where a power cut undoes an end, the job is done again.
//!
//! Three layers, each knowing nothing of the one above: [`Database`] maps the domain to SQL, a
//! [`StoreWorker`] owns it on a thread of its own (SQLite blocks, an arbiter must not), and
//! [`StoreActor`] turns messages into work for that thread. The worker outlives its actor, so a
//! restarted actor finds everything as it was, an in-memory store too.
//!
//! It does not serve several processes at once: the file is locked while it is open.

#![forbid(unsafe_code)]

mod actor;
mod config;
mod database;
mod error;
mod fingerprint;
mod record;
mod schema;
mod worker;

pub use actor::StoreActor;
pub use config::{OwnerRetention, StoreConfig};
pub use database::{Database, OwnerKeep, Retention};
pub use error::DatabaseError;
pub use fingerprint::fingerprint;
pub use worker::StoreWorker;
