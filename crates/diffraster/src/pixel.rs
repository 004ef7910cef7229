//! One shape within one pixel, cut where its outline crosses itself.
//!
//! Each fragment of the outline moves coverage only if one of its sides is
//! inside and the other is not. So the outline's fragments, weighted with that
//! difference, bound the inside: their signed areas add up to the coverage, and
//! the same weights are its adjoint. Knows nothing of tiles; its unit is the
//! pixel and its origin the pixel's top left corner.

mod fragment;

pub(crate) use fragment::{
    CONTINUES, ENTERS_TOP, Fragment, LEAVES_TOP, REACHES_LEFT, REACHES_RIGHT, added, is_monotone,
};

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x8};

use fragment::corner;

use crate::growth::room;
use crate::scene::FillRule;
use crate::tiling::is_inside;

/// Most fragments that are cut against each other.
pub(crate) const MAX_FRAGMENTS: usize = 32;

/// Scan lines in pixels with more.
const SCAN_LINES: usize = 64;

/// How far beside a fragment its sides are looked at.
const SIDE: f32 = 4e-5;

/// How far beyond an end a fragment still counts as crossed, as a part of it.
/// One cut too many changes nothing.
const MARGIN: f32 = 1e-5;

const LANES: usize = 8;

/// Places for steps on the top border: two for each fragment, and room for one
/// that turns out to be none.
const TOP_STEPS: usize = 2 * MAX_FRAGMENTS + LANES;

/// How a pixel's coverage follows a fragment: the part of the piece, times how
/// much of it bounds the inside, and that times its middle.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weight {
    pub(crate) weight: f32,
    pub(crate) weighted_middle: f32,
}

/// The fragments of a pixel, as arrays.
#[derive(Debug)]
pub(crate) struct Pixel {
    /// Winding at the top left corner.
    corner: f32,
    count: usize,
    x: [f32; MAX_FRAGMENTS],
    y: [f32; MAX_FRAGMENTS],
    dx: [f32; MAX_FRAGMENTS],
    dy: [f32; MAX_FRAGMENTS],
    /// Range of x below which the fragment changes the winding, by `sign`.
    left: [f32; MAX_FRAGMENTS],
    right: [f32; MAX_FRAGMENTS],
    sign: [f32; MAX_FRAGMENTS],
    /// Changes of the winding along the top border.
    top_count: usize,
    top_x: [f32; TOP_STEPS],
    top_sign: [f32; TOP_STEPS],
    cuts: Vec<f32>,
    changes: Vec<(f32, f32)>,
}

room!(Pixel: cuts, changes);

impl Default for Pixel {
    fn default() -> Self {
        Self {
            corner: 0.0,
            count: 0,
            x: [0.0; MAX_FRAGMENTS],
            y: [0.0; MAX_FRAGMENTS],
            dx: [0.0; MAX_FRAGMENTS],
            dy: [0.0; MAX_FRAGMENTS],
            left: [0.0; MAX_FRAGMENTS],
            right: [0.0; MAX_FRAGMENTS],
            sign: [0.0; MAX_FRAGMENTS],
            top_count: 0,
            top_x: [0.0; TOP_STEPS],
            top_sign: [0.0; TOP_STEPS],
            cuts: Vec::new(),
            changes: Vec::new(),
        }
    }
}

/// Whether a winding number, held as a float, is inside: 1 or 0.
#[inline(always)]
pub(crate) fn inside(rule: FillRule, winding: f32) -> f32 {
    let is_inside = match rule {
        FillRule::NonZero => winding != 0.0,
        FillRule::EvenOdd => is_inside(rule, winding as i32),
    };
    if is_inside { 1.0 } else { 0.0 }
}

#[inline(always)]
fn load<S: Simd, const N: usize>(simd: S, values: &[f32; N], at: usize) -> f32x8<S> {
    let (chunks, _) = values.as_chunks::<LANES>();
    f32x8::load_array_ref(simd, &chunks[at])
}

