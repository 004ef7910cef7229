//! The flat colours that a picture consists of, if it does.

use std::collections::BTreeMap;

use super::{labels::Labels, ringing::Ringing, shading::shaded};
use crate::{
    neighbours::square,
    picture::{Picture, Pixel, is_painted, luma, median},
};

/// Levels that a bin of the histogram spans.
const BIN: f32 = 4.0;
/// Bins to each side that belong to a colour.
const REACH: i32 = 2;
/// Levels from a colour within which a pixel shows it.
pub(super) const NEAR: f32 = 14.0;
/// Share of the pixels that a colour must have.
const LEAST_SHARE: f64 = 0.0015;
/// Least pixels that a colour must have.
const LEAST_PIXELS: usize = 12;
/// Most colours of a flat picture, and how many there may be before those that compression and
/// sharpening add are left out.
const MOST_COLORS: usize = 24;
const MOST_FOUND: usize = 48;
/// Share of the pixels that must be near one of the colours, and of those that must be so or lie at
/// a border between two of them, so many pixels wide.
const LEAST_NEAR: f64 = 0.6;
const LEAST_COVERED: f64 = 0.8;
const SOFT: usize = 2;
/// Levels by which so large a share of the pixels near a colour may be off it: in shaded areas
/// they are spread evenly.
const CALM: [(f64, f32); 2] = [(0.7, 3.2), (0.9, 8.0)];
/// Share of the pixels that may show steps of a shading.
const MOST_SHADED: f64 = 0.25;
/// Levels from a more frequent colour up to which a colour is a shade of it, and the side in pixels
/// of the square that a shade must fill somewhere to be a colour.
const SHADE: f32 = 30.0;
const AREA_SIDE: usize = 6;
/// The same for what is wider than a band beside a border.
const STROKE_SIDE: usize = 4;
/// Shares of a mixture below which it is noise.
pub(super) const LEAST_MIXED: f32 = 0.06;
/// Share of a bin's pixels that have one colour where it is even, and the side of a square of it.
const EVEN_SHARE: f64 = 0.8;
const EVEN_SIDE: usize = 12;
/// Levels by which such a colour differs from those that are as near as noise.
const APART: f32 = 2.5;
/// Weight of chroma against luma: compression blurs it across borders.
const CHROMA: f32 = 0.4;

/// Equal pixels after each other: their colour and number.
type Run = (Pixel, usize);

/// The colours of a flat picture.
pub(super) struct Palette {
    pub(super) colors: Vec<Pixel>,
    /// Of each whether it is a step of a shading.
    pub(super) is_shaded: Vec<bool>,
    /// How the borders between them ring, if they do.
    pub(super) ringing: Option<Ringing>,
}

impl From<Vec<Pixel>> for Palette {
    fn from(colors: Vec<Pixel>) -> Self {
        Self {
            is_shaded: vec![false; colors.len()],
            colors,
            ringing: None,
        }
    }
}

impl Palette {
    /// Whether one of its colours is a step of a shading.
    pub(super) fn has_shading(&self) -> bool {
        self.is_shaded.contains(&true)
    }

