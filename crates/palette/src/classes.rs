//! The colours of drawings and pictures: alike ones as one, with what each takes of the picture and
//! which touch.

use std::collections::BTreeMap;

use chat2svg_vector::{Color, Document, Oklab, Paint, Raster, Shape};

use crate::assign::Colors;

/// Difference below which two colours are one.
const ALIKE: f32 = 0.015;
/// Most classes; beyond that the least alike limit rises.
const MOST: usize = 64;
/// Least share of a colour: what cannot be seen at this size still has to become something near.
const LEAST_SHARE: f32 = 1e-5;
/// Longest side in pixels at which drawings and pictures are looked at.
pub(crate) const LOOKED_AT: u32 = 224;

/// Classes of colours.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    pub(crate) colors: Colors,
    by_color: BTreeMap<[u8; 3], usize>,
}

impl Classes {
    /// Classes of colours with what there is of each.
    fn of(amounts: &BTreeMap<[u8; 3], f32>) -> Self {
        let mut by_amount: Vec<(&[u8; 3], f32)> = amounts
            .iter()
            .map(|(color, amount)| (color, *amount))
            .collect();
        by_amount.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        let mut alike = ALIKE;
        loop {
            let mut classes = Self::default();
            for (rgb, amount) in &by_amount {
                let look = crate::palette::color_of(**rgb).to_oklab();
                let index = classes.nearest(look, alike);
                if index.is_none() && classes.colors.looks.len() == MOST {
                    break;
                }
                let index = index.unwrap_or_else(|| {
                    classes.colors.looks.push(look);
                    classes.colors.shares.push(0.0);
                    classes.colors.looks.len() - 1
                });
                if let Some(share) = classes.colors.shares.get_mut(index) {
                    *share += amount;
                }
                classes.by_color.insert(**rgb, index);
            }
            if classes.by_color.len() == by_amount.len() {
                let total: f32 = classes.colors.shares.iter().sum();
                for share in &mut classes.colors.shares {
                    *share = (*share / total.max(1e-6)).max(LEAST_SHARE);
                }
                return classes;
            }
            alike *= 1.4;
        }
    }

    fn nearest(&self, look: Oklab, within: f32) -> Option<usize> {
        let looks = self.colors.looks.iter().enumerate();
        looks
            .map(|(index, known)| (index, known.distance(look)))
            .filter(|(_, distance)| *distance <= within)
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(index, _)| index)
    }

    /// The class of a colour.
    pub(crate) fn class(&self, color: Color) -> Option<usize> {
        let known = self.by_color.get(&color.to_rgb8()).copied();
        known.or_else(|| self.nearest(color.to_oklab(), f32::MAX))
    }

    /// Notes the borders of a grid of classes; [`NONE`] is none.
    fn note_borders(&mut self, grid: &[usize], width: usize) {
        let mut lengths: BTreeMap<(usize, usize), f32> = BTreeMap::new();
        for (index, one) in grid.iter().enumerate() {
            let right = (index % width + 1 < width).then(|| index + 1);
            for next in [right, Some(index + width)].into_iter().flatten() {
                if let Some(other) = grid.get(next)
                    && one != other
                    && *one != NONE
                    && *other != NONE
                {
                    *lengths
                        .entry((*one.min(other), *one.max(other)))
                        .or_default() += 1.0;
                }
            }
        }
        self.colors.borders = lengths
            .into_iter()
            .map(|((one, other), length)| (one, other, length))
            .collect();
    }
}

/// No class.
const NONE: usize = usize::MAX;

/// Width and height of a drawing as it is looked at.
pub(crate) fn looked_at(width: f64, height: f64) -> (u32, u32) {
    let longest = width.max(height).max(1e-9);
    let side = |length: f64| (length / longest * f64::from(LOOKED_AT)).round().max(1.0) as u32;
    (side(width), side(height))
}

