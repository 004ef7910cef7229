//! Cutting a filled path to a window, in double precision, however far it reaches.
//!
//! Curves become polygons on the way; a part of a curve that lies beyond one side of the window
//! becomes a chord there, so that the work depends on what is inside, not on how large the curve
//! is.

use chat2svg_stop::{Stop, Stopped};
use kurbo::{BezPath, CubicBez, ParamCurve as _, PathEl, Point, QuadBez, Rect};

/// Most that a polygon may stray from its curve, in the path's units (pixels).
const FLATNESS: f64 = 0.02;
/// Most halvings of a curve. What is left of the largest is below the flatness.
const MAX_HALVINGS: u32 = 48;
/// Elements between two looks at whether to stop.
const ELEMENTS_PER_LOOK: usize = 256;

/// The polygons that cover inside `window` what the filled path covers, for either fill rule. No
/// vertex is outside the window.
pub(crate) fn polygons(
    path: &BezPath,
    window: Rect,
    stop: &Stop,
) -> Result<Vec<Vec<Point>>, Stopped> {
    let mut cutter = Cutter::new(window);
    let (mut start, mut at) = (Point::ZERO, Point::ZERO);
    for (index, element) in path.elements().iter().enumerate() {
        if index % ELEMENTS_PER_LOOK == 0 {
            stop.check()?;
        }
        match *element {
            PathEl::MoveTo(to) => {
                cutter.close();
                start = to;
                cutter.point(to);
            }
            PathEl::LineTo(to) => cutter.point(to),
            PathEl::QuadTo(control, to) => {
                cutter.cubic(QuadBez::new(at, control, to).raise(), MAX_HALVINGS);
            }
            PathEl::CurveTo(first, second, to) => {
                cutter.cubic(CubicBez::new(at, first, second, to), MAX_HALVINGS);
            }
            PathEl::ClosePath => {
                cutter.close();
                cutter.point(start);
            }
        }
        at = element.end_point().unwrap_or(start);
    }
    cutter.close();
    Ok(cutter.polygons)
}

/// The path with what is far outside `window` made simpler: a part of a curve beyond one side of
/// the window becomes its chord, and no curve that stays is longer than `most`.
pub(crate) fn simplified(
    path: &BezPath,
    window: Rect,
    most: f64,
    stop: &Stop,
) -> Result<BezPath, Stopped> {
    let mut out = BezPath::new();
    let (mut start, mut at) = (Point::ZERO, Point::ZERO);
    for (index, element) in path.elements().iter().enumerate() {
        if index % ELEMENTS_PER_LOOK == 0 {
            stop.check()?;
        }
        match *element {
            PathEl::MoveTo(to) => {
                start = to;
                out.move_to(to);
            }
            PathEl::LineTo(to) => out.line_to(to),
            PathEl::QuadTo(control, to) => {
                let curve = QuadBez::new(at, control, to).raise();
                simplify(curve, window, most, MAX_HALVINGS, &mut out);
            }
            PathEl::CurveTo(first, second, to) => {
                let curve = CubicBez::new(at, first, second, to);
                simplify(curve, window, most, MAX_HALVINGS, &mut out);
            }
            PathEl::ClosePath => out.close_path(),
        }
        at = element.end_point().unwrap_or(start);
    }
    Ok(out)
}

fn simplify(curve: CubicBez, window: Rect, most: f64, halvings: u32, out: &mut BezPath) {
    let points = [curve.p0, curve.p1, curve.p2, curve.p3];
    let all = |is_beyond: &dyn Fn(&Point) -> bool| points.iter().all(is_beyond);
    let is_beyond = all(&|point| point.x < window.x0)
        || all(&|point| point.x > window.x1)
        || all(&|point| point.y < window.y0)
        || all(&|point| point.y > window.y1);
    let bounds = Rect::from_points(curve.p0, curve.p3)
        .union_pt(curve.p1)
        .union_pt(curve.p2);
    if halvings == 0 || is_beyond {
        out.line_to(curve.p3);
    } else if bounds.width().max(bounds.height()) <= most {
        out.curve_to(curve.p1, curve.p2, curve.p3);
    } else {
        let (first, second) = curve.subdivide();
        simplify(first, window, most, halvings - 1, out);
        simplify(second, window, most, halvings - 1, out);
    }
}

