//! What writing rounds, without writing: for those who judge a document by what its file shows.

use kurbo::{Affine, BezPath, Ellipse, Point, Rect, Shape as _};

use crate::transform::largest_scale;
use crate::{
    ClipPath, Color, Document, Fill, GradientStop, Group, LinearGradient, Node, Paint,
    RadialGradient, Shape, Stroke,
};

use super::basic::rounded_rect_of;
use super::number::{decimals_for, rounded};
use super::paint::{FRACTION_DECIMALS, extent_of_linear, extent_of_radial, transform_decimals};
use super::primitive::{self, round_parts, written_ellipse};
use super::style::{MITER_DECIMALS, stroke_decimals};
use super::{
    SIDE_DECIMALS, ShapeElements, WriteOptions, extent, reference_scale, snapped_outline,
    view_box_numbers, writable_side, written_turned,
};

impl Document {
    /// The document with every number as [`Document::to_svg`] writes it: it looks as the written
    /// file does when that is read back, but costs neither writing nor reading.
    #[must_use]
    pub fn rounded(&self, options: &WriteOptions) -> Self {
        let rounding = Rounding {
            tolerance: options.least_tolerance(),
            elements: options.shapes,
        };
        let side = |length| rounded(writable_side(length), SIDE_DECIMALS);
        let (frame, decimals) = view_box_numbers(self.view_box);
        let [left, top, width, height] = frame.map(|value| rounded(value, decimals));
        Self {
            width: side(self.width),
            height: side(self.height),
            view_box: Rect::new(left, top, left + width, top + height),
            title: self.title.clone(),
            description: self.description.clone(),
            metadata: self.metadata.clone(),
            layers: rounding.nodes(&self.layers, reference_scale(self, options)),
        }
    }
}

/// Accuracy to which round corners are drawn as curves, in user units.
const ARC_ACCURACY: f64 = 0.1;

/// A rectangle with elliptic corners, as an outline.
fn round_corners(rect: Rect, [across, down]: [f64; 2]) -> BezPath {
    // A rectangle of even corners, stretched.
    let stretch = Affine::scale_non_uniform(1.0, down / across);
    let even = Rect::new(
        rect.x0,
        rect.y0 * across / down,
        rect.x1,
        rect.y1 * across / down,
    );
    stretch * even.to_rounded_rect(across).to_path(ARC_ACCURACY)
}

struct Rounding {
    tolerance: f64,
    elements: ShapeElements,
}

impl Rounding {
    /// Nodes whose coordinates are `scale` pixels long. What cannot be written is left out.
    fn nodes(&self, nodes: &[Node], scale: f64) -> Vec<Node> {
        let node = |node: &Node| match node {
            Node::Shape(shape) if !shape.path.is_finite() => None,
            Node::Shape(shape) => Some(Node::Shape(self.shape(shape, scale))),
            Node::Group(group) => Some(Node::Group(self.group(group, scale))),
        };
        nodes.iter().filter_map(node).collect()
    }

    fn group(&self, group: &Group, scale: f64) -> Group {
        let inner = scale * largest_scale(group.transform);
        Group {
            id: group.id.clone(),
            label: group.label.clone(),
            meaning: group.meaning,
            transform: self.affine(group.transform, || extent(group), scale),
            opacity: fraction(group.opacity),
            clip: group.clip.as_ref().map(|clip| self.clip(clip, inner)),
            children: self.nodes(&group.children, inner),
        }
    }

    fn shape(&self, shape: &Shape, scale: f64) -> Shape {
        Shape {
            id: shape.id.clone(),
            label: shape.label.clone(),
            meaning: shape.meaning,
            drawn: shape.drawn,
            path: self.outline(shape, scale),
            fill: shape.fill.as_ref().map(|fill| Fill {
                paint: self.paint(&fill.paint, scale),
                opacity: fraction(fill.opacity),
                rule: fill.rule,
            }),
            stroke: shape
                .stroke
                .as_ref()
                .map(|stroke| self.stroke(stroke, scale)),
            opacity: fraction(shape.opacity),
        }
    }

    fn outline(&self, shape: &Shape, scale: f64) -> BezPath {
        let unit_tolerance = self.tolerance / scale;
        match written_ellipse(shape, self.elements, unit_tolerance) {
            Some(ellipse) => self.ellipse(&ellipse, scale),
            None => match rounded_rect_of(shape, unit_tolerance) {
                Some((rect, radii)) => self.round_rect(rect, radii, scale),
                None => match written_turned(shape, self.elements, unit_tolerance) {
                    Some(turned) => turned.outline(
                        decimals_for(scale, self.tolerance),
                        |ellipse| self.ellipse(ellipse, scale),
                        |rect, radii| self.round_rect(rect, radii, scale),
                    ),
                    None => snapped_outline(&shape.path, decimals_for(scale, self.tolerance)),
                },
            },
        }
    }

