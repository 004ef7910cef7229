//! Contour lines of a field at one half, by marching squares between pixel centres.

use kurbo::Point;

/// Share of each pixel that is inside, on a grid with room around it.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Row by row; values at the rim must be below one half, so that contours close.
    pub(crate) values: Vec<f32>,
    /// Position of the first value, in the coordinates that contours are given in.
    pub(crate) origin: Point,
}

const LEVEL: f32 = 0.5;
/// How far contours must stay from pixel centres so that none comes near another, as a share of a
/// pixel.
pub(crate) const CLEARANCE: f32 = 0.2;
/// How far they always stay, so that none touches another.
const LEAST_CLEARANCE: f32 = 0.02;

/// Closed contours, inside to the right of the direction on a y-down canvas; the last point joins
/// the first. Outer contours have positive area in [`signed_area`], holes negative. They keep
/// `clearance` from pixel centres, which moves points but changes nothing else.
pub(crate) fn contours(field: &Field, clearance: f32) -> Vec<Vec<Point>> {
    let clearance = clearance.clamp(LEAST_CLEARANCE, 0.5);
    let (width, height) = (field.width, field.height);
    let value = |x: usize, y: usize| field.values[y * width + x];
    let inside = |x: usize, y: usize| value(x, y) >= LEVEL;
    // A crossing lies on an edge of the grid: horizontal ones first, then vertical ones.
    let horizontal = |x: usize, y: usize| y * width + x;
    let vertical = |x: usize, y: usize| width * height + y * width + x;
    let mut next: Vec<u32> = vec![u32::MAX; 2 * width * height];
    for y in 0..height.saturating_sub(1) {
        for x in 0..width.saturating_sub(1) {
            let corners = [
                inside(x, y),
                inside(x + 1, y),
                inside(x + 1, y + 1),
                inside(x, y + 1),
            ];
            if corners.iter().all(|c| *c == corners[0]) {
                continue;
            }
            let [top, right, bottom, left] = [
                horizontal(x, y),
                vertical(x + 1, y),
                horizontal(x, y + 1),
                vertical(x, y),
            ];
            // Named as the line runs with its inside to the left; followed the other way round.
            let mut link = |to: usize, from: usize| next[from] = to as u32;
            match corners {
                [true, false, false, false] => link(left, top),
                [false, true, false, false] => link(top, right),
                [false, false, true, false] => link(right, bottom),
                [false, false, false, true] => link(bottom, left),
                [true, true, false, false] => link(left, right),
                [false, true, true, false] => link(top, bottom),
                [false, false, true, true] => link(right, left),
                [true, false, false, true] => link(bottom, top),
                [false, true, true, true] => link(top, left),
                [true, false, true, true] => link(right, top),
                [true, true, false, true] => link(bottom, right),
                [true, true, true, false] => link(left, bottom),
                [true, false, true, false] => {
                    let middle =
                        value(x, y) + value(x + 1, y) + value(x + 1, y + 1) + value(x, y + 1);
                    if middle > 4.0 * LEVEL {
                        link(left, bottom);
                        link(right, top);
                    } else {
                        link(left, top);
                        link(right, bottom);
                    }
                }
                [false, true, false, true] => {
                    let middle =
                        value(x, y) + value(x + 1, y) + value(x + 1, y + 1) + value(x, y + 1);
                    if middle > 4.0 * LEVEL {
                        link(top, left);
                        link(bottom, right);
                    } else {
                        link(top, right);
                        link(bottom, left);
                    }
                }
                _ => {}
            }
        }
    }
    let place = |edge: usize| {
        let is_vertical = edge >= width * height;
        let cell = edge % (width * height);
        let (x, y) = (cell % width, cell / width);
        let a = value(x, y);
        let b = if is_vertical {
            value(x, y + 1)
        } else {
            value(x + 1, y)
        };
        let share = f64::from(((LEVEL - a) / (b - a)).clamp(clearance, 1.0 - clearance));
        let (x, y) = (x as f64 + field.origin.x, y as f64 + field.origin.y);
        if is_vertical {
            Point::new(x, y + share)
        } else {
            Point::new(x + share, y)
        }
    };
    let mut found = Vec::new();
    for first in 0..next.len() {
        if next[first] == u32::MAX {
            continue;
        }
        let mut line = Vec::new();
        let mut edge = first;
        while next[edge] != u32::MAX {
            line.push(place(edge));
            let following = next[edge] as usize;
            next[edge] = u32::MAX;
            edge = following;
        }
        found.push(line);
    }
    found
}

/// Area by the shoelace formula; positive when clockwise on a y-down canvas.
pub(crate) fn signed_area(points: &[Point]) -> f64 {
    let Some(last) = points.last() else {
        return 0.0;
    };
    let mut previous = *last;
    let mut sum = 0.0;
    for point in points {
        sum += previous.x * point.y - point.x * previous.y;
        previous = *point;
    }
    0.5 * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(rows: &[&str]) -> Field {
        let values = rows
            .iter()
            .flat_map(|row| row.bytes().map(|b| f32::from(b - b'0') / 9.0))
            .collect();
        Field {
            width: rows[0].len(),
            height: rows.len(),
            values,
            origin: Point::ORIGIN,
        }
    }

    #[test]
    fn a_ring_has_an_outer_contour_and_a_hole() {
        let lines = contours(
            &field(&[
                "0000000", "0999990", "0900090", "0900090", "0999990", "0000000",
            ]),
            0.0,
        );
        assert_eq!(lines.len(), 2);
        let mut areas: Vec<f64> = lines.iter().map(|line| signed_area(line)).collect();
        areas.sort_by(f64::total_cmp);
        assert!(areas[0] < 0.0 && areas[1] > 15.0, "{areas:?}");
    }

    #[test]
    fn partial_coverage_moves_the_contour() {
        let full = signed_area(&contours(&field(&["00000", "00900", "00900", "00000"]), 0.0)[0]);
        let more = signed_area(&contours(&field(&["00000", "04940", "04940", "00000"]), 0.0)[0]);
        assert!(more > full, "{more} {full}");
    }

    #[test]
    fn diagonal_pixels_do_not_tangle() {
        let lines = contours(&field(&["0000", "0900", "0090", "0000"]), 0.0);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| signed_area(line) > 0.0));
    }
}
