//! A picture in the colours of a palette, with its anti-aliasing.

use std::collections::BTreeMap;

use chat2svg_vector::Raster;

use crate::{
    Palette,
    assign::assign,
    classes::{Classes, coarse, of_picture},
    palette::color_of,
    reduce::{Swatch, reduce, reduce_alike},
};

/// Levels of a component from which neighbours are on two sides of a border.
const STEP: u8 = 24;
/// Pixels from a border pixel within which the colours of its two sides are looked for.
const REACH: usize = 2;
/// Distance in levels of a pixel from the mixtures of both sides, from which it is a thing of its
/// own, such as a thin line.
const OFF_LINE: f32 = 40.0;

/// Colours of a picture that differ by no more (Oklab) are shades of one.
const SHADES: f32 = 0.06;
/// What a pixel on a border counts for among few colours: most are mixtures of both sides.
const ON_BORDER: f32 = 0.05;
/// Least share of a picture that makes a colour one of its few.
const LEAST_SHARE: f32 = 5e-4;

/// A picture in few of its own colours.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// The colours; strict.
    pub palette: Palette,
    /// The picture in them, with its anti-aliasing.
    pub picture: Raster,
}

/// The picture in the colours that tell most of it, at most so many; none when it has fewer than
/// two.
pub fn reduce_picture(picture: &Raster, most: usize) -> Option<Reduced> {
    reduced(picture, |_| 1.0, |swatches| reduce(swatches, most))
}

/// The picture in as few colours as tell its things apart: shades of one colour are one, and what
/// only borders are made of is none; none when there are fewer than two.
pub fn reduce_picture_to_few(picture: &Raster) -> Option<Reduced> {
    let is_border = borders(picture);
    let counts = |index: usize| {
        if is_border.get(index).copied().unwrap_or(false) {
            ON_BORDER
        } else {
            1.0
        }
    };
    reduced(picture, counts, |swatches| {
        let mut stands = reduce_alike(swatches, SHADES);
        let total: f32 = swatches.iter().map(|swatch| swatch.weight).sum();
        let mut shares = vec![0.0_f32; swatches.len()];
        for (swatch, stand) in swatches.iter().zip(&stands) {
            if let Some(share) = shares.get_mut(*stand) {
                *share += swatch.weight;
            }
        }
        let kept: Vec<usize> = (0..swatches.len())
            .filter(|index| stands.get(*index) == Some(index))
            .filter(|index| {
                shares
                    .get(*index)
                    .is_some_and(|s| *s >= total * LEAST_SHARE)
            })
            .collect();
        for (index, stand) in stands.iter_mut().enumerate() {
            if !kept.contains(stand) {
                *stand = nearest(swatches, index, &kept).unwrap_or(*stand);
            }
        }
        stands
    })
}

