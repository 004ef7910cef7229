//! The fast way through tiles that hold only solid colours on an opaque background.
//!
//! Everything is done row by row on 16 pixels at once, and only on the rows
//! that a shape touches. Consecutive shapes that cover the whole tile are one
//! affine map of the colours below them: one pass over the tile for all of
//! them, forward and back.

use std::sync::atomic::Ordering::Relaxed;

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16};

use crate::coverage::{AREA, CoverScratch, Plane, Steps, cover, gather};
use crate::image::Image;
use crate::layers::Tile;
use crate::paint::Prepared;
use crate::plan::{ROOT, Shape};
use crate::tiling::TILE;

/// Red, green and blue of a row of a tile.
type Row = [[f32; TILE]; 3];

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
    done: Vec<Done>,
    through: Vec<f32>,
}

impl Default for FlatScratch {
    fn default() -> Self {
        Self {
            rows: [[[0.0; TILE]; 3]; TILE],
            gradient: [[[0.0; TILE]; 3]; TILE],
            below: Vec::new(),
            signed: Vec::new(),
            plane: [0.0; AREA],
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

/// Rows of set bits.
#[inline(always)]
fn each_row(mut rows: u32, mut visit: impl FnMut(usize)) {
    while rows != 0 {
        visit(rows.trailing_zeros() as usize & (TILE - 1));
        rows &= rows - 1;
    }
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
        let background = [0, 1, 2].map(|k| [tile.background[k]; TILE]);
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
                    add = [0, 1, 2].map(|k| add[k] + alpha * (color[k] - add[k]));
                    at += 1;
                }
                self.below.extend_from_slice(&self.rows);
                for row in &mut self.rows {
                    for k in 0..3 {
                        let v = f32x16::load_array_ref(simd, &row[k]);
                        v.mul_add(keep, f32x16::splat(simd, add[k]))
                            .store_array(&mut row[k]);
                    }
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
            let pieces = &chunk.pieces[entry.first as usize..][..entry.count as usize];
            let rows = cover(
                pieces,
                entry.backdrop,
                shape.rule,
                cover_scratch,
                steps,
                &mut self.plane,
            );
            let opacity = f32x16::splat(simd, shape.opacity);
            let one = f32x16::splat(simd, 1.0);
            let color = color(shape).map(|v| f32x16::splat(simd, v));
            let (lines, _) = self.plane.as_chunks::<TILE>();
            each_row(rows, |r| {
                let signed = lines[r];
                let row = &mut self.rows[r];
                self.below.push(*row);
                self.signed.push(signed);
                let signed = f32x16::load_array_ref(simd, &signed);
                let alpha = signed.abs().min(one) * opacity;
                for k in 0..3 {
                    let v = f32x16::load_array_ref(simd, &row[k]);
                    (color[k] - v).mul_add(alpha, v).store_array(&mut row[k]);
                }
            });
            // Rows of runs keep `signed` in step with `below`.
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
        let mut sum = f32x16::splat(simd, 0.0);
        let own_alpha = f32x16::splat(simd, 1.0);
        for (r, row) in self.rows.iter().enumerate() {
            let mut line = [0.0; 4 * TILE];
            let count = copy_line(target, tile, r, &mut line);
            let wanted = deinterleaved(simd, &line);
            if count == TILE {
                let d = own_alpha - wanted[3];
                sum = d.mul_add(d, sum);
            } else {
                let missing = line[..4 * count].iter().skip(3).step_by(4);
                sum[0] += missing.map(|a| (1.0 - a) * (1.0 - a)).sum::<f32>();
            }
            for k in 0..3 {
                let mut d = f32x16::load_array_ref(simd, &row[k]) - wanted[k];
                if count < TILE {
                    for lane in count..TILE {
                        d[lane] = 0.0;
                    }
                }
                sum = d.mul_add(d, sum);
                (d * scale).store_array(&mut self.gradient[r][k]);
            }
        }
        sum.as_array().iter().map(|v| f64::from(*v)).sum()
    }

    /// Takes dL/d(tile) from an image.
    #[inline(always)]
    pub(crate) fn load_gradient<S: Simd>(&mut self, simd: S, tile: Tile<'_>, image: &Image) {
        for (r, row) in self.gradient.iter_mut().enumerate() {
            let mut line = [0.0; 4 * TILE];
            copy_line(image, tile, r, &mut line);
            let planes = deinterleaved(simd, &line);
            for k in 0..3 {
                planes[k].store_array(&mut row[k]);
            }
        }
    }

    /// Writes the rendered tile into a band of an image's rows.
    #[inline(always)]
    pub(crate) fn store<S: Simd>(&self, simd: S, left: usize, width: usize, band: &mut [f32]) {
        let one = f32x16::splat(simd, 1.0);
        let columns = (width - left).min(TILE);
        for (row, line) in self.rows.iter().zip(band.chunks_exact_mut(4 * width)) {
            let planes = [0, 1, 2].map(|k| f32x16::load_array_ref(simd, &row[k]));
            let (low_rb, high_rb) = planes[0].interleave(planes[2]);
            let (low_ga, high_ga) = planes[1].interleave(one);
            let mut pixels = [0.0; 4 * TILE];
            let (quarters, _) = pixels.as_chunks_mut::<TILE>();
            let (a, b) = low_rb.interleave(low_ga);
            let (c, d) = high_rb.interleave(high_ga);
            for (quarter, v) in quarters.iter_mut().zip([a, b, c, d]) {
                v.store_array(quarter);
            }
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
                    let color = color(shape).map(|v| f32x16::splat(simd, v));
                    let mut sums = [zero; 4];
                    let below = &self.below[first_row as usize..];
                    let signed = &self.signed[next_signed..];
                    let (lines, _) = self.plane.as_chunks_mut::<TILE>();
                    let mut saved = below.iter().zip(signed);
                    each_row(rows, |r| {
                        let Some((below, signed)) = saved.next() else {
                            return;
                        };
                        let signed = f32x16::load_array_ref(simd, signed);
                        let gradient = &mut self.gradient[r];
                        let covered = signed.abs().min(one);
                        let alpha = covered * opacity;
                        let keep = one - alpha;
                        let mut d_alpha = zero;
                        for k in 0..3 {
                            let g = f32x16::load_array_ref(simd, &gradient[k]);
                            let b = f32x16::load_array_ref(simd, &below[k]);
                            d_alpha = (color[k] - b).mul_add(g, d_alpha);
                            sums[k] = g.mul_add(alpha, sums[k]);
                            (g * keep).store_array(&mut gradient[k]);
                        }
                        sums[3] = d_alpha.mul_add(covered, sums[3]);
                        let follows = (d_alpha * opacity) * one.copysign(signed);
                        let saturated = signed.abs().simd_gt(one);
                        let follows = simd.select_f32x16(saturated, zero, follows);
                        follows.store_array(&mut lines[r]);
                    });
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
            for k in 0..3 {
                let g = f32x16::load_array_ref(simd, &row[k]);
                let b = f32x16::load_array_ref(simd, &below[k]);
                sums[k] += g;
                products = g.mul_add(b, products);
                (g * keep).store_array(&mut row[k]);
            }
        }
        let total = sums.map(|s| s.reduce_sum());
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

/// The four channels of 16 pixels.
#[inline(always)]
fn deinterleaved<S: Simd>(simd: S, line: &[f32; 4 * TILE]) -> [f32x16<S>; 4] {
    let (quarters, _) = line.as_chunks::<TILE>();
    let v = [0, 1, 2, 3].map(|i| f32x16::load_array_ref(simd, &quarters[i]));
    let (low_rb, low_ga) = v[0].deinterleave(v[1]);
    let (high_rb, high_ga) = v[2].deinterleave(v[3]);
    let (r, b) = low_rb.deinterleave(high_rb);
    let (g, a) = low_ga.deinterleave(high_ga);
    [r, g, b, a]
}

/// Copies what a tile's row has of an image; says how many pixels that is.
#[inline(always)]
fn copy_line(image: &Image, tile: Tile<'_>, row: usize, line: &mut [f32; 4 * TILE]) -> usize {
    let (width, height) = (image.width as usize, image.height as usize);
    let (left, y) = (tile.left as usize, tile.top as usize + row);
    if y >= height {
        return 0;
    }
    let columns = (width - left).min(TILE);
    let start = 4 * (y * width + left);
    line[..4 * columns].copy_from_slice(&image.data[start..start + 4 * columns]);
    columns
}
