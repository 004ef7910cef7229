//! Upright pictures: flat zones whose borders follow the pixels' sides by intent, whatever their
//! size, as those of bars, cells and the modules of codes do. Their polygons are the exact answer
//! where these are few numbers. Borders without anti-aliasing that stand for slanted or round ones
//! are none of these.

use std::collections::BTreeSet;

use chat2svg_vector::{Node, Raster};
use kurbo::{BezPath, PathEl, Point, Vec2};

use super::{
    borders::has_mixtures,
    zones::{Grid, Rgba, Zone, flats, layers_of, zones},
};

/// Most pixels, each a block of the picture's.
const MOST_PIXELS: usize = 1 << 23;
/// Most colours.
const MOST_COLORS: usize = 1024;
/// Most corners of zones, and most per pixel of the picture: of dithering and noise there are more.
const MOST_CORNERS: usize = 20_000;
const MOST_DENSE: f64 = 0.125;
/// Levels in each component up to which colours are shades of each other, and the share of the
/// neighbours of other colours that may be such.
const SHADE: u8 = 4;
const MOST_SHADES: f64 = 0.25;
/// Pixels of the boxes around all zones together, as a multiple of the picture's.
const MOST_NESTED: usize = 16;
/// Corners in a row that turn to and fro, one pixel apart every other time, from which these are
/// the stairs of a slanted or round border.
const STAIRS: usize = 5;
/// How far apart, in pixels.
const STEP: f64 = 1.0;
/// Side in pixels from which blocks are no stairs.
const LARGE_BLOCK: usize = 4;
/// Share of all corners that may be at stairs, as some of a step chart or a code are, …
const MOST_STAIRS: f64 = 0.2;
/// … and of those of one outline with at least so many.
const MOST_OF_OUTLINE: f64 = 0.8;
const LEAST_CORNERS: usize = 24;

/// The layers of an upright picture.
pub(super) fn layers(picture: &Raster) -> Option<Vec<Node>> {
    if !has_few_colors(picture) {
        return None;
    }
    let grid = Grid::of_blocks(picture);
    let corners = corners(&grid);
    if grid.pixels.len() > MOST_PIXELS
        || corners > MOST_CORNERS
        || corners as f64 > MOST_DENSE * picture.pixels().len() as f64
        || has_shades(&grid)
        || (grid.block == 1 && has_mixtures(&grid))
    {
        return None;
    }
    let zones = zones(&grid);
    let boxes: usize = zones.iter().map(Zone::box_area).sum();
    if zones.is_empty() || boxes > MOST_NESTED * grid.pixels.len() {
        return None;
    }
    let flats = flats(&grid, &zones);
    // Large blocks are steps by intent.
    let is_meant = grid.block >= LARGE_BLOCK;
    let outlines = flats.iter().flat_map(|flat| corners_of(&flat.path));
    (is_meant || !are_stairs(outlines)).then(|| layers_of(flats, &grid))
}

fn has_few_colors(picture: &Raster) -> bool {
    let mut colors: BTreeSet<Rgba> = BTreeSet::new();
    let mut before = None;
    for pixel in picture.pixels() {
        if before != Some(pixel) {
            colors.insert(*pixel);
            before = Some(pixel);
        }
        if colors.len() > MOST_COLORS {
            return false;
        }
    }
    true
}

/// How often a border turns or others meet it.
fn corners(grid: &Grid) -> usize {
    let rows = 1..grid.height;
    let turns = rows.flat_map(|y| (1..grid.width).map(move |x| (x, y)));
    turns
        .filter(|(x, y)| {
            let [a, b] = [grid.at(x - 1, y - 1), grid.at(*x, y - 1)];
            let [c, d] = [grid.at(x - 1, *y), grid.at(*x, *y)];
            !((a, b) == (c, d) || (a, c) == (b, d))
        })
        .count()
}

/// Whether many neighbours of other colours are shades of each other: a gradient's bands.
fn has_shades(grid: &Grid) -> bool {
    let (width, height) = (grid.width, grid.height);
    let (mut all, mut shades) = (0_usize, 0_usize);
    for index in 0..grid.pixels.len() {
        let (x, y) = (index % width, index / width);
        let here = grid.at(x, y);
        let right = (x + 1 < width).then(|| grid.at(x + 1, y));
        let below = (y + 1 < height).then(|| grid.at(x, y + 1));
        for other in [right, below]
            .into_iter()
            .flatten()
            .filter(|other| *other != here)
        {
            all += 1;
            let is_near = (0..4).all(|i| here[i].abs_diff(other[i]) <= SHADE);
            shades += usize::from(is_near);
        }
    }
    shades as f64 > MOST_SHADES * all as f64
}

/// The corners of a path's closed parts.
fn corners_of(path: &BezPath) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    for element in path.elements() {
        match element {
            PathEl::MoveTo(point) => parts.push(vec![*point]),
            PathEl::LineTo(point) => {
                if let Some(part) = parts.last_mut() {
                    part.push(*point);
                }
            }
            _ => {}
        }
    }
    parts
}

