//! Outlines that are rectangles, lines and polygons: longer to write as such than as paths, but
//! easier to edit, and what a caller may have drawn them as.

use kurbo::{BezPath, CubicBez, ParamCurve as _, PathEl, Point, Rect, Shape as _};

use crate::{Drawn, Shape};

use super::number::{number, rounded};
use super::primitive::FOUR_ARCS;

/// A basic shape other than a circle or an ellipse.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Basic {
    /// A rectangle, and the radii of its corners.
    Rect(Rect, [f64; 2]),
    /// One straight line.
    Line(Point, Point),
    /// Straight lines, open.
    Polyline(Vec<Point>),
    /// Straight lines, closed.
    Polygon(Vec<Point>),
}

impl Basic {
    /// The basic shape that a shape is written as; no point of it moves by more than `tolerance`.
    pub(crate) fn of(shape: &Shape, tolerance: f64) -> Option<Self> {
        if !shape.path.is_finite() {
            return None;
        }
        match vertices(&shape.path) {
            Some((points, true)) => {
                // Dashes begin at the top left of a rectangle, going right.
                let is_dashed = shape.stroke.as_ref().is_some_and(|s| !s.dashes.is_empty());
                let rect = rect_of(&points, tolerance).filter(|rect| {
                    let begins_alike = points.first() == Some(&Point::new(rect.x0, rect.y0))
                        && is_clockwise(&points);
                    // A side that is rounded to nothing would hide a rectangle's stroke, too.
                    rect.width().min(rect.height()) > 2.0 * tolerance
                        && (!is_dashed || begins_alike)
                });
                Some(match rect {
                    Some(rect) => Self::Rect(rect, [0.0, 0.0]),
                    None => Self::Polygon(points),
                })
            }
            Some((points, false)) => match points.as_slice() {
                [start, end] if shape.stroke.is_some() => Some(Self::Line(*start, *end)),
                [_, _, ..] => Some(Self::Polyline(points)),
                _ => None,
            },
            None => {
                let is_dashed = shape.stroke.as_ref().is_some_and(|s| !s.dashes.is_empty());
                (!is_dashed)
                    .then(|| rounded_rect(&shape.path, tolerance, shape.stroke.is_none()))?
            }
        }
    }

    /// The element's name.
    pub(crate) fn element(&self) -> &'static str {
        match self {
            Self::Rect(..) => "rect",
            Self::Line(..) => "line",
            Self::Polyline(_) => "polyline",
            Self::Polygon(_) => "polygon",
        }
    }

    /// Its geometry as attributes.
    pub(crate) fn attributes(&self, decimals: u8) -> Vec<(&'static str, String)> {
        let text = |value: f64| number(value, decimals);
        let list = |points: &[Point]| {
            let pairs = points
                .iter()
                .map(|point| format!("{},{}", text(point.x), text(point.y)));
            pairs.collect::<Vec<_>>().join(" ")
        };
        match self {
            Self::Rect(rect, [rx, ry]) => {
                // The sides lie on the grid, as those of a path would.
                let [x0, y0, x1, y1] =
                    [rect.x0, rect.y0, rect.x1, rect.y1].map(|side| rounded(side, decimals));
                let mut out = Vec::new();
                for (name, value) in [("x", x0), ("y", y0)] {
                    if value != 0.0 {
                        out.push((name, text(value)));
                    }
                }
                out.push(("width", text(x1 - x0)));
                out.push(("height", text(y1 - y0)));
                let (rx, ry) = (text(*rx), text(*ry));
                if rx != "0" && ry != "0" {
                    let is_round = rx == ry;
                    out.push(("rx", rx));
                    if !is_round {
                        out.push(("ry", ry));
                    }
                }
                out
            }
            Self::Line(start, end) => {
                let sides = [
                    ("x1", start.x),
                    ("y1", start.y),
                    ("x2", end.x),
                    ("y2", end.y),
                ];
                sides
                    .into_iter()
                    .map(|(name, value)| (name, text(value)))
                    .filter(|(_, value)| value != "0")
                    .collect()
            }
            Self::Polyline(points) | Self::Polygon(points) => vec![("points", list(points))],
        }
    }
}

/// Whether a path draws one upright rectangle.
pub(super) fn is_rectangle(path: &BezPath) -> bool {
    vertices(path).is_some_and(|(points, is_closed)| is_closed && rect_of(&points, 0.0).is_some())
}

/// The rectangle with round corners that [`ShapeElements::Keep`](super::ShapeElements::Keep) writes
/// a shape as, and the radii of its corners.
pub(super) fn rounded_rect_of(shape: &Shape, tolerance: f64) -> Option<(Rect, [f64; 2])> {
    let basic = (shape.drawn == Drawn::AsBasicShape).then(|| Basic::of(shape, tolerance))?;
    match basic? {
        Basic::Rect(rect, radii) if radii[0] > 0.0 && radii[1] > 0.0 => Some((rect, radii)),
        _ => None,
    }
}

