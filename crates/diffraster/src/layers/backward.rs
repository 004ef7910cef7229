//! The way back through a tile: from the gradient of its picture to the sums
//! of its entries.
//!
//! Operations are undone from the last to the first, with what each of them
//! saved on the way forward.

use std::sync::atomic::Ordering::Relaxed;

use super::{Layer, Operation, Quad, StepRange, Tile, TileScratch, coverage};
use crate::coverage::{AREA, gather};
use crate::image::Image;
use crate::paint::{Prepared, dot, sum};
use crate::tiling::TILE;

/// How coverage follows signed coverage.
#[inline(always)]
fn slope(signed: f32) -> f32 {
    if signed.abs() > 1.0 {
        0.0
    } else {
        1f32.copysign(signed)
    }
}

impl TileScratch {
    /// Where dL/d(tile) goes before [`TileScratch::backward`].
    pub(crate) fn gradient(&mut self) -> &mut Quad {
        if self.gradients.is_empty() {
            self.gradients.push(Layer::default());
        }
        &mut self.gradients[0].color
    }

    /// Turns the target in [`TileScratch::gradient`] into the gradient of
    /// `scale / 2` times the squared error and returns the sum of squares.
    #[inline(always)]
    pub(crate) fn squared_error(&mut self, tile: Tile<'_>, target: &Image, scale: f32) -> f64 {
        let columns = (target.width as usize - tile.left as usize).min(TILE);
        let rows = (target.height as usize - tile.top as usize).min(TILE);
        let mut sum = 0.0f64;
        let picture = &self.layers[0].color;
        for (wanted, got) in self.gradients[0].color.iter_mut().zip(picture) {
            for y in 0..rows {
                let mut line = 0.0f32;
                for p in y * TILE..y * TILE + columns {
                    let d = got[p] - wanted[p];
                    line += d * d;
                    wanted[p] = scale * d;
                }
                sum += f64::from(line);
            }
        }
        sum
    }

    /// Takes [`TileScratch::gradient`] back to the entries' sums. Follows a
    /// `forward` of the same tile.
    #[inline(always)]
    pub(crate) fn backward(&mut self, tile: Tile<'_>) {
        let mut top = 0;
        for at in 0..tile.entries.len() {
            let (chunk, entry, shape) = tile.entry(at);
            let levels = entry.slot + shape.paint_slots;
            for slot in &chunk.slots[levels as usize..][..shape.depth as usize] {
                slot.store(0, Relaxed);
            }
        }
        while let Some(operation) = self.operations.pop() {
            match operation {
                Operation::Pop { at, group, saved } => {
                    top += 1;
                    if top == self.gradients.len() {
                        self.gradients.push(Layer::default());
                    }
                    self.unleave(tile, at, group, saved, top);
                }
                Operation::Push => top -= 1,
                Operation::Clip {
                    at,
                    plane,
                    steps,
                    saved,
                } => self.unclip(tile, at, plane, steps, saved, top),
                Operation::Draw {
                    at,
                    plane,
                    steps,
                    saved,
                } => self.undraw(tile, at, plane, steps, saved, top),
            }
        }
    }

    #[inline(always)]
    fn unleave(&mut self, tile: Tile<'_>, at: u32, group: u32, saved: u32, top: usize) {
        let info = &tile.plan.groups[group as usize];
        let saved = &self.saved[saved as usize..];
        let (parent_color, layer_color, clip) = (&saved[0..4], &saved[4..8], &saved[8]);
        let (below, above) = self.gradients.split_at_mut(top);
        let (parent, own) = (&mut below[top - 1], &mut above[0]);
        let mut opacity_sum = 0.0f32;
        for p in 0..AREA {
            let mask = if info.has_clip { clip[p] } else { 1.0 };
            let weight = info.opacity * mask;
            let mut d_weight = 0.0;
            let mut over = 0.0;
            for k in 0..4 {
                let g = parent.color[k][p];
                over += g * parent_color[k][p];
                d_weight += g * layer_color[k][p];
                own.color[k][p] = weight * g;
                parent.color[k][p] = g * (1.0 - weight * layer_color[3][p]);
            }
            d_weight -= over * layer_color[3][p];
            own.color[3][p] -= weight * over;
            own.clip[p] = d_weight * info.opacity;
            opacity_sum += d_weight * mask;
        }
        let (chunk, entry, shape) = tile.entry(at as usize);
        let slot = entry.slot + shape.paint_slots + info.depth - 1;
        chunk.slots[slot as usize].store(opacity_sum.to_bits(), Relaxed);
    }

