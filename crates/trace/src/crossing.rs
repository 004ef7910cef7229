//! Whether and where an outline crosses itself, and how far it may go without.

use std::{collections::BTreeSet, ops::ControlFlow};

use kurbo::{BezPath, PathEl, Point, Shape as _};

/// Distance in pixels between a curve and the lines that stand for it.
const FLATNESS: f64 = 0.05;
/// How far in pixels two lines must reach past each other to count as crossing: rounding does not.
const LEAST_OVERLAP: f64 = 0.05;
/// Share of its way that a part which crosses keeps, each time it is found to.
const STEP_BACK: f64 = 0.5;
/// Share below which it stays where it was.
const LEAST_SHARE: f64 = 0.1;
/// How often parts are stepped back before the whole is.
const LOCAL_STEPS: usize = 12;
/// Length in pixels up to which a loop is cut off.
const SMALL_LOOP: f64 = 1.0;

/// Whether any two parts of a path cross, subpaths taken together. `scale` is pixels per unit:
/// lines that reach past each other by less than a twentieth of a pixel do not count.
pub fn crosses_itself(path: &BezPath, scale: f64) -> bool {
    let mut is_crossed = false;
    each_crossing(path, scale, |_, _| {
        is_crossed = true;
        ControlFlow::Break(())
    });
    is_crossed
}

/// Where parts of a path cross, in the path's units.
pub(crate) fn crossings(path: &BezPath, scale: f64) -> Vec<Point> {
    let mut found = Vec::new();
    each_crossing(path, scale, |a, b| {
        let middle = meeting(a, b);
        found.push(Point::new(middle.x / scale, middle.y / scale));
        ControlFlow::Continue(())
    });
    found
}

/// A straight piece of an outline in pixels, and the index of the path's element that it is part
/// of.
#[derive(Clone, Copy)]
struct Line {
    from: Point,
    to: Point,
    element: usize,
}

impl Line {
    fn left(&self) -> f64 {
        self.from.x.min(self.to.x)
    }

    fn right(&self) -> f64 {
        self.from.x.max(self.to.x)
    }
}

/// Tells of pairs of lines that cross until told to stop.
fn each_crossing(path: &BezPath, scale: f64, mut tell: impl FnMut(Line, Line) -> ControlFlow<()>) {
    let mut lines = lines_of(path, scale);
    lines.sort_by(|a, b| a.left().total_cmp(&b.left()));
    for (index, line) in lines.iter().enumerate() {
        let right = line.right();
        let beside = lines[index + 1..]
            .iter()
            .take_while(|other| other.left() <= right);
        for other in beside.filter(|other| cross(line, other)) {
            if tell(*line, *other).is_break() {
                return;
            }
        }
    }
}

fn lines_of(path: &BezPath, scale: f64) -> Vec<Line> {
    let mut lines = Vec::new();
    let scaled = |p: Point| Point::new(p.x * scale, p.y * scale);
    let mut add = |from: Point, to: Point, element: usize| {
        let (from, to) = (scaled(from), scaled(to));
        if from.distance_squared(to) > 1e-8 {
            lines.push(Line { from, to, element });
        }
    };
    let (mut start, mut last) = (Point::ORIGIN, Point::ORIGIN);
    for (index, element) in path.iter().enumerate() {
        match element {
            PathEl::MoveTo(to) => {
                add(last, start, index);
                (start, last) = (to, to);
            }
            PathEl::ClosePath => {
                add(last, start, index);
                last = start;
            }
            PathEl::LineTo(to) => {
                add(last, to, index);
                last = to;
            }
            PathEl::QuadTo(..) | PathEl::CurveTo(..) => {
                let curve = [PathEl::MoveTo(last), element];
                kurbo::flatten(curve, FLATNESS / scale, |piece| {
                    if let PathEl::LineTo(to) = piece {
                        add(last, to, index);
                        last = to;
                    }
                });
            }
        }
    }
    lines
}

/// Where two lines that cross do so.
fn meeting(a: Line, b: Line) -> Point {
    let (along, across) = (a.to - a.from, b.to - b.from);
    let share = (b.from - a.from).cross(across) / along.cross(across);
    a.from + along * share.clamp(0.0, 1.0)
}

