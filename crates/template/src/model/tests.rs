//! Replies, sound and mangled, and a whole run over a model that says what a test wants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod mangled;
mod replies;
mod runs;
