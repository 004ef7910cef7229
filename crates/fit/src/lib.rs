//! Fitting vector graphics to pictures: losses, optimisers, schedules, adding and pruning paths.

#![forbid(unsafe_code)]
