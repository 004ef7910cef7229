//! Strokes as outlines to be filled, and the gradient's way back.
//!
//! The centre line is flattened, curves with their exact normals, and each
//! vertex of the stroke's outline is
//!
//! > centre + radius × factor × (cos θ, sin θ)
//!
//! with θ between the normals of two directions: that covers offset points,
//! round joins and caps, miters and square caps alike. The adjoint is one rule
//! for all of them: the vertex's gradient moves the centre, its component along
//! (cos θ, sin θ) the radius, and the one across turns θ and with it the
//! directions' tangents. Centres and tangents are linear in the control points.
//!
//! A closed subpath gives two contours, an open one a single contour around it.
//! On the inner side of a corner the outline runs through the corner's centre,
//! so that the non-zero rule fills the corner whatever the segments' lengths.

use std::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI, SQRT_2, TAU};

use crate::error::SceneError;
use crate::flatten::{
    MAX_LINES, Polygons, cubic_segments, cubic_weights, quad_segments, quad_weights,
};
use crate::scene::{Cap, Join, Outline, Stroke, Verb, View};

/// Directions shorter than this, in pixels, have none.
const SHORT: f32 = 1e-6;

/// Largest angle between the vertices of a round cap or join.
const MAX_STEP: f32 = FRAC_PI_4;

/// How often a part of a curve that turns sharply is halved.
const CUSP_DEPTH: u32 = 6;

/// Stands for "no direction": θ is then `turn` alone.
const NONE: u32 = u32::MAX;

/// A fixed linear combination of up to four consecutive control points.
#[derive(Debug, Clone, Copy)]
struct Blend {
    first: u32,
    count: u32,
    weights: [f32; 4],
}

impl Blend {
    fn point(index: usize) -> Self {
        Self {
            first: index as u32,
            count: 1,
            weights: [1.0, 0.0, 0.0, 0.0],
        }
    }

    fn new<const N: usize>(first: usize, weights: [f32; N]) -> Self {
        let mut padded = [0.0; 4];
        padded[..N].copy_from_slice(&weights);
        Self {
            first: first as u32,
            count: N as u32,
            weights: padded,
        }
    }

    fn scatter(&self, gradient: [f32; 2], scale: f32, points: &mut [f32]) {
        let [x, y] = gradient.map(|g| scale * g);
        let range = 2 * self.first as usize..2 * (self.first + self.count) as usize;
        // Nearly all are of curves: those go without a loop.
        match points[range].as_chunks_mut::<2>().0 {
            [a, b, c, d] => {
                let w = &self.weights;
                *a = [a[0] + w[0] * x, a[1] + w[0] * y];
                *b = [b[0] + w[1] * x, b[1] + w[1] * y];
                *c = [c[0] + w[2] * x, c[1] + w[2] * y];
                *d = [d[0] + w[3] * x, d[1] + w[3] * y];
            }
            points => {
                for (w, p) in self.weights.iter().zip(points) {
                    p[0] += w * x;
                    p[1] += w * y;
                }
            }
        }
    }
}

/// A place on the centre line.
#[derive(Debug, Clone, Copy)]
struct Center {
    blend: Blend,
    at: [f32; 2],
}

/// A direction along the centre line: from one point to another, or the
/// derivative of a curve.
#[derive(Debug, Clone, Copy)]
struct Tangent {
    blend: Blend,
    /// A point to be taken from `blend`, or `NONE`.
    minus: u32,
    unit: [f32; 2],
    length: f32,
}

impl Tangent {
    fn angle(&self) -> f32 {
        self.unit[1].atan2(self.unit[0])
    }
}

/// A vertex of the centre line.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// Where the segment before it ends, and the one after it starts: the same
    /// place, which may be two control points. As indices of centres.
    arrival: u32,
    departure: u32,
    /// Directions of the two segments, as indices.
    arrives: u32,
    departs: u32,
    /// Not a corner between segments but a curve's own: always round.
    is_cusp: bool,
}

/// A place on a curve.
#[derive(Debug, Clone, Copy)]
struct Sample {
    t: f32,
    tangent: u32,
    center: u32,
}

