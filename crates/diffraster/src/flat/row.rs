//! Rows of a tile as vectors of 16 pixels, and how images hold them. Paints nothing.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16};

use crate::image::Image;
use crate::layers::Tile;
use crate::tiling::TILE;

/// Red, green and blue of a row of a tile.
pub(super) type Row = [[f32; TILE]; 3];

pub(super) const EMPTY_ROW: Row = [[0.0; TILE]; 3];

/// One vector for each channel. Closures are not compiled for the instruction
/// set at hand, so kernels here do without `map`.
#[inline(always)]
pub(super) fn splat_color<S: Simd>(simd: S, color: [f32; 3]) -> [f32x16<S>; 3] {
    [
        f32x16::splat(simd, color[0]),
        f32x16::splat(simd, color[1]),
        f32x16::splat(simd, color[2]),
    ]
}

#[inline(always)]
pub(super) fn load_row<S: Simd>(simd: S, row: &Row) -> [f32x16<S>; 3] {
    [
        f32x16::load_array_ref(simd, &row[0]),
        f32x16::load_array_ref(simd, &row[1]),
        f32x16::load_array_ref(simd, &row[2]),
    ]
}

#[inline(always)]
pub(super) fn store_row<S: Simd>(row: &mut Row, v: [f32x16<S>; 3]) {
    v[0].store_array(&mut row[0]);
    v[1].store_array(&mut row[1]);
    v[2].store_array(&mut row[2]);
}

/// The four channels of 16 pixels.
#[inline(always)]
fn deinterleaved<S: Simd>(simd: S, line: &[f32; 4 * TILE]) -> [f32x16<S>; 4] {
    let (quarters, _) = line.as_chunks::<TILE>();
    let a = f32x16::load_array_ref(simd, &quarters[0]);
    let b = f32x16::load_array_ref(simd, &quarters[1]);
    let c = f32x16::load_array_ref(simd, &quarters[2]);
    let d = f32x16::load_array_ref(simd, &quarters[3]);
    let (low_rb, low_ga) = a.deinterleave(b);
    let (high_rb, high_ga) = c.deinterleave(d);
    let (r, b) = low_rb.deinterleave(high_rb);
    let (g, a) = low_ga.deinterleave(high_ga);
    [r, g, b, a]
}

/// The channels of a tile's row of an image, zero beyond its right border.
#[inline(always)]
pub(super) fn line_of<S: Simd>(
    simd: S,
    image: &Image,
    tile: Tile<'_>,
    row: usize,
) -> Option<[f32x16<S>; 4]> {
    let (left, y) = (tile.left as usize, tile.top as usize + row);
    if y >= image.height as usize {
        return None;
    }
    let width = image.width as usize;
    let rest = &image.data[4 * (y * width + left)..4 * (y + 1) * width];
    Some(match rest.first_chunk::<{ 4 * TILE }>() {
        Some(line) => deinterleaved(simd, line),
        None => {
            let mut line = [0.0; 4 * TILE];
            line[..rest.len()].copy_from_slice(rest);
            deinterleaved(simd, &line)
        }
    })
}
