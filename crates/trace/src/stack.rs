//! From a partition to a stack of shapes: which lies below, and how far each reaches beneath those
//! above it, so that no gap opens between neighbours and every border is drawn once.

use std::{cmp::Reverse, collections::BTreeMap};

use chat2svg_stop::Stop;
use kurbo::Point;
use rayon::prelude::*;

use crate::{
    contours::Field,
    picture::{Picture, Pixel, projection, squared_distance},
};

/// Pixels that a shape reaches beneath a later one.
const REACH: usize = 2;
/// Pixels that a shape at the canvas's edge reaches beyond it.
const BEYOND: usize = 3;
/// Half the side of the window in which the colours on both sides of a border are looked up.
const LOOK: usize = 2;

/// Which region each pixel belongs to, and what the picture looks like there.
pub(crate) struct Partition<'a> {
    pub(crate) picture: &'a Picture,
    /// The picture with its edges made steps.
    pub(crate) sharp: &'a [Pixel],
    /// The region of each pixel; `None` for pixels that are not to be painted or are taken.
    pub(crate) labels: &'a [Option<u32>],
    /// Of each region whether it lets what lies below it through: nothing reaches beneath it.
    pub(crate) is_translucent: &'a [bool],
    /// Of each pixel, index plus one of the existing shape that it shows, 0 for none; empty when
    /// there are no shapes yet.
    pub(crate) owners: &'a [u32],
}

/// Share of a region's pixels that an existing shape must have to count as lying beneath it.
const BENEATH: f64 = 0.08;

/// A region ready to be traced.
pub(crate) struct Layer {
    /// Index of the region.
    pub(crate) region: usize,
    /// Its coverage with what it reaches beneath; contours come in pixel-corner coordinates.
    pub(crate) field: Field,
    /// Whether it covers the whole canvas.
    pub(crate) is_backdrop: bool,
    /// How many existing shapes lie below it.
    pub(crate) depth: u32,
    /// Of each value of the field, whether that pixel is covered by a later shape or off the
    /// canvas.
    pub(crate) is_covered: Vec<bool>,
}

impl Layer {
    /// Whether a point of a contour is hidden: its outer pixel is covered.
    pub(crate) fn is_hidden(&self, point: Point) -> bool {
        let (x, y) = (point.x - self.field.origin.x, point.y - self.field.origin.y);
        let at = |x: f64, y: f64| y as usize * self.field.width + x as usize;
        let ends = [at(x.floor(), y.floor()), at(x.ceil(), y.ceil())];
        ends.into_iter().all(|index| {
            self.field
                .values
                .get(index)
                .is_none_or(|value| *value >= 0.5)
                || self.is_covered.get(index).copied().unwrap_or(true)
        })
    }
}

