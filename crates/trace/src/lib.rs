//! Tracing: what a picture shows, as shapes, lines, shadows and paints. Nothing is fitted here, and
//! no document is changed: what is read is the start of a fit (`chat2svg-fit`), or what a target
//! shows beside a template.
//!
//! A picture's regions form a hierarchy, from single flat zones to the whole ([`regions`],
//! [`Regions`]); cuts through it become outlines and paints. Before that comes what needs no
//! regions: pictures that are one paint or pixel art ([`exact`]), marks that storage left
//! ([`clean`]), thin lines ([`lines`]), soft shadows ([`shadow`]) and the ground ([`ground`]).
//!
//! Deterministic, on any number of threads. A [`Stop`](chat2svg_stop::Stop) ends each search early,
//! with what was found by then or with nothing, as the function says.

#![forbid(unsafe_code)]

pub mod clean;
mod contour_tolerance;
mod contours;
pub mod crossing;
mod distance;
pub mod exact;
pub mod found_shape;
pub mod ground;
mod hierarchy;
#[allow(
    clippy::needless_range_loop,
    reason = "matrices are indexed by row and column"
)]
pub mod linear;
pub mod lines;
pub mod moments;
pub mod neighbours;
mod outlines;
#[allow(
    clippy::needless_range_loop,
    reason = "matrices are indexed by row and column"
)]
mod paint_fit;
pub mod picture;
mod price;
pub mod reading;
pub mod regions;
mod salience;
pub mod segment;
pub mod shadow;
mod smooth_parts;
mod stack;
mod translucent;
mod unify;

pub use contours::{fit_closed, fit_open, joined};
pub use distance::distance_inside;
pub use hierarchy::{RegionId, RegionPrice, RegionShape, Regions};
pub use outlines::outlines;
pub use paint_fit::{FittedPaint, GradientThreshold, Sample, fit_flat, fit_paint};
pub use price::{NOISE, Price, unmeasurable};
pub use translucent::{FoundPaint, OPAQUE};
