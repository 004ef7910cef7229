//! Paints at pixel centres.

mod backward;

pub(crate) use backward::{dot, sum};

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
    #[inline(always)]
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
    #[inline(always)]
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
    #[inline(always)]
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

    #[inline(always)]
    fn b(&self, p: [f32; 2]) -> f32 {
        p[0] * self.e[0] + p[1] * self.e[1]
    }

    #[inline(always)]
    fn root(&self, p: [f32; 2]) -> f32 {
        let (b, square) = (self.b(p), p[0] * p[0] + p[1] * p[1]);
        (b * b + self.a * square).max(0.0).sqrt()
    }

    #[inline(always)]
    fn position(&self, p: [f32; 2]) -> f32 {
        (self.root(p) - self.b(p)) / self.a
    }
}

/// Brings positions into 0..=1.
#[allow(
    clippy::manual_clamp,
    reason = "a position that is no number counts as 0, which `clamp` would keep"
)]
#[inline(always)]
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

/// How far each position is on the way from one offset to a later one, in 0..=1.
#[allow(
    clippy::manual_clamp,
    reason = "a position that is no number counts as 0, which `clamp` would keep"
)]
#[inline(always)]
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
