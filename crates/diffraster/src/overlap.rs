//! Finds what there is in the pixels of a tile where an outline may meet itself.
//!
//! The mean winding number says nothing about coverage where parts of a pixel
//! have, say, winding 2 and others 0. For such pixels this follows the outline
//! through the tile from pixel to pixel, keeps its fragments in them, and counts
//! the windings at their corners by the borders that it crosses. As the way is
//! the one that the walk took, rounding cannot make the two disagree. What the
//! fragments of a pixel mean is up to [`crate::pixel`].
//!
//! Pixels with more than [`MAX_FRAGMENTS`] fragments are measured on scan lines
//! and keep the adjoint of the plain mean.

use fearless_simd::{Level, Simd, dispatch};

use crate::coverage::{AREA, Plane, Step};
use crate::pixel::{
    CONTINUES, ENTERS_TOP, Fragment, LEAVES_TOP, MAX_FRAGMENTS, Pixel, REACHES_LEFT, REACHES_RIGHT,
    Weight, is_monotone,
};
use crate::scene::FillRule;
use crate::tiling::{
    FLAG_CONTINUES, FLAG_CONTOUR_END, FLAG_CONTOUR_START, FLAG_FROM_ABOVE, FLAG_TO_ABOVE, Piece,
    TILE,
};

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
    link: u32,
    is_on_left: bool,
}

/// Reused memory.
#[derive(Debug)]
pub(crate) struct OverlapScratch {
    level: Level,
    /// Place in `cells` plus one of each dirty pixel, zero of the others.
    places: [u16; AREA],
    cells: Vec<Cell>,
    links: Vec<Link>,
    /// Windings at the top left corners of pixels; while the outline is
    /// followed, their changes from the corners above.
    corners: [i32; AREA + TILE],
    /// Changes of the winding along the tile's top from column to column.
    top: [i32; TILE + 1],
    fragments: Vec<Fragment>,
    weights: [Weight; MAX_FRAGMENTS],
    pixel: Pixel,
}

