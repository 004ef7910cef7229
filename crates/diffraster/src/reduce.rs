//! From the tiles' sums to the gradient of the parameters.
//!
//! Every sum is added up in an order that depends on the scene alone.

use std::sync::atomic::Ordering::Relaxed;

use crate::flatten::Weights;
use crate::parameters::Layout;
use crate::plan::{Chunk, Plan, ROOT, Role, Shape, ShapeRanges};
use crate::scene::Scene;

/// Where a chunk adds its gradients.
pub(crate) struct Target<'a> {
    pub(crate) layout: &'a Layout,
    /// The part of the gradient vector that belongs to the chunk's nodes.
    pub(crate) values: &'a mut [f32],
    /// Its first parameter.
    pub(crate) first: usize,
}

impl Chunk {
    /// Adds the gradients of the chunk's shapes to `target` and lists those of
    /// clips and groups in `outer_gradients`.
    pub(crate) fn reduce(
        &mut self,
        scene: &Scene,
        plan: &Plans<'_>,
        weights: &Weights,
        target: &mut Target<'_>,
    ) {
        self.outer_gradients.clear();
        for (i, index) in self.shapes.clone().enumerate() {
            let shape = &plan.shapes[index];
            let ranges = self.ranges[i].clone();
            self.reduce_entries(shape, &ranges, plan, target);
            self.reduce_pieces(&ranges);
            self.reduce_points(scene, shape, &ranges, weights, target);
        }
    }

    fn reduce_entries(
        &mut self,
        shape: &Shape,
        ranges: &ShapeRanges,
        plan: &Plans<'_>,
        target: &mut Target<'_>,
    ) {
        let count = (shape.paint_slots + shape.depth) as usize;
        if count == 0 {
            return;
        }
        let paint = match (shape.role, &target.layout.nodes[shape.node as usize]) {
            (Role::Fill, slots) => slots.fill.as_ref(),
            (Role::Stroke, slots) => slots.stroke.as_ref(),
            (Role::Clip(..), _) => None,
        };
        // The slots of a shape's entries lie one after another.
        let entries = &self.entries[ranges.entries.clone()];
        let Some(first) = entries.first() else {
            return;
        };
        let slots = &self.slots[first.slot as usize..][..count * entries.len()];
        let total = |k: usize| -> f32 {
            slots
                .iter()
                .skip(k)
                .step_by(count)
                .map(|s| f64::from(f32::from_bits(s.load(Relaxed))))
                .sum::<f64>() as f32
        };
        if let Some(paint) = paint {
            // A paint's parameters and its opacity lie one after another, too.
            let start = paint.opacity + 1 - shape.paint_slots as usize - target.first;
            for (k, value) in target.values[start..][..shape.paint_slots as usize]
                .iter_mut()
                .enumerate()
            {
                *value += total(k);
            }
        }
        let mut group = shape.group;
        while group != ROOT {
            let info = &plan.groups[group as usize];
            let sum = total((shape.paint_slots + info.depth) as usize - 1);
            if let Some(parameter) = target.layout.nodes[info.node as usize].group_opacity {
                self.outer_gradients.push((parameter, sum));
            }
            group = info.parent;
        }
    }

    /// Adds the pieces' sums to the gradients of the shape's vertices.
    fn reduce_pieces(&mut self, ranges: &ShapeRanges) {
        let vertices = &self.polygons.vertices[ranges.vertices.clone()];
        let gradients = &mut self.vertex_gradients;
        gradients.clear();
        gradients.resize(vertices.len(), [0.0; 2]);
        // First as sums for the two ends of each line …
        let parts = self.pieces.parts(ranges.pieces.clone(), ranges.first_cut);
        for ((line, [from, to]), sum) in parts.zip(&self.sums[ranges.pieces.clone()]) {
            let bits = sum.load(Relaxed);
            let a = f32::from_bits((bits >> 32) as u32);
            let b = f32::from_bits(bits as u32);
            let part = to - from;
            let line = &mut gradients[line - ranges.vertices.start];
            line[0] += part * ((1.0 - from) * a + (1.0 - to) * b);
            line[1] += part * (from * a + to * b);
        }
        // … then turned into forces along the lines' normals.
        let mut start = 0;
        for end in &self.polygons.contour_ends[ranges.contours.clone()] {
            let end = *end as usize - ranges.vertices.start;
            let mut carried = [0.0f32; 2];
            for i in start..end {
                let next = if i + 1 == end { start } else { i + 1 };
                let normal = [
                    vertices[next][1] - vertices[i][1],
                    vertices[i][0] - vertices[next][0],
                ];
                let [a, b] = gradients[i];
                gradients[i] = [0, 1].map(|k| carried[k] + a * normal[k]);
                carried = [0, 1].map(|k| b * normal[k]);
            }
            if start < end {
                for k in 0..2 {
                    gradients[start][k] += carried[k];
                }
            }
            start = end;
        }
    }

