//! How far an outline has moved: the distance between two outlines as point sets, not between their
//! points, so that one drawn with other curves but in the same place has not moved.

use kurbo::{BezPath, ParamCurve, ParamCurveNearest, PathSeg, Point, Rect, Shape as _};

/// Samples of each curve.
const SAMPLES: usize = 4;
/// Curves of an outline beyond which it is sampled thinly.
const MOST_CURVES: usize = 64;
/// Accuracy of a distance, in the outlines' unit.
const ACCURACY: f64 = 1e-3;

/// Distances between two outlines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Displacement {
    /// Hausdorff distance.
    pub(crate) largest: f64,
    /// Mean distance of the second outline from the first.
    pub(crate) mean: f64,
}

/// How far the parts of outlines that lie within a frame are from each other. `None` when either
/// has no part there.
pub(crate) fn displacement(before: &BezPath, after: &BezPath, frame: Rect) -> Option<Displacement> {
    let from = distances(after, before, frame)?;
    let back = distances(before, after, frame)?;
    let largest = from.iter().chain(&back).copied().fold(0.0, f64::max);
    Some(Displacement {
        largest,
        mean: from.iter().sum::<f64>() / from.len() as f64,
    })
}

/// Distances from samples of an outline to another.
fn distances(from: &BezPath, to: &BezPath, frame: Rect) -> Option<Vec<f64>> {
    let curves: Vec<(PathSeg, Rect)> = to
        .segments()
        .map(|segment| (segment, segment.bounding_box()))
        .collect();
    let own: Vec<PathSeg> = from.segments().collect();
    let thin = own.len().div_ceil(MOST_CURVES).max(1);
    let found: Vec<f64> = own
        .iter()
        .step_by(thin)
        .flat_map(|segment| (0..SAMPLES).map(|i| segment.eval(i as f64 / SAMPLES as f64)))
        .filter(|point| frame.contains(*point))
        .map(|point| nearest(point, &curves))
        .collect();
    (!found.is_empty() && !curves.is_empty()).then_some(found)
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
        let frame = Rect::new(0.0, 0.0, 100.0, 100.0);
        let circle = Circle::new((50.0, 50.0), 20.0).to_path(1e-3);
        let turned = Affine::rotate_about(0.5, (50.0, 50.0)) * &circle;
        let same = displacement(&circle, &turned, frame).expect("in the frame");
        assert!(same.largest < 0.05, "{same:?}");
        let moved = Affine::translate((3.0, 4.0)) * &circle;
        let moved = displacement(&circle, &moved, frame).expect("in the frame");
        assert!((4.5..5.1).contains(&moved.largest), "{moved:?}");
        assert!(moved.mean < moved.largest && moved.mean > 2.0, "{moved:?}");
    }

    #[test]
    fn what_lies_off_the_frame_does_not_count() {
        let frame = Rect::new(0.0, 0.0, 10.0, 10.0);
        let off = Circle::new((50.0, 50.0), 20.0).to_path(0.1);
        assert_eq!(displacement(&off, &off, frame), None);
        assert_eq!(displacement(&BezPath::new(), &off, frame), None);
    }
}