/// Repairs a path that crosses itself `after` a step but not `before` it: steps back the segments
/// that cross and keeps the others, every point where `quantise` puts it. `None` when nothing needs
/// repair.
pub fn without_crossings(
    before: &BezPath,
    after: &BezPath,
    scale: f64,
    quantise: impl Fn(&BezPath) -> BezPath,
) -> Option<BezPath> {
    let mut crossed = crossed_elements(after, scale);
    if crossed.is_empty() || crosses_itself(before, scale) {
        return None;
    }
    let mut shares = vec![1.0; after.elements().len()];
    for _ in 0..LOCAL_STEPS {
        for element in crossed {
            // A segment moves with its own points and with the end of the one before.
            for share in &mut shares[element.saturating_sub(1)..=element] {
                *share = if *share > LEAST_SHARE {
                    *share * STEP_BACK
                } else {
                    0.0
                };
            }
        }
        let path = quantise(&between(before, after, |element| shares[element]));
        crossed = crossed_elements(&path, scale);
        if crossed.is_empty() {
            return Some(path);
        }
    }
    let steps = [0.6, 0.3].into_iter();
    Some(
        steps
            .map(|share| quantise(&between(before, after, |_| share)))
            .find(|path| !crosses_itself(path, scale))
            .unwrap_or_else(|| before.clone()),
    )
}

/// A path that crosses itself with small loops cut off and the curves that still cross made
/// straight, until nothing crosses; `None` when something still does.
pub fn straightened(path: &BezPath, scale: f64) -> Option<BezPath> {
    let mut path = path.clone();
    for _ in 0..LOCAL_STEPS {
        let pairs = crossed_pairs(&path, scale);
        if pairs.is_empty() {
            return Some(path);
        }
        if let Some(cut) = without_loops(&path, &pairs, scale) {
            path = cut;
            continue;
        }
        let crossed: BTreeSet<usize> = pairs.into_iter().flatten().collect();
        let mut has_curves = false;
        path = path
            .iter()
            .enumerate()
            .map(|(index, element)| match element {
                PathEl::CurveTo(_, _, to) | PathEl::QuadTo(_, to) if crossed.contains(&index) => {
                    has_curves = true;
                    PathEl::LineTo(to)
                }
                kept => kept,
            })
            .collect();
        if !has_curves {
            break;
        }
    }
    None
}

/// A path without the small loops that are between two elements that cross: the first then ends
/// where the second begins. `None` when there are none.
fn without_loops(path: &BezPath, pairs: &BTreeSet<[usize; 2]>, scale: f64) -> Option<BezPath> {
    let elements = path.elements();
    let mut cut = Vec::with_capacity(elements.len());
    let mut next = 0;
    while let Some(element) = elements.get(next) {
        let ends = pairs.iter().filter(|[first, _]| *first == next);
        let end = ends.map(|[_, second]| *second).find(|second| {
            let between = elements.get(next + 1..*second).unwrap_or_default();
            let is_drawn =
                |element: &PathEl| !matches!(element, PathEl::MoveTo(_) | PathEl::ClosePath);
            let mut last = element.end_point();
            let steps = between.iter().map(|element| {
                let from = std::mem::replace(&mut last, element.end_point());
                from.zip(last).map_or(0.0, |(from, to)| from.distance(to))
            });
            let length: f64 = steps.sum();
            !between.is_empty()
                && is_drawn(element)
                && between.iter().all(is_drawn)
                && scale * length <= SMALL_LOOP
        });
        let to = end.and_then(|end| elements.get(end - 1)?.end_point());
        cut.push(match (*element, to) {
            (PathEl::LineTo(_), Some(to)) => PathEl::LineTo(to),
            (PathEl::QuadTo(a, _), Some(to)) => PathEl::QuadTo(a, to),
            (PathEl::CurveTo(a, b, _), Some(to)) => PathEl::CurveTo(a, b, to),
            (kept, _) => kept,
        });
        next = end.unwrap_or(next + 1);
    }
    (cut.len() < elements.len()).then(|| BezPath::from_vec(cut))
}

