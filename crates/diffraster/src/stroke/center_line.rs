//! A stroke's centre line: its places, their directions, and how few of them do.
//!
//! What is made of them beside the line is up to [`super::sides`].

use std::f32::consts::TAU;

use super::{NONE, Node, Pen, Run, Sample, Source, Stroker};
use crate::flatten::{cubic_segments, quad_segments};

/// Directions shorter than this, in pixels, have none.
const SHORT: f32 = 1e-6;

/// How far a function that is zero at both ends of a unit of time gets while its
/// second derivative grows from 0 to 1: 1 / (9 √3), rounded up.
const RAMP: f32 = 0.064_16;

/// How often a part of a curve that turns sharply is halved.
const CUSP_DEPTH: u32 = 6;

/// A sample of a curve, and when it is.
#[derive(Debug, Clone, Copy)]
struct Stop {
    t: f32,
    sample: u32,
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
        let velocity =
            [0, 1].map(|k| pace * (linear[k] + t * (2.0 * square[k] + 3.0 * t * cube[k])));
        Place {
            t,
            at: if t == 1.0 { self.end } else { at },
            velocity,
            speed: norm(velocity),
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
    /// Length of `velocity`.
    speed: f32,
    /// Second derivative.
    bend: [f32; 2],
}

impl Place {
    /// Whether one segment from here to `to` stays within the pen's tolerance.
    ///
    /// Across the chord the second derivative is linear. The curve is at most an
    /// eighth of the larger of its ends away, times the time squared, and at most
    /// [`RAMP`] of their sum. The offset adds the sagitta of the angle by which the
    /// direction turns.
    fn reaches(&self, to: &Self, pen: Pen) -> bool {
        let chord = [to.at[0] - self.at[0], to.at[1] - self.at[1]];
        let length = norm(chord);
        let time = to.t - self.t;
        let (p, q) = (cross(chord, self.bend).abs(), cross(chord, to.bend).abs());
        let across = (0.125 * p.max(q)).min(RAMP * (p + q));
        let (a, b) = (self.velocity, to.velocity);
        let speeds = self.speed * to.speed;
        let dot = a[0] * b[0] + a[1] * b[1];
        // All without divisions: a chord or a speed of zero reaches nowhere.
        let away = time * time * across * speeds;
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

/// The angle between −π and π that `angle` is equal to.
fn wrapped(angle: f32) -> f32 {
    angle - TAU * (angle / TAU).round()
}

/// The sample at a time with the direction of `vector`, if it has one.
fn sample(t: f32, vector: [f32; 2]) -> Option<Sample> {
    // Coordinates are far from where squares of floats end.
    sample_of_length(t, vector, norm(vector))
}

/// The same where the vector's length is known.
fn sample_of_length(t: f32, vector: [f32; 2], length: f32) -> Option<Sample> {
    (length > SHORT).then(|| Sample {
        t,
        unit: vector.map(|v| v / length),
        length,
    })
}

impl Stroker {
    /// A place without direction.
    pub(super) fn push_dot_center(&mut self, index: usize) -> u32 {
        let point = index as u32;
        let sample = Sample {
            t: 0.0,
            unit: [1.0, 0.0],
            length: 0.0,
        };
        self.push_sample(Source::Dot { point }, sample, self.points[index])
    }

    fn push_sample(&mut self, source: Source, sample: Sample, at: [f32; 2]) -> u32 {
        match self.runs.last_mut() {
            Some(run) if run.source == source && !self.places.is_empty() => run.count += 1,
            _ => self.runs.push(Run { source, count: 1 }),
        }
        self.samples.push(sample);
        self.places.push(at);
        self.places.len() as u32 - 1
    }

    pub(super) fn sample(&self, index: u32) -> Sample {
        self.samples[self.first_sample + index as usize]
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

    pub(super) fn push_line(&mut self, a: usize, b: usize) {
        let (start, end) = (self.points[a], self.points[b]);
        let (from, to) = (a as u32, b as u32);
        let source = Source::Line { from, to };
        if let Some(sample) = sample(0.0, [end[0] - start[0], end[1] - start[1]]) {
            let from = self.push_sample(source, sample, start);
            let to = self.push_sample(source, Sample { t: 1.0, ..sample }, end);
            self.push_segment(from, from, to, from);
        }
    }

    /// Adds a curve of degree `N` whose control points start at `first`: as few
    /// of its equal steps as keep both the centre line and its offset within the
    /// tolerance.
    pub(super) fn push_curve<const N: usize>(&mut self, first: usize, pen: Pen) {
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
        from: Stop,
        place: &Place,
        pen: Pen,
    ) -> Stop {
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

    /// The curve at `place`; where the derivative vanishes, with the direction to
    /// the next control point that differs.
    fn sample_curve<const N: usize>(&mut self, first: usize, place: &Place) -> Option<Stop> {
        let (t, degree) = (place.t, N as u32);
        let start = first as u32;
        let (source, sample) = match sample_of_length(t, place.velocity, place.speed) {
            Some(sample) => (
                Source::Curve {
                    degree,
                    first: start,
                },
                sample,
            ),
            None => (1..=N).find_map(|k| {
                let (a, b) = if t < 0.5 {
                    (first, first + k)
                } else {
                    (first + N - k, first + N)
                };
                let (from, to) = (self.points[a], self.points[b]);
                let source = Source::Tip {
                    degree,
                    first: start,
                    from: a as u32,
                    to: b as u32,
                };
                Some((source, sample(t, [to[0] - from[0], to[1] - from[1]])?))
            })?,
        };
        let sample = self.push_sample(source, sample, place.at);
        Some(Stop { t, sample })
    }

    /// Adds the part of a curve between two samples. Where it turns sharply, it
    /// is halved a few times; what remains is a cusp, which a pen rounds.
    fn push_span<const N: usize>(
        &mut self,
        first: usize,
        from: Stop,
        to: Stop,
        pen: Pen,
        depth: u32,
    ) {
        let [a, b] = [from, to].map(|s| self.sample(s.sample).unit);
        let is_sharp = a[0] * b[0] + a[1] * b[1] < pen.sharp;
        if !is_sharp {
            self.push_segment(from.sample, from.sample, to.sample, to.sample);
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
        self.push_segment(from.sample, from.sample, to.sample, from.sample);
        if let Some(last) = self.nodes.last_mut() {
            last.departs = to.sample;
            last.is_cusp = true;
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Cap, Join};

    #[test]
    fn a_chord_that_reaches_stays_within_the_tolerance() {
        let pen = Pen {
            radius: 1.0,
            tolerance: 0.05,
            step: 0.6,
            sharp: 0.9f32.cos(),
            cap: Cap::Butt,
            join: Join::Round,
            miter_limit: 4.0,
        };
        let mut state = 5u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            20.0 * (state >> 8) as f32 / (1u32 << 24) as f32
        };
        let (mut reached, mut largest) = (0, 0.0f32);
        for _ in 0..2000 {
            let mut stroker = Stroker::default();
            stroker.points.extend((0..4).map(|_| [next(), next()]));
            let curve = stroker.power_basis::<3>(0);
            let (from, to) = (next() / 20.0, next() / 20.0);
            let (start, end) = (curve.at(from.min(to)), curve.at(from.max(to)));
            if !start.reaches(&end, pen) {
                continue;
            }
            reached += 1;
            let chord = [end.at[0] - start.at[0], end.at[1] - start.at[1]];
            for i in 1..16u8 {
                let along = f32::from(i) / 16.0;
                let at = curve.at(start.t + along * (end.t - start.t)).at;
                let way = [at[0] - start.at[0], at[1] - start.at[1]];
                largest = largest.max(cross(chord, way).abs() / norm(chord));
            }
        }
        assert!(reached > 100, "{reached}");
        assert!(largest < 0.05 && largest > 0.03, "{largest}");
    }
}
