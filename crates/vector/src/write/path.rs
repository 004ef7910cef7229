//! Path data: positions on a decimal grid, each segment in its shortest form.
//!
//! Rounding is done on absolute positions and relative commands are differences of rounded
//! positions, so errors never add up along a path.

use kurbo::{BezPath, PathEl, Point};

use super::number::{push_grid, push_separated, to_grid};

/// A point in units of the grid.
type GridPoint = (i64, i64);

/// The `d` attribute of a path, its coordinates rounded to `decimals`.
///
/// Segments without length are left out unless `keep_points` (a stroke's caps make them visible).
pub(crate) fn path_data(path: &BezPath, decimals: u8, keep_points: bool) -> String {
    let mut writer = PathWriter {
        out: String::new(),
        decimals,
        command: None,
        current: (0, 0),
        start: (0, 0),
        control: Control::None,
        pending_move: None,
    };
    let elements = path.elements();
    for (index, element) in elements.iter().enumerate() {
        let next_closes = matches!(elements.get(index + 1), Some(PathEl::ClosePath));
        writer.element(*element, keep_points, next_closes);
    }
    writer.out
}

/// The last control point, which smooth commands mirror.
#[derive(Clone, Copy)]
enum Control {
    None,
    Cubic(GridPoint),
    Quadratic(GridPoint),
}

struct PathWriter {
    out: String,
    decimals: u8,
    /// The command that numbers without a letter would continue.
    command: Option<char>,
    current: GridPoint,
    start: GridPoint,
    control: Control,
    /// A move not yet written: one that nothing follows is left out.
    pending_move: Option<GridPoint>,
}

impl PathWriter {
    fn grid(&self, point: Point) -> GridPoint {
        // Half of the range leaves room for differences.
        const LIMIT: i64 = i64::MAX / 4;
        let axis = |value| to_grid(value, self.decimals).clamp(-LIMIT, LIMIT);
        (axis(point.x), axis(point.y))
    }

    fn element(&mut self, element: PathEl, keep_points: bool, next_closes: bool) {
        match element {
            PathEl::MoveTo(point) => {
                self.current = self.grid(point);
                self.start = self.current;
                self.pending_move = Some(self.current);
                self.control = Control::None;
            }
            PathEl::LineTo(point) => self.line(self.grid(point), keep_points, next_closes),
            PathEl::QuadTo(control, point) => {
                self.quadratic(self.grid(control), self.grid(point), keep_points);
            }
            PathEl::CurveTo(first, second, point) => {
                let (first, second, point) =
                    (self.grid(first), self.grid(second), self.grid(point));
                if first == self.current && second == point {
                    self.line(point, keep_points, next_closes);
                } else {
                    self.cubic(first, second, point);
                }
            }
            PathEl::ClosePath => {
                if self.pending_move.is_some() && !keep_points {
                    return;
                }
                self.flush_move();
                self.out.push('z');
                self.command = None;
                self.current = self.start;
                self.control = Control::None;
                // Whatever follows without a move starts where the subpath did.
                self.pending_move = None;
            }
        }
    }

    fn line(&mut self, to: GridPoint, keep_points: bool, next_closes: bool) {
        let closes_anyway = next_closes && to == self.start && self.pending_move.is_none();
        let is_point = to == self.current;
        if closes_anyway || (is_point && !keep_points) {
            self.current = to;
            self.control = Control::None;
            return;
        }
        self.flush_move();
        let (dx, dy) = difference(to, self.current);
        let mut candidates = vec![('L', vec![to.0, to.1]), ('l', vec![dx, dy])];
        if dy == 0 {
            candidates.push(('H', vec![to.0]));
            candidates.push(('h', vec![dx]));
        } else if dx == 0 {
            candidates.push(('V', vec![to.1]));
            candidates.push(('v', vec![dy]));
        }
        self.shortest(&candidates);
        self.current = to;
        self.control = Control::None;
    }

    fn quadratic(&mut self, control: GridPoint, to: GridPoint, keep_points: bool) {
        if control == self.current && to == self.current && !keep_points {
            return;
        }
        self.flush_move();
        let (cx, cy) = difference(control, self.current);
        let (dx, dy) = difference(to, self.current);
        let mut candidates = vec![
            ('Q', vec![control.0, control.1, to.0, to.1]),
            ('q', vec![cx, cy, dx, dy]),
        ];
        let mirrored = match self.control {
            Control::Quadratic(last) => mirror(last, self.current),
            _ => self.current,
        };
        if control == mirrored {
            candidates.push(('T', vec![to.0, to.1]));
            candidates.push(('t', vec![dx, dy]));
        }
        self.shortest(&candidates);
        self.current = to;
        self.control = Control::Quadratic(control);
    }

