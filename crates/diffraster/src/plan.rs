//! A scene taken apart for rendering: shapes, groups, and their pieces by tile.
//!
//! Nodes are split into runs ("chunks") that are flattened and tiled in
//! parallel; chunk borders depend on the scene alone, so they cannot show in
//! the result.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicU64};

use rayon::prelude::*;

use crate::error::SceneError;
use crate::flat::is_flat;
use crate::flatten::{Polygons, Weights};
use crate::growth::{USUAL_VERTICES, make_room};
use crate::layers::Tile;
use crate::paint::Prepared;
use crate::pieces::{MAX_VERTICES, Pieces, TilePieces};
use crate::scene::{FillRule, Node, Scene, Stop};
use crate::stroke::{StrokeRange, Stroker};
use crate::tiling::{Entry, Grid, TILE, Tiler};

/// Group index of shapes on the canvas itself.
pub(crate) const ROOT: u32 = u32::MAX;

/// Points that make a chunk worth its own task.
const CHUNK_POINTS: usize = 512;

/// What a shape is to its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Fill,
    Stroke,
    /// Shape number of clip number.
    Clip(u32, u32),
}

/// One coverage to be computed and what it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) node: u32,
    pub(crate) role: Role,
    pub(crate) rule: FillRule,
    pub(crate) group: u32,
    pub(crate) paint: Prepared,
    pub(crate) opacity: f32,
    /// Sums that an entry keeps for the paint and its opacity.
    pub(crate) paint_slots: u32,
    /// Nesting of `group`; an entry keeps one more sum for each.
    pub(crate) depth: u32,
}

/// A group and where it is nested.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupInfo {
    pub(crate) node: u32,
    pub(crate) parent: u32,
    pub(crate) depth: u32,
    pub(crate) opacity: f32,
    pub(crate) has_clip: bool,
}

/// A shape's part of its chunk's arrays.
#[derive(Debug, Clone)]
pub(crate) struct ShapeRanges {
    pub(crate) vertices: Range<usize>,
    pub(crate) contours: Range<usize>,
    pub(crate) curves: Range<usize>,
    pub(crate) pieces: Range<usize>,
    pub(crate) first_cut: usize,
    pub(crate) entries: Range<usize>,
    /// Of strokes.
    pub(crate) stroke: StrokeRange,
}

/// A run of nodes, flattened and tiled.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) nodes: Range<usize>,
    pub(crate) shapes: Range<usize>,
    pub(crate) ranges: Vec<ShapeRanges>,
    pub(crate) polygons: Polygons,
    pub(crate) pieces: Pieces,
    pub(crate) entries: Vec<Entry>,
    /// Per piece, the sums for its two ends, as two `f32` in one word. Atomic
    /// only so that tiles may write them side by side; every word has one writer.
    pub(crate) sums: Vec<AtomicU64>,
    /// Per entry, sums of paint, opacity and group opacities.
    pub(crate) slots: Vec<AtomicU32>,
    pub(crate) vertex_gradients: Vec<[f32; 2]>,
    /// Gradients that do not belong to the chunk's own nodes: parameter, value.
    pub(crate) outer_gradients: Vec<(usize, f32)>,
    pub(crate) clip_gradients: Vec<f32>,
    pub(crate) stroker: Stroker,
    tiler: Tiler,
    error: Option<SceneError>,
}

/// Everything about a scene that tiles need.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) grid: Grid,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) groups: Vec<GroupInfo>,
    pub(crate) stops: Vec<Stop>,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) chunk_count: usize,
    /// Chunk and entry, tile by tile, in painting order.
    pub(crate) tile_entries: Vec<(u32, u32)>,
    /// Start of each tile in `tile_entries`, and the total.
    pub(crate) tile_starts: Vec<u32>,
    /// All shapes are solid colours outside groups.
    pub(crate) is_flat: bool,
    stack: Vec<u32>,
}

impl Plan {
    /// Takes `scene` (already validated) apart, on the pool's threads if `parallel`.
    pub(crate) fn build(
        &mut self,
        scene: &Scene,
        tolerance: f32,
        weights: &Weights,
        parallel: bool,
    ) -> Result<(), SceneError> {
        self.grid = Grid::new(scene.width, scene.height);
        self.list_shapes(scene);
        self.is_flat = self.shapes.iter().all(is_flat);
        let grid = self.grid;
        let shapes = &self.shapes;
        let chunks = &mut self.chunks[..self.chunk_count];
        if parallel && chunks.len() > 1 {
            chunks
                .par_iter_mut()
                .for_each(|chunk| chunk.build(scene, shapes, grid, tolerance, weights));
        } else {
            for chunk in chunks.iter_mut() {
                chunk.build(scene, shapes, grid, tolerance, weights);
            }
        }
        if let Some(error) = chunks.iter_mut().find_map(|c| c.error.take()) {
            return Err(error);
        }
        self.sort_entries();
        Ok(())
    }

