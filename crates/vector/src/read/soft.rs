//! Blurred shapes, drawn as shapes: a disc as a radial gradient, anything else as outlines inside
//! one another, each of them the place where the blur has a certain strength.

use kurbo::{Affine, BezPath, Shape as _, Vec2};

use crate::write::ellipse_of;
use crate::{Color, FillRule, GradientStop, Node, Paint, RadialGradient, Shape, Spread};

use super::contours::{Field, REACH};
use super::nodes::{bounds, edit_shapes};
use super::spare::Spare;

/// Outlines of a blur that goes from nothing to opaque, and the fewest of any blur.
const OUTLINES: f32 = 36.0;
const FEWEST_OUTLINES: f32 = 4.0;
/// Most outlines of a blur without width, and more for each pixel of its standard deviation.
const FIRST_OUTLINES: f32 = 7.0;
const OUTLINES_PER_PIXEL: f32 = 5.0;
/// Most shapes that are blurred each for itself.
const MAX_SHAPES: usize = 24;
/// Stops of the gradient of a disc.
const DISC_STOPS: u8 = 17;

/// How something is blurred.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blur {
    /// Standard deviations across and down, not negative, not both zero.
    pub(super) sigma: Vec2,
    pub(super) opacity: f32,
    /// Whether what is around it is painted in its place.
    pub(super) is_inverted: bool,
    /// Pixels per unit, as far as that is known.
    pub(super) pixels: f64,
}

/// Nodes blurred: as one silhouette in one colour, or each shape in its own paint; `None` when that
/// takes too much.
pub(super) fn blurred(
    nodes: &[Node],
    blur: &Blur,
    flat: Option<Color>,
    spare: &mut Spare,
) -> Option<Vec<Node>> {
    let mut shapes = Vec::new();
    edit_shapes(
        &mut nodes.to_vec(),
        Affine::IDENTITY,
        &mut |shape, transform| {
            shapes.push((shape.clone(), transform));
        },
    );
    if let Some(color) = flat {
        let only = match shapes.as_slice() {
            [(shape, transform)] if !has_groups(nodes) => Some((shape, *transform)),
            _ => None,
        };
        let disc = only.and_then(|(shape, transform)| disc(shape, transform, blur));
        if let Some(disc) = disc {
            return Some(vec![Node::Shape(disc)]);
        }
        return outlines(nodes, blur, &Paint::Solid(color), 1.0, spare);
    }
    if shapes.len() > MAX_SHAPES || blur.is_inverted {
        return None;
    }
    let mut out = Vec::new();
    for index in 0..shapes.len() {
        let (shape, transform) = shapes.get(index)?;
        if shapes.len() == 1
            && !has_groups(nodes)
            && let Some(disc) = disc(shape, *transform, blur)
        {
            out.push(Node::Shape(disc));
            continue;
        }
        for is_fill in [true, false] {
            let paint = match is_fill {
                true => shape.fill.as_ref().map(|fill| (&fill.paint, fill.opacity)),
                false => shape
                    .stroke
                    .as_ref()
                    .map(|stroke| (&stroke.paint, stroke.opacity)),
            };
            let Some((paint, opacity)) = paint else {
                continue;
            };
            let mut paint = paint.clone();
            paint.apply_affine(*transform);
            let alone = alone(nodes, index, is_fill);
            out.extend(outlines(&alone, blur, &paint, opacity, spare)?);
        }
    }
    Some(out)
}

fn has_groups(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Group(group) => {
            group.clip.is_some() || group.opacity < 1.0 || has_groups(&group.children)
        }
        Node::Shape(_) => false,
    })
}

/// The fill or the stroke of one shape, opaque, within the groups around it.
fn alone(nodes: &[Node], index: usize, is_fill: bool) -> Vec<Node> {
    let mut nodes = nodes.to_vec();
    let mut next = 0;
    edit_shapes(&mut nodes, Affine::IDENTITY, &mut |shape, _| {
        let is_this = next == index;
        next += 1;
        if !is_this || !is_fill {
            shape.fill = None;
        }
        if !is_this || is_fill {
            shape.stroke = None;
        }
        if let Some(fill) = &mut shape.fill {
            (fill.paint, fill.opacity) = (Paint::Solid(Color::BLACK), 1.0);
        }
        if let Some(stroke) = &mut shape.stroke {
            (stroke.paint, stroke.opacity) = (Paint::Solid(Color::BLACK), 1.0);
        }
    });
    nodes
}

