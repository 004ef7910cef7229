//! Who is seen where, and what each path is worth.
//!
//! The way back through a tile, as for gradients, but carrying how the finished
//! picture depends on the layer at hand: `picture = weight × colour + shift × alpha`
//! plus what does not depend on it. That is exact for nested groups and clips, so
//! removing one shape is, too.

use std::sync::atomic::Ordering::Relaxed;

use crate::coverage::{AREA, Plane};
use crate::layers::{Operation, Quad, Tile, TileScratch, coverage};
use crate::plan::{Plan, Role};
use crate::scene::Scene;
use crate::tiling::TILE;

/// No path: the background is what is seen most.
pub const NO_NODE: u32 = u32::MAX;

/// What [`Renderer::inspect`](crate::Renderer::inspect) finds out about a scene.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inspection {
    /// One report per [`Scene::nodes`]; zeros for groups.
    pub nodes: Vec<NodeReport>,
    /// Row by row, the node that contributes most to each pixel, or [`NO_NODE`].
    pub top: Vec<u32>,
}

/// What one path does in the picture. Fill and stroke are added up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NodeReport {
    /// Area inside the shape on the canvas, in pixels, seen or not.
    pub covered: f64,
    /// Sum over all pixels of the path's share in the colour, in pixels.
    pub visible: f64,
    /// Sum over all pixels of that share times the squared error (RGB) there.
    pub error: f64,
    /// How much the sum of squared errors (RGB, and alpha by its weight) grows when the path is
    /// taken out and everything else stays. Negative: the picture gets better without it.
    /// Fill and stroke of one path are taken out one at a time.
    pub removal: f64,
}

/// How the picture depends on a layer.
#[derive(Debug)]
pub(crate) struct Dependence {
    weight: Plane,
    shift: Quad,
}

impl Default for Dependence {
    fn default() -> Self {
        Self {
            weight: [0.0; AREA],
            shift: [[0.0; AREA]; 4],
        }
    }
}

/// Sums that an entry keeps here: as in [`NodeReport`].
const SUMS: usize = 4;

impl TileScratch {
    /// Fills the entries' sums and `ids`; follows a `forward` of the tile.
    /// `target` holds the tile's target, and beyond the picture's borders what
    /// `inside` says does not count.
    #[inline(always)]
    pub(crate) fn inspect(
        &mut self,
        tile: Tile<'_>,
        target: Option<&Quad>,
        alpha_weight: f32,
        inside: &Plane,
        ids: &mut [u32; AREA],
    ) {
        let mut residual = [[0.0f32; AREA]; 4];
        if let Some(target) = target {
            for k in 0..4 {
                for p in 0..AREA {
                    residual[k][p] = inside[p] * (self.picture()[k][p] - target[k][p]);
                }
            }
        }
        if self.dependence.is_empty() {
            self.dependence.push(Dependence::default());
        }
        self.dependence[0].weight = *inside;
        self.dependence[0].shift = [[0.0; AREA]; 4];
        ids.fill(NO_NODE);
        let mut largest = [0.0f32; AREA];
        let mut top = 0;
        while let Some(operation) = self.operations.pop() {
            match operation {
                Operation::Clip { .. } => {}
                Operation::Push => top -= 1,
                Operation::Pop { group, saved, .. } => {
                    top += 1;
                    if top == self.dependence.len() {
                        self.dependence.push(Dependence::default());
                    }
                    self.enter_group(tile, group, saved as usize, top);
                }
                Operation::Draw {
                    at, plane, saved, ..
                } => self.inspect_shape(
                    tile,
                    at as usize,
                    plane as usize,
                    saved as usize,
                    top,
                    inside,
                    (&residual, alpha_weight),
                    &mut largest,
                    ids,
                ),
            }
        }
        for p in 0..AREA {
            if self.dependence[0].weight[p] > largest[p] {
                ids[p] = NO_NODE;
            }
        }
    }

