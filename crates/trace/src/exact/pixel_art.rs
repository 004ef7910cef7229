//! Pixel art: few colours in zones that follow the pixels' sides, at its own size or with every
//! pixel enlarged to a block. Each zone becomes a polygon with its corners on whole pixels.

use std::collections::BTreeMap;

use chat2svg_vector::{Color, Node, Paint, Raster, Shape};
use kurbo::{Affine, Rect, Shape as _};

use super::{group, polygon::outlines};
use crate::{
    found_shape::{BACKGROUND, SHAPES},
    neighbours::{around, beside},
};

/// Largest side in the art's own pixels.
const LARGEST_SIDE: usize = 64;
/// Most colours.
const MOST_COLORS: usize = 32;
/// Different mixtures of neighbours' colours from which a picture is anti-aliased, if …
const ANTI_ALIASED_COLORS: usize = 4;
/// … at least so large a share of the pixels at borders shows them, or there are so many times as
/// many as solid colours, and only so large a share of all colours is neither.
const ANTI_ALIASED_SHARE: f64 = 0.2;
const MIXTURES_PER_SOLID: usize = 2;
const UNEXPLAINED: f64 = 0.1;
/// Squared distance of a mixture from the line between two colours, as a share of theirs.
const STRAIGHTNESS: f64 = 0.01;
/// Most zones that stand for a picture of which nothing else could be shown.
const MOST_ROUGH_ZONES: usize = 64;

type Rgba = [u8; 4];

/// A picture as a grid of its own pixels.
struct Grid {
    width: usize,
    height: usize,
    pixels: Vec<Rgba>,
}

impl Grid {
    fn at(&self, x: usize, y: usize) -> Rgba {
        self.pixels[y * self.width + x]
    }
}

/// How the borders between a picture's colours are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Borders {
    /// Along the pixels' sides.
    Hard,
    /// As hard ones mostly; the rest may be the anti-aliasing of an icon on its grid.
    MostlyHard,
    /// Anti-aliased.
    Soft,
}

/// The layers of a picture that is pixel art, and whether it may be a smooth one.
pub(super) fn layers(picture: &Raster) -> Option<(Vec<Node>, bool)> {
    let block = block_side(picture);
    let (width, height) = (
        picture.width() as usize / block,
        picture.height() as usize / block,
    );
    if width.max(height) > LARGEST_SIDE {
        return None;
    }
    let stride = picture.width() as usize;
    let pixel = |index: usize| {
        let (x, y) = (index % width * block, index / width * block);
        match picture.pixels()[y * stride + x] {
            [_, _, _, 0] => [0; 4],
            seen => seen,
        }
    };
    let grid = Grid {
        width,
        height,
        pixels: (0..width * height).map(pixel).collect(),
    };
    let mut colors: Vec<Rgba> = grid.pixels.clone();
    colors.sort_unstable();
    colors.dedup();
    colors.retain(|color| color[3] > 0);
    let borders = borders(&grid);
    if colors.len() > MOST_COLORS || colors.is_empty() || borders == Borders::Soft {
        return None;
    }
    let layers = layers_of(&grid, &zones(&grid), block as f64);
    Some((layers, borders == Borders::MostlyHard))
}

/// Zones of a picture of which nothing else can be shown, the largest first: what there is, as far
/// as some shapes go.
pub fn rough_shapes(picture: &Raster) -> Vec<Node> {
    let grid = Grid {
        width: picture.width() as usize,
        height: picture.height() as usize,
        // All that is seen, in its mean colour where colours are many.
        pixels: picture
            .pixels()
            .iter()
            .map(|pixel| if pixel[3] == 0 { [0; 4] } else { *pixel })
            .collect(),
    };
    let mut zones = zones(&grid);
    zones.sort_by_key(|zone| std::cmp::Reverse(zone.pixels.len()));
    zones.truncate(MOST_ROUGH_ZONES);
    layers_of(&grid, &zones, 1.0)
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

/// How borders are drawn. Soft ones have many pixels that mix the colours of opposite neighbours,
/// in many proportions, and these mixtures are nowhere a colour of their own. Icons whose sides
/// follow the pixels have few such pixels, but hardly another colour that fills nothing.
fn borders(grid: &Grid) -> Borders {
    let (width, height) = (grid.width, grid.height);
    let mut is_solid: BTreeMap<Rgba, bool> = BTreeMap::new();
    for y in 0..height {
        for x in 0..width {
            let here = grid.at(x, y);
            let is_block = x + 1 < width
                && y + 1 < height
                && [grid.at(x + 1, y), grid.at(x, y + 1), grid.at(x + 1, y + 1)] == [here; 3];
            *is_solid.entry(here).or_default() |= is_block;
        }
    }
    let (mut at_borders, mut mixed) = (0_usize, 0_usize);
    let mut mixtures: Vec<Rgba> = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let here = grid.at(x, y);
            let mut is_border = false;
            let mut is_mixture = false;
            for (dx, dy) in [(1, 0), (0, 1), (1, 1), (1, -1)] {
                let at = |sign: isize| {
                    let x = x.checked_add_signed(sign * dx)?;
                    let y = y.checked_add_signed(sign * dy)?;
                    (x < width && y < height).then(|| grid.at(x, y))
                };
                let (a, b) = (at(-1), at(1));
                is_border |= a.is_some_and(|a| a != here) || b.is_some_and(|b| b != here);
                if let (Some(a), Some(b)) = (a, b) {
                    is_mixture |= is_between(here, a, b);
                }
            }
            at_borders += usize::from(is_border);
            if is_mixture && is_solid.get(&here) == Some(&false) {
                mixed += 1;
                mixtures.push(here);
            }
        }
    }
    mixtures.sort_unstable();
    mixtures.dedup();
    let solid = is_solid.values().filter(|is_solid| **is_solid).count();
    let others = is_solid.len() - solid - mixtures.len();
    let are_many = mixed as f64 >= ANTI_ALIASED_SHARE * at_borders as f64;
    let are_all = mixtures.len() >= MIXTURES_PER_SOLID * solid
        && others as f64 <= UNEXPLAINED * is_solid.len() as f64;
    match mixtures.len() >= ANTI_ALIASED_COLORS {
        true if are_many => Borders::Soft,
        true if are_all => Borders::MostlyHard,
        _ => Borders::Hard,
    }
}

