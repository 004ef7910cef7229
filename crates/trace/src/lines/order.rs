//! Which of two lines that cross lies above: the one whose colour is seen there.

use kurbo::{Point, Rect};

use super::Line;
use crate::picture::{Picture, Pixel, squared_distance};

/// Distance in pixels of the middles of two lines that cross.
const NEAR: f64 = 0.8;
/// Squared distance of two colours that are one.
const ALIKE: f32 = 0.01;

/// Lines with the points along their middles in painting order, those that lie below others first;
/// those that cross none, or only lines of their own colour, keep their order.
pub(super) fn in_painting_order(lines: Vec<(Line, Vec<Point>)>, picture: &Picture) -> Vec<Line> {
    let bounds = |course: &[Point]| {
        let boxes = course.iter().map(|point| Rect::from_points(*point, *point));
        boxes.reduce(|a, b| a.union(b)).unwrap_or_default()
    };
    let boxes: Vec<Rect> = lines.iter().map(|(_, course)| bounds(course)).collect();
    let mut is_above = vec![vec![false; lines.len()]; lines.len()];
    for first in 0..lines.len() {
        for second in 0..first {
            let [a, b] = [first, second].map(|index| &lines[index]);
            if !boxes[first].inflate(NEAR, NEAR).overlaps(boxes[second]) {
                continue;
            }
            let votes = votes(a, b, picture);
            is_above[first][second] = votes > 0;
            is_above[second][first] = votes < 0;
        }
    }
    let mut left: Vec<(usize, Line)> = lines
        .into_iter()
        .map(|(line, _)| line)
        .enumerate()
        .collect();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_lowest =
            |(index, _): &(usize, Line)| left.iter().all(|(other, _)| !is_above[*index][*other]);
        // Of lines in a circle, each above the next, any may be first.
        let lowest = left.iter().position(is_lowest).unwrap_or(0);
        ordered.push(left.remove(lowest).1);
    }
    ordered
}

/// At how many of the places where two lines of different colours meet the first one's is seen,
/// less those at which the second one's is.
fn votes((a, of_a): &(Line, Vec<Point>), (b, of_b): &(Line, Vec<Point>), picture: &Picture) -> i32 {
    let [a, b] = [a, b].map(|line| -> Pixel {
        let color = line.color;
        [color.red, color.green, color.blue, 1.0]
    });
    if squared_distance(a, b) < ALIKE {
        return 0;
    }
    let is_met = |point: &&Point| of_b.iter().any(|other| other.distance(**point) <= NEAR);
    let vote = |point: &Point| {
        let seen = picture.pixels[picture.pixel_at(*point)];
        if squared_distance(seen, a) < squared_distance(seen, b) {
            1
        } else {
            -1
        }
    };
    of_a.iter().filter(is_met).map(vote).sum()
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Stop;

    use super::super::lines_of;
    use super::*;

    const SIDE: usize = 96;

    #[test]
    fn the_line_that_is_seen_at_crossings_is_painted_last() {
        let picture = |is_dark_above: bool| {
            let pixels = (0..SIDE * SIDE).map(|index| {
                let (x, y) = (index % SIDE, index / SIDE);
                let (is_dark, is_light) = (x == 30 || x == 60, y == 24 || y == 70);
                match (is_dark, is_light) {
                    (true, true) if is_dark_above => [0.1, 0.1, 0.3],
                    (_, true) => [0.8; 3],
                    (true, _) => [0.1, 0.1, 0.3],
                    _ => [1.0; 3],
                }
            });
            Picture::opaque(SIDE, SIDE, pixels)
        };
        for is_dark_above in [true, false] {
            let found = lines_of(&picture(is_dark_above), &Stop::never())
                .expect("lines")
                .lines;
            assert_eq!(found.len(), 4, "{found:?}");
            let reds: Vec<bool> = found.iter().map(|line| line.color.red < 0.5).collect();
            let wanted = [!is_dark_above, !is_dark_above, is_dark_above, is_dark_above];
            assert_eq!(reds, wanted);
        }
    }
}