impl Default for OverlapScratch {
    fn default() -> Self {
        Self {
            level: Level::new(),
            places: [0; AREA],
            cells: Vec::new(),
            links: Vec::new(),
            corners: [0; AREA + TILE],
            top: [0; TILE + 1],
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

impl OverlapScratch {
    /// Replaces the coverage of `dirty` pixels in `out` by the exact one and
    /// the weights of their steps by what follows each fragment's sides.
    #[allow(clippy::too_many_arguments, reason = "one call site")]
    pub(crate) fn resolve(
        &mut self,
        pieces: &[Piece],
        backdrop: i32,
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
        self.sum_corners(backdrop);
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
            let corner = self.corners[p];
            if fragments.len() > MAX_FRAGMENTS {
                let area = self.pixel.scan(rule, corner, fragments);
                out[p] = area.copysign(out[p]);
                continue;
            }
            let weights = &mut self.weights;
            let area = self.pixel.resolve(simd, rule, corner, fragments, weights);
            out[p] = area.clamp(1e-30, 1.0);
            for (fragment, weight) in fragments.iter().zip(weights) {
                let step = &mut steps[fragment.step as usize];
                step.weight = weight.weight;
                step.weighted_middle = weight.weighted_middle;
            }
        }
    }

    /// Follows the outline: keeps its fragments in dirty pixels and notes what
    /// it does to the windings at corners.
    fn follow(&mut self, pieces: &[Piece], ends: &[u32], steps: &[Step], first_step: usize) {
        self.corners.fill(0);
        self.top.fill(0);
        let mut start = first_step;
        // Pixel and fragment before, where the chain has one.
        let mut last: Option<(usize, u32)> = None;
        let mut contour: Option<ContourStart> = None;
        for (i, (piece, &end)) in pieces.iter().zip(ends).enumerate() {
            let own = &steps[start..end as usize];
            let Some(first) = own.first() else {
                continue;
            };
            let pixel = first.pixel as usize % AREA;
            let (column, row) = place(pixel);
            let mut flags = 0;
            let mut continues = false;
            match last {
                Some((last_pixel, link)) if piece.flags & FLAG_CONTINUES != 0 => {
                    flags = self.cross(last_pixel, link, pixel);
                    continues = last_pixel == pixel;
                }
                _ if piece.flags & FLAG_FROM_ABOVE != 0 => {
                    self.top[column + 1] -= 1;
                    flags = ENTERS_TOP;
                }
                _ if piece.x0 <= 0.0 => {
                    self.corners[(row + 1) * TILE] += 1;
                    flags = REACHES_LEFT;
                }
                _ if piece.x0 >= TILE as f32 => flags = REACHES_RIGHT,
                _ => {}
            }
            if piece.flags & FLAG_CONTOUR_START != 0 {
                contour = Some(ContourStart {
                    at: [piece.x0, piece.y0],
                    pixel,
                    link: if self.places[pixel] == 0 {
                        NONE
                    } else {
                        self.links.len() as u32
                    },
                    is_on_left: flags == REACHES_LEFT,
                });
            }
            let (pixel, link) = self.follow_piece(piece, own, start, flags, continues);
            last = Some((pixel, link));
            start = end as usize;
            let goes_on = pieces
                .get(i + 1)
                .is_some_and(|next| next.flags & FLAG_CONTINUES != 0);
            if !goes_on {
                self.leave(piece, pixel, link, contour);
                last = None;
            }
        }
    }

    /// Keeps the fragments of one piece; returns its last pixel and fragment.
    fn follow_piece(
        &mut self,
        piece: &Piece,
        steps: &[Step],
        first_step: usize,
        mut flags: u32,
        mut continues: bool,
    ) -> (usize, u32) {
        let (dx, dy) = (piece.x1 - piece.x0, piece.y1 - piece.y0);
        let mut from = 0.0;
        let mut start = [piece.x0, piece.y0];
        let mut last = (0, NONE);
        for (k, step) in steps.iter().enumerate() {
            let pixel = step.pixel as usize % AREA;
            let (column, row) = place(pixel);
            let next = steps.get(k + 1).map(|next| next.pixel as usize % AREA);
            let (mut to, mut end) = (1.0, [piece.x1, piece.y1]);
            if let Some(next) = next {
                to = from + step.weight;
                end = [piece.x0 + to * dx, piece.y0 + to * dy];
                // Exactly on the border between the two.
                let (next_column, next_row) = place(next);
                if next_column != column {
                    end[0] = column.max(next_column) as f32;
                }
                if next_row != row {
                    end[1] = row.max(next_row) as f32;
                }
            }
            let mut link = NONE;
            let at = self.places[pixel];
            if let Some(cell) = self.cells.get_mut((at as usize).wrapping_sub(1)) {
                link = self.links.len() as u32;
                match self.links.get_mut(cell.last as usize) {
                    Some(before) => before.next = link,
                    None => cell.first = link,
                }
                cell.last = link;
                let (x, y) = (column as f32, row as f32);
                let local = |v: [f32; 2]| [(v[0] - x).clamp(0.0, 1.0), (v[1] - y).clamp(0.0, 1.0)];
                self.links.push(Link {
                    fragment: Fragment {
                        start: local(start),
                        end: local(end),
                        from,
                        to,
                        flags: flags | if continues { CONTINUES } else { 0 },
                        step: (first_step + k) as u32,
                    },
                    next: NONE,
                });
            }
            last = (pixel, link);
            if let Some(next) = next {
                flags = self.cross(pixel, link, next);
                continues = next == pixel;
            }
            from = to;
            start = end;
        }
        last
    }

    /// Notes that the outline goes from a pixel, where it has the fragment
    /// `link`, to a neighbour; returns the flags of its fragment there. Of a
    /// way across a corner, the part along the row is in the upper row.
    #[inline]
    fn cross(&mut self, pixel: usize, link: u32, next: usize) -> u32 {
        if pixel == next {
            return 0;
        }
        let ((column, row), (next_column, next_row)) = (place(pixel), place(next));
        let below = (row.min(next_row) + 1) * TILE;
        for border in column + 1..=next_column {
            self.corners[below + border] += 1;
        }
        for border in next_column + 1..=column {
            self.corners[below + border] -= 1;
        }
        let (leaves, enters) = if next_row > row {
            (0, ENTERS_TOP)
        } else if next_row < row {
            (LEAVES_TOP, 0)
        } else if next_column > column {
            (REACHES_RIGHT, REACHES_LEFT)
        } else {
            (REACHES_LEFT, REACHES_RIGHT)
        };
        self.mark(link, leaves);
        enters
    }

    fn mark(&mut self, link: u32, flag: u32) {
        if let Some(link) = self.links.get_mut(link as usize) {
            link.fragment.flags |= flag;
        }
    }

    /// Notes where a chain of pieces ends: on the tile's border, or where its
    /// contour starts.
    fn leave(&mut self, piece: &Piece, pixel: usize, link: u32, contour: Option<ContourStart>) {
        let (column, row) = place(pixel);
        let closes = |start: &ContourStart| {
            piece.flags & FLAG_CONTOUR_END != 0 && start.at == [piece.x1, piece.y1]
        };
        if piece.flags & FLAG_TO_ABOVE != 0 {
            self.top[column + 1] += 1;
            self.mark(link, LEAVES_TOP);
        } else if let Some(start) = contour.filter(closes) {
            if start.is_on_left {
                let (_, row) = place(start.pixel);
                self.corners[(row + 1) * TILE] -= 1;
            }
            let flags = self.cross(pixel, link, start.pixel);
            self.mark(start.link, flags);
        } else if piece.x1 <= 0.0 {
            self.corners[(row + 1) * TILE] -= 1;
            self.mark(link, REACHES_LEFT);
        } else if piece.x1 >= TILE as f32 {
            self.mark(link, REACHES_RIGHT);
        }
    }

    /// Turns changes into windings.
    fn sum_corners(&mut self, backdrop: i32) {
        let mut winding = backdrop;
        for (corner, step) in self.corners.iter_mut().zip(&self.top[..TILE]) {
            winding += step;
            *corner += winding;
        }
        for below in TILE..AREA {
            self.corners[below] += self.corners[below - TILE];
        }
    }
}
