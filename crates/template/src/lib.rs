//! Stage 1: a prompt becomes a first layered SVG.
//!
//! The embedded composer works without any model: [`embedded::understand`] turns a prompt into a
//! [`embedded::SceneDescription`], [`embedded::compose`] turns that into a document, and
//! [`embedded::compose_prompt`] does both. [`TemplateActor`] serves it to the controller.

#![forbid(unsafe_code)]

mod actor;
mod candidates;
mod config;
pub mod embedded;

pub use actor::TemplateActor;
pub use candidates::{Choice, best_of};
pub use config::TemplateConfig;
