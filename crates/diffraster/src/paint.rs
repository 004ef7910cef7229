//! Paints at pixel centres, and the gradient of their parameters.

use crate::coverage::Plane;
use crate::scene::{LinearGradient, Paint, RadialGradient, Spread, Stop, Transform, View};
use crate::tiling::TILE;

/// How far from the centre the focus may be, in radii: on the circle itself a
/// radial gradient is not defined everywhere.
const FOCUS_LIMIT: f32 = 0.99;

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
        let away = [g.focus[0] - g.center[0], g.focus[1] - g.center[1]];
        let distance = away[0].hypot(away[1]);
        let limit = FOCUS_LIMIT * g.radius;
        let focus = if distance > limit {
            let k = limit / distance;
            [g.center[0] + k * away[0], g.center[1] + k * away[1]]
        } else {
            g.focus
        };
        let kind = Kind::Radial {
            center: g.center,
            radius: g.radius.max(0.0),
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

    fn place(&self, x: f32, y: f32) -> [f32; 2] {
        let [a, b, c, d, e, f] = self.to_gradient;
        [a * x + c * y + e, b * x + d * y + f]
    }

    /// Position along the gradient before spreading; `None`: past the end.
    fn position(&self, q: [f32; 2]) -> Option<f32> {
        match self.kind {
            Kind::Flat(_) => None,
            Kind::Linear { start, end } => {
                let d = [end[0] - start[0], end[1] - start[1]];
                let length = d[0] * d[0] + d[1] * d[1];
                Some(((q[0] - start[0]) * d[0] + (q[1] - start[1]) * d[1]) / length)
            }
            Kind::Radial {
                center,
                radius,
                focus,
                ..
            } => {
                let ray = Ray::new(q, center, radius, focus);
                (radius > 0.0).then(|| ray.position())
            }
        }
    }

    /// Fills the tile at pixel (`left`, `top`) with straight RGBA.
    pub(crate) fn shade(&self, stops: &[Stop], left: f32, top: f32, out: &mut [Plane; 4]) {
        let stops = self.stops(stops);
        for p in 0..TILE * TILE {
            let x = left + (p % TILE) as f32 + 0.5;
            let y = top + (p / TILE) as f32 + 0.5;
            let t = self
                .position(self.place(x, y))
                .map_or(1.0, |t| spread(t, self.spread).0);
            let (i, v) = locate(stops, t);
            let next = stops[(i + 1).min(stops.len() - 1)].color;
            for k in 0..4 {
                let from = stops[i].color[k];
                out[k][p] = from + v * (next[k] - from);
            }
        }
    }

    /// Adds to `sums` (geometry, then stops) what the gradient `d` of one
    /// pixel's straight RGBA says about the parameters.
    pub(crate) fn pull(&self, stops: &[Stop], x: f32, y: f32, d: [f32; 4], sums: &mut [f32]) {
        let stops = self.stops(stops);
        let (geometry, stop_sums) = sums.split_at_mut(self.geometry_count());
        let q = self.place(x, y);
        let position = self.position(q);
        let (t, slope) = position.map_or((1.0, 0.0), |t| spread(t, self.spread));
        let (i, v) = locate(stops, t);
        let next = (i + 1).min(stops.len() - 1);
        for k in 0..4 {
            stop_sums[5 * i + 1 + k] += (1.0 - v) * d[k];
            stop_sums[5 * next + 1 + k] += v * d[k];
        }
        let gap = stops[next].offset - stops[i].offset;
        if gap <= 0.0 || v <= 0.0 || v >= 1.0 {
            return;
        }
        let along: f32 = (0..4)
            .map(|k| d[k] * (stops[next].color[k] - stops[i].color[k]))
            .sum::<f32>()
            / gap;
        stop_sums[5 * i] -= along * (1.0 - v);
        stop_sums[5 * next] -= along * v;
        if let Some(raw) = position {
            self.pull_geometry(q, raw, along * slope, geometry);
        }
    }

    /// Adds the share of the geometry, given dL/dt at place `q`.
    fn pull_geometry(&self, q: [f32; 2], t: f32, dt: f32, sums: &mut [f32]) {
        match self.kind {
            Kind::Flat(_) => {}
            Kind::Linear { start, end } => {
                let d = [end[0] - start[0], end[1] - start[1]];
                let k = dt / (d[0] * d[0] + d[1] * d[1]);
                for a in 0..2 {
                    let from = q[a] - start[a];
                    sums[a] += k * (2.0 * t * d[a] - d[a] - from);
                    sums[2 + a] += k * (from - 2.0 * t * d[a]);
                }
            }
            Kind::Radial {
                center,
                radius,
                given_focus,
                focus,
            } => {
                let ray = Ray::new(q, center, radius, focus);
                let root = ray.root();
                if root <= 0.0 {
                    return;
                }
                let k = -dt / (2.0 * root);
                let mut radius_sum = k * 2.0 * radius * t * t;
                let mut focus_sum = [0.0f32; 2];
                for a in 0..2 {
                    let (p, e) = (ray.p[a], ray.e[a]);
                    sums[a] += k * (2.0 * p * t - 2.0 * e * t * t);
                    focus_sum[a] = k * (2.0 * e * t * t - 2.0 * t * (p + e) + 2.0 * p);
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

/// The quadratic `a t² + 2 b t = p²` that a point on circle `t` solves.
struct Ray {
    p: [f32; 2],
    e: [f32; 2],
    a: f32,
    b: f32,
}

impl Ray {
    fn new(q: [f32; 2], center: [f32; 2], radius: f32, focus: [f32; 2]) -> Self {
        let p = [q[0] - focus[0], q[1] - focus[1]];
        let e = [center[0] - focus[0], center[1] - focus[1]];
        Self {
            p,
            e,
            a: radius * radius - e[0] * e[0] - e[1] * e[1],
            b: p[0] * e[0] + p[1] * e[1],
        }
    }

    fn root(&self) -> f32 {
        let square = self.p[0] * self.p[0] + self.p[1] * self.p[1];
        (self.b * self.b + self.a * square).max(0.0).sqrt()
    }

    fn position(&self) -> f32 {
        (self.root() - self.b) / self.a
    }
}

/// Brings a position into 0..=1, with the derivative of doing so.
fn spread(t: f32, how: Spread) -> (f32, f32) {
    match how {
        Spread::Pad => {
            if t <= 0.0 {
                (0.0, 0.0)
            } else if t >= 1.0 {
                (1.0, 0.0)
            } else {
                (t, 1.0)
            }
        }
        Spread::Repeat => (t - t.floor(), 1.0),
        Spread::Reflect => {
            let within = t - 2.0 * (t * 0.5).floor();
            if within <= 1.0 {
                (within, 1.0)
            } else {
                (2.0 - within, -1.0)
            }
        }
    }
}

/// The stop at or before `t`, and how far on the way to the next one.
fn locate(stops: &[Stop], t: f32) -> (usize, f32) {
    let after = stops.iter().take_while(|s| s.offset <= t).count();
    if after == 0 {
        return (0, 0.0);
    }
    let i = after - 1;
    match stops.get(after) {
        Some(next) => {
            let from = stops[i].offset;
            (i, ((t - from) / (next.offset - from)).clamp(0.0, 1.0))
        }
        None => (i, 0.0),
    }
}
