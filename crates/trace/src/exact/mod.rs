//! Pictures that a document shows exactly, without fitting: pixel art, and a canvas of one
//! gradient. Whether a document is exact enough is measured here; everything else is the fit's
//! business.

mod gradient;
mod pixel_art;
mod polygon;
mod stops;

use chat2svg_vector::{Document, Group, Node, Raster};
use kurbo::Affine;

pub(crate) use gradient::{Area, paint_of};
pub use pixel_art::rough_shapes;

/// Largest difference of a component, in levels of 255, of nearly all pixels and of every one.
const USUAL_DIFFERENCE: u8 = 1;
const LARGEST_DIFFERENCE: u8 = 3;
/// One pixel in so many may differ by more than usual: steep gradients do, as renderers round.
const FEW: usize = 40;

/// The layers, in pixels of the picture, that show a picture exactly; `None` when it is not of a
/// kind for which there are such.
pub fn exact_layers(picture: &Raster, gradients: bool) -> Option<Vec<Node>> {
    let one_paint = gradients.then(|| gradient::layers(picture)).flatten();
    one_paint
        .filter(|layers| shows(layers, picture))
        .or_else(|| pixel_art::layers(picture))
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

    #[test]
    fn a_steep_gradient_of_four_colours_over_a_narrow_canvas_is_one() {
        let stops = [
            (0.0, [0.43, 0.03, 0.59]),
            (0.64, [0.15, 0.96, 0.59]),
            (0.8, [0.24, 0.42, 0.23]),
            (1.0, [0.76, 0.7, 0.21]),
        ];
        let stops = stops.map(|(offset, [red, green, blue])| GradientStop {
            offset,
            color: Color::new(red, green, blue),
            opacity: 1.0,
        });
        let gradient = RadialGradient {
            center: Point::new(0.5, 0.5),
            radius: 0.71,
            focus: Point::new(0.5, 0.5),
            focal_radius: 0.0,
            transform: Affine::scale_non_uniform(64.0, 200.0),
            stops: stops.to_vec(),
            spread: Spread::Pad,
        };
        let canvas = Rect::new(0.0, 0.0, 64.0, 200.0).to_path(0.1);
        let mut document = Document::empty(64.0, 200.0);
        let shape = Shape::filled("", canvas, Paint::Radial(gradient));
        document.layers.push(Node::Shape(shape));
        let picture = document.render(64, 200, None).expect("renders");
        assert!(exact_layers(&picture, true).is_some());
    }
}
