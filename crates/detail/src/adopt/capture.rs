//! Detects regions captured by the wrong shape. A descent knows no names: a petal, bent and painted
//! green, may end as a new leaf. Captured regions are taken out of the target, so that the fit can
//! be repeated without them; `residual` draws them later.

use chat2svg_vector::{Raster, RasterError};

use super::{
    guesses::NEAR_COLOR,
    region_overlap::{IdBuffer, mean_color},
    residual::ResidualRegion,
    view::{View, color_of},
};

/// Share of a region that a shape must have come to show for the region to be taken over by it.
const TAKEN: f64 = 0.4;
/// Pixels by which a region reaches beyond its border into the soft edge.
const SOFT_EDGE: usize = 2;

/// The document and the target's new regions before a fit.
pub(super) struct Unfitted<'a> {
    seen: &'a IdBuffer,
    regions: Vec<ResidualRegion>,
    shown: Raster,
    /// The picture, components in `0.0..=1.0`.
    colors: Vec<[f32; 3]>,
    /// Of each region whether it is taken out of the target.
    is_hidden: Vec<bool>,
}

impl<'a> Unfitted<'a> {
    /// Of a document's picture, what of its shapes is `seen`, and what is new in the target.
    pub(super) fn of(shown: Raster, seen: &'a IdBuffer, mut regions: Vec<ResidualRegion>) -> Self {
        // A shape may come to show a line around it: that is its stroke.
        regions.retain(|region| !region.is_thin());
        Self {
            seen,
            colors: shown.pixels().iter().map(color_of).collect(),
            is_hidden: vec![false; regions.len()],
            regions,
            shown,
        }
    }

    /// Marks the regions that a shape of quite another colour has come to show; whether there are
    /// any that were not marked before.
    pub(super) fn hide_captured(&mut self, fitted: &IdBuffer, view: &View<'_>) -> bool {
        let mut is_new = false;
        for (region, is_hidden) in self.regions.iter().zip(&mut self.is_hidden) {
            if !*is_hidden && is_captured(region, self.seen, fitted, &self.colors, view) {
                *is_hidden = true;
                is_new = true;
            }
        }
        is_new
    }

    /// The target, but where the marked regions are, with their soft edges, what the document
    /// showed.
    pub(super) fn target(&self, target: &Raster) -> Result<Raster, RasterError> {
        let (width, height) = (target.width() as usize, target.height() as usize);
        let mut pixels = target.pixels().to_vec();
        let hidden = self.regions.iter().zip(&self.is_hidden);
        let regions = hidden.filter(|(_, is_hidden)| **is_hidden);
        for pixel in regions.flat_map(|(region, _)| &region.pixels) {
            let (x, y) = (*pixel as usize % width, *pixel as usize / width);
            for row in y.saturating_sub(SOFT_EDGE)..(y + SOFT_EDGE + 1).min(height) {
                for column in x.saturating_sub(SOFT_EDGE)..(x + SOFT_EDGE + 1).min(width) {
                    let at = row * width + column;
                    if let (Some(pixel), Some(shown)) =
                        (pixels.get_mut(at), self.shown.pixels().get(at))
                    {
                        *pixel = *shown;
                    }
                }
            }
        }
        Raster::new(target.width(), target.height(), pixels)
    }
}

/// Whether a shape that showed little of a region, and has quite another colour, now shows much of
/// it.
fn is_captured(
    region: &ResidualRegion,
    before: &IdBuffer,
    after: &IdBuffer,
    colors: &[[f32; 3]],
    view: &View<'_>,
) -> bool {
    let shown_before = before.counts(&region.pixels);
    let wanted = mean_color(&view.pixels, &region.pixels).to_oklab();
    let counts = after.counts(&region.pixels);
    counts.into_iter().any(|(owner, shown)| {
        let taken = shown as f64 - shown_before.get(&owner).copied().unwrap_or(0) as f64;
        taken > TAKEN * region.pixels.len() as f64
            && before
                .pixels_of(owner)
                .is_some_and(|own| mean_color(colors, own).to_oklab().distance(wanted) > NEAR_COLOR)
    })
}