    fn round_rect(&self, rect: Rect, radii: [f64; 2], scale: f64) -> BezPath {
        let decimals = decimals_for(scale, self.tolerance);
        let round = |value| rounded(value, decimals);
        let [x0, y0, x1, y1] = [rect.x0, rect.y0, rect.x1, rect.y1].map(round);
        round_corners(Rect::new(x0, y0, x1, y1), radii.map(round))
    }

    fn ellipse(&self, ellipse: &primitive::Ellipse, scale: f64) -> BezPath {
        let decimals = decimals_for(scale, self.tolerance);
        let round = |value| rounded(value, decimals);
        let center = Point::new(round(ellipse.center.x), round(ellipse.center.y));
        let radii = (round(ellipse.across), round(ellipse.down));
        Ellipse::new(center, radii, 0.0).to_path(0.02 * self.tolerance / scale)
    }

    fn clip(&self, clip: &ClipPath, scale: f64) -> ClipPath {
        let decimals = decimals_for(scale, self.tolerance);
        let path = match round_parts(clip, self.elements, self.tolerance / scale) {
            None => snapped_outline(&clip.path, decimals),
            Some(parts) => {
                let outlines = parts.iter().flat_map(|(path, ellipse)| match ellipse {
                    Some(ellipse) => self.ellipse(ellipse, scale),
                    None => snapped_outline(path, decimals),
                });
                outlines.collect()
            }
        };
        ClipPath {
            path,
            rule: clip.rule,
        }
    }

    fn stroke(&self, stroke: &Stroke, scale: f64) -> Stroke {
        let decimals = stroke_decimals(scale, self.tolerance);
        let length = |value: f64| rounded(value, decimals);
        Stroke {
            paint: self.paint(&stroke.paint, scale),
            opacity: fraction(stroke.opacity),
            width: length(stroke.width),
            miter_limit: rounded(stroke.miter_limit, MITER_DECIMALS),
            dashes: stroke.dashes.iter().map(|dash| length(*dash)).collect(),
            dash_offset: length(stroke.dash_offset),
            cap: stroke.cap,
            join: stroke.join,
        }
    }

    fn paint(&self, paint: &Paint, scale: f64) -> Paint {
        match paint {
            Paint::Solid(color) => Paint::Solid(eight_bits(*color)),
            Paint::Linear(gradient) => {
                let transform = gradient.transform;
                let point = self.point(scale * largest_scale(transform));
                Paint::Linear(LinearGradient {
                    start: point(gradient.start),
                    end: point(gradient.end),
                    transform: self.affine(transform, || extent_of_linear(gradient), scale),
                    stops: stops(&gradient.stops),
                    spread: gradient.spread,
                })
            }
            Paint::Radial(gradient) => {
                let transform = gradient.transform;
                let inner = scale * largest_scale(transform);
                let point = self.point(inner);
                let length = |value| rounded(value, decimals_for(inner, self.tolerance));
                Paint::Radial(RadialGradient {
                    center: point(gradient.center),
                    radius: length(gradient.radius),
                    focus: point(gradient.focus),
                    focal_radius: length(gradient.focal_radius),
                    transform: self.affine(transform, || extent_of_radial(gradient), scale),
                    stops: stops(&gradient.stops),
                    spread: gradient.spread,
                })
            }
        }
    }

    fn point(&self, scale: f64) -> impl Fn(Point) -> Point {
        let decimals = decimals_for(scale, self.tolerance);
        move |point| Point::new(rounded(point.x, decimals), rounded(point.y, decimals))
    }

    /// A transform of what reaches as far as `extent`, in a place of so many pixels per unit.
    fn affine(&self, affine: Affine, extent: impl FnOnce() -> f64, scale: f64) -> Affine {
        if affine == Affine::IDENTITY {
            return affine;
        }
        let [linear, offset] = transform_decimals(extent(), scale, self.tolerance);
        let [a, b, c, d, e, f] = affine.as_coeffs();
        let [a, b, c, d] = [a, b, c, d].map(|value| rounded(value, linear));
        let [e, f] = [e, f].map(|value| rounded(value, offset));
        Affine::new([a, b, c, d, e, f])
    }
}

fn stops(stops: &[GradientStop]) -> Vec<GradientStop> {
    stops
        .iter()
        .map(|stop| GradientStop {
            offset: rounded(f64::from(stop.offset), FRACTION_DECIMALS) as f32,
            color: eight_bits(stop.color),
            opacity: fraction(stop.opacity),
        })
        .collect()
}

fn fraction(opacity: f32) -> f32 {
    rounded(f64::from(opacity.clamp(0.0, 1.0)), FRACTION_DECIMALS) as f32
}

fn eight_bits(color: Color) -> Color {
    let [red, green, blue] = color.to_rgb8();
    Color::from_rgb8(red, green, blue)
}
