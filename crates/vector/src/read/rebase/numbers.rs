//! Numbers of attributes: how they are read, and how they are written relative to another place.

use std::str::FromStr as _;

use kurbo::{Affine, Vec2};
use svgtypes::{PathParser, PathSegment};

use crate::sanitise::Element;

/// The part of a vector along the axis of an attribute.
pub(super) fn along(vector: Vec2, name: &str) -> f64 {
    if name.contains('x') {
        vector.x
    } else {
        vector.y
    }
}

/// A property that stands as an attribute or in the style.
pub(super) fn property<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    let mut style = element.style.declarations.iter();
    let in_style = style.find(|declaration| declaration.name == name);
    in_style
        .map(|declaration| &*declaration.value)
        .or_else(|| element.attribute(name))
}

pub(super) fn affine(text: Option<&str>) -> Affine {
    let parsed = svgtypes::Transform::from_str(text.unwrap_or(""));
    parsed.map_or(Affine::IDENTITY, |found| {
        Affine::new([found.a, found.b, found.c, found.d, found.e, found.f])
    })
}

pub(super) fn matrix(affine: Affine) -> String {
    let numbers = affine.as_coeffs().map(|number| number.to_string());
    format!("matrix({})", numbers.join(" "))
}

/// Path data with a shift taken off all that is absolute; up to what cannot be read.
pub(super) fn shifted_path(data: &str, shift: Vec2) -> String {
    let mut out = String::with_capacity(data.len());
    for segment in PathParser::from(data).map_while(Result::ok) {
        // The first step of a path counts from zero, however it is written.
        let is_moved = segment.is_abs() || out.is_empty();
        let by = if is_moved { shift } else { Vec2::ZERO };
        let command = char::from(segment.command());
        let command = if out.is_empty() {
            command.to_ascii_uppercase()
        } else {
            command
        };
        out.push(command);
        let mut point = |x: f64, y: f64| {
            out.push_str(&format!("{} {} ", x - by.x, y - by.y));
        };
        match segment {
            PathSegment::MoveTo { x, y, .. }
            | PathSegment::LineTo { x, y, .. }
            | PathSegment::SmoothQuadratic { x, y, .. } => point(x, y),
            PathSegment::CurveTo {
                x1,
                y1,
                x2,
                y2,
                x,
                y,
                ..
            } => {
                point(x1, y1);
                point(x2, y2);
                point(x, y);
            }
            PathSegment::SmoothCurveTo { x2, y2, x, y, .. } => {
                point(x2, y2);
                point(x, y);
            }
            PathSegment::Quadratic { x1, y1, x, y, .. } => {
                point(x1, y1);
                point(x, y);
            }
            PathSegment::HorizontalLineTo { x, .. } => out.push_str(&format!("{} ", x - by.x)),
            PathSegment::VerticalLineTo { y, .. } => out.push_str(&format!("{} ", y - by.y)),
            PathSegment::EllipticalArc {
                rx,
                ry,
                x_axis_rotation,
                large_arc,
                sweep,
                x,
                y,
                ..
            } => {
                let (large, sweep) = (u8::from(large_arc), u8::from(sweep));
                out.push_str(&format!("{rx} {ry} {x_axis_rotation} {large} {sweep} "));
                out.push_str(&format!("{} {} ", x - by.x, y - by.y));
            }
            PathSegment::ClosePath { .. } => {}
        }
    }
    out
}
