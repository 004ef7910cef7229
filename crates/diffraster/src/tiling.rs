//! Sorts a shape's line segments into square tiles.
//!
//! Segments are cut at tile borders. Each tile that a shape touches becomes an
//! [`Entry`]: the pieces inside it and the winding number at its top left
//! corner, so that a tile can be covered without looking at any other. Tiles
//! that lie wholly inside become entries without pieces; tiles outside, none.
//!
//! Winding numbers count a rightward segment as +1 for everything below it
//! (y points down), so a downward one is −1 for everything to its right.

mod cut;

use crate::growth::resize;
use crate::pieces::{Cut, FLAG_CONTINUES, FLAG_CONTOUR_END, FLAG_CONTOUR_START, Label, Pieces};
use crate::scene::FillRule;

/// Side of a tile in pixels.
pub(crate) const TILE: usize = 16;

/// A shape's share of a tile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Which shape.
    pub(crate) shape: u32,
    /// Which tile, row by row.
    pub(crate) tile: u32,
    /// First piece, and how many.
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// First of the pieces' cuts.
    pub(crate) first_cut: u32,
    /// Winding number at the tile's top left corner.
    pub(crate) backdrop: i32,
    /// First of the places for this entry's sums.
    pub(crate) slot: u32,
}

/// Number of tiles across and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Grid {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
}

impl Grid {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self {
            columns: width.div_ceil(TILE as u32),
            rows: height.div_ceil(TILE as u32),
        }
    }

    pub(crate) fn len(self) -> usize {
        self.columns as usize * self.rows as usize
    }
}

pub(crate) fn is_inside(rule: FillRule, winding: i32) -> bool {
    match rule {
        FillRule::NonZero => winding != 0,
        FillRule::EvenOdd => winding & 1 != 0,
    }
}

/// Scratch for sorting one shape at a time.
#[derive(Debug, Default)]
pub(crate) struct Tiler {
    /// Each piece, and its tile, counted within `window`.
    pieces: Vec<(Label, u32)>,
    cuts: Vec<Cut>,
    counts: Vec<Count>,
    /// Change of the corner winding from the tile's left neighbour.
    steps: Vec<i32>,
    window: Window,
    last_home: u32,
    contour_first: usize,
}

/// Number of pieces and of cuts of a tile, then where its next ones go.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    pieces: u32,
    cuts: u32,
}

/// The tiles that a shape can touch.
#[derive(Debug, Default, Clone, Copy)]
struct Window {
    left: i32,
    top: i32,
    columns: i32,
    rows: i32,
}

const NOWHERE: u32 = u32::MAX;

/// Row or column of tiles that a coordinate is in. Without `floor`, which is a
/// function call on the oldest x86-64 machines.
#[inline(always)]
fn tile_of(v: f32) -> i32 {
    let scaled = v * (1.0 / TILE as f32);
    let cut = scaled as i32;
    cut - i32::from(scaled < cut as f32)
}

