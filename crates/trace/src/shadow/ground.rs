//! Shadows and glows on an opaque ground of one colour: what they show of it tells how opaque they
//! are, so that they are found as on a transparent one.
//!
//! A shadow's colour is taken as far from the ground's as there is any on its way: its opacity is
//! then the least that shows the same.

use std::collections::{BTreeMap, BTreeSet};

use chat2svg_vector::{Color, Paint};

use super::{LEAST_AREA, LEAST_PART, levels::outline, shape};
use crate::{
    found_shape::FoundShape,
    neighbours::{around, beside, connected, is_at_rim, mask, square},
    picture::{Picture, Pixel},
};

/// Share of the rim's pixels that must be of the ground's colour.
const LEAST_RIM: f64 = 0.5;
/// By how much a component may be off the ground's colour.
const EVEN: f32 = 0.75 / 255.0;
/// Most by which a component differs from one pixel of a shadow to the next.
const STEEPEST: f32 = 0.1;
/// The same from the mean of the pixels to both sides, at all and as a share of how these differ:
/// faint borders are not steep, but begin at once.
const MOST_BENT: f32 = 0.006;
const MOST_BENT_SHARE: f32 = 0.3;
/// How far in levels of 255 a pixel beside a shadow's is from what goes on there, if it is one.
const GOES_ON: f32 = 3.0 / 255.0;
/// By how much a shadow's colour differs from the ground's at least: eight bits tell no opacity
/// otherwise.
const LEAST_CONTRAST: f32 = 0.3;
/// How far colours may be off the line between the ground's and the shadow's on average, as a share
/// of its length.
const MOST_OFF: f32 = 0.06;
/// Pixels around a border that tell the colour of what lies over a shadow.
const OVER: usize = 3;

/// The ground of an opaque picture, and the picture with that and what is soft on it transparent.
pub(super) struct Ground {
    color: [f32; 3],
    pub(super) clear: Picture,
}

impl Ground {
    /// The ground that most of the rim shows; `None` where there is none, or nothing soft on it.
    pub(super) fn of(picture: &Picture) -> Option<Self> {
        let color = color_of_rim(picture)?;
        let off = |pixel: &Pixel| -> f32 {
            let offs = (0..3).map(|i| (pixel[i] - color[i]).abs());
            offs.fold(0.0, f32::max)
        };
        let is_even = picture.pixels.iter().map(|pixel| off(pixel) <= EVEN);
        let is_even: Vec<bool> = is_even.collect();
        let is_soft = |index: usize| {
            let own = picture.pixels[index];
            let is_near = |near: usize| {
                let other = picture.pixels[near];
                (0..3).all(|i| (own[i] - other[i]).abs() <= STEEPEST)
            };
            let is_straight = |[a, b]: [usize; 2]| {
                let (a, b) = (picture.pixels[a], picture.pixels[b]);
                (0..3).all(|i| {
                    let most = MOST_BENT.max(MOST_BENT_SHARE * (b[i] - a[i]).abs());
                    (own[i] - 0.5 * (a[i] + b[i])).abs() <= most
                })
            };
            !is_even[index]
                && around(picture.size(), index).all(is_near)
                && opposites(picture.size(), index).all(is_straight)
        };
        let soft = (0..is_even.len()).map(is_soft).collect();
        let soft = connected(soft, |index| beside(picture.size(), index));
        let mut clear = picture.clone();
        clear.is_opaque = false;
        let mut has_soft = false;
        // Also what is even within a border is soft; it does not fade.
        let fades = |part: &Vec<usize>| {
            let mut near = part.iter().flat_map(|index| around(picture.size(), *index));
            part.len() >= LEAST_PART && near.any(|near| is_even[near])
        };
        for part in soft.into_iter().filter(fades) {
            let Some(far) = farthest(picture, &part, color) else {
                continue;
            };
            has_soft |= part.len() >= LEAST_AREA;
            let beside = going_on(picture, &part);
            for index in part.into_iter().chain(beside) {
                clear.pixels[index] = uncovered(picture.pixels[index], color, far);
            }
        }
        if !has_soft {
            return None;
        }
        for part in connected(is_even, |index| beside(picture.size(), index)) {
            if part.iter().any(|index| is_at_rim(picture.size(), *index)) {
                part.iter()
                    .for_each(|index| clear.pixels[*index] = [0.0; 4]);
            }
        }
        Some(Self { color, clear })
    }

