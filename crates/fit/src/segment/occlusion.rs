//! Finds the regions that would occlude shapes. A region that is mostly the visible part of one
//! shape or several is no detail on them but the shapes themselves. Painted over them, it would
//! leave nothing visible of the shape that has the name.

use std::collections::BTreeMap;

use super::tree::{NodeId, RegionTree};

/// Share of what is seen of a shape from which a region hides it.
const HIDDEN: f64 = 0.75;
/// Share of a region that is seen of the shapes that it hides from which it is them.
const SAME: f64 = 0.6;

/// The visible pixels of the shapes that must stay visible.
#[derive(Clone, Copy)]
pub(crate) struct ProtectedShapes<'a> {
    /// Of each pixel of the hierarchy's picture the index plus one of the shape that it shows; 0
    /// for none.
    pub(crate) owners: &'a [u32],
    /// Of each shape whether it is one of them.
    pub(crate) is_protected: &'a [bool],
}

impl ProtectedShapes<'_> {
    /// No shapes.
    pub(crate) const NONE: Self = Self {
        owners: &[],
        is_protected: &[],
    };

    /// For each region, whether it would occlude shapes and is little else.
    pub(super) fn occluders(&self, tree: &RegionTree) -> Vec<bool> {
        if !self.is_protected.contains(&true) {
            return vec![false; tree.nodes.len()];
        }
        let mut hidden = vec![0_u32; tree.nodes.len()];
        let parents = parents(tree);
        for leaves in self.leaves(tree) {
            let seen: u32 = leaves.values().sum();
            if let Some(smallest) = smallest_with(leaves, HIDDEN * f64::from(seen), &parents) {
                let hidden = &mut hidden[smallest as usize];
                *hidden = seen.max(*hidden);
            }
        }
        for (id, node) in tree.nodes.iter().enumerate() {
            for part in node.parts.into_iter().flatten() {
                hidden[id] = hidden[id].max(hidden[part as usize]);
            }
        }
        let regions = hidden.iter().zip(&tree.nodes);
        regions
            .map(|(hidden, node)| f64::from(*hidden) > SAME * node.moments.count)
            .collect()
    }

    /// Of each of the shapes its pixels in every leaf.
    fn leaves(&self, tree: &RegionTree) -> Vec<BTreeMap<NodeId, u32>> {
        let mut leaves = vec![BTreeMap::new(); self.is_protected.len()];
        for (owner, leaf) in self.owners.iter().zip(&tree.leaf_of) {
            let shape = (*owner as usize).wrapping_sub(1);
            if self.is_protected.get(shape) == Some(&true) && (*leaf as usize) < tree.leaf_count {
                *leaves[shape].entry(*leaf).or_default() += 1;
            }
        }
        leaves
    }
}

/// Of each region the one that it is part of; itself for a root.
fn parents(tree: &RegionTree) -> Vec<NodeId> {
    let mut parents: Vec<NodeId> = (0..tree.nodes.len() as NodeId).collect();
    for (id, node) in tree.nodes.iter().enumerate() {
        for part in node.parts.into_iter().flatten() {
            parents[part as usize] = id as NodeId;
        }
    }
    parents
}

/// The smallest region with at least so many of the pixels counted in leaves.
fn smallest_with(
    mut counts: BTreeMap<NodeId, u32>,
    least: f64,
    parents: &[NodeId],
) -> Option<NodeId> {
    // Parts have smaller numbers than their union, so what comes first is complete.
    while let Some((id, count)) = counts.pop_first() {
        if f64::from(count) >= least {
            return Some(id);
        }
        let parent = parents[id as usize];
        if parent != id {
            *counts.entry(parent).or_default() += count;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat2svg_stop::Stop;

    use crate::{clock::Clock, picture::Pixel};

    const SIDE: usize = 32;

    /// A dark square with a bright spot in it on a grey ground, with one shape; whether the leaf of
    /// a pixel would hide it.
    fn is_occluder(owner_of: impl Fn(usize, usize) -> u32) -> impl Fn(usize) -> bool {
        let is_in = |x: usize, y: usize, from: usize, to: usize| {
            (from..to).contains(&x) && (from..to).contains(&y)
        };
        let places = (0..SIDE * SIDE).map(|pixel| (pixel % SIDE, pixel / SIDE));
        let pixels: Vec<Pixel> = places
            .clone()
            .map(|(x, y)| match () {
                () if is_in(x, y, 14, 17) => [0.9, 0.9, 0.9, 1.0],
                () if is_in(x, y, 8, 24) => [0.1, 0.1, 0.1, 1.0],
                () => [0.5, 0.5, 0.5, 1.0],
            })
            .collect();
        let clock = Clock::start(&Stop::never());
        let tree = RegionTree::build(&pixels, SIDE, SIDE, |_| true, &clock).expect("not stopped");
        let owners: Vec<u32> = places.map(|(x, y)| owner_of(x, y)).collect();
        let protected = ProtectedShapes {
            owners: &owners,
            is_protected: &[true],
        };
        let hidden = protected.occluders(&tree);
        move |pixel| hidden[tree.leaf_of[pixel] as usize]
    }

    /// A pixel of the dark square, of the spot, and of the ground.
    const SQUARE: usize = 10 * SIDE + 10;
    const SPOT: usize = 15 * SIDE + 15;
    const GROUND: usize = 0;

    #[test]
    fn a_region_hides_the_shape_that_it_is_and_no_other() {
        let shown = is_occluder(|x, y| u32::from((8..24).contains(&x) && (8..24).contains(&y)));
        assert!(shown(SQUARE) && !shown(SPOT) && !shown(GROUND));
    }

    #[test]
    fn what_is_much_larger_than_what_it_covers_may_cover_it() {
        let small = is_occluder(|x, y| u32::from((1..6).contains(&x) && (1..6).contains(&y)));
        assert!(!small(GROUND) && !small(SQUARE) && !small(SPOT));
    }
}
