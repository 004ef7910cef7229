//! Scheduler actor: the stage-selection programme and the queue it plans.

#![forbid(unsafe_code)]