    #[inline(always)]
    fn enter_group(&mut self, tile: Tile<'_>, group: u32, saved: usize, top: usize) {
        let info = &tile.plan.groups[group as usize];
        let saved = &self.saved[saved..];
        let (parent_color, layer_alpha, clip) = (&saved[0..4], &saved[7], &saved[8]);
        let (below, above) = self.dependence.split_at_mut(top);
        let (parent, own) = (&mut below[top - 1], &mut above[0]);
        for p in 0..AREA {
            let mask = if info.has_clip { clip[p] } else { 1.0 };
            let weight = info.opacity * mask;
            let keep = 1.0 - weight * layer_alpha[p];
            own.weight[p] = parent.weight[p] * weight;
            for k in 0..4 {
                own.shift[k][p] = weight
                    * (parent.shift[k][p] * (1.0 - parent_color[3][p])
                        - parent.weight[p] * parent_color[k][p]);
                parent.shift[k][p] *= keep;
            }
            parent.weight[p] *= keep;
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one call site")]
    #[inline(always)]
    fn inspect_shape(
        &mut self,
        tile: Tile<'_>,
        at: usize,
        plane: usize,
        saved: usize,
        top: usize,
        inside: &Plane,
        (residual, alpha_weight): (&Quad, f32),
        largest: &mut Plane,
        ids: &mut [u32; AREA],
    ) {
        let (chunk, entry, shape) = tile.entry(at);
        self.shade(tile, shape);
        let signed = self.planes.get(plane);
        let before = &self.saved[saved..][..4];
        let shading = &self.shading.0;
        let own = &mut self.dependence[top];
        let mut sums = [0.0f32; SUMS];
        for p in 0..AREA {
            let covered = signed.map_or(1.0, |s| coverage(s[p]));
            let alpha = covered * shape.opacity * shading[3][p];
            let seen = own.weight[p] * alpha;
            let alpha_change = -alpha * (1.0 - before[3][p]);
            let mut square = 0.0;
            let mut growth = 0.0;
            // Alpha is a fourth colour, of which every paint is full.
            for k in 0..4 {
                let (full, weight) = match k {
                    3 => (1.0, alpha_weight),
                    _ => (shading[k][p], 1.0),
                };
                let change = -alpha * (full - before[k][p]);
                let change = own.weight[p] * change + own.shift[k][p] * alpha_change;
                growth += weight * change * (change + 2.0 * residual[k][p]);
                own.shift[k][p] *= 1.0 - alpha;
            }
            for residual in &residual[..3] {
                square += residual[p] * residual[p];
            }
            own.weight[p] *= 1.0 - alpha;
            sums[0] += inside[p] * covered;
            sums[1] += seen;
            sums[2] += seen * square;
            sums[3] += growth;
            if seen > largest[p] {
                largest[p] = seen;
                ids[p] = shape.node;
            }
        }
        for (slot, sum) in chunk.slots[entry.slot as usize..].iter().zip(sums) {
            slot.store(sum.to_bits(), Relaxed);
        }
    }
}

/// Adds the entries' sums up.
pub(crate) fn collect(scene: &Scene, plan: &Plan, nodes: &mut Vec<NodeReport>) {
    nodes.clear();
    nodes.resize(scene.nodes.len(), NodeReport::default());
    for chunk in &plan.chunks[..plan.chunk_count] {
        for entry in &chunk.entries {
            let shape = &plan.shapes[entry.shape as usize];
            if matches!(shape.role, Role::Clip(..)) {
                continue;
            }
            let slots = &chunk.slots[entry.slot as usize..];
            let sum = |k: usize| f64::from(f32::from_bits(slots[k].load(Relaxed)));
            let node = &mut nodes[shape.node as usize];
            node.covered += sum(0);
            node.visible += sum(1);
            node.error += sum(2);
            node.removal += sum(3);
        }
    }
}

/// Which pixels of a tile belong to the picture.
pub(crate) fn inside(scene: &Scene, tile: Tile<'_>) -> Plane {
    let mut plane = [0.0; AREA];
    let columns = (scene.width as usize - tile.left as usize).min(TILE);
    let rows = (scene.height as usize - tile.top as usize).min(TILE);
    for line in plane.chunks_exact_mut(TILE).take(rows) {
        line[..columns].fill(1.0);
    }
    plane
}

/// Copies a tile's ids to a band of the picture's rows.
pub(crate) fn store_ids(ids: &[u32; AREA], left: usize, width: usize, band: &mut [u32]) {
    let columns = (width - left).min(TILE);
    for (line, ids) in band.chunks_exact_mut(width).zip(ids.chunks_exact(TILE)) {
        line[left..left + columns].copy_from_slice(&ids[..columns]);
    }
}