    fn reduce_points(
        &mut self,
        scene: &Scene,
        shape: &Shape,
        ranges: &ShapeRanges,
        weights: &Weights,
        target: &mut Target<'_>,
    ) {
        let curves = &self.polygons.curves[ranges.curves.clone()];
        match shape.role {
            Role::Fill => {
                let points = target.layout.nodes[shape.node as usize].points.clone();
                let values = &mut target.values[points.start - target.first..][..points.len()];
                weights.scatter_fill(curves, &self.vertex_gradients, scene.view.scale, values);
            }
            Role::Clip(clip, s) => {
                let points = target.layout.clips[clip as usize][s as usize].clone();
                let values = &mut self.clip_gradients;
                values.clear();
                values.resize(points.len(), 0.0);
                weights.scatter_fill(curves, &self.vertex_gradients, scene.view.scale, values);
                self.outer_gradients
                    .extend(points.zip(values.iter().copied()));
            }
            Role::Stroke => {
                let slots = &target.layout.nodes[shape.node as usize];
                let Some(width) = slots.stroke_width else {
                    return;
                };
                let points = slots.points.clone();
                let values = &mut target.values[points.start - target.first..][..points.len()];
                let gradient = self.stroker.scatter(
                    ranges.stroke,
                    &self.vertex_gradients,
                    values,
                    scene.view.scale,
                );
                target.values[width - target.first] += gradient;
            }
        }
    }
}

/// The shared, read-only part of a [`Plan`].
pub(crate) struct Plans<'a> {
    shapes: &'a [Shape],
    groups: &'a [crate::plan::GroupInfo],
}

/// Fills `values` with the gradient of every parameter.
pub(crate) fn reduce(
    scene: &Scene,
    plan: &mut Plan,
    layout: &Layout,
    weights: &Weights,
    values: &mut Vec<f32>,
    parallel: bool,
) {
    values.clear();
    values.resize(layout.len, 0.0);
    let shared = Plans {
        shapes: &plan.shapes,
        groups: &plan.groups,
    };
    let chunks = &mut plan.chunks[..plan.chunk_count];
    let run = |chunk: &mut Chunk, values: &mut [f32], first: usize| {
        let mut target = Target {
            layout,
            values,
            first,
        };
        chunk.reduce(scene, &shared, weights, &mut target);
    };
    split(chunks, values, 0, layout, &run, parallel);
    for (parameter, value) in chunks.iter().flat_map(|c| &c.outer_gradients) {
        values[*parameter] += value;
    }
}

/// Runs `run` on every chunk with its own part of `values`.
fn split(
    chunks: &mut [Chunk],
    values: &mut [f32],
    first: usize,
    layout: &Layout,
    run: &(impl Fn(&mut Chunk, &mut [f32], usize) + Sync),
    parallel: bool,
) {
    match chunks {
        [] => {}
        [chunk] => run(chunk, values, first),
        _ => {
            let (left, right) = chunks.split_at_mut(chunks.len() / 2);
            let border = layout.nodes[right[0].nodes.start].all.start;
            let (left_values, right_values) = values.split_at_mut(border - first);
            let mut left_task = || split(left, left_values, first, layout, run, parallel);
            let mut right_task = || split(right, right_values, border, layout, run, parallel);
            if parallel {
                rayon::join(left_task, right_task);
            } else {
                left_task();
                right_task();
            }
        }
    }
}
