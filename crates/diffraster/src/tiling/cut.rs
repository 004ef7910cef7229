//! Lines that leave their tile, cut at the borders of tiles.
//!
//! In double precision: few lines come here, and they can be as long as
//! coordinates allow.

use super::{NOWHERE, TILE, Tiler};
use crate::pieces::{Cut, FLAG_FROM_ABOVE, FLAG_TO_ABOVE};

impl Tiler {
    /// Cuts a line at the borders of tile rows.
    #[cold]
    pub(super) fn cut_at_rows(&mut self, line: u32, a: [f64; 2], b: [f64; 2]) {
        let tile = TILE as f64;
        let row_of = |y: f64| (y / tile).floor();
        let (first, last) = (row_of(a[1]), row_of(b[1]));
        let top = f64::from(self.window.top);
        let bottom = f64::from(self.window.top + self.window.rows - 1);
        if first.max(last) < top || first.min(last) > bottom {
            self.last_home = NOWHERE;
            return;
        }
        let cut = |border: f64| {
            let t = ((border - a[1]) / (b[1] - a[1])).clamp(0.0, 1.0);
            (a[0] + t * (b[0] - a[0]), border, t)
        };
        let mut from = (a[0], a[1], 0.0);
        let end = (b[0], b[1], 1.0);
        let mut flags = 0;
        let mut row = first;
        if last >= first {
            if row < top {
                from = cut(top * tile);
                self.step(top as i32, from.0, -1);
                flags = FLAG_FROM_ABOVE;
                row = top;
                self.last_home = NOWHERE;
            }
            while row < last.min(bottom + 1.0) {
                let to = cut((row + 1.0) * tile);
                self.cut_at_columns(line, row as i32, from, to, flags);
                row += 1.0;
                self.step(row as i32, to.0, -1);
                flags = FLAG_FROM_ABOVE;
                from = to;
            }
            if row <= bottom {
                self.cut_at_columns(line, row as i32, from, end, flags);
            }
        } else {
            if row > bottom {
                from = cut((bottom + 1.0) * tile);
                row = bottom;
                self.last_home = NOWHERE;
            }
            while row > last.max(top - 1.0) {
                let to = cut(row * tile);
                self.cut_at_columns(line, row as i32, from, to, FLAG_TO_ABOVE);
                self.step(row as i32, to.0, 1);
                row -= 1.0;
                from = to;
            }
            if row >= top {
                self.cut_at_columns(line, row as i32, from, end, 0);
            }
        }
    }

    /// Notes that the winding changes by `sign` to the right of `x` on the top
    /// border of tile row `row`.
    fn step(&mut self, row: i32, x: f64, sign: i32) {
        let r = row - self.window.top;
        if r < 0 || r >= self.window.rows {
            return;
        }
        let column = ((x / TILE as f64).floor() + 1.0 - f64::from(self.window.left)).max(0.0);
        if column < f64::from(self.window.columns) {
            self.steps[(r * self.window.columns) as usize + column as usize] += sign;
        }
    }

    fn cut_at_columns(
        &mut self,
        line: u32,
        row: i32,
        from: (f64, f64, f64),
        to: (f64, f64, f64),
        flags: u32,
    ) {
        let tile = TILE as f64;
        let (first, last) = ((from.0 / tile).floor(), (to.0 / tile).floor());
        let left = f64::from(self.window.left);
        let right = f64::from(self.window.left + self.window.columns - 1);
        if first.max(last) < left || first.min(last) > right {
            self.last_home = NOWHERE;
            return;
        }
        let cut = |border: f64| {
            let k = ((border - from.0) / (to.0 - from.0)).clamp(0.0, 1.0);
            (
                border,
                from.1 + k * (to.1 - from.1),
                from.2 + k * (to.2 - from.2),
            )
        };
        let mut at = from;
        let mut column = first;
        let mut start_flag = flags & FLAG_FROM_ABOVE;
        let direction = if last >= first { 1.0 } else { -1.0 };
        if column < left && direction > 0.0 {
            at = cut(left * tile);
            column = left;
            start_flag = 0;
        } else if column > right && direction < 0.0 {
            at = cut((right + 1.0) * tile);
            column = right;
            start_flag = 0;
        }
        if column != first {
            self.last_home = NOWHERE;
        }
        loop {
            let finishes = column == last;
            let next = if finishes {
                to
            } else {
                cut((column + 0.5 + 0.5 * direction) * tile)
            };
            let end_flag = if finishes { flags & FLAG_TO_ABOVE } else { 0 };
            self.push_cut(line, row, column as i32, at, next, start_flag | end_flag);
            if finishes {
                return;
            }
            start_flag = 0;
            at = next;
            column += direction;
            if column < left || column > right {
                self.last_home = NOWHERE;
                return;
            }
        }
    }

    fn push_cut(
        &mut self,
        line: u32,
        row: i32,
        column: i32,
        from: (f64, f64, f64),
        to: (f64, f64, f64),
        flags: u32,
    ) {
        let size = TILE as f32;
        let x = f64::from(column) * TILE as f64;
        let y = f64::from(row) * TILE as f64;
        let local = |v: f64| (v as f32).clamp(0.0, size);
        let cut = Cut {
            x0: local(from.0 - x),
            y0: local(from.1 - y),
            x1: local(to.0 - x),
            y1: local(to.1 - y),
            t0: from.2 as f32,
            t1: to.2 as f32,
        };
        let is_point = cut.x0 == cut.x1 && cut.y0 == cut.y1;
        if flags != 0 || !is_point {
            self.push_piece(column, row, line, flags, Some(cut));
        }
    }
}
