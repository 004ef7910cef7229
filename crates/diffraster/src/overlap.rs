//! Pixels in which an outline meets itself, done exactly.
//!
//! The mean winding number says nothing about coverage where parts of a pixel
//! have, say, winding 2 and others 0. Such pixels are cut into vertical slabs
//! at every end point, border crossing and mutual crossing; within a slab
//! segments do not cross, so coverage is a sum of trapezoids between those
//! where the inside begins and ends. The adjoint looks at each fragment of a
//! segment between crossings: it moves coverage only if one of its sides is
//! inside and the other is not.
//!
//! Pixels with more than [`MAX_LOCAL`] segments are measured on equally spaced
//! scan lines instead, and keep the adjoint of the plain mean.

use crate::coverage::{Plane, Step};
use crate::scene::FillRule;
use crate::tiling::{FLAG_FROM_ABOVE, FLAG_TO_ABOVE, Piece, TILE, is_inside};

/// Most segments in a pixel that are cut against each other.
const MAX_LOCAL: usize = 48;

/// Scan lines in pixels above that.
const SCAN_LINES: usize = 64;

/// How far beside a fragment its sides are looked at, in pixels.
const SIDE: f32 = 4e-5;

/// Reused memory.
#[derive(Debug, Default)]
pub(crate) struct OverlapScratch {
    /// Pieces that pass through the column of the pixel, above or inside it.
    column: Vec<Piece>,
    /// Those of them that pass through the pixel.
    local: Vec<Piece>,
    cuts: Vec<f32>,
    crossings: Vec<(f32, i32)>,
}

impl OverlapScratch {
    /// Replaces the coverage of `dirty` pixels in `out` by the exact one and
    /// the weights of their steps by what follows each fragment's sides.
    #[allow(clippy::too_many_arguments, reason = "one call site")]
    pub(crate) fn resolve(
        &mut self,
        pieces: &[Piece],
        backdrop: i32,
        rule: FillRule,
        dirty: &[u32],
        ends: &[u32],
        steps: &mut [Step],
        first_step: usize,
        out: &mut Plane,
    ) {
        let mut is_exact = [false; TILE * TILE];
        for &pixel in dirty {
            let x = (pixel as usize % TILE) as f32;
            let y = (pixel as usize / TILE) as f32;
            self.collect(pieces, x, y);
            let exact = self.local.len() <= MAX_LOCAL;
            self.cut(x, y, exact);
            let area = self.measure(backdrop, rule, x, y);
            let p = pixel as usize;
            if exact {
                is_exact[p] = true;
                out[p] = area.clamp(1e-30, 1.0);
            } else {
                out[p] = if out[p] < 0.0 { -area } else { area };
            }
        }
        let mut start = first_step;
        for (piece, &end) in pieces.iter().zip(ends) {
            for step in &mut steps[start..end as usize] {
                if is_exact[step.pixel as usize] {
                    self.weigh(pieces, piece, backdrop, rule, step);
                }
            }
            start = end as usize;
        }
    }

    fn collect(&mut self, pieces: &[Piece], x: f32, y: f32) {
        self.column.clear();
        self.local.clear();
        for piece in pieces {
            let (left, right) = (piece.x0.min(piece.x1), piece.x0.max(piece.x1));
            let high = piece.y0.min(piece.y1);
            let matters_to_winding = piece.flags & (FLAG_FROM_ABOVE | FLAG_TO_ABOVE) != 0
                || (left < x + 1.0 && right > x && high < y + 1.0);
            if matters_to_winding {
                self.column.push(*piece);
            }
            if left <= x + 1.0 && right >= x && high <= y + 1.0 && piece.y0.max(piece.y1) >= y {
                self.local.push(*piece);
            }
        }
    }

    /// Fills `cuts` with the sorted slab borders.
    fn cut(&mut self, x: f32, y: f32, exact: bool) {
        self.cuts.clear();
        self.cuts.extend([x, x + 1.0]);
        if exact {
            for piece in &self.column {
                self.cuts.extend([piece.x0, piece.x1]);
            }
            for (i, piece) in self.local.iter().enumerate() {
                for border in [y, y + 1.0] {
                    if (piece.y0 < border) != (piece.y1 < border) {
                        let t = (border - piece.y0) / (piece.y1 - piece.y0);
                        self.cuts.push(piece.x0 + t * (piece.x1 - piece.x0));
                    }
                }
                for other in &self.local[..i] {
                    if let Some((t, _)) = crossing(piece, other) {
                        self.cuts.push(piece.x0 + t * (piece.x1 - piece.x0));
                    }
                }
            }
        } else {
            let step = 1.0 / SCAN_LINES as f32;
            self.cuts
                .extend((1..SCAN_LINES).map(|i| x + i as f32 * step));
        }
        for cut in &mut self.cuts {
            *cut = cut.clamp(x, x + 1.0);
        }
        self.cuts.sort_unstable_by(f32::total_cmp);
    }