impl Pixel {
    /// Computes the coverage of the pixel with `fragments`, of which there are at
    /// most [`MAX_FRAGMENTS`], and fills `weights`, one for each. `mean` is the
    /// mean winding, less any even number for the even-odd rule.
    #[inline(always)]
    pub(crate) fn resolve<S: Simd>(
        &mut self,
        simd: S,
        rule: FillRule,
        mean: f32,
        fragments: &[Fragment],
        weights: &mut [Weight; MAX_FRAGMENTS],
    ) -> f32 {
        self.fill(mean, fragments);
        let mut crossers = [0u32; MAX_FRAGMENTS];
        let mut crossing = 0;
        for i in 0..self.count {
            crossers[i] = self.crossers(simd, i);
            crossing |= crossers[i];
        }
        let is_whole = |i: usize| crossers[i] == 0 && crossing >> i & 1 == 0;
        let mut area = self.top(rule);
        let mut next = 0;
        while next < self.count {
            let start = next;
            next += 1;
            if is_whole(start) {
                // Along a chain that nothing crosses, the sides stay the same.
                let mut longest = start;
                while next < self.count && fragments[next].flags & CONTINUES != 0 && is_whole(next)
                {
                    if self.size(next) > self.size(longest) {
                        longest = next;
                    }
                    next += 1;
                }
                let (follows, agree) = self.follows(simd, rule, longest, 0.5);
                if agree || next == start + 1 {
                    for i in start..next {
                        weights[i] = Weight::default();
                        area += self.add(i, follows, 0.0, 1.0, &fragments[i], &mut weights[i]);
                    }
                    continue;
                }
            }
            for i in start..next {
                weights[i] = Weight::default();
                self.cut(crossers[i], i);
                for k in 1..self.cuts.len() {
                    let (from, to) = (self.cuts[k - 1], self.cuts[k]);
                    if to > from {
                        let (follows, _) = self.follows(simd, rule, i, 0.5 * (from + to));
                        area += self.add(i, follows, from, to, &fragments[i], &mut weights[i]);
                    }
                }
            }
        }
        area
    }

    fn fill(&mut self, mean: f32, fragments: &[Fragment]) {
        self.corner = corner(mean, fragments);
        self.count = fragments.len().min(MAX_FRAGMENTS);
        self.top_count = 0;
        for (i, fragment) in fragments.iter().take(MAX_FRAGMENTS).enumerate() {
            let ([x0, y0], [x1, _]) = (fragment.start, fragment.end);
            let [dx, dy] = fragment.delta();
            self.x[i] = x0;
            self.y[i] = y0;
            self.dx[i] = dx;
            self.dy[i] = dy;
            // What goes on beyond the pixel's side must count there, too, for
            // looks at the sides of what runs along it.
            let beyond = |flag: u32, v: f32, far: f32| {
                if fragment.flags & flag != 0 { far } else { v }
            };
            self.left[i] = beyond(REACHES_LEFT, x0.min(x1), -1.0);
            self.right[i] = beyond(REACHES_RIGHT, x0.max(x1), 2.0);
            self.sign[i] = if dx == 0.0 { 0.0 } else { dx.signum() };
            for (x, sign) in fragment.steps_on_top() {
                self.top_x[self.top_count] = x;
                self.top_sign[self.top_count] = sign;
                self.top_count += usize::from(sign != 0.0);
            }
        }
        for i in self.count..self.count.next_multiple_of(LANES) {
            (self.dx[i], self.dy[i], self.sign[i]) = (0.0, 0.0, 0.0);
        }
        for i in self.top_count..self.top_count.next_multiple_of(LANES) {
            self.top_sign[i] = 0.0;
        }
    }

    fn size(&self, i: usize) -> f32 {
        self.dx[i].abs() + self.dy[i].abs()
    }

    /// One bit for each fragment that crosses fragment `i` between its ends.
    #[inline(always)]
    fn crossers<S: Simd>(&self, simd: S, i: usize) -> u32 {
        let zero = f32x8::splat(simd, 0.0);
        let one = f32x8::splat(simd, 1.0);
        let (ax, ay) = (self.dx[i], self.dy[i]);
        let mut found = 0u32;
        for k in 0..self.count.div_ceil(LANES) {
            let (bx, by) = (load(simd, &self.dx, k), load(simd, &self.dy, k));
            let ox = load(simd, &self.x, k) - self.x[i];
            let oy = load(simd, &self.y, k) - self.y[i];
            let cross = by * ax - bx * ay;
            let (sign, size) = (one.copysign(cross), cross.abs());
            let t = sign * (ox * by - oy * bx);
            let u = sign * (ox * ay - oy * ax);
            let margin = size * MARGIN;
            let crosses =
                t.simd_gt(zero) & t.simd_lt(size) & u.simd_ge(-margin) & u.simd_le(size + margin);
            found |= (crosses.to_bitmask() as u32) << (k * LANES);
        }
        found
    }

    /// Fills `cuts` with the ends of fragment `i` and where `crossers` cross it.
    fn cut(&mut self, mut crossers: u32, i: usize) {
        self.cuts.clear();
        self.cuts.extend([0.0, 1.0]);
        while crossers != 0 {
            let j = crossers.trailing_zeros() as usize;
            crossers &= crossers - 1;
            let cross = self.dx[i] * self.dy[j] - self.dy[i] * self.dx[j];
            let (ox, oy) = (self.x[j] - self.x[i], self.y[j] - self.y[i]);
            let t = (ox * self.dy[j] - oy * self.dx[j]) / cross;
            self.cuts.push(t.clamp(0.0, 1.0));
        }
        self.cuts.sort_unstable_by(f32::total_cmp);
    }

