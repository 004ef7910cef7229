//! Composites one tile of any scene.
//!
//! The tile's layers are kept as a stack of premultiplied RGBA planes. Every
//! operation saves what it covers, so that the way back can see it; all of it
//! stays within a tile's worth of memory per operation.
//!
//! All that goes over pixels is inlined, so that it is compiled for the instruction set that the
//! caller dispatches to.

mod backward;

use crate::coverage::{AREA, CoverScratch, Plane, Steps, cover_dispatched};
use crate::flat::{FlatScratch, is_flat};
use crate::growth::room;
use crate::inspect::Dependence;
use crate::paint::Prepared;
use crate::pieces::Piece;
use crate::plan::{Chunk, Plan, ROOT, Role, Shape};
use crate::tiling::Entry;

/// Premultiplied RGBA of a tile.
pub(crate) type Quad = [Plane; 4];

/// No coverage plane: the tile is covered completely.
const SOLID: u32 = u32::MAX;

/// A layer, or the gradient of one.
#[derive(Debug)]
struct Layer {
    color: Quad,
    clip: Plane,
}

impl Default for Layer {
    fn default() -> Self {
        Self {
            color: [[0.0; AREA]; 4],
            clip: [0.0; AREA],
        }
    }
}

/// What was done, for the way back.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    /// Painted a shape; `saved` is the layer before.
    Draw {
        at: u32,
        plane: u32,
        steps: StepRange,
        saved: u32,
    },
    /// Added a shape to the layer's clip; `saved` is the clip before.
    Clip {
        at: u32,
        plane: u32,
        steps: StepRange,
        saved: u32,
    },
    /// Began a group.
    Push,
    /// Ended a group that entry `at` had opened; `saved` holds the parent's layer, the group's, its
    /// clip.
    Pop { at: u32, group: u32, saved: u32 },
}

/// First step and first piece end of an entry.
pub(crate) type StepRange = (u32, u32);

/// Memory of one worker.
#[derive(Debug, Default)]
pub(crate) struct TileScratch {
    pub(crate) flat: FlatScratch,
    pub(crate) cover: CoverScratch,
    pub(crate) steps: Steps,
    pub(crate) planes: Vec<Plane>,
    pub(crate) saved: Vec<Plane>,
    pub(crate) operations: Vec<Operation>,
    /// The root and the open groups above it; `open` names the groups.
    layers: Vec<Layer>,
    open: Vec<(u32, u32)>,
    chain: Vec<u32>,
    gradients: Vec<Layer>,
    pub(crate) dependence: Vec<Dependence>,
    pub(crate) shading: Box<Quad4>,
    sums: Vec<f32>,
    pieces: Vec<Piece>,
}

room!(TileScratch: flat, cover, steps, planes, saved, operations, layers, open, chain, gradients, dependence, sums, pieces);

#[derive(Debug)]
pub(crate) struct Quad4(pub(crate) Quad);

impl Default for Quad4 {
    fn default() -> Self {
        Self([[0.0; AREA]; 4])
    }
}

/// One tile of a plan.
#[derive(Clone, Copy)]
pub(crate) struct Tile<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) entries: &'a [(u32, u32)],
    /// Pixel position of the tile.
    pub(crate) left: f32,
    pub(crate) top: f32,
    /// Premultiplied.
    pub(crate) background: [f32; 4],
}

impl<'a> Tile<'a> {
    /// Whether [`crate::flat`] can do the tile.
    pub(crate) fn is_flat(&self) -> bool {
        self.background[3] == 1.0
            && (self.plan.is_flat || (0..self.entries.len()).all(|at| is_flat(self.entry(at).2)))
    }

    pub(crate) fn entry(&self, at: usize) -> (&'a Chunk, &'a Entry, &'a Shape) {
        let (chunk, entry) = self.entries[at];
        let chunk = &self.plan.chunks[chunk as usize];
        let entry = &chunk.entries[entry as usize];
        (chunk, entry, &self.plan.shapes[entry.shape as usize])
    }
}

#[inline(always)]
pub(crate) fn coverage(signed: f32) -> f32 {
    signed.abs().min(1.0)
}

impl TileScratch {
    /// The finished tile after [`TileScratch::forward`].
    pub(crate) fn picture(&self) -> &Quad {
        &self.layers[0].color
    }

    /// Renders the tile.
    #[inline(always)]
    pub(crate) fn forward(&mut self, tile: Tile<'_>) {
        self.steps.steps.clear();
        self.steps.ends.clear();
        self.planes.clear();
        self.saved.clear();
        self.operations.clear();
        self.open.clear();
        self.open_layer(0);
        for (plane, v) in self.layers[0].color.iter_mut().zip(tile.background) {
            plane.fill(v);
        }
        for at in 0..tile.entries.len() {
            let (_, _, shape) = tile.entry(at);
            self.enter(tile, at, shape.group);
            match shape.role {
                Role::Clip(..) => self.add_to_clip(tile, at),
                Role::Fill | Role::Stroke => self.draw(tile, at),
            }
        }
        self.leave(tile, 0);
    }

