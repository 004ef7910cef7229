//! Whether an outline crosses itself.

use kurbo::{BezPath, PathEl, Point};

/// Distance in pixels between a curve and the lines that stand for it.
const FLATNESS: f64 = 0.05;
/// How far in pixels two lines must reach past each other to count as crossing: rounding does not.
const LEAST_OVERLAP: f64 = 0.05;

/// Whether any two parts of a path cross, subpaths taken together. `scale` is pixels per unit.
pub(crate) fn crosses_itself(path: &BezPath, scale: f64) -> bool {
    let mut lines = Vec::new();
    let (mut start, mut last) = (Point::ORIGIN, Point::ORIGIN);
    let mut add = |from: Point, to: Point| {
        let scaled = |p: Point| Point::new(p.x * scale, p.y * scale);
        let (from, to) = (scaled(from), scaled(to));
        if from.distance_squared(to) > 1e-8 {
            lines.push((from, to));
        }
    };
    kurbo::flatten(path, FLATNESS / scale, |element| match element {
        PathEl::MoveTo(to) => {
            add(last, start);
            (start, last) = (to, to);
        }
        PathEl::LineTo(to) => {
            add(last, to);
            last = to;
        }
        PathEl::ClosePath => {
            add(last, start);
            last = start;
        }
        // Flattening leaves lines only.
        PathEl::QuadTo(..) | PathEl::CurveTo(..) => {}
    });
    lines.sort_by(|a, b| a.0.x.min(a.1.x).total_cmp(&b.0.x.min(b.1.x)));
    lines.iter().enumerate().any(|(index, line)| {
        let right = line.0.x.max(line.1.x);
        lines[index + 1..]
            .iter()
            .take_while(|other| other.0.x.min(other.1.x) <= right)
            .any(|other| cross(*line, *other))
    })
}

/// When a path that did not cross itself has come to: the furthest of a few steps on its way that does
/// not. `None` when nothing needs to be mended.
pub(crate) fn uncrossed(before: &BezPath, after: &BezPath, scale: f64) -> Option<BezPath> {
    if !crosses_itself(after, scale) || crosses_itself(before, scale) {
        return None;
    }
    let steps = [0.8, 0.6, 0.4, 0.2].into_iter();
    Some(
        steps
            .map(|share| between(before, after, share))
            .find(|path| !crosses_itself(path, scale))
            .unwrap_or_else(|| before.clone()),
    )
}

/// A path on the way from one to another of the same make.
fn between(before: &BezPath, after: &BezPath, share: f64) -> BezPath {
    before
        .elements()
        .iter()
        .zip(after.elements())
        .map(|pair| match pair {
            (PathEl::MoveTo(a), PathEl::MoveTo(b)) => PathEl::MoveTo(a.lerp(*b, share)),
            (PathEl::LineTo(a), PathEl::LineTo(b)) => PathEl::LineTo(a.lerp(*b, share)),
            (PathEl::QuadTo(a, b), PathEl::QuadTo(c, d)) => {
                PathEl::QuadTo(a.lerp(*c, share), b.lerp(*d, share))
            }
            (PathEl::CurveTo(a, b, c), PathEl::CurveTo(d, e, f)) => {
                PathEl::CurveTo(a.lerp(*d, share), b.lerp(*e, share), c.lerp(*f, share))
            }
            (a, _) => *a,
        })
        .collect()
}

/// Whether two lines cross well inside both.
fn cross(a: (Point, Point), b: (Point, Point)) -> bool {
    let (low, high) = (a.0.y.min(a.1.y), a.0.y.max(a.1.y));
    if b.0.y.max(b.1.y) < low || b.0.y.min(b.1.y) > high {
        return false;
    }
    reaches_across(a, b) && reaches_across(b, a)
}

/// Whether the ends of `b` lie on both sides of the line through `a`, not just beside it.
fn reaches_across(a: (Point, Point), b: (Point, Point)) -> bool {
    let direction = a.1 - a.0;
    let length = direction.hypot();
    let side = |point: Point| direction.cross(point - a.0) / length;
    let (first, second) = (side(b.0), side(b.1));
    first.min(second) < -LEAST_OVERLAP && first.max(second) > LEAST_OVERLAP
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurbo::{Circle, Rect, Shape as _};

    #[test]
    fn an_eight_crosses_itself_and_a_circle_does_not() {
        assert!(!crosses_itself(
            &Circle::new((5.0, 5.0), 4.0).to_path(0.01),
            10.0
        ));
        assert!(!crosses_itself(
            &Rect::new(0.0, 0.0, 9.0, 4.0).to_path(0.01),
            10.0
        ));
        let mut eight = BezPath::new();
        eight.move_to((0.0, 0.0));
        eight.line_to((10.0, 10.0));
        eight.line_to((10.0, 0.0));
        eight.line_to((0.0, 10.0));
        eight.close_path();
        assert!(crosses_itself(&eight, 1.0));
        let mut looped = BezPath::new();
        looped.move_to((0.0, 0.0));
        looped.curve_to((20.0, 10.0), (-10.0, 10.0), (10.0, 0.0));
        assert!(crosses_itself(&looped, 1.0));
    }

    #[test]
    fn a_path_that_came_to_cross_itself_goes_back_part_of_the_way() {
        let quad = |x: f64| {
            let mut path = BezPath::new();
            path.move_to((0.0, 0.0));
            path.line_to((10.0, 0.0));
            path.line_to((x, 10.0));
            path.line_to((10.0 - x, 10.0));
            path.close_path();
            path
        };
        assert_eq!(uncrossed(&quad(10.0), &quad(7.0), 1.0), None);
        let mended = uncrossed(&quad(10.0), &quad(2.0), 1.0).expect("crosses");
        assert!(!crosses_itself(&mended, 1.0) && mended != quad(10.0));
    }

    #[test]
    fn a_hole_that_breaks_through_its_rim_crosses() {
        let mut path = Rect::new(0.0, 0.0, 10.0, 10.0).to_path(0.1);
        path.extend(Rect::new(2.0, 2.0, 8.0, 8.0).to_path(0.1));
        assert!(!crosses_itself(&path, 1.0));
        path.extend(Rect::new(8.0, 4.0, 12.0, 6.0).to_path(0.1));
        assert!(crosses_itself(&path, 1.0));
    }
}
