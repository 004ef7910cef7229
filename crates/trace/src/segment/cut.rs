//! Choosing regions from the hierarchy: the cheapest cover of the picture, or the additions that
//! gain most. Both are exact for the hierarchy, by dynamic programming from the leaves up.

use chat2svg_stop::Stop;
use chat2svg_vector::ByteCost;
use rayon::prelude::*;

use super::tree::{NodeId, RegionTree};

/// Pixels below which a region is noise, unless a picture is free of it.
pub(crate) const LEAST_AREA: f64 = 3.0;
/// Pixels per pixel side of border below which a region is a sliver, not to be painted over others.
const LEAST_THICKNESS: f64 = 0.5;
/// Mean squared error of a pixel's components from which it is wrong: three levels in 255.
const WRONG: f32 = 9.0 / (255.0 * 255.0);
/// What keeps noise from being chosen, in squared error.
const NOISE_COST: f64 = 1e3;

/// What a region costs beside its error.
#[derive(Clone, Copy, Debug)]
pub struct CutCost {
    /// Squared error that a byte must save.
    pub per_byte: f64,
    /// Whether a region may be painted with a gradient.
    pub gradients: bool,
    /// Share of the pixels of a region to be painted over what is there that must be wrong as they
    /// are. Where fewer are, it is shown already, and what is wrong with it are its borders.
    pub least_wrong: f64,
    /// Pixels of the fitting resolution per pixel of the hierarchy's picture.
    pub pixel_area: f64,
    /// Pixels below which a region is noise.
    pub least_area: f64,
}

impl CutCost {
    /// Error and price together of every region painted in the cheaper way.
    fn of_all(&self, tree: &RegionTree) -> Vec<f64> {
        let costs = (0..tree.nodes.len()).into_par_iter().map(|id| {
            let (error, price) = self.error_and_price(tree, id as NodeId);
            error + price
        });
        costs.collect()
    }

    /// Squared error that remains in a region painted in the cheaper way, and what its bytes
    /// must save.
    fn error_and_price(&self, tree: &RegionTree, id: NodeId) -> (f64, f64) {
        let node = &tree.nodes[id as usize];
        let flat = node.moments.flat_error() * self.pixel_area;
        let definition = self.per_byte * ByteCost::USUAL_GRADIENT;
        let explained = node.moments.gradient_gain() * self.pixel_area;
        let is_gradient = self.gradients && explained > definition;
        let (error, paint) = if is_gradient {
            (flat - explained, definition)
        } else {
            (flat, 0.0)
        };
        let side = self.pixel_area.sqrt();
        let bytes = ByteCost::ELEMENT + ByteCost::BORDER * f64::from(node.perimeter) * side;
        let noise = if node.moments.count < self.least_area {
            NOISE_COST
        } else {
            0.0
        };
        (error, paint + self.per_byte * bytes + noise)
    }
}

/// The regions that together cover everything at the least cost, at most `limit` of them (or one
/// for each root), ascending.
///
/// Once `stop` is due, it is whatever was found by then.
pub fn best_cover(tree: &RegionTree, cost: CutCost, limit: usize, stop: &Stop) -> Vec<NodeId> {
    let roots = tree.roots();
    let limit = limit.max(roots.len());
    let costs = cost.of_all(tree);
    let at = |per_path| cover(tree, &roots, &costs, per_path);
    let chosen = at(0.0);
    if chosen.len() <= limit {
        return chosen;
    }
    // A dearer path makes fewer of them; find the price at which the limit is just kept.
    let (mut low, mut high) = (0.0, 1.0);
    let mut best = at(high);
    while best.len() > limit && high < 1e12 && !stop.is_due() {
        low = high;
        high *= 4.0;
        best = at(high);
    }
    for _ in 0..24 {
        if stop.is_due() {
            break;
        }
        let middle = 0.5 * (low + high);
        let found = at(middle);
        if found.len() <= limit {
            high = middle;
            best = found;
        } else {
            low = middle;
        }
        if best.len() == limit {
            break;
        }
    }
    best
}

