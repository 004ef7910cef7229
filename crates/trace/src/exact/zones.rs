//! Flat zones of a picture: pixels of one colour that are connected by their sides, each a polygon
//! with its corners on whole pixels.

use std::collections::BTreeMap;

use chat2svg_vector::{Color, Node, Paint, Raster, Shape};
use kurbo::{Affine, BezPath, Rect, Shape as _};

use super::{group, polygon::outlines};
use crate::{
    found_shape::{BACKGROUND, SHAPES},
    neighbours::{around, beside, is_at_rim},
};

pub(super) type Rgba = [u8; 4];

/// A picture as a grid of its own pixels, each a block of the picture's.
pub(super) struct Grid {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<Rgba>,
    /// Side of a block in pixels of the picture.
    pub(super) block: usize,
}

impl Grid {
    /// A picture pixel by pixel; all that is clear has one colour.
    pub(super) fn of(picture: &Raster) -> Self {
        Self::with_blocks(picture, 1)
    }

    /// A picture in the largest blocks of equal pixels that it consists of.
    pub(super) fn of_blocks(picture: &Raster) -> Self {
        Self::with_blocks(picture, block_side(picture))
    }

    fn with_blocks(picture: &Raster, block: usize) -> Self {
        let (width, height) = (
            picture.width() as usize / block,
            picture.height() as usize / block,
        );
        let stride = picture.width() as usize;
        let pixel = |index: usize| {
            let (x, y) = (index % width * block, index / width * block);
            match picture.pixels()[y * stride + x] {
                [_, _, _, 0] => [0; 4],
                seen => seen,
            }
        };
        Self {
            width,
            height,
            pixels: (0..width * height).map(pixel).collect(),
            block,
        }
    }

    pub(super) fn at(&self, x: usize, y: usize) -> Rgba {
        self.pixels[y * self.width + x]
    }

    fn is_opaque(&self) -> bool {
        self.pixels.iter().all(|pixel| pixel[3] == 255)
    }
}