/// A filled disc of one colour, blurred alike on all sides.
fn disc(shape: &Shape, transform: Affine, blur: &Blur) -> Option<Shape> {
    let fill = shape.fill.as_ref()?;
    let Paint::Solid(color) = fill.paint else {
        return None;
    };
    let mut moved = shape.clone();
    moved.apply_affine(transform);
    let sigma = blur.sigma.x;
    let is_even = shape.stroke.is_none() && blur.sigma.x == blur.sigma.y && !blur.is_inverted;
    let ellipse = ellipse_of(&moved, 1e-3 * moved.path.bounding_box().width())?;
    let radius = (ellipse.across + ellipse.down) * 0.5;
    if !is_even || (ellipse.across - ellipse.down).abs() > 0.01 * radius {
        return None;
    }
    let end = radius + REACH * sigma;
    let start = (radius - REACH * sigma).max(0.0);
    let opacity = fill.opacity * shape.opacity * blur.opacity;
    let stop = |step: u8| {
        let share = f64::from(step) / f64::from(DISC_STOPS - 1);
        let distance = start + share * (end - start);
        let strength = if step + 1 == DISC_STOPS {
            0.0
        } else {
            disc_at(distance, radius, sigma)
        };
        GradientStop {
            offset: (distance / end) as f32,
            color,
            opacity: strength as f32 * opacity,
        }
    };
    let gradient = RadialGradient {
        center: ellipse.center,
        radius: end,
        focus: ellipse.center,
        focal_radius: 0.0,
        transform: Affine::IDENTITY,
        stops: (0..DISC_STOPS).map(stop).collect(),
        spread: Spread::Pad,
    };
    let path = kurbo::Circle::new(ellipse.center, end).to_path(1e-3 * end);
    Some(Shape::filled("", path, Paint::Radial(gradient)))
}

/// How strong a blurred disc is at a distance from its centre, 0 to 1.
fn disc_at(distance: f64, radius: f64, sigma: f64) -> f64 {
    /// Strips into which the disc is cut.
    const STRIPS: u32 = 240;
    let width = 2.0 * radius / f64::from(STRIPS);
    let strips = (0..STRIPS).map(|strip| {
        let x = -radius + (f64::from(strip) + 0.5) * width;
        let half = (radius * radius - x * x).max(0.0).sqrt();
        let from_here = (x - distance) / sigma;
        let density =
            (-0.5 * from_here * from_here).exp() / (sigma * (2.0 * std::f64::consts::PI).sqrt());
        density * width * error_function(half / (sigma * std::f64::consts::SQRT_2))
    });
    strips.sum::<f64>().clamp(0.0, 1.0)
}

/// The error function, to 1.5e-7 (Abramowitz and Stegun, 7.1.26).
fn error_function(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let series = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    let polynomial = series.iter().fold(0.0, |sum, factor| sum * t + factor) * t;
    (1.0 - polynomial * (-x * x).exp()).copysign(x)
}