    /// A pixel at the border of what lies over a shadow, mixed with the ground in place of what
    /// the shadow, which covers `below` of it, makes of that; and what share of it lies over.
    /// `is_beside` tells which pixels may be such; `None` where nothing else is near.
    pub(super) fn unshaded(
        &self,
        index: usize,
        is_beside: &[bool],
        (shade, below): (Color, f32),
    ) -> Option<(Pixel, f32)> {
        let picture = &self.clear;
        let is_over = |near: &usize| !is_beside[*near] && picture.pixels[*near][3] >= 1.0;
        let [width, _] = picture.size();
        let apart = |near: &usize| {
            let x = (near % width).abs_diff(index % width);
            let y = (near / width).abs_diff(index / width);
            x * x + y * y
        };
        let near = square(picture.size(), index, OVER).filter(is_over);
        let over = picture.pixels[near.min_by_key(apart)?];
        let shade = [shade.red, shade.green, shade.blue];
        let seen = picture.pixels[index];
        let shaded = |i: usize| self.color[i] + below * (shade[i] - self.color[i]);
        let share = share_of(seen, [0, 1, 2].map(shaded), over).unwrap_or(1.0);
        let mixed = |i: usize| share * over[i] + (1.0 - share) * self.color[i];
        Some(([mixed(0), mixed(1), mixed(2), 1.0], share))
    }

    /// What has the ground's colour and lies over a shadow, each with all that it encloses. `cover`
    /// tells which share of each pixel lies over the shadows and the ground.
    pub(super) fn plates(&self, cover: &[f32]) -> Vec<FoundShape> {
        let picture = &self.clear;
        let open = cover.iter().map(|share| *share > 0.0).collect();
        let parts = connected(open, |index| around(picture.size(), index));
        let is_plate = |part: &Vec<usize>| {
            let is_ground = |index: &&usize| {
                let pixel = picture.pixels[**index];
                pixel[3] >= 1.0 && (0..3).all(|i| (pixel[i] - self.color[i]).abs() <= EVEN)
            };
            part.iter().filter(is_ground).count() >= LEAST_AREA
        };
        let [red, green, blue] = self.color;
        let paint = Paint::Solid(Color::new(red, green, blue));
        let plates = parts.iter().filter(|part| is_plate(part)).map(|part| {
            let mut own = vec![0.0; cover.len()];
            part.iter().for_each(|index| own[*index] = cover[*index]);
            let value = |x: usize, y: usize| own[y * picture.width + x];
            shape(outline(picture.size(), value), paint.clone())
        });
        plates.collect()
    }

    /// A picture on the ground.
    pub(super) fn beneath(&self, picture: &Picture) -> Picture {
        let pixels = picture.pixels.iter().map(|pixel| {
            let through = 1.0 - pixel[3];
            let shown = |i: usize| (pixel[i] + through * self.color[i]).clamp(0.0, 1.0);
            [shown(0), shown(1), shown(2)]
        });
        Picture::opaque(picture.width, picture.height, pixels)
    }
}

/// The pixels beside a part in which it goes on evenly: next to a border all look bent.
fn going_on(picture: &Picture, part: &[usize]) -> Vec<usize> {
    let is_own = mask(picture.pixels.len(), part);
    let mut found = BTreeSet::new();
    for own in part {
        for [before, after] in opposites(picture.size(), *own) {
            for (before, next) in [(before, after), (after, before)] {
                let pixel = |index: usize| picture.pixels[index];
                let is_even = (0..3).all(|i| {
                    let told = 2.0 * pixel(*own)[i] - pixel(before)[i];
                    (pixel(next)[i] - told).abs() <= GOES_ON
                });
                if is_own[before] && !is_own[next] && is_even {
                    found.insert(next);
                }
            }
        }
    }
    found.into_iter().collect()
}

