//! Borders drawn without anti-aliasing: the stairs of a slanted or round border are taken for what
//! they stand for. Straight borders along the pixels' sides, their corners and lines of one pixel
//! stay.

use super::{
    distance,
    labels::Labels,
    palette::{NEAR, Palette},
};
use crate::{
    neighbours::connected,
    picture::{Picture, Pixel},
};

/// Share of the pixels at borders that may show mixtures in a picture without anti-aliasing.
const MOST_MIXED: f64 = 0.03;
/// Share of the pixels at borders that must be at stairs.
const LEAST_STAIRS: f64 = 0.02;
/// Share of the contrast with its neighbours by which a pixel is off its colour when it clearly is
/// a mixture, and most of these that hang together where mixtures are noise.
const CLEAR: f32 = 0.2;
const LARGEST_CLEAR: usize = 2;
/// Share of the pixels at borders that must lie between thick zones, and the side of the square
/// that makes a zone thick.
const LEAST_THICK: f64 = 0.5;
const THICK: usize = 4;
/// The same in a zone that is so long, in pixels.
const NARROW: usize = 2;
const LONG: usize = 40;
/// Standard deviation in pixels of the filter by which a border is smoothed, and its reach.
const DEVIATION: f32 = 1.0;
const REACH: usize = 3;
/// Length in pixels from which a straight border is one by intent.
const STRAIGHT: usize = 5;

/// Whether there are borders, and hardly a pixel shows a mixture: single ones are noise, those that
/// hang together a slanted border or a small mark.
pub(super) fn are_sharp(picture: &Picture, palette: &Palette, labels: &Labels) -> bool {
    let (mut at_borders, mut mixed) = (0_u32, 0_u32);
    let mut is_clear = vec![false; picture.pixels.len()];
    for (index, pixel) in picture.pixels.iter().enumerate() {
        let own = labels.of[index];
        let color = |label: u8| palette.colors[usize::from(label)];
        let others = labels.around(index).map(|at| labels.of[at]);
        let others = others.filter(|other| *other != own);
        let contrast = others.map(|other| distance(color(own), color(other)));
        let contrast = contrast.max_by(f32::total_cmp);
        at_borders += u32::from(contrast.is_some());
        if is_mixed(*pixel, own, palette) {
            mixed += 1;
            let off = distance(color(own), *pixel);
            is_clear[index] = contrast.is_none_or(|contrast| off > CLEAR * contrast);
        }
    }
    at_borders > 0
        && f64::from(mixed) <= MOST_MIXED * f64::from(at_borders)
        && connected(is_clear, |index| labels.around(index))
            .iter()
            .all(|part| part.len() <= LARGEST_CLEAR)
}

/// Whether a pixel does not show its colour.
fn is_mixed(pixel: Pixel, own: u8, palette: &Palette) -> bool {
    distance(palette.colors[usize::from(own)], pixel) > NEAR
}

/// Whether borders are hard, and some of those between thick zones are stairs.
pub(super) fn are_hard(picture: &Picture, palette: &Palette, labels: &Labels) -> bool {
    let is_thick = thick(labels);
    let (mut at_borders, mut of_thick, mut mixed, mut stairs) = (0_u32, 0_u32, 0_u32, 0_u32);
    for (index, pixel) in picture.pixels.iter().enumerate() {
        let own = labels.of[index];
        if labels.around(index).all(|at| labels.of[at] == own) {
            continue;
        }
        at_borders += 1;
        mixed += u32::from(is_mixed(*pixel, own, palette));
        if is_thick[index] && labels.around(index).all(|at| is_thick[at]) {
            of_thick += 1;
            stairs += u32::from(is_stair(labels, index));
        }
    }
    let at_borders = f64::from(at_borders);
    at_borders > 0.0
        && f64::from(mixed) <= MOST_MIXED * at_borders
        && f64::from(of_thick) >= LEAST_THICK * at_borders
        && f64::from(stairs) >= LEAST_STAIRS * f64::from(of_thick)
}

/// Which pixels lie in a square of their zone that is too large for writing: of a zone that is
/// long, a smaller one does.
fn thick(labels: &Labels) -> Vec<bool> {
    let (width, height) = (labels.width, labels.height);
    let is_long = long(labels);
    let mut is_thick = vec![false; labels.of.len()];
    // Of each pixel the side of the largest square of its zone that ends there.
    let mut sides = vec![0_usize; labels.of.len()];
    for index in 0..labels.of.len() {
        let (x, y) = (index % width, index / width);
        let own = labels.of[index];
        sides[index] = 1;
        if x > 0 && y > 0 {
            let before = [index - 1, index - width, index - width - 1];
            if before.iter().all(|at| labels.of[*at] == own) {
                sides[index] += before.iter().map(|at| sides[*at]).min().unwrap_or(0);
            }
        }
        let side = if is_long[index] { NARROW } else { THICK };
        if sides[index] >= side {
            for row in (y + 1).saturating_sub(side)..=y.min(height - 1) {
                for column in (x + 1).saturating_sub(side)..=x {
                    is_thick[row * width + column] = true;
                }
            }
        }
    }
    is_thick
}

