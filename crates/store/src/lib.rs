//! Job-store actor: durable jobs and artefacts.

#![forbid(unsafe_code)]
