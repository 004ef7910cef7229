//! Finding regions of a picture that one path can paint: a hierarchy by greedy merging, and the
//! best cut through it. Knows pixels only; outlines and paints are made elsewhere.

mod cut;
mod moments;
mod sharpen;
mod tree;

pub(crate) use cut::{CutCost, LEAST_AREA, best_cover, best_residual_regions};
pub(crate) use sharpen::sharpened;
pub(crate) use tree::{NodeId, RegionTree};
