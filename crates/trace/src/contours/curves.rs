//! The fewest lines and cubics along a closed contour within a tolerance: least squares with the
//! ends' directions given (Schneider, Graphics Gems 1990), each piece as long as it may be.

use kurbo::{BezPath, CubicBez, Line, ParamCurve, ParamCurveDeriv, PathSeg, Point, Vec2};

use super::corners::{Loop, corners};

/// Newton steps for the curve parameters of a fit.
const REPARAMETRISATIONS: usize = 3;
/// Points of a segment to which the curve is fitted that it becomes part of.
const JOINT_SAMPLES: u32 = 12;

/// A closed path along a contour. `slack` says how far it may be from each point, in pixels.
/// Corners that anti-aliasing has rounded off are put back where their sides meet, when asked for.
pub fn fit_closed(contour: &[Point], slack: &[f64], restores_corners: bool, path: &mut BezPath) {
    if contour.len() < 3 || contour.len() != slack.len() {
        return;
    }
    let found = corners(contour);
    let mut points = contour.to_vec();
    if restores_corners {
        for corner in &found {
            points[corner.index] = corner.position;
        }
    }
    let line = Loop::new(&points);
    let count = points.len();
    let is_corner: Vec<bool> = {
        let mut marks = vec![false; count];
        for corner in &found {
            marks[corner.index] = true;
        }
        marks
    };
    let first = found.first().map_or(0, |corner| corner.index);
    let mut stops: Vec<usize> = found.iter().map(|corner| corner.index).collect();
    if stops.is_empty() {
        stops.push(first);
    }
    stops.push(stops[0] + count);
    path.move_to(points[first]);
    for pair in stops.windows(2) {
        let section = Section {
            points: (pair[0]..=pair[1]).map(|i| points[i % count]).collect(),
            slack: (pair[0]..=pair[1]).map(|i| slack[i % count]).collect(),
            tangents: (pair[0]..=pair[1])
                .map(|i| line.tangent(i % count, 2.0))
                .collect(),
            ends_in_corners: [is_corner[pair[0]], is_corner[pair[1] % count]],
        };
        section.fit(path);
    }
    path.close_path();
}

/// The fewest lines and cubics along an open line within `tolerance` of its points, with a corner
/// at neither end and none in between; empty for fewer than two points.
pub fn fit_open(points: &[Point], tolerance: f64) -> BezPath {
    let mut path = BezPath::new();
    let (Some(first), true) = (points.first(), points.len() >= 2) else {
        return path;
    };
    let last = points.len() - 1;
    path.move_to(*first);
    let section = Section {
        points: points.to_vec(),
        slack: vec![tolerance; points.len()],
        tangents: (0..points.len())
            .map(|i| points[(i + 2).min(last)] - points[i.saturating_sub(2)])
            .collect(),
        ends_in_corners: [true, true],
    };
    section.fit(&mut path);
    path
}

/// The cubic that is nearest to some segments that follow each other, with the directions of their
/// ends.
pub fn joined(segments: &[PathSeg]) -> PathSeg {
    let sampled = segments.iter().flat_map(|segment| {
        (0..JOINT_SAMPLES).map(|i| segment.eval(f64::from(i) / f64::from(JOINT_SAMPLES)))
    });
    let mut points: Vec<Point> = sampled.collect();
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
        return PathSeg::Line(Line::new(Point::ZERO, Point::ZERO));
    };
    points.push(last.end());
    let (from, to) = (direction(first), -direction(&last.reverse()));
    let mut parameters = chord_lengths(&points);
    let mut curve = least_squares(&points, &parameters, from, to);
    for _ in 0..REPARAMETRISATIONS {
        for (t, point) in parameters.iter_mut().zip(&points) {
            *t = nearer_parameter(&curve, *t, *point);
        }
        curve = least_squares(&points, &parameters, from, to);
    }
    PathSeg::Cubic(curve)
}

/// Unit direction in which a segment begins.
fn direction(segment: &PathSeg) -> Vec2 {
    let cubic = segment.to_cubic();
    [cubic.p1, cubic.p2, cubic.p3]
        .into_iter()
        .map(|point| point - cubic.p0)
        .find(|way| way.hypot() > 1e-6)
        .map_or(Vec2::new(1.0, 0.0), Vec2::normalize)
}

/// Part of a contour between two corners.
struct Section {
    points: Vec<Point>,
    /// Largest distance allowed at each point.
    slack: Vec<f64>,
    /// Direction of travel at each point, of any length.
    tangents: Vec<Vec2>,
    ends_in_corners: [bool; 2],
}

