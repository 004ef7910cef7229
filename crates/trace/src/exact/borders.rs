//! How the borders between a picture's colours are drawn: along the pixels' sides, or anti-aliased.

use std::collections::BTreeMap;

use super::zones::{Grid, Rgba};

/// Different mixtures of neighbours' colours from which a picture is anti-aliased, if …
const ANTI_ALIASED_COLORS: usize = 4;
/// … at least so large a share of the pixels at borders shows them, or there are so many times as
/// many as solid colours, and only so large a share of all colours is neither.
const ANTI_ALIASED_SHARE: f64 = 0.2;
const MIXTURES_PER_SOLID: usize = 2;
const UNEXPLAINED: f64 = 0.1;
/// Squared distance of a mixture from the line between two colours, as a share of theirs.
const STRAIGHTNESS: f64 = 0.01;

/// How the borders between a picture's colours are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Borders {
    /// Along the pixels' sides.
    Hard,
    /// As hard ones mostly; the rest may be the anti-aliasing of an icon on its grid.
    MostlyHard,
    /// Anti-aliased.
    Soft,
}

/// How borders are drawn. Soft ones have many pixels that mix the colours of opposite neighbours,
/// in many proportions, and these mixtures are nowhere a colour of their own. Icons whose sides
/// follow the pixels have few such pixels, but hardly another colour that fills nothing.
pub(super) fn borders(grid: &Grid) -> Borders {
    let is_solid = solid(grid);
    let (mut at_borders, mut mixed) = (0_usize, 0_usize);
    let mut mixtures: Vec<Rgba> = Vec::new();
    for (here, is_mixture) in at_borders_of(grid) {
        at_borders += 1;
        if is_mixture && is_solid.get(&here) == Some(&false) {
            mixed += 1;
            mixtures.push(here);
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

/// Whether a colour is anti-aliasing: it fills nothing, and most of its pixels mix their
/// neighbours' colours.
pub(super) fn has_mixtures(grid: &Grid) -> bool {
    let mut counts: BTreeMap<Rgba, [usize; 2]> = BTreeMap::new();
    for (here, is_mixture) in at_borders_of(grid) {
        let [all, mixed] = counts.entry(here).or_default();
        *all += 1;
        *mixed += usize::from(is_mixture);
    }
    let is_solid = solid(grid);
    counts
        .iter()
        .any(|(color, [all, mixed])| 2 * mixed > *all && is_solid.get(color) == Some(&false))
}

/// Whether each colour fills a block of pixels anywhere.
fn solid(grid: &Grid) -> BTreeMap<Rgba, bool> {
    let mut is_solid: BTreeMap<Rgba, bool> = BTreeMap::new();
    for y in 0..grid.height {
        for x in 0..grid.width {
            let here = grid.at(x, y);
            let is_block = x + 1 < grid.width
                && y + 1 < grid.height
                && [grid.at(x + 1, y), grid.at(x, y + 1), grid.at(x + 1, y + 1)] == [here; 3];
            *is_solid.entry(here).or_default() |= is_block;
        }
    }
    is_solid
}

/// The pixels at borders: the colour of each, and whether it mixes those of opposite neighbours.
fn at_borders_of(grid: &Grid) -> impl Iterator<Item = (Rgba, bool)> + '_ {
    let (width, height) = (grid.width, grid.height);
    (0..width * height).filter_map(move |index| {
        let (x, y) = (index % width, index / width);
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
                is_mixture |= a != b && is_between(here, a, b);
            }
        }
        is_border.then_some((here, is_mixture))
    })
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
