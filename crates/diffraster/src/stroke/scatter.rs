//! From forces on a centre line's places and directions to its control points.
//!
//! Both are linear in the control points, so this is the transposed combination,
//! with weights that follow from the time. What the forces are is up to [`super`].

use super::{Run, Sample, Source};
use crate::flatten::{cubic_weights, quad_weights};

/// Adds to `points` (`x y` interleaved) what the samples of `runs` say, `scale`
/// times: their places follow `forces`, their directions turn by `angles`.
pub(super) fn scatter(
    runs: &[Run],
    samples: &[Sample],
    forces: &[[f32; 2]],
    angles: &[f32],
    scale: f32,
    points: &mut [f32],
) {
    let (points, _) = points.as_chunks_mut::<2>();
    let scaled = |[x, y]: [f32; 2]| [scale * x, scale * y];
    let mut rest = samples.iter().zip(forces);
    for run in runs {
        let own = rest.by_ref().take(run.count as usize);
        let own = own.map(|(sample, force)| (sample.t, scaled(*force)));
        places(run.source, own, points);
    }
    let mut rest = samples.iter().zip(angles);
    for run in runs {
        let own = rest.by_ref().take(run.count as usize);
        let own = own.map(|(sample, angle)| {
            let k = angle / sample.length;
            let [x, y] = sample.unit;
            (sample.t, scaled([-k * y, k * x]))
        });
        directions(run.source, own, points);
    }
}

#[inline(always)]
fn places(source: Source, forces: impl Iterator<Item = (f32, [f32; 2])>, points: &mut [[f32; 2]]) {
    match source {
        Source::Dot { point } => add(point, forces, |_| [1.0], points),
        Source::Line { from, to } => {
            for (t, force) in forces {
                let point = if t == 0.0 { from } else { to };
                add(point, [(t, force)].into_iter(), |_| [1.0], points);
            }
        }
        Source::Curve { degree, first } | Source::Tip { degree, first, .. } => {
            if degree == 2 {
                add(first, forces, quad_weights, points);
            } else {
                add(first, forces, cubic_weights, points);
            }
        }
    }
}

#[inline(always)]
fn directions(
    source: Source,
    forces: impl Iterator<Item = (f32, [f32; 2])>,
    points: &mut [[f32; 2]],
) {
    match source {
        // Not even a length.
        Source::Dot { .. } => forces.for_each(drop),
        Source::Line { from, to } | Source::Tip { from, to, .. } => {
            let is_line = matches!(source, Source::Line { .. });
            for (t, force) in forces {
                // A line's end has the direction of its start.
                if !is_line || t == 0.0 {
                    add(to, [(t, force)].into_iter(), |_| [1.0], points);
                    add(from, [(t, force)].into_iter(), |_| [-1.0], points);
                }
            }
        }
        Source::Curve { degree, first } => {
            if degree == 2 {
                let weights = |t: f32| {
                    let s = 1.0 - t;
                    [-s, s - t, t]
                };
                add(first, forces, weights, points);
            } else {
                let weights = |t: f32| {
                    let [a, b, c] = quad_weights(t);
                    [-a, a - b, b - c, c]
                };
                add(first, forces, weights, points);
            }
        }
    }
}

/// Adds forces, weighted by their time, to the points from `first` on.
#[inline(always)]
fn add<const N: usize>(
    first: u32,
    forces: impl Iterator<Item = (f32, [f32; 2])>,
    weights: impl Fn(f32) -> [f32; N],
    points: &mut [[f32; 2]],
) {
    let own = points.get_mut(first as usize..);
    let Some(own) = own.and_then(|own| own.first_chunk_mut::<N>()) else {
        return forces.for_each(drop);
    };
    let mut sums = *own;
    for (t, [x, y]) in forces {
        for (p, w) in sums.iter_mut().zip(weights(t)) {
            *p = [p[0] + w * x, p[1] + w * y];
        }
    }
    *own = sums;
}
