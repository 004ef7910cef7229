//! Fitting vector graphics to pictures: losses, optimisers, schedules, adding and pruning paths.
//!
//! [`vectorize`] makes a document from a picture, [`refine`] changes a document so that it shows a
//! picture; both are one procedure, and from a template without shapes they give the same. The
//! result is never worse than the input by the squared error of the picture that the written
//! document shows.
//!
//! Anytime: with a [`Stop`](chat2svg_stop::Stop) the best so far comes back. Deterministic:
//! without those, the result depends on the input and the options alone, not on the number of
//! threads.
//!
//! This crate knows nothing of actors, jobs or files.

#![forbid(unsafe_code)]

mod ablation;
mod align;
mod box_loss;
mod clean;
mod clock;
mod contour_tolerance;
mod crossing;
mod crossing_repair;
mod deform;
mod descend;
mod displacement;
mod edit_search;
mod edits;
mod engine;
mod error;
mod exact;
mod explicable;
mod fit;
mod found_shape;
mod freedom;
mod ground;
mod grouping;
mod hierarchy;
mod lines;
mod loss;
mod measure;
mod neighbours;
mod normals;
mod options;
mod outlines;
#[allow(
    clippy::needless_range_loop,
    reason = "matrices are indexed by row and column"
)]
mod paint_fit;
mod parameters;
mod picture;
mod price;
mod primitives;
mod proposals;
mod quantise;
mod regions;
mod registration;
mod regularise;
mod report;
mod rollback;
mod rounding;
mod salience;
mod scene;
mod schedule;
mod segment;
mod shadow;
mod shape_set;
mod shows;
mod simplify;
mod smooth_parts;
mod soften;
mod stack;
mod step;
mod strokes;
mod subdivide;
#[cfg(test)]
#[allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]
mod testing;
mod topology;
mod trace;
mod tracker;
mod translucent;
mod trial;
mod unify;

pub use ablation::removal_growths;
pub use crossing::crosses_itself;
pub use engine::{refine, vectorize};
pub use error::FitError;
pub use hierarchy::{RegionId, RegionPrice, RegionShape, Regions};
pub use lines::thinned;
pub use options::{FitOptions, MAX_PATHS, Regularisers, Schedule};
pub use outlines::outlines;
pub use paint_fit::{FittedPaint, GradientThreshold, Sample, fit_flat, fit_paint};
pub use price::Price;
pub use registration::{Form, Movement, Registered, Registration, register, visit_name};
pub use report::{
    Action, ActionRecord, Budget, BudgetRecord, FitEnd, FitOutcome, FitReport, FitStage,
    LossSample, MAX_SAMPLES, Observer, Progress, StageRecord,
};
pub use shows::shows;
pub use trace::fit_open;
