//! Which of a picture's flat colours each pixel shows: the nearest, and in noise the one that its
//! neighbours agree on (iterated conditional modes, Besag 1986).

use super::palette::{NEAR, Palette, components, distance, share_between};
use crate::{
    neighbours::{around, beside, square},
    picture::{Picture, Pixel},
};

/// Standard deviation of noise in levels.
const DEVIATION: f32 = 11.0;
/// What a neighbour of another colour costs, as squared deviations.
const DISAGREEMENT: f32 = 0.8;
/// Rounds in which neighbours are asked.
const ROUNDS: usize = 6;
/// Width in pixels up to which what lies between two colours may be their soft border.
const THIN: usize = 2;

/// A clean pixel, and by how many levels the one found differs from it.
pub(super) struct Mixture {
    pub(super) color: Pixel,
    pub(super) residual: f32,
}

/// Indices into a palette.
pub(super) struct Labels {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) of: Vec<u8>,
}

impl Labels {
    pub(super) fn of(picture: &Picture, palette: &Palette, is_noisy: bool) -> Self {
        let nearest = palette.nearest(picture).into_iter();
        let mut labels = Self {
            width: picture.width,
            height: picture.height,
            of: nearest.map(|(color, _)| color as u8).collect(),
        };
        if is_noisy {
            labels.agree(picture, palette);
            for _ in 0..THIN {
                labels.resolve_thin(picture, palette);
            }
        }
        labels
    }

    /// Gives what is as thin as a soft border to one of the two colours that it may be a mixture
    /// of: it has a third one's colour by chance.
    fn resolve_thin(&mut self, picture: &Picture, palette: &Palette) {
        let is_thick = self.thick();
        let mut resolved = Vec::new();
        for (index, pixel) in picture.pixels.iter().enumerate() {
            if is_thick[index] {
                continue;
            }
            let own = self.of[index];
            let mut near: Vec<u8> = Vec::new();
            for at in square([self.width, self.height], index, THIN) {
                let label = self.of[at];
                let apart = || distance(palette.colors[usize::from(label)], picture.pixels[at]);
                if label != own && !near.contains(&label) && (is_thick[at] || apart() <= NEAR) {
                    near.push(label);
                }
            }
            let off = distance(palette.colors[usize::from(own)], *pixel).max(NEAR);
            let mut best: Option<(f32, u8)> = None;
            for (place, a) in near.iter().enumerate() {
                for b in &near[place + 1..] {
                    let [from, to] = [*a, *b].map(|label| palette.colors[usize::from(label)]);
                    let (share, residual) = share_between(*pixel, from, to);
                    let nearer = if share < 0.5 { *a } else { *b };
                    if residual <= off && best.is_none_or(|(least, _)| residual < least) {
                        best = Some((residual, nearer));
                    }
                }
            }
            resolved.extend(best.map(|(_, label)| (index, label)));
        }
        for (index, label) in resolved {
            self.of[index] = label;
        }
    }

    /// Which pixels lie in a square of their label that is wider than a soft border.
    fn thick(&self) -> Vec<bool> {
        let mut is_thick = vec![false; self.of.len()];
        for y in 0..self.height.saturating_sub(THIN) {
            for x in 0..self.width.saturating_sub(THIN) {
                let own = self.of[y * self.width + x];
                let mut square = (0..=THIN).flat_map(|dy| {
                    let start = (y + dy) * self.width + x;
                    start..start + THIN + 1
                });
                if square.clone().all(|at| self.of[at] == own) {
                    square.by_ref().for_each(|at| is_thick[at] = true);
                }
            }
        }
        is_thick
    }

    fn agree(&mut self, picture: &Picture, palette: &Palette) {
        let colors: Vec<[f32; 4]> = palette.colors.iter().map(|c| components(*c)).collect();
        let pixels: Vec<[f32; 4]> = picture.pixels.iter().map(|p| components(*p)).collect();
        for _ in 0..ROUNDS {
            let before = self.of.clone();
            let mut changed = 0;
            for index in 0..before.len() {
                let around: Vec<u8> = self.around(index).map(|at| before[at]).collect();
                if around.iter().all(|label| *label == before[index]) {
                    continue;
                }
                let cost = |label: u8| {
                    let color = colors[usize::from(label)];
                    let off: f32 = (0..4).map(|i| (color[i] - pixels[index][i]).powi(2)).sum();
                    let others = around.iter().filter(|other| **other != label).count();
                    off / (2.0 * DEVIATION * DEVIATION) + DISAGREEMENT * others as f32
                };
                let mut best = (cost(before[index]), before[index]);
                for label in &around {
                    let found = cost(*label);
                    if found < best.0 {
                        best = (found, *label);
                    }
                }
                changed += usize::from(best.1 != before[index]);
                self.of[index] = best.1;
            }
            if changed == 0 {
                break;
            }
        }
    }

    /// Which pixels may have another label than their own so near.
    pub(super) fn near_others(&self, reach: usize) -> Vec<bool> {
        let size = [self.width, self.height];
        let mut is_near = vec![false; self.of.len()];
        for (index, own) in self.of.iter().enumerate() {
            if beside(size, index).any(|at| self.of[at] != *own) {
                square(size, index, reach).for_each(|at| is_near[at] = true);
            }
        }
        is_near
    }

    /// Which pixels certainly show their label: its colour, in a square of it that is wider than a
    /// soft border.
    pub(super) fn sure(&self, picture: &Picture, palette: &Palette) -> Vec<bool> {
        let color = |index: usize| palette.colors[usize::from(self.of[index])];
        let mut is_sure = self.thick();
        for (index, is_sure) in is_sure.iter_mut().enumerate() {
            *is_sure &= distance(picture.pixels[index], color(index)) <= NEAR;
        }
        is_sure
    }

    /// Whether there is a pixel of the same label and of a kind so near to one.
    pub(super) fn has_near(&self, is_of_kind: &[bool], index: usize, reach: usize) -> bool {
        let mut near = square([self.width, self.height], index, reach);
        near.any(|at| is_of_kind[at] && self.of[at] == self.of[index])
    }

    /// The eight neighbours of a pixel that there are.
    pub(super) fn around(&self, index: usize) -> impl Iterator<Item = usize> + use<> {
        around([self.width, self.height], index)
    }

    /// Every pixel as its colour, or the mixture of two that it shows.
    pub(super) fn mixtures(&self, picture: &Picture, palette: &Palette) -> Vec<Pixel> {
        let pixels = picture.pixels.iter().enumerate();
        pixels
            .map(|(index, pixel)| self.mixture(index, *pixel, palette).color)
            .collect()
    }

    /// The colour that a pixel has, or at a border the mixture of two that it shows.
    pub(super) fn mixture(&self, index: usize, pixel: Pixel, palette: &Palette) -> Mixture {
        let own = palette.colors[usize::from(self.of[index])];
        let mut best = Mixture {
            color: own,
            residual: distance(pixel, own),
        };
        let mut known = 1_u32 << self.of[index];
        for at in self.around(index) {
            let label = self.of[at];
            if known & (1 << label) != 0 {
                continue;
            }
            known |= 1 << label;
            let other = palette.colors[usize::from(label)];
            let (share, residual) = share_between(pixel, own, other);
            if residual < best.residual {
                best = Mixture {
                    color: std::array::from_fn(|i| own[i] + share * (other[i] - own[i])),
                    residual,
                };
            }
        }
        best
    }
}
