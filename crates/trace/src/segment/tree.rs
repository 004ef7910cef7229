//! A hierarchy of regions by greedy merging of neighbours, always the pair whose union costs the
//! least error per length of border that vanishes (the full λ-schedule for the Mumford–Shah
//! functional, Koepfler, Lopez and Morel 1994; Robinson, Redding and Crisp 2002). The error is that
//! of the better of a flat colour and a linear gradient, so that a shaded area stays one region.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use chat2svg_stop::Stop;
use rayon::prelude::*;

use super::moments::Moments;
use crate::{
    neighbours::beside,
    picture::{Pixel, squared_distance},
};

/// Index of a region in the tree.
pub type NodeId = u32;

const NONE: NodeId = NodeId::MAX;
/// What a gradient must explain before it is believed while merging.
const GRADIENT_PENALTY: f64 = 0.05;
/// A region with fewer neighbours has all its costs renewed when it grows.
const EAGER: usize = 12;
/// Squared difference of neighbouring pixels that are one from the start: a step of eight bits and
/// a half.
const EQUAL: f32 = 3.0 * (1.5 / 255.0) * (1.5 / 255.0);

/// A region: a leaf or the union of two others.
#[derive(Clone, Debug)]
pub(crate) struct TreeNode {
    pub(crate) moments: Moments,
    /// Length of the border in pixel sides; the picture's frame does not count.
    pub(crate) perimeter: u32,
    /// The two parts; `None` for a leaf.
    pub(crate) parts: Option<[NodeId; 2]>,
}

/// Regions of a picture from the smallest to the whole. Parts come before their union.
#[derive(Clone, Debug)]
pub struct RegionTree {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Leaves first, then unions in the order of merging; roots are those that are part of nothing.
    pub(crate) nodes: Vec<TreeNode>,
    /// The leaf of every pixel; `NodeId::MAX` outside the mask.
    pub(crate) leaf_of: Vec<NodeId>,
    pub(crate) leaf_count: usize,
}

/// A pair that may be merged, cheapest first; ties by age so that the order is one.
#[derive(PartialEq)]
struct Candidate {
    cost: f64,
    /// The regions when the cost was worked out.
    pair: [NodeId; 2],
    /// Where they are kept.
    slots: [u32; 2],
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cost
            .total_cmp(&other.cost)
            .then_with(|| self.pair.cmp(&other.pair))
            .then_with(|| self.slots.cmp(&other.slots))
    }
}

impl RegionTree {
    /// The hierarchy of the pixels for which `mask` holds; `None` when stopped.
    pub(crate) fn build(
        pixels: &[Pixel],
        width: usize,
        height: usize,
        mask: impl Fn(usize) -> bool,
        stop: &Stop,
    ) -> Option<Self> {
        let (leaf_of, leaf_count) = flat_zones(pixels, width, height, mask);
        let mut nodes = vec![
            TreeNode {
                moments: Moments::default(),
                perimeter: 0,
                parts: None,
            };
            leaf_count
        ];
        for (index, leaf) in leaf_of.iter().enumerate() {
            if *leaf != NONE {
                let (x, y) = ((index % width) as f64, (index / width) as f64);
                nodes[*leaf as usize].moments.add(x, y, pixels[index]);
            }
        }
        let mut tree = Self {
            width,
            height,
            nodes,
            leaf_of,
            leaf_count,
        };
        let mut borders = tree.borders();
        for (node, border) in tree.nodes.iter_mut().zip(&borders) {
            node.perimeter = border.iter().map(|(_, length)| length).sum();
        }
        tree.merge_all(&mut borders, stop).then_some(tree)
    }

