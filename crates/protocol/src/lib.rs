//! Typed messages between the actors, and the domain types in them; no behaviour.

#![forbid(unsafe_code)]
