//! The pictures among the original's working papers: who is seen where, masks, and grids. Pure.

use std::collections::{BTreeMap, HashSet};

use chat2svg_vector::{Document, Raster, RasterError, RenderError, Resampling, Visibility};
use thiserror::Error;

/// Share of the colour circle between two shapes: no small number of them comes back to a colour.
const GOLDEN: f64 = 0.618_033_988_749_895;
const BLACK: [u8; 4] = [0, 0, 0, 255];
const WHITE: [u8; 4] = [255; 4];
/// Least pixels of a mask.
const LEAST_PIXELS: usize = 5;

/// A picture that cannot be made.
#[derive(Debug, Error)]
pub enum PaperError {
    /// A drawing cannot be drawn.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A picture has no pixels.
    #[error(transparent)]
    Raster(#[from] RasterError),
}

/// Who is seen where in a drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Segments {
    /// Each shape in a colour of its own.
    pub picture: Raster,
    /// For each shape of which anything is seen where that is, white on black; in painting order.
    pub masks: Vec<Raster>,
}

/// The shapes of a drawing on a square canvas of `side` pixels.
///
/// # Errors
/// When its canvas has no area.
pub fn segments(document: &Document, side: u32) -> Result<Segments, PaperError> {
    segments_of(&document.visibility(side, side)?, side, |_| true)
}

/// The shapes of a drawing that `before` does not have: of what is seen of each, no shape there
/// shares more than `most_overlap` with it (intersection over union).
///
/// # Errors
/// When its canvas has no area.
pub fn new_segments(
    document: &Document,
    before: &Document,
    most_overlap: f64,
    side: u32,
) -> Result<Segments, PaperError> {
    let seen = document.visibility(side, side)?;
    let known = before.visibility(side, side)?;
    let (areas, known_areas) = (areas(&seen), areas(&known));
    let mut shared: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for (owner, known) in seen.owners().iter().zip(known.owners()) {
        if *owner > 0 && *known > 0 {
            *shared.entry((*owner, *known)).or_default() += 1;
        }
    }
    let area = |areas: &[usize], owner: u32| areas.get(owner as usize).copied().unwrap_or(0);
    let known: HashSet<u32> = shared
        .iter()
        .filter(|((owner, known), shared)| {
            let union = area(&areas, *owner) + area(&known_areas, *known) - **shared;
            **shared as f64 > most_overlap * union as f64
        })
        .map(|((owner, _), _)| *owner)
        .collect();
    // An owner is a shape's index plus one.
    let is_new = |index: usize| u32::try_from(index + 1).is_ok_and(|owner| !known.contains(&owner));
    segments_of(&seen, side, is_new)
}

/// For each owner, how many pixels are its.
fn areas(seen: &Visibility) -> Vec<usize> {
    let mut areas = vec![0; seen.len() + 1];
    for owner in seen.owners() {
        if let Some(area) = areas.get_mut(*owner as usize) {
            *area += 1;
        }
    }
    areas
}

fn segments_of(
    seen: &Visibility,
    side: u32,
    is_shown: impl Fn(usize) -> bool,
) -> Result<Segments, PaperError> {
    let mut picture = Raster::filled(side, side, WHITE)?;
    let mut masks = Vec::new();
    for (index, pixels) in seen.pixels().iter().enumerate() {
        if pixels.len() < LEAST_PIXELS || !is_shown(index) {
            continue;
        }
        let mut mask = Raster::filled(side, side, BLACK)?;
        for pixel in pixels {
            for (raster, paint) in [(&mut picture, color(index)), (&mut mask, WHITE)] {
                if let Some(own) = raster.pixels_mut().get_mut(*pixel as usize) {
                    *own = paint;
                }
            }
        }
        masks.push(mask);
    }
    Ok(Segments { picture, masks })
}

