//! The fast way through tiles that hold only solid colours on an opaque background.
//!
//! Everything is done row by row on 16 pixels at once, and only on the rows
//! that a shape touches. Consecutive shapes that cover the whole tile are one
//! affine map of the colours below them: one pass over the tile for all of
//! them, forward and back.

mod row;

use std::sync::atomic::Ordering::Relaxed;

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16};

use row::{EMPTY_ROW, Row, line_of, load_row, splat_color, store_row};

use crate::coverage::{AREA, CoverScratch, Plane, Steps, cover, gather};
use crate::growth::room;
use crate::image::Image;
use crate::layers::Tile;
use crate::paint::Prepared;
use crate::pieces::Piece;
use crate::plan::{ROOT, Shape};
use crate::tiling::TILE;

/// What was done, for the way back.
#[derive(Debug, Clone, Copy)]
enum Done {
    /// A shape with pieces.
    Edge {
        at: u32,
        /// One bit per row that it touches.
        rows: u32,
        /// The touched rows before, in `below`, and its coverage, in `signed`.
        first_row: u32,
        first_step: u32,
        first_end: u32,
    },
    /// Shapes `from..to` that cover the tile; the rows before are in `below`.
    Solids { from: u32, to: u32, first_row: u32 },
}

/// Memory of one worker.
#[derive(Debug)]
pub(crate) struct FlatScratch {
    rows: [Row; TILE],
    gradient: [Row; TILE],
    below: Vec<Row>,
    signed: Vec<[f32; TILE]>,
    plane: Plane,
    pieces: Vec<Piece>,
    done: Vec<Done>,
    through: Vec<f32>,
}

room!(FlatScratch: below, signed, pieces, done, through);

impl Default for FlatScratch {
    fn default() -> Self {
        Self {
            rows: [[[0.0; TILE]; 3]; TILE],
            gradient: [[[0.0; TILE]; 3]; TILE],
            below: Vec::new(),
            signed: Vec::new(),
            plane: [0.0; AREA],
            pieces: Vec::new(),
            done: Vec::new(),
            through: Vec::new(),
        }
    }
}

/// Whether a shape can be painted here.
pub(crate) fn is_flat(shape: &Shape) -> bool {
    shape.group == ROOT && matches!(shape.paint, Prepared::Solid(_))
}

fn color(shape: &Shape) -> [f32; 3] {
    match shape.paint {
        Prepared::Solid(color) => color,
        Prepared::Gradient(_) => [0.0; 3],
    }
}

/// Takes the lowest set bit off `rows`.
#[inline(always)]
fn next_row(rows: &mut u32) -> Option<usize> {
    if *rows == 0 {
        return None;
    }
    let row = rows.trailing_zeros() as usize & (TILE - 1);
    *rows &= *rows - 1;
    Some(row)
}

