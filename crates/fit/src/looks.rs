//! Looks at a picture across an outline, every few pixels along it. What is seen there is for
//! others to judge.

use kurbo::{BezPath, ParamCurve, ParamCurveArclen, Point, Vec2};

use crate::picture::Picture;

/// Pixels along an outline between two looks.
const STRIDE: f64 = 2.0;
/// Most looks along one segment.
const MOST_LOOKS: f64 = 1024.0;

/// A place on an outline, and the direction of length 1 that crosses it there.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) point: Point,
    pub(crate) across: Vec2,
}

/// The places on an outline, in pixels, at which to look.
pub(crate) fn looks_along(path: &BezPath) -> impl Iterator<Item = Look> {
    path.segments().flat_map(|segment| {
        let steps = (segment.arclen(0.5) / STRIDE).ceil().clamp(1.0, MOST_LOOKS) as usize;
        (0..steps).filter_map(move |step| {
            let at = |step: usize| segment.eval(step as f64 / steps as f64);
            let (from, to) = (at(step), at(step + 1));
            let length = (to - from).hypot();
            (length > 1e-6).then(|| Look {
                point: from.midpoint(to),
                across: Vec2::new(from.y - to.y, to.x - from.x) / length,
            })
        })
    })
}

/// The colour of the pixel that a point lies in; `None` outside the picture.
pub(crate) fn color_at(target: &Picture, point: Point) -> Option<[f32; 3]> {
    let inside = |value: f64, length: usize| {
        (value >= 0.0 && value < length as f64).then_some(value as usize)
    };
    let x = inside(point.x, target.width)?;
    let y = inside(point.y, target.height)?;
    target.pixels.get(y * target.width + x).copied()
}
