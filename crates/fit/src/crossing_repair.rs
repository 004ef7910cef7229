//! Undoes self-intersections that a descent introduced, outline by outline. `crossing` defines and
//! finds them.

use chat2svg_trace::crossing::without_crossings;
use chat2svg_vector::snapped_outline;
use kurbo::{Affine, BezPath};
use rayon::prelude::*;

use crate::{
    fit::{Fit, Problem},
    freedom::Motion,
    scene::scale_of,
};

/// Longest side in pixels of the picture in which a template's outline must stay free of
/// self-intersections, even when the fit is smaller: a finer fit cannot repair those that a rough
/// fit leaves.
const CROSSING_SIDE: f64 = 512.0;

impl Problem<'_> {
    /// Pixels per unit of a shape in the picture in which its outline must not cross itself: the
    /// fit's own for an added shape, one of at least [`CROSSING_SIDE`] for a shape of the template.
    pub(crate) fn crossing_scale(&self, transform: Affine, is_added: bool) -> f64 {
        let scale = scale_of(self.to_canvas * transform);
        if is_added {
            return scale;
        }
        let longest = self.target.width.max(self.target.height) as f64;
        scale * (CROSSING_SIDE / longest).max(1.0)
    }
}

impl Fit<'_> {
    /// Steps back the crossing segments of outlines that did not cross themselves before.
    pub(crate) fn repair_crossings(&mut self, before: &[BezPath], decimals: &[u8]) {
        let freedoms = self.present_freedoms();
        let after = self.document.shapes();
        let (problem, ids) = (self.problem, &self.ids);
        let repaired: Vec<Option<BezPath>> = self.problem.pool.install(|| {
            after
                .par_iter()
                .zip(before)
                .zip(decimals)
                .zip(ids)
                .map(|(((visit, before), decimals), id)| {
                    let freedom = freedoms.get(visit.index).copied().unwrap_or_default();
                    let scale = problem.crossing_scale(visit.transform, id.is_added());
                    let snap = |path: &BezPath| snapped_outline(path, *decimals);
                    (freedom.outline == Motion::Free && scale.is_normal())
                        .then(|| without_crossings(before, &visit.shape.path, scale, snap))?
                })
                .collect()
        });
        let mut repaired = repaired.into_iter();
        self.document.edit_shapes(|_, shape, _, _| {
            if let Some(Some(path)) = repaired.next() {
                shape.path = path;
            }
        });
    }
}
