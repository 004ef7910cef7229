//! Finds what there is in the pixels of a tile where an outline may meet itself.
//!
//! The mean winding number says nothing about coverage where parts of a pixel
//! have, say, winding 2 and others 0. For such pixels this follows the outline
//! through the tile from pixel to pixel and keeps its fragments in them, with the
//! borders that they cross. As the way is the one that the walk took, rounding
//! cannot make the two disagree. What the fragments of a pixel mean is up to
//! [`crate::pixel`].
//!
//! Pixels with more than [`MAX_FRAGMENTS`] fragments are measured on scan lines
//! and keep the adjoint of the plain mean.

use fearless_simd::{Level, Simd, dispatch};

use crate::band::band;
use crate::coverage::{AREA, Plane, Step};
use crate::growth::room;
use crate::pieces::{
    FLAG_CONTINUES, FLAG_CONTOUR_END, FLAG_CONTOUR_START, FLAG_FROM_ABOVE, FLAG_TO_ABOVE, Piece,
};
use crate::pixel::{
    CONTINUES, ENTERS_TOP, Fragment, LEAVES_TOP, MAX_FRAGMENTS, Pixel, REACHES_LEFT, REACHES_RIGHT,
    Weight, is_monotone,
};
use crate::scene::FillRule;
use crate::tiling::TILE;

/// A pixel that needs looking at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dirty {
    pub(crate) pixel: u32,
    /// The outline passes through it only once.
    pub(crate) is_single: bool,
}

/// No fragment.
const NONE: u32 = u32::MAX;

/// A dirty pixel's fragments: first and last in `links`.
#[derive(Debug, Clone, Copy)]
struct Cell {
    dirty: Dirty,
    first: u32,
    last: u32,
}

/// A fragment and the next one in its pixel.
#[derive(Debug, Clone, Copy)]
struct Link {
    fragment: Fragment,
    next: u32,
}

/// Where a contour starts, to be joined with its end.
#[derive(Debug, Clone, Copy)]
struct ContourStart {
    at: [f32; 2],
    pixel: usize,
    /// Its first fragment, where that is kept.
    link: u32,
    is_kept: bool,
}

/// Reused memory.
#[derive(Debug)]
pub(crate) struct OverlapScratch {
    level: Level,
    /// Place in `cells` plus one of each dirty pixel, zero of the others.
    places: [u16; AREA],
    cells: Vec<Cell>,
    links: Vec<Link>,
    fragments: Vec<Fragment>,
    weights: [Weight; MAX_FRAGMENTS],
    pixel: Pixel,
}

room!(OverlapScratch: cells, links, fragments, pixel);

impl Default for OverlapScratch {
    fn default() -> Self {
        Self {
            level: Level::new(),
            places: [0; AREA],
            cells: Vec::new(),
            links: Vec::new(),
            fragments: Vec::new(),
            weights: [Weight::default(); MAX_FRAGMENTS],
            pixel: Pixel::default(),
        }
    }
}

/// Where a pixel is within its tile: column, row.
fn place(pixel: usize) -> (usize, usize) {
    (pixel % TILE, pixel / TILE)
}

/// What the fragments before and behind the border between two pixels of a way
/// are to be marked with. Where a way goes next cannot be foreseen, so this has no branches.
#[inline(always)]
fn crossed(from: usize, to: usize) -> (u32, u32) {
    /// Staying, then moving down, up, right, left.
    const MARKS: [(u32, u32); 5] = [
        (0, CONTINUES),
        (0, ENTERS_TOP),
        (LEAVES_TOP, 0),
        (REACHES_RIGHT, REACHES_LEFT),
        (REACHES_LEFT, REACHES_RIGHT),
    ];
    let ((column, row), (next_column, next_row)) = (place(from), place(to));
    let across = usize::from(next_row > row) + 2 * usize::from(next_row < row);
    let along = 3 * usize::from(next_column > column) + 4 * usize::from(next_column < column);
    MARKS[if across == 0 { along } else { across }]
}

