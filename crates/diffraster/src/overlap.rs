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

/// Most segments in a pixel that are looked at for being simple.
const MAX_SIMPLE: usize = 10;

/// Most segments in a pixel that are cut against each other.
const MAX_LOCAL: usize = 32;

/// Scan lines in pixels above that.
const SCAN_LINES: usize = 64;

/// How far beside a fragment its sides are looked at, in pixels.
const SIDE: f32 = 4e-5;

/// Reused memory.
#[derive(Debug, Default)]
pub(crate) struct OverlapScratch {
    columns: Columns,
    /// Pieces that pass through the pixel.
    local: Vec<Piece>,
    visits: Vec<Visit>,
    cuts: Vec<f32>,
    crossings: Vec<(f32, i32)>,
}

/// A piece's passage through a dirty pixel.
#[derive(Debug, Clone, Copy)]
struct Visit {
    pixel: u32,
    piece: u32,
    step: u32,
}

fn is_within(at: [f32; 2]) -> bool {
    at.iter().all(|v| *v > 0.0 && *v < TILE as f32)
}

/// A tile's pieces by the pixel columns that they pass through.
#[derive(Debug, Default)]
struct Columns {
    pieces: [Vec<Piece>; TILE],
    /// Winding at the column's left border, on the tile's top.
    windings: [i32; TILE],
}

/// Column of an x between 0 and the tile's side.
fn column_of(x: f32) -> usize {
    (x as usize).min(TILE - 1)
}

impl Columns {
    fn fill(&mut self, pieces: &[Piece], backdrop: i32) {
        self.pieces.iter_mut().for_each(Vec::clear);
        self.windings = [backdrop; TILE];
        for piece in pieces {
            let (a, b) = (column_of(piece.x0), column_of(piece.x1));
            for column in &mut self.pieces[a.min(b)..=a.max(b)] {
                column.push(*piece);
            }
            // A step within a column is left to the column's own pieces.
            if piece.flags & FLAG_FROM_ABOVE != 0 {
                self.windings[a + 1..].iter_mut().for_each(|w| *w -= 1);
            }
            if piece.flags & FLAG_TO_ABOVE != 0 {
                self.windings[b + 1..].iter_mut().for_each(|w| *w += 1);
            }
        }
    }