/// A curve as a polynomial, seen from where it starts.
#[derive(Debug, Clone, Copy, Default)]
struct PowerBasis {
    origin: [f32; 2],
    end: [f32; 2],
    linear: [f32; 2],
    square: [f32; 2],
    cube: [f32; 2],
    degree: f32,
}

impl PowerBasis {
    fn at(&self, t: f32) -> Place {
        let (linear, square, cube) = (self.linear, self.square, self.cube);
        let at = [0, 1].map(|k| self.origin[k] + t * (linear[k] + t * (square[k] + t * cube[k])));
        let pace = 1.0 / self.degree;
        Place {
            t,
            at: if t == 1.0 { self.end } else { at },
            velocity: [0, 1]
                .map(|k| pace * (linear[k] + t * (2.0 * square[k] + 3.0 * t * cube[k]))),
            bend: [0, 1].map(|k| 2.0 * square[k] + 6.0 * t * cube[k]),
        }
    }
}

/// Where a curve is at a time, and how it moves on.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    t: f32,
    at: [f32; 2],
    /// First derivative, divided by the degree.
    velocity: [f32; 2],
    /// Second derivative.
    bend: [f32; 2],
}

impl Place {
    /// Whether one segment from here to `to` stays within the pen's tolerance.
    ///
    /// The second derivative is linear, so across the chord it is largest at an
    /// end, and the curve is at most an eighth of that times the time squared away.
    /// The offset adds the sagitta of the angle by which the direction turns.
    fn reaches(&self, to: &Self, pen: Pen) -> bool {
        let chord = [to.at[0] - self.at[0], to.at[1] - self.at[1]];
        let length = norm(chord);
        let time = to.t - self.t;
        let across = cross(chord, self.bend)
            .abs()
            .max(cross(chord, to.bend).abs());
        let (a, b) = (self.velocity, to.velocity);
        let speeds = norm(a) * norm(b);
        let dot = a[0] * b[0] + a[1] * b[1];
        // All without divisions: a chord or a speed of zero reaches nowhere.
        let away = 0.125 * time * time * across * speeds;
        let turned = 0.25 * pen.radius * (speeds - dot) * length;
        away + turned < pen.tolerance * length * speeds && dot > pen.sharp * speeds
    }
}

fn cross(a: [f32; 2], b: [f32; 2]) -> f32 {
    a[0] * b[1] - a[1] * b[0]
}

fn norm(v: [f32; 2]) -> f32 {
    (v[0] * v[0] + v[1] * v[1]).sqrt()
}

/// How an outline vertex came about; one for each vertex of a stroke.
#[derive(Debug, Clone, Copy)]
struct Origin {
    center: u32,
    /// θ is the angle of `from`, plus `part` of the way to that of `to`, plus a
    /// fixed turn.
    from: u32,
    to: u32,
    part: f32,
    /// factor × (cos θ, sin θ); zero for the centre itself.
    arm: [f32; 2],
    /// The factor is 1 / cos of half the angle between the directions, not fixed.
    is_miter: bool,
}

/// A stroke's numbers in pixels.
#[derive(Debug, Clone, Copy)]
struct Pen {
    radius: f32,
    tolerance: f32,
    /// Angle between the vertices of arcs.
    step: f32,
    /// Cosine of the angle that is too much for one segment of a curve.
    sharp: f32,
    cap: Cap,
    join: Join,
    miter_limit: f32,
}

/// A stroke's part of a [`Stroker`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StrokeRange {
    first_origin: u32,
    first_center: u32,
    centers: u32,
    first_tangent: u32,
    tangents: u32,
    radius: f32,
}

/// Makes outlines of strokes, and remembers how.
#[derive(Debug, Default)]
pub(crate) struct Stroker {
    origins: Vec<Origin>,
    centers: Vec<Center>,
    tangents: Vec<Tangent>,
    nodes: Vec<Node>,
    points: Vec<[f32; 2]>,
    angles: Vec<f32>,
    forces: Vec<[f32; 2]>,
}