    fn measure(&mut self, backdrop: i32, rule: FillRule, x: f32, y: f32) -> f32 {
        let mut area = 0.0;
        for slab in self.cuts.windows(2) {
            let width = slab[1] - slab[0];
            if width <= 0.0 {
                continue;
            }
            let middle = 0.5 * (slab[0] + slab[1]);
            let mut winding = backdrop;
            self.crossings.clear();
            for piece in &self.column {
                winding += top_step(piece, middle);
                let Some((at, sign)) = below(piece, middle) else {
                    continue;
                };
                if at <= y {
                    winding += sign;
                } else if at < y + 1.0 {
                    self.crossings.push((at, sign));
                }
            }
            self.crossings.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            let mut from = y;
            for &(at, sign) in &self.crossings {
                if is_inside(rule, winding) {
                    area += width * (at - from);
                }
                winding += sign;
                from = at;
            }
            if is_inside(rule, winding) {
                area += width * (y + 1.0 - from);
            }
        }
        debug_assert!(x >= 0.0);
        area
    }

    /// Replaces a step's weights by those of its fragments that bound the inside.
    fn weigh(
        &mut self,
        pieces: &[Piece],
        piece: &Piece,
        backdrop: i32,
        rule: FillRule,
        step: &mut Step,
    ) {
        let middle = step.weighted_middle / step.weight;
        let (from, to) = (middle - 0.5 * step.weight, middle + 0.5 * step.weight);
        let (dx, dy) = (piece.x1 - piece.x0, piece.y1 - piece.y0);
        let length = dx.hypot(dy);
        self.cuts.clear();
        self.cuts.extend([from, to]);
        for other in pieces {
            if let Some((t, _)) = crossing(piece, other)
                && t > from
                && t < to
            {
                self.cuts.push(t);
            }
        }
        self.cuts.sort_unstable_by(f32::total_cmp);
        step.weight = 0.0;
        step.weighted_middle = 0.0;
        // Beside the piece, towards where its winding counts one less.
        let side = [dy / length * SIDE, -dx / length * SIDE];
        let last = TILE as f32;
        for fragment in self.cuts.windows(2) {
            let du = fragment[1] - fragment[0];
            if du <= 0.0 {
                continue;
            }
            let middle = 0.5 * (fragment[0] + fragment[1]);
            let at = [piece.x0 + dx * middle, piece.y0 + dy * middle];
            let mut sum = 0.0;
            let mut looks = 0.0;
            for sign in [1.0f32, -1.0] {
                let look = [at[0] + sign * side[0], at[1] + sign * side[1]];
                if look.iter().all(|v| *v > 0.0 && *v < last) {
                    let winding = winding_at(pieces, backdrop, look);
                    let (less, more) = if sign > 0.0 {
                        (winding, winding + 1)
                    } else {
                        (winding - 1, winding)
                    };
                    sum += f32::from(i8::from(is_inside(rule, more)))
                        - f32::from(i8::from(is_inside(rule, less)));
                    looks += 1.0;
                }
            }
            if looks > 0.0 {
                let weight = du * sum / looks;
                step.weight += weight;
                step.weighted_middle += weight * middle;
            }
        }
    }
}

/// Change of the winding on the tile's top border, left of `x`.
fn top_step(piece: &Piece, x: f32) -> i32 {
    let from = piece.flags & FLAG_FROM_ABOVE != 0 && piece.x0 <= x;
    let to = piece.flags & FLAG_TO_ABOVE != 0 && piece.x1 <= x;
    i32::from(to) - i32::from(from)
}

/// Where a piece passes `x`, and what it adds to the winding below.
fn below(piece: &Piece, x: f32) -> Option<(f32, i32)> {
    if (piece.x0 <= x) == (piece.x1 <= x) {
        return None;
    }
    let t = (x - piece.x0) / (piece.x1 - piece.x0);
    let sign = if piece.x1 > piece.x0 { 1 } else { -1 };
    Some((piece.y0 + t * (piece.y1 - piece.y0), sign))
}

fn winding_at(pieces: &[Piece], backdrop: i32, at: [f32; 2]) -> i32 {
    pieces.iter().fold(backdrop, |winding, piece| {
        let own = match below(piece, at[0]) {
            Some((y, sign)) if y < at[1] => sign,
            _ => 0,
        };
        winding + own + top_step(piece, at[0])
    })
}

/// Where two pieces cross, as fractions of both, ends excluded.
fn crossing(a: &Piece, b: &Piece) -> Option<(f32, f32)> {
    let (ax, ay) = (a.x1 - a.x0, a.y1 - a.y0);
    let (bx, by) = (b.x1 - b.x0, b.y1 - b.y0);
    let cross = ax * by - ay * bx;
    if cross == 0.0 {
        return None;
    }
    let (ox, oy) = (b.x0 - a.x0, b.y0 - a.y0);
    let t = (ox * by - oy * bx) / cross;
    let u = (ox * ay - oy * ax) / cross;
    (t > 0.0 && t < 1.0 && (0.0..=1.0).contains(&u)).then_some((t, u))
}