struct Cutter {
    window: Rect,
    sides: [Side; 4],
    polygon: Vec<Point>,
    polygons: Vec<Vec<Point>>,
}

impl Cutter {
    fn new(window: Rect) -> Self {
        let side = |axis, bound, is_least| Side {
            axis,
            bound,
            is_least,
            ends: None,
        };
        Self {
            window,
            sides: [
                side(Axis::X, window.x0, true),
                side(Axis::X, window.x1, false),
                side(Axis::Y, window.y0, true),
                side(Axis::Y, window.y1, false),
            ],
            polygon: Vec::new(),
            polygons: Vec::new(),
        }
    }

    fn point(&mut self, point: Point) {
        feed(&mut self.sides, &mut self.polygon, point);
    }

    fn close(&mut self) {
        finish(&mut self.sides, &mut self.polygon);
        if self.polygon.len() > 2 {
            self.polygons.push(std::mem::take(&mut self.polygon));
        }
        self.polygon.clear();
    }

    fn cubic(&mut self, curve: CubicBez, halvings: u32) {
        if halvings == 0 || self.is_beyond_a_side(curve) || is_flat(curve) {
            self.point(curve.p3);
            return;
        }
        let (first, second) = curve.subdivide();
        self.cubic(first, halvings - 1);
        self.cubic(second, halvings - 1);
    }

    /// Whether the whole curve is on the far side of one side of the window, where its chord
    /// encloses the same part of the window.
    fn is_beyond_a_side(&self, curve: CubicBez) -> bool {
        let points = [curve.p0, curve.p1, curve.p2, curve.p3];
        self.sides
            .iter()
            .any(|side| points.iter().all(|point| !side.is_inside(*point)))
            || !self.window.is_finite()
    }
}

fn is_flat(curve: CubicBez) -> bool {
    // Second differences bound the distance from the chord.
    let first = curve.p0.to_vec2() - 2.0 * curve.p1.to_vec2() + curve.p2.to_vec2();
    let second = curve.p1.to_vec2() - 2.0 * curve.p2.to_vec2() + curve.p3.to_vec2();
    first.hypot2().max(second.hypot2()) <= (FLATNESS / 0.75) * (FLATNESS / 0.75)
}

#[derive(Clone, Copy)]
enum Axis {
    X,
    Y,
}

/// One side of the window, which points pass on their way into the polygon (Sutherland and
/// Hodgman).
struct Side {
    axis: Axis,
    bound: f64,
    /// Whether the window lies above the bound.
    is_least: bool,
    /// The first and the last point of the contour under way.
    ends: Option<(Point, Point)>,
}

impl Side {
    fn place(&self, point: Point) -> f64 {
        match self.axis {
            Axis::X => point.x,
            Axis::Y => point.y,
        }
    }

    fn is_inside(&self, point: Point) -> bool {
        if self.is_least {
            self.place(point) >= self.bound
        } else {
            self.place(point) <= self.bound
        }
    }

    /// Where a line between a point inside and one outside meets the bound.
    fn crossing(&self, from: Point, to: Point) -> Option<Point> {
        if self.is_inside(from) == self.is_inside(to) {
            return None;
        }
        let (start, end) = (self.place(from), self.place(to));
        let share = ((self.bound - start) / (end - start)).clamp(0.0, 1.0);
        let point = from.lerp(to, share);
        Some(match self.axis {
            Axis::X => Point::new(self.bound, point.y),
            Axis::Y => Point::new(point.x, self.bound),
        })
    }
}

fn feed(sides: &mut [Side], out: &mut Vec<Point>, point: Point) {
    let Some((side, rest)) = sides.split_first_mut() else {
        if out.last() != Some(&point) {
            out.push(point);
        }
        return;
    };
    let (first, last) = side.ends.unwrap_or((point, point));
    side.ends = Some((first, point));
    if let Some(crossing) = side.crossing(last, point) {
        feed(rest, out, crossing);
    }
    if side.is_inside(point) {
        feed(rest, out, point);
    }
}