/// The pixels around one in pairs that face each other, as far as there are both.
fn opposites([width, height]: [usize; 2], index: usize) -> impl Iterator<Item = [usize; 2]> {
    let (x, y) = (index % width, index / width);
    let has_columns = x > 0 && x + 1 < width;
    let has_rows = y > 0 && y + 1 < height;
    let pair = move |is_there: bool, step: usize| {
        is_there.then(|| [index.checked_sub(step), Some(index + step)])
    };
    [
        pair(has_columns, 1),
        pair(has_rows, width),
        pair(has_columns && has_rows, width - 1),
        pair(has_columns && has_rows, width + 1),
    ]
    .into_iter()
    .flatten()
    .filter_map(|[before, after]| Some([before?, after?]))
}

/// The colour of most pixels at a picture's rim, if it is one.
fn color_of_rim(picture: &Picture) -> Option<[f32; 3]> {
    let rim = (0..picture.pixels.len()).filter(|index| is_at_rim(picture.size(), *index));
    let mut counts: BTreeMap<[u8; 3], (usize, [f32; 3])> = BTreeMap::new();
    let mut all = 0;
    for index in rim {
        let [red, green, blue, _] = picture.pixels[index];
        let color = [red, green, blue];
        let key = color.map(|value| (255.0 * value).round() as u8);
        counts.entry(key).or_insert((0, color)).0 += 1;
        all += 1;
    }
    let (count, color) = counts.into_values().max_by_key(|(count, _)| *count)?;
    (count as f64 >= LEAST_RIM * f64::from(all)).then_some(color)
}

/// The colour farthest from the ground's on the way that some pixels lead from it; `None` where
/// they lead no one way, or there is none far enough.
fn farthest(picture: &Picture, part: &[usize], ground: [f32; 3]) -> Option<[f32; 3]> {
    let mut way = [0.0_f32; 3];
    for index in part {
        for (sum, (value, ground)) in way
            .iter_mut()
            .zip(picture.pixels[*index].iter().zip(ground))
        {
            *sum += value - ground;
        }
    }
    let length = way.iter().map(|value| value * value).sum::<f32>().sqrt();
    let way = way.map(|value| value / length.max(1e-9));
    let mut off = 0.0;
    for index in part {
        let [red, green, blue, _] = picture.pixels[*index];
        let own = [red - ground[0], green - ground[1], blue - ground[2]];
        let along: f32 = own.iter().zip(way).map(|(own, way)| own * way).sum();
        let square: f32 = own.iter().map(|value| value * value).sum();
        off += (square - along * along).max(0.0);
    }
    let reach = |i: usize| {
        let room = if way[i] > 0.0 {
            1.0 - ground[i]
        } else {
            ground[i]
        };
        room / way[i].abs().max(1e-6)
    };
    let reach = (0..3).map(reach).fold(f32::INFINITY, f32::min);
    let far: [f32; 3] = std::array::from_fn(|i| (ground[i] + reach * way[i]).clamp(0.0, 1.0));
    let contrast = (0..3)
        .map(|i| (far[i] - ground[i]).abs())
        .fold(0.0, f32::max);
    let is_one_way = (off / part.len() as f32).sqrt() <= MOST_OFF * reach;
    (is_one_way && contrast >= LEAST_CONTRAST).then_some(far)
}

/// A pixel that shows a colour over the ground, by itself.
fn uncovered(pixel: Pixel, ground: [f32; 3], [red, green, blue]: [f32; 3]) -> Pixel {
    let opacity = share_of(pixel, ground, [red, green, blue, 1.0]).unwrap_or(0.0);
    let own = |i: usize| pixel[i] - (1.0 - opacity) * ground[i];
    [own(0), own(1), own(2), opacity]
}

/// The share of a colour in the mixture with another that a pixel shows best; `None` where both are
/// the same.
fn share_of(pixel: Pixel, from: [f32; 3], to: Pixel) -> Option<f32> {
    let (mut along, mut span) = (0.0, 0.0);
    for i in 0..3 {
        let way = to[i] - from[i];
        along += way * (pixel[i] - from[i]);
        span += way * way;
    }
    (span > 0.0).then(|| (along / span).clamp(0.0, 1.0))
}