    /// The colours of a picture that has few; `None` when it has many or is shaded.
    pub(super) fn of(picture: &Picture) -> Option<Self> {
        let count = picture.pixels.len();
        let is_seen = |index: usize| is_painted(picture.pixels[index]);
        let seen = (0..count).filter(|index| is_seen(*index)).count();
        let least = (LEAST_SHARE * count as f64).max(LEAST_PIXELS as f64) as usize;
        let key = |pixel: &Pixel| pixel.map(|value| (value * 255.0 / BIN) as i32);
        let mut runs = runs(&picture.pixels);
        runs.sort_by_cached_key(|(pixel, _)| key(pixel));
        let bins: BTreeMap<[i32; 4], &[Run]> = runs
            .chunk_by(|a, b| key(&a.0) == key(&b.0))
            .map(|bin| (key(&bin[0].0), bin))
            .collect();
        let length = |bin: &[Run]| bin.iter().map(|(_, length)| length).sum::<usize>();
        let mut order: Vec<([i32; 4], usize)> = bins
            .iter()
            .map(|(key, bin)| (*key, length(bin)))
            .filter(|(_, count)| *count * 8 >= least)
            .collect();
        order.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), *key));
        let mut peaks: Vec<[i32; 4]> = Vec::new();
        let mut colors: Vec<Pixel> = Vec::new();
        for (peak, count) in order {
            let is_near =
                |other: &[i32; 4], reach: i32| (0..4).all(|i| (other[i] - peak[i]).abs() <= reach);
            let even = || even_color(picture, bins.get(&peak)?, count);
            if peaks.iter().any(|known| is_near(known, REACH)) {
                let is_other =
                    |even: &Pixel| colors.iter().all(|color| distance(*color, *even) > APART);
                if let Some(even) = even().filter(is_other) {
                    peaks.push(peak);
                    colors.push(even);
                }
                continue;
            }
            // The bins next to the peak; those further off may be another colour's.
            let low = [peak[0] - 1, i32::MIN, i32::MIN, i32::MIN];
            let high = [peak[0] + 1, i32::MAX, i32::MAX, i32::MAX];
            let beside = bins.range(low..=high).filter(|(key, _)| is_near(key, 1));
            let beside: Vec<Run> = beside.flat_map(|(_, bin)| bin.iter().copied()).collect();
            if length(&beside) < least {
                continue;
            }
            peaks.push(peak);
            let color = even()
                .or_else(|| common_color(&beside))
                .unwrap_or_else(|| mean(&beside));
            if has_core(picture, color) {
                colors.push(color);
            }
            if colors.len() > MOST_FOUND {
                return None;
            }
        }
        let mut palette = Self::from(colors)
            .without_satellites(picture)?
            .without_ringing(picture);
        if palette.colors.len() > MOST_COLORS {
            return None;
        }
        let nearest = palette.nearest(picture);
        let is_near = |index: usize| nearest[index].1 <= NEAR;
        // Nothing is even, and tells nothing of the rest.
        let near = (0..count).filter(|index| is_seen(*index) && is_near(*index));
        let mut off: Vec<f32> = near.map(|index| nearest[index].1).collect();
        if (off.len() as f64) < LEAST_NEAR * seen as f64 {
            return None;
        }
        let explained = (0..count).filter(|index| {
            is_seen(*index)
                && (is_near(*index)
                    || palette.is_beyond(picture.pixels[*index])
                    || palette.is_at_border(picture, &nearest, *index))
        });
        if (explained.count() as f64) < LEAST_COVERED * seen as f64 {
            return None;
        }
        off.sort_by(f32::total_cmp);
        let at = |share: f64| off.get((share * off.len() as f64) as usize).copied();
        let is_calm = |(share, most): &(f64, f32)| at(*share).is_some_and(|off| off <= *most);
        palette.is_shaded = shaded(picture, &palette.colors, &nearest);
        let shaded = (0..count).filter(|index| {
            let (color, off) = nearest[*index];
            is_seen(*index) && off <= NEAR && palette.is_shaded[color]
        });
        let is_drawing = (shaded.count() as f64) <= MOST_SHADED * seen as f64;
        (is_drawing && CALM.iter().all(is_calm)).then_some(palette)
    }

    /// The colours without those that compression makes beside borders: shades of a more frequent
    /// one that fill no area.
    fn without_satellites(self, picture: &Picture) -> Option<Self> {
        let nearest = self.nearest(picture);
        let is_shade = |index: usize| {
            let color = self.colors[index];
            let mut more_frequent = self.colors[..index].iter();
            more_frequent.any(|other| distance(*other, color) <= SHADE)
        };
        let colors: Vec<Pixel> = (0..self.colors.len())
            .filter(|index| {
                !is_shade(*index)
                    || has_square(picture.width, AREA_SIDE, nearest.len(), |at| {
                        nearest[at].0 == *index
                    })
            })
            .map(|index| self.colors[index])
            .collect();
        (!colors.is_empty()).then_some(Self::from(colors))
    }

    /// The colours without those that are others beyond a border that rings: these fill no area.
    fn without_ringing(mut self, picture: &Picture) -> Self {
        let nearest = self.nearest(picture);
        // In acute corners a band may fill a small square: large ones first.
        let of = [AREA_SIDE, STROKE_SIDE].into_iter().find_map(|side| {
            let is_area = |index: &usize| {
                has_square(picture.width, side, nearest.len(), |at| {
                    nearest[at].0 == *index
                })
            };
            let areas = (0..self.colors.len()).filter(is_area);
            let areas: Vec<Pixel> = areas.map(|index| self.colors[index]).collect();
            Some((Ringing::of(picture, &areas)?, areas))
        });
        if let Some((ringing, areas)) = of {
            self.ringing = Some(ringing);
            self.colors
                .retain(|color| areas.contains(color) || !ringing.explains(*color, &areas));
        }
        self
    }

    /// Makes every colour the median of the pixels that show it and are away from borders.
    pub(super) fn correct(&mut self, picture: &Picture, labels: &Labels) {
        let mut inside: Vec<[Vec<f32>; 4]> = vec![Default::default(); self.colors.len()];
        for (index, pixel) in picture.pixels.iter().enumerate() {
            let own = labels.of[index];
            if labels.around(index).all(|at| labels.of[at] == own) {
                for (values, value) in inside[usize::from(own)].iter_mut().zip(pixel) {
                    values.push(value.clamp(0.0, 1.0));
                }
            }
        }
        for (color, inside) in self.colors.iter_mut().zip(&inside) {
            for (value, values) in color.iter_mut().zip(inside) {
                if values.len() >= LEAST_PIXELS {
                    *value = median(values).unwrap_or(*value);
                }
            }
        }
    }

    /// Whether a pixel may be one of the colours beyond a border that rings.
    fn is_beyond(&self, pixel: Pixel) -> bool {
        self.ringing
            .is_some_and(|ringing| ringing.explains(pixel, &self.colors))
    }

    /// Whether a pixel is a mixture of two colours beside it. `nearest` has the nearest colour of
    /// each pixel, and how far it is.
    fn is_at_border(&self, picture: &Picture, nearest: &[(usize, f32)], index: usize) -> bool {
        let mut beside: Vec<usize> = Vec::new();
        for near in square(picture.size(), index, SOFT) {
            let (color, apart) = nearest[near];
            if apart <= NEAR && !beside.contains(&color) {
                beside.push(color);
            }
        }
        beside.iter().enumerate().any(|(place, a)| {
            beside[place + 1..].iter().any(|b| {
                let mixed = share_between(picture.pixels[index], self.colors[*a], self.colors[*b]);
                mixed.1 <= NEAR
            })
        })
    }

    /// Of each pixel index and distance in levels of the nearest colour.
    pub(super) fn nearest(&self, picture: &Picture) -> Vec<(usize, f32)> {
        let colors: Vec<[f32; 4]> = self.colors.iter().map(|color| components(*color)).collect();
        let mut nearest = Vec::with_capacity(picture.pixels.len());
        for (pixel, length) in runs(&picture.pixels) {
            let own = components(pixel);
            let squares = colors.iter().map(|color| squared_off(*color, own));
            let found = squares.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
            let (color, square) = found.unwrap_or((0, f32::INFINITY));
            nearest.extend(std::iter::repeat_n((color, square.sqrt()), length));
        }
        nearest
    }
}

