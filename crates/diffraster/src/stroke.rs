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

mod center_line;
mod sides;

use std::f32::consts::FRAC_PI_4;

use crate::error::SceneError;
use crate::flatten::{MAX_LINES, Polygons};
use crate::scene::{Cap, Join, Outline, Stroke, Verb, View};

/// Largest angle between the vertices of a round cap or join.
const MAX_STEP: f32 = FRAC_PI_4;

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