#[derive(Clone, Copy)]
struct Bounds {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

/// The layers, bottom first; not all when stopped on the way. What is enclosed lies above what
/// encloses it.
pub(crate) fn layers(partition: &Partition<'_>, stop: &Stop) -> Vec<Layer> {
    let bounds = bounds(partition);
    let depths = depths(partition);
    let mut order: Vec<(u32, Reverse<usize>, usize)> = (0..partition.is_translucent.len())
        .into_par_iter()
        .filter_map(|region| {
            let bounds = bounds[region].filter(|_| !stop.is_due())?;
            let area = filled_area(partition, region as u32, bounds);
            Some((depths[region], Reverse(area), region))
        })
        .collect();
    order.sort_unstable();
    let mut ranks = Ranks {
        rank: vec![u32::MAX; partition.is_translucent.len()],
        depths,
    };
    for (place, (_, _, region)) in order.iter().enumerate() {
        ranks.rank[*region] = place as u32;
    }
    order
        .par_iter()
        .filter_map(|(_, _, region)| {
            let bounds = bounds[*region].filter(|_| !stop.is_due())?;
            Some(layer(partition, &ranks, *region, bounds))
        })
        .collect()
}

/// Which of two regions, or of a region and an existing shape, lies above.
struct Ranks {
    rank: Vec<u32>,
    depths: Vec<u32>,
}

/// For each region how many existing shapes lie below it: all up to the topmost that shows in it.
fn depths(partition: &Partition<'_>) -> Vec<u32> {
    if partition.owners.is_empty() {
        return vec![0; partition.is_translucent.len()];
    }
    let mut shares: Vec<BTreeMap<u32, u32>> = vec![BTreeMap::new(); partition.is_translucent.len()];
    for (label, owner) in partition.labels.iter().zip(partition.owners) {
        if let Some(label) = label {
            *shares[*label as usize].entry(*owner).or_default() += 1;
        }
    }
    shares
        .iter()
        .map(|share| {
            let pixels: u32 = share.values().sum();
            share
                .iter()
                .rev()
                .find(|(_, count)| f64::from(**count) >= BENEATH * f64::from(pixels))
                .map_or(0, |(owner, _)| *owner)
        })
        .collect()
}

fn bounds(partition: &Partition<'_>) -> Vec<Option<Bounds>> {
    let width = partition.picture.width;
    let mut bounds: Vec<Option<Bounds>> = vec![None; partition.is_translucent.len()];
    for (index, label) in partition.labels.iter().enumerate() {
        let Some(label) = label else { continue };
        let (x, y) = (index % width, index / width);
        let here = Bounds {
            left: x,
            top: y,
            right: x,
            bottom: y,
        };
        let all = bounds[*label as usize].get_or_insert(here);
        all.left = all.left.min(x);
        all.right = all.right.max(x);
        all.top = all.top.min(y);
        all.bottom = all.bottom.max(y);
    }
    bounds
}

/// Pixels of a region and of what it encloses.
fn filled_area(partition: &Partition<'_>, region: u32, bounds: Bounds) -> usize {
    let outside = outside_of(bounds, |x, y| {
        partition.labels[y * partition.picture.width + x] == Some(region)
    });
    outside.iter().filter(|is_outside| !**is_outside).count()
}

/// Which pixels of the bounds are connected with their rim without crossing the region.
fn outside_of(bounds: Bounds, is_region: impl Fn(usize, usize) -> bool) -> Vec<bool> {
    let width = bounds.right - bounds.left + 1;
    let height = bounds.bottom - bounds.top + 1;
    let mut outside = vec![false; width * height];
    let mut open = Vec::new();
    let mut visit = |x: usize, y: usize, open: &mut Vec<(usize, usize)>| {
        let index = y * width + x;
        if !outside[index] && !is_region(x + bounds.left, y + bounds.top) {
            outside[index] = true;
            open.push((x, y));
        }
    };
    for x in 0..width {
        visit(x, 0, &mut open);
        visit(x, height - 1, &mut open);
    }
    for y in 0..height {
        visit(0, y, &mut open);
        visit(width - 1, y, &mut open);
    }
    while let Some((x, y)) = open.pop() {
        if x > 0 {
            visit(x - 1, y, &mut open);
        }
        if x + 1 < width {
            visit(x + 1, y, &mut open);
        }
        if y > 0 {
            visit(x, y - 1, &mut open);
        }
        if y + 1 < height {
            visit(x, y + 1, &mut open);
        }
    }
    outside
}

/// What a pixel is to a region.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// Its own.
    Own,
    /// A later region's: it may be reached into.
    Later,
    /// An earlier region's, or nobody's: it must not be touched.
    Earlier,
}

