//! Stage 1: a prompt becomes a first layered SVG.
//!
//! The embedded composer works without any model: [`embedded::understand`] turns a prompt into a
//! [`embedded::SceneDescription`], [`embedded::compose`] turns that into a document, and
//! [`embedded::compose_prompt`] does both. [`EmbeddedComposer`] is that as a backend;
//! [`TemplateActor`] has runs served by a line-up of backends, of which it is the last. Before it
//! may stand [`ModelComposer`]s, which have a language model draw.

#![forbid(unsafe_code)]

mod actor;
mod candidates;
mod composer;
mod config;
pub mod critique;
pub mod embedded;
mod model;

pub use actor::TemplateActor;
pub use candidates::{Choice, best_of, rank};
pub use composer::EmbeddedComposer;
pub use config::TemplateConfig;
pub use model::{Drawing, ModelComposer, ModelConfig, ModelSteps, ReplyReader, read_reply};