fn finish(sides: &mut [Side], out: &mut Vec<Point>) {
    let Some((side, rest)) = sides.split_first_mut() else {
        return;
    };
    if let Some((first, last)) = side.ends.take()
        && let Some(crossing) = side.crossing(last, first)
    {
        feed(rest, out, crossing);
    }
    finish(rest, out);
}

#[cfg(test)]
mod tests {
    use kurbo::{Circle, Shape as _};
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Rect = Rect::new(0.0, 0.0, 100.0, 100.0);

    fn cut(path: &BezPath) -> Vec<Vec<Point>> {
        polygons(path, WINDOW, &Stop::never()).expect("not stopped")
    }

    fn area(polygons: &[Vec<Point>]) -> f64 {
        let mut path = BezPath::new();
        for polygon in polygons {
            path.move_to(polygon[0]);
            polygon[1..].iter().for_each(|point| path.line_to(*point));
            path.close_path();
        }
        path.area()
    }

    #[test]
    fn what_is_around_the_window_fills_it() {
        for reach in [1e3, 1e7, 1e12, 1e30] {
            let path = Rect::new(-reach, -reach, reach, reach).to_path(0.1);
            assert_eq!(area(&cut(&path)).abs(), 1e4, "{reach}");
        }
    }

    #[test]
    fn large_circles_are_cut_with_little_work() {
        for radius in [1e3, 1e6, 1e9, 1e11] {
            let path = Circle::new((50.0 - radius, 50.0), radius).to_path(radius * 1e-12);
            let polygons = cut(&path);
            assert!(
                (area(&polygons).abs() - 5e3).abs() < 1e4 * 50.0 / radius + 5.0,
                "{radius}"
            );
            let vertices: usize = polygons.iter().map(Vec::len).sum();
            assert!(vertices < 300, "{vertices} vertices at {radius}");
        }
    }

    #[test]
    fn cutting_ends_when_told_to() {
        let path = Rect::new(0.0, 0.0, 9.0, 9.0).to_path(0.1);
        assert_eq!(polygons(&path, WINDOW, &Stop::when(|| true)), Err(Stopped));
    }

    fn any_coordinate() -> impl Strategy<Value = f64> {
        prop_oneof![
            -50.0..150.0,
            (-40.0..30.0f64, any::<bool>()).prop_map(|(e, is_negative)| {
                let size = 10f64.powf(e);
                if is_negative { -size } else { size }
            })
        ]
    }

    proptest! {
        #[test]
        fn nothing_is_left_outside_and_work_is_bounded(
            numbers in prop::collection::vec(any_coordinate(), 14),
        ) {
            let mut path = BezPath::new();
            path.move_to((numbers[0], numbers[1]));
            path.curve_to((numbers[2], numbers[3]), (numbers[4], numbers[5]), (numbers[6], numbers[7]));
            path.quad_to((numbers[8], numbers[9]), (numbers[10], numbers[11]));
            path.line_to((numbers[12], numbers[13]));
            let polygons = cut(&path);
            for point in polygons.iter().flatten() {
                prop_assert!(WINDOW.contains(*point) || point.x == 100.0 || point.y == 100.0);
            }
            prop_assert!(polygons.iter().map(Vec::len).sum::<usize>() < 4_000);
        }

        #[test]
        fn the_winding_inside_the_window_stays(
            numbers in prop::collection::vec(-300.0..400.0f64, 16),
            at in (1.0..99.0f64, 1.0..99.0f64),
        ) {
            let mut path = BezPath::new();
            path.move_to((numbers[0], numbers[1]));
            for pair in numbers[2..].chunks_exact(2) {
                path.line_to((pair[0], pair[1]));
            }
            path.close_path();
            let mut cut_path = BezPath::new();
            for polygon in cut(&path) {
                cut_path.move_to(polygon[0]);
                polygon[1..].iter().for_each(|point| cut_path.line_to(*point));
                cut_path.close_path();
            }
            prop_assert_eq!(path.winding(at.into()), cut_path.winding(at.into()));
        }
    }
}
