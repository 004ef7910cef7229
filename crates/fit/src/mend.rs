//! Puts back what a descent has made cross itself, outline by outline. What counts as crossing is
//! told in `crossing`.

use chat2svg_vector::snapped_outline;
use kurbo::{Affine, BezPath};
use rayon::prelude::*;

use crate::{
    crossing::uncrossed,
    fit::{Fit, Setting},
};

/// Longest side in pixels of a picture in which a template's outline must not come to cross itself,
/// also when it is fitted in a smaller one: what a rough fit leaves crossed a finer one cannot
/// mend.
const CROSSING_SIDE: f64 = 512.0;

impl Setting<'_> {
    /// Pixels per unit of a shape, in the picture in which its outline must not come to cross
    /// itself: the fit's for an added one, and for the template's one that is large enough.
    pub(crate) fn crossing_scale(&self, transform: Affine, is_added: bool) -> f64 {
        let scale = (self.to_canvas * transform).determinant().abs().sqrt();
        if is_added {
            return scale;
        }
        let longest = self.target.width.max(self.target.height) as f64;
        scale * (CROSSING_SIDE / longest).max(1.0)
    }
}

impl Fit<'_> {
    /// Outlines that crossed themselves nowhere before and do now: the parts that cross go back.
    pub(crate) fn mend(&mut self, before: &[BezPath], decimals: &[u8]) {
        let after = self.document.shapes();
        let (setting, is_added) = (self.setting, &self.is_added);
        let mended: Vec<Option<BezPath>> = self.setting.pool.install(|| {
            after
                .par_iter()
                .zip(before)
                .zip(decimals)
                .zip(is_added)
                .map(|(((visit, before), decimals), is_added)| {
                    let scale = setting.crossing_scale(visit.transform, *is_added);
                    let snap = |path: &BezPath| snapped_outline(path, *decimals);
                    scale
                        .is_normal()
                        .then(|| uncrossed(before, &visit.shape.path, scale, snap))?
                })
                .collect()
        });
        let mut mended = mended.into_iter();
        self.document.edit_shapes(|_, shape, _, _| {
            if let Some(Some(path)) = mended.next() {
                shape.path = path;
            }
        });
    }
}