/// The angle between −π and π that `angle` is equal to.
fn wrapped(angle: f32) -> f32 {
    angle - TAU * (angle / TAU).round()
}

impl Stroker {
    pub(crate) fn clear(&mut self) {
        self.origins.clear();
        self.centers.clear();
        self.tangents.clear();
    }

    /// Appends the outline of `stroke` along `outline` to `out`.
    pub(crate) fn push(
        &mut self,
        outline: &Outline,
        stroke: &Stroke,
        view: View,
        tolerance: f32,
        out: &mut Polygons,
    ) -> Result<StrokeRange, SceneError> {
        let radius = 0.5 * stroke.width * view.scale;
        let mut range = StrokeRange {
            first_origin: self.origins.len() as u32,
            first_center: self.centers.len() as u32,
            centers: 0,
            first_tangent: self.tangents.len() as u32,
            tangents: 0,
            radius,
        };
        let View { scale, offset } = view;
        self.points.clear();
        let place = |p: &[f32; 2]| [p[0] * scale + offset[0], p[1] * scale + offset[1]];
        self.points.extend(outline.points.iter().map(place));
        let arc = 2.0 * (1.0 - tolerance / radius).clamp(-1.0, 1.0).acos();
        let step = arc.clamp(1e-3, MAX_STEP);
        let pen = Pen {
            radius,
            tolerance,
            step,
            sharp: (1.5 * step).min(1.0).cos(),
            cap: stroke.cap,
            join: stroke.join,
            miter_limit: stroke.miter_limit.max(1.0),
        };
        self.nodes.clear();
        let (mut next, mut start, mut has_segments) = (0usize, 0usize, false);
        for verb in &outline.verbs {
            match verb {
                Verb::Move => {
                    self.finish(false, has_segments.then_some(start), pen, out);
                    start = next;
                }
                Verb::Close => {
                    self.push_line(next - 1, start);
                    self.finish(true, has_segments.then_some(start), pen, out);
                }
                Verb::Line => self.push_line(next - 1, next),
                Verb::Quad => self.push_curve::<2>(next - 1, pen),
                Verb::Cubic => self.push_curve::<3>(next - 1, pen),
            }
            has_segments = !matches!(verb, Verb::Move | Verb::Close);
            next += verb.point_count();
            if out.vertices.len() + self.nodes.len() > MAX_LINES {
                return Err(SceneError::TooComplex { limit: MAX_LINES });
            }
        }
        self.finish(false, has_segments.then_some(start), pen, out);
        range.centers = self.centers.len() as u32 - range.first_center;
        range.tangents = self.tangents.len() as u32 - range.first_tangent;
        Ok(range)
    }

    fn push_center(&mut self, blend: Blend, at: [f32; 2]) -> u32 {
        self.centers.push(Center { blend, at });
        self.centers.len() as u32 - 1
    }

    fn push_point(&mut self, index: usize) -> u32 {
        self.push_center(Blend::point(index), self.points[index])
    }

    fn push_tangent(&mut self, vector: [f32; 2], blend: Blend, minus: u32) -> Option<u32> {
        // Coordinates are far from where squares of floats end.
        let length = norm(vector);
        if length <= SHORT {
            return None;
        }
        self.tangents.push(Tangent {
            blend,
            minus,
            unit: vector.map(|v| v / length),
            length,
        });
        Some(self.tangents.len() as u32 - 1)
    }

    /// The direction from one point to another.
    fn push_direction(&mut self, from: usize, to: usize) -> Option<u32> {
        let (a, b) = (self.points[from], self.points[to]);
        self.push_tangent([b[0] - a[0], b[1] - a[1]], Blend::point(to), from as u32)
    }

    /// Adds a segment of the centre line.
    fn push_segment(&mut self, from: u32, departs: u32, to: u32, arrives: u32) {
        match self.nodes.last_mut() {
            Some(last) => {
                last.departs = departs;
                last.departure = from;
            }
            None => self.nodes.push(Node {
                arrival: from,
                departure: from,
                arrives: NONE,
                departs,
                is_cusp: false,
            }),
        }
        self.nodes.push(Node {
            arrival: to,
            departure: to,
            arrives,
            departs: NONE,
            is_cusp: false,
        });
    }

