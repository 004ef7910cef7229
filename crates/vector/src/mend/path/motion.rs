//! How a pen moves through a command: where it gets to, and in which directions it leaves and
//! arrives.

use kurbo::{Arc, BezPath, PathEl, Point, SvgArc, Vec2};

use super::tokens::Number;

/// Where the pen is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pen {
    pub(super) at: Point,
    /// Where the subpath began.
    pub(super) start: Point,
    /// The direction in which the subpath began.
    pub(super) first: Option<Vec2>,
    /// The direction in which the pen arrived, and whether on a line.
    pub(super) arrived: Option<(Vec2, bool)>,
    /// The last control point, for `s` and `t`.
    control: Option<Point>,
    /// The last command in lower case.
    pub(super) last: u8,
}

/// One step of a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) from: Point,
    pub(super) to: Point,
    /// The directions of leaving and arriving; none when nothing is drawn.
    pub(super) directions: Option<(Vec2, Vec2)>,
    pub(super) is_line: bool,
    /// By how much an arc's end is farther away than it can reach: 1 or less when it reaches it.
    pub(super) stretch: f64,
    /// Points that bound it, besides its ends.
    pub(super) controls: [Option<Point>; 2],
}

impl Pen {
    /// Moves the pen through one group of a command's numbers.
    pub(super) fn step(&mut self, command: u8, numbers: &[Number<'_>]) -> Step {
        let is_relative = command.is_ascii_lowercase();
        let kind = command.to_ascii_lowercase();
        let from = self.at;
        let base = if is_relative {
            from.to_vec2()
        } else {
            Vec2::ZERO
        };
        let value = |index: usize| numbers.get(index).map_or(0.0, |number| number.value);
        let point = |index: usize| Point::new(value(index), value(index + 1)) + base;
        let mut controls = [None, None];
        let mut stretch = 0.0;
        let mut arc_directions = None;
        let to = match kind {
            b'z' => self.start,
            b'h' => Point::new(value(0) + base.x, from.y),
            b'v' => Point::new(from.x, value(0) + base.y),
            b'c' => {
                controls = [Some(point(0)), Some(point(2))];
                point(4)
            }
            b's' => {
                controls = [self.reflected(b"cs"), Some(point(0))];
                point(2)
            }
            b'q' => {
                controls = [Some(point(0)), Some(point(0))];
                point(2)
            }
            b't' => {
                let control = self.reflected(b"qt").unwrap_or(from);
                controls = [Some(control), Some(control)];
                point(0)
            }
            b'a' => {
                let to = point(5);
                let radii = Vec2::new(value(0), value(1));
                stretch = (to - from).hypot() / (2.0 * radii.x.abs().max(radii.y.abs())).max(1e-9);
                arc_directions = arc(from, to, radii, value(2), value(3) != 0.0, value(4) != 0.0);
                to
            }
            _ => point(0),
        };
        let is_curve = controls.iter().any(Option::is_some);
        let straight = direction(from, to);
        let directions = match kind {
            b'm' => None,
            b'a' => arc_directions,
            _ if is_curve => {
                let [first, second] = controls;
                let leave = [first, second, Some(to)].into_iter().flatten();
                let arrive = [second, first, Some(from)].into_iter().flatten();
                let leave = leave.filter_map(|next| direction(from, next)).next();
                let arrive = arrive.filter_map(|next| direction(next, to)).next();
                leave.zip(arrive)
            }
            _ => straight.map(|straight| (straight, straight)),
        };
        let is_line = matches!(kind, b'l' | b'h' | b'v' | b'z');
        self.control = controls[1];
        self.at = to;
        if kind == b'm' {
            (self.start, self.first, self.arrived) = (to, None, None);
        } else if let Some((leave, arrive)) = directions {
            self.first = self.first.or(Some(leave));
            self.arrived = Some((arrive, is_line));
        }
        if kind == b'z' {
            (self.first, self.arrived) = (None, None);
        }
        self.last = kind;
        Step {
            from,
            to,
            directions,
            is_line,
            stretch,
            controls,
        }
    }

    /// The control point that continues a curve smoothly.
    fn reflected(&self, kinds: &[u8]) -> Option<Point> {
        let control = self.control.filter(|_| kinds.contains(&self.last))?;
        Some(self.at + (self.at - control))
    }
}

fn direction(from: Point, to: Point) -> Option<Vec2> {
    let way = to - from;
    (way.hypot2() > 1e-18 && way.is_finite()).then(|| way.normalize())
}

/// The directions in which an arc leaves and arrives.
fn arc(
    from: Point,
    to: Point,
    radii: Vec2,
    rotation: f64,
    large_arc: bool,
    sweep: bool,
) -> Option<(Vec2, Vec2)> {
    let arc = SvgArc {
        from,
        to,
        radii: Vec2::new(radii.x.abs(), radii.y.abs()),
        x_rotation: rotation.to_radians(),
        large_arc,
        sweep,
    };
    if !(from.is_finite() && to.is_finite() && radii.is_finite() && rotation.is_finite()) {
        return None;
    }
    let Some(arc) = Arc::from_svg_arc(&arc) else {
        return direction(from, to).map(|straight| (straight, straight));
    };
    // A coarse tolerance: at most a curve for each quarter.
    let tolerance = 0.1 * (1.0 + radii.x.abs().max(radii.y.abs()));
    let path: BezPath = std::iter::once(PathEl::MoveTo(from))
        .chain(arc.append_iter(tolerance))
        .collect();
    let elements = path.elements();
    let leave = match elements.get(1) {
        Some(PathEl::CurveTo(first, ..)) => direction(from, *first),
        _ => None,
    };
    let arrive = match elements.last() {
        Some(PathEl::CurveTo(_, second, end)) => direction(*second, *end),
        _ => None,
    };
    leave.zip(arrive)
}
