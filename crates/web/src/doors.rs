//! Doors: the APIs that people's tools already speak, each a thin adapter over jobs.

pub(crate) mod mcp;
pub(crate) mod openai;
