//! Watchdog, stable mailboxes, permits and the compute pool that every actor stands on.

#![forbid(unsafe_code)]
