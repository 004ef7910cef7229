//! Pictures that a document shows exactly, without fitting: pixel art, upright pictures, and a
//! canvas of one gradient. Whether a document is exact enough is measured here; everything else is
//! the fit's business.

mod borders;
mod course;
mod gradient;
mod parameter;
mod pixel_art;
mod polygon;
mod stops;
mod upright;
mod zones;

use chat2svg_vector::{Document, Group, Node, Raster};
use kurbo::Affine;

pub(crate) use gradient::{Area, paint_of};
pub use pixel_art::rough_shapes;

/// Largest difference of a component, in levels of 255, of nearly all pixels and of every one.
const USUAL_DIFFERENCE: u8 = 1;
const LARGEST_DIFFERENCE: u8 = 3;
/// One pixel in so many may differ by more than usual: steep gradients do, as renderers round.
const FEW: usize = 40;

/// Layers that show a picture exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct ExactLayers {
    /// In pixels of the picture.
    pub layers: Vec<Node>,
    /// Whether it may as well be a picture of smooth shapes, which are preferred if they show it.
    pub may_be_smooth: bool,
    /// Whether its borders follow the pixels by intent: simpler shapes stand for none of them.
    pub is_upright: bool,
}

/// The layers that show a picture exactly; `None` when it is not of a kind for which there are
/// such.
pub fn exact_layers(picture: &Raster, gradients: bool) -> Option<ExactLayers> {
    let of = |layers: Vec<Node>| ExactLayers {
        layers,
        may_be_smooth: false,
        is_upright: false,
    };
    let one_paint = gradients.then(|| gradient::layers(picture, |layers| shows(layers, picture)));
    let pixel_art = || {
        let (layers, may_be_smooth) = pixel_art::layers(picture)?;
        Some(ExactLayers {
            may_be_smooth,
            ..of(layers)
        })
    };
    let upright = || {
        Some(ExactLayers {
            is_upright: true,
            ..of(upright::layers(picture)?)
        })
    };
    one_paint
        .flatten()
        .map(of)
        .or_else(pixel_art)
        .or_else(upright)
}

/// A group of shapes.
fn group(label: &str, shapes: Vec<Node>) -> Node {
    let mut group = Group::new(label);
    group.children = shapes;
    Node::Group(group)
}

/// Whether layers show a picture but for what rounding does.
fn shows(layers: &[Node], picture: &Raster) -> bool {
    let document = Document {
        layers: layers.to_vec(),
        ..Document::empty(picture.width().into(), picture.height().into())
    };
    let document = document.rounded(&chat2svg_vector::WriteOptions::default());
    let Ok(shown) = document.render(picture.width(), picture.height(), None) else {
        return false;
    };
    let pairs = shown.pixels().iter().zip(picture.pixels());
    let mut unusual = 0;
    for (found, wanted) in pairs {
        // What is not painted has no colour.
        let premultiplied = |pixel: &[u8; 4], i: usize| match i {
            3 => pixel[3],
            _ => ((u32::from(pixel[i]) * u32::from(pixel[3]) + 127) / 255) as u8,
        };
        let difference = (0..4)
            .map(|i| premultiplied(found, i).abs_diff(premultiplied(wanted, i)))
            .max()
            .unwrap_or(0);
        if difference > LARGEST_DIFFERENCE {
            return false;
        }
        unusual += usize::from(difference > USUAL_DIFFERENCE);
    }
    unusual * FEW <= picture.pixels().len()
}

