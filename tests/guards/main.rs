//! What must not get worse without anybody noticing: the quality of fits, how the code is kept, and
//! that every name of a closed set is known wherever the set is written down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod drawings;
mod fits;
mod hygiene;
mod sources;
mod vectorized;
mod vocabularies;