impl Tiler {
    /// Appends the shape's pieces and entries, entries in row order.
    #[allow(
        clippy::too_many_arguments,
        reason = "one call site; a struct would only rename the arguments"
    )]
    pub(crate) fn push_shape(
        &mut self,
        shape: u32,
        rule: FillRule,
        vertices: &[[f32; 2]],
        contour_ends: &[u32],
        first_vertex: u32,
        grid: Grid,
        slots_per_entry: u32,
        next_slot: &mut u32,
        pieces: &mut Pieces,
        entries: &mut Vec<Entry>,
    ) {
        if !self.open_window(vertices, grid) {
            return;
        }
        let mut start = 0usize;
        for end in contour_ends {
            let end = (*end - first_vertex) as usize;
            self.begin_contour();
            let contour = &vertices[start..end];
            if let [first, rest @ .., last] = contour {
                let tile = |v: &[f32; 2]| (tile_of(v[0]), tile_of(v[1]));
                let first_tile = tile(first);
                let (mut from, mut from_tile) = (first, first_tile);
                for (i, to) in rest.iter().chain([last]).enumerate() {
                    let to_tile = tile(to);
                    let line = first_vertex + (start + i) as u32;
                    self.push_line(line, *from, *to, from_tile, to_tile, false);
                    (from, from_tile) = (to, to_tile);
                }
                let line = first_vertex + end as u32 - 1;
                self.push_line(line, *last, *first, from_tile, first_tile, true);
            }
            self.end_contour();
            start = end;
        }
        self.sort(
            shape,
            rule,
            grid,
            slots_per_entry,
            next_slot,
            pieces,
            entries,
        );
    }

    fn open_window(&mut self, vertices: &[[f32; 2]], grid: Grid) -> bool {
        let mut low = [f32::INFINITY; 2];
        let mut high = [f32::NEG_INFINITY; 2];
        for v in vertices {
            for axis in 0..2 {
                low[axis] = low[axis].min(v[axis]);
                high[axis] = high[axis].max(v[axis]);
            }
        }
        if vertices.len() < 2 {
            return false;
        }
        let left = tile_of(low[0]).max(0);
        let top = tile_of(low[1]).max(0);
        let right = tile_of(high[0]).min(grid.columns as i32 - 1);
        let bottom = tile_of(high[1]).min(grid.rows as i32 - 1);
        if right < left || bottom < top {
            return false;
        }
        self.window = Window {
            left,
            top,
            columns: right - left + 1,
            rows: bottom - top + 1,
        };
        let size = (self.window.columns * self.window.rows) as usize;
        self.pieces.clear();
        self.cuts.clear();
        self.counts.clear();
        self.counts.resize(size, Count::default());
        self.steps.clear();
        self.steps.resize(size, 0);
        true
    }

    fn begin_contour(&mut self) {
        self.last_home = NOWHERE;
        self.contour_first = self.pieces.len();
    }

    fn end_contour(&mut self) {
        if self.pieces.len() > self.contour_first
            && let Some((last, _)) = self.pieces.last_mut()
        {
            last.add_flag(FLAG_CONTOUR_END);
            self.pieces[self.contour_first]
                .0
                .add_flag(FLAG_CONTOUR_START);
        }
    }

    #[inline]
    fn push_line(
        &mut self,
        line: u32,
        a: [f32; 2],
        b: [f32; 2],
        a_tile: (i32, i32),
        b_tile: (i32, i32),
        is_last: bool,
    ) {
        if a == b {
            return;
        }
        let (column, row) = a_tile;
        if a_tile != b_tile {
            self.cut_at_rows(line, a.map(f64::from), b.map(f64::from));
        } else if is_last {
            // It ends at a vertex that is not the next one.
            let x = (column * TILE as i32) as f32;
            let y = (row * TILE as i32) as f32;
            let cut = Cut {
                x0: a[0] - x,
                y0: a[1] - y,
                x1: b[0] - x,
                y1: b[1] - y,
                t0: 0.0,
                t1: 1.0,
            };
            self.push_piece(column, row, line, 0, Some(cut));
        } else {
            self.push_piece(column, row, line, 0, None);
        }
    }

    #[inline]
    fn push_piece(&mut self, column: i32, row: i32, line: u32, mut flags: u32, cut: Option<Cut>) {
        let (c, r) = (column - self.window.left, row - self.window.top);
        if c < 0 || r < 0 || c >= self.window.columns || r >= self.window.rows {
            self.last_home = NOWHERE;
            return;
        }
        let home = (r * self.window.columns + c) as u32;
        if home == self.last_home {
            flags |= FLAG_CONTINUES;
        }
        self.last_home = home;
        let count = &mut self.counts[home as usize];
        count.pieces += 1;
        count.cuts += u32::from(cut.is_some());
        self.pieces
            .push((Label::new(line, flags, cut.is_some()), home));
        self.cuts.extend(cut);
    }

    /// Moves the shape's pieces to their places, tile by tile.
    #[allow(clippy::too_many_arguments, reason = "as push_shape")]
    fn sort(
        &mut self,
        shape: u32,
        rule: FillRule,
        grid: Grid,
        slots_per_entry: u32,
        next_slot: &mut u32,
        pieces: &mut Pieces,
        entries: &mut Vec<Entry>,
    ) {
        if self.pieces.is_empty() {
            self.push_solids(shape, rule, grid, slots_per_entry, next_slot, entries);
            return;
        }
        let mut next = Count {
            pieces: pieces.labels.len() as u32,
            cuts: pieces.cuts.len() as u32,
        };
        let (labels, cuts) = (&mut pieces.labels, &mut pieces.cuts);
        resize(labels, labels.len() + self.pieces.len(), Label::default());
        resize(cuts, cuts.len() + self.cuts.len(), Cut::default());
        let mut at = 0usize;
        for row in 0..self.window.rows {
            let mut winding = 0;
            for column in 0..self.window.columns {
                winding += self.steps[at];
                let count = self.counts[at];
                if count.pieces > 0 || is_inside(rule, winding) {
                    let tile = (self.window.top + row) as u32 * grid.columns
                        + (self.window.left + column) as u32;
                    entries.push(Entry {
                        shape,
                        tile,
                        first: next.pieces,
                        count: count.pieces,
                        first_cut: next.cuts,
                        backdrop: winding,
                        slot: *next_slot,
                    });
                    *next_slot += slots_per_entry;
                }
                self.counts[at] = next;
                next.pieces += count.pieces;
                next.cuts += count.cuts;
                at += 1;
            }
        }
        let mut own = self.cuts.iter();
        for (label, home) in &self.pieces {
            let place = &mut self.counts[*home as usize];
            labels[place.pieces as usize] = *label;
            place.pieces += 1;
            if label.is_cut()
                && let Some(cut) = own.next()
            {
                cuts[place.cuts as usize] = *cut;
                place.cuts += 1;
            }
        }
    }

    /// A shape whose outline passes no tile of the canvas may still cover tiles.
    fn push_solids(
        &mut self,
        shape: u32,
        rule: FillRule,
        grid: Grid,
        slots_per_entry: u32,
        next_slot: &mut u32,
        entries: &mut Vec<Entry>,
    ) {
        for row in 0..self.window.rows {
            let mut winding = 0;
            for column in 0..self.window.columns {
                winding += self.steps[(row * self.window.columns + column) as usize];
                if is_inside(rule, winding) {
                    entries.push(Entry {
                        shape,
                        tile: (self.window.top + row) as u32 * grid.columns
                            + (self.window.left + column) as u32,
                        first: 0,
                        count: 0,
                        first_cut: 0,
                        backdrop: winding,
                        slot: *next_slot,
                    });
                    *next_slot += slots_per_entry;
                }
            }
        }
    }
}
