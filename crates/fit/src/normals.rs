//! Samples an outline's normals every few pixels, and a picture's colours along them. Callers judge
//! what the colours mean.

use chat2svg_trace::picture::{Picture, over_white};
use kurbo::{BezPath, ParamCurve, ParamCurveArclen, Point, Vec2};

/// Pixels along an outline between two normals.
const STRIDE: f64 = 2.0;
/// Most normals along one segment.
const MOST_NORMALS: f64 = 1024.0;

/// A point on an outline and its unit normal.
#[derive(Clone, Copy)]
pub(crate) struct Normal {
    pub(crate) point: Point,
    pub(crate) across: Vec2,
}

/// The normals of an outline given in pixels.
pub(crate) fn normals_along(path: &BezPath) -> impl Iterator<Item = Normal> {
    path.segments().flat_map(|segment| {
        let steps = (segment.arclen(0.5) / STRIDE)
            .ceil()
            .clamp(1.0, MOST_NORMALS) as usize;
        (0..steps).filter_map(move |step| {
            let at = |step: usize| segment.eval(step as f64 / steps as f64);
            let (from, to) = (at(step), at(step + 1));
            let length = (to - from).hypot();
            (length > 1e-6).then(|| Normal {
                point: from.midpoint(to),
                across: Vec2::new(from.y - to.y, to.x - from.x) / length,
            })
        })
    })
}

/// The pixel that a point lies in, by its index; `None` outside of the width and height.
pub(crate) fn pixel_at(point: Point, [width, height]: [usize; 2]) -> Option<usize> {
    let inside = |value: f64, length: usize| {
        (value >= 0.0 && value < length as f64).then_some(value as usize)
    };
    Some(inside(point.y, height)? * width + inside(point.x, width)?)
}

/// The colour, over white, of the pixel that a point lies in; `None` outside the picture.
pub(crate) fn color_at(target: &Picture, point: Point) -> Option<[f32; 3]> {
    let pixel = pixel_at(point, [target.width, target.height])?;
    target.pixels.get(pixel).copied().map(over_white)
}