/// The vertices of one run of straight lines, and whether it is closed.
fn vertices(path: &BezPath) -> Option<(Vec<Point>, bool)> {
    let (first, rest) = path.elements().split_first()?;
    let PathEl::MoveTo(start) = first else {
        return None;
    };
    let (lines, is_closed) = match rest.split_last()? {
        (PathEl::ClosePath, lines) => (lines, true),
        _ => (rest, false),
    };
    let mut points = vec![*start];
    for line in lines {
        match line {
            PathEl::LineTo(point) => points.push(*point),
            _ => return None,
        }
    }
    // A line back to the start is what closing draws anyway.
    if is_closed && points.len() > 2 && points.last() == points.first() {
        points.pop();
    }
    (points.len() > 1).then_some((points, is_closed))
}

/// The rectangle with these corners to a tolerance, in any order that goes around.
fn rect_of(points: &[Point], tolerance: f64) -> Option<Rect> {
    let [a, b, c, d] = points else { return None };
    let is_same = |a: f64, b: f64| (a - b).abs() <= tolerance;
    let is_across =
        is_same(a.y, b.y) && is_same(b.x, c.x) && is_same(c.y, d.y) && is_same(d.x, a.x);
    let is_down = is_same(a.x, b.x) && is_same(b.y, c.y) && is_same(c.x, d.x) && is_same(d.y, a.y);
    let rect = Rect::from_points(*a, *c);
    ((is_across || is_down) && rect.width() > 0.0 && rect.height() > 0.0).then_some(rect)
}

fn is_clockwise(points: &[Point]) -> bool {
    matches!(points, [a, b, ..] if a.y == b.y && b.x > a.x)
}

/// A rectangle with round corners: straight sides along its box and a quarter of an ellipse in each
/// corner. A path that only returns to its start counts as closed where `is_filled_only`.
pub(super) fn rounded_rect(path: &BezPath, tolerance: f64, is_filled_only: bool) -> Option<Basic> {
    let (first, rest) = path.elements().split_first()?;
    let PathEl::MoveTo(start) = first else {
        return None;
    };
    let (sides, is_closed) = match rest.split_last()? {
        (PathEl::ClosePath, sides) => (sides, true),
        _ => (rest, false),
    };
    let bounds = path.bounding_box();
    let smallest = bounds.width().min(bounds.height());
    let is_large = smallest > 8.0 * tolerance;
    if !(is_closed || is_filled_only) || sides.len() > MOST_SIDES || !is_large {
        return None;
    }
    let mut arcs = Vec::new();
    let on_border = |from: Point, to: Point| {
        [from, from.midpoint(to), to]
            .iter()
            .all(|point| is_on_border(*point, bounds, tolerance))
    };
    let mut at = *start;
    for side in sides {
        match *side {
            PathEl::LineTo(to) if on_border(at, to) => at = to,
            PathEl::CurveTo(one, two, to) => {
                arcs.push(CubicBez::new(at, one, two, to));
                at = to;
            }
            _ => return None,
        }
    }
    if !on_border(at, *start) {
        return None;
    }
    // How far the ends of the upper and of the left side are from their corner.
    let ends = || arcs.iter().flat_map(|arc| [arc.p0, arc.p3]);
    let rx = ends().filter(|end| (end.y - bounds.y0).abs() <= tolerance);
    let rx = rx
        .map(|end| end.x - bounds.x0)
        .fold(f64::INFINITY, f64::min);
    let ry = ends().filter(|end| (end.x - bounds.x0).abs() <= tolerance);
    let ry = ry
        .map(|end| end.y - bounds.y0)
        .fold(f64::INFINITY, f64::min);
    let is_radius =
        |radius: f64, side: f64| radius > 2.0 * tolerance && radius * 2.0 <= side + 2.0 * tolerance;
    if !(is_radius(rx, bounds.width()) && is_radius(ry, bounds.height())) {
        return None;
    }
    // How much of each corner's quarter the curves cover.
    let mut covered = [[0.0, 0.0]; 4];
    for arc in &arcs {
        let corner = corner_of(arc, bounds, [rx, ry], tolerance)?;
        let sums = covered.get_mut(corner)?;
        sums[0] += (arc.p3.x - arc.p0.x).abs();
        sums[1] += (arc.p3.y - arc.p0.y).abs();
    }
    let is_whole = |sums: [f64; 2]| {
        (sums[0] - rx).abs() <= 2.0 * tolerance && (sums[1] - ry).abs() <= 2.0 * tolerance
    };
    covered
        .into_iter()
        .all(is_whole)
        .then_some(Basic::Rect(bounds, [rx, ry]))
}

/// Most segments of a path that is looked at for round corners.
const MOST_SIDES: usize = 20;

fn is_on_border(point: Point, bounds: Rect, tolerance: f64) -> bool {
    let distance = [
        point.x - bounds.x0,
        bounds.x1 - point.x,
        point.y - bounds.y0,
        bounds.y1 - point.y,
    ];
    distance.iter().any(|distance| distance.abs() <= tolerance)
}

