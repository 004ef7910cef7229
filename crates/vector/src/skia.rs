//! Conversions between this crate's types and tiny-skia's.

use kurbo::{Affine, BezPath, PathEl, Point};

use crate::{
    FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Paint, RadialGradient, Spread,
    Stroke,
};

/// A transform; single precision is enough for device coordinates.
pub(crate) fn transform(affine: Affine) -> tiny_skia::Transform {
    let [a, b, c, d, e, f] = affine.as_coeffs().map(|value| value as f32);
    tiny_skia::Transform::from_row(a, b, c, d, e, f)
}

/// A path; `None` when it draws nothing or is not finite.
pub(crate) fn path(path: &BezPath) -> Option<tiny_skia::Path> {
    let mut builder =
        tiny_skia::PathBuilder::with_capacity(path.elements().len(), path.elements().len() * 3);
    let mut moved_to = None;
    for element in path.elements() {
        match *element {
            PathEl::MoveTo(p) => builder.move_to(p.x as f32, p.y as f32),
            PathEl::LineTo(p) => builder.line_to(p.x as f32, p.y as f32),
            PathEl::QuadTo(a, p) => {
                builder.quad_to(a.x as f32, a.y as f32, p.x as f32, p.y as f32);
            }
            PathEl::CurveTo(a, b, p) => builder.cubic_to(
                a.x as f32, a.y as f32, b.x as f32, b.y as f32, p.x as f32, p.y as f32,
            ),
            PathEl::ClosePath => {
                // A point that is closed has caps, which only a line gets here.
                if let Some(Point { x, y }) = moved_to {
                    builder.line_to(x as f32, y as f32);
                }
                builder.close();
            }
        }
        moved_to = match *element {
            PathEl::MoveTo(p) => Some(p),
            _ => None,
        };
    }
    builder.finish()
}

/// A fill rule.
pub(crate) fn fill_rule(rule: FillRule) -> tiny_skia::FillRule {
    match rule {
        FillRule::NonZero => tiny_skia::FillRule::Winding,
        FillRule::EvenOdd => tiny_skia::FillRule::EvenOdd,
    }
}

/// A stroke's geometry; `None` when its width draws nothing.
pub(crate) fn stroke(stroke: &Stroke) -> Option<tiny_skia::Stroke> {
    let width = stroke.width as f32;
    if !(width > 0.0 && width.is_finite()) {
        return None;
    }
    Some(tiny_skia::Stroke {
        width,
        miter_limit: stroke.miter_limit.max(1.0) as f32,
        line_cap: match stroke.cap {
            LineCap::Butt => tiny_skia::LineCap::Butt,
            LineCap::Round => tiny_skia::LineCap::Round,
            LineCap::Square => tiny_skia::LineCap::Square,
        },
        line_join: match stroke.join {
            LineJoin::Miter => tiny_skia::LineJoin::Miter,
            LineJoin::Round => tiny_skia::LineJoin::Round,
            LineJoin::Bevel => tiny_skia::LineJoin::Bevel,
        },
        dash: dashes(stroke),
    })
}

fn dashes(stroke: &Stroke) -> Option<tiny_skia::StrokeDash> {
    let mut lengths: Vec<f32> = stroke.dashes.iter().map(|dash| *dash as f32).collect();
    // An odd list is repeated to make on and off alternate.
    if lengths.len() % 2 == 1 {
        lengths.extend_from_within(..);
    }
    tiny_skia::StrokeDash::new(lengths, stroke.dash_offset as f32)
}

/// A shader for a paint at an opacity; `None` when it paints nothing.
pub(crate) fn shader(paint: &Paint, opacity: f32) -> Option<tiny_skia::Shader<'static>> {
    match paint {
        Paint::Solid(color) => Some(solid(
            &GradientStop {
                offset: 0.0,
                color: *color,
                opacity: 1.0,
            },
            opacity,
        )),
        Paint::Linear(gradient) => linear(gradient, opacity),
        Paint::Radial(gradient) => radial(gradient, opacity),
    }
}

fn linear(gradient: &LinearGradient, opacity: f32) -> Option<tiny_skia::Shader<'static>> {
    let last = gradient.stops.last()?;
    if gradient.stops.len() == 1 || gradient.start == gradient.end {
        return Some(solid(last, opacity));
    }
    tiny_skia::LinearGradient::new(
        point(gradient.start),
        point(gradient.end),
        stops(&gradient.stops, opacity),
        spread(gradient.spread),
        transform(gradient.transform),
    )
}

fn radial(gradient: &RadialGradient, opacity: f32) -> Option<tiny_skia::Shader<'static>> {
    let last = gradient.stops.last()?;
    if gradient.stops.len() == 1 || gradient.radius <= 0.0 {
        return Some(solid(last, opacity));
    }
    tiny_skia::RadialGradient::new(
        point(gradient.focus),
        gradient.focal_radius as f32,
        point(gradient.center),
        gradient.radius as f32,
        stops(&gradient.stops, opacity),
        spread(gradient.spread),
        transform(gradient.transform),
    )
}

fn solid(stop: &GradientStop, opacity: f32) -> tiny_skia::Shader<'static> {
    tiny_skia::Shader::SolidColor(color(stop, opacity))
}

fn stops(stops: &[GradientStop], opacity: f32) -> Vec<tiny_skia::GradientStop> {
    stops
        .iter()
        .map(|stop| tiny_skia::GradientStop::new(stop.offset, color(stop, opacity)))
        .collect()
}

fn color(stop: &GradientStop, opacity: f32) -> tiny_skia::Color {
    let [red, green, blue] = stop.color.to_rgb8();
    // SVG text carries eight bits of colour, so a rendering may not show more.
    let alpha = (stop.opacity.clamp(0.0, 1.0) * opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    tiny_skia::Color::from_rgba8(red, green, blue, alpha)
}

fn point(point: kurbo::Point) -> tiny_skia::Point {
    tiny_skia::Point::from_xy(point.x as f32, point.y as f32)
}

fn spread(spread: Spread) -> tiny_skia::SpreadMode {
    match spread {
        Spread::Pad => tiny_skia::SpreadMode::Pad,
        Spread::Reflect => tiny_skia::SpreadMode::Reflect,
        Spread::Repeat => tiny_skia::SpreadMode::Repeat,
    }
}
