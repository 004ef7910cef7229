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
//! directions. Centres and directions' vectors are linear in the control points.
//!
//! A closed subpath gives two contours, an open one a single contour around it.
//! On the inner side of a corner the outline runs through the corner's centre,
//! so that the non-zero rule fills the corner whatever the segments' lengths.

mod center_line;
mod scatter;
mod sides;

use std::f32::consts::FRAC_PI_4;

use crate::error::SceneError;
use crate::flatten::{MAX_LINES, Polygons};
use crate::growth::{USUAL_VERTICES, make_room};
use crate::scene::{Cap, Join, Outline, Stroke, Verb, View};

/// Largest angle between the vertices of a round cap or join.
const MAX_STEP: f32 = FRAC_PI_4;

/// Stands for "no direction": θ is then `turn` alone.
const NONE: u32 = u32::MAX;

/// What places on the centre line are made of, as indices of control points.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Source {
    /// At time 0 one point, at time 1 another; one direction for both.
    Line { from: u32, to: u32 },
    /// A curve of degree 2 or 3 from `first` on.
    Curve { degree: u32, first: u32 },
    /// The same where its derivative vanishes: its direction is that from one
    /// point to another.
    Tip {
        degree: u32,
        first: u32,
        from: u32,
        to: u32,
    },
    /// A lone point without direction.
    Dot { point: u32 },
}

/// Samples with the same source, one after another.
#[derive(Debug, Clone, Copy)]
struct Run {
    source: Source,
    count: u32,
}

/// A place on the centre line and the direction there, as functions of the
/// control points: its source's, at a time.
#[derive(Debug, Clone, Copy)]
struct Sample {
    t: f32,
    unit: [f32; 2],
    length: f32,
}

impl Sample {
    fn angle(&self) -> f32 {
        self.unit[1].atan2(self.unit[0])
    }
}

/// A vertex of the centre line.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// Where the segment before it ends, and the one after it starts: the same
    /// place, which may be two control points. As indices of samples.
    arrival: u32,
    departure: u32,
    /// Samples that have the directions of the two segments.
    arrives: u32,
    departs: u32,
    /// Not a corner between segments but a curve's own: always round.
    is_cusp: bool,
}

/// How an outline vertex came about, in one word.
///
/// Most lie beside a sample, at a right angle to its direction or, at the end of
/// a line, to that of the sample before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark(u32);

impl Mark {
    /// There is an [`Origin`] for it.
    const OTHER: Self = Self(u32::MAX);
    const OTHER_SIDE: u32 = 1;
    const DIRECTION_BEFORE: u32 = 2;
    const BITS: u32 = 2;

    /// Beside a sample on the side `side` (+1 or −1), if that can be said in a word.
    fn beside(sample: u32, direction: u32, side: f32) -> Option<Self> {
        let before = match sample.checked_sub(direction)? {
            0 => 0,
            1 => Self::DIRECTION_BEFORE,
            _ => return None,
        };
        let side = if side > 0.0 { 0 } else { Self::OTHER_SIDE };
        Some(Self(sample << Self::BITS | before | side))
    }

    /// Sample, sample with the direction, side.
    fn parts(self) -> (usize, usize, f32) {
        let sample = (self.0 >> Self::BITS) as usize;
        let before = usize::from(self.0 & Self::DIRECTION_BEFORE != 0);
        let is_other_side = self.0 & Self::OTHER_SIDE != 0;
        (
            sample,
            sample - before,
            if is_other_side { -1.0 } else { 1.0 },
        )
    }
}

/// How an outline vertex came about that a [`Mark`] does not describe.
#[derive(Debug, Clone, Copy)]
struct Origin {
    center: u32,
    /// As indices of samples: θ is the angle of `from`, plus `part` of the way to that of `to`,
    /// plus a fixed turn.
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
    first_mark: u32,
    first_other: u32,
    first_run: u32,
    first_sample: u32,
    samples: u32,
    radius: f32,
}

/// Makes outlines of strokes, and remembers how: little for each vertex, as there
/// can be more of them than pixels.
///
/// Samples are numbered from each stroke's first.
#[derive(Debug, Default)]
pub(crate) struct Stroker {
    /// One for each vertex of the outlines.
    marks: Vec<Mark>,
    /// One for each [`Mark::OTHER`], in the same order.
    others: Vec<Origin>,
    samples: Vec<Sample>,
    /// What the samples come from, in the same order.
    runs: Vec<Run>,
    /// The stroke at hand: its first sample, where samples are, its corners.
    first_sample: usize,
    places: Vec<[f32; 2]>,
    nodes: Vec<Node>,
    points: Vec<[f32; 2]>,
    angles: Vec<f32>,
    forces: Vec<[f32; 2]>,
}

impl Stroker {
    pub(crate) fn clear(&mut self) {
        self.marks.clear();
        self.others.clear();
        self.samples.clear();
        self.runs.clear();
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
            first_mark: self.marks.len() as u32,
            first_other: self.others.len() as u32,
            first_run: self.runs.len() as u32,
            first_sample: self.samples.len() as u32,
            samples: 0,
            radius,
        };
        make_room(&mut self.marks, USUAL_VERTICES);
        make_room(&mut self.others, USUAL_VERTICES / 4);
        make_room(&mut self.samples, USUAL_VERTICES / 2);
        self.first_sample = self.samples.len();
        self.places.clear();
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
        range.samples = self.places.len() as u32;
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
        let samples = &self.samples[range.first_sample as usize..][..range.samples as usize];
        let marks = &self.marks[range.first_mark as usize..][..gradients.len()];
        let mut others = self.others[range.first_other as usize..].iter();
        self.angles.clear();
        self.angles.resize(samples.len(), 0.0);
        self.forces.clear();
        self.forces.resize(samples.len(), [0.0; 2]);
        let mut radius_sum = 0.0f32;
        for (mark, g) in marks.iter().zip(gradients) {
            if *mark != Mark::OTHER {
                let (center, direction, side) = mark.parts();
                let [x, y] = samples[direction].unit;
                let arm = [-side * y, side * x];
                let force = &mut self.forces[center];
                *force = [force[0] + g[0], force[1] + g[1]];
                radius_sum += g[0] * arm[0] + g[1] * arm[1];
                self.angles[direction] += range.radius * (g[1] * arm[0] - g[0] * arm[1]);
                continue;
            }
            let Some(origin) = others.next() else {
                break;
            };
            let force = &mut self.forces[origin.center as usize];
            *force = [force[0] + g[0], force[1] + g[1]];
            let along = g[0] * origin.arm[0] + g[1] * origin.arm[1];
            radius_sum += along;
            let (from, to) = (origin.from as usize, origin.to as usize);
            let (Some(a), Some(b)) = (samples.get(from), samples.get(to)) else {
                continue;
            };
            let turning = range.radius * (g[1] * origin.arm[0] - g[0] * origin.arm[1]);
            let mut widening = 0.0;
            if origin.is_miter {
                let (a, b) = (a.unit, b.unit);
                let dot = a[0] * b[0] + a[1] * b[1];
                let cross = a[0] * b[1] - a[1] * b[0];
                // d(1 / cos(Δ/2)) / dΔ is half the tangent of Δ/2 of itself.
                widening = along * range.radius * 0.5 * cross / (1.0 + dot);
            }
            self.angles[from] += (1.0 - origin.part) * turning - widening;
            self.angles[to] += origin.part * turning + widening;
        }
        scatter::scatter(
            &self.runs[range.first_run as usize..],
            samples,
            &self.forces,
            &self.angles,
            scale,
            points,
        );
        0.5 * scale * radius_sum
    }
}
