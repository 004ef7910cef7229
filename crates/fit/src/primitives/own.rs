//! The template's own basic shapes: moved and resized as such before anything bends, and drawn as
//! such again after the fit, where the picture loses nothing by it.

use std::collections::BTreeMap;

use chat2svg_trace::picture::squared_distance;
use chat2svg_vector::{Drawn, similarity_scale};
use kurbo::{BezPath, Shape as _};

use super::{
    Chosen, LEAST_SIDE, MOST_SHAPES,
    candidates::{Basic, Candidate},
    parts_of, samples,
};
use crate::{Action, FitError, extent::Extent, fit::Fit, freedom::Motion, scene::SceneMap};

/// Steps in pixels by which numbers are tried first after a fit.
pub(super) const STEPS: [f64; 3] = [1.0, 0.5, 0.25];
/// The widest step before a fit, as a share of the longest side, and the narrowest.
const WIDEST: f64 = 1.0 / 12.0;
const NARROWEST: f64 = 0.12;
/// Step above which one is taken again where that lowered the error by this share more, and how
/// often.
const ONCE: f64 = 1.0;
const WORTHWHILE: f64 = 0.02;
const REPEATS: u32 = 2;
/// Share of the longest side down to which a step must have brought something.
const HOPEFUL: f64 = 1.0 / 40.0;
/// Share of the error around a shape that must go for it to be placed as such.
const PLACED: f64 = 0.5;
/// Share of its box that a rectangle does not fill when its sides are not upright.
const UPRIGHT: f64 = 1e-6;
/// How near an outline is to the basic shape that it is, in pixels.
const EXACT: f64 = 0.04;

impl Fit<'_> {
    /// The basic shape that the template has drawn a slot as, in pixels, where it may change.
    pub(super) fn own(&self, map: &SceneMap, slot: usize) -> Option<Basic> {
        let slot = map.slots.get(slot)?;
        let visits = self.problem.template.shapes();
        let shape = visits.get(self.ids.get(slot.shape)?.origin()?)?.shape;
        let may_change = shape.drawn == Drawn::AsBasicShape
            && slot.has_own_outline
            && slot.freedom.outline == Motion::Free
            && !slot.freedom.is_settled
            && similarity_scale(slot.to_scene).is_some();
        may_change.then(|| basic_of(&(slot.to_scene * &shape.path)))?
    }

    /// Moves and resizes the template's basic shapes to where the target shows them, before
    /// anything bends; not in paintings, which show no such shapes.
    pub(crate) fn place_basic_shapes(&mut self) -> Result<(), FitError> {
        let is_painting = self.problem.compared.is_none();
        if is_painting || self.shapes() > MOST_SHAPES || self.is_stopped() {
            return Ok(());
        }
        let target = self.problem.target;
        let mut map = self.scene();
        let shown = self.descender.picture(&mut map.scene)?;
        let least = self.price().usual_shape();
        let wrong = |extent: Extent| -> f64 {
            extent
                .pixels(target.width)
                .map(|at| f64::from(squared_distance(shown[at], target.pixels[at])))
                .sum()
        };
        let mut best: BTreeMap<usize, Chosen> = (0..map.slots.len())
            .filter(|slot| {
                let extent = map.extent(*slot, target);
                extent.is_some_and(|extent| wrong(extent) >= least)
            })
            .filter_map(|slot| {
                let candidate = self.own(&map, slot)?.candidate();
                let growth = 0.0;
                Some((slot, Chosen { candidate, growth }))
            })
            .collect();
        let longest = target.width.max(target.height) as f64;
        let mut step = WIDEST * longest;
        let mut repeats = REPEATS;
        while step > NARROWEST && !best.is_empty() {
            let before: f64 = best.values().map(|chosen| chosen.growth).sum();
            self.refine_primitives(&map, &mut best, &[step])?;
            let after: f64 = best.values().map(|chosen| chosen.growth).sum();
            if step > ONCE && after < before * (1.0 + WORTHWHILE) && repeats > 0 {
                repeats -= 1;
                continue;
            }
            repeats = REPEATS;
            if step < HOPEFUL * longest {
                best.retain(|_, chosen| chosen.growth <= -least);
            }
            step *= 0.5;
        }
        self.refine_primitives(&map, &mut best, &super::refined::STEPS)?;
        best.retain(|slot, chosen| {
            let now = Extent::around(chosen.candidate.path.bounding_box(), target.size());
            let both = map.extent(*slot, target).zip(now);
            both.is_some_and(|(then, now)| {
                -chosen.growth >= least.max(PLACED * wrong(then.union(&now)))
            })
        });
        if !best.is_empty() && !self.is_stopped() {
            self.draw(&map, best);
            self.note(Action::Primitive)?;
            self.take_best();
        }
        Ok(())
    }
}

/// The outlines by which a shape may stay the basic one that it was: near to what it has become, or
/// in the box of that.
pub(super) fn candidates(own: &Basic, parts: &[BezPath], tolerance: f64) -> Vec<Candidate> {
    let [part] = parts else {
        return Vec::new();
    };
    let all = samples(part, |_| true);
    let near = all.parameters(tolerance).into_iter();
    let near = near.filter(|basic| own.may_become(basic));
    let boxed = all.bounds().map(|bounds| own.within(bounds));
    let both = near.chain(boxed).filter(Basic::has_size);
    both.map(Basic::candidate).collect()
}

/// Whether an outline is a basic shape as it stands.
pub(super) fn is_basic(path: &BezPath) -> bool {
    let is_upright = || path.area().abs() >= (1.0 - UPRIGHT) * path.bounding_box().area();
    basic_of(path).is_some_and(|found| !found.has_sharp_corners() || is_upright())
}

/// The circle, ellipse or rectangle that an outline is.
pub(super) fn basic_of(path: &BezPath) -> Option<Basic> {
    let parts = parts_of(path);
    let [part] = parts.as_slice() else {
        return None;
    };
    let all = samples(part, |_| true);
    let bounds = all.bounds()?;
    if bounds.width().min(bounds.height()) < LEAST_SIDE {
        return None;
    }
    all.parameters(EXACT)
        .into_iter()
        .find(|basic| basic.may_become(basic))
}