/// The cheapest cover when regions cost so much, and so much more for being a path.
fn cover(tree: &RegionTree, roots: &[NodeId], costs: &[f64], per_path: f64) -> Vec<NodeId> {
    let mut best = vec![0.0_f64; tree.nodes.len()];
    let mut is_whole = vec![true; tree.nodes.len()];
    for (id, cost) in costs.iter().enumerate() {
        let own = cost + per_path;
        best[id] = own;
        if let Some([a, b]) = tree.nodes[id].parts {
            let apart = best[a as usize] + best[b as usize];
            if apart < own {
                best[id] = apart;
                is_whole[id] = false;
            }
        }
    }
    collect(tree, roots, |id| is_whole[id as usize], |_| true)
}

/// Regions that do not overlap and gain most when painted over what is there, the best `limit` of
/// them, best first, with what each gains. `present` is the squared error of every pixel as it is,
/// `weights` how much that pixel's error counts.
pub(crate) fn best_residual_regions(
    tree: &RegionTree,
    present: &[f32],
    weights: &[f32],
    cost: CutCost,
    limit: usize,
) -> Vec<(NodeId, f64)> {
    let mut error = vec![0.0_f64; tree.nodes.len()];
    let mut weight = vec![0.0_f64; tree.nodes.len()];
    for ((leaf, pixel), share) in tree.leaf_of.iter().zip(present).zip(weights) {
        let leaf = *leaf as usize;
        if let (Some(error), Some(weight)) = (error.get_mut(leaf), weight.get_mut(leaf)) {
            *error += f64::from(*pixel) * cost.pixel_area;
            *weight += f64::from(*share);
        }
    }
    let mut wrong = vec![0.0_f64; tree.nodes.len()];
    for (leaf, pixel) in tree.leaf_of.iter().zip(present) {
        if let Some(wrong) = wrong.get_mut(*leaf as usize)
            && *pixel > 3.0 * WRONG
        {
            *wrong += 1.0;
        }
    }
    let mut gain = vec![0.0_f64; tree.nodes.len()];
    let mut best = vec![0.0_f64; tree.nodes.len()];
    let mut is_whole = vec![false; tree.nodes.len()];
    for id in 0..tree.nodes.len() {
        let parts = tree.nodes[id].parts;
        if let Some([a, b]) = parts {
            error[id] = error[a as usize] + error[b as usize];
            wrong[id] = wrong[a as usize] + wrong[b as usize];
            weight[id] = weight[a as usize] + weight[b as usize];
        }
        let node = &tree.nodes[id];
        let is_sliver = node.moments.count < LEAST_THICKNESS * f64::from(node.perimeter);
        let is_shown = wrong[id] < cost.least_wrong * node.moments.count;
        let refused = if is_sliver || is_shown {
            NOISE_COST
        } else {
            0.0
        };
        let mean_weight = weight[id] / node.moments.count.max(1.0);
        let (rest, price) = cost.error_and_price(tree, id as NodeId);
        gain[id] = mean_weight * (error[id] - rest) - price - refused;
        let apart = parts.map_or(0.0, |[a, b]| best[a as usize] + best[b as usize]);
        is_whole[id] = gain[id] > 0.0 && gain[id] >= apart;
        best[id] = if is_whole[id] { gain[id] } else { apart };
    }
    let roots = tree.roots();
    let mut chosen: Vec<(NodeId, f64)> = collect(
        tree,
        &roots,
        |id| is_whole[id as usize],
        |id| best[id as usize] > 0.0,
    )
    .into_iter()
    .filter(|id| is_whole[*id as usize])
    .map(|id| (id, gain[id as usize]))
    .collect();
    chosen.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    chosen.truncate(limit);
    chosen
}

/// The topmost regions below the roots for which `is_whole` holds (or that have no parts),
/// ascending.
fn collect(
    tree: &RegionTree,
    roots: &[NodeId],
    is_whole: impl Fn(NodeId) -> bool,
    is_worth: impl Fn(NodeId) -> bool,
) -> Vec<NodeId> {
    let mut open = roots.to_vec();
    let mut chosen = Vec::new();
    while let Some(id) = open.pop() {
        match tree.nodes[id as usize].parts {
            Some(parts) if !is_whole(id) => {
                open.extend(parts.into_iter().filter(|part| is_worth(*part)));
            }
            _ => chosen.push(id),
        }
    }
    chosen.sort_unstable();
    chosen
}
