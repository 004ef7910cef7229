//! Rolls back movements that gained nothing: a shape that did not change in the target does not
//! change in the document. `align` decides where shapes go.

use std::collections::BTreeMap;

use chat2svg_diffraster::Node;
use kurbo::{BezPath, Rect};

use crate::{
    Action, FitError, FitStage,
    ablation::Extent,
    displacement::displacement,
    fit::Fit,
    picture::{Pixel, squared_distance},
    scene::SceneMap,
    strokes::closed_outline,
    topology::written_bytes,
};

/// Share of the picture's squared error that is a measurable gain, and what always is, in pixels
/// from black to white.
const MEASURABLE_SHARE: f64 = 1e-3;
const MEASURABLE: f64 = 0.02;
/// Movement in pixels that is not worth a question.
const NEGLIGIBLE: f64 = 0.02;
/// Most renderings to ask which movements gain nothing.
const MOST_RENDERINGS: usize = 16;

impl Fit<'_> {
    /// Goes on from the best document so far, puts back each of the template's shapes that does not
    /// gain by having been moved (what did not change in the target does not change), and notes how
    /// far the points came.
    pub(crate) fn roll_back_template(&mut self) -> Result<(), FitError> {
        self.take_best();
        if self.is_stopped() {
            return Ok(());
        }
        if self.restore_settled() {
            self.accept(Action::Return, f64::INFINITY)?;
        }
        self.roll_back_shapes()?;
        self.take_best();
        if let Some((placed, psnr)) = self.placed.take() {
            let gain = self.best_psnr() - psnr;
            self.record(FitStage::Points, gain, &placed);
        }
        Ok(())
    }

    fn roll_back_shapes(&mut self) -> Result<(), FitError> {
        let template = self.problem.template;
        let origins = self.origins();
        // What wandered off the canvas or beneath another shape returns as well.
        let everywhere = Rect::new(-1e9, -1e9, 1e9, 1e9);
        let to_canvas = self.problem.to_canvas;
        let old: Vec<BezPath> = template
            .shapes()
            .iter()
            .map(|visit| closed_outline(visit.shape))
            .collect();
        let mut returned = self.document.clone();
        let mut prices = vec![0.0; origins.len()];
        let per_byte = self.cost().per_byte;
        returned.edit_shapes(|index, shape, transform, _| {
            let Some(path) = origins
                .get(index)
                .copied()
                .flatten()
                .and_then(|at| old.get(at))
            else {
                return;
            };
            let to_pixels = to_canvas * transform;
            let moved = displacement(&(to_pixels * path), &(to_pixels * &shape.path), everywhere);
            if path.is_finite() && moved.is_some_and(|moved| moved.largest > NEGLIGIBLE) {
                let bytes = written_bytes(shape);
                shape.path = path.clone();
                prices[index] = per_byte * (written_bytes(shape) - bytes);
            }
        });
        let mut map = self.scene();
        let mut back = self.scene_of(&returned);
        let moved: Vec<usize> = (0..map.slots.len())
            .filter(|slot| outline_differs(&map, &back, *slot))
            .collect();
        let blocks = map.blocks(&moved);
        let shapes: Vec<usize> = map.slots.iter().map(|slot| slot.shape).collect();
        let price = |block: usize| {
            let prices = blocks[block].iter().map(|slot| prices[shapes[*slot]]);
            prices.sum::<f64>().max(0.0)
        };
        let rolled_back = self.roll_back_worthless(&mut map, &mut back, &blocks, price)?;
        if rolled_back.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let mut paths: BTreeMap<usize, BezPath> = rolled_back
            .into_iter()
            .flat_map(|block| &blocks[block])
            .filter_map(|slot| {
                let index = shapes[*slot];
                Some((index, old.get(origins[index]?)?.clone()))
            })
            .collect();
        self.document.edit_shapes(|index, shape, _, _| {
            if let Some(path) = paths.remove(&index) {
                shape.path = path;
            }
        });
        self.accept(Action::Return, self.slack())
    }

    /// What counts as no measurable loss.
    fn slack(&self) -> f64 {
        MEASURABLE + MEASURABLE_SHARE * self.best_error()
    }

    /// Puts back, node by node, each block of slots whose movement gains nothing measurable, or
    /// less than its price; returns which.
    pub(crate) fn roll_back_worthless(
        &mut self,
        map: &mut SceneMap,
        back: &mut SceneMap,
        blocks: &[Vec<usize>],
        price: impl Fn(usize) -> f64,
    ) -> Result<Vec<usize>, FitError> {
        let target = self.problem.target;
        let shown = self.descender.picture(&mut map.scene)?;
        let error_at = |shown: &[Pixel], pixel: usize| {
            f64::from(squared_distance(shown[pixel], target.pixels[pixel]))
        };
        let total: f64 = (0..shown.len()).map(|pixel| error_at(&shown, pixel)).sum();
        let slack = MEASURABLE + MEASURABLE_SHARE * total;
        // Together, what returns may cost no more than that either.
        let mut allowed = slack;
        let mut rolled_back = Vec::new();
        for batch in batches(map, back, blocks, target.width, target.height) {
            if self.is_stopped() {
                break;
            }
            for (block, _) in &batch {
                swap(map, back, &blocks[*block]);
            }
            let without = self.descender.picture(&mut map.scene)?;
            for (block, extents) in batch {
                // Extents of one block may overlap: each pixel counts once.
                let mut pixels: Vec<usize> = extents
                    .iter()
                    .flat_map(|extent| extent.pixels(target.width))
                    .collect();
                pixels.sort_unstable();
                pixels.dedup();
                let growth: f64 = pixels
                    .into_iter()
                    .map(|pixel| error_at(&without, pixel) - error_at(&shown, pixel))
                    .sum();
                let loss = growth.max(0.0) + price(block);
                if loss <= allowed && growth <= slack {
                    allowed -= loss;
                    rolled_back.push(block);
                } else {
                    swap(map, back, &blocks[block]);
                }
            }
        }
        Ok(rolled_back)
    }
}