/// The blur of a silhouette as outlines of falling strength, back to front.
fn outlines(
    nodes: &[Node],
    blur: &Blur,
    paint: &Paint,
    opacity: f32,
    spare: &mut Spare,
) -> Option<Vec<Node>> {
    let Some(painted) = bounds(nodes) else {
        return Some(Vec::new());
    };
    let field = Field::of(nodes, painted, blur.sigma, spare)?;
    let strongest = field.strongest_before;
    let opacity = opacity * blur.opacity;
    // What is a few pixels wide needs no more steps than pixels.
    let wide = (blur.sigma.x.max(blur.sigma.y) * blur.pixels) as f32;
    let most = if wide.is_finite() {
        FIRST_OUTLINES + OUTLINES_PER_PIXEL * wide
    } else {
        OUTLINES
    };
    let count = (OUTLINES * opacity * strongest)
        .min(most)
        .max(FEWEST_OUTLINES)
        .ceil();
    let thresholds: Vec<f64> = (0..count as u32)
        .map(|step| f64::from(strongest) * (f64::from(step) + 0.5) / f64::from(count))
        .collect();
    let rings = field.rings(&thresholds)?;
    // All in one transform, so that none of them needs many digits.
    let mut out = Vec::new();
    let mut so_far = 0.0f32;
    let steps: Vec<(f32, BezPath)> = if blur.is_inverted {
        let around = field.area.inflate(field.area.width(), field.area.height());
        let inverted = rings.into_iter().enumerate().rev().map(|(step, path)| {
            let mut all = around.to_path(0.1);
            all.extend(path);
            (1.0 - step as f32 / count, all)
        });
        inverted.collect()
    } else {
        let plain = rings.into_iter().enumerate();
        plain
            .map(|(step, path)| ((step + 1) as f32 / count, path))
            .collect()
    };
    for (share, path) in steps {
        let wanted = (share * strongest * opacity).min(1.0);
        if path.elements().is_empty() || wanted <= so_far {
            continue;
        }
        // What lies over the outlines so far.
        let own = 1.0 - (1.0 - wanted) / (1.0 - so_far).max(1e-6);
        so_far = wanted;
        spare.take(path.elements().len()).then_some(())?;
        let mut shape = Shape::filled("", path, paint.clone());
        if let Some(fill) = &mut shape.fill {
            fill.opacity = own.clamp(0.0, 1.0);
            fill.rule = FillRule::EvenOdd;
        }
        out.push(Node::Shape(shape));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use kurbo::Rect;

    use crate::{Document, Metadata};

    use super::*;

    #[test]
    fn the_error_function_is_right() {
        for (x, expected) in [
            (0.0, 0.0),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (-2.0, -0.995_322_3),
        ] {
            assert!((error_function(x) - expected).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn a_disc_fades_about_its_edge() {
        assert!((disc_at(100.0, 100.0, 1.0) - 0.5).abs() < 0.01);
        assert!(disc_at(0.0, 100.0, 1.0) > 0.999);
        assert!(disc_at(106.0, 100.0, 1.0) < 0.001);
        // A disc that is small beside the blur: a Gaussian of its area.
        let expected = 1.0 - (-0.5f64 * 0.1 * 0.1).exp();
        assert!((disc_at(0.0, 1.0, 10.0) - expected).abs() < 1e-4);
    }

    #[test]
    fn outlines_add_up_to_the_blur() {
        let square = Shape::filled(
            "",
            Rect::new(0.0, 0.0, 60.0, 60.0).to_path(0.1),
            Paint::Solid(Color::BLACK),
        );
        let blur = Blur {
            sigma: Vec2::new(4.0, 4.0),
            opacity: 0.6,
            is_inverted: false,
            pixels: 1.0,
        };
        let mut spare = Spare::default();
        let layers = blurred(
            &[Node::Shape(square)],
            &blur,
            Some(Color::BLACK),
            &mut spare,
        )
        .expect("is little");
        assert!((20..30).contains(&layers.len()), "{}", layers.len());
        let document = Document {
            width: 100.0,
            height: 100.0,
            view_box: Rect::new(-20.0, -20.0, 80.0, 80.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers,
        };
        let picture = document.render(100, 100, None).expect("renders");
        let half = |at: f64| 0.5 * (1.0 + error_function(at / (4.0 * std::f64::consts::SQRT_2)));
        for (x, y) in [
            (20u32, 50u32),
            (16, 50),
            (24, 50),
            (50, 50),
            (20, 20),
            (22, 23),
            (12, 50),
        ] {
            let at = |place: u32| f64::from(place) + 0.5 - 20.0;
            let strength = |at: f64| half(at) - half(at - 60.0);
            let expected = 0.6 * strength(at(x)) * strength(at(y));
            let found = f64::from(picture.pixel(x, y).expect("is inside")[3]) / 255.0;
            assert!(
                (found - expected).abs() < 0.02,
                "{x} {y}: {found} {expected}"
            );
        }
    }
}