/// Side of the blocks of equal pixels that a picture consists of.
fn block_side(picture: &Raster) -> usize {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = picture.pixels();
    let mut common = gcd(width, height);
    for (index, pixel) in pixels.iter().enumerate() {
        let (x, y) = (index % width, index / width);
        if x > 0 && pixels[index - 1] != *pixel {
            common = gcd(common, x);
        }
        if y > 0 && pixels[index - width] != *pixel {
            common = gcd(common, y);
        }
        if common == 1 {
            break;
        }
    }
    common
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Pixels of one colour that are connected by their sides.
pub(super) struct Zone {
    color: Rgba,
    pub(super) pixels: Vec<usize>,
    /// Left, top, right and bottom, the last two inclusive.
    bounds: [usize; 4],
}

impl Zone {
    /// Pixels of the box around it.
    pub(super) fn box_area(&self) -> usize {
        let [left, top, right, bottom] = self.bounds;
        (right - left + 1) * (bottom - top + 1)
    }
}

/// The zones that are painted.
pub(super) fn zones(grid: &Grid) -> Vec<Zone> {
    let (width, height) = (grid.width, grid.height);
    let mut is_taken = vec![false; grid.pixels.len()];
    let mut found = Vec::new();
    for first in 0..grid.pixels.len() {
        let color = grid.pixels[first];
        if is_taken[first] || color[3] == 0 {
            continue;
        }
        is_taken[first] = true;
        let mut zone = Zone {
            color,
            pixels: vec![first],
            bounds: [usize::MAX, usize::MAX, 0, 0],
        };
        let mut next = 0;
        while let Some(&index) = zone.pixels.get(next) {
            next += 1;
            let (x, y) = (index % width, index / width);
            let [left, top, right, bottom] = zone.bounds;
            zone.bounds = [left.min(x), top.min(y), right.max(x), bottom.max(y)];
            for neighbour in beside([width, height], index) {
                if !is_taken[neighbour] && grid.pixels[neighbour] == color {
                    is_taken[neighbour] = true;
                    zone.pixels.push(neighbour);
                }
            }
        }
        found.push(zone);
    }
    found
}

/// All zones of one colour and depth.
pub(super) struct Flat {
    /// In pixels of the grid.
    pub(super) path: BezPath,
    color: Rgba,
    is_ground: bool,
}

/// The zones as paths, one for each colour and depth, bottom first; what encloses others lies below
/// them and reaches beneath. Below an opaque picture lies a canvas of the colour that shows most of
/// what would lie lowest: it leaves no gap between zones, at whatever size it is shown.
pub(super) fn flats(grid: &Grid, zones: &[Zone]) -> Vec<Flat> {
    let covers: Vec<Cover> = zones.iter().map(|zone| Cover::of(grid, zone)).collect();
    let below = depths(grid, zones, &covers, |_| true);
    let ground = ground(grid, zones, &covers, &below);
    let is_ground = |index: usize| {
        let lies_lowest = below.get(index) == Some(&0);
        lies_lowest && zones.get(index).map(|zone| zone.color) == ground
    };
    let below = depths(grid, zones, &covers, |index| !is_ground(index));
    let mut paths: BTreeMap<(usize, Rgba), BezPath> = BTreeMap::new();
    for (index, ((zone, cover), depth)) in zones.iter().zip(&covers).zip(below).enumerate() {
        if !is_ground(index) {
            let path = paths.entry((depth, zone.color)).or_default();
            path.extend(cover.outline());
        }
    }
    let canvas = Rect::new(0.0, 0.0, grid.width as f64, grid.height as f64);
    let ground = ground.map(|color| Flat {
        path: canvas.to_path(0.1),
        color,
        is_ground: true,
    });
    let others = paths.into_iter().map(|((_, color), path)| Flat {
        path,
        color,
        is_ground: false,
    });
    ground.into_iter().chain(others).collect()
}

/// How many other zones lie below each, of those that count.
fn depths(
    grid: &Grid,
    zones: &[Zone],
    covers: &[Cover],
    counts: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let first = |zone: &Zone| zone.pixels.first().copied();
    let firsts: Vec<Option<usize>> = zones.iter().map(first).collect();
    let mut below = vec![0; zones.len()];
    let counted = covers
        .iter()
        .enumerate()
        .filter(|(index, _)| counts(*index));
    for (index, cover) in counted {
        for (other, first) in firsts.iter().enumerate() {
            let is_in = first.is_some_and(|first| cover.has(first, grid));
            below[other] += usize::from(is_in && other != index);
        }
    }
    below
}

/// The colour of the canvas below all zones: that of most of what lies lowest, if nothing shows
/// through there.
fn ground(grid: &Grid, zones: &[Zone], covers: &[Cover], below: &[usize]) -> Option<Rgba> {
    let mut areas: BTreeMap<Rgba, usize> = BTreeMap::new();
    for ((zone, cover), _) in zones
        .iter()
        .zip(covers)
        .zip(below)
        .filter(|(_, below)| **below == 0)
    {
        *areas.entry(zone.color).or_default() += cover.area();
    }
    let (color, area) = areas.into_iter().max_by_key(|(_, area)| *area)?;
    (grid.is_opaque() || area == grid.pixels.len()).then_some(color)
}

/// Flat zones as the layers of a document, in pixels of the picture.
pub(super) fn layers_of(flats: Vec<Flat>, grid: &Grid) -> Vec<Node> {
    let (mut below, mut above) = (Vec::new(), Vec::new());
    for Flat {
        mut path,
        color,
        is_ground,
    } in flats
    {
        path.apply_affine(Affine::scale(grid.block as f64));
        let [red, green, blue, alpha] = color.map(|value| f32::from(value) / 255.0);
        let paint = Paint::Solid(Color::new(red, green, blue));
        let mut shape = Shape::filled("", path, paint);
        if let Some(fill) = &mut shape.fill {
            fill.opacity = alpha;
        }
        let layer = if is_ground { &mut below } else { &mut above };
        layer.push(Node::Shape(shape));
    }
    [(BACKGROUND, below), (SHAPES, above)]
        .into_iter()
        .filter(|(_, shapes)| !shapes.is_empty())
        .map(|(label, shapes)| group(label, shapes))
        .collect()
}

/// What a zone covers: its pixels and, when it is opaque, those of opaque zones that it encloses.
struct Cover {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    /// Of the pixels of the box around it.
    is_in: Vec<bool>,
}

impl Cover {
    fn of(grid: &Grid, zone: &Zone) -> Self {
        let [left, top, right, bottom] = zone.bounds;
        let (width, height) = (right - left + 1, bottom - top + 1);
        let mut is_in = vec![false; width * height];
        for pixel in &zone.pixels {
            let (x, y) = (pixel % grid.width - left, pixel / grid.width - top);
            is_in[y * width + x] = true;
        }
        if zone.color[3] == 255 {
            let is_outside = outside(&is_in, width, height);
            for (index, is_in) in is_in.iter_mut().enumerate() {
                let pixel = grid.at(left + index % width, top + index / width);
                *is_in |= !is_outside[index] && pixel[3] == 255;
            }
        }
        Self {
            left,
            top,
            width,
            height,
            is_in,
        }
    }

    fn area(&self) -> usize {
        self.is_in.iter().filter(|is_in| **is_in).count()
    }

    /// Whether it covers a pixel of the grid.
    fn has(&self, pixel: usize, grid: &Grid) -> bool {
        let (x, y) = (pixel % grid.width, pixel / grid.width);
        let (x, y) = (x.wrapping_sub(self.left), y.wrapping_sub(self.top));
        x < self.width && y < self.height && self.is_in[y * self.width + x]
    }

    fn outline(&self) -> BezPath {
        let is_in = |x: usize, y: usize| self.is_in[y * self.width + x];
        let mut path = outlines(self.width, self.height, is_in);
        path.apply_affine(Affine::translate((self.left as f64, self.top as f64)));
        path
    }
}

/// Which pixels of a box are connected with its rim without crossing what is in, in eight
/// directions: a hole that touches the outside in a corner is outside.
fn outside(is_in: &[bool], width: usize, height: usize) -> Vec<bool> {
    let is_start = |index: &usize| is_at_rim([width, height], *index) && !is_in[*index];
    let mut open: Vec<usize> = (0..is_in.len()).filter(is_start).collect();
    let mut is_outside = vec![false; is_in.len()];
    open.iter().for_each(|index| is_outside[*index] = true);
    while let Some(index) = open.pop() {
        for next in around([width, height], index) {
            if !is_outside[next] && !is_in[next] {
                is_outside[next] = true;
                open.push(next);
            }
        }
    }
    is_outside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[&str]) -> Grid {
        let color = |symbol: u8| match symbol {
            b'.' => [0; 4],
            symbol => [symbol, 0, 0, 255],
        };
        Grid {
            width: rows[0].len(),
            height: rows.len(),
            pixels: rows.iter().flat_map(|row| row.bytes().map(color)).collect(),
            block: 1,
        }
    }

    fn paths(rows: &[&str]) -> Vec<String> {
        let grid = grid(rows);
        let flats = flats(&grid, &zones(&grid));
        flats.iter().map(|flat| flat.path.to_svg()).collect()
    }

    #[test]
    fn an_opaque_picture_has_a_canvas_though_no_zone_is_one() {
        // Bars that stand on the edge: three parts of the ground between them.
        assert_eq!(
            paths(&["aabaa", "aabab", "aabab"]),
            [
                "M0,0 L5,0 L5,3 L0,3 Z",
                "M2,0 L3,0 L3,3 L2,3 Z M4,1 L5,1 L5,3 L4,3 Z"
            ]
        );
    }

    #[test]
    fn what_is_clear_stays_so() {
        assert_eq!(
            paths(&["aa.", "aba"]),
            [
                "M0,0 L2,0 L2,1 L1,1 L1,2 L0,2 Z M2,1 L3,1 L3,2 L2,2 Z",
                "M1,1 L2,1 L2,2 L1,2 Z"
            ]
        );
    }
}
