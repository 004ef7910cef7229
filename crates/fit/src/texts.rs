//! Keeps texts whole: one that a movement took where the target does not show it, or made a speck
//! of, returns. The target without a text is no reason to hide it. Moves nothing by itself.

use std::ops::{Range, RangeInclusive};

use chat2svg_vector::{RenderError, ShapeVisit};
use kurbo::Rect;

use crate::{
    FitError,
    fit::Fit,
    freedom::Motion,
    registration::{TEXT_SHOWN, View},
    scene::{SceneMap, shown},
};

/// By how much a text may become larger or smaller, as a factor.
const SIZES: RangeInclusive<f64> = 0.5..=2.0;

impl Fit<'_> {
    /// The slots of the texts that a scene has moved where the target does not show them, text by
    /// text.
    pub(crate) fn lost_texts(&self, map: &SceneMap) -> Result<Vec<Vec<usize>>, FitError> {
        let is_text = |slot: &usize| {
            let freedom = map.slots.get(*slot).map(|slot| slot.freedom.outline);
            matches!(freedom, Some(Motion::AsOne(_)))
        };
        let slots: Vec<usize> = (0..map.slots.len()).filter(is_text).collect();
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        let moved = shown(&self.document, map);
        let (old, new) = (self.document.shapes(), moved.shapes());
        let stop = &self.problem.options.stop;
        let target = View::of(self.problem.target, stop);
        let mut lost = Vec::new();
        for block in map.blocks(&slots) {
            let shapes = || block.iter().filter_map(|slot| map.slots.get(*slot));
            let first = shapes().map(|slot| slot.shape).min().unwrap_or(0);
            let end = shapes().map(|slot| slot.shape + 1).max().unwrap_or(0);
            let both = bounds(&old, first..end).zip(bounds(&new, first..end));
            let Some((old, new)) = both.filter(|(old, new)| old != new) else {
                continue;
            };
            let share = match target.shown_share(&moved, &(first..end)) {
                Err(RenderError::Stopped) => break,
                share => share?,
            };
            let size = |bounds: Rect| bounds.size().to_vec2().hypot();
            if share < TEXT_SHOWN || !SIZES.contains(&(size(new) / size(old))) {
                lost.push(block);
            }
        }
        Ok(lost)
    }
}

/// The box around the outlines of some shapes in user space.
fn bounds(visits: &[ShapeVisit<'_>], shapes: Range<usize>) -> Option<Rect> {
    let visits = visits.get(shapes)?.iter();
    let boxes = visits.filter_map(|visit| visit.shape.outline_bounds(visit.transform));
    boxes.reduce(|all, each| all.union(each))
}
