//! Paints at pixel centres, and the gradient of their parameters.

use crate::coverage::{AREA, Plane};
use crate::scene::{LinearGradient, Paint, RadialGradient, Spread, Stop, Transform, View};
use crate::tiling::TILE;

/// How far from the centre the focus may be, in radii: on the circle itself a
/// radial gradient is not defined everywhere.
const FOCUS_LIMIT: f32 = 0.99;

/// Larger radii are drawn as this one: their products with distances leave the
/// range of floats, and what can be seen of the gradient is its first colour.
const LARGEST_RADIUS: f32 = 1e14;

/// A paint made ready for pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Prepared {
    Solid([f32; 3]),
    Gradient(Gradient),
}

/// A gradient made ready for pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gradient {
    kind: Kind,
    /// Pixels to gradient space.
    to_gradient: [f32; 6],
    spread: Spread,
    first_stop: u32,
    stop_count: u32,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Not invertible: the last stop's colour; keeps its number of parameters.
    Flat(usize),
    Linear {
        start: [f32; 2],
        end: [f32; 2],
    },
    Radial {
        center: [f32; 2],
        radius: f32,
        /// As given, and as moved inside the circle.
        given_focus: [f32; 2],
        focus: [f32; 2],
    },
}

impl Kind {
    fn geometry_count(self) -> usize {
        match self {
            Self::Linear { .. } => 4,
            Self::Radial { .. } => 5,
            Self::Flat(count) => count,
        }
    }
}

impl Prepared {
    /// Number of parameters of the paint, without its opacity.
    pub(crate) fn slot_count(&self) -> usize {
        match self {
            Self::Solid(_) => 3,
            Self::Gradient(g) => g.geometry_count() + 5 * g.stop_count as usize,
        }
    }

    /// Prepares `paint`, appending its stops to `stops`.
    pub(crate) fn new(paint: &Paint, view: View, stops: &mut Vec<Stop>) -> Self {
        match paint {
            Paint::Solid(color) => Self::Solid(*color),
            Paint::Linear(g) => Self::Gradient(Gradient::linear(g, view, stops)),
            Paint::Radial(g) => Self::Gradient(Gradient::radial(g, view, stops)),
        }
    }
}

impl Gradient {
    fn new(
        kind: Kind,
        transform: Transform,
        spread: Spread,
        own: &[Stop],
        view: View,
        stops: &mut Vec<Stop>,
    ) -> Self {
        let first_stop = stops.len() as u32;
        let mut floor = 0.0f32;
        stops.extend(own.iter().map(|s| {
            floor = s.offset.clamp(floor, 1.0);
            Stop {
                offset: floor,
                color: s.color,
            }
        }));
        let (kind, matrix) = match transform.inverse() {
            Some([a, b, c, d, e, f]) => {
                let k = 1.0 / f64::from(view.scale);
                let [x, y] = view.offset.map(|v| -f64::from(v) * k);
                let m = [
                    a * k,
                    b * k,
                    c * k,
                    d * k,
                    a * x + c * y + e,
                    b * x + d * y + f,
                ];
                (kind, m.map(|v| v as f32))
            }
            None => (Kind::Flat(kind.geometry_count()), [0.0; 6]),
        };
        Self {
            kind,
            to_gradient: matrix,
            spread,
            first_stop,
            stop_count: own.len() as u32,
        }
    }

    fn linear(g: &LinearGradient, view: View, stops: &mut Vec<Stop>) -> Self {
        let kind = Kind::Linear {
            start: g.start,
            end: g.end,
        };
        let mut made = Self::new(kind, g.transform, g.spread, &g.stops, view, stops);
        let length = (g.end[0] - g.start[0]).hypot(g.end[1] - g.start[1]);
        if !(length * length).is_normal() {
            made.kind = Kind::Flat(made.geometry_count());
        }
        made
    }

    fn radial(g: &RadialGradient, view: View, stops: &mut Vec<Stop>) -> Self {
        let radius = match g.radius.clamp(0.0, LARGEST_RADIUS) {
            radius if (radius * radius).is_normal() => radius,
            _ => 0.0,
        };
        let away = [g.focus[0] - g.center[0], g.focus[1] - g.center[1]];
        let distance = away[0].hypot(away[1]);
        let limit = FOCUS_LIMIT * radius;
        let focus = if distance > limit {
            let k = limit / distance;
            [g.center[0] + k * away[0], g.center[1] + k * away[1]]
        } else {
            g.focus
        };
        let kind = Kind::Radial {
            center: g.center,
            radius,
            given_focus: g.focus,
            focus,
        };
        Self::new(kind, g.transform, g.spread, &g.stops, view, stops)
    }

    fn geometry_count(&self) -> usize {
        self.kind.geometry_count()
    }