    #[inline(always)]
    fn unclip(
        &mut self,
        tile: Tile<'_>,
        at: u32,
        plane: u32,
        steps: StepRange,
        saved: u32,
        top: usize,
    ) {
        let before = &self.saved[saved as usize];
        let d_clip = &mut self.gradients[top].clip;
        let Some(signed) = self.planes.get_mut(plane as usize) else {
            d_clip.fill(0.0);
            return;
        };
        for p in 0..AREA {
            let covered = coverage(signed[p]);
            signed[p] = d_clip[p] * (1.0 - before[p]) * slope(signed[p]);
            d_clip[p] *= 1.0 - covered;
        }
        self.give_pieces(tile, at, plane, steps);
    }

    #[inline(always)]
    fn undraw(
        &mut self,
        tile: Tile<'_>,
        at: u32,
        plane: u32,
        steps: StepRange,
        saved: u32,
        top: usize,
    ) {
        let (chunk, entry, shape) = tile.entry(at as usize);
        self.shade(tile, shape);
        let before = &self.saved[saved as usize..][..4];
        let gradient = &mut self.gradients[top].color;
        let shading = &self.shading.0;
        let mut signed = self.planes.get_mut(plane as usize);
        let covered = signed.as_ref().map_or([1.0; AREA], |s| s.map(coverage));
        let own_alpha = shading[3].map(|alpha| shape.opacity * alpha);
        // dL/d(alpha), and dL/d(straight RGBA of the paint).
        let mut d_alpha = [0.0; AREA];
        let mut d_paint = [[0.0; AREA]; 4];
        for p in 0..AREA {
            d_alpha[p] = gradient[3][p] * (1.0 - before[3][p]);
        }
        for k in 0..3 {
            for p in 0..AREA {
                d_alpha[p] += gradient[k][p] * (shading[k][p] - before[k][p]);
                d_paint[k][p] = covered[p] * own_alpha[p] * gradient[k][p];
            }
        }
        for p in 0..AREA {
            d_paint[3][p] = d_alpha[p] * covered[p];
        }
        for plane in gradient.iter_mut() {
            for p in 0..AREA {
                plane[p] *= 1.0 - covered[p] * own_alpha[p];
            }
        }
        self.sums.clear();
        self.sums.resize(shape.paint_slots as usize, 0.0);
        let (paint_sums, opacity_sum) = self.sums.split_at_mut(shape.paint_slots as usize - 1);
        opacity_sum[0] = dot(&d_paint[3], &shading[3]);
        match &shape.paint {
            Prepared::Solid(_) => {
                for k in 0..3 {
                    paint_sums[k] = sum(&d_paint[k]);
                }
            }
            Prepared::Gradient(paint) => {
                for d in &mut d_paint[3] {
                    *d *= shape.opacity;
                }
                let stops = &tile.plan.stops;
                paint.backward(stops, tile.left, tile.top, &d_paint, paint_sums);
            }
        }
        if let Some(signed) = &mut signed {
            for p in 0..AREA {
                signed[p] = d_alpha[p] * own_alpha[p] * slope(signed[p]);
            }
        }
        for (slot, sum) in chunk.slots[entry.slot as usize..].iter().zip(&self.sums) {
            slot.store(sum.to_bits(), Relaxed);
        }
        self.give_pieces(tile, at, plane, steps);
    }

    /// Turns the plane, by now dL/d(signed coverage), into the pieces' sums.
    fn give_pieces(&self, tile: Tile<'_>, at: u32, plane: u32, steps: StepRange) {
        let Some(gradient) = self.planes.get(plane as usize) else {
            return;
        };
        let (chunk, entry, _) = tile.entry(at as usize);
        let sums = &chunk.sums[entry.first as usize..][..entry.count as usize];
        let mut start = steps.0 as usize;
        for (sum, end) in sums.iter().zip(&self.steps.ends[steps.1 as usize..]) {
            let [a, b] = gather(&self.steps.steps[start..*end as usize], gradient);
            sum.store(
                u64::from(a.to_bits()) << 32 | u64::from(b.to_bits()),
                Relaxed,
            );
            start = *end as usize;
        }
    }
}