    #[inline(always)]
    fn open_layer(&mut self, index: usize) {
        if index == self.layers.len() {
            self.layers.push(Layer::default());
        }
        let layer = &mut self.layers[index];
        layer.color.as_flattened_mut().fill(0.0);
        layer.clip.fill(0.0);
    }

    /// Closes and opens groups until `group` is the innermost one.
    #[inline(always)]
    fn enter(&mut self, tile: Tile<'_>, at: usize, group: u32) {
        if self.open.last().map_or(ROOT, |o| o.0) == group {
            return;
        }
        // From the group outwards, so the outermost one comes last.
        let mut chain = std::mem::take(&mut self.chain);
        chain.clear();
        let mut ancestor = group;
        while ancestor != ROOT {
            chain.push(ancestor);
            ancestor = tile.plan.groups[ancestor as usize].parent;
        }
        let pairs = self.open.iter().zip(chain.iter().rev());
        let shared = pairs
            .take_while(|(open, wanted)| open.0 == **wanted)
            .count();
        self.leave(tile, shared);
        for opened in chain.iter().rev().skip(shared) {
            self.open.push((*opened, at as u32));
            self.open_layer(self.open.len());
            self.operations.push(Operation::Push);
        }
        self.chain = chain;
    }

    /// Paints the layers of groups that are nested deeper than `depth`.
    #[inline(always)]
    fn leave(&mut self, tile: Tile<'_>, depth: usize) {
        while self.open.len() > depth {
            let index = self.open.len();
            let Some((group, at)) = self.open.pop() else {
                return;
            };
            let info = &tile.plan.groups[group as usize];
            let saved = self.saved.len() as u32;
            let (below, above) = self.layers.split_at_mut(index);
            let (parent, layer) = (&mut below[index - 1], &above[0]);
            self.saved.extend_from_slice(&parent.color);
            self.saved.extend_from_slice(&layer.color);
            self.saved.push(layer.clip);
            for p in 0..AREA {
                let mask = if info.has_clip { layer.clip[p] } else { 1.0 };
                let weight = info.opacity * mask;
                let keep = 1.0 - weight * layer.color[3][p];
                for k in 0..4 {
                    parent.color[k][p] = parent.color[k][p] * keep + weight * layer.color[k][p];
                }
            }
            self.operations.push(Operation::Pop { at, group, saved });
        }
    }

    /// Covers an entry's shape: its plane and where its steps begin.
    fn cover_entry(&mut self, tile: Tile<'_>, at: usize) -> (u32, StepRange) {
        let (chunk, entry, shape) = tile.entry(at);
        let range = (self.steps.steps.len() as u32, self.steps.ends.len() as u32);
        if entry.count == 0 {
            return (SOLID, range);
        }
        let plane = self.planes.len() as u32;
        self.planes.push([0.0; AREA]);
        chunk.pieces_of(entry, tile).unpack(&mut self.pieces);
        cover_dispatched(
            &self.pieces,
            entry.backdrop,
            shape.rule,
            &mut self.cover,
            &mut self.steps,
            &mut self.planes[plane as usize],
        );
        (plane, range)
    }

    #[inline(always)]
    fn add_to_clip(&mut self, tile: Tile<'_>, at: usize) {
        let (plane, steps) = self.cover_entry(tile, at);
        let clip = &mut self.layers[self.open.len()].clip;
        let saved = self.saved.len() as u32;
        self.saved.push(*clip);
        match self.planes.get(plane as usize) {
            None => clip.fill(1.0),
            Some(signed) => {
                for (c, s) in clip.iter_mut().zip(signed) {
                    *c += coverage(*s) * (1.0 - *c);
                }
            }
        }
        self.operations.push(Operation::Clip {
            at: at as u32,
            plane,
            steps,
            saved,
        });
    }

    #[inline(always)]
    fn draw(&mut self, tile: Tile<'_>, at: usize) {
        let (_, _, shape) = tile.entry(at);
        let (plane, steps) = self.cover_entry(tile, at);
        self.shade(tile, shape);
        let saved = self.saved.len() as u32;
        let color = &mut self.layers[self.open.len()].color;
        self.saved.extend_from_slice(color);
        let shading = &self.shading.0;
        let mut alpha = shading[3].map(|alpha| shape.opacity * alpha);
        if let Some(signed) = self.planes.get(plane as usize) {
            for p in 0..AREA {
                alpha[p] *= coverage(signed[p]);
            }
        }
        for k in 0..3 {
            for p in 0..AREA {
                color[k][p] += alpha[p] * (shading[k][p] - color[k][p]);
            }
        }
        for p in 0..AREA {
            color[3][p] += alpha[p] * (1.0 - color[3][p]);
        }
        self.operations.push(Operation::Draw {
            at: at as u32,
            plane,
            steps,
            saved,
        });
    }

    #[inline(always)]
    pub(crate) fn shade(&mut self, tile: Tile<'_>, shape: &Shape) {
        match &shape.paint {
            Prepared::Solid(color) => {
                for (plane, v) in self.shading.0.iter_mut().zip(color.iter().chain(&[1.0])) {
                    plane.fill(*v);
                }
            }
            Prepared::Gradient(gradient) => {
                gradient.shade(&tile.plan.stops, tile.left, tile.top, &mut self.shading.0);
            }
        }
    }
}
