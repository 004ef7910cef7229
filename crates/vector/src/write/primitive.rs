//! Outlines that are circles or ellipses: shorter to write, and easier to edit, as what they are.
//! Those of other basic shapes are in `basic`.

use kurbo::{BezPath, ParamCurve as _, PathEl, PathSeg, Point, Rect, Shape as _};

use crate::{ClipPath, Drawn, FillRule, Shape};

use super::ShapeElements;
use super::basic::is_rectangle;

/// By which share of its radius a circle is off that is drawn in four cubics, rounded up.
pub(super) const FOUR_ARCS: f64 = 2.8e-4;

/// An axis-aligned ellipse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ellipse {
    pub(crate) center: Point,
    pub(crate) across: f64,
    pub(crate) down: f64,
}

/// The ellipse that a shape is written as, where that moves no point of it by more than
/// `tolerance`. A path of a file stays one: browsers draw circles a little unlike paths of the same
/// outline, by up to 0.15 pixels.
pub(super) fn written_ellipse(
    shape: &Shape,
    elements: ShapeElements,
    tolerance: f64,
) -> Option<Ellipse> {
    let may_be = match elements {
        ShapeElements::Paths => false,
        ShapeElements::Keep => shape.drawn != Drawn::AsPath,
        ShapeElements::Primitives => true,
    };
    may_be.then(|| ellipse_of(shape, tolerance)).flatten()
}

/// The ellipse that a shape is, where no point of it is further than `tolerance` from one.
pub(crate) fn ellipse_of(shape: &Shape, tolerance: f64) -> Option<Ellipse> {
    let ellipse = as_ellipse(&shape.path, tolerance, shape.stroke.is_none())?;
    let is_dashed = shape
        .stroke
        .as_ref()
        .is_some_and(|stroke| !stroke.dashes.is_empty());
    (!is_dashed || begins_on_the_right(&shape.path, &ellipse, tolerance)).then_some(ellipse)
}

/// Whether a path begins and turns as the outline of an ellipse does, along which dashes lie: on
/// the right, clockwise.
fn begins_on_the_right(path: &BezPath, ellipse: &Ellipse, tolerance: f64) -> bool {
    let right = ellipse.center + (ellipse.across, 0.0);
    let mut segments = path.segments();
    segments.next().is_some_and(|first| {
        first.start().distance(right) <= tolerance && first.eval(0.5).y > ellipse.center.y
    })
}

/// Whether an outline is that of a circle or an ellipse as readers make it of these elements.
pub(crate) fn is_drawn_round(path: &BezPath) -> bool {
    /// What reading in single precision may move, as a share of the size.
    const SLACK: f64 = 1e-4;
    let bounds = path.bounding_box();
    let tolerance = SLACK * bounds.width().min(bounds.height());
    // Begin, four arcs, end.
    path.elements().len() == 6
        && as_ellipse(path, 10.0 * tolerance, false)
            .is_some_and(|ellipse| begins_on_the_right(path, &ellipse, tolerance))
}