/// The colour that nearly all pixels of a bin have to the level, where it fills areas: a panel a
/// little darker than the page, and no noise. `all` is the number of its pixels.
fn even_color(picture: &Picture, bin: &[Run], all: usize) -> Option<Pixel> {
    if all < EVEN_SIDE * EVEN_SIDE {
        return None;
    }
    let (color, count) = most_common(bin)?;
    (count as f64 >= EVEN_SHARE * all as f64
        && has_square(picture.width, EVEN_SIDE, picture.pixels.len(), |index| {
            levels(picture.pixels[index]) == levels(color)
        }))
    .then_some(color)
}

/// The colour that most pixels of some bins have to the level, if there is one: what is around it
/// then are mixtures at borders, not noise.
fn common_color(bins: &[Run]) -> Option<Pixel> {
    let (color, count) = most_common(bins)?;
    let all: usize = bins.iter().map(|(_, length)| length).sum();
    (2 * count > all).then_some(color)
}

fn levels(pixel: Pixel) -> [u8; 4] {
    pixel.map(|value| (value * 255.0).round() as u8)
}

/// The most common colour of some runs, and how many pixels have it.
fn most_common(runs: &[Run]) -> Option<Run> {
    let mut counts: BTreeMap<[u8; 4], (Pixel, usize)> = BTreeMap::new();
    for (pixel, length) in runs {
        counts.entry(levels(*pixel)).or_insert((*pixel, 0)).1 += length;
    }
    counts.into_values().max_by_key(|(_, count)| *count)
}

/// The mean colour of some runs.
fn mean(runs: &[Run]) -> Pixel {
    let (mut sum, mut all) = ([0.0_f64; 4], 0.0);
    for (pixel, length) in runs {
        all += *length as f64;
        for (sum, value) in sum.iter_mut().zip(pixel) {
            *sum += *length as f64 * f64::from(*value);
        }
    }
    sum.map(|sum| (sum / f64::max(all, 1.0)) as f32)
}

/// Whether a colour fills a square of two pixels anywhere: mixtures at borders do not.
fn has_core(picture: &Picture, color: Pixel) -> bool {
    has_square(picture.width, 2, picture.pixels.len(), |index| {
        distance(picture.pixels[index], color) <= NEAR
    })
}

