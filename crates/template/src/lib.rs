//! Stage 1: a prompt becomes a first layered SVG.

#![forbid(unsafe_code)]
