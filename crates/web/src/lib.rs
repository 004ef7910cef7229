//! Web actor: HTTP API, server-sent events, OpenAPI document, web page.
//!
//! A request is read within limits, checked completely, given a place (admission is a semaphore,
//! not a mailbox) and handed to the controller; what happens then is followed by subscription.
//! Nothing here knows how a picture is made. Pure parts (negotiation, framing, validation,
//! admission) know no HTTP framework; handlers are short.

#![forbid(unsafe_code)]

mod access;
mod actor;
mod admission;
mod assets;
mod auth;
mod batch;
mod clients;
mod config;
mod connection;
mod descriptors;
mod doors;
mod exposition;
mod feed;
mod input;
mod middleware;
mod negotiate;
mod openapi;
mod pieces;
mod problem;
mod raw_answers;
mod renditions;
mod routes;
mod server;
mod services;
mod sse;
mod store_fault;
mod submit;
#[cfg(test)]
mod tests;
mod wire;

pub use actor::{CloseDoors, StopServer, WebActor};
pub use batch::{BatchLine, BatchPicture, MOST_VARIANTS, batch_pictures};
pub use config::{RateLimit, WebConfig};
pub use descriptors::Shortage;
pub use doors::mcp::{McpError, serve_stdio};
pub use exposition::install_metrics;
pub use metrics_exporter_prometheus::PrometheusHandle;
pub use routes::addresses;
pub use server::{BindError, Port, WebFront};
pub use services::{WebLines, WebServices};
pub use wire::LineUpPlace;
