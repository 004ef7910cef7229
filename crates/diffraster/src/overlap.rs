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

/// A pixel that may need looking at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dirty {
    pub(crate) pixel: u32,
    pub(crate) is_single: bool,
}

/// A piece's passage through a dirty pixel.
#[derive(Debug, Clone, Copy)]
struct Visit {
    pixel: u32,
    piece: u32,
    step: u32,
    /// The outline passes through the pixel only once.
    is_single: bool,
}

fn is_within(at: [f32; 2]) -> bool {
    at.iter().all(|v| *v > 0.0 && *v < TILE as f32)
}

/// A tile's pieces by the pixel columns that they pass through.
#[derive(Debug, Default)]
struct Columns([Column; TILE]);

/// The pieces of one pixel column, once whole and once as arrays, which make
/// counting the ones above a point a plain loop.
#[derive(Debug, Default)]
struct Column {
    pieces: Vec<Piece>,
    left: Vec<f32>,
    right: Vec<f32>,
    /// Height at the left end, and rise with x.
    height: Vec<f32>,
    slope: Vec<f32>,
    sign: Vec<i32>,
    /// Steps of the winding along the tile's top, within the column.
    steps: Vec<(f32, i32)>,
    /// Winding at the column's left border, on the tile's top.
    winding: i32,
}

/// Column of an x between 0 and the tile's side.
fn column_of(x: f32) -> usize {
    (x as usize).min(TILE - 1)
}

impl Columns {
    fn fill(&mut self, pieces: &[Piece], backdrop: i32) {
        for column in &mut self.0 {
            column.clear(backdrop);
        }
        for piece in pieces {
            let (a, b) = (column_of(piece.x0), column_of(piece.x1));
            let slope = (piece.y1 - piece.y0) / (piece.x1 - piece.x0);
            for column in &mut self.0[a.min(b)..=a.max(b)] {
                column.push(piece, slope);
            }
            if piece.flags & FLAG_FROM_ABOVE != 0 {
                self.step(a, piece.x0, -1);
            }
            if piece.flags & FLAG_TO_ABOVE != 0 {
                self.step(b, piece.x1, 1);
            }
        }
    }

    fn step(&mut self, column: usize, x: f32, sign: i32) {
        self.0[column].steps.push((x, sign));
        for right in &mut self.0[column + 1..] {
            right.winding += sign;
        }
    }

    fn winding_at(&self, at: [f32; 2]) -> i32 {
        self.0[column_of(at[0])].winding_at(at)
    }
}

impl Column {
    fn clear(&mut self, backdrop: i32) {
        self.pieces.clear();
        self.left.clear();
        self.right.clear();
        self.height.clear();
        self.slope.clear();
        self.sign.clear();
        self.steps.clear();
        self.winding = backdrop;
    }

    fn push(&mut self, piece: &Piece, slope: f32) {
        self.pieces.push(*piece);
        self.left.push(piece.x0.min(piece.x1));
        self.right.push(piece.x0.max(piece.x1));
        self.height.push(if piece.x0 <= piece.x1 {
            piece.y0
        } else {
            piece.y1
        });
        self.slope.push(slope);
        self.sign.push(if piece.x1 > piece.x0 { 1 } else { -1 });
    }

    /// Winding on the tile's top at `x`.
    fn winding_on_top(&self, x: f32) -> i32 {
        let own = self.steps.iter().filter(|step| step.0 <= x);
        self.winding + own.map(|step| step.1).sum::<i32>()
    }

    /// A piece passes `x` where its left end does not lie to the right of it and
    /// its right end does.
    fn winding_at(&self, [x, y]: [f32; 2]) -> i32 {
        let ends = self.left.iter().zip(&self.right);
        let lines = self.height.iter().zip(&self.slope);
        let mut winding = 0;
        for (((left, right), (height, slope)), sign) in ends.zip(lines).zip(&self.sign) {
            let counts = (*left <= x) & (*right > x) & (height + slope * (x - left) < y);
            winding += sign * i32::from(counts);
        }
        winding + self.winding_on_top(x)
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
        dirty: &[Dirty],
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
            let own = self.columns.0[column]
                .pieces
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
        dirty: &[Dirty],
    ) {
        let mut found = [None; TILE * TILE];
        for dirty in dirty {
            found[dirty.pixel as usize] = Some(dirty.is_single);
        }
        self.visits.clear();
        let mut start = first_step;
        for (piece, &end) in (0..pieces.len()).zip(ends) {
            for (i, step) in steps[start..end as usize].iter().enumerate() {
                if let Some(is_single) = found[step.pixel as usize] {
                    self.visits.push(Visit {
                        is_single,
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
        if visits[0].is_single && is_monotone(pieces, visits) {
            return true;
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
                    if let Some(t) = crossing(piece, other) {
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
            let column = &self.columns.0[column];
            let mut winding = column.winding_on_top(middle);
            self.crossings.clear();
            for (i, left) in column.left.iter().enumerate() {
                if *left > middle || column.right[i] <= middle {
                    continue;
                }
                let at = column.height[i] + column.slope[i] * (middle - left);
                let sign = column.sign[i];
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
        for other in &self.columns.0[step.pixel as usize % TILE].pieces {
            if let Some(t) = crossing(piece, other)
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

/// Whether a chain of pieces goes on in one direction, so that it cannot meet
/// itself.
fn is_monotone(pieces: &[Piece], visits: &[Visit]) -> bool {
    let direction = |visit: &Visit| {
        let piece = &pieces[visit.piece as usize];
        [piece.x1 - piece.x0, piece.y1 - piece.y0]
    };
    let middle = direction(&visits[visits.len() / 2]);
    visits.iter().all(|visit| {
        let d = direction(visit);
        d[0] * middle[0] + d[1] * middle[1] > 0.0
    })
}

/// Where `a` crosses `b`, as a fraction of `a`; its ends excluded.
fn crossing(a: &Piece, b: &Piece) -> Option<f32> {
    let (ax, ay) = (a.x1 - a.x0, a.y1 - a.y0);
    let (bx, by) = (b.x1 - b.x0, b.y1 - b.y0);
    let (ox, oy) = (b.x0 - a.x0, b.y0 - a.y0);
    let cross = ax * by - ay * bx;
    let (sign, size) = (1f32.copysign(cross), cross.abs());
    let t = sign * (ox * by - oy * bx);
    let u = sign * (ox * ay - oy * ax);
    (t > 0.0 && t < size && u >= 0.0 && u <= size).then(|| t / size)
}
