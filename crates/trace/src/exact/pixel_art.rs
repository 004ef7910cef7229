//! Pixel art: few colours in zones that follow the pixels' sides, at its own size or with every
//! pixel enlarged to a block. Each zone becomes a polygon with its corners on whole pixels.

use chat2svg_vector::{Node, Raster};

use super::{
    borders::{Borders, borders},
    zones::{Grid, Rgba, flats, layers_of, zones},
};

/// Largest side in the art's own pixels.
const LARGEST_SIDE: usize = 64;
/// Most colours.
const MOST_COLORS: usize = 32;
/// Most zones that stand for a picture of which nothing else could be shown.
const MOST_ROUGH_ZONES: usize = 64;

/// The layers of a picture that is pixel art, and whether it may be a smooth one.
pub(super) fn layers(picture: &Raster) -> Option<(Vec<Node>, bool)> {
    let grid = Grid::of_blocks(picture);
    if grid.width.max(grid.height) > LARGEST_SIDE {
        return None;
    }
    let mut colors: Vec<Rgba> = grid.pixels.clone();
    colors.sort_unstable();
    colors.dedup();
    colors.retain(|color| color[3] > 0);
    let borders = borders(&grid);
    if colors.len() > MOST_COLORS || colors.is_empty() || borders == Borders::Soft {
        return None;
    }
    let layers = layers_of(flats(&grid, &zones(&grid)), &grid);
    Some((layers, borders == Borders::MostlyHard))
}

/// Zones of a picture of which nothing else can be shown, the largest first: what there is, as far
/// as some shapes go.
pub fn rough_shapes(picture: &Raster) -> Vec<Node> {
    let grid = Grid::of(picture);
    let mut zones = zones(&grid);
    zones.sort_by_key(|zone| std::cmp::Reverse(zone.pixels.len()));
    zones.truncate(MOST_ROUGH_ZONES);
    layers_of(flats(&grid, &zones), &grid)
}