/// Which of some swatches looks most like another.
fn nearest(swatches: &[Swatch], index: usize, among: &[usize]) -> Option<usize> {
    let look = |index: usize| {
        swatches
            .get(index)
            .map(|swatch| color_of(swatch.color).to_oklab())
    };
    let wanted = look(index)?;
    let distance = |other: &usize| look(*other).map_or(f32::MAX, |look| look.distance(wanted));
    among
        .iter()
        .copied()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// A picture in its own colours: for each of them, `stands_for` tells which one it becomes; pixels
/// count for as much as `counts` says.
fn reduced(
    picture: &Raster,
    counts: impl Fn(usize) -> f32,
    stands_for: impl Fn(&[Swatch]) -> Vec<usize>,
) -> Option<Reduced> {
    let classes = of_picture(picture);
    let swatches = swatches_of(picture, &classes, counts);
    let stands = stands_for(&swatches);
    let mut kept = stands.clone();
    kept.sort_unstable();
    kept.dedup();
    let color = |index: usize| swatches.get(index).map_or([0; 3], |swatch| swatch.color);
    let palette = Palette::new(kept.iter().map(|index| color(*index)), true).ok()?;
    let choice: Vec<usize> = stands
        .iter()
        .map(|stand| {
            let mut colors = palette.colors().iter();
            colors
                .position(|known| *known == color(*stand))
                .unwrap_or(0)
        })
        .collect();
    let picture = painted(picture, &classes, &choice, &palette);
    Some(Reduced { palette, picture })
}

/// The colours of a picture's classes, with what their opaque pixels count for.
fn swatches_of(picture: &Raster, classes: &Classes, counts: impl Fn(usize) -> f32) -> Vec<Swatch> {
    let count = classes.colors.looks.len();
    let mut sums = vec![([0.0_f32; 3], 0.0_f32); count];
    let pixels = picture.pixels().iter().enumerate();
    for (index, pixel) in pixels.filter(|(_, pixel)| pixel[3] > 127) {
        let class = classes.class(color_of(coarse(*pixel)));
        if let Some((sum, number)) = class.and_then(|class| sums.get_mut(class)) {
            let weight = counts(index);
            *number += weight;
            for (sum, value) in sum.iter_mut().zip(floats(pixel)) {
                *sum += value * weight;
            }
        }
    }
    sums.iter()
        .map(|(sum, number)| Swatch {
            color: sum.map(|sum| (sum / number.max(ON_BORDER)).round() as u8),
            weight: *number,
        })
        .collect()
}

/// The picture with each of its colours in one of the palette's. Pixels on borders become mixtures
/// of what the two sides become, and no third colour.
pub fn posterize(picture: &Raster, palette: &Palette) -> Raster {
    let classes = of_picture(picture);
    let choice = assign(&classes.colors, &palette.oklab());
    painted(picture, &classes, &choice, palette)
}

/// The picture with its classes in the palette's colours that are chosen for them.
fn painted(picture: &Raster, classes: &Classes, choice: &[usize], palette: &Palette) -> Raster {
    let mut known: BTreeMap<[u8; 3], usize> = BTreeMap::new();
    let labels: Vec<usize> = picture
        .pixels()
        .iter()
        .map(|pixel| {
            *known.entry(coarse(*pixel)).or_insert_with(|| {
                let class = classes.class(color_of(coarse(*pixel)));
                class
                    .and_then(|class| choice.get(class))
                    .copied()
                    .unwrap_or(0)
            })
        })
        .collect();
    let grid = Grid {
        picture,
        labels: &labels,
        is_border: borders(picture),
    };
    let mut result = picture.clone();
    for (index, pixel) in result.pixels_mut().iter_mut().enumerate() {
        let color = grid.color(index, palette);
        *pixel = [color[0], color[1], color[2], pixel[3]];
    }
    result
}

/// Which pixels differ much from a neighbour.
fn borders(picture: &Raster) -> Vec<bool> {
    let width = picture.width() as usize;
    let pixels = picture.pixels();
    let mut found = vec![false; pixels.len()];
    for (index, pixel) in pixels.iter().enumerate() {
        let right = (index % width + 1 < width).then(|| index + 1);
        for next in [right, Some(index + width)].into_iter().flatten() {
            let Some(other) = pixels.get(next) else {
                continue;
            };
            if (0..3).any(|part| pixel[part].abs_diff(other[part]) > STEP) {
                found[index] = true;
                found[next] = true;
            }
        }
    }
    found
}

struct Grid<'a> {
    picture: &'a Raster,
    labels: &'a [usize],
    is_border: Vec<bool>,
}

/// What is on one side of a border.
#[derive(Clone, Copy, Default)]
struct Side {
    label: usize,
    count: f32,
    sum: [f32; 3],
}

impl Side {
    fn mean(self) -> [f32; 3] {
        self.sum.map(|sum| sum / self.count.max(1.0))
    }
}