impl FlatScratch {
    /// Renders the tile.
    #[inline(always)]
    pub(crate) fn forward<S: Simd>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        cover_scratch: &mut CoverScratch,
        steps: &mut Steps,
    ) {
        steps.steps.clear();
        steps.ends.clear();
        self.below.clear();
        self.signed.clear();
        self.done.clear();
        let [r, g, b, _] = tile.background;
        let background = [[r; TILE], [g; TILE], [b; TILE]];
        self.rows.fill(background);
        let mut at = 0;
        while at < tile.entries.len() {
            let (chunk, entry, shape) = tile.entry(at);
            let first_row = self.below.len() as u32;
            if entry.count == 0 {
                let from = at;
                let (mut keep, mut add) = (1.0f32, [0.0f32; 3]);
                while at < tile.entries.len() {
                    let (_, entry, shape) = tile.entry(at);
                    if entry.count != 0 {
                        break;
                    }
                    let (alpha, color) = (shape.opacity, color(shape));
                    keep *= 1.0 - alpha;
                    for k in 0..3 {
                        add[k] += alpha * (color[k] - add[k]);
                    }
                    at += 1;
                }
                self.below.extend_from_slice(&self.rows);
                let add = splat_color(simd, add);
                for row in &mut self.rows {
                    let mut v = load_row(simd, row);
                    for k in 0..3 {
                        v[k] = v[k].mul_add(keep, add[k]);
                    }
                    store_row(row, v);
                }
                self.done.push(Done::Solids {
                    from: from as u32,
                    to: at as u32,
                    first_row,
                });
                continue;
            }
            let first_step = steps.steps.len() as u32;
            let first_end = steps.ends.len() as u32;
            chunk.pieces_of(entry, tile).unpack(&mut self.pieces);
            let rows = cover(
                simd,
                &self.pieces,
                entry.backdrop,
                shape.rule,
                cover_scratch,
                steps,
                &mut self.plane,
            );
            let opacity = f32x16::splat(simd, shape.opacity);
            let one = f32x16::splat(simd, 1.0);
            let color = splat_color(simd, color(shape));
            let (lines, _) = self.plane.as_chunks::<TILE>();
            let count = rows.count_ones() as usize;
            self.below.resize(self.below.len() + count, EMPTY_ROW);
            let first_signed = self.signed.len();
            self.signed.resize(first_signed + count, EMPTY_ROW[0]);
            let below = &mut self.below[first_row as usize..];
            let saved = below.iter_mut().zip(&mut self.signed[first_signed..]);
            let mut left = rows;
            for (below, saved) in saved {
                let Some(r) = next_row(&mut left) else {
                    break;
                };
                let row = &mut self.rows[r];
                let mut v = load_row(simd, row);
                store_row(below, v);
                let signed = f32x16::load_array_ref(simd, &lines[r]);
                signed.store_array(saved);
                let alpha = signed.abs().min(one) * opacity;
                for k in 0..3 {
                    v[k] = (color[k] - v[k]).mul_add(alpha, v[k]);
                }
                store_row(row, v);
            }
            self.done.push(Done::Edge {
                at: at as u32,
                rows,
                first_row,
                first_step,
                first_end,
            });
            at += 1;
        }
    }

    /// Turns the rendered tile into the gradient of `scale / 2` times its squared
    /// error and returns the sum of squares.
    #[inline(always)]
    pub(crate) fn squared_error<S: Simd>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        target: &Image,
        scale: f32,
    ) -> f64 {
        let zero = f32x16::splat(simd, 0.0);
        let one = f32x16::splat(simd, 1.0);
        let mut sum = zero;
        let width = (target.width as usize - tile.left as usize).min(TILE);
        let mut inside = [0.0; TILE];
        inside[..width].fill(1.0);
        let inside = f32x16::load_array_ref(simd, &inside);
        for (r, row) in self.rows.iter().enumerate() {
            let Some(wanted) = line_of(simd, target, tile, r) else {
                self.gradient[r] = EMPTY_ROW;
                continue;
            };
            let own = load_row(simd, row);
            let mut g = [zero; 3];
            let d = (one - wanted[3]) * inside;
            sum = d.mul_add(d, sum);
            for k in 0..3 {
                let d = (own[k] - wanted[k]) * inside;
                sum = d.mul_add(d, sum);
                g[k] = d * scale;
            }
            store_row(&mut self.gradient[r], g);
        }
        sum.as_array().iter().map(|v| f64::from(*v)).sum()
    }

    /// Takes dL/d(tile) from an image.
    #[inline(always)]
    pub(crate) fn load_gradient<S: Simd>(&mut self, simd: S, tile: Tile<'_>, image: &Image) {
        for (r, row) in self.gradient.iter_mut().enumerate() {
            match line_of(simd, image, tile, r) {
                Some(planes) => store_row(row, [planes[0], planes[1], planes[2]]),
                None => *row = EMPTY_ROW,
            }
        }
    }

    /// Writes the rendered tile into a band of an image's rows.
    #[inline(always)]
    pub(crate) fn store<S: Simd>(&self, simd: S, left: usize, width: usize, band: &mut [f32]) {
        let one = f32x16::splat(simd, 1.0);
        let columns = (width - left).min(TILE);
        for (row, line) in self.rows.iter().zip(band.chunks_exact_mut(4 * width)) {
            let planes = load_row(simd, row);
            let (low_rb, high_rb) = planes[0].interleave(planes[2]);
            let (low_ga, high_ga) = planes[1].interleave(one);
            let mut pixels = [0.0; 4 * TILE];
            let (quarters, _) = pixels.as_chunks_mut::<TILE>();
            let (a, b) = low_rb.interleave(low_ga);
            let (c, d) = high_rb.interleave(high_ga);
            a.store_array(&mut quarters[0]);
            b.store_array(&mut quarters[1]);
            c.store_array(&mut quarters[2]);
            d.store_array(&mut quarters[3]);
            line[4 * left..][..4 * columns].copy_from_slice(&pixels[..4 * columns]);
        }
    }

    /// Takes the gradient of the tile back to the entries' sums.
    #[inline(always)]
    pub(crate) fn backward<S: Simd>(&mut self, simd: S, tile: Tile<'_>, steps: &Steps) {
        let zero = f32x16::splat(simd, 0.0);
        let one = f32x16::splat(simd, 1.0);
        let mut next_signed = self.signed.len();
        while let Some(done) = self.done.pop() {
            match done {
                Done::Solids {
                    from,
                    to,
                    first_row,
                } => self.unsolid(simd, tile, from as usize..to as usize, first_row as usize),
                Done::Edge {
                    at,
                    rows,
                    first_row,
                    first_step,
                    first_end,
                } => {
                    let (chunk, entry, shape) = tile.entry(at as usize);
                    next_signed -= rows.count_ones() as usize;
                    let opacity = f32x16::splat(simd, shape.opacity);
                    let color = splat_color(simd, color(shape));
                    let mut sums = [zero; 4];
                    let below = &self.below[first_row as usize..];
                    let signed = &self.signed[next_signed..];
                    let (lines, _) = self.plane.as_chunks_mut::<TILE>();
                    let mut left = rows;
                    for (below, signed) in below.iter().zip(signed) {
                        let Some(r) = next_row(&mut left) else {
                            break;
                        };
                        let signed = f32x16::load_array_ref(simd, signed);
                        let mut g = load_row(simd, &self.gradient[r]);
                        let b = load_row(simd, below);
                        let size = signed.abs();
                        let covered = size.min(one);
                        let alpha = covered * opacity;
                        let keep = one - alpha;
                        let mut d_alpha = zero;
                        for k in 0..3 {
                            d_alpha = (color[k] - b[k]).mul_add(g[k], d_alpha);
                            sums[k] = g[k].mul_add(alpha, sums[k]);
                            g[k] *= keep;
                        }
                        store_row(&mut self.gradient[r], g);
                        sums[3] = d_alpha.mul_add(covered, sums[3]);
                        let follows = (d_alpha * opacity) * one.copysign(signed);
                        let saturated = size.simd_gt(one);
                        let follows = simd.select_f32x16(saturated, zero, follows);
                        follows.store_array(&mut lines[r]);
                    }
                    let slots = &chunk.slots[entry.slot as usize..][..4];
                    for (slot, sum) in slots.iter().zip(sums) {
                        slot.store(sum.reduce_sum().to_bits(), Relaxed);
                    }
                    let sums = &chunk.sums[entry.first as usize..][..entry.count as usize];
                    let ends = &steps.ends[first_end as usize..][..entry.count as usize];
                    let mut start = first_step as usize;
                    for (sum, end) in sums.iter().zip(ends) {
                        let [a, b] = gather(&steps.steps[start..*end as usize], &self.plane);
                        let bits = u64::from(a.to_bits()) << 32 | u64::from(b.to_bits());
                        sum.store(bits, Relaxed);
                        start = *end as usize;
                    }
                }
            }
        }
    }

    /// The way back through a run of solid shapes: all sums follow from those of
    /// the gradient above and of its product with the colours below.
    #[inline(always)]
    fn unsolid<S: Simd>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        run: std::ops::Range<usize>,
        first_row: usize,
    ) {
        let mut keep = 1.0f32;
        for at in run.clone() {
            keep *= 1.0 - tile.entry(at).2.opacity;
        }
        let zero = f32x16::splat(simd, 0.0);
        let mut sums = [zero; 3];
        let mut products = zero;
        for (row, below) in self.gradient.iter_mut().zip(&self.below[first_row..]) {
            let mut g = load_row(simd, row);
            let b = load_row(simd, below);
            for k in 0..3 {
                sums[k] += g[k];
                products = g[k].mul_add(b[k], products);
                g[k] *= keep;
            }
            store_row(row, g);
        }
        let total = [
            sums[0].reduce_sum(),
            sums[1].reduce_sum(),
            sums[2].reduce_sum(),
        ];
        // dL/d(picture) · picture, below the shape that is looked at; and how
        // much of the gradient comes through what lies above it.
        let mut below = products.reduce_sum();
        self.through.clear();
        let mut through = 1.0f32;
        for at in run.clone().rev() {
            self.through.push(through);
            through *= 1.0 - tile.entry(at).2.opacity;
        }
        let dot = |c: [f32; 3]| c[0] * total[0] + c[1] * total[1] + c[2] * total[2];
        for (at, through) in run.zip(self.through.iter().rev()) {
            let (chunk, entry, shape) = tile.entry(at);
            let (alpha, color) = (shape.opacity, color(shape));
            let own = dot(color);
            let slots = &chunk.slots[entry.slot as usize..][..4];
            for k in 0..3 {
                slots[k].store((through * alpha * total[k]).to_bits(), Relaxed);
            }
            slots[3].store((through * (own - below)).to_bits(), Relaxed);
            below += alpha * (own - below);
        }
    }
}