/// One fitted piece.
#[derive(Clone, Copy)]
enum Piece {
    Line(Point),
    Curve(CubicBez),
}

impl Section {
    fn fit(&self, path: &mut BezPath) {
        let last = self.points.len() - 1;
        let mut start = 0;
        while start < last {
            let (end, piece) = self.longest_piece(start, last);
            match piece {
                Piece::Line(to) => path.line_to(to),
                Piece::Curve(curve) => path.curve_to(curve.p1, curve.p2, curve.p3),
            }
            start = end;
        }
    }

    /// The furthest end that one piece reaches from `start`: by doubling, then by halving the gap.
    fn longest_piece(&self, start: usize, last: usize) -> (usize, Piece) {
        let mut good = (start + 1, Piece::Line(self.points[start + 1]));
        if let Some(piece) = self.piece(start, last) {
            return (last, piece);
        }
        let mut step = 2;
        let mut bad = last;
        while start + step < last {
            match self.piece(start, start + step) {
                Some(piece) => good = (start + step, piece),
                None => {
                    bad = start + step;
                    break;
                }
            }
            step *= 2;
        }
        while bad > good.0 + 1 {
            let middle = usize::midpoint(good.0, bad);
            match self.piece(start, middle) {
                Some(piece) => good = (middle, piece),
                None => bad = middle,
            }
        }
        good
    }

    /// A line or else a curve within the tolerance.
    fn piece(&self, start: usize, end: usize) -> Option<Piece> {
        let (a, b) = (self.points[start], self.points[end]);
        let is_bounded = |index: usize| {
            (index == start && (start > 0 || self.ends_in_corners[0]))
                || (index == end && (end + 1 < self.points.len() || self.ends_in_corners[1]))
        };
        let chord = b - a;
        let length = chord.hypot();
        let is_line = length > 0.0
            && (start + 1..end).all(|i| {
                let offset = self.points[i] - a;
                let along = offset.dot(chord) / length;
                (offset.cross(chord) / length).abs() <= 0.6 * self.slack[i]
                    && (-0.5..=length + 0.5).contains(&along)
            });
        if is_line && is_bounded(start) && is_bounded(end) {
            return Some(Piece::Line(b));
        }
        let tangent_in = self.end_tangent(start, end, true);
        let tangent_out = self.end_tangent(end, start, false);
        self.curve(start, end, tangent_in, tangent_out)
            .map(Piece::Curve)
    }

    /// Unit direction of travel at one end of a piece; one-sided at corners.
    fn end_tangent(&self, at: usize, other: usize, is_start: bool) -> Vec2 {
        let is_corner = (at == 0 && self.ends_in_corners[0])
            || (at + 1 == self.points.len() && self.ends_in_corners[1]);
        let direction = if is_corner {
            // Far enough along for a steady direction, not so far that it bends.
            let reach = 3.min(at.abs_diff(other));
            if is_start {
                self.points[at + reach] - self.points[at]
            } else {
                self.points[at] - self.points[at - reach]
            }
        } else {
            self.tangents[at]
        };
        let length = direction.hypot();
        if length > 0.0 {
            direction / length
        } else {
            Vec2::new(1.0, 0.0)
        }
    }

    fn curve(&self, start: usize, end: usize, from: Vec2, to: Vec2) -> Option<CubicBez> {
        let points = &self.points[start..=end];
        let slack = &self.slack[start..=end];
        let mut parameters = chord_lengths(points);
        let mut curve = least_squares(points, &parameters, from, to);
        for round in 0..=REPARAMETRISATIONS {
            let worst = points
                .iter()
                .zip(&parameters)
                .zip(slack)
                .map(|((point, t), slack)| curve.eval(*t).distance(*point) / slack)
                .fold(0.0, f64::max);
            if worst <= 1.0 {
                return Some(curve);
            }
            // Far off: no reparametrisation will mend it.
            if round == REPARAMETRISATIONS || worst > 6.0 {
                return None;
            }
            for (t, point) in parameters.iter_mut().zip(points) {
                *t = nearer_parameter(&curve, *t, *point);
            }
            curve = least_squares(points, &parameters, from, to);
        }
        None
    }
}

fn chord_lengths(points: &[Point]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut lengths = vec![0.0];
    for pair in points.windows(2) {
        sum += pair[0].distance(pair[1]);
        lengths.push(sum);
    }
    if sum > 0.0 {
        for length in &mut lengths {
            *length /= sum;
        }
    }
    lengths
}

