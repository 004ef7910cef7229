//! What must not get worse without anybody noticing: the quality of fits, and how the code is kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fits;
