//! Many nodes on NATS JetStream: the job store, the queue and the events of a cluster.
//!
//! The same program runs on every node, with replicated streams and buckets of NATS between them.
//! Fronts answer HTTP, workers run stages; any front answers for any job.
//!
//! - [`JobEntry`] is a job as the cluster keeps it: pure, every change of it checks who makes it.
//!   A change is written against the revision that it was made from, so of two writers one is told
//!   that it was too late. A worker's writes carry its [`Claim`], so one that was cut off and comes
//!   back overwrites nothing.
//! - [`ClusterStoreActor`] answers the store's messages, so that the controller works unchanged.
//! - [`ClusterFrontActor`] answers what the web front asks of the controller.
//! - [`ClaimActor`] takes jobs from the queue while this node has room for them, keeps them by
//!   progress acknowledgements, and hands on what happens to them.
//!
//! A job runs at least once and ends exactly once. All streams, buckets and subjects are in
//! `names`, versioned.

#![forbid(unsafe_code)]

mod blobs;
mod catalogue;
mod circuits;
mod claim;
mod clock;
mod config;
mod connection;
mod entry;
mod error;
mod events;
mod files;
mod front;
mod jobs;
mod listing;
mod login;
mod look;
mod names;
mod nodes;
mod ownership;
mod quota;
mod store;
mod submission;
mod turns;

pub use catalogue::Catalogue;
pub use circuits::CircuitLines;
pub use claim::{ClaimActor, ClaimLines, HandBack};
pub use config::ClusterConfig;
pub use connection::Cluster;
pub use entry::{Claim, JobEntry, Refused};
pub use error::ClusterError;
pub use front::ClusterFrontActor;
pub use look::{Look, NodeLook};
pub use nodes::{NodeLines, Nodes};
pub use ownership::Claims;
pub use store::ClusterStoreActor;