fn outline_differs(map: &SceneMap, back: &SceneMap, slot: usize) -> bool {
    let node = map.slots[slot].node;
    match (map.scene.nodes.get(node), back.scene.nodes.get(node)) {
        (Some(Node::Path(now)), Some(Node::Path(then))) => now.outline != then.outline,
        _ => false,
    }
}

/// Changes the nodes of some slots between two scenes.
fn swap(map: &mut SceneMap, back: &mut SceneMap, slots: &[usize]) {
    for slot in slots {
        let node = map.slots[*slot].node;
        if let (Some(now), Some(then)) = (
            map.scene.nodes.get_mut(node),
            back.scene.nodes.get_mut(node),
        ) {
            std::mem::swap(now, then);
        }
    }
}

/// Blocks whose movements can be asked about in one rendering, because what they touch lies apart.
fn batches(
    map: &SceneMap,
    back: &SceneMap,
    blocks: &[Vec<usize>],
    width: usize,
    height: usize,
) -> Vec<Vec<(usize, Vec<Extent>)>> {
    let mut batches: Vec<Vec<(usize, Vec<Extent>)>> = Vec::new();
    for (block, slots) in blocks.iter().enumerate() {
        let extents: Vec<Extent> = slots
            .iter()
            .flat_map(|slot| {
                let node = map.slots[*slot].node;
                [map, back].map(|map| match map.scene.nodes.get(node) {
                    Some(Node::Path(path)) => Extent::of(path, width, height),
                    _ => None,
                })
            })
            .flatten()
            .collect();
        let is_free = |batch: &Vec<(usize, Vec<Extent>)>| {
            let mut others = batch.iter().flat_map(|(_, others)| others);
            others.all(|other| extents.iter().all(|extent| !extent.overlaps(other)))
        };
        match batches.iter().position(is_free) {
            Some(free) => batches[free].push((block, extents)),
            None if batches.len() < MOST_RENDERINGS => batches.push(vec![(block, extents)]),
            None => {}
        }
    }
    batches
}
