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
mod clock;
mod crossing_repair;
mod deform;
mod descend;
mod displacement;
mod engine;
mod error;
mod explicable;
mod extent;
mod fit;
mod freedom;
mod grouping;
mod loss;
mod measure;
mod merge;
mod naming;
mod normals;
mod options;
mod parameters;
mod primitives;
mod quantise;
mod registration;
mod regularise;
mod report;
mod rollback;
mod rounding;
mod savings;
mod scene;
mod schedule;
mod shape_set;
mod shows;
mod simplify;
mod step;
mod strokes;
mod subdivide;
#[cfg(test)]
#[allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]
mod testing;
mod texts;
mod topology;
mod tracker;
mod trial;

pub use ablation::removal_growths;
pub use engine::{refine, vectorize};
pub use error::FitError;
pub use naming::{Name, Namer, ShapeTraits};
pub use options::{FitOptions, MAX_PATHS};
pub use registration::{Movement, Registered, Registration, register};
pub use report::{
    Action, ActionRecord, Budget, BudgetRecord, FitEnd, FitOutcome, FitReport, LossSample,
    MAX_SAMPLES, Observer, Progress,
};
pub use shows::shows;
pub use topology::insert_above;