    fn stops<'a>(&self, stops: &'a [Stop]) -> &'a [Stop] {
        &stops[self.first_stop as usize..][..self.stop_count as usize]
    }

    /// Places in gradient space of the pixels of the tile at pixel (`left`, `top`).
    fn places(&self, left: f32, top: f32) -> [Plane; 2] {
        let [a, b, c, d, e, f] = self.to_gradient;
        let mut places = [[0.0; AREA]; 2];
        for y in 0..TILE {
            let row = top + y as f32 + 0.5;
            for x in 0..TILE {
                let column = left + x as f32 + 0.5;
                places[0][y * TILE + x] = a * column + c * row + e;
                places[1][y * TILE + x] = b * column + d * row + f;
            }
        }
        places
    }

    /// Positions along the gradient before spreading; past its end everywhere when it has none.
    fn positions(&self, [xs, ys]: &[Plane; 2]) -> Plane {
        let mut positions = [1.0; AREA];
        match self.kind {
            Kind::Linear { start, end } => {
                let d = [end[0] - start[0], end[1] - start[1]];
                let length = d[0] * d[0] + d[1] * d[1];
                for p in 0..AREA {
                    let along = (xs[p] - start[0]) * d[0] + (ys[p] - start[1]) * d[1];
                    positions[p] = along / length;
                }
            }
            Kind::Radial {
                center,
                radius,
                focus,
                ..
            } if radius > 0.0 => {
                let rays = Rays::new(center, radius, focus);
                for p in 0..AREA {
                    positions[p] = rays.position([xs[p] - focus[0], ys[p] - focus[1]]);
                }
            }
            Kind::Flat(_) | Kind::Radial { .. } => {}
        }
        positions
    }

    /// Whether places matter: a gradient without extent shows its last stop everywhere.
    fn has_extent(&self) -> bool {
        match self.kind {
            Kind::Flat(_) => false,
            Kind::Linear { .. } => true,
            Kind::Radial { radius, .. } => radius > 0.0,
        }
    }

    /// Fills the tile at pixel (`left`, `top`) with straight RGBA.
    pub(crate) fn shade(&self, stops: &[Stop], left: f32, top: f32, out: &mut [Plane; 4]) {
        let stops = self.stops(stops);
        let mut positions = self.positions(&self.places(left, top));
        spread(&mut positions, self.spread);
        for (plane, first) in out.iter_mut().zip(stops[0].color) {
            plane.fill(first);
        }
        for pair in stops.windows(2) {
            let shares = shares(&positions, pair[0].offset, pair[1].offset);
            for k in 0..4 {
                let change = pair[1].color[k] - pair[0].color[k];
                if change != 0.0 {
                    for p in 0..AREA {
                        out[k][p] += shares[p] * change;
                    }
                }
            }
        }
    }

    /// Adds to `sums` (geometry, then stops) what the gradient `d` of a tile's
    /// straight RGBA says about the parameters.
    pub(crate) fn pull(
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
            self.pull_geometry(&places, &raw, &slopes, geometry);
            // Sizes at the ends of floats: what overflows on the way says nothing.
            for sum in geometry.iter_mut().filter(|sum| !sum.is_finite()) {
                *sum = 0.0;
            }
        }
    }

    /// Adds the share of the geometry, given dL/dt at each place.
    fn pull_geometry(&self, [xs, ys]: &[Plane; 2], raw: &Plane, dt: &Plane, sums: &mut [f32]) {
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

/// The quadratic `a t² + 2 b t = p²` that a point `p` from the focus on circle `t` solves.
struct Rays {
    e: [f32; 2],
    a: f32,
}

impl Rays {
    fn new(center: [f32; 2], radius: f32, focus: [f32; 2]) -> Self {
        let e = [center[0] - focus[0], center[1] - focus[1]];
        Self {
            e,
            a: radius * radius - e[0] * e[0] - e[1] * e[1],
        }
    }

    fn b(&self, p: [f32; 2]) -> f32 {
        p[0] * self.e[0] + p[1] * self.e[1]
    }

    fn root(&self, p: [f32; 2]) -> f32 {
        let (b, square) = (self.b(p), p[0] * p[0] + p[1] * p[1]);
        (b * b + self.a * square).max(0.0).sqrt()
    }

    fn position(&self, p: [f32; 2]) -> f32 {
        (self.root(p) - self.b(p)) / self.a
    }
}

/// Brings positions into 0..=1.
#[allow(
    clippy::manual_clamp,
    reason = "a position that is no number counts as 0, which `clamp` would keep"
)]
fn spread(positions: &mut Plane, how: Spread) {
    for t in positions.iter_mut() {
        *t = match how {
            Spread::Pad => t.max(0.0).min(1.0),
            Spread::Repeat => *t - t.floor(),
            Spread::Reflect => {
                let within = *t - 2.0 * (*t * 0.5).floor();
                within.min(2.0 - within)
            }
        };
    }
}

/// Multiplies the slopes by the derivative of [`spread`].
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

/// How far each position is on the way from one offset to a later one, in 0..=1.
#[allow(
    clippy::manual_clamp,
    reason = "a position that is no number counts as 0, which `clamp` would keep"
)]
fn shares(positions: &Plane, from: f32, to: f32) -> Plane {
    let mut shares = [0.0; AREA];
    let gap = to - from;
    if gap > 0.0 {
        for p in 0..AREA {
            shares[p] = ((positions[p] - from) / gap).max(0.0).min(1.0);
        }
    } else {
        for p in 0..AREA {
            shares[p] = if positions[p] >= to { 1.0 } else { 0.0 };
        }
    }
    shares
}

/// Sum of a plane, column by column first, so that the columns are summed side by side.
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
fn dot_used(weights: &Plane, values: &Plane) -> f32 {
    let mut used = *values;
    for p in 0..AREA {
        used[p] = if weights[p] == 0.0 { 0.0 } else { used[p] };
    }
    dot(weights, &used)
}