/// A light colour of its own for each number.
fn color(index: usize) -> [u8; 4] {
    let hue = (index as f64 * GOLDEN).fract() * 6.0;
    let component = |shift: f64| {
        let distance = ((hue + shift).rem_euclid(6.0) - 3.0).abs() - 1.0;
        (55.0 + 200.0 * distance.clamp(0.0, 1.0)).round() as u8
    };
    [component(0.0), component(4.0), component(2.0), 255]
}

/// Pictures in rows of `columns`, each in a square of `side` pixels, on white.
///
/// # Errors
/// When there are none.
pub fn grid(pictures: &[Raster], columns: u32, side: u32) -> Result<Raster, PaperError> {
    let columns = columns.max(1);
    let count = u32::try_from(pictures.len()).unwrap_or(u32::MAX);
    let rows = count.div_ceil(columns);
    let mut sheet = Raster::filled(
        columns.saturating_mul(side),
        rows.saturating_mul(side),
        WHITE,
    )?;
    let width = sheet.width() as usize;
    for (index, picture) in (0..count).zip(pictures) {
        let cell = picture.resize(side, side, Resampling::default())?;
        let cell = cell.over(chat2svg_vector::Color::WHITE);
        let (left, top) = ((index % columns) * side, (index / columns) * side);
        let rows = cell.pixels().chunks(side as usize);
        for (y, row) in rows.enumerate() {
            let start = (top as usize + y) * width + left as usize;
            if let Some(own) = sheet.pixels_mut().get_mut(start..start + row.len()) {
                own.copy_from_slice(row);
            }
        }
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(more: &str) -> Document {
        let text = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'>\
             <rect id='a' width='8' height='8' fill='#010101'/>\
             <rect id='hidden' width='4' height='8' fill='#020202'/>\
             <rect id='b' width='4' height='8' fill='#030303'/>{more}</svg>"
        );
        let parsed = Document::parse(text.as_bytes(), &Default::default()).unwrap();
        parsed.document
    }

    #[test]
    fn each_seen_shape_has_a_mask_and_a_color() {
        let Segments { picture, masks } = segments(&document(""), 16).unwrap();
        assert_eq!(masks.len(), 2, "what is hidden has none");
        assert_eq!(masks[0].pixel(1, 1), Some(BLACK));
        assert_eq!(masks[1].pixel(1, 1), Some(WHITE));
        assert_ne!(picture.pixel(1, 1), picture.pixel(12, 1));
        let colors: HashSet<[u8; 4]> = (0..30).map(color).collect();
        assert_eq!(colors.len(), 30);
    }

    #[test]
    fn what_is_new_is_told_from_what_was_there() {
        let before = document("");
        let after = document("<rect id='c' x='4' width='4' height='2' fill='#040404'/>");
        let Segments { picture, masks } = new_segments(&after, &before, 0.4, 16).unwrap();
        assert_eq!(masks.len(), 1);
        assert_eq!(masks[0].pixel(12, 2), Some(WHITE));
        assert_eq!(masks[0].pixel(12, 12), Some(BLACK));
        assert_eq!(picture.pixel(1, 1), Some(WHITE));
        let none = new_segments(&before, &before, 0.4, 16).unwrap();
        assert!(none.masks.is_empty());
    }

    #[test]
    fn a_grid_has_a_cell_for_each_picture() {
        let cell = |value: u8| Raster::filled(3, 5, [value, 0, 0, 255]).unwrap();
        let pictures = [cell(10), cell(20), cell(30), cell(40)];
        let sheet = grid(&pictures, 3, 4).unwrap();
        assert_eq!((sheet.width(), sheet.height()), (12, 8));
        for (x, y, value) in [(0, 0, 10), (4, 3, 20), (11, 0, 30), (3, 4, 40)] {
            assert_eq!(sheet.pixel(x, y), Some([value, 0, 0, 255]), "{x} {y}");
        }
        assert_eq!(sheet.pixel(4, 4), Some(WHITE));
        assert!(grid(&[], 3, 4).is_err());
    }
}