    /// For each leaf its neighbours in ascending order, with the length of the common border.
    fn borders(&self) -> Vec<Vec<(NodeId, u32)>> {
        let mut pairs: Vec<[NodeId; 2]> = Vec::new();
        for y in 0..self.height {
            for x in 0..self.width {
                let index = y * self.width + x;
                let here = self.leaf_of[index];
                let mut look = |there: NodeId| {
                    if here != NONE && there != NONE && here != there {
                        pairs.push([here.min(there), here.max(there)]);
                    }
                };
                if x + 1 < self.width {
                    look(self.leaf_of[index + 1]);
                }
                if y + 1 < self.height {
                    look(self.leaf_of[index + self.width]);
                }
            }
        }
        pairs.sort_unstable();
        let mut borders = vec![Vec::new(); self.leaf_count];
        for run in pairs.chunk_by(|a, b| a == b) {
            let [a, b] = run[0];
            borders[a as usize].push((b, run.len() as u32));
            borders[b as usize].push((a, run.len() as u32));
        }
        for border in &mut borders {
            border.sort_unstable();
        }
        borders
    }

    /// Merges until no two regions touch; false when stopped.
    fn merge_all(&mut self, borders: &mut [Vec<(u32, u32)>], stop: &Stop) -> bool {
        let errors = self.nodes.par_iter().map(|node| model_error(&node.moments));
        let mut merging = Merging {
            errors: errors.collect(),
            nodes: &mut self.nodes,
            region: (0..self.leaf_count as NodeId).collect(),
        };
        let pairs = borders
            .par_iter()
            .enumerate()
            .flat_map_iter(|(slot, border)| {
                let (slot, merging) = (slot as u32, &merging);
                let later = border.iter().filter(move |(other, _)| slot < *other);
                later.map(move |(other, length)| merging.candidate([slot, *other], *length))
            });
        let mut queue = BinaryHeap::from(pairs.collect::<Vec<_>>());
        let mut checked = 0_u32;
        while let Some(Reverse(Candidate { pair, slots, .. })) = queue.pop() {
            checked = checked.wrapping_add(1);
            if checked.is_multiple_of(2048) && stop.is_due() {
                return false;
            }
            let now = slots.map(|slot| merging.region[slot as usize]);
            if now.contains(&NONE) {
                continue;
            }
            let Some(length) = border_length(&borders[slots[0] as usize], slots[1]) else {
                continue;
            };
            if now != pair {
                queue.push(merging.candidate(slots, length));
                continue;
            }
            let [first, second] = slots.map(|slot| borders[slot as usize].len());
            let [keep, gone] = if first >= second {
                slots
            } else {
                [slots[1], slots[0]]
            };
            merging.unite(pair, length, keep, gone);
            let moved = std::mem::take(&mut borders[gone as usize]);
            remove(&mut borders[keep as usize], gone);
            for (other, length) in &moved {
                if *other != keep {
                    let border = &mut borders[*other as usize];
                    remove(border, gone);
                    add_length(border, keep, *length);
                    add_length(&mut borders[keep as usize], *other, *length);
                }
            }
            let border = &borders[keep as usize];
            if border.len() < EAGER {
                for (other, length) in border {
                    queue.push(merging.candidate([keep, *other], *length));
                }
            } else {
                for (other, _) in moved.iter().filter(|(other, _)| *other != keep) {
                    let length = border_length(border, *other).unwrap_or(1);
                    queue.push(merging.candidate([keep, *other], length));
                }
            }
        }
        true
    }

    /// Regions that are part of no other.
    pub(crate) fn roots(&self) -> Vec<NodeId> {
        let mut is_part = vec![false; self.nodes.len()];
        for parts in self.nodes.iter().filter_map(|node| node.parts) {
            for part in parts {
                is_part[part as usize] = true;
            }
        }
        (0..self.nodes.len() as NodeId)
            .filter(|id| !is_part[*id as usize])
            .collect()
    }

