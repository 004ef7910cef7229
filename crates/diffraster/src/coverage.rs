//! Exact area coverage of one shape in one tile, and what its adjoint needs.
//!
//! Pieces are walked pixel by pixel; each step adds its signed area to the
//! pixel and the rest of its width to the pixel below, and a running sum down
//! the columns turns that into the mean winding number of every pixel. Where a
//! pixel sees only two neighbouring winding numbers, that mean is all one needs:
//! coverage is `min(|mean|, 1)` for the non-zero rule and the folded mean for
//! even-odd. Pixels where more may meet go to [`crate::overlap`].
//!
//! The adjoint is a boundary integral (Reynolds' transport theorem): a step
//! over the part `du` of its piece receives dL/dcoverage × du × normal, shared
//! between the piece's ends by the step's middle. So a step is recorded as two
//! weights, and walking back is two multiplications.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

use crate::growth::room;
use crate::overlap::{Dirty, OverlapScratch};
use crate::pieces::{
    FLAG_CONTINUES, FLAG_CONTOUR_END, FLAG_CONTOUR_START, FLAG_FROM_ABOVE, FLAG_TO_ABOVE, Piece,
};
use crate::scene::FillRule;
use crate::tiling::TILE;

/// Pixels of a tile.
pub(crate) const AREA: usize = TILE * TILE;

/// Per-pixel values of a tile, row by row.
pub(crate) type Plane = [f32; AREA];

/// A piece's passage through a pixel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Pixel within the tile.
    pub(crate) pixel: u32,
    /// Part of the piece within the pixel, times how coverage follows it.
    pub(crate) weight: f32,
    /// `weight` times the middle of that part.
    pub(crate) weighted_middle: f32,
}

/// Steps of the pieces of a tile's entries, stacked.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) steps: Vec<Step>,
    /// End of each piece in `steps`.
    pub(crate) ends: Vec<u32>,
}

room!(Steps: steps, ends);

/// Scratch of [`cover`].
#[derive(Debug)]
pub(crate) struct CoverScratch {
    level: Level,
    accumulated: [f32; AREA + TILE],
    /// Per pixel: visits by the outline in the high byte, steps in the low one.
    marks: [u16; AREA],
    dirty: Vec<Dirty>,
    overlap: OverlapScratch,
}

room!(CoverScratch: dirty, overlap);

impl Default for CoverScratch {
    fn default() -> Self {
        Self {
            level: Level::new(),
            accumulated: [0.0; AREA + TILE],
            marks: [0; AREA],
            dirty: Vec::new(),
            overlap: OverlapScratch::default(),
        }
    }
}

/// Coverage below this is what rounding leaves.
const NOTHING: f32 = 1e-6;

const VISIT: u16 = 256;

/// Whether steps through a pixel with these marks can see more than two
/// neighbouring winding numbers: a second visit, or enough steps for a loop.
fn is_suspicious(mark: u16) -> bool {
    mark >= 2 * VISIT || mark & (VISIT - 1) >= 3
}

/// Computes the signed coverage of the pieces' shape: its magnitude, at most 1
/// after clamping, is the coverage; its sign says how coverage follows the
/// recorded steps. Appends to `steps`. Returns one bit for each row that the
/// shape touches.
#[inline(always)]
pub(crate) fn cover<S: Simd>(
    simd: S,
    pieces: &[Piece],
    backdrop: i32,
    rule: FillRule,
    scratch: &mut CoverScratch,
    steps: &mut Steps,
    out: &mut Plane,
) -> u32 {
    let first_step = steps.steps.len();
    let first_end = steps.ends.len();
    scratch.accumulated.fill(0.0);
    let mut top = [backdrop as f32; TILE];
    let mut last_pixel = u32::MAX;
    let mut contour_pixel = u32::MAX;
    for piece in pieces {
        if piece.flags & FLAG_CONTINUES == 0 {
            last_pixel = u32::MAX;
        }
        if piece.flags & (FLAG_FROM_ABOVE | FLAG_TO_ABOVE) != 0 {
            cross_top(piece, &mut top);
        }
        let before = steps.steps.len();
        walk(
            piece,
            #[inline(always)]
            |pixel, du, middle, area, rest| {
                let p = (pixel as usize) & (AREA - 1);
                scratch.accumulated[p] += area;
                scratch.accumulated[p + TILE] += rest;
                scratch.marks[p] =
                    scratch.marks[p].saturating_add(1 + VISIT * u16::from(pixel != last_pixel));
                last_pixel = pixel;
                steps.steps.push(Step {
                    pixel,
                    weight: du,
                    weighted_middle: du * middle,
                });
            },
        );
        if piece.flags & FLAG_CONTOUR_START != 0 {
            contour_pixel = steps.steps.get(before).map_or(u32::MAX, |s| s.pixel);
        }
        if piece.flags & FLAG_CONTOUR_END != 0 && contour_pixel == last_pixel {
            // The outline's end and its start are one visit, not two.
            if let Some(mark) = scratch.marks.get_mut(last_pixel as usize)
                && *mark >= 2 * VISIT
            {
                *mark -= VISIT;
            }
            contour_pixel = u32::MAX;
        }
        steps.ends.push(steps.steps.len() as u32);
    }

    let mut rows = 0u32;
    let lines = out.as_chunks_mut::<TILE>().0;
    let added = scratch.accumulated.as_chunks::<TILE>().0;
    let nothing = f32x16::splat(simd, NOTHING);
    let mut sums = f32x16::splat(simd, 0.0);
    let mut winding = f32x16::load_array_ref(simd, &top);
    for (row, (line, added)) in lines.iter_mut().zip(added).enumerate() {
        winding += f32x16::load_array_ref(simd, added);
        sums += winding;
        winding.store_array(line);
        rows |= u32::from(winding.abs().simd_gt(nothing).any_true()) << row;
    }
    let sum: f32 = sums.as_array().iter().sum();
    if rule == FillRule::EvenOdd {
        for v in out.iter_mut() {
            *v -= 2.0 * (*v * 0.5).round();
        }
    }

    // A step along a pixel's border may leave it at exactly zero coverage; the
    // sign then comes from the shape's orientation here.
    let tiny = if sum < 0.0 { -1e-30 } else { 1e-30 };
    scratch.dirty.clear();
    for step in &steps.steps[first_step..] {
        let p = (step.pixel as usize) & (AREA - 1);
        let mark = std::mem::take(&mut scratch.marks[p]);
        if mark != 0 {
            rows |= 1 << (p / TILE);
            if out[p].abs() < 1e-6 {
                out[p] = tiny;
            }
            if is_suspicious(mark) {
                scratch.dirty.push(Dirty {
                    pixel: step.pixel,
                    is_single: mark < 2 * VISIT,
                });
            }
        }
    }
    if !scratch.dirty.is_empty() {
        scratch.overlap.resolve(
            pieces,
            rule,
            &scratch.dirty,
            &steps.ends[first_end..],
            &mut steps.steps,
            first_step,
            out,
        );
    }
    rows
}