    /// How coverage follows fragment `i` at the part `t` of it, the mean of what
    /// both sides say, and whether they agree.
    #[inline(always)]
    fn follows<S: Simd>(&self, simd: S, rule: FillRule, i: usize, t: f32) -> (f32, bool) {
        let (dx, dy) = (self.dx[i], self.dy[i]);
        let length = (dx * dx + dy * dy).sqrt();
        if length <= 0.0 {
            return (0.0, true);
        }
        let k = SIDE / length;
        let (x, y) = (self.x[i] + t * dx, self.y[i] + t * dy);
        // The first look is towards where the winding counts one less.
        let [less, more] = self.windings(simd, [x + k * dy, x - k * dy], [y - k * dx, y + k * dx]);
        let first = inside(rule, less + 1.0) - inside(rule, less);
        let second = inside(rule, more) - inside(rule, more - 1.0);
        (0.5 * (first + second), less + 1.0 == more)
    }

    /// Windings at two points.
    #[inline(always)]
    fn windings<S: Simd>(&self, simd: S, x: [f32; 2], y: [f32; 2]) -> [f32; 2] {
        let zero = f32x8::splat(simd, 0.0);
        let mut sums = [f32x8::splat(simd, 0.0); 2];
        for k in 0..self.count.div_ceil(LANES) {
            let (left, right) = (load(simd, &self.left, k), load(simd, &self.right, k));
            let (x0, y0) = (load(simd, &self.x, k), load(simd, &self.y, k));
            let sign = load(simd, &self.sign, k);
            let dx = load(simd, &self.dx, k) * sign;
            let dy = load(simd, &self.dy, k) * sign;
            for i in 0..2 {
                let at = f32x8::splat(simd, x[i]);
                let below = (f32x8::splat(simd, y[i]) - y0) * dx - (at - x0) * dy;
                let counts = left.simd_le(at) & right.simd_gt(at) & below.simd_gt(zero);
                sums[i] += simd.select_f32x8(counts, sign, zero);
            }
        }
        for k in 0..self.top_count.div_ceil(LANES) {
            let (top_x, sign) = (load(simd, &self.top_x, k), load(simd, &self.top_sign, k));
            for i in 0..2 {
                let counts = top_x.simd_le(f32x8::splat(simd, x[i]));
                sums[i] += simd.select_f32x8(counts, sign, zero);
            }
        }
        [
            self.corner + sums[0].reduce_sum(),
            self.corner + sums[1].reduce_sum(),
        ]
    }

    /// Adds what the part of fragment `i` between `from` and `to` does to
    /// `weight`; returns what it does to the area.
    #[inline(always)]
    fn add(
        &self,
        i: usize,
        follows: f32,
        from: f32,
        to: f32,
        fragment: &Fragment,
        weight: &mut Weight,
    ) -> f32 {
        let middle = 0.5 * (from + to);
        let part = follows * (to - from);
        let length = fragment.to - fragment.from;
        weight.weight += part * length;
        weight.weighted_middle += part * length * (fragment.from + length * middle);
        part * self.dx[i] * (1.0 - (self.y[i] + middle * self.dy[i]))
    }

    /// The inside's part of the top border.
    fn top(&mut self, rule: FillRule) -> f32 {
        let mut winding = self.corner;
        if self.top_count == 0 {
            return inside(rule, winding);
        }
        self.changes.clear();
        let steps = self.top_x.iter().zip(&self.top_sign).take(self.top_count);
        self.changes.extend(steps.map(|(x, sign)| (*x, *sign)));
        sort(&mut self.changes);
        let (mut part, mut from) = (0.0, 0.0);
        for (x, sign) in &self.changes {
            part += (x - from) * inside(rule, winding);
            winding += sign;
            from = *x;
        }
        part + (1.0 - from) * inside(rule, winding)
    }

    /// Coverage of a pixel with any number of fragments, exact only along
    /// equally spaced lines.
    pub(crate) fn scan(&mut self, rule: FillRule, mean: f32, fragments: &[Fragment]) -> f32 {
        let corner = corner(mean, fragments);
        let mut area = 0.0;
        for line in 0..SCAN_LINES {
            let x = (line as f32 + 0.5) / SCAN_LINES as f32;
            let mut winding = corner;
            self.changes.clear();
            for fragment in fragments {
                for (at, sign) in fragment.steps_on_top() {
                    winding += if at <= x { sign } else { 0.0 };
                }
                let ([x0, y0], [x1, _]) = (fragment.start, fragment.end);
                if x0.min(x1) <= x && x0.max(x1) > x {
                    let [dx, dy] = fragment.delta();
                    let y = (y0 + dy * ((x - x0) / dx)).clamp(0.0, 1.0);
                    self.changes.push((y, dx.signum()));
                }
            }
            sort(&mut self.changes);
            let mut from = 0.0;
            for (y, sign) in &self.changes {
                area += (y - from) * inside(rule, winding);
                winding += sign;
                from = *y;
            }
            area += (1.0 - from) * inside(rule, winding);
        }
        area / SCAN_LINES as f32
    }
}

fn sort(changes: &mut [(f32, f32)]) {
    changes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
}

#[cfg(test)]
mod tests;