    /// For every pixel the index in `chosen` of the region that it belongs to; `None` for none.
    pub fn labels(&self, chosen: &[NodeId]) -> Vec<Option<u32>> {
        let mut label: Vec<Option<u32>> = vec![None; self.nodes.len()];
        for (index, id) in chosen.iter().enumerate() {
            label[*id as usize] = Some(index as u32);
        }
        for id in (0..self.nodes.len()).rev() {
            if let (Some(value), Some(parts)) = (label[id], self.nodes[id].parts) {
                for part in parts {
                    label[part as usize] = Some(value);
                }
            }
        }
        self.leaf_of
            .iter()
            .map(|leaf| label.get(*leaf as usize).copied().flatten())
            .collect()
    }
}

/// A hierarchy that grows. A region keeps its slot, the index of its border, when it takes up
/// another. Queued costs of a region that has grown are mended when they come up.
struct Merging<'a> {
    nodes: &'a mut Vec<TreeNode>,
    /// [`model_error`] of each node.
    errors: Vec<f64>,
    /// Which node a slot stands for; `NONE` once it is taken up.
    region: Vec<NodeId>,
}

impl Merging<'_> {
    fn candidate(&self, slots: [u32; 2], length: u32) -> Reverse<Candidate> {
        let pair = slots.map(|slot| self.region[slot as usize]);
        let [a, b] = pair.map(|node| &self.nodes[node as usize].moments);
        let [error_a, error_b] = pair.map(|node| self.errors[node as usize]);
        let growth = model_error(&a.plus(b)) - error_a - error_b;
        let cost = growth.max(0.0) / f64::from(length);
        Reverse(Candidate { cost, pair, slots })
    }

    /// Makes one node of a pair with a common border of some length, and puts it into the slot
    /// `keep`.
    fn unite(&mut self, pair: [NodeId; 2], length: u32, keep: u32, gone: u32) {
        let union = self.nodes.len() as NodeId;
        let [a, b] = pair.map(|node| &self.nodes[node as usize]);
        let moments = a.moments.plus(&b.moments);
        let perimeter = a.perimeter + b.perimeter - 2 * length;
        self.errors.push(model_error(&moments));
        self.nodes.push(TreeNode {
            moments,
            perimeter,
            parts: Some(pair),
        });
        self.region[keep as usize] = union;
        self.region[gone as usize] = NONE;
    }
}

/// Error of the better of a flat colour and, when it explains enough, a linear gradient.
fn model_error(moments: &Moments) -> f64 {
    let flat = moments.flat_error();
    flat - (moments.gradient_gain() - GRADIENT_PENALTY).max(0.0)
}

fn border_length(border: &[(NodeId, u32)], other: u32) -> Option<u32> {
    let at = border.binary_search_by_key(&other, |entry| entry.0).ok()?;
    Some(border[at].1)
}

fn remove(border: &mut Vec<(NodeId, u32)>, other: u32) {
    if let Ok(at) = border.binary_search_by_key(&other, |entry| entry.0) {
        border.remove(at);
    }
}

fn add_length(border: &mut Vec<(NodeId, u32)>, other: u32, length: u32) {
    match border.binary_search_by_key(&other, |entry| entry.0) {
        Ok(at) => border[at].1 += length,
        Err(at) => border.insert(at, (other, length)),
    }
}

/// Connected pixels of nearly one colour, numbered in reading order. A zone is bound to the colour
/// of its first pixel, so that it does not creep along a gradient.
fn flat_zones(
    pixels: &[Pixel],
    width: usize,
    height: usize,
    mask: impl Fn(usize) -> bool,
) -> (Vec<NodeId>, usize) {
    let mut leaf_of = vec![NONE; pixels.len()];
    let mut count = 0;
    let mut open = Vec::new();
    for first in 0..pixels.len() {
        if leaf_of[first] != NONE || !mask(first) {
            continue;
        }
        leaf_of[first] = count;
        open.push(first);
        while let Some(index) = open.pop() {
            for next in beside([width, height], index) {
                if leaf_of[next] == NONE
                    && mask(next)
                    && squared_distance(pixels[next], pixels[first]) <= EQUAL
                {
                    leaf_of[next] = count;
                    open.push(next);
                }
            }
        }
        count += 1;
    }
    (leaf_of, count as usize)
}