/// Whether pixels of a kind fill a square of a side anywhere.
fn has_square(width: usize, side: usize, count: usize, is_of_kind: impl Fn(usize) -> bool) -> bool {
    // Of each pixel the side of the largest square that ends there.
    let mut above = vec![0_usize; width + 1];
    let mut row = above.clone();
    for index in 0..count {
        let x = index % width + 1;
        row[x] = if is_of_kind(index) {
            1 + above[x].min(above[x - 1]).min(row[x - 1])
        } else {
            0
        };
        if row[x] >= side {
            return true;
        }
        if x == width {
            std::mem::swap(&mut above, &mut row);
            row[0] = 0;
        }
    }
    false
}

/// Luma, two differences of chroma, and alpha, in levels.
pub(super) fn components(pixel: Pixel) -> [f32; 4] {
    let [red, _, blue, alpha] = pixel;
    let luma = luma(pixel);
    let chroma = |value: f32| CHROMA * (value - luma);
    [luma, chroma(red), chroma(blue), alpha].map(|value| 255.0 * value)
}

/// Distance of two pixels in levels, mostly of luma.
pub(super) fn distance(a: Pixel, b: Pixel) -> f32 {
    squared_off(components(a), components(b)).sqrt()
}

/// Squared distance of two pixels by their components.
fn squared_off(a: [f32; 4], b: [f32; 4]) -> f32 {
    (0..4).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum()
}

/// The pixels of a picture as runs of equal ones, with their lengths: most of a flat one are few.
fn runs(pixels: &[Pixel]) -> Vec<Run> {
    let runs = pixels.chunk_by(|a, b| a == b);
    runs.map(|run| (run[0], run.len())).collect()
}

/// The share of a second colour in the mixture of two that a pixel shows, and by how many levels
/// the pixel differs from that mixture.
pub(super) fn share_between(pixel: Pixel, from: Pixel, to: Pixel) -> (f32, f32) {
    let [seen, from, to] = [pixel, from, to].map(components);
    let span: f32 = (0..4).map(|i| (to[i] - from[i]).powi(2)).sum();
    let along: f32 = (0..4)
        .map(|i| (seen[i] - from[i]) * (to[i] - from[i]))
        .sum();
    let share = (along / span.max(1e-6)).clamp(0.0, 1.0);
    let share = match share {
        _ if share < LEAST_MIXED => 0.0,
        _ if share > 1.0 - LEAST_MIXED => 1.0,
        _ => share,
    };
    let off = |i: usize| seen[i] - from[i] - share * (to[i] - from[i]);
    let squares = (0..4).map(|i| off(i) * off(i));
    (share, squares.sum::<f32>().sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_a_little_darker_than_the_page_keeps_its_colour() {
        const SIDE: usize = 64;
        let (page, panel, ink) = (1.0, 247.0 / 255.0, 0.1);
        let pixels = (0..SIDE * SIDE).map(|index| {
            let (x, y) = (index % SIDE, index / SIDE);
            let value = match (x, y) {
                (20..44, 20..22) => ink,
                (12..52, 16..44) => panel,
                _ => page,
            };
            [value; 3]
        });
        let palette = Palette::of(&Picture::opaque(SIDE, SIDE, pixels)).expect("is flat");
        let found: Vec<f32> = palette.colors.iter().map(|color| color[0]).collect();
        assert_eq!(found, [page, panel, ink]);
    }

    #[test]
    fn colours_of_areas_in_neighbouring_bins_are_told_apart_and_noise_is_not() {
        const SIDE: usize = 64;
        let picture = |page: f32, panel: f32| {
            let pixels = (0..SIDE * SIDE).map(|index| {
                let (x, y) = (index % SIDE, index / SIDE);
                let value = match (x, y) {
                    (10..54, 10..54) if x.abs_diff(32).max(y.abs_diff(32)) > 14 => 60.0,
                    (10..54, 10..54) => panel,
                    _ => page,
                };
                [value / 255.0; 3]
            });
            Picture::opaque(SIDE, SIDE, pixels)
        };
        let levels = |picture: &Picture| {
            let palette = Palette::of(picture).expect("is flat");
            let levels = palette
                .colors
                .iter()
                .map(|color| (255.0 * color[0]).round());
            levels.collect::<Vec<f32>>()
        };
        // Whichever of the two is more frequent.
        assert_eq!(levels(&picture(249.0, 255.0)), [249.0, 60.0, 255.0]);
        assert_eq!(levels(&picture(255.0, 250.0)), [255.0, 60.0, 250.0]);
        assert_eq!(levels(&picture(251.0, 252.0)), [251.0, 60.0]);
    }
}