    fn winding_at(&self, at: [f32; 2]) -> i32 {
        let column = column_of(at[0]);
        self.pieces[column]
            .iter()
            .fold(self.windings[column], |winding, piece| {
                let own = match below(piece, at[0]) {
                    Some((y, sign)) if y < at[1] => sign,
                    _ => 0,
                };
                winding + own + top_step(piece, at[0], column)
            })
    }
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
        self.columns.fill(pieces, backdrop);
        self.list_visits(pieces, ends, steps, first_step, dirty);
        let visits = std::mem::take(&mut self.visits);
        for visits in visits.chunk_by(|a, b| a.pixel == b.pixel) {
            if self.is_simple(pieces, rule, visits, steps) {
                continue;
            }
            let p = visits[0].pixel as usize;
            let (column, y) = (p % TILE, (p / TILE) as f32);
            self.local.clear();
            let own = self.columns.pieces[column]
                .iter()
                .filter(|piece| piece.y0.min(piece.y1) <= y + 1.0 && piece.y0.max(piece.y1) >= y);
            self.local.extend(own);
            let exact = self.local.len() <= MAX_LOCAL;
            self.cut(column, y, exact);
            let area = self.measure(column, rule, y);
            if exact {
                out[p] = area.clamp(1e-30, 1.0);
                for visit in visits {
                    let step = &mut steps[visit.step as usize];
                    self.weigh(&pieces[visit.piece as usize], rule, step);
                }
            } else {
                out[p] = if out[p] < 0.0 { -area } else { area };
            }
        }
        self.visits = visits;
    }

    /// Lists the steps through dirty pixels, pixel by pixel.
    fn list_visits(
        &mut self,
        pieces: &[Piece],
        ends: &[u32],
        steps: &[Step],
        first_step: usize,
        dirty: &[u32],
    ) {
        let mut is_dirty = [false; TILE * TILE];
        for pixel in dirty {
            is_dirty[*pixel as usize] = true;
        }
        self.visits.clear();
        let mut start = first_step;
        for (piece, &end) in (0..pieces.len()).zip(ends) {
            for (i, step) in steps[start..end as usize].iter().enumerate() {
                if is_dirty[step.pixel as usize] {
                    self.visits.push(Visit {
                        pixel: step.pixel,
                        piece: piece as u32,
                        step: (start + i) as u32,
                    });
                }
            }
            start = end as usize;
        }
        self.visits.sort_unstable_by_key(|v| (v.pixel, v.step));
    }

    /// Whether the plain mean is right after all: nothing crosses, and the
    /// winding numbers beside the segments are such that it says the coverage.
    fn is_simple(
        &self,
        pieces: &[Piece],
        rule: FillRule,
        visits: &[Visit],
        steps: &[Step],
    ) -> bool {
        if visits.len() > MAX_SIMPLE {
            return false;
        }
        for (i, visit) in visits.iter().enumerate() {
            let a = &pieces[visit.piece as usize];
            for other in &visits[..i] {
                let b = &pieces[other.piece as usize];
                let joined = (b.x1, b.y1) == (a.x0, a.y0) || (a.x1, a.y1) == (b.x0, b.y0);
                if !joined && crossing(a, b).is_some() {
                    return false;
                }
            }
        }
        let (mut least, mut most) = (i32::MAX, i32::MIN);
        for visit in visits {
            let piece = &pieces[visit.piece as usize];
            let step = &steps[visit.step as usize];
            let (dx, dy) = (piece.x1 - piece.x0, piece.y1 - piece.y0);
            let k = SIDE / (dx * dx + dy * dy).sqrt();
            let middle = step.weighted_middle / step.weight;
            let at = [piece.x0 + dx * middle, piece.y0 + dy * middle];
            // Towards where the winding counts one less, or, at the tile's
            // border, away from there.
            let mut look = [at[0] + k * dy, at[1] - k * dx];
            let mut less = 0;
            if !is_within(look) {
                look = [at[0] - k * dy, at[1] + k * dx];
                less = -1;
            }
            if !is_within(look) {
                return false;
            }
            less += self.columns.winding_at(look);
            least = least.min(less);
            most = most.max(less + 1);
        }
        match rule {
            FillRule::NonZero => {
                least >= 1 || most <= -1 || (least, most) == (0, 1) || (least, most) == (-1, 0)
            }
            FillRule::EvenOdd => most - least == 1,
        }
    }

    /// Fills `cuts` with the sorted slab borders.
    fn cut(&mut self, column: usize, y: f32, exact: bool) {
        let x = column as f32;
        self.cuts.clear();
        self.cuts.extend([x, x + 1.0]);
        if exact {
            // Pieces above the pixel end where they will: the winding on its top
            // border changes only where a local piece crosses that.
            for (i, piece) in self.local.iter().enumerate() {
                self.cuts.extend([piece.x0, piece.x1]);
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

    fn measure(&mut self, column: usize, rule: FillRule, y: f32) -> f32 {
        let mut area = 0.0;
        for slab in self.cuts.windows(2) {
            let width = slab[1] - slab[0];
            if width <= 0.0 {
                continue;
            }
            let middle = 0.5 * (slab[0] + slab[1]);
            let mut winding = self.columns.windings[column];
            self.crossings.clear();
            for piece in &self.columns.pieces[column] {
                winding += top_step(piece, middle, column);
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
        area
    }

    /// Replaces a step's weights by those of its fragments that bound the inside.
    fn weigh(&mut self, piece: &Piece, rule: FillRule, step: &mut Step) {
        let middle = step.weighted_middle / step.weight;
        let (from, to) = (middle - 0.5 * step.weight, middle + 0.5 * step.weight);
        let (dx, dy) = (piece.x1 - piece.x0, piece.y1 - piece.y0);
        let length = dx.hypot(dy);
        self.cuts.clear();
        self.cuts.extend([from, to]);
        for other in &self.columns.pieces[step.pixel as usize % TILE] {
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
                if is_within(look) {
                    let winding = self.columns.winding_at(look);
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

/// Change of the winding on the tile's top border, from the left border of the
/// column to `x`.
fn top_step(piece: &Piece, x: f32, column: usize) -> i32 {
    let steps = |flag: u32, at: f32| {
        i32::from(piece.flags & flag != 0 && column_of(at) == column && at <= x)
    };
    steps(FLAG_TO_ABOVE, piece.x1) - steps(FLAG_FROM_ABOVE, piece.x0)
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