/// Layers moved into the coordinates of a document, of which `to_user` maps pixels to user space.
pub fn placed(mut layers: Vec<Node>, to_user: Affine) -> Vec<Node> {
    fn place(nodes: &mut [Node], to_user: Affine) {
        for node in nodes {
            match node {
                Node::Group(group) => place(&mut group.children, to_user),
                Node::Shape(shape) => {
                    shape.path.apply_affine(to_user);
                    if let Some(fill) = &mut shape.fill {
                        fill.paint = crate::found_shape::paint_in(&fill.paint, to_user);
                    }
                }
            }
        }
    }
    if to_user != Affine::IDENTITY {
        place(&mut layers, to_user);
    }
    layers
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Color, GradientStop, Paint, RadialGradient, Shape, Spread};
    use kurbo::{Point, Rect, Shape as _};

    use super::*;

    fn stops(all: &[(f32, [f32; 3], f32)]) -> Vec<GradientStop> {
        let stop = |&(offset, [red, green, blue], opacity): &(f32, [f32; 3], f32)| GradientStop {
            offset,
            color: Color::new(red, green, blue),
            opacity,
        };
        all.iter().map(stop).collect()
    }

    /// A radial gradient on the whole canvas.
    struct Round {
        size: [u32; 2],
        center: Point,
        radius: f64,
        focus: Point,
        transform: Affine,
        stops: Vec<GradientStop>,
    }

    /// How many stops show the picture of a gradient; `None` where nothing exact was found.
    fn stops_found(round: Round) -> Option<usize> {
        let [width, height] = round.size;
        let gradient = RadialGradient {
            center: round.center,
            radius: round.radius,
            focus: round.focus,
            focal_radius: 0.0,
            transform: round.transform,
            stops: round.stops,
            spread: Spread::Pad,
        };
        let canvas = Rect::new(0.0, 0.0, width.into(), height.into()).to_path(0.1);
        let mut document = Document::empty(width.into(), height.into());
        let shape = Shape::filled("", canvas, Paint::Radial(gradient));
        document.layers.push(Node::Shape(shape));
        let picture = document.render(width, height, None).expect("renders");
        document.layers = exact_layers(&picture, true)?.layers;
        let shapes = document.shapes();
        match &shapes[..] {
            [only] => match &only.shape.fill.as_ref()?.paint {
                Paint::Radial(found) => Some(found.stops.len()),
                _ => None,
            },
            _ => None,
        }
    }

    const PLUM: [f32; 3] = [0.43, 0.03, 0.59];
    const GREEN: [f32; 3] = [0.15, 0.96, 0.59];
    const MOSS: [f32; 3] = [0.24, 0.42, 0.23];
    const SAND: [f32; 3] = [0.76, 0.7, 0.21];

    #[test]
    fn a_steep_gradient_of_four_colours_over_a_narrow_canvas_is_one() {
        let found = stops_found(Round {
            size: [64, 200],
            center: Point::new(0.5, 0.5),
            radius: 0.71,
            focus: Point::new(0.5, 0.5),
            transform: Affine::scale_non_uniform(64.0, 200.0),
            stops: stops(&[
                (0.0, PLUM, 1.0),
                (0.64, GREEN, 1.0),
                (0.8, MOSS, 1.0),
                (1.0, SAND, 1.0),
            ]),
        });
        assert_eq!(found, Some(4));
    }

    #[test]
    fn a_gradient_with_a_focus_beside_its_centre_is_one() {
        for (focus, stops) in [
            (
                Point::new(52.0, 40.0),
                stops(&[(0.0, SAND, 1.0), (1.0, PLUM, 1.0)]),
            ),
            (
                Point::new(112.0, 30.0),
                stops(&[(0.0, GREEN, 1.0), (0.56, PLUM, 0.8), (1.0, SAND, 0.2)]),
            ),
        ] {
            let count = stops.len();
            let found = stops_found(Round {
                size: [128, 100],
                center: Point::new(64.0, 50.0),
                radius: 89.6,
                focus,
                transform: Affine::IDENTITY,
                stops,
            });
            assert_eq!(found, Some(count));
        }
    }

    #[test]
    fn a_slanted_ellipse_with_a_focus_is_one() {
        let center = Point::new(70.0, 90.0);
        let found = stops_found(Round {
            size: [180, 140],
            center,
            radius: 80.0,
            focus: Point::new(40.0, 70.0),
            transform: Affine::rotate_about(0.6, center)
                * Affine::translate(center.to_vec2())
                * Affine::scale_non_uniform(1.5, 0.8)
                * Affine::translate(-center.to_vec2()),
            stops: stops(&[(0.0, MOSS, 1.0), (0.4, SAND, 1.0), (1.0, PLUM, 1.0)]),
        });
        assert!(matches!(found, Some(3 | 4)), "{found:?}");
    }

    #[test]
    fn a_gradient_that_ends_within_a_fifth_of_a_long_canvas_is_one() {
        let center = Point::new(250.0, 40.0);
        let found = stops_found(Round {
            size: [500, 80],
            center,
            radius: 40.0,
            focus: center,
            transform: Affine::IDENTITY,
            stops: stops(&[
                (0.0, SAND, 1.0),
                (0.16, PLUM, 1.0),
                (0.8, GREEN, 1.0),
                (1.0, MOSS, 1.0),
            ]),
        });
        assert_eq!(found, Some(4));
    }
}
