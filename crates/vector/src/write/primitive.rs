//! Outlines that are circles or ellipses: shorter to write, and easier to edit, as what they are.
//! Those of other basic shapes are in `basic`.

use kurbo::{BezPath, ParamCurve as _, PathEl, PathSeg, Point, Shape as _};

use crate::Shape;

/// An axis-aligned ellipse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ellipse {
    pub(crate) center: Point,
    pub(crate) across: f64,
    pub(crate) down: f64,
}

/// The ellipse that a shape is written as, where that moves no point of it by more than
/// `tolerance`.
pub(crate) fn ellipse_of(shape: &Shape, tolerance: f64) -> Option<Ellipse> {
    // Dashes begin where the path does.
    let is_dashed = shape
        .stroke
        .as_ref()
        .is_some_and(|stroke| !stroke.dashes.is_empty());
    if is_dashed {
        return None;
    }
    as_ellipse(&shape.path, tolerance, shape.stroke.is_none())
}

/// The ellipse that a path draws, when no point of it is further than `tolerance` from that
/// ellipse. A path that only returns to its start counts as closed where `is_filled_only`.
fn as_ellipse(path: &BezPath, tolerance: f64, is_filled_only: bool) -> Option<Ellipse> {
    let (first, rest) = path.elements().split_first()?;
    let (curves, is_closed) = match rest.split_last()? {
        (PathEl::ClosePath, curves) => (curves, true),
        _ => (rest, false),
    };
    let is_outline = matches!(first, PathEl::MoveTo(_))
        && (is_closed || is_filled_only)
        && (3..=16).contains(&curves.len())
        && curves
            .iter()
            .all(|element| matches!(element, PathEl::CurveTo(..)));
    if !is_outline {
        return None;
    }
    let bounds = path.bounding_box();
    let ellipse = Ellipse {
        center: bounds.center(),
        across: bounds.width() * 0.5,
        down: bounds.height() * 0.5,
    };
    let smallest = ellipse.across.min(ellipse.down);
    // What is as small as the tolerance could be anything.
    if !(smallest > 8.0 * tolerance && bounds.is_finite()) {
        return None;
    }
    let mut angle = 0.0;
    for segment in path.segments() {
        // The closing line of a path that returns to its start has no length.
        if let PathSeg::Line(line) = segment {
            if (line.p1 - line.p0).hypot() > tolerance {
                return None;
            }
            continue;
        }
        let mut before = on_circle(segment.start(), &ellipse);
        for step in 1..=8 {
            let point = on_circle(segment.eval(f64::from(step) / 8.0), &ellipse);
            if (point.to_vec2().hypot() - 1.0).abs() * smallest > tolerance {
                return None;
            }
            let turn = before.to_vec2().cross(point.to_vec2());
            angle += turn.atan2(before.to_vec2().dot(point.to_vec2()));
            before = point;
        }
    }
    // Once around, not back and forth nor twice.
    let is_once = (angle.abs() - std::f64::consts::TAU).abs() < 0.01;
    is_once.then_some(ellipse)
}

fn on_circle(point: Point, ellipse: &Ellipse) -> Point {
    let offset = point - ellipse.center;
    Point::new(offset.x / ellipse.across, offset.y / ellipse.down)
}

#[cfg(test)]
mod tests {
    use kurbo::Rect;

    use super::*;

    fn bounds(ellipse: &Ellipse) -> Rect {
        Rect::from_center_size(ellipse.center, (ellipse.across * 2.0, ellipse.down * 2.0))
    }

    #[test]
    fn circles_and_ellipses_are_known() {
        for (path, expected) in [
            (
                kurbo::Circle::new((30.0, 40.0), 20.0).to_path(0.01),
                Rect::new(10.0, 20.0, 50.0, 60.0),
            ),
            (
                kurbo::Ellipse::new((0.0, 0.0), (50.0, 10.0), 0.0).to_path(0.01),
                Rect::new(-50.0, -10.0, 50.0, 10.0),
            ),
        ] {
            let ellipse = as_ellipse(&path, 0.06, true).expect("is an ellipse");
            assert!((bounds(&ellipse).x0 - expected.x0).abs() < 0.02);
            assert!((bounds(&ellipse).y1 - expected.y1).abs() < 0.02);
        }
    }

    #[test]
    fn other_outlines_are_not() {
        let turned = kurbo::Ellipse::new((0.0, 0.0), (50.0, 10.0), 0.3).to_path(0.01);
        let mut twice = kurbo::Circle::new((0.0, 0.0), 20.0).to_path(0.01);
        twice.extend(kurbo::Circle::new((0.0, 0.0), 20.0).to_path(0.01));
        let round = kurbo::RoundedRect::new(0.0, 0.0, 40.0, 40.0, 18.0).to_path(0.01);
        let tiny = kurbo::Circle::new((0.0, 0.0), 0.1).to_path(0.01);
        let open = BezPath::from_svg("M0 0C0 5 5 10 10 10S20 5 20 0").expect("valid path");
        let unclosed = kurbo::Ellipse::new((0.0, 0.0), (50.0, 10.0), 0.0).to_path(0.01);
        assert_eq!(as_ellipse(&unclosed, 0.06, false), None);
        for path in [turned, twice, round, tiny, open, BezPath::new()] {
            assert_eq!(as_ellipse(&path, 0.06, true), None);
        }
    }
}