/// A coordinate within its pixel, exactly on the border when the way goes on in another row or
/// column.
#[inline(always)]
fn on_side(own: usize, other: usize, within: f32) -> f32 {
    let far = if own < other { 1.0 } else { 0.0 };
    if own == other { within } else { far }
}

impl OverlapScratch {
    /// Replaces the coverage of `dirty` pixels in `out` by the exact one and
    /// the weights of their steps by what follows each fragment's sides.
    #[allow(clippy::too_many_arguments, reason = "one call site")]
    pub(crate) fn resolve(
        &mut self,
        pieces: &[Piece],
        rule: FillRule,
        dirty: &[Dirty],
        ends: &[u32],
        steps: &mut [Step],
        first_step: usize,
        out: &mut Plane,
    ) {
        self.cells.clear();
        self.links.clear();
        for (i, dirty) in dirty.iter().enumerate() {
            self.places[dirty.pixel as usize] = i as u16 + 1;
            self.cells.push(Cell {
                dirty: *dirty,
                first: NONE,
                last: NONE,
            });
        }
        self.follow(pieces, ends, steps, first_step);
        for dirty in dirty {
            self.places[dirty.pixel as usize] = 0;
        }
        let level = self.level;
        dispatch!(level, simd => self.resolve_cells(simd, rule, steps, out));
    }

    #[inline(always)]
    fn resolve_cells<S: Simd>(
        &mut self,
        simd: S,
        rule: FillRule,
        steps: &mut [Step],
        out: &mut Plane,
    ) {
        for cell in &self.cells {
            self.fragments.clear();
            let mut next = cell.first;
            while let Some(link) = self.links.get(next as usize) {
                self.fragments.push(link.fragment);
                next = link.next;
            }
            let fragments = self.fragments.as_slice();
            if cell.dirty.is_single && is_monotone(fragments) {
                continue;
            }
            let p = cell.dirty.pixel as usize;
            if let Some(band) = band(rule, out[p], fragments) {
                out[p] = band.area.clamp(1e-30, 1.0);
                for (i, fragment) in fragments.iter().enumerate() {
                    let follows = band.follows[usize::from(i >= band.second)];
                    let step = &mut steps[fragment.step as usize];
                    step.weight *= follows;
                    step.weighted_middle *= follows;
                }
                continue;
            }
            if fragments.len() > MAX_FRAGMENTS {
                let area = self.pixel.scan(rule, out[p], fragments);
                out[p] = area.copysign(out[p]);
                continue;
            }
            let weights = &mut self.weights;
            let area = self.pixel.resolve(simd, rule, out[p], fragments, weights);
            out[p] = area.clamp(1e-30, 1.0);
            for (fragment, weight) in fragments.iter().zip(weights) {
                let step = &mut steps[fragment.step as usize];
                step.weight = weight.weight;
                step.weighted_middle = weight.weighted_middle;
            }
        }
    }

    /// Follows the outline and keeps its fragments in dirty pixels.
    fn follow(&mut self, pieces: &[Piece], ends: &[u32], steps: &[Step], first_step: usize) {
        let mut start = first_step;
        // The pixel before, where the chain has one, and the fragment in it, where
        // that is kept.
        let (mut before, mut link) = (None, NONE);
        let mut contour: Option<ContourStart> = None;
        for (i, (piece, &end)) in pieces.iter().zip(ends).enumerate() {
            let own = &steps[start..end as usize];
            let Some(first) = own.first() else {
                continue;
            };
            let pixel = first.pixel as usize % AREA;
            if link != NONE
                && let Some(before) = before
            {
                self.mark(link, crossed(before, pixel).0);
            }
            if piece.flags & FLAG_CONTOUR_START != 0 {
                contour = Some(ContourStart {
                    at: [piece.x0, piece.y0],
                    pixel,
                    link: self.links.len() as u32,
                    is_kept: self.places[pixel] != 0,
                });
            }
            let mut from = 0.0;
            for (k, step) in own.iter().enumerate() {
                let pixel = step.pixel as usize % AREA;
                link = if self.places[pixel] == 0 {
                    NONE
                } else {
                    self.keep(piece, own, k, from, before, (start + k) as u32)
                };
                from += step.weight;
                before = Some(pixel);
            }
            start = end as usize;
            let goes_on = |next: &Piece| next.flags & FLAG_CONTINUES != 0;
            if !pieces.get(i + 1).is_some_and(goes_on) {
                if let Some(last) = before {
                    self.leave(piece, last, link, contour);
                }
                (before, link) = (None, NONE);
            }
        }
    }

