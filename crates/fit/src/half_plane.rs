//! Clips an outline to a half-plane. Curves stay curves.

use kurbo::{Affine, BezPath, Line, ParamCurve, PathEl, PathSeg, Point, Vec2};

/// Parameters nearer to a curve's end than this are its end.
const END: f64 = 1e-6;

/// A run of pieces on the wanted side, from where it comes over the line to where it leaves it.
struct Run {
    pieces: Vec<PathSeg>,
}

/// The part of a closed outline that lies ahead of `origin` in the direction `ahead`. `None` when
/// the line does not cut it or cuts it in a way that cannot be told, as where the outline only
/// touches the line.
pub(crate) fn clip_to_half_plane(path: &BezPath, origin: Point, ahead: Vec2) -> Option<BezPath> {
    // In these coordinates the line is the x axis and what is wanted has y above zero.
    let turn = Affine::rotate(std::f64::consts::FRAC_PI_2 - ahead.atan2())
        * Affine::translate(-origin.to_vec2());
    let turned = turn * path;
    let mut whole = BezPath::new();
    let mut runs: Vec<Run> = Vec::new();
    for subpath in subpaths(&turned) {
        let pieces: Vec<PathSeg> = subpath.segments().flat_map(pieces_of).collect();
        let is_ahead = |piece: &PathSeg| piece.eval(0.5).y > 0.0;
        let Some(start) = pieces.iter().position(|piece| !is_ahead(piece)) else {
            whole.extend(subpath);
            continue;
        };
        // From a piece behind the line on, so that no run is cut by the subpath's start.
        let mut is_open = false;
        for piece in pieces[start..].iter().chain(&pieces[..start]) {
            match (is_ahead(piece), runs.last_mut()) {
                (true, Some(run)) if is_open => run.pieces.push(*piece),
                (true, _) => {
                    runs.push(Run {
                        pieces: vec![*piece],
                    });
                    is_open = true;
                }
                (false, _) => is_open = false,
            }
        }
    }
    if runs.is_empty() {
        return None;
    }
    let closed = closed(&runs)?;
    whole.extend(closed);
    Some(turn.inverse() * &whole)
}

/// Subpaths, each closed.
fn subpaths(path: &BezPath) -> Vec<BezPath> {
    let mut found: Vec<BezPath> = Vec::new();
    for element in path.iter() {
        match (element, found.last_mut()) {
            (PathEl::MoveTo(_), _) | (_, None) => found.push(BezPath::from_vec(vec![element])),
            (_, Some(last)) => last.push(element),
        }
    }
    for subpath in &mut found {
        if subpath.elements().last() != Some(&PathEl::ClosePath) {
            subpath.close_path();
        }
    }
    found
}

/// A segment cut where it crosses the x axis.
fn pieces_of(segment: PathSeg) -> Vec<PathSeg> {
    let bounds = kurbo::Shape::bounding_box(&segment);
    let axis = Line::new((bounds.x0 - 1.0, 0.0), (bounds.x1 + 1.0, 0.0));
    let mut cuts: Vec<f64> = segment
        .intersect_line(axis)
        .iter()
        .map(|hit| hit.segment_t)
        .filter(|t| (END..=1.0 - END).contains(t))
        .collect();
    cuts.sort_by(f64::total_cmp);
    let mut from = 0.0;
    let mut pieces = Vec::with_capacity(cuts.len() + 1);
    for to in cuts.into_iter().chain([1.0]) {
        if to - from > END {
            pieces.push(segment.subsegment(from..to));
            from = to;
        }
    }
    pieces
}

/// Runs joined along the line: sorted by where they meet it, each place with an odd number of
/// places before it is joined to the one before.
fn closed(runs: &[Run]) -> Option<BezPath> {
    // Of each place on the line: where, the run, whether it is the run's end.
    let mut places: Vec<(f64, usize, bool)> = Vec::with_capacity(2 * runs.len());
    for (index, run) in runs.iter().enumerate() {
        places.push((run.pieces.first()?.start().x, index, false));
        places.push((run.pieces.last()?.end().x, index, true));
    }
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut follower = vec![None; runs.len()];
    for pair in places.chunks_exact(2) {
        let (_, a, is_end) = pair[0];
        let (_, b, is_other_end) = pair[1];
        if is_end == is_other_end {
            return None;
        }
        let (end, start) = if is_end { (a, b) } else { (b, a) };
        *follower.get_mut(end)? = Some(start);
    }
    let mut path = BezPath::new();
    let mut is_done = vec![false; runs.len()];
    for first in 0..runs.len() {
        let mut at = first;
        let mut is_begun = false;
        while !is_done[at] {
            is_done[at] = true;
            for piece in &runs[at].pieces {
                if !is_begun {
                    path.move_to(on_line(piece.start()));
                    is_begun = true;
                }
                path.push(piece.as_path_el());
            }
            at = follower[at]?;
            if !is_done[at] {
                path.line_to(on_line(runs[at].pieces.first()?.start()));
            }
        }
        if is_begun {
            path.close_path();
        }
    }
    Some(path)
}

fn on_line(point: Point) -> Point {
    Point::new(point.x, 0.0)
}

#[cfg(test)]
mod tests {
    use kurbo::{Circle, Rect, Shape as _};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ring_is_cut_into_two_bows() {
        let mut ring = Circle::new((5.0, 5.0), 4.0).to_path(1e-4);
        ring.extend(
            Circle::new((5.0, 5.0), 2.0)
                .to_path(1e-4)
                .reverse_subpaths(),
        );
        let right =
            clip_to_half_plane(&ring, Point::new(5.0, 0.0), Vec2::new(1.0, 0.0)).expect("is cut");
        assert!((right.area().abs() - 6.0 * std::f64::consts::PI).abs() < 1e-2);
        assert!(right.bounding_box().x0 > 5.0 - 1e-6);
        assert_eq!(right.winding(Point::new(6.0, 5.0)), 0);
        assert_ne!(right.winding(Point::new(8.0, 5.0)), 0);
    }

    #[test]
    fn a_line_beside_the_outline_cuts_nothing() {
        let path = Rect::new(0.0, 0.0, 4.0, 4.0).to_path(0.1);
        assert!(clip_to_half_plane(&path, Point::new(9.0, 0.0), Vec2::new(1.0, 0.0)).is_none());
        assert!(clip_to_half_plane(&path, Point::new(-9.0, 0.0), Vec2::new(1.0, 0.0)).is_none());
    }

    proptest! {
        #[test]
        fn both_halves_together_are_the_whole(
            radii in prop::collection::vec(2.0_f64..9.0, 5..12),
            angle in 0.0_f64..6.3,
            at in -1.5_f64..1.5,
        ) {
            let mut star = BezPath::new();
            for (index, radius) in radii.iter().enumerate() {
                let turn = std::f64::consts::TAU * index as f64 / radii.len() as f64;
                let point = Point::ORIGIN + *radius * Vec2::from_angle(turn);
                if index == 0 { star.move_to(point) } else { star.line_to(point) }
            }
            star.close_path();
            let ahead = Vec2::from_angle(angle);
            let origin = Point::ORIGIN + at * ahead;
            let front = clip_to_half_plane(&star, origin, ahead);
            let back = clip_to_half_plane(&star, origin, -ahead);
            if let (Some(front), Some(back)) = (front, back) {
                let sum = front.area() + back.area();
                prop_assert!((sum - star.area()).abs() < 1e-3 * star.area().abs(), "{sum} {}", star.area());
            }
        }
    }
}
