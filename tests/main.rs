//! End to end: the real program, its real command line, HTTP on a free port. Nothing is mocked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batch;
#[path = "browser/program.rs"]
mod browser;
mod callers;
mod clean;
mod clients;
mod cluster;
mod command_line;
mod daemon;
mod doors;
mod fakes;
mod files;
mod holding;
mod hostile;
mod image_models;
mod isolation;
mod keys;
mod load;
mod mcp;
mod migrate;
#[path = "../crates/llm/tests/support/server.rs"]
mod model_server;
mod models;
mod original;
mod output;
mod page;
mod palette;
mod refine;
mod refusals;
mod restart;
mod routes;
mod script_backends;
mod scripts;
mod seams;
mod service;
mod stand_ins;
mod support;
mod webhooks;
