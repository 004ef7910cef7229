//! Circles with four curves. A reader that counts in single precision finds some quarters of a
//! circle a hair too long for one curve and takes two; people who edit the picture had better find
//! one.

use kurbo::{BezPath, PathEl, Point};

/// Length of the handles of an eighth of a circle of radius 1.
const EIGHTH: f64 = 0.265_216_49;
/// Length of the handles of a quarter.
const QUARTER: f64 = 0.552_284_75;

/// Joins eighths of circles and ellipses, two and two, to quarters.
pub(super) fn join(path: &mut BezPath) {
    let mut out: Vec<PathEl> = Vec::with_capacity(path.elements().len());
    // Where the last element of `out` begins.
    let mut start = Point::ZERO;
    let mut at = Point::ZERO;
    for &element in path.elements() {
        if let (Some(PathEl::CurveTo(a, b, _)), PathEl::CurveTo(c, d, end)) = (out.last(), element)
            && let Some(quarter) = quarter([start, *a, *b, at, c, d, end])
        {
            out.pop();
            out.push(quarter);
            at = end;
            continue;
        }
        out.push(element);
        start = at;
        at = element.end_point().unwrap_or(at);
    }
    if out.len() < path.elements().len() {
        *path = BezPath::from_vec(out);
    }
}

/// The curve for two that meet in the middle of a quarter; `None` when they are no such two.
fn quarter([start, a, b, middle, c, d, end]: [Point; 7]) -> Option<PathEl> {
    let chord = end - start;
    let tolerance = chord.hypot() * 1e-4;
    let grow = QUARTER / EIGHTH;
    let (first, last) = (start + (a - start) * grow, end + (d - end) * grow);
    // In the middle the outline runs along the chord, whatever ellipse it is of.
    let handle = chord * (EIGHTH / std::f64::consts::SQRT_2);
    let center = Point::new(
        (start.x + 3.0 * (first.x + last.x) + end.x) / 8.0,
        (start.y + 3.0 * (first.y + last.y) + end.y) / 8.0,
    );
    let fits = [(center, middle), (middle - handle, b), (middle + handle, c)]
        .into_iter()
        .all(|(expected, found)| expected.distance(found) <= tolerance);
    (fits && tolerance > 0.0).then_some(PathEl::CurveTo(first, last, end))
}

#[cfg(test)]
mod tests {
    use kurbo::{Affine, Arc, Shape as _};

    use super::*;
    use crate::embedded::art::pen::{ellipse, path_data};

    /// An arc of a unit circle in the given number of curves.
    fn arc(sweep: f64, pieces: i32) -> BezPath {
        let mut path = BezPath::new();
        path.move_to((1.0, 0.0));
        let step = sweep / f64::from(pieces);
        for index in 0..pieces {
            Arc::new((0.0, 0.0), (1.0, 1.0), step * f64::from(index), step, 0.0)
                .to_cubic_beziers(1.0, |a, b, end| path.curve_to(a, b, end));
        }
        path
    }

    fn curves(path: &BezPath) -> usize {
        let is_curve = |element: &&PathEl| matches!(element, PathEl::CurveTo(..));
        path.elements().iter().filter(is_curve).count()
    }

    #[test]
    fn eighths_become_the_quarters_that_we_draw() {
        let shear = Affine::new([40.0, 3.0, -5.0, 20.0, 7.0, 9.0]);
        let mut path = shear * arc(std::f64::consts::TAU, 8);
        path.close_path();
        join(&mut path);
        let expected = shear * ellipse((0.0, 0.0), (1.0, 1.0));
        assert_eq!(path.elements().len(), expected.elements().len());
        for (found, expected) in path.segments().zip(expected.segments()) {
            let (found, expected) = (found.to_cubic(), expected.to_cubic());
            for (a, b) in [
                (found.p1, expected.p1),
                (found.p2, expected.p2),
                (found.p3, expected.p3),
            ] {
                assert!(a.distance(b) < 1e-4, "{a} {b}");
            }
        }
    }

    #[test]
    fn other_curves_stay() {
        for path in [
            arc(std::f64::consts::TAU, 4),
            arc(std::f64::consts::TAU, 6),
            path_data("M0 0 C1 0 2 1 2 2 C2 3 3 4 4 4"),
            path_data("M0 0 C0 0 0 0 0 0 C0 0 0 0 0 0"),
        ] {
            let mut joined = path.clone();
            join(&mut joined);
            assert_eq!(joined, path);
        }
    }

    #[test]
    fn the_outline_moves_by_less_than_a_thousandth() {
        let mut path = arc(std::f64::consts::FRAC_PI_2, 2);
        let area = path.area();
        join(&mut path);
        assert_eq!(curves(&path), 1);
        assert!((path.area() - area).abs() < 1e-3);
    }
}
