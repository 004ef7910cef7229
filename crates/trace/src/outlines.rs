//! Outlines of a coverage mask, for those who draw what they see in a picture: the same tracing
//! that draws the regions of a target.

use kurbo::{BezPath, Point};

use crate::contours::{Field, contours, fit_closed, signed_area};

/// Closed outlines of what is at least half covered, one path for each connected part with its
/// holes left out, and its area in pixels; the largest first.
///
/// `coverage` is `0.0..=1.0` for each pixel of a grid `width` pixels wide, row by row; the paths
/// are in pixels from the grid's upper left corner. `tolerance` is how far, in pixels, a path may
/// be from the contour. A grid that does not fit its width has no outlines.
pub fn outlines(coverage: &[f32], width: usize, tolerance: f64) -> Vec<(BezPath, f64)> {
    if width == 0 || coverage.is_empty() || !coverage.len().is_multiple_of(width) {
        return Vec::new();
    }
    let field = padded(coverage, width);
    let mut found: Vec<(BezPath, f64)> = contours(&field, 0.0)
        .iter()
        .filter_map(|contour| {
            let area = signed_area(contour);
            let mut path = BezPath::new();
            fit_closed(contour, &vec![tolerance; contour.len()], false, &mut path);
            (area > 0.0 && path.elements().len() > 2).then_some((path, area))
        })
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

/// The mask with empty pixels around it, so that every contour closes.
fn padded(coverage: &[f32], width: usize) -> Field {
    let height = coverage.len() / width;
    let mut values = vec![0.0; (width + 2) * (height + 2)];
    for (y, row) in coverage.chunks_exact(width).enumerate() {
        let start = (y + 1) * (width + 2) + 1;
        for (value, covered) in values.iter_mut().skip(start).zip(row) {
            *value = *covered;
        }
    }
    Field {
        width: width + 2,
        height: height + 2,
        values,
        // Values lie in the middle of their pixels.
        origin: Point::new(-0.5, -0.5),
    }
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::*;

    #[test]
    fn a_disc_is_traced_where_it_is() {
        let side = 40;
        let coverage: Vec<f32> = (0..side * side)
            .map(|pixel| {
                let (x, y) = ((pixel % side) as f32 + 0.5, (pixel / side) as f32 + 0.5);
                (10.5 - (x - 22.0).hypot(y - 15.0)).clamp(0.0, 1.0)
            })
            .collect();
        let found = outlines(&coverage, side, 0.3);
        assert_eq!(found.len(), 1);
        let (path, area) = &found[0];
        assert!((area - 314.0).abs() < 8.0, "{area}");
        let center = path.bounding_box().center();
        assert!(center.distance(Point::new(22.0, 15.0)) < 0.3, "{center:?}");
        assert!(path.elements().len() < 14, "{path:?}");
    }

    #[test]
    fn what_is_cut_by_the_border_closes_and_holes_are_left_out() {
        let mut coverage = vec![1.0; 64];
        coverage[27] = 0.0;
        let found = outlines(&coverage, 8, 0.3);
        assert_eq!(found.len(), 1);
        assert!((found[0].1 - 64.0).abs() < 3.0, "{}", found[0].1);
        assert!(outlines(&coverage, 7, 0.3).is_empty());
    }
}