    fn list_shapes(&mut self, scene: &Scene) {
        self.shapes.clear();
        self.groups.clear();
        self.stops.clear();
        self.stack.clear();
        self.chunk_count = 0;
        let mut points = 0;
        let mut chunk_start = (0, 0);
        for (index, node) in scene.nodes.iter().enumerate() {
            let node_index = index as u32;
            let group = self.stack.last().copied().unwrap_or(ROOT);
            let depth = self.stack.len() as u32;
            match node {
                Node::Path(path) => {
                    points += path.outline.points.len();
                    let first = self.shapes.len();
                    if let Some(fill) = &path.fill {
                        let paint = Prepared::new(&fill.paint, scene.view, &mut self.stops);
                        self.shapes.push(Shape {
                            node: node_index,
                            role: Role::Fill,
                            rule: fill.rule,
                            group,
                            paint,
                            opacity: fill.opacity,
                            paint_slots: paint.slot_count() as u32 + 1,
                            depth,
                        });
                    }
                    if let Some(stroke) = &path.stroke
                        && 0.5 * stroke.width * scene.view.scale > 0.0
                    {
                        let paint = Prepared::new(&stroke.paint, scene.view, &mut self.stops);
                        self.shapes.push(Shape {
                            node: node_index,
                            role: Role::Stroke,
                            rule: FillRule::NonZero,
                            group,
                            paint,
                            opacity: stroke.opacity,
                            paint_slots: paint.slot_count() as u32 + 1,
                            depth,
                        });
                    }
                    if path.stroke_first {
                        self.shapes[first..].reverse();
                    }
                }
                Node::Push(pushed) => {
                    let own = self.groups.len() as u32;
                    self.groups.push(GroupInfo {
                        node: node_index,
                        parent: group,
                        depth: depth + 1,
                        opacity: pushed.opacity,
                        has_clip: pushed.clip.is_some(),
                    });
                    self.stack.push(own);
                    if let Some(clip) = pushed.clip {
                        for (s, shape) in scene.clips[clip].shapes.iter().enumerate() {
                            points += shape.outline.points.len();
                            self.shapes.push(Shape {
                                node: node_index,
                                role: Role::Clip(clip as u32, s as u32),
                                rule: shape.rule,
                                group: own,
                                paint: Prepared::Solid([0.0; 3]),
                                opacity: 1.0,
                                paint_slots: 0,
                                depth: depth + 1,
                            });
                        }
                    }
                }
                Node::Pop => {
                    self.stack.pop();
                }
            }
            if points >= CHUNK_POINTS || index + 1 == scene.nodes.len() {
                self.add_chunk(chunk_start.0..index + 1, chunk_start.1..self.shapes.len());
                chunk_start = (index + 1, self.shapes.len());
                points = 0;
            }
        }
    }

    fn add_chunk(&mut self, nodes: Range<usize>, shapes: Range<usize>) {
        if self.chunk_count == self.chunks.len() {
            self.chunks.push(Chunk::default());
        }
        let chunk = &mut self.chunks[self.chunk_count];
        chunk.nodes = nodes;
        chunk.shapes = shapes;
        self.chunk_count += 1;
    }

    /// Lists entries by tile; within a tile they stay in painting order.
    fn sort_entries(&mut self) {
        let tiles = self.grid.len();
        self.tile_starts.clear();
        self.tile_starts.resize(tiles + 1, 0);
        let chunks = &self.chunks[..self.chunk_count];
        for entry in chunks.iter().flat_map(|c| &c.entries) {
            self.tile_starts[entry.tile as usize + 1] += 1;
        }
        for tile in 0..tiles {
            self.tile_starts[tile + 1] += self.tile_starts[tile];
        }
        let total = self.tile_starts[tiles] as usize;
        self.tile_entries.resize(total, (0, 0));
        // Filling from the back turns the starts of the next tiles into those
        // of their own, without a second array.
        for (c, chunk) in chunks.iter().enumerate().rev() {
            for (e, entry) in chunk.entries.iter().enumerate().rev() {
                let place = &mut self.tile_starts[entry.tile as usize + 1];
                *place -= 1;
                self.tile_entries[*place as usize] = (c as u32, e as u32);
            }
        }
        self.tile_starts.rotate_left(1);
        if let Some(last) = self.tile_starts.last_mut() {
            *last = total as u32;
        }
    }