/// The corner that a curve rounds with these radii.
fn corner_of(arc: &CubicBez, bounds: Rect, radii: [f64; 2], tolerance: f64) -> Option<usize> {
    let [rx, ry] = radii;
    let middle = arc.eval(0.5);
    let is_right = middle.x > bounds.center().x;
    let is_below = middle.y > bounds.center().y;
    let center = Point::new(
        if is_right {
            bounds.x1 - rx
        } else {
            bounds.x0 + rx
        },
        if is_below {
            bounds.y1 - ry
        } else {
            bounds.y0 + ry
        },
    );
    let smallest = rx.min(ry);
    let is_quarter = (0..=8).all(|step| {
        let offset = arc.eval(f64::from(step) / 8.0) - center;
        let radius = (offset.x / rx).hypot(offset.y / ry);
        let is_outward = (offset.x * if is_right { 1.0 } else { -1.0 }) >= -tolerance
            && (offset.y * if is_below { 1.0 } else { -1.0 }) >= -tolerance;
        is_outward && (radius - 1.0).abs() * smallest <= tolerance + FOUR_ARCS * smallest
    });
    is_quarter.then_some(usize::from(is_right) + 2 * usize::from(is_below))
}

#[cfg(test)]
mod tests {
    use kurbo::{Circle, RoundedRect};

    use super::*;
    use crate::{Color, LineCap, LineJoin, Paint, Stroke};

    fn shape(path: BezPath) -> Shape {
        Shape::filled("", path, Paint::Solid(Color::BLACK))
    }

    fn stroked(path: BezPath, dashes: Vec<f64>) -> Shape {
        Shape {
            stroke: Some(Stroke {
                paint: Paint::Solid(Color::BLACK),
                opacity: 1.0,
                width: 1.0,
                cap: LineCap::Butt,
                join: LineJoin::Miter,
                miter_limit: 4.0,
                dashes,
                dash_offset: 0.0,
            }),
            ..shape(path)
        }
    }

    fn path(data: &str) -> BezPath {
        BezPath::from_svg(data).expect("valid path")
    }

    fn written(basic: Option<Basic>) -> String {
        let basic = basic.expect("is a basic shape");
        let attributes: Vec<String> = basic
            .attributes(2)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("{} {}", basic.element(), attributes.join(" "))
    }

    #[test]
    fn basic_shapes_are_known() {
        for (data, expected) in [
            ("M2 3H12V8H2Z", "rect x=2 y=3 width=10 height=5"),
            ("M12 3V8H2V3H12Z", "rect x=2 y=3 width=10 height=5"),
            ("M0 0H4L2 3Z", "polygon points=0,0 4,0 2,3"),
            ("M0 0H4L2 3", "polyline points=0,0 4,0 2,3"),
        ] {
            assert_eq!(
                written(Basic::of(&shape(path(data)), 0.05)),
                expected,
                "{data}"
            );
        }
        let line = stroked(path("M0 1L5 6"), Vec::new());
        assert_eq!(written(Basic::of(&line, 0.05)), "line y1=1 x2=5 y2=6");
    }

    #[test]
    fn round_corners_are_known() {
        let round = RoundedRect::new(1.0, 2.0, 41.0, 22.0, 5.0).to_path(0.001);
        assert_eq!(
            written(Basic::of(&shape(round), 0.05)),
            "rect x=1 y=2 width=40 height=20 rx=5"
        );
        let pill = RoundedRect::new(0.0, 0.0, 40.0, 20.0, 10.0).to_path(0.001);
        assert_eq!(
            written(Basic::of(&shape(pill), 0.05)),
            "rect width=40 height=20 rx=10"
        );
    }

    #[test]
    fn other_outlines_are_not() {
        let uneven = RoundedRect::new(0.0, 0.0, 40.0, 20.0, (5.0, 5.0, 5.0, 0.0)).to_path(0.001);
        let pinched = path(
            "M5 0L35 0C37 3 37 3 40 5L40 15C37 17 37 17 35 20L5 20C3 17 3 17 0 15L0 5C3 3 3 3 5 0Z",
        );
        let circle = Circle::new((0.0, 0.0), 0.1).to_path(0.01);
        for path in [
            uneven,
            pinched,
            circle,
            path("M0 0H4V4H0ZM5 5H6V6Z"),
            path("M0 0Q1 1 2 0Z"),
        ] {
            assert_eq!(Basic::of(&shape(path), 0.05), None);
        }
    }

    #[test]
    fn dashes_begin_where_they_did() {
        let from_the_corner = stroked(path("M2 3H12V8H2Z"), vec![2.0]);
        assert!(matches!(
            Basic::of(&from_the_corner, 0.05),
            Some(Basic::Rect(..))
        ));
        let from_elsewhere = stroked(path("M12 3V8H2V3Z"), vec![2.0]);
        assert!(matches!(
            Basic::of(&from_elsewhere, 0.05),
            Some(Basic::Polygon(_))
        ));
    }
}
