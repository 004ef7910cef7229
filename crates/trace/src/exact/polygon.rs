//! The outline of a set of pixels along their sides: corners on whole pixels.

use kurbo::{BezPath, Point};

/// The outlines of the pixels for which `is_inside` holds, clockwise, holes the other way round.
/// Where two of them touch in a corner only they are apart.
pub(super) fn outlines(
    width: usize,
    height: usize,
    is_inside: impl Fn(usize, usize) -> bool,
) -> BezPath {
    let inside = |x: isize, y: isize| {
        (0..width as isize).contains(&x)
            && (0..height as isize).contains(&y)
            && is_inside(x as usize, y as usize)
    };
    // Sides to walk along, with the inside to the right: of each corner of the grid, by direction
    // right, down, left, up.
    let across = width + 1;
    let mut sides = vec![[false; 4]; across * (height + 1)];
    for y in 0..height as isize {
        for x in 0..width as isize {
            if !inside(x, y) {
                continue;
            }
            let at = |x: isize, y: isize| y as usize * across + x as usize;
            sides[at(x, y)][0] |= !inside(x, y - 1);
            sides[at(x + 1, y)][1] |= !inside(x + 1, y);
            sides[at(x + 1, y + 1)][2] |= !inside(x, y + 1);
            sides[at(x, y + 1)][3] |= !inside(x - 1, y);
        }
    }
    let mut path = BezPath::new();
    for first in 0..sides.len() {
        // Every outline has a side to the right, of which it starts at the topmost left one.
        while sides[first][0] {
            let mut corners = Vec::new();
            let (mut at, mut direction) = (first, 0);
            let mut before = 4;
            while sides[at][direction] {
                sides[at][direction] = false;
                if direction != before {
                    corners.push(at);
                }
                before = direction;
                at = match direction {
                    0 => at + 1,
                    1 => at + across,
                    2 => at - 1,
                    _ => at - across,
                };
                // The sharpest turn to the right first, so that corners do not join.
                let turns = [(direction + 1) % 4, direction, (direction + 3) % 4];
                direction = turns
                    .into_iter()
                    .find(|turn| sides[at][*turn])
                    .unwrap_or(direction);
            }
            // The start is a corner unless the last side runs on into the first.
            if before == 0 && !corners.is_empty() {
                corners.remove(0);
            }
            for (index, corner) in corners.into_iter().enumerate() {
                let point = Point::new((corner % across) as f64, (corner / across) as f64);
                if index == 0 {
                    path.move_to(point);
                } else {
                    path.line_to(point);
                }
            }
            path.close_path();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::*;

    fn of(rows: &[&str]) -> BezPath {
        let rows: Vec<&[u8]> = rows.iter().map(|row| row.as_bytes()).collect();
        outlines(rows[0].len(), rows.len(), |x, y| rows[y][x] == b'#')
    }

    #[test]
    fn a_block_has_four_corners() {
        assert_eq!(
            of(&["....", ".##.", ".##."]).to_svg(),
            "M1,1 L3,1 L3,3 L1,3 Z"
        );
    }

    #[test]
    fn holes_take_away_and_diagonal_neighbours_stay_apart() {
        let ring = of(&["###", "#.#", "###"]);
        assert!((ring.area() - 8.0).abs() < 1e-9);
        let diagonal = of(&["#.", ".#"]);
        assert_eq!(diagonal.to_svg().matches('Z').count(), 2);
        assert!((diagonal.area() - 2.0).abs() < 1e-9);
        assert!(of(&["..", ".."]).elements().is_empty());
    }
}