    /// A tile and its entries, bottom first.
    pub(crate) fn tile(&self, index: usize, scene: &Scene) -> Tile<'_> {
        let columns = self.grid.columns as usize;
        let range = self.tile_starts[index] as usize..self.tile_starts[index + 1] as usize;
        let [r, g, b, a] = scene.background;
        Tile {
            plan: self,
            entries: &self.tile_entries[range],
            left: (index % columns * TILE) as f32,
            top: (index / columns * TILE) as f32,
            background: [r * a, g * a, b * a, a],
        }
    }
}

impl Chunk {
    /// The pieces of one of the chunk's entries, in its tile.
    #[inline(always)]
    pub(crate) fn pieces_of(&self, entry: &Entry, tile: Tile<'_>) -> TilePieces<'_> {
        let vertices = &self.polygons.vertices;
        let corner = [tile.left, tile.top];
        self.pieces
            .in_tile(entry.first, entry.count, entry.first_cut, vertices, corner)
    }

    fn build(
        &mut self,
        scene: &Scene,
        shapes: &[Shape],
        grid: Grid,
        tolerance: f32,
        weights: &Weights,
    ) {
        self.ranges.clear();
        self.polygons.clear();
        self.stroker.clear();
        self.pieces.clear();
        self.entries.clear();
        let size = [scene.width as f32, scene.height as f32];
        let mut next_slot = 0;
        for index in self.shapes.clone() {
            let shape = &shapes[index];
            // Larger ones make their own.
            make_room(&mut self.polygons.vertices, USUAL_VERTICES);
            let vertices = self.polygons.vertices.len();
            let contours = self.polygons.contour_ends.len();
            let curves = self.polygons.curves.len();
            let stroke = match self.flatten(scene, shape, size, tolerance, weights) {
                Ok(stroke) => stroke,
                Err(error) => {
                    self.error = Some(error);
                    return;
                }
            };
            if self.polygons.vertices.len() > MAX_VERTICES {
                self.error = Some(SceneError::TooComplex {
                    limit: MAX_VERTICES,
                });
                return;
            }
            let pieces = self.pieces.labels.len();
            let first_cut = self.pieces.cuts.len();
            let entries = self.entries.len();
            self.tiler.push_shape(
                index as u32,
                shape.rule,
                &self.polygons.vertices[vertices..],
                &self.polygons.contour_ends[contours..],
                vertices as u32,
                grid,
                shape.paint_slots + shape.depth,
                &mut next_slot,
                &mut self.pieces,
                &mut self.entries,
            );
            self.ranges.push(ShapeRanges {
                vertices: vertices..self.polygons.vertices.len(),
                contours: contours..self.polygons.contour_ends.len(),
                curves: curves..self.polygons.curves.len(),
                pieces: pieces..self.pieces.labels.len(),
                first_cut,
                entries: entries..self.entries.len(),
                stroke,
            });
        }
        self.sums
            .resize_with(self.pieces.labels.len(), AtomicU64::default);
        self.slots
            .resize_with(next_slot as usize, AtomicU32::default);
    }

    fn flatten(
        &mut self,
        scene: &Scene,
        shape: &Shape,
        size: [f32; 2],
        tolerance: f32,
        weights: &Weights,
    ) -> Result<StrokeRange, SceneError> {
        let outline = match (shape.role, &scene.nodes[shape.node as usize]) {
            (Role::Clip(clip, s), _) => &scene.clips[clip as usize].shapes[s as usize].outline,
            (Role::Fill, Node::Path(path)) => &path.outline,
            (Role::Stroke, Node::Path(path)) => {
                return match &path.stroke {
                    Some(stroke) => self.stroker.push(
                        &path.outline,
                        stroke,
                        scene.view,
                        tolerance,
                        &mut self.polygons,
                    ),
                    None => Ok(StrokeRange::default()),
                };
            }
            _ => return Ok(StrokeRange::default()),
        };
        self.polygons
            .push_fill(outline, scene.view, size, tolerance, weights)?;
        Ok(StrokeRange::default())
    }
}