/// The classes of a drawing's paints. A drawing that cannot be rendered has them without borders.
pub(crate) fn of_document(document: &Document) -> Classes {
    let (width, height) = looked_at(document.width, document.height);
    let seen = document.visibility(width, height).ok();
    let shown = document.render(width, height, None).ok();
    let mut amounts: BTreeMap<[u8; 3], f32> = BTreeMap::new();
    let shapes = document.shapes();
    for visit in &shapes {
        let area = seen.as_ref().map_or(1.0, |seen| {
            seen.visible_area(visit.index) as f32 * visit.opacity * visit.shape.opacity
        });
        let colors = paint_colors(visit.shape);
        for color in &colors {
            *amounts.entry(color.to_rgb8()).or_default() += area / colors.len() as f32;
        }
    }
    let mut classes = Classes::of(&amounts);
    if let (Some(seen), Some(shown)) = (&seen, &shown) {
        let of_shapes: Vec<Vec<usize>> = shapes
            .iter()
            .map(|visit| {
                let colors = paint_colors(visit.shape);
                let mut found: Vec<usize> = colors
                    .iter()
                    .filter_map(|color| classes.class(*color))
                    .collect();
                found.sort_unstable();
                found.dedup();
                found
            })
            .collect();
        let grid: Vec<usize> = seen
            .owners()
            .iter()
            .zip(shown.pixels())
            .map(|(owner, pixel)| {
                let owner = (*owner as usize).checked_sub(1);
                match owner
                    .and_then(|owner| of_shapes.get(owner))
                    .map(Vec::as_slice)
                {
                    None | Some([]) => NONE,
                    Some([only]) => *only,
                    Some(several) => classes.most_like(several, *pixel),
                }
            })
            .collect();
        classes.note_borders(&grid, width as usize);
    }
    classes
}

impl Classes {
    /// Which of several classes a pixel looks like.
    fn most_like(&self, several: &[usize], [red, green, blue, _]: [u8; 4]) -> usize {
        let look = Color::from_rgb8(red, green, blue).to_oklab();
        let distance = |index: &usize| {
            let known = self.colors.looks.get(*index);
            known.map_or(f32::MAX, |known| known.distance(look))
        };
        several
            .iter()
            .copied()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(NONE)
    }
}

/// All colours of a shape's paints.
pub(crate) fn paint_colors(shape: &Shape) -> Vec<Color> {
    let paints = [
        shape.fill.as_ref().map(|fill| &fill.paint),
        shape.stroke.as_ref().map(|stroke| &stroke.paint),
    ];
    let of_paint = |paint: &Paint| -> Vec<Color> {
        match paint {
            Paint::Solid(color) => vec![*color],
            Paint::Linear(gradient) => gradient.stops.iter().map(|stop| stop.color).collect(),
            Paint::Radial(gradient) => gradient.stops.iter().map(|stop| stop.color).collect(),
        }
    };
    paints.into_iter().flatten().flat_map(of_paint).collect()
}

/// The classes of a picture's colours, and the class of a colour in it.
pub(crate) fn of_picture(picture: &Raster) -> Classes {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let step = (width.max(height)).div_ceil(LOOKED_AT as usize).max(1);
    let sampled: Vec<Vec<[u8; 4]>> = (0..height)
        .step_by(step)
        .map(|y| {
            let row = picture.pixels().iter().skip(y * width).take(width);
            row.step_by(step).copied().collect()
        })
        .collect();
    let columns = sampled.first().map_or(0, Vec::len);
    let mut amounts: BTreeMap<[u8; 3], f32> = BTreeMap::new();
    for pixel in sampled.iter().flatten().filter(|pixel| pixel[3] > 127) {
        *amounts.entry(coarse(*pixel)).or_default() += 1.0;
    }
    let mut classes = Classes::of(&amounts);
    let grid: Vec<usize> = sampled
        .iter()
        .flatten()
        .map(|pixel| {
            let class = classes.by_color.get(&coarse(*pixel)).copied();
            class.filter(|_| pixel[3] > 127).unwrap_or(NONE)
        })
        .collect();
    classes.note_borders(&grid, columns.max(1));
    classes
}

/// A pixel's colour without the last bits, which are noise.
pub(crate) fn coarse([red, green, blue, _]: [u8; 4]) -> [u8; 3] {
    [red, green, blue].map(|value| (value & 0xF8) | (value >> 5))
}