/// The parts of a clip path that show together what it shows, where one is a circle or an ellipse
/// as readers make them of these elements; `None` where one path does as well.
pub(super) fn round_parts(
    clip: &ClipPath,
    elements: ShapeElements,
    tolerance: f64,
) -> Option<Vec<(BezPath, Option<Ellipse>)>> {
    /// More parts are one path.
    const MOST: usize = 16;
    if elements == ShapeElements::Paths || clip.rule == FillRule::EvenOdd {
        return None;
    }
    let path = &clip.path;
    let starts = path.elements().iter().enumerate();
    let starts = starts.filter(|(_, element)| matches!(element, PathEl::MoveTo(_)));
    let mut starts: Vec<usize> = starts.map(|(index, _)| index).collect();
    if starts.len() > MOST {
        return None;
    }
    starts.push(path.elements().len());
    let parts = starts.windows(2).filter_map(|ends| {
        let elements = path.elements().get(*ends.first()?..*ends.last()?)?;
        Some(BezPath::from_vec(elements.to_vec()))
    });
    let parts: Vec<BezPath> = parts.collect();
    let boxes: Vec<Rect> = parts.iter().map(BezPath::bounding_box).collect();
    let are_apart = boxes.iter().enumerate().all(|(index, one)| {
        boxes
            .iter()
            .skip(index + 1)
            .all(|other| !one.overlaps(*other))
    });
    // Holes turn the other way.
    let all_fill = parts.iter().all(|part| part.area() > 0.0);
    let parts = parts.into_iter().map(|part| {
        let ellipse = as_ellipse(&part, tolerance, true);
        let ellipse = ellipse.filter(|ellipse| begins_on_the_right(&part, ellipse, tolerance));
        (part, ellipse)
    });
    let parts: Vec<_> = parts.collect();
    let is_plain =
        |(part, ellipse): &(BezPath, Option<Ellipse>)| ellipse.is_some() || is_rectangle(part);
    let may_split = are_apart || all_fill && parts.iter().all(is_plain);
    (may_split && parts.iter().any(|(_, ellipse)| ellipse.is_some())).then_some(parts)
}

/// The ellipse that a path draws, when no point of it is further than `tolerance` from that
/// ellipse. A path that only returns to its start counts as closed where `is_filled_only`.
pub(super) fn as_ellipse(path: &BezPath, tolerance: f64, is_filled_only: bool) -> Option<Ellipse> {
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
    let tolerance = tolerance + FOUR_ARCS * smallest;
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
    fn large_circles_in_four_arcs_are_known() {
        let path = kurbo::Circle::new((900.0, 800.0), 600.0).to_path(1.0);
        assert_eq!(path.segments().count(), 4);
        let ellipse = as_ellipse(&path, 0.06, true).expect("is a circle");
        assert!((ellipse.across - 600.0).abs() < 0.2);
        let pushed = BezPath::from_svg(
            "M1500 800C1500 1131 1231 1400 900 1400S301 1131 300 800 \
                                        569 200 900 200 1500 468 1500 800Z",
        );
        assert_eq!(as_ellipse(&pushed.expect("a path"), 0.06, true), None);
    }

    #[test]
    fn dashed_circles_begin_on_the_right() {
        let circle = kurbo::Circle::new((30.0, 40.0), 20.0).to_path(0.01);
        let ellipse = as_ellipse(&circle, 0.06, false).expect("is a circle");
        assert!(begins_on_the_right(&circle, &ellipse, 0.06));
        let back = circle.reverse_subpaths();
        assert!(!begins_on_the_right(&back, &ellipse, 0.06));
    }

    #[test]
    fn round_parts_lie_apart() {
        let circle = |x: f64| kurbo::Circle::new((x, 0.0), 10.0).to_path(0.01);
        let joined = |one: BezPath, other: BezPath| {
            let mut path = one;
            path.extend(other);
            path
        };
        let square = Rect::new(30.0, 0.0, 40.0, 10.0).to_path(0.1);
        let parts_of = |path: BezPath| {
            let clip = ClipPath {
                path,
                rule: FillRule::NonZero,
            };
            round_parts(&clip, ShapeElements::Keep, 0.06)
        };
        let parts = parts_of(joined(circle(0.0), square.clone())).expect("are apart");
        let round: Vec<bool> = parts.iter().map(|(_, ellipse)| ellipse.is_some()).collect();
        assert_eq!(round, [true, false]);
        assert!(parts_of(joined(circle(0.0), circle(15.0))).is_some());
        let hole = kurbo::Circle::new((0.0, 0.0), 5.0).to_path(0.01);
        assert_eq!(parts_of(joined(circle(0.0), hole.reverse_subpaths())), None);
        assert_eq!(parts_of(square), None);
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