/// Whether a colour is a mixture of two others and neither of them.
fn is_between(color: Rgba, a: Rgba, b: Rgba) -> bool {
    let premultiplied = |pixel: Rgba| -> [f64; 4] {
        let alpha = f64::from(pixel[3]) / 255.0;
        std::array::from_fn(|i| f64::from(pixel[i]) * if i < 3 { alpha } else { 1.0 })
    };
    let [color, a, b] = [color, a, b].map(premultiplied);
    let way: [f64; 4] = std::array::from_fn(|i| b[i] - a[i]);
    let off: [f64; 4] = std::array::from_fn(|i| color[i] - a[i]);
    let dot = |u: [f64; 4], v: [f64; 4]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
    let length = dot(way, way);
    if length < 100.0 {
        return false;
    }
    let share = dot(off, way) / length;
    let rest: [f64; 4] = std::array::from_fn(|i| off[i] - share * way[i]);
    (0.04..0.96).contains(&share) && dot(rest, rest) <= STRAIGHTNESS * length
}

/// Pixels of one colour that are connected by their sides.
struct Zone {
    color: Rgba,
    pixels: Vec<usize>,
    /// Left, top, right and bottom, the last two inclusive.
    bounds: [usize; 4],
}

/// The zones that are painted.
fn zones(grid: &Grid) -> Vec<Zone> {
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

/// The zones as paths, one for each colour and depth; what encloses others lies below them and
/// reaches beneath.
fn layers_of(grid: &Grid, zones: &[Zone], scale: f64) -> Vec<Node> {
    let covers: Vec<Vec<usize>> = zones.iter().map(|zone| covered(grid, zone)).collect();
    let mut depth = vec![0_usize; zones.len()];
    let mut first_zone: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, zone) in zones.iter().enumerate() {
        first_zone.insert(zone.pixels[0], index);
    }
    for (index, cover) in covers.iter().enumerate() {
        for pixel in cover {
            if let Some(other) = first_zone.get(pixel)
                && *other != index
            {
                depth[*other] += 1;
            }
        }
    }
    let mut paths: BTreeMap<(usize, Rgba), Vec<usize>> = BTreeMap::new();
    for (index, zone) in zones.iter().enumerate() {
        paths
            .entry((depth[index], zone.color))
            .or_default()
            .push(index);
    }
    let canvas = Rect::new(0.0, 0.0, grid.width as f64, grid.height as f64);
    let (mut below, mut above) = (Vec::new(), Vec::new());
    for ((depth, color), own) in paths {
        let mut mask = vec![false; grid.pixels.len()];
        for pixel in own.iter().flat_map(|index| &covers[*index]) {
            mask[*pixel] = true;
        }
        let mut path = outlines(grid.width, grid.height, |x, y| mask[y * grid.width + x]);
        let is_ground = depth == 0 && path.area() == canvas.area();
        path.apply_affine(Affine::scale(scale));
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

/// The pixels of a zone and, when it is opaque, those of opaque zones that it encloses.
fn covered(grid: &Grid, zone: &Zone) -> Vec<usize> {
    if zone.color[3] != 255 {
        return zone.pixels.clone();
    }
    let [left, top, right, bottom] = zone.bounds;
    let (width, height) = (right - left + 3, bottom - top + 3);
    let mut is_own = vec![false; width * height];
    for pixel in &zone.pixels {
        let (x, y) = (pixel % grid.width - left + 1, pixel / grid.width - top + 1);
        is_own[y * width + x] = true;
    }
    // From the rim around the bounds, in eight directions: a hole that touches the outside in a
    // corner is outside.
    let mut is_outside = vec![false; width * height];
    let mut open = vec![0_usize];
    is_outside[0] = true;
    while let Some(index) = open.pop() {
        for next in around([width, height], index) {
            if !is_outside[next] && !is_own[next] {
                is_outside[next] = true;
                open.push(next);
            }
        }
    }
    let mut found = Vec::new();
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let pixel = (y - 1 + top) * grid.width + (x - 1 + left);
            let is_hidden = !is_outside[y * width + x] && grid.pixels[pixel][3] == 255;
            if is_own[y * width + x] || is_hidden {
                found.push(pixel);
            }
        }
    }
    found
}
