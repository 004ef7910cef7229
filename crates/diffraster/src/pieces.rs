//! Pieces of lines within tiles, and how little of them is kept.
//!
//! Most lines lie within one tile. Their piece is the line itself: its number is
//! kept, and where it is follows from the vertices. Pieces of lines that are cut
//! at borders keep their own ends, in the same order. How lines are cut is up to
//! [`crate::tiling`], what pieces cover to [`crate::coverage`].

use std::ops::Range;

/// The piece starts at the tile's top border, coming from above.
pub(crate) const FLAG_FROM_ABOVE: u32 = 1;
/// The piece ends at the tile's top border, going on above.
pub(crate) const FLAG_TO_ABOVE: u32 = 2;
/// The piece starts where the previous one of this entry ends.
pub(crate) const FLAG_CONTINUES: u32 = 4;
/// First piece of its contour.
pub(crate) const FLAG_CONTOUR_START: u32 = 8;
/// Last piece of its contour.
pub(crate) const FLAG_CONTOUR_END: u32 = 16;
/// Ends of its own are kept for the piece.
const FLAG_CUT: u32 = 32;

const FLAG_BITS: u32 = 6;

/// Most vertices that lines can be numbered by.
pub(crate) const MAX_VERTICES: usize = 1 << (u32::BITS - FLAG_BITS);

/// A part of a line within one tile, in pixels from the tile's top left corner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) x0: f32,
    pub(crate) y0: f32,
    pub(crate) x1: f32,
    pub(crate) y1: f32,
    /// `FLAG_*` bits.
    pub(crate) flags: u32,
}

/// Ends of a piece that are not its line's, or not those of two vertices in a row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cut {
    pub(crate) x0: f32,
    pub(crate) y0: f32,
    pub(crate) x1: f32,
    pub(crate) y1: f32,
    /// Part of its line that the piece covers.
    pub(crate) t0: f32,
    pub(crate) t1: f32,
}

/// A line's number, which is that of its first vertex, and a piece's flags.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Label(u32);

impl Label {
    pub(crate) fn new(line: u32, flags: u32, is_cut: bool) -> Self {
        let cut = if is_cut { FLAG_CUT } else { 0 };
        Self(line << FLAG_BITS | flags | cut)
    }

    pub(crate) fn add_flag(&mut self, flag: u32) {
        self.0 |= flag;
    }

    pub(crate) fn is_cut(self) -> bool {
        self.0 & FLAG_CUT != 0
    }

    fn line(self) -> usize {
        (self.0 >> FLAG_BITS) as usize
    }
}

/// Pieces of a chunk's shapes, shape by shape and tile by tile.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pub(crate) labels: Vec<Label>,
    /// One for each piece that is cut, in the same order.
    pub(crate) cuts: Vec<Cut>,
}

impl Pieces {
    pub(crate) fn clear(&mut self) {
        self.labels.clear();
        self.cuts.clear();
    }

    /// `count` pieces from `first` on, whose cuts start at `first_cut`, in the
    /// tile with its corner at `corner`.
    #[inline(always)]
    pub(crate) fn in_tile<'a>(
        &'a self,
        first: u32,
        count: u32,
        first_cut: u32,
        vertices: &'a [[f32; 2]],
        corner: [f32; 2],
    ) -> TilePieces<'a> {
        TilePieces {
            labels: &self.labels[first as usize..][..count as usize],
            cuts: &self.cuts[first_cut as usize..],
            vertices,
            corner,
        }
    }

    /// For each piece of `range`, whose cuts start at `first_cut`: its line and
    /// the part of it that the piece covers.
    #[inline(always)]
    pub(crate) fn parts(
        &self,
        range: Range<usize>,
        first_cut: usize,
    ) -> impl Iterator<Item = (usize, [f32; 2])> {
        let mut cuts = self.cuts[first_cut..].iter();
        self.labels[range].iter().map(move |label| {
            let cut = if label.is_cut() { cuts.next() } else { None };
            (label.line(), cut.map_or([0.0, 1.0], |cut| [cut.t0, cut.t1]))
        })
    }
}

/// The pieces of an entry, one after another.
#[derive(Debug, Clone)]
pub(crate) struct TilePieces<'a> {
    labels: &'a [Label],
    cuts: &'a [Cut],
    vertices: &'a [[f32; 2]],
    corner: [f32; 2],
}

impl TilePieces<'_> {
    /// Replaces `out` by the pieces.
    #[inline(always)]
    pub(crate) fn unpack(&self, out: &mut Vec<Piece>) {
        out.clear();
        let mut cuts = self.cuts.iter();
        let [x, y] = self.corner;
        out.extend(self.labels.iter().map(
            #[inline(always)]
            |label| {
                let flags = label.0;
                if label.is_cut() {
                    let cut = cuts.next().copied().unwrap_or_default();
                    return Piece {
                        x0: cut.x0,
                        y0: cut.y0,
                        x1: cut.x1,
                        y1: cut.y1,
                        flags,
                    };
                }
                let [a, b] = self.ends_of(label.line());
                Piece {
                    x0: a[0] - x,
                    y0: a[1] - y,
                    x1: b[0] - x,
                    y1: b[1] - y,
                    flags,
                }
            },
        ));
    }

    #[inline(always)]
    fn ends_of(&self, line: usize) -> [[f32; 2]; 2] {
        match self.vertices.get(line..line + 2) {
            Some(&[a, b]) => [a, b],
            _ => [[0.0; 2]; 2],
        }
    }
}
