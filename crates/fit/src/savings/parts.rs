//! An outline as parts of segments.

use crate::simplify::subpaths;
use kurbo::{BezPath, Line, ParamCurve as _, PathEl, PathSeg, Rect, Shape};

/// A part of an outline.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) segments: Vec<PathSeg>,
    pub(super) is_closed: bool,
}

/// The parts of a path.
pub(super) fn parts_of(path: &BezPath) -> Vec<Part> {
    subpaths(path)
        .map(|own| Part {
            segments: BezPath::from_vec(own.to_vec()).segments().collect(),
            is_closed: own.last() == Some(&PathEl::ClosePath),
        })
        .filter(|part| !part.segments.is_empty())
        .collect()
}

/// Adds a part to a path; the line that closes it is left to that.
pub(super) fn push(path: &mut BezPath, part: &Part) {
    let Some((last, before)) = part.segments.split_last() else {
        return;
    };
    path.move_to(before.first().unwrap_or(last).start());
    before
        .iter()
        .for_each(|segment| path.push(segment.as_path_el()));
    if !(part.is_closed && matches!(last, PathSeg::Line(_))) {
        path.push(last.as_path_el());
    }
    if part.is_closed {
        path.close_path();
    }
}

/// The line from where one segment begins to where another ends.
pub(super) fn line(from: &PathSeg, to: &PathSeg) -> PathSeg {
    PathSeg::Line(Line::new(from.start(), to.end()))
}

/// What some segments lie in.
pub(super) fn bounds(segments: &[PathSeg]) -> Rect {
    let boxes = segments.iter().map(Shape::bounding_box);
    boxes.reduce(|a, b| a.union(b)).unwrap_or_default()
}

/// Points that segments are written in.
pub(super) fn points(segments: &[PathSeg]) -> usize {
    let of = |segment: &PathSeg| chat2svg_vector::points_of(&segment.as_path_el());
    segments.iter().map(of).sum()
}