impl Grid<'_> {
    fn color(&self, index: usize, palette: &Palette) -> [u8; 3] {
        let own = self.labels.get(index).copied().unwrap_or(0);
        let color = |label: usize| palette.colors().get(label).copied().unwrap_or([0; 3]);
        if !self.is_border.get(index).copied().unwrap_or(false) {
            return color(own);
        }
        let here = self.picture.pixels().get(index).map_or([0.0; 3], floats);
        match self.sides(index).as_slice() {
            [] => color(own),
            [only] if only.label == own || near(here, only.mean()) => color(only.label),
            [_] => color(own),
            [first, second, ..] => {
                let (from, to) = (first.mean(), second.mean());
                let (share, off) = along(here, from, to);
                if off > OFF_LINE {
                    return color(own);
                }
                let (a, b) = (color(first.label), color(second.label));
                std::array::from_fn(|part| {
                    let (a, b) = (f32::from(a[part]), f32::from(b[part]));
                    (a + (b - a) * share).round().clamp(0.0, 255.0) as u8
                })
            }
        }
    }

    /// What is around a border pixel, most first.
    fn sides(&self, index: usize) -> Vec<Side> {
        let (width, height) = (
            self.picture.width() as usize,
            self.picture.height() as usize,
        );
        let (x, y) = (index % width, index / width);
        let mut sides: Vec<Side> = Vec::new();
        for near_y in y.saturating_sub(REACH)..(y + REACH + 1).min(height) {
            for near_x in x.saturating_sub(REACH)..(x + REACH + 1).min(width) {
                let near = near_y * width + near_x;
                if self.is_border.get(near).copied().unwrap_or(true) {
                    continue;
                }
                let label = self.labels.get(near).copied().unwrap_or(0);
                let color = self.picture.pixels().get(near).map_or([0.0; 3], floats);
                let place = sides.iter().position(|side| side.label == label);
                let place = place.unwrap_or_else(|| {
                    sides.push(Side {
                        label,
                        ..Side::default()
                    });
                    sides.len() - 1
                });
                if let Some(side) = sides.get_mut(place) {
                    side.count += 1.0;
                    for (sum, value) in side.sum.iter_mut().zip(color) {
                        *sum += value;
                    }
                }
            }
        }
        sides.sort_by(|a, b| b.count.total_cmp(&a.count).then(a.label.cmp(&b.label)));
        sides
    }
}

fn floats(pixel: &[u8; 4]) -> [f32; 3] {
    [pixel[0], pixel[1], pixel[2]].map(f32::from)
}

fn near(one: [f32; 3], other: [f32; 3]) -> bool {
    let squares = one.iter().zip(other).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f32>().sqrt() <= OFF_LINE
}

