//! Which shapes are where the target shows them, by their borders: what is new in the target covers
//! some of a border, and what has moved agrees along none that it moved across.

use chat2svg_vector::Raster;

use super::{EQUAL, LIKE, SAME, Scene, distance};
use crate::shows::{Agreement, PixelAgreement};

/// Pixels across a border that shapes may seem to exchange where they stay.
const CROSSED: usize = 5;

impl Scene<'_> {
    /// Of each owner, the ground first, how the pixels on both sides of its border agree with what
    /// is wanted: not at all, where it has another paint there, however little a strong contrast
    /// shows of that, or where most borders are elsewhere, as in a painting of the same scene.
    pub(super) fn borders(&self, shown: &Raster, wanted: &Raster) -> Vec<Agreement> {
        let mut all = Agreement::default();
        let mut borders = vec![Agreement::default(); self.paints.len()];
        // What could not be read agrees, but where it shows what is beside it.
        let side = |pixel: usize, other: usize| {
            if !self.is_unread(pixel) {
                PixelAgreement::of(shown, wanted, pixel)
            } else if distance(self.wanted[pixel], self.shown[other]) <= EQUAL {
                PixelAgreement::Wrong
            } else {
                PixelAgreement::Same
            }
        };
        for pixel in 0..self.owners.len() {
            for next in self.beside(pixel).filter(|next| *next > pixel) {
                if self.is_of_one(pixel, next) {
                    continue;
                }
                let mut sides = [side(pixel, next), side(next, pixel)];
                if sides.contains(&PixelAgreement::Wrong) {
                    sides = [PixelAgreement::Wrong; 2];
                }
                for side in sides {
                    all.count(side);
                    borders[self.owner(pixel)].count(side);
                    borders[self.owner(next)].count(side);
                }
            }
        }
        for (border, paint) in borders.iter_mut().zip(&self.paints) {
            let keeps_paint = paint.is_none_or(|agreed| agreed.is_exact);
            if !keeps_paint || !all.is_mostly_same() {
                *border = Agreement::default();
            }
        }
        borders
    }

    /// How far what an owner grows into may stray from its mean colour: one that is in place only
    /// into what has its own colours, since something of nearly those is another thing.
    pub(super) fn likeness(&self, means: &[[f32; 3]]) -> Vec<f32> {
        let mut sums = vec![(0.0_f32, 0.0_f32); means.len()];
        for pixel in (0..self.owners.len()).filter(|pixel| self.is_inner(*pixel)) {
            let owner = self.owner(pixel);
            let color = self.expected(pixel).unwrap_or(self.shown[pixel]);
            let (sum, count) = &mut sums[owner];
            *sum += distance(color, means[owner]);
            *count += 1.0;
        }
        let pairs = sums.into_iter().zip(&self.borders);
        pairs
            .map(|((sum, count), border)| {
                if border.is_mostly_same() {
                    // Twice the mean distance is the largest in an even gradient.
                    LIKE.min(2.0 * sum / count.max(1.0) + SAME)
                } else {
                    LIKE
                }
            })
            .collect()
    }

    /// Whether each owner is in place, and neither it nor what is around it can come to show what
    /// the other does.
    pub(super) fn staying(&self, claims: &[Option<usize>]) -> Vec<bool> {
        let mut crossed = vec![0_usize; self.borders.len()];
        for (pixel, claim) in claims.iter().enumerate() {
            let owner = self.owner(pixel);
            let Some(claim) = claim.filter(|claim| *claim != owner) else {
                continue;
            };
            for side in [claim, owner] {
                crossed[side] += 1;
            }
        }
        let pairs = self.borders.iter().zip(crossed);
        pairs
            .map(|(border, crossed)| {
                border.is_mostly_same() && border.is_seldom_doubtful() && crossed <= CROSSED
            })
            .collect()
    }
}