/// The cubic with the given ends and end directions that is nearest to the points at their
/// parameters.
fn least_squares(points: &[Point], parameters: &[f64], from: Vec2, to: Vec2) -> CubicBez {
    let (first, last) = (points[0], points[points.len() - 1]);
    let (mut c00, mut c01, mut c11, mut x0, mut x1) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (point, t) in points.iter().zip(parameters) {
        let s = 1.0 - t;
        let (b0, b1, b2, b3) = (s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t);
        let (a0, a1) = (from * b1, -to * b2);
        c00 += a0.dot(a0);
        c01 += a0.dot(a1);
        c11 += a1.dot(a1);
        let rest = *point - (first.to_vec2() * (b0 + b1) + last.to_vec2() * (b2 + b3)).to_point();
        x0 += a0.dot(rest);
        x1 += a1.dot(rest);
    }
    let chord = first.distance(last);
    let arc: f64 = points
        .windows(2)
        .map(|pair| pair[0].distance(pair[1]))
        .sum();
    let determinant = c00 * c11 - c01 * c01;
    let usual = arc / 3.0;
    let (mut front, mut back) = (usual, usual);
    if determinant.abs() > 1e-9 * (c00 * c11).max(1e-12) {
        front = (x0 * c11 - x1 * c01) / determinant;
        back = (c00 * x1 - c01 * x0) / determinant;
    }
    let allowed = 0.02 * arc..=1.5 * arc.max(chord);
    if !allowed.contains(&front) || !allowed.contains(&back) {
        (front, back) = (usual, usual);
    }
    CubicBez::new(first, first + from * front, last - to * back, last)
}

/// One Newton step towards the parameter of the curve's point nearest to `point`.
fn nearer_parameter(curve: &CubicBez, t: f64, point: Point) -> f64 {
    let first = curve.deriv();
    let offset = curve.eval(t) - point;
    let velocity = first.eval(t).to_vec2();
    let acceleration = first.deriv().eval(t).to_vec2();
    let slope = velocity.dot(velocity) + offset.dot(acceleration);
    if slope.abs() < 1e-12 {
        return t;
    }
    (t - offset.dot(velocity) / slope).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurbo::{ParamCurveNearest, PathEl, Shape};

    const TOLERANCE: f64 = 0.3;

    #[test]
    fn a_circle_takes_few_curves() {
        let points: Vec<Point> = (0..200)
            .map(|i| {
                let angle = f64::from(i) / 200.0 * std::f64::consts::TAU;
                Point::new(50.0 + 30.0 * angle.cos(), 50.0 + 30.0 * angle.sin())
            })
            .collect();
        let mut path = BezPath::new();
        fit_closed(&points, &vec![TOLERANCE; points.len()], true, &mut path);
        let curves = path
            .elements()
            .iter()
            .filter(|e| matches!(e, PathEl::CurveTo(..)))
            .count();
        assert!((2..=5).contains(&curves), "{path:?}");
        let area = std::f64::consts::PI * 900.0;
        assert!((path.area().abs() - area).abs() < 0.01 * area);
    }

    #[test]
    fn an_open_wave_stays_open_and_near() {
        let points: Vec<Point> = (0..=120)
            .map(|i| {
                let x = f64::from(i);
                Point::new(x, 8.0 * (x / 15.0).sin())
            })
            .collect();
        let path = fit_open(&points, 0.3);
        assert!(path.elements().len() < 16, "{path:?}");
        assert!(!path.elements().contains(&PathEl::ClosePath));
        for point in &points {
            let apart = path
                .segments()
                .map(|segment| segment.nearest(*point, 1e-3).distance_sq.sqrt())
                .fold(f64::INFINITY, f64::min);
            assert!(apart < 0.4, "{point} is {apart} away");
        }
        assert!(fit_open(&points[..1], 0.3).elements().is_empty());
    }

    #[test]
    fn a_square_takes_four_lines() {
        let mut points = Vec::new();
        for (dx, dy, x, y) in [(1, 0, 0, 0), (0, 1, 20, 0), (-1, 0, 20, 20), (0, -1, 0, 20)] {
            for step in 0..20 {
                points.push(Point::new(
                    f64::from(x + dx * step),
                    f64::from(y + dy * step),
                ));
            }
        }
        let mut path = BezPath::new();
        fit_closed(&points, &vec![TOLERANCE; points.len()], true, &mut path);
        assert_eq!(path.elements().len(), 6, "{path:?}");
        assert!((path.area().abs() - 400.0).abs() < 1.0);
    }
}