/// The share of the way from one colour to another at which a third lies, and how far off it is.
fn along(here: [f32; 3], from: [f32; 3], to: [f32; 3]) -> (f32, f32) {
    let part = |of: &dyn Fn(usize) -> f32| (0..3).map(of).sum::<f32>();
    let length = part(&|i| (to[i] - from[i]) * (to[i] - from[i])).max(1e-6);
    let share = part(&|i| (here[i] - from[i]) * (to[i] - from[i])) / length;
    let share = share.clamp(0.0, 1.0);
    let off = part(&|i| {
        let nearest = from[i] + (to[i] - from[i]) * share;
        (here[i] - nearest) * (here[i] - nearest)
    });
    (share, off.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A red disc on blue with a soft border.
    fn disc(side: u32) -> Raster {
        let centre = f64::from(side) / 2.0;
        let pixels = (0..side * side)
            .map(|index| {
                let (x, y) = (f64::from(index % side) + 0.5, f64::from(index / side) + 0.5);
                let inside = (centre * 0.6 - (x - centre).hypot(y - centre) + 0.5).clamp(0.0, 1.0);
                let mix = |a: f64, b: f64| (a + (b - a) * inside).round() as u8;
                [mix(40.0, 200.0), mix(60.0, 40.0), mix(160.0, 30.0), 255]
            })
            .collect();
        Raster::new(side, side, pixels).unwrap()
    }

    #[test]
    fn areas_get_colours_of_the_palette_and_borders_no_third_one() {
        // The purple lies between red and blue, where a border would find it.
        let palette: Palette = "#ff0000, #0000ff, #800080, white".parse().unwrap();
        let result = posterize(&disc(64), &palette);
        assert_eq!(result.pixel(32, 32), Some([255, 0, 0, 255]));
        assert_eq!(result.pixel(1, 1), Some([0, 0, 255, 255]));
        for pixel in result.pixels() {
            assert_eq!(pixel[1], 0, "{pixel:?}");
            let sum = u16::from(pixel[0]) + u16::from(pixel[2]);
            assert!((253..=257).contains(&sum), "{pixel:?}");
        }
        let soft = result
            .pixels()
            .iter()
            .filter(|pixel| pixel[0] > 9 && pixel[2] > 9);
        assert!(soft.count() > 40, "the border stays soft");
    }

    #[test]
    fn the_colours_of_a_picture_are_those_that_it_is_made_of() {
        let palette = reduce_picture(&disc(64), 2).unwrap().palette;
        let near = |rgb: [u8; 3]| {
            let wanted = color_of(rgb);
            palette.nearest(wanted).difference(wanted) < 0.02
        };
        assert!(near([200, 40, 30]) && near([40, 60, 160]), "{palette}");
        assert_eq!((palette.colors().len(), palette.is_strict()), (2, true));
        let plain = Raster::filled(9, 9, [1, 2, 3, 255]).unwrap();
        assert!(reduce_picture(&plain, 8).is_none());
    }

    #[test]
    fn the_few_colours_are_those_of_things_and_not_of_borders_and_shades() {
        let found = reduce_picture_to_few(&disc(64)).unwrap().palette;
        assert_eq!(found.colors().len(), 2, "{found}");
        // Three bands, each shaded, and a dot of another colour.
        let (side, mut picture) = (96, Raster::filled(96, 96, [0, 0, 0, 255]).unwrap());
        for (index, pixel) in picture.pixels_mut().iter_mut().enumerate() {
            let (x, y) = (index % side, index / side);
            let shade = (x / 8) as u8;
            *pixel = match y / 32 {
                0 => [200 + shade, 40, 40, 255],
                1 => [40, 140 + shade, 60, 255],
                _ => [30, 60, 200 + shade, 255],
            };
            if x.abs_diff(48) < 4 && y.abs_diff(48) < 4 {
                *pixel = [250, 230, 40, 255];
            }
        }
        let found = reduce_picture_to_few(&picture).unwrap();
        let shown = |x: u32, y: u32| found.picture.pixel(x, y).unwrap();
        assert_eq!(shown(1, 5), shown(90, 5), "shades of one colour are one");
        assert_ne!(shown(1, 5), shown(1, 40));
        let found = found.palette;
        assert_eq!(found.colors().len(), 4, "{found}");
        let plain = Raster::filled(9, 9, [1, 2, 3, 255]).unwrap();
        assert!(reduce_picture_to_few(&plain).is_none());
    }

    #[test]
    fn shades_that_touch_become_one_and_not_something_else() {
        let mut picture = Raster::filled(90, 20, [204, 41, 41, 255]).unwrap();
        for (index, pixel) in picture.pixels_mut().iter_mut().enumerate() {
            match index % 90 {
                0..40 => {}
                40..60 => *pixel = [235, 60, 50, 255],
                _ => *pixel = [30, 60, 200, 255],
            }
        }
        let few = reduce_picture(&picture, 2).unwrap();
        assert_eq!(few.picture.pixel(5, 10), few.picture.pixel(50, 10));
        assert_eq!(few.picture.pixel(5, 10), Some([204, 41, 41, 255]));
        assert_eq!(few.picture.pixel(80, 10), Some([30, 60, 200, 255]));
    }

    #[test]
    fn a_thin_line_stays() {
        let mut picture = Raster::filled(40, 40, [240, 240, 240, 255]).unwrap();
        for y in 0..40 {
            picture.pixels_mut()[y * 40 + 20] = [10, 10, 10, 255];
        }
        let palette: Palette = "white, black, red".parse().unwrap();
        let result = posterize(&picture, &palette);
        assert_eq!(result.pixel(20, 20), Some([0, 0, 0, 255]));
        assert_eq!(result.pixel(19, 20), Some([255, 255, 255, 255]));
    }
}