/// [`cover`] for callers that were not compiled for the instruction set at hand.
pub(crate) fn cover_dispatched(
    pieces: &[Piece],
    backdrop: i32,
    rule: FillRule,
    scratch: &mut CoverScratch,
    steps: &mut Steps,
    out: &mut Plane,
) {
    let level = scratch.level;
    dispatch!(level, simd => cover(simd, pieces, backdrop, rule, scratch, steps, out));
}

/// Adds what a crossing of the top border does to the winding along it.
#[inline(always)]
fn cross_top(piece: &Piece, top: &mut [f32; TILE]) {
    if piece.flags & FLAG_FROM_ABOVE != 0 {
        add_ramp(top, piece.x0, -1.0);
    }
    if piece.flags & FLAG_TO_ABOVE != 0 {
        add_ramp(top, piece.x1, 1.0);
    }
}

/// Adds `sign` times each pixel's part to the right of `x`.
#[inline(always)]
fn add_ramp(top: &mut [f32; TILE], x: f32, sign: f32) {
    for (i, v) in top.iter_mut().enumerate() {
        *v += sign * (i as f32 + 1.0 - x).clamp(0.0, 1.0);
    }
}

/// Visits the pixels on a piece's way with `(pixel, du, middle, area, rest)`:
/// the part of the piece in the pixel, its middle as a fraction of the piece,
/// its signed area below it within the pixel, and what remains of its width.
#[inline(always)]
fn walk(piece: &Piece, mut visit: impl FnMut(u32, f32, f32, f32, f32)) {
    const LAST: i32 = TILE as i32 - 1;
    let (dx, dy) = (piece.x1 - piece.x0, piece.y1 - piece.y0);
    let mut column = (piece.x0 as i32).clamp(0, LAST);
    let mut row = (piece.y0 as i32).clamp(0, LAST);
    let (step_x, mut next_x, gap_x) = axis(piece.x0, dx, column);
    let (step_y, mut next_y, gap_y) = axis(piece.y0, dy, row);
    let mut t = 0.0f32;
    // At most one border per row and column, and rounding cannot add steps
    // because every one moves on by a whole pixel.
    for _ in 0..2 * TILE + 2 {
        let end = lesser(lesser(next_x, next_y), 1.0);
        let du = end - t;
        if du > 0.0 {
            let middle = 0.5 * (end + t);
            let y = piece.y0 + dy * middle;
            let width = dx * du;
            let below = ((row + 1) as f32 - y).clamp(0.0, 1.0);
            let area = width * below;
            visit(
                (row * TILE as i32 + column) as u32,
                du,
                middle,
                area,
                width - area,
            );
            t = end;
        }
        if end >= 1.0 {
            break;
        }
        // Which border comes next cannot be foreseen: selected, not branched on.
        let is_column = next_x <= next_y;
        column = (column + if is_column { step_x } else { 0 }).clamp(0, LAST);
        row = (row + if is_column { 0 } else { step_y }).clamp(0, LAST);
        next_x += if is_column { gap_x } else { 0.0 };
        next_y += if is_column { 0.0 } else { gap_y };
    }
}

/// The lesser of two numbers, in one instruction where neither can be NaN.
#[inline(always)]
fn lesser(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// Direction, first border and distance between borders along one axis, as
/// fractions of the piece.
#[inline(always)]
fn axis(start: f32, delta: f32, pixel: i32) -> (i32, f32, f32) {
    if delta > 0.0 {
        let inverse = 1.0 / delta;
        (1, ((pixel + 1) as f32 - start) * inverse, inverse)
    } else if delta < 0.0 {
        let inverse = -1.0 / delta;
        (-1, (start - pixel as f32) * inverse, inverse)
    } else {
        (0, f32::INFINITY, f32::INFINITY)
    }
}

/// The sums that a piece's ends receive, given dL/d(signed coverage) of the tile.
#[inline(always)]
pub(crate) fn gather(steps: &[Step], gradient: &Plane) -> [f32; 2] {
    let mut total = 0.0f32;
    let mut to_end = 0.0f32;
    for step in steps {
        let g = gradient[(step.pixel as usize) & (AREA - 1)];
        total += g * step.weight;
        to_end += g * step.weighted_middle;
    }
    [total - to_end, to_end]
}