/// Whether outlines are stairs that stand for slanted or round ones.
fn are_stairs(outlines: impl Iterator<Item = Vec<Point>>) -> bool {
    let (mut all, mut stairs) = (0, 0);
    for outline in outlines {
        let at_stairs = at_stairs(&outline);
        all += outline.len();
        stairs += at_stairs;
        let is_smooth = at_stairs as f64 > MOST_OF_OUTLINE * outline.len() as f64;
        if is_smooth && outline.len() >= LEAST_CORNERS {
            return true;
        }
    }
    stairs as f64 > MOST_STAIRS * all as f64
}

/// How many corners of an outline are at stairs.
fn at_stairs(outline: &[Point]) -> usize {
    let next = outline.iter().cycle().skip(1);
    let sides: Vec<Vec2> = outline.iter().zip(next).map(|(a, b)| *b - *a).collect();
    let next = sides.iter().cycle().skip(1);
    let turns: Vec<bool> = sides
        .iter()
        .zip(next)
        .map(|(a, b)| a.cross(*b) > 0.0)
        .collect();
    // Of each side but the first, which comes last, its length and whether the border turns to
    // and fro at its ends.
    let ends = turns.iter().zip(turns.iter().cycle().skip(1));
    let lengths = sides.iter().cycle().skip(1).map(|side| side.hypot());
    let sides: Vec<(f64, bool)> = lengths.zip(ends.map(|(a, b)| a != b)).collect();
    let first = sides.iter().position(|(_, is_step)| !is_step);
    let mut found = 0;
    let (mut run, mut before) = (0, 0.0);
    let mut end = |run: usize| {
        if run + 1 >= STAIRS {
            found += run + 1;
        }
    };
    let around = sides.iter().cycle().skip(first.unwrap_or(0));
    for (length, is_step) in around.take(sides.len()) {
        if !*is_step {
            end(std::mem::take(&mut run));
        } else if run == 0 || f64::min(before, *length) <= STEP {
            run += 1;
        } else {
            end(std::mem::replace(&mut run, 1));
        }
        before = *length;
    }
    end(run);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgba = [255; 4];
    const BLUE: Rgba = [70, 130, 180, 255];

    fn picture(width: u32, height: u32, color: impl Fn(u32, u32) -> Rgba) -> Raster {
        let pixels = (0..width * height).map(|index| color(index % width, index / width));
        Raster::new(width, height, pixels.collect()).expect("size fits")
    }

    fn is_upright(width: u32, height: u32, color: impl Fn(u32, u32) -> Rgba) -> bool {
        layers(&picture(width, height, color)).is_some()
    }

    fn height_of(bar: u32) -> u32 {
        3 + bar * bar * 37 % 71
    }

    #[test]
    fn bars_of_any_width_are_upright() {
        for (bar, gap) in [(1, 1), (1, 3), (2, 2), (3, 1), (24, 12)] {
            let color = |x: u32, y: u32| {
                let is_bar = x % (bar + gap) < bar && y > 80 - height_of(x / (bar + gap));
                if is_bar { BLUE } else { WHITE }
            };
            assert!(is_upright(230, 90, color), "{bar}, {gap}");
        }
    }

    #[test]
    fn cells_of_many_colors_are_upright() {
        let cells = |x: u32, y: u32| {
            let (x, y) = (x / 18, y / 11);
            [(x * 12) as u8, (y * 17) as u8, (x * y * 7 % 256) as u8, 255]
        };
        assert!(is_upright(234, 99, cells));
    }

    #[test]
    fn stairs_that_stand_for_smooth_borders_are_not() {
        let disc = |x: u32, y: u32| {
            let off = (f64::from(x) - 60.0).hypot(f64::from(y) - 45.0);
            if off < 30.0 { BLUE } else { WHITE }
        };
        assert!(!is_upright(140, 90, disc));
        // Beside many bars as well.
        let beside_bars = |x: u32, y: u32| {
            let is_bar = x > 100 && x % 4 < 2 && y > 80 - height_of(x / 4);
            if is_bar { BLUE } else { disc(x, y) }
        };
        assert!(!is_upright(500, 90, beside_bars));
        let slant = |x: u32, y: u32| {
            if 3 * y > x + 20 { BLUE } else { WHITE }
        };
        assert!(!is_upright(140, 90, slant));
    }

    #[test]
    fn anti_aliasing_bands_and_noise_are_not() {
        let half = [163, 193, 218, 255];
        let soft = |x: u32, y: u32| match (x / 10 % 2, x % 10) {
            _ if y < 20 => WHITE,
            (0, 0 | 9) => half,
            (0, _) => BLUE,
            _ => WHITE,
        };
        assert!(!is_upright(140, 90, soft));
        let bands = |x: u32, y: u32| {
            let is_card = (20..120).contains(&x) && (10..80).contains(&y);
            if is_card {
                [200, 60 + y as u8, 90, 255]
            } else {
                WHITE
            }
        };
        assert!(!is_upright(140, 90, bands));
        let noise = |x: u32, y: u32| {
            if (x * 7 + y * y * 13 + x * y) % 5 < 2 {
                BLUE
            } else {
                WHITE
            }
        };
        assert!(!is_upright(140, 90, noise));
    }
}
