//! Stage 2: a richer target picture, and the new shapes found in it.

#![forbid(unsafe_code)]
