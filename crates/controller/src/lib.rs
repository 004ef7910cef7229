//! Controller actor: one job is one state machine; fallback; output.

#![forbid(unsafe_code)]