    fn push_line(&mut self, a: usize, b: usize) {
        if let Some(tangent) = self.push_direction(a, b) {
            let (from, to) = (self.push_point(a), self.push_point(b));
            self.push_segment(from, tangent, to, tangent);
        }
    }

    /// Adds a curve of degree `N` whose control points start at `first`: as few
    /// of its equal steps as keep both the centre line and its offset within the
    /// tolerance.
    fn push_curve<const N: usize>(&mut self, first: usize, pen: Pen) {
        let count = self.curve_segments::<N>(first, pen);
        let curve = self.power_basis::<N>(first);
        let mut start = curve.at(0.0);
        let Some(mut last) = self.sample_curve::<N>(first, &start) else {
            return;
        };
        let mut held = start;
        for i in 1..=count {
            let place = curve.at(i as f32 / count as f32);
            if i > 1 && !start.reaches(&place, pen) {
                last = self.push_span_to::<N>(first, last, &held, pen);
                start = held;
            }
            held = place;
        }
        self.push_span_to::<N>(first, last, &held, pen);
    }

    /// Adds the part of a curve from sample `from` to `place`; returns the sample there.
    fn push_span_to<const N: usize>(
        &mut self,
        first: usize,
        from: Sample,
        place: &Place,
        pen: Pen,
    ) -> Sample {
        let Some(to) = self.sample_curve::<N>(first, place) else {
            return from;
        };
        self.push_span::<N>(first, from, to, pen, CUSP_DEPTH);
        to
    }

    fn power_basis<const N: usize>(&self, first: usize) -> PowerBasis {
        match self.points[first..=first + N] {
            [a, b, c] => PowerBasis {
                origin: a,
                end: c,
                linear: [0, 1].map(|k| 2.0 * (b[k] - a[k])),
                square: [0, 1].map(|k| a[k] - 2.0 * b[k] + c[k]),
                cube: [0.0; 2],
                degree: 2.0,
            },
            [a, b, c, d] => PowerBasis {
                origin: a,
                end: d,
                linear: [0, 1].map(|k| 3.0 * (b[k] - a[k])),
                square: [0, 1].map(|k| 3.0 * (a[k] - 2.0 * b[k] + c[k])),
                cube: [0, 1].map(|k| (d[k] - a[k]) - 3.0 * (c[k] - b[k])),
                degree: 3.0,
            },
            _ => PowerBasis::default(),
        }
    }

    fn sample_curve<const N: usize>(&mut self, first: usize, place: &Place) -> Option<Sample> {
        let t = place.t;
        let tangent = self.push_curve_tangent::<N>(first, place)?;
        let blend = if t == 0.0 {
            Blend::point(first)
        } else if t == 1.0 {
            Blend::point(first + N)
        } else if N == 2 {
            Blend::new(first, quad_weights(t))
        } else {
            Blend::new(first, cubic_weights(t))
        };
        let center = self.push_center(blend, place.at);
        Some(Sample { t, tangent, center })
    }

    /// Adds the part of a curve between two samples. Where it turns sharply, it
    /// is halved a few times; what remains is a cusp, which a pen rounds.
    fn push_span<const N: usize>(
        &mut self,
        first: usize,
        from: Sample,
        to: Sample,
        pen: Pen,
        depth: u32,
    ) {
        let [a, b] = [from, to].map(|s| self.tangents[s.tangent as usize].unit);
        let is_sharp = a[0] * b[0] + a[1] * b[1] < pen.sharp;
        if !is_sharp {
            self.push_segment(from.center, from.tangent, to.center, to.tangent);
            return;
        }
        let middle = self.power_basis::<N>(first).at(0.5 * (from.t + to.t));
        if depth > 0
            && let Some(middle) = self.sample_curve::<N>(first, &middle)
        {
            self.push_span::<N>(first, from, middle, pen, depth - 1);
            self.push_span::<N>(first, middle, to, pen, depth - 1);
            return;
        }
        self.push_segment(from.center, from.tangent, to.center, from.tangent);
        if let Some(last) = self.nodes.last_mut() {
            last.departs = to.tangent;
            last.is_cusp = true;
        }
    }

