//! Paints, strokes and geometry of the normalised tree in this crate's types.

use kurbo::{Affine, BezPath, Point};
use usvg::tiny_skia_path::PathSegment;

use crate::{
    Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Paint, RadialGradient,
    Spread, Stroke,
};

pub(crate) fn affine(transform: usvg::Transform) -> Affine {
    let usvg::Transform {
        sx,
        ky,
        kx,
        sy,
        tx,
        ty,
    } = transform;
    Affine::new([sx, ky, kx, sy, tx, ty].map(f64::from))
}

pub(crate) fn path(path: &usvg::tiny_skia_path::Path) -> BezPath {
    let point = |p: usvg::tiny_skia_path::Point| Point::new(f64::from(p.x), f64::from(p.y));
    let mut out = BezPath::new();
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(p) => out.move_to(point(p)),
            PathSegment::LineTo(p) => out.line_to(point(p)),
            PathSegment::QuadTo(a, p) => out.quad_to(point(a), point(p)),
            PathSegment::CubicTo(a, b, p) => out.curve_to(point(a), point(b), point(p)),
            PathSegment::Close => out.close_path(),
        }
    }
    out
}

pub(crate) fn fill_rule(rule: usvg::FillRule) -> FillRule {
    match rule {
        usvg::FillRule::NonZero => FillRule::NonZero,
        usvg::FillRule::EvenOdd => FillRule::EvenOdd,
    }
}

pub(crate) fn color(color: usvg::Color) -> Color {
    Color::from_rgb8(color.red, color.green, color.blue)
}

pub(crate) fn linear(gradient: &usvg::LinearGradient) -> Paint {
    let point = |x: f32, y: f32| Point::new(f64::from(x), f64::from(y));
    let mut gradient = LinearGradient {
        start: point(gradient.x1(), gradient.y1()),
        end: point(gradient.x2(), gradient.y2()),
        transform: affine(gradient.transform()),
        stops: stops(gradient.stops()),
        spread: spread(gradient.spread_method()),
    };
    gradient.fold_transform();
    Paint::Linear(gradient)
}

pub(crate) fn radial(gradient: &usvg::RadialGradient) -> Paint {
    let point = |x: f32, y: f32| Point::new(f64::from(x), f64::from(y));
    let mut gradient = RadialGradient {
        center: point(gradient.cx(), gradient.cy()),
        radius: f64::from(gradient.r().get()),
        focus: point(gradient.fx(), gradient.fy()),
        focal_radius: f64::from(gradient.fr().get()),
        transform: affine(gradient.transform()),
        stops: stops(gradient.stops()),
        spread: spread(gradient.spread_method()),
    };
    gradient.fold_transform();
    Paint::Radial(gradient)
}

fn stops(stops: &[usvg::Stop]) -> Vec<GradientStop> {
    stops
        .iter()
        .map(|stop| GradientStop {
            offset: stop.offset().get(),
            color: color(stop.color()),
            opacity: stop.opacity().get(),
        })
        .collect()
}

fn spread(method: usvg::SpreadMethod) -> Spread {
    match method {
        usvg::SpreadMethod::Pad => Spread::Pad,
        usvg::SpreadMethod::Reflect => Spread::Reflect,
        usvg::SpreadMethod::Repeat => Spread::Repeat,
    }
}

pub(crate) fn stroke(stroke: &usvg::Stroke, paint: Paint, opacity: f32) -> Stroke {
    Stroke {
        paint,
        opacity,
        width: f64::from(stroke.width().get()),
        cap: match stroke.linecap() {
            usvg::LineCap::Butt => LineCap::Butt,
            usvg::LineCap::Round => LineCap::Round,
            usvg::LineCap::Square => LineCap::Square,
        },
        join: match stroke.linejoin() {
            usvg::LineJoin::Miter | usvg::LineJoin::MiterClip => LineJoin::Miter,
            usvg::LineJoin::Round => LineJoin::Round,
            usvg::LineJoin::Bevel => LineJoin::Bevel,
        },
        miter_limit: f64::from(stroke.miterlimit().get()),
        dashes: stroke
            .dasharray()
            .map(|dashes| dashes.iter().map(|dash| f64::from(*dash)).collect())
            .unwrap_or_default(),
        dash_offset: f64::from(stroke.dashoffset()),
    }
}
