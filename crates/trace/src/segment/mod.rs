//! Finding regions of a picture that one path can paint: a hierarchy by greedy merging, and the
//! best cut through it. Knows pixels only; outlines and paints are made elsewhere.

mod cut;
mod moments;
mod sharpen;
mod tree;

pub use cut::{CutCost, best_cover};
pub(crate) use cut::{LEAST_AREA, best_residual_regions};
pub(crate) use sharpen::sharpened;
pub use tree::{NodeId, RegionTree};