fn layer(partition: &Partition<'_>, ranks: &Ranks, region: usize, bounds: Bounds) -> Layer {
    let picture = partition.picture;
    let (rank, depth) = (ranks.rank[region], ranks.depths[region]);
    let role = |x: usize, y: usize| {
        let index = y * picture.width + x;
        let is_later = match partition.labels[index] {
            Some(label) if label as usize == region => return Role::Own,
            Some(label) if partition.is_translucent[label as usize] => false,
            Some(label) => ranks.rank[label as usize] > rank,
            None => partition
                .owners
                .get(index)
                .is_some_and(|owner| *owner > depth),
        };
        if is_later { Role::Later } else { Role::Earlier }
    };
    let outside = outside_of(bounds, |x, y| role(x, y) == Role::Own);
    let inner_width = bounds.right - bounds.left + 1;
    let is_enclosed = |x: usize, y: usize| {
        (bounds.left..=bounds.right).contains(&x)
            && (bounds.top..=bounds.bottom).contains(&y)
            && !outside[(y - bounds.top) * inner_width + (x - bounds.left)]
    };
    // Over the canvas: own pixels, holes, and what lies within reach of own pixels beneath later
    // ones.
    let window = Bounds {
        left: bounds.left.saturating_sub(REACH),
        top: bounds.top.saturating_sub(REACH),
        right: (bounds.right + REACH).min(picture.width - 1),
        bottom: (bounds.bottom + REACH).min(picture.height - 1),
    };
    let near = |x: usize, y: usize, reach: usize, wanted: Role| {
        let xs = x.saturating_sub(reach)..=(x + reach).min(picture.width - 1);
        let ys = y.saturating_sub(reach)..=(y + reach).min(picture.height - 1);
        ys.into_iter()
            .any(|y| xs.clone().any(|x| role(x, y) == wanted))
    };
    let is_inside = |x: usize, y: usize| match role(x, y) {
        Role::Own => true,
        Role::Earlier => false,
        Role::Later => {
            is_enclosed(x, y) || (near(x, y, REACH, Role::Own) && !near(x, y, 1, Role::Earlier))
        }
    };
    let inner_left = window.left;
    let inner_top = window.top;
    let inside_width = window.right - window.left + 1;
    let inside_height = window.bottom - window.top + 1;
    let mut inside = vec![false; inside_width * inside_height];
    for y in 0..inside_height {
        for x in 0..inside_width {
            inside[y * inside_width + x] = is_inside(x + inner_left, y + inner_top);
        }
    }
    let is_backdrop = inside.len() == picture.width * picture.height && inside.iter().all(|v| *v);
    let inside_at = |x: usize, y: usize| {
        (window.left..=window.right).contains(&x)
            && (window.top..=window.bottom).contains(&y)
            && inside[(y - inner_top) * inside_width + (x - inner_left)]
    };

    // The field reaches beyond the window, and beyond the canvas where the region touches its edge.
    let margin = BEYOND + 1;
    let width = inside_width + 2 * margin;
    let height = inside_height + 2 * margin;
    let mut values = vec![0.0_f32; width * height];
    let mut is_covered = vec![false; width * height];
    for y in 0..height {
        for x in 0..width {
            let canvas_x = (x + inner_left) as isize - margin as isize;
            let canvas_y = (y + inner_top) as isize - margin as isize;
            let nearest_x = canvas_x.clamp(0, picture.width as isize - 1) as usize;
            let nearest_y = canvas_y.clamp(0, picture.height as isize - 1) as usize;
            let is_off = nearest_x as isize != canvas_x || nearest_y as isize != canvas_y;
            let is_rim = x == 0 || y == 0 || x + 1 == width || y + 1 == height;
            let index = y * width + x;
            is_covered[index] = is_off || role(nearest_x, nearest_y) == Role::Later;
            if is_rim {
                continue;
            }
            values[index] = if inside_at(nearest_x, nearest_y) {
                1.0
            } else {
                0.0
            };
            if role(nearest_x, nearest_y) != Role::Later
                && let Some(share) = soft_share(partition, nearest_x, nearest_y, &role, &inside_at)
            {
                values[index] = if values[index] >= 0.5 {
                    share.clamp(0.5, 1.0)
                } else {
                    share.clamp(0.0, 0.49)
                };
            }
        }
    }
    Layer {
        region,
        field: Field {
            width,
            height,
            values,
            origin: Point::new(
                inner_left as f64 - margin as f64 + 0.5,
                inner_top as f64 - margin as f64 + 0.5,
            ),
        },
        is_backdrop,
        depth,
        is_covered,
    }
}

/// Share of a pixel at a visible border that belongs to the inside, by its colour between those of
/// both sides; `None` away from borders and where the sides look alike.
fn soft_share(
    partition: &Partition<'_>,
    x: usize,
    y: usize,
    role: &impl Fn(usize, usize) -> Role,
    inside_at: &impl Fn(usize, usize) -> bool,
) -> Option<f32> {
    let picture = partition.picture;
    let here = inside_at(x, y);
    let xs = x.saturating_sub(1)..=(x + 1).min(picture.width - 1);
    let ys = y.saturating_sub(1)..=(y + 1).min(picture.height - 1);
    if ys
        .clone()
        .all(|y| xs.clone().all(|x| inside_at(x, y) == here))
    {
        return None;
    }
    let mut sums = [[0.0_f32; 5]; 2];
    let xs = x.saturating_sub(LOOK)..=(x + LOOK).min(picture.width - 1);
    let ys = y.saturating_sub(LOOK)..=(y + LOOK).min(picture.height - 1);
    for other_y in ys {
        for other_x in xs.clone() {
            let side = match role(other_x, other_y) {
                Role::Own => 0,
                Role::Earlier => 1,
                Role::Later => continue,
            };
            let color = partition.sharp[other_y * picture.width + other_x];
            for (sum, value) in sums[side].iter_mut().zip(color.into_iter().chain([1.0])) {
                *sum += value;
            }
        }
    }
    let [own, other] = sums;
    if own[4] == 0.0 || other[4] == 0.0 {
        return None;
    }
    let mean = |sum: [f32; 5]| -> Pixel { std::array::from_fn(|i| sum[i] / sum[4]) };
    let (own, other) = (mean(own), mean(other));
    let span = squared_distance(own, other);
    if span < 0.003 {
        return None;
    }
    let pixel = picture.pixels[y * picture.width + x];
    let along = projection(pixel, other, own);
    Some((along / span).clamp(0.0, 1.0))
}