    fn cubic(&mut self, first: GridPoint, second: GridPoint, to: GridPoint) {
        self.flush_move();
        let (ax, ay) = difference(first, self.current);
        let (bx, by) = difference(second, self.current);
        let (dx, dy) = difference(to, self.current);
        let mut candidates = vec![
            ('C', vec![first.0, first.1, second.0, second.1, to.0, to.1]),
            ('c', vec![ax, ay, bx, by, dx, dy]),
        ];
        let mirrored = match self.control {
            Control::Cubic(last) => mirror(last, self.current),
            _ => self.current,
        };
        if first == mirrored {
            candidates.push(('S', vec![second.0, second.1, to.0, to.1]));
            candidates.push(('s', vec![bx, by, dx, dy]));
        }
        self.shortest(&candidates);
        self.current = to;
        self.control = Control::Cubic(second);
    }

    fn flush_move(&mut self) {
        let Some(to) = self.pending_move.take() else {
            return;
        };
        self.current = to;
        self.append('M', &[to.0, to.1]);
        // Pairs that follow a move continue it as lines.
        self.command = Some('L');
    }

    fn shortest(&mut self, candidates: &[(char, Vec<i64>)]) {
        let best = candidates
            .iter()
            .map(|(command, arguments)| self.text(*command, arguments))
            .zip(candidates)
            .min_by_key(|(text, _)| text.len());
        if let Some((text, (command, _))) = best {
            self.out.push_str(&text);
            self.command = Some(*command);
        }
    }

    fn append(&mut self, command: char, arguments: &[i64]) {
        let text = self.text(command, arguments);
        self.out.push_str(&text);
        self.command = Some(command);
    }

    /// What has to be appended for a command.
    fn text(&self, command: char, arguments: &[i64]) -> String {
        let mut text = String::new();
        let continues = self.command == Some(command);
        if !continues {
            text.push(command);
        }
        for (index, argument) in arguments.iter().enumerate() {
            let mut number = String::new();
            push_grid(&mut number, *argument, self.decimals);
            if continues && index == 0 {
                // The separator depends on what is already there.
                let tail_start = self.out.rfind(|c: char| !c.is_ascii_digit() && c != '.');
                let tail = &self.out[tail_start.map_or(0, |at| at + 1)..];
                let mut joined = tail.to_owned();
                push_separated(&mut joined, &number);
                text.push_str(&joined[tail.len()..]);
            } else {
                push_separated(&mut text, &number);
            }
        }
        text
    }
}

fn difference(to: GridPoint, from: GridPoint) -> GridPoint {
    (to.0 - from.0, to.1 - from.1)
}

fn mirror(point: GridPoint, about: GridPoint) -> GridPoint {
    (
        about.0.saturating_mul(2).saturating_sub(point.0),
        about.1.saturating_mul(2).saturating_sub(point.1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(data: &str, decimals: u8) -> String {
        path_data(
            &BezPath::from_svg(data).expect("valid path"),
            decimals,
            false,
        )
    }

    #[test]
    fn each_segment_takes_its_shortest_form() {
        for (input, expected) in [
            ("M10 10L20 10L20 20L10 20L10 10Z", "M10 10H20V20H10z"),
            ("M100 100L101 102L103 101", "M100 100l1 2 2-1"),
            ("M0 0L.5 .5L1 .25", "M0 0 .5.5 1 .25"),
            (
                "M0 0C0 5 5 10 10 10C15 10 20 5 20 0Z",
                "M0 0C0 5 5 10 10 10S20 5 20 0z",
            ),
            ("M0 0Q5 5 10 0Q15 -5 20 0", "M0 0Q5 5 10 0T20 0"),
            ("M5 5M1 1L2 3M9 9", "M1 1 2 3"),
            ("M0 0C0 0 4 3 4 3", "M0 0 4 3"),
            ("M0 0L0 0L4 0L4 4Z", "M0 0H4V4z"),
        ] {
            assert_eq!(rewrite(input, 2), expected, "{input}");
        }
    }

    #[test]
    fn rounding_does_not_accumulate() {
        let mut path = BezPath::new();
        path.move_to((0.0, 0.0));
        for step in 1..=100 {
            path.line_to((f64::from(step) * 0.34, f64::from(step % 7)));
        }
        let read = BezPath::from_svg(&path_data(&path, 1, false)).expect("valid path");
        for (written, original) in read.elements().iter().zip(path.elements()) {
            let (Some(written), Some(original)) = (written.end_point(), original.end_point())
            else {
                panic!("every element has an end")
            };
            assert!((written - original).hypot() <= 0.0501);
        }
    }

    #[test]
    fn points_stay_when_a_stroke_shows_them() {
        let mut path = BezPath::new();
        path.move_to((3.0, 3.0));
        path.line_to((3.0, 3.0));
        assert_eq!(path_data(&path, 0, true), "M3 3H3");
        assert_eq!(path_data(&path, 0, false), "");
    }
}