    /// The direction at `t`; where the derivative vanishes at an end, the
    /// direction to the next control point that differs.
    fn push_curve_tangent<const N: usize>(&mut self, first: usize, place: &Place) -> Option<u32> {
        let t = place.t;
        let blend = if N == 2 {
            let s = 1.0 - t;
            Blend::new(first, [-s, s - t, t])
        } else {
            let [a, b, c] = quad_weights(t);
            Blend::new(first, [-a, a - b, b - c, c])
        };
        let derivative = self.push_tangent(place.velocity, blend, NONE);
        if derivative.is_some() {
            return derivative;
        }
        (1..=N).find_map(|k| {
            let (a, b) = if t < 0.5 {
                (first, first + k)
            } else {
                (first + N - k, first + N)
            };
            self.push_direction(a, b)
        })
    }

    /// Enough segments for the centre line and for its offset, which turns with
    /// it at the distance of the radius.
    fn curve_segments<const N: usize>(&self, first: usize, pen: Pen) -> u32 {
        let p = &self.points[first..=first + N];
        let flat = match *p {
            [a, b, c] => quad_segments([a, b, c], pen.tolerance),
            [a, b, c, d] => cubic_segments([a, b, c, d], pen.tolerance),
            _ => 1,
        };
        // The control polygon turns at least as far as the curve. Where that turns
        // faster than on the mean, `push_span` looks after it.
        let mut turn = 0.0f32;
        let mut last: Option<f32> = None;
        for pair in p.windows(2) {
            let (dx, dy) = (pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
            if dx.hypot(dy) > SHORT {
                let angle = dy.atan2(dx);
                turn += last.map_or(0.0, |l| wrapped(angle - l).abs());
                last = Some(angle);
            }
        }
        let round = (turn / pen.step).ceil() as u32;
        flat.max(round).clamp(1, 2048)
    }

    /// Makes the outline of the collected nodes, or of a subpath without length
    /// that starts at `dot`.
    fn finish(&mut self, closed: bool, dot: Option<usize>, pen: Pen, out: &mut Polygons) {
        let before = out.vertices.len();
        let nodes = std::mem::take(&mut self.nodes);
        match nodes.as_slice() {
            [] => {
                if let Some(start) = dot {
                    let center = self.push_point(start);
                    self.push_dot(center, pen, out);
                }
            }
            [first, middle @ .., last] if closed => {
                let corner = Node {
                    arrival: last.arrival,
                    arrives: last.arrives,
                    ..*first
                };
                self.push_corner(&corner, 1.0, pen, out);
                for node in middle {
                    self.push_corner(node, 1.0, pen, out);
                }
                out.contour_ends.push(out.vertices.len() as u32);
                for node in middle.iter().rev() {
                    self.push_corner(node, -1.0, pen, out);
                }
                self.push_corner(&corner, -1.0, pen, out);
            }
            [first, middle @ .., last] => {
                self.push_cap(first.departure, first.departs, PI, pen, out);
                for node in middle {
                    self.push_corner(node, 1.0, pen, out);
                }
                self.push_cap(last.arrival, last.arrives, 0.0, pen, out);
                for node in middle.iter().rev() {
                    self.push_corner(node, -1.0, pen, out);
                }
            }
            [_] => {}
        }
        if out.vertices.len() > before {
            out.contour_ends.push(out.vertices.len() as u32);
        }
        self.nodes = nodes;
        self.nodes.clear();
    }

    fn push_vertex(&mut self, origin: Origin, pen: Pen, out: &mut Polygons) {
        let c = self.centers[origin.center as usize].at;
        out.vertices.push([
            c[0] + pen.radius * origin.arm[0],
            c[1] + pen.radius * origin.arm[1],
        ]);
        self.origins.push(origin);
    }

    /// Adds a vertex at angle θ = that of `from` + `turn`.
    fn push_turned(
        &mut self,
        center: u32,
        from: u32,
        turn: f32,
        factor: f32,
        pen: Pen,
        out: &mut Polygons,
    ) {
        let [x, y] = match self.tangents.get(from as usize) {
            Some(tangent) => tangent.unit,
            None => [1.0, 0.0],
        };
        let (sin, cos) = turn.sin_cos();
        let origin = Origin {
            center,
            from,
            to: from,
            part: 0.0,
            arm: [factor * (x * cos - y * sin), factor * (x * sin + y * cos)],
            is_miter: false,
        };
        self.push_vertex(origin, pen, out);
    }

    /// Adds the vertex beside a centre, on the side `side` (+1 or −1).
    fn push_side(&mut self, center: u32, from: u32, side: f32, pen: Pen, out: &mut Polygons) {
        let [x, y] = self.tangents[from as usize].unit;
        let origin = Origin {
            center,
            from,
            to: from,
            part: 0.0,
            arm: [-side * y, side * x],
            is_miter: false,
        };
        self.push_vertex(origin, pen, out);
    }

    /// Adds one side of a corner: forwards along the centre line for side +1,
    /// backwards for side −1.
    fn push_corner(&mut self, node: &Node, side: f32, pen: Pen, out: &mut Polygons) {
        let (before, after) = if side > 0.0 {
            ((node.arrival, node.arrives), (node.departure, node.departs))
        } else {
            ((node.departure, node.departs), (node.arrival, node.arrives))
        };
        self.push_side(before.0, before.1, side, pen, out);
        if before.1 == after.1 {
            return;
        }
        let into = self.tangents[node.arrives as usize].unit;
        let from = self.tangents[node.departs as usize].unit;
        let cross = into[0] * from[1] - into[1] * from[0];
        let dot = into[0] * from[0] + into[1] * from[1];
        let is_inner = cross * side > 0.0;
        if is_inner {
            let origin = Origin {
                center: node.departure,
                from: NONE,
                to: NONE,
                part: 0.0,
                arm: [0.0; 2],
                is_miter: false,
            };
            self.push_vertex(origin, pen, out);
        } else {
            self.push_join(node, side, cross, dot, pen, out);
        }
        self.push_side(after.0, after.1, side, pen, out);
    }

    /// Adds what lies between the two offset points on a corner's outer side.
    fn push_join(
        &mut self,
        node: &Node,
        side: f32,
        cross: f32,
        dot: f32,
        pen: Pen,
        out: &mut Polygons,
    ) {
        let half_cosine = (0.5 * (1.0 + dot)).max(0.0).sqrt();
        let join = if node.is_cusp { Join::Round } else { pen.join };
        match join {
            Join::Bevel => {}
            Join::Miter => {
                // The limit holds for miter length / width = 1 / cos of half the turn.
                if half_cosine * pen.miter_limit >= 1.0 {
                    let angle = self.tangents[node.arrives as usize].angle()
                        + 0.5 * cross.atan2(dot)
                        + side * FRAC_PI_2;
                    let factor = 1.0 / half_cosine;
                    let origin = Origin {
                        center: node.departure,
                        from: node.arrives,
                        to: node.departs,
                        part: 0.5,
                        arm: [factor * angle.cos(), factor * angle.sin()],
                        is_miter: true,
                    };
                    self.push_vertex(origin, pen, out);
                }
            }
            Join::Round => {
                let turn = cross.atan2(dot);
                let start = self.tangents[node.arrives as usize].angle() + side * FRAC_PI_2;
                let count = (turn.abs() / pen.step).ceil() as u32;
                for i in 1..count {
                    let along = i as f32 / count as f32;
                    let part = if side > 0.0 { along } else { 1.0 - along };
                    let angle = start + part * turn;
                    let origin = Origin {
                        center: node.departure,
                        from: node.arrives,
                        to: node.departs,
                        part,
                        arm: [angle.cos(), angle.sin()],
                        is_miter: false,
                    };
                    self.push_vertex(origin, pen, out);
                }
            }
        }
    }

    /// Adds a cap from the side +1 to the side −1, as seen along the direction
    /// turned by `base`.
    fn push_cap(&mut self, center: u32, tangent: u32, base: f32, pen: Pen, out: &mut Polygons) {
        self.push_turned(center, tangent, base + FRAC_PI_2, 1.0, pen, out);
        match pen.cap {
            Cap::Butt => {}
            Cap::Square => {
                for turn in [FRAC_PI_4, -FRAC_PI_4] {
                    self.push_turned(center, tangent, base + turn, SQRT_2, pen, out);
                }
            }
            Cap::Round => {
                let count = (PI / pen.step).ceil() as u32;
                for i in 1..count {
                    let turn = base + FRAC_PI_2 - PI * (i as f32 / count as f32);
                    self.push_turned(center, tangent, turn, 1.0, pen, out);
                }
            }
        }
        self.push_turned(center, tangent, base - FRAC_PI_2, 1.0, pen, out);
    }

    /// Adds what the caps of a subpath without length make.
    fn push_dot(&mut self, center: u32, pen: Pen, out: &mut Polygons) {
        match pen.cap {
            Cap::Butt => {}
            Cap::Square => {
                for quarter in 0..4u8 {
                    let turn = FRAC_PI_4 + f32::from(quarter) * FRAC_PI_2;
                    self.push_turned(center, NONE, turn, SQRT_2, pen, out);
                }
            }
            Cap::Round => {
                let count = (TAU / pen.step).ceil() as u32;
                for i in 0..count {
                    let turn = TAU * (i as f32 / count as f32);
                    self.push_turned(center, NONE, turn, 1.0, pen, out);
                }
            }
        }
    }

    /// Adds the gradient of the control points to `points`, given those of the
    /// outline's vertices; returns that of the width. `scale` is the view's.
    pub(crate) fn scatter(
        &mut self,
        range: StrokeRange,
        gradients: &[[f32; 2]],
        points: &mut [f32],
        scale: f32,
    ) -> f32 {
        let origins = &self.origins[range.first_origin as usize..][..gradients.len()];
        let tangents = &self.tangents[range.first_tangent as usize..][..range.tangents as usize];
        let own = |tangent: u32| tangent.wrapping_sub(range.first_tangent) as usize;
        let centers = &self.centers[range.first_center as usize..][..range.centers as usize];
        self.angles.clear();
        self.angles.resize(tangents.len(), 0.0);
        self.forces.clear();
        self.forces.resize(centers.len(), [0.0; 2]);
        let mut radius_sum = 0.0f32;
        for (origin, g) in origins.iter().zip(gradients) {
            let force = &mut self.forces[(origin.center - range.first_center) as usize];
            *force = [force[0] + g[0], force[1] + g[1]];
            let along = g[0] * origin.arm[0] + g[1] * origin.arm[1];
            radius_sum += along;
            let (Some(from), Some(to)) =
                (tangents.get(own(origin.from)), tangents.get(own(origin.to)))
            else {
                continue;
            };
            let turning = range.radius * (g[1] * origin.arm[0] - g[0] * origin.arm[1]);
            let mut widening = 0.0;
            if origin.is_miter {
                let (a, b) = (from.unit, to.unit);
                let dot = a[0] * b[0] + a[1] * b[1];
                let cross = a[0] * b[1] - a[1] * b[0];
                // d(1 / cos(Δ/2)) / dΔ is half the tangent of Δ/2 of itself.
                widening = along * range.radius * 0.5 * cross / (1.0 + dot);
            }
            self.angles[own(origin.from)] += (1.0 - origin.part) * turning - widening;
            self.angles[own(origin.to)] += origin.part * turning + widening;
        }
        for (center, force) in centers.iter().zip(&self.forces) {
            center.blend.scatter(*force, scale, points);
        }
        for (tangent, angle) in tangents.iter().zip(&self.angles) {
            let k = angle / tangent.length;
            let [x, y] = tangent.unit;
            let force = [-k * y, k * x];
            tangent.blend.scatter(force, scale, points);
            if tangent.minus != NONE {
                Blend::point(tangent.minus as usize).scatter(force.map(|v| -v), scale, points);
            }
        }
        0.5 * scale * radius_sum
    }
}
