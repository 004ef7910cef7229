//! Fitting vector graphics to pictures: losses, optimisers, schedules, adding and pruning paths.

#![forbid(unsafe_code)]

mod paint_fit;

pub use paint_fit::{FittedPaint, GradientThreshold, Sample, fit_flat, fit_paint};
