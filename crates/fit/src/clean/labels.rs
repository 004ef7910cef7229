//! Which of a picture's flat colours each pixel shows: the nearest, and in noise the one that its
//! neighbours agree on (iterated conditional modes, Besag 1986).

use super::palette::{Palette, components};
use crate::picture::{Picture, Pixel};

/// Standard deviation of noise in levels.
const DEVIATION: f32 = 11.0;
/// What a neighbour of another colour costs, as squared deviations.
const DISAGREEMENT: f32 = 0.8;
/// Rounds in which neighbours are asked.
const ROUNDS: usize = 6;
/// Shares of a mixture below which it is noise.
pub(super) const LEAST_SHARE: f32 = 0.06;

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
        let nearest = |pixel: &Pixel| palette.nearest(*pixel).0 as u8;
        let mut labels = Self {
            width: picture.width,
            height: picture.height,
            of: picture.pixels.iter().map(nearest).collect(),
        };
        if is_noisy {
            labels.agree(picture, palette);
        }
        labels
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

    /// The eight neighbours of a pixel that there are.
    pub(super) fn around(&self, index: usize) -> impl Iterator<Item = usize> + use<> {
        let (width, height) = (self.width, self.height);
        let (x, y) = (index % width, index / width);
        let xs = x.saturating_sub(1)..(x + 2).min(width);
        (y.saturating_sub(1)..(y + 2).min(height))
            .flat_map(move |y| xs.clone().map(move |x| y * width + x))
            .filter(move |at| *at != index)
    }

    /// The colour that a pixel has, or at a border the mixture of two that it shows.
    pub(super) fn mixture(&self, index: usize, pixel: Pixel, palette: &Palette) -> Mixture {
        let own = palette.colors[usize::from(self.of[index])];
        let (seen, from) = (components(pixel), components(own));
        let mut best = Mixture {
            color: own,
            residual: length(seen, from),
        };
        let mut known = 1_u32 << self.of[index];
        for at in self.around(index) {
            let label = self.of[at];
            if known & (1 << label) != 0 {
                continue;
            }
            known |= 1 << label;
            let other = palette.colors[usize::from(label)];
            let to = components(other);
            let span: f32 = (0..4).map(|i| (to[i] - from[i]).powi(2)).sum();
            let along: f32 = (0..4)
                .map(|i| (seen[i] - from[i]) * (to[i] - from[i]))
                .sum();
            let share = (along / span.max(1e-6)).clamp(0.0, 1.0);
            let share = match share {
                _ if share < LEAST_SHARE => 0.0,
                _ if share > 1.0 - LEAST_SHARE => 1.0,
                _ => share,
            };
            let between = std::array::from_fn(|i| from[i] + share * (to[i] - from[i]));
            let residual = length(seen, between);
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

fn length(a: [f32; 4], b: [f32; 4]) -> f32 {
    (0..4).map(|i| (a[i] - b[i]).powi(2)).sum::<f32>().sqrt()
}
