//! Curves to line segments, and the gradient's way back.
//!
//! A flattened vertex is a fixed linear combination of control points (its
//! Bernstein weights), so the adjoint is the transposed combination. The number
//! of segments follows from the second differences and is treated as constant.
//! It is at least the degree, so that every control point moves a vertex: one
//! chord would leave the handles of a straight curve without a gradient.

use crate::error::SceneError;
use crate::scene::{Outline, Verb, View};

/// Most segments that one curve becomes; longer curves are coarser than the tolerance.
const MAX_SEGMENTS: u32 = 2048;

/// Curves of up to this many segments take their weights from a table.
const TABLED_SEGMENTS: usize = 48;

/// Most line segments of a scene.
pub(crate) const MAX_LINES: usize = 1 << 26;

/// One verb after flattening.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curve {
    /// 0: a lone point, 1: line, 2: quadratic, 3: cubic.
    pub(crate) degree: u32,
    /// Index of the start point within the outline.
    pub(crate) point: u32,
    /// Number of vertices, from the start point on, without the end point.
    pub(crate) count: u32,
}

/// Bernstein weights at equal steps, for small step counts.
#[derive(Debug)]
pub(crate) struct Weights {
    quad: Vec<Vec<[f32; 3]>>,
    cubic: Vec<Vec<[f32; 4]>>,
}

impl Weights {
    pub(crate) fn new() -> Self {
        let table = |count: usize| (0..count).map(move |i| i as f32 / count as f32);
        Self {
            quad: (0..=TABLED_SEGMENTS)
                .map(|n| table(n).map(quad_weights).collect())
                .collect(),
            cubic: (0..=TABLED_SEGMENTS)
                .map(|n| table(n).map(cubic_weights).collect())
                .collect(),
        }
    }
}

pub(crate) fn quad_weights(t: f32) -> [f32; 3] {
    let s = 1.0 - t;
    [s * s, 2.0 * s * t, t * t]
}

pub(crate) fn cubic_weights(t: f32) -> [f32; 4] {
    let s = 1.0 - t;
    [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t]
}

/// Number of segments that keep the chord error of a curve with the largest
/// second difference `bend` (px) below `tolerance`; `factor` is M/8 of the
/// interpolation error bound `h² M / 8`, 0.25 for quadratics, 0.75 for cubics.
fn segments(bend_squared: f32, factor: f32, tolerance: f32) -> u32 {
    let count = (factor * bend_squared.sqrt() / tolerance).sqrt().ceil();
    (count as u32).clamp(1, MAX_SEGMENTS)
}

fn bend(a: [f32; 2], b: [f32; 2], c: [f32; 2]) -> f32 {
    let x = a[0] - 2.0 * b[0] + c[0];
    let y = a[1] - 2.0 * b[1] + c[1];
    x * x + y * y
}

/// Segments of a quadratic.
pub(crate) fn quad_segments(p: [[f32; 2]; 3], tolerance: f32) -> u32 {
    segments(bend(p[0], p[1], p[2]), 0.25, tolerance)
}

/// Segments of a cubic.
pub(crate) fn cubic_segments(p: [[f32; 2]; 4], tolerance: f32) -> u32 {
    let largest = bend(p[0], p[1], p[2]).max(bend(p[1], p[2], p[3]));
    segments(largest, 0.75, tolerance)
}

/// Whether the curve's hull misses the canvas, so that a chord does as well:
/// only its crossings of rows, left of the canvas, can matter.
fn off_canvas(points: &[[f32; 2]], size: [f32; 2]) -> bool {
    (0..2).any(|axis| {
        points.iter().all(|p| p[axis] < 0.0) || points.iter().all(|p| p[axis] > size[axis])
    })
}

/// Where flattened outlines are appended.
#[derive(Debug, Default)]
pub(crate) struct Polygons {
    /// Vertices in pixels; contour after contour.
    pub(crate) vertices: Vec<[f32; 2]>,
    /// End (exclusive) of each contour in `vertices`.
    pub(crate) contour_ends: Vec<u32>,
    /// What the vertices came from.
    pub(crate) curves: Vec<Curve>,
}

impl Polygons {
    pub(crate) fn clear(&mut self) {
        self.vertices.clear();
        self.contour_ends.clear();
        self.curves.clear();
    }