    /// Keeps a piece's fragment in the pixel of its step `k`, which starts at the
    /// part `from` and comes from the pixel `before`; returns its place.
    #[inline(always)]
    fn keep(
        &mut self,
        piece: &Piece,
        steps: &[Step],
        k: usize,
        from: f32,
        before: Option<usize>,
        step: u32,
    ) -> u32 {
        let pixel = steps[k].pixel as usize % AREA;
        let (column, row) = place(pixel);
        let (x, y) = (column as f32, row as f32);
        // In the pixel, and exactly on the border to the `other` one.
        let on_border = |t: f32, other: usize| {
            let at = [
                piece.x0 + t * (piece.x1 - piece.x0) - x,
                piece.y0 + t * (piece.y1 - piece.y0) - y,
            ];
            let (other_column, other_row) = place(other);
            [
                on_side(column, other_column, at[0].clamp(0.0, 1.0)),
                on_side(row, other_row, at[1].clamp(0.0, 1.0)),
            ]
        };
        let within = |at: [f32; 2]| [(at[0] - x).clamp(0.0, 1.0), (at[1] - y).clamp(0.0, 1.0)];
        let enters = match before {
            Some(before) => crossed(before, pixel).1,
            None if piece.flags & FLAG_FROM_ABOVE != 0 => ENTERS_TOP,
            None if piece.x0 <= 0.0 => REACHES_LEFT,
            None if piece.x0 >= TILE as f32 => REACHES_RIGHT,
            None => 0,
        };
        let start = match before {
            Some(before) if k > 0 => on_border(from, before),
            _ => within([piece.x0, piece.y0]),
        };
        let (to, end, leaves) = match steps.get(k + 1) {
            Some(next) => {
                let next = next.pixel as usize % AREA;
                let to = from + steps[k].weight;
                (to, on_border(to, next), crossed(pixel, next).0)
            }
            None => (1.0, within([piece.x1, piece.y1]), 0),
        };
        let link = self.links.len() as u32;
        let at = usize::from(self.places[pixel]).wrapping_sub(1);
        let Some(cell) = self.cells.get_mut(at) else {
            return NONE;
        };
        match self.links.get_mut(cell.last as usize) {
            Some(last) => last.next = link,
            None => cell.first = link,
        }
        cell.last = link;
        self.links.push(Link {
            fragment: Fragment {
                start,
                end,
                from,
                to,
                flags: enters | leaves,
                step,
            },
            next: NONE,
        });
        link
    }

    fn mark(&mut self, link: u32, flag: u32) {
        if let Some(link) = self.links.get_mut(link as usize) {
            link.fragment.flags |= flag;
        }
    }

    /// Notes where a chain of pieces ends: on the tile's border, or where its
    /// contour starts.
    fn leave(&mut self, piece: &Piece, pixel: usize, link: u32, contour: Option<ContourStart>) {
        let closes = |start: &ContourStart| {
            piece.flags & FLAG_CONTOUR_END != 0 && start.at == [piece.x1, piece.y1]
        };
        if piece.flags & FLAG_TO_ABOVE != 0 {
            self.mark(link, LEAVES_TOP);
        } else if let Some(start) = contour.filter(closes) {
            let (leaves, enters) = crossed(pixel, start.pixel);
            self.mark(link, leaves);
            if start.is_kept {
                // In the same pixel, but not next to each other in its list.
                self.mark(start.link, enters & !CONTINUES);
            }
        } else if piece.x1 <= 0.0 {
            self.mark(link, REACHES_LEFT);
        } else if piece.x1 >= TILE as f32 {
            self.mark(link, REACHES_RIGHT);
        }
    }
}