/// Which pixels belong to a zone longer than any sign of writing.
fn long(labels: &Labels) -> Vec<bool> {
    let zones = connected(vec![true; labels.of.len()], |index| {
        let own = labels.of[index];
        labels.around(index).filter(move |at| labels.of[*at] == own)
    });
    let mut is_long = vec![false; labels.of.len()];
    for zone in zones {
        let (mut low, mut high) = ([labels.width, labels.height], [0, 0]);
        for index in &zone {
            for (axis, value) in [index % labels.width, index / labels.width]
                .into_iter()
                .enumerate()
            {
                low[axis] = low[axis].min(value);
                high[axis] = high[axis].max(value);
            }
        }
        if (0..2).any(|axis| high[axis] - low[axis] >= LONG) {
            for index in zone {
                is_long[index] = true;
            }
        }
    }
    is_long
}

/// Whether a border turns at a pixel's corner without running straight to both sides.
fn is_stair(labels: &Labels, index: usize) -> bool {
    corners(labels, index).any(|runs| runs.iter().any(|run| *run < STRAIGHT))
}

/// Of each corner of a pixel at which its zone's border turns outward, how far the border runs
/// straight along both sides.
fn corners(labels: &Labels, index: usize) -> impl Iterator<Item = [usize; 2]> + '_ {
    let (width, height) = (labels.width as isize, labels.height as isize);
    let (x, y) = (
        (index % labels.width) as isize,
        (index / labels.width) as isize,
    );
    let own = labels.of[index];
    let is_own = move |x: isize, y: isize| {
        (0..width).contains(&x)
            && (0..height).contains(&y)
            && labels.of[(y * width + x) as usize] == own
    };
    let is_off = move |x: isize, y: isize| !((0..width).contains(&x) && (0..height).contains(&y));
    [(1, 1), (1, -1), (-1, 1), (-1, -1)]
        .into_iter()
        .filter(move |(dx, dy)| {
            // At the picture's edge nothing turns.
            !is_own(x + dx, y) && !is_own(x, y + dy) && !is_off(x + dx, y) && !is_off(x, y + dy)
        })
        .map(move |(dx, dy)| {
            let along = |step_x: isize, step_y: isize, out_x: isize, out_y: isize| {
                (0..STRAIGHT as isize)
                    .take_while(|step| {
                        let (x, y) = (x + step * step_x, y + step * step_y);
                        is_own(x, y) && !is_own(x + out_x, y + out_y)
                    })
                    .count()
            };
            [along(-dx, 0, 0, dy), along(0, -dy, dx, 0)]
        })
}

/// The pixels near borders, each as the mixture that a smooth border would leave in it; `None` for
/// those that stay.
pub(super) fn softened(palette: &Palette, labels: &Labels) -> Vec<Option<Pixel>> {
    let (width, height) = (labels.width, labels.height);
    let kept = kept(labels);
    (0..labels.of.len())
        .map(|index| {
            let own = labels.of[index];
            if kept[index] || labels.around(index).all(|at| labels.of[at] == own) {
                return None;
            }
            let (x, y) = (index % width, index / width);
            let mut shares = vec![0.0_f32; palette.colors.len()];
            let mut total = 0.0;
            for dy in -(REACH as isize)..=REACH as isize {
                for dx in -(REACH as isize)..=REACH as isize {
                    let at = |value: usize, offset: isize, side: usize| {
                        (value as isize + offset).clamp(0, side as isize - 1) as usize
                    };
                    let other = at(y, dy, height) * width + at(x, dx, width);
                    let square = (dx * dx + dy * dy) as f32;
                    let weight = (-square / (2.0 * DEVIATION * DEVIATION)).exp();
                    shares[usize::from(labels.of[other])] += weight;
                    total += weight;
                }
            }
            let covers: Vec<f32> = shares.iter().map(|share| covered(share / total)).collect();
            let sum: f32 = covers.iter().sum();
            if sum <= 0.0 {
                return None;
            }
            Some(std::array::from_fn(|i| {
                let parts = covers.iter().zip(&palette.colors);
                parts.map(|(cover, color)| cover * color[i]).sum::<f32>() / sum
            }))
        })
        .collect()
}

/// Share of a pixel that lies inside of a straight border, by the share of its surroundings that
/// does: the inverse of the normal distribution gives the border's distance.
fn covered(share: f32) -> f32 {
    let share = share.clamp(1e-4, 1.0 - 1e-4);
    let off = DEVIATION * (share / (1.0 - share)).ln() / 1.702;
    (0.5 + off).clamp(0.0, 1.0)
}

/// Which pixels stay: those at corners of straight borders, and of zones too thin to be smoothed.
fn kept(labels: &Labels) -> Vec<bool> {
    let is_thick = thick(labels);
    let mut kept: Vec<bool> = is_thick.iter().map(|thick| !thick).collect();
    for index in 0..labels.of.len() {
        let is_intended =
            corners(labels, index).any(|runs| runs.iter().all(|run| *run >= STRAIGHT));
        if is_intended || !is_thick[index] {
            for at in labels.around(index) {
                kept[at] = true;
            }
            kept[index] = true;
        }
    }
    kept
}
