//! Stage 1: a prompt becomes a first layered SVG.
//!
//! The embedded composer works without any model: `embedded::language` turns a prompt into a
//! [`embedded::SceneDescription`], `embedded::layout` and `embedded::art` turn that into a document.

#![forbid(unsafe_code)]

pub mod embedded;
