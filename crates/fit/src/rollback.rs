//! Rolls back movements that gained nothing: a shape that did not change in the target does not
//! change in the document. `align` decides where shapes go.

use std::collections::{BTreeMap, BTreeSet};

use chat2svg_trace::{picture::Picture, unmeasurable};
use kurbo::BezPath;

use crate::{
    Action, FitError, displacement::displacement, extent::Extent, fit::Fit, scene::SceneMap,
    strokes::closed_outline, trial::Trials,
};

/// Movement in pixels that is not worth a question.
const NEGLIGIBLE: f64 = 0.02;

impl Fit<'_> {
    /// Goes on from the best document so far, puts back each of the template's shapes that does not
    /// gain by having been moved: what did not change in the target does not change.
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
        Ok(())
    }

    /// Puts the shapes back that the target shows as the template has them; whether any differed.
    pub(crate) fn restore_settled(&mut self) -> bool {
        let old = self.problem.template.shapes();
        let (ids, freedoms) = (&self.ids, &self.freedoms);
        let mut is_changed = false;
        self.document.edit_shapes(|index, shape, _, _| {
            if let Some(origin) = ids.get(index).and_then(|id| id.origin())
                && freedoms
                    .get(origin)
                    .is_some_and(|freedom| freedom.is_settled)
                && let Some(visit) = old.get(origin)
                && visit.shape != shape
            {
                shape.clone_from(visit.shape);
                is_changed = true;
            }
        });
        is_changed
    }

    fn roll_back_shapes(&mut self) -> Result<(), FitError> {
        let template = self.problem.template;
        let ids = &self.ids;
        let to_canvas = self.problem.to_canvas;
        let old: Vec<BezPath> = template
            .shapes()
            .iter()
            .map(|visit| closed_outline(visit.shape))
            .collect();
        let mut returned = self.document.clone();
        let mut prices: BTreeMap<usize, f64> = BTreeMap::new();
        let price = self.price();
        returned.edit_shapes(|index, shape, transform, _| {
            let origin = ids.get(index).and_then(|id| id.origin());
            let Some(path) = origin.and_then(|at| old.get(at)) else {
                return;
            };
            let to_pixels = to_canvas * transform;
            // What wandered off the canvas or beneath another shape returns as well.
            let moved = displacement(&(to_pixels * path), &(to_pixels * &shape.path));
            if path.is_finite() && moved.is_some_and(|moved| moved > NEGLIGIBLE) {
                let before = price.shape(shape);
                shape.path = path.clone();
                prices.insert(index, price.shape(shape) - before);
            }
        });
        let mut map = self.scene();
        let mut back = self.scene_of(&returned);
        let shapes: Vec<usize> = map.slots.iter().map(|slot| slot.shape).collect();
        let is_moved = |slot: &usize| prices.contains_key(&shapes[*slot]);
        let moved: Vec<usize> = (0..shapes.len()).filter(is_moved).collect();
        let blocks = map.blocks(&moved);
        let price = |block: usize| {
            let prices = blocks[block].iter().map(|slot| prices[&shapes[*slot]]);
            prices.sum::<f64>().max(0.0)
        };
        let rolled_back = self.roll_back_worthless(&mut map, &mut back, &blocks, price)?;
        if rolled_back.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let slots = rolled_back.into_iter().flat_map(|block| &blocks[block]);
        let back: BTreeSet<usize> = slots.map(|slot| shapes[*slot]).collect();
        let returned = returned.shapes();
        self.document.edit_shapes(|index, shape, _, _| {
            if back.contains(&index) {
                shape.path.clone_from(&returned[index].shape.path);
            }
        });
        self.accept(Action::Return, unmeasurable(self.best_error()))
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
        let slack = unmeasurable(self.squared_error(map)?);
        // Together, what returns may cost no more than that either.
        let mut allowed = slack;
        let mut rolled_back = Vec::new();
        let extents = extents(map, back, blocks, self.problem.target);
        let trials = Trials::new(&mut self.descender, &mut map.scene, extents)?;
        for group in trials.groups(usize::MAX, |_, _| true) {
            if self.is_stopped() {
                break;
            }
            for block in &group {
                swap(map, back, &blocks[*block]);
            }
            let without = self.descender.picture(&mut map.scene)?;
            for block in group {
                let growth = trials.growth(block, &without);
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

/// Of each block where its movement may show.
fn extents(
    map: &SceneMap,
    back: &SceneMap,
    blocks: &[Vec<usize>],
    target: &Picture,
) -> Vec<Vec<Extent>> {
    let of_slot = |slot: &usize| [map, back].map(|map| map.extent(*slot, target));
    let of_block = |slots: &Vec<usize>| slots.iter().flat_map(of_slot).flatten().collect();
    blocks.iter().map(of_block).collect()
}
