//! The backward pass of a gradient paint: from dL/d(pixel) to dL/d(parameter).

use super::{FOCUS_LIMIT, Gradient, Kind, Rays, shares, spread};
use crate::coverage::{AREA, Plane};
use crate::scene::{Spread, Stop};
use crate::tiling::TILE;

impl Gradient {
    /// Adds to `sums` (geometry, then stops) what the gradient `d` of a tile's
    /// straight RGBA says about the parameters.
    #[inline(always)]
    pub(crate) fn backward(
        &self,
        stops: &[Stop],
        left: f32,
        top: f32,
        d: &[Plane; 4],
        sums: &mut [f32],
    ) {
        let stops = self.stops(stops);
        let (geometry, stop_sums) = sums.split_at_mut(self.geometry_count());
        let places = self.places(left, top);
        let raw = self.positions(&places);
        let mut positions = raw;
        spread(&mut positions, self.spread);
        // The colour is the first stop's plus, for each pair of stops, a share of their difference.
        for k in 0..4 {
            stop_sums[1 + k] += sum(&d[k]);
        }
        let mut slopes = [0.0; AREA];
        for (i, pair) in stops.windows(2).enumerate() {
            let gap = pair[1].offset - pair[0].offset;
            let shares = shares(&positions, pair[0].offset, pair[1].offset);
            for k in 0..4 {
                let moved = dot(&shares, &d[k]);
                stop_sums[5 * i + 1 + k] -= moved;
                stop_sums[5 * (i + 1) + 1 + k] += moved;
            }
            if gap <= 0.0 {
                continue;
            }
            let change: [f32; 4] =
                std::array::from_fn(|k| (pair[1].color[k] - pair[0].color[k]) / gap);
            let mut along = [0.0; AREA];
            for p in 0..AREA {
                let is_between = shares[p] > 0.0 && shares[p] < 1.0;
                let sum = d[0][p] * change[0]
                    + d[1][p] * change[1]
                    + d[2][p] * change[2]
                    + d[3][p] * change[3];
                along[p] = if is_between { sum } else { 0.0 };
                slopes[p] += along[p];
            }
            let later = dot(&shares, &along);
            stop_sums[5 * i] -= sum(&along) - later;
            stop_sums[5 * (i + 1)] -= later;
        }
        if self.has_extent() {
            follow_spread(&raw, self.spread, &mut slopes);
            self.geometry_backward(&places, &raw, &slopes, geometry);
            // Sizes at the ends of floats: what overflows on the way says nothing.
            for sum in geometry.iter_mut().filter(|sum| !sum.is_finite()) {
                *sum = 0.0;
            }
        }
    }

    /// Adds the share of the geometry, given dL/dt at each place.
    #[inline(always)]
    fn geometry_backward(&self, [xs, ys]: &[Plane; 2], raw: &Plane, dt: &Plane, sums: &mut [f32]) {
        match self.kind {
            Kind::Flat(_) => {}
            Kind::Linear { start, end } => {
                let d = [end[0] - start[0], end[1] - start[1]];
                let k = 1.0 / (d[0] * d[0] + d[1] * d[1]);
                let (total, by_position) = (sum(dt), dot_used(dt, raw));
                for (a, place) in [xs, ys].into_iter().enumerate() {
                    let from = dot(dt, place) - start[a] * total;
                    sums[a] += k * (2.0 * by_position * d[a] - d[a] * total - from);
                    sums[2 + a] += k * (from - 2.0 * by_position * d[a]);
                }
            }
            Kind::Radial {
                center,
                radius,
                given_focus,
                focus,
            } => {
                let rays = Rays::new(center, radius, focus);
                // Sums of k p, k t, k t p and k t² over the places p from the focus.
                let mut lanes = [[0.0f32; TILE]; 6];
                for y in 0..TILE {
                    for x in 0..TILE {
                        let at = y * TILE + x;
                        let p = [xs[at] - focus[0], ys[at] - focus[1]];
                        let root = rays.root(p);
                        let is_used = root > 0.0 && dt[at] != 0.0;
                        let k = if is_used { -0.5 * dt[at] / root } else { 0.0 };
                        let t = if is_used { raw[at] } else { 0.0 };
                        lanes[0][x] += k * p[0];
                        lanes[1][x] += k * p[1];
                        lanes[2][x] += k * t;
                        lanes[3][x] += k * t * p[0];
                        lanes[4][x] += k * t * p[1];
                        lanes[5][x] += k * t * t;
                    }
                }
                let [x, y, t, tx, ty, tt] = lanes.map(|lane| lane.iter().sum::<f32>());
                let mut radius_sum = 2.0 * radius * tt;
                let mut focus_sum = [0.0f32; 2];
                for (a, (p, tp)) in [(x, tx), (y, ty)].into_iter().enumerate() {
                    let e = rays.e[a];
                    sums[a] += 2.0 * tp - 2.0 * e * tt;
                    focus_sum[a] = 2.0 * e * tt - 2.0 * (tp + e * t) + 2.0 * p;
                }
                if given_focus == focus {
                    sums[3] += focus_sum[0];
                    sums[4] += focus_sum[1];
                } else {
                    // The focus was moved to the circle: follow it there.
                    let away = [given_focus[0] - center[0], given_focus[1] - center[1]];
                    let distance = away[0].hypot(away[1]);
                    let u = away.map(|v| v / distance);
                    let outward = u[0] * focus_sum[0] + u[1] * focus_sum[1];
                    radius_sum += FOCUS_LIMIT * outward;
                    for a in 0..2 {
                        let sideways =
                            FOCUS_LIMIT * radius / distance * (focus_sum[a] - u[a] * outward);
                        sums[a] += focus_sum[a] - sideways;
                        sums[3 + a] += sideways;
                    }
                }
                sums[2] += radius_sum;
            }
        }
    }
}

/// Multiplies the slopes by the derivative of [`spread`].
#[inline(always)]
fn follow_spread(raw: &Plane, how: Spread, slopes: &mut Plane) {
    for (slope, t) in slopes.iter_mut().zip(raw) {
        *slope = match how {
            Spread::Pad if *t > 0.0 && *t < 1.0 => *slope,
            Spread::Pad => 0.0,
            Spread::Repeat => *slope,
            Spread::Reflect if t - 2.0 * (t * 0.5).floor() <= 1.0 => *slope,
            Spread::Reflect => -*slope,
        };
    }
}

/// Sum of a plane, column by column first, so that the columns are summed side by side.
#[inline(always)]
pub(crate) fn sum(plane: &Plane) -> f32 {
    let mut lanes = [0.0f32; TILE];
    for row in plane.as_chunks::<TILE>().0 {
        for x in 0..TILE {
            lanes[x] += row[x];
        }
    }
    lanes.iter().sum()
}

/// Sum of the products of two planes.
#[inline(always)]
pub(crate) fn dot(a: &Plane, b: &Plane) -> f32 {
    let mut lanes = [0.0f32; TILE];
    for (a, b) in a.as_chunks::<TILE>().0.iter().zip(b.as_chunks::<TILE>().0) {
        for x in 0..TILE {
            lanes[x] += a[x] * b[x];
        }
    }
    lanes.iter().sum()
}

/// As [`dot`], but what has no weight may be anything, infinite too.
#[inline(always)]
fn dot_used(weights: &Plane, values: &Plane) -> f32 {
    let mut used = *values;
    for p in 0..AREA {
        used[p] = if weights[p] == 0.0 { 0.0 } else { used[p] };
    }
    dot(weights, &used)
}