    /// Appends `outline`, every subpath closed.
    pub(crate) fn push_fill(
        &mut self,
        outline: &Outline,
        view: View,
        size: [f32; 2],
        tolerance: f32,
        weights: &Weights,
    ) -> Result<(), SceneError> {
        let at = |i: usize| {
            let p = outline.points[i];
            [
                p[0] * view.scale + view.offset[0],
                p[1] * view.scale + view.offset[1],
            ]
        };
        let mut next = 0usize;
        let mut open = false;
        for verb in &outline.verbs {
            match verb {
                Verb::Move => {
                    if open {
                        self.end_contour(next - 1, at(next - 1));
                    }
                    open = true;
                }
                Verb::Line => {
                    self.vertices.push(at(next - 1));
                    self.curves.push(Curve {
                        degree: 1,
                        point: next as u32 - 1,
                        count: 1,
                    });
                }
                Verb::Quad => {
                    let p = [at(next - 1), at(next), at(next + 1)];
                    let count = if off_canvas(&p, size) {
                        1
                    } else {
                        quad_segments(p, tolerance).max(2)
                    };
                    self.curves.push(Curve {
                        degree: 2,
                        point: next as u32 - 1,
                        count,
                    });
                    weights.for_quad(count, |w| {
                        self.vertices
                            .push([0, 1].map(|a| w[0] * p[0][a] + w[1] * p[1][a] + w[2] * p[2][a]));
                    });
                }
                Verb::Cubic => {
                    let p = [at(next - 1), at(next), at(next + 1), at(next + 2)];
                    let count = if off_canvas(&p, size) {
                        1
                    } else {
                        cubic_segments(p, tolerance).max(3)
                    };
                    self.curves.push(Curve {
                        degree: 3,
                        point: next as u32 - 1,
                        count,
                    });
                    weights.for_cubic(count, |w| {
                        self.vertices.push([0, 1].map(|a| {
                            (w[0] * p[0][a] + w[1] * p[1][a]) + (w[2] * p[2][a] + w[3] * p[3][a])
                        }));
                    });
                }
                Verb::Close => {
                    if open {
                        self.end_contour(next - 1, at(next - 1));
                    }
                    open = false;
                }
            }
            next += verb.point_count();
            if self.vertices.len() > MAX_LINES {
                return Err(SceneError::TooComplex { limit: MAX_LINES });
            }
        }
        if open {
            self.end_contour(next - 1, at(next - 1));
        }
        Ok(())
    }

    fn end_contour(&mut self, point: usize, position: [f32; 2]) {
        self.vertices.push(position);
        self.curves.push(Curve {
            degree: 0,
            point: point as u32,
            count: 1,
        });
        self.contour_ends.push(self.vertices.len() as u32);
    }
}

impl Weights {
    fn for_quad(&self, count: u32, mut visit: impl FnMut([f32; 3])) {
        match self.quad.get(count as usize) {
            Some(table) => table.iter().for_each(|w| visit(*w)),
            None => (0..count).for_each(|i| visit(quad_weights(i as f32 / count as f32))),
        }
    }

    fn for_cubic(&self, count: u32, mut visit: impl FnMut([f32; 4])) {
        match self.cubic.get(count as usize) {
            Some(table) => table.iter().for_each(|w| visit(*w)),
            None => (0..count).for_each(|i| visit(cubic_weights(i as f32 / count as f32))),
        }
    }

    /// Adds the gradient of the control points, `scale` times, to `points`
    /// (`x y` interleaved), given that of the vertices.
    pub(crate) fn scatter_fill(
        &self,
        curves: &[Curve],
        vertex_gradients: &[[f32; 2]],
        scale: f32,
        points: &mut [f32],
    ) {
        let mut rest = vertex_gradients;
        for curve in curves {
            let (mine, others) = rest.split_at(curve.count as usize);
            rest = others;
            let target = &mut points[2 * curve.point as usize..];
            match curve.degree {
                2 => {
                    let mut sums = [0.0f32; 6];
                    let mut gradients = mine.iter();
                    self.for_quad(curve.count, |w| {
                        if let Some(g) = gradients.next() {
                            for k in 0..3 {
                                sums[2 * k] += w[k] * g[0];
                                sums[2 * k + 1] += w[k] * g[1];
                            }
                        }
                    });
                    for (t, s) in target.iter_mut().zip(sums) {
                        *t += scale * s;
                    }
                }
                3 => {
                    let mut sums = [0.0f32; 8];
                    let mut gradients = mine.iter();
                    self.for_cubic(curve.count, |w| {
                        if let Some(g) = gradients.next() {
                            for k in 0..4 {
                                sums[2 * k] += w[k] * g[0];
                                sums[2 * k + 1] += w[k] * g[1];
                            }
                        }
                    });
                    for (t, s) in target.iter_mut().zip(sums) {
                        *t += scale * s;
                    }
                }
                _ => {
                    target[0] += scale * mine[0][0];
                    target[1] += scale * mine[0][1];
                }
            }
        }
    }
}
