//! A shape found in a picture, before it is part of a document.

use chat2svg_vector::Paint;
use kurbo::{Affine, BezPath};

use crate::translucent::FoundPaint;

/// Layers of a document made from nothing.
pub const BACKGROUND: &str = "background";
/// The layer of all that lies on the background.
pub const SHAPES: &str = "shapes";

/// A shape found in a picture.
#[derive(Clone, Debug)]
pub struct FoundShape {
    /// Index of its region among those asked for.
    pub region: usize,
    /// Outline in pixels of the fitting resolution.
    pub path: BezPath,
    /// Its paint in the same coordinates.
    pub paint: FoundPaint,
    /// Whether it covers the whole canvas.
    pub is_backdrop: bool,
    /// Index in painting order of the existing shape that it belongs right above; `None` for the
    /// bottom.
    pub depth: Option<usize>,
}

/// A paint in other coordinates. The map must scale lengths alike.
pub fn paint_in(paint: &Paint, map: Affine) -> Paint {
    let mut paint = paint.clone();
    let moved = |own: Affine| match own {
        Affine::IDENTITY => own,
        _ => map * own * map.inverse(),
    };
    match &mut paint {
        Paint::Solid(_) => {}
        Paint::Linear(gradient) => {
            gradient.start = map * gradient.start;
            gradient.end = map * gradient.end;
            gradient.transform = moved(gradient.transform);
        }
        Paint::Radial(gradient) => {
            gradient.center = map * gradient.center;
            gradient.focus = map * gradient.focus;
            gradient.transform = moved(gradient.transform);
            gradient.radius *= map.determinant().abs().sqrt();
        }
    }
    paint
}
