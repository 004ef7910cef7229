//! How far an outline has moved: the distance between two outlines as point sets, not between their
//! points, so that one drawn with other curves but in the same place has not moved.

use kurbo::{BezPath, ParamCurve, ParamCurveNearest, PathSeg, Point, Rect, Shape as _};

/// Samples of each curve.
const SAMPLES: usize = 4;
/// Curves of an outline beyond which it is sampled thinly.
const MOST_CURVES: usize = 64;
/// Accuracy of a distance, in the outlines' unit.
const ACCURACY: f64 = 1e-3;

/// The Hausdorff distance of two outlines; `None` when one has no curve.
pub(crate) fn displacement(before: &BezPath, after: &BezPath) -> Option<f64> {
    Some(furthest(after, before)?.max(furthest(before, after)?))
}

/// How far from an outline the furthest of another's samples is.
fn furthest(from: &BezPath, to: &BezPath) -> Option<f64> {
    let curves: Vec<(PathSeg, Rect)> = to
        .segments()
        .map(|segment| (segment, segment.bounding_box()))
        .collect();
    let own: Vec<PathSeg> = from.segments().collect();
    let thin = own.len().div_ceil(MOST_CURVES).max(1);
    let samples = own.iter().step_by(thin);
    let distances = samples
        .flat_map(|segment| (0..SAMPLES).map(|i| segment.eval(i as f64 / SAMPLES as f64)))
        .map(|point| nearest(point, &curves));
    distances.reduce(f64::max).filter(|_| !curves.is_empty())
}

fn nearest(point: Point, curves: &[(PathSeg, Rect)]) -> f64 {
    let mut best = f64::INFINITY;
    for (curve, bounds) in curves {
        let away = Point::new(
            point.x.clamp(bounds.x0, bounds.x1),
            point.y.clamp(bounds.y0, bounds.y1),
        );
        if point.distance_squared(away) < best {
            best = best.min(curve.nearest(point, ACCURACY).distance_sq);
        }
    }
    best.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurbo::{Affine, Circle};

    #[test]
    fn only_the_place_counts() {
        let circle = Circle::new((50.0, 50.0), 20.0).to_path(1e-3);
        let turned = Affine::rotate_about(0.5, (50.0, 50.0)) * &circle;
        let same = displacement(&circle, &turned).expect("has curves");
        assert!(same < 0.05, "{same}");
        let moved = displacement(&circle, &(Affine::translate((3.0, 4.0)) * &circle));
        assert!(
            moved.is_some_and(|moved| (4.5..5.1).contains(&moved)),
            "{moved:?}"
        );
        assert_eq!(displacement(&BezPath::new(), &circle), None);
    }
}