/// A path without the parts that cross and what lies in them; empty when that is all.
pub fn without_crossed_parts(path: &BezPath, scale: f64) -> BezPath {
    let crossed = crossed_elements(path, scale);
    let mut first = 0;
    let (gone, kept): (Vec<_>, Vec<_>) = path
        .elements()
        .chunk_by(|_, next| !matches!(next, PathEl::MoveTo(_)))
        .map(|part| {
            let own = first..first + part.len();
            first = own.end;
            let bounds = part.iter().copied().collect::<BezPath>().bounding_box();
            (part, bounds, crossed.range(own).next().is_some())
        })
        .partition(|(_, _, is_crossed)| *is_crossed);
    kept.into_iter()
        .filter(|(_, own, _)| !gone.iter().any(|(_, gone, _)| gone.contains_rect(*own)))
        .flat_map(|(part, ..)| part.iter().copied())
        .collect()
}

/// The elements of a path that cross another or themselves, ascending.
pub fn crossed_elements(path: &BezPath, scale: f64) -> BTreeSet<usize> {
    crossed_pairs(path, scale).into_iter().flatten().collect()
}

/// The pairs of a path's elements that cross, each ascending; twice the same where one crosses
/// itself.
fn crossed_pairs(path: &BezPath, scale: f64) -> BTreeSet<[usize; 2]> {
    let mut found = BTreeSet::new();
    each_crossing(path, scale, |a, b| {
        found.insert([a.element.min(b.element), a.element.max(b.element)]);
        ControlFlow::Continue(())
    });
    found
}

/// A path on the way from one to another of the same make; `share` says how far each element has
/// gone.
fn between(before: &BezPath, after: &BezPath, share: impl Fn(usize) -> f64) -> BezPath {
    before
        .iter()
        .zip(after.iter())
        .enumerate()
        .map(|(element, pair)| {
            let share = share(element);
            match pair {
                (PathEl::MoveTo(a), PathEl::MoveTo(b)) => PathEl::MoveTo(a.lerp(b, share)),
                (PathEl::LineTo(a), PathEl::LineTo(b)) => PathEl::LineTo(a.lerp(b, share)),
                (PathEl::QuadTo(a, b), PathEl::QuadTo(c, d)) => {
                    PathEl::QuadTo(a.lerp(c, share), b.lerp(d, share))
                }
                (PathEl::CurveTo(a, b, c), PathEl::CurveTo(d, e, f)) => {
                    PathEl::CurveTo(a.lerp(d, share), b.lerp(e, share), c.lerp(f, share))
                }
                (a, _) => a,
            }
        })
        .collect()
}

/// Whether two lines cross well inside both.
fn cross(a: &Line, b: &Line) -> bool {
    let (low, high) = (a.from.y.min(a.to.y), a.from.y.max(a.to.y));
    if b.from.y.max(b.to.y) < low || b.from.y.min(b.to.y) > high {
        return false;
    }
    reaches_across(a, b) && reaches_across(b, a)
}

