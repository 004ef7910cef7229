//! Outlines drawn anew with fewer curves, where that moves them by less than a tolerance.

use chat2svg_trace::fit_closed;
use chat2svg_vector::points_of;
use kurbo::{BezPath, ParamCurve, ParamCurveArclen, PathEl, PathSeg, Point};

/// Distance in pixels between the points to which the new curves are fitted.
const SPACING: f64 = 0.8;
/// Share of the control points that must go for the new outline to be taken.
const LEAST_SAVING: f64 = 0.3;
/// Distance of its ends up to which a subpath ends where it began.
const MEETS: f64 = 1e-6;
/// Most points to which one outline is fitted.
const MOST_POINTS: f64 = 20_000.0;

/// The path with fewer control points, at most `tolerance` pixels away; `None` when that saves
/// little or the path has open parts. `scale` is pixels per unit of the path.
pub(crate) fn simplified(path: &BezPath, scale: f64, tolerance: f64) -> Option<BezPath> {
    let mut simple = BezPath::new();
    for own in subpaths(path) {
        let outline: Vec<PathSeg> = BezPath::from_vec(own.to_vec()).segments().collect();
        let Some((first, last)) = outline.first().zip(outline.last()) else {
            continue;
        };
        if first.start().distance(last.end()) >= MEETS {
            return None;
        }
        let length = |segment: &PathSeg| segment.arclen(0.1 / scale);
        let pixels = outline.iter().map(length).sum::<f64>() * scale;
        if !(4.0 * SPACING..MOST_POINTS).contains(&pixels) {
            return None;
        }
        let points: Vec<Point> = outline
            .iter()
            .flat_map(|segment| {
                let steps = (length(segment) * scale / SPACING).ceil().max(1.0);
                (0..steps as usize).map(move |step| {
                    let point = segment.eval(step as f64 / steps);
                    Point::new(point.x * scale, point.y * scale)
                })
            })
            .collect();
        fit_closed(&points, &vec![tolerance; points.len()], false, &mut simple);
    }
    simple.apply_affine(kurbo::Affine::scale(1.0 / scale));
    let count = |path: &BezPath| path.elements().iter().map(points_of).sum::<usize>() as f64;
    (count(&simple) <= (1.0 - LEAST_SAVING) * count(path)).then_some(simple)
}

/// The path with every subpath closed that ends where it began.
pub(crate) fn closed_where_it_meets(path: &BezPath) -> BezPath {
    let mut closed = BezPath::new();
    for own in subpaths(path) {
        closed.extend(own.iter().copied());
        let ends = [own.first(), own.last()].map(|end| end.and_then(PathEl::end_point));
        if let [Some(start), Some(end)] = ends
            && own.len() > 1
            && start.distance(end) < MEETS
        {
            closed.close_path();
        }
    }
    closed
}

/// The elements of each subpath.
pub(crate) fn subpaths(path: &BezPath) -> impl Iterator<Item = &[PathEl]> {
    let elements = path.elements();
    elements.chunk_by(|_, next| !matches!(next, PathEl::MoveTo(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurbo::Shape;

    #[test]
    fn a_circle_of_many_lines_becomes_few_curves() {
        let mut path = BezPath::new();
        for i in 0..120 {
            let angle = f64::from(i) / 120.0 * std::f64::consts::TAU;
            let point = Point::new(1.0 + 0.5 * angle.cos(), 1.0 + 0.5 * angle.sin());
            if i == 0 {
                path.move_to(point);
            } else {
                path.line_to(point);
            }
        }
        path.close_path();
        let simple = simplified(&path, 100.0, 0.3).expect("saves a lot");
        assert!(simple.elements().len() < 10, "{simple:?}");
        assert!((simple.area().abs() - path.area().abs()).abs() < 0.01);
    }

    #[test]
    fn what_ends_where_it_began_is_closed_and_what_does_not_is_not() {
        let svg = |text| BezPath::from_svg(text).expect("is a path");
        let cases = [
            ("M0 0L4 0L4 4L0 0M9 9L8 8", "M0 0L4 0L4 4L0 0ZM9 9L8 8"),
            ("M0 0L4 0L4 4L0 0", "M0 0L4 0L4 4L0 0Z"),
            ("M0 0L4 0L4 4Z", "M0 0L4 0L4 4Z"),
            ("M0 0", "M0 0"),
        ];
        for (open, closed) in cases {
            assert_eq!(closed_where_it_meets(&svg(open)), svg(closed));
        }
    }

    #[test]
    fn what_is_simple_or_open_stays() {
        let circle = kurbo::Circle::new((5.0, 5.0), 4.0).to_path(0.01);
        assert_eq!(simplified(&circle, 10.0, 0.1), None);
        let mut open = BezPath::new();
        open.move_to((0.0, 0.0));
        open.line_to((10.0, 0.0));
        open.line_to((10.0, 9.0));
        assert_eq!(simplified(&open, 10.0, 0.3), None);
    }
}
