//! Circuit-breaker actor over a pure state machine.

#![forbid(unsafe_code)]