/// Whether the ends of `b` lie on both sides of the line through `a`, not just beside it.
fn reaches_across(a: &Line, b: &Line) -> bool {
    let direction = a.to - a.from;
    let length = direction.hypot();
    let side = |point: Point| direction.cross(point - a.from) / length;
    let (first, second) = (side(b.from), side(b.to));
    first.min(second) < -LEAST_OVERLAP && first.max(second) > LEAST_OVERLAP
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurbo::{Circle, Rect};

    #[test]
    fn an_eight_crosses_itself_and_a_circle_does_not() {
        assert!(!crosses_itself(
            &Circle::new((5.0, 5.0), 4.0).to_path(0.01),
            10.0
        ));
        assert!(!crosses_itself(
            &Rect::new(0.0, 0.0, 9.0, 4.0).to_path(0.01),
            10.0
        ));
        let mut eight = BezPath::new();
        eight.move_to((0.0, 0.0));
        eight.line_to((10.0, 10.0));
        eight.line_to((10.0, 0.0));
        eight.line_to((0.0, 10.0));
        eight.close_path();
        assert!(crosses_itself(&eight, 1.0));
        let places = crossings(&eight, 1.0);
        assert!(places.len() == 1 && places[0].distance(Point::new(5.0, 5.0)) < 0.01);
        let mut looped = BezPath::new();
        looped.move_to((0.0, 0.0));
        looped.curve_to((20.0, 10.0), (-10.0, 10.0), (10.0, 0.0));
        assert!(crosses_itself(&looped, 1.0));
    }

    #[test]
    fn a_path_that_came_to_cross_itself_goes_back_part_of_the_way() {
        let quad = |x: f64| {
            let mut path = BezPath::new();
            path.move_to((0.0, 0.0));
            path.line_to((10.0, 0.0));
            path.line_to((x, 10.0));
            path.line_to((10.0 - x, 10.0));
            path.close_path();
            path
        };
        assert_eq!(
            without_crossings(&quad(10.0), &quad(7.0), 1.0, BezPath::clone),
            None
        );
        let repaired =
            without_crossings(&quad(10.0), &quad(2.0), 1.0, BezPath::clone).expect("crosses");
        assert!(!crosses_itself(&repaired, 1.0) && repaired != quad(10.0));
    }

    #[test]
    fn only_the_part_that_crosses_goes_back() {
        // A long row of teeth whose first tooth is to cross its neighbour.
        let teeth = |first: f64, tip: f64| {
            let mut path = BezPath::new();
            path.move_to((0.0, 0.0));
            for tooth in 0..20 {
                let x = 10.0 * f64::from(tooth);
                let shift = if tooth == 0 { first } else { 0.0 };
                path.line_to((x + 5.0 + shift, tip));
                path.line_to((x + 10.0, 0.0));
            }
            path.line_to((100.0, -50.0));
            path.close_path();
            path
        };
        let (before, after) = (teeth(0.0, 10.0), teeth(12.0, 14.0));
        let repaired = without_crossings(&before, &after, 1.0, BezPath::clone).expect("crosses");
        assert!(!crosses_itself(&repaired, 1.0));
        let moved = repaired.iter().zip(after.iter()).filter(|(a, b)| a == b);
        assert!(moved.count() > 30, "{repaired:?}");
    }

    #[test]
    fn a_curve_that_loops_is_made_straight_and_what_still_crosses_is_given_up() {
        let mut looped = BezPath::new();
        looped.move_to((0.0, 0.0));
        looped.curve_to((20.0, 10.0), (-10.0, 10.0), (10.0, 0.0));
        looped.line_to((5.0, -10.0));
        looped.close_path();
        let repaired = straightened(&looped, 1.0).expect("can be mended");
        assert!(!crosses_itself(&repaired, 1.0));
        assert_eq!(repaired.elements().len(), looped.elements().len());
        let mut eight = BezPath::new();
        eight.move_to((0.0, 0.0));
        eight.line_to((10.0, 10.0));
        eight.line_to((10.0, 0.0));
        eight.line_to((0.0, 10.0));
        eight.close_path();
        assert_eq!(straightened(&eight, 1.0), None);
        let mut three = Rect::new(20.0, 0.0, 29.0, 9.0).to_path(0.1);
        let kept = three.elements().len();
        three.extend(&eight);
        three.extend(Rect::new(2.0, 4.0, 3.0, 5.0).to_path(0.1));
        let left = without_crossed_parts(&three, 1.0);
        assert_eq!(left.elements(), &three.elements()[..kept]);
    }

    #[test]
    fn a_small_loop_at_a_corner_is_cut_off_and_the_curves_beside_it_stay() {
        let mut path = BezPath::new();
        path.move_to((0.0, 0.0));
        path.curve_to((4.0, -0.7), (5.1, 0.5), (5.1, 4.5));
        path.line_to((-0.8, 6.5));
        path.curve_to((-0.4, 4.0), (0.2, 1.5), (0.5, 0.0));
        path.line_to((0.6, 0.5));
        path.line_to((0.0, 0.0));
        path.close_path();
        assert!(crosses_itself(&path, 1.0));
        let repaired = straightened(&path, 1.0).expect("can be mended");
        assert!(!crosses_itself(&repaired, 1.0));
        let is_curve = |element: &PathEl| matches!(element, PathEl::CurveTo(..));
        assert_eq!(repaired.iter().filter(is_curve).count(), 2, "{repaired:?}");
    }

    #[test]
    fn a_hole_that_breaks_through_its_rim_crosses() {
        let mut path = Rect::new(0.0, 0.0, 10.0, 10.0).to_path(0.1);
        path.extend(Rect::new(2.0, 2.0, 8.0, 8.0).to_path(0.1));
        assert!(!crosses_itself(&path, 1.0));
        path.extend(Rect::new(8.0, 4.0, 12.0, 6.0).to_path(0.1));
        assert!(crosses_itself(&path, 1.0));
    }
}
