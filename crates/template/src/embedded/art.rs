//! Pictures of single things, wherever they come from: a drawing is a handful of named shapes and
//! the places where other things can attach. No layout here.

pub(crate) mod asset;
pub(crate) mod body_synthesis;
pub(crate) mod cache;
mod composite;
pub(crate) mod library;
pub(crate) mod pen;
pub(crate) mod recolor;
pub(crate) mod source;
mod substance;
pub(crate) mod tone;
pub(crate) mod twemoji;

use chat2svg_vector::{Credit, Node, Paint};
use kurbo::{Affine, Point, Rect};

/// A picture of one thing, in coordinates of its own (y grows downwards).
#[derive(Clone, Debug)]
pub struct Drawing {
    /// Named shapes and groups, back to front.
    pub nodes: Vec<Node>,
    /// The smallest rectangle around them.
    pub bounds: Rect,
    /// Where other things attach.
    pub anchors: Anchors,
    /// Attribution that the picture's licence asks for.
    pub credit: Option<Credit>,
}

/// Where other things attach to a drawing, in the drawing's coordinates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Anchors {
    /// A surface that carries things: a table's top, a chair's seat.
    pub support: Option<Span>,
    /// An underside that things can be below: a crown of leaves, a table's top seen from below.
    pub shelter: Option<Span>,
    /// An opening that holds things.
    pub container: Option<Container>,
    /// The top of a head and its width: hats go here.
    pub head: Option<Span>,
    /// A hand, where held things go.
    pub hand: Option<Point>,
}

/// A horizontal stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Left end.
    pub left: f64,
    /// Right end.
    pub right: f64,
    /// Height of the stretch.
    pub y: f64,
}

/// How a drawing holds other things.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Container {
    /// The region that contents fill, in the drawing's coordinates.
    pub inside: Rect,
    /// Height of the opening's front edge; contents below it are hidden when the container is open.
    pub rim: f64,
    /// Nodes from this index on are painted over the contents.
    pub front_from: usize,
    /// Contents may look out above the region (a cat in a box) or must fit within (a fish in a
    /// bowl).
    pub open: bool,
}

impl Drawing {
    /// A drawing of nodes, with no anchors.
    pub(crate) fn of(nodes: Vec<Node>) -> Self {
        Self {
            bounds: pen::bounds_of(&nodes),
            nodes,
            anchors: Anchors::default(),
            credit: None,
        }
    }

    /// The drawing with a surface that carries things.
    pub(crate) fn with_support(mut self, left: f64, right: f64, y: f64) -> Self {
        self.anchors.support = Some(Span { left, right, y });
        self
    }

    /// The drawing with an underside that things can be below.
    pub(crate) fn with_shelter(mut self, left: f64, right: f64, y: f64) -> Self {
        self.anchors.shelter = Some(Span { left, right, y });
        self
    }

    /// The drawing with a head for hats.
    pub(crate) fn with_head(mut self, left: f64, right: f64, y: f64) -> Self {
        self.anchors.head = Some(Span { left, right, y });
        self
    }

    /// The drawing with a hand.
    pub(crate) fn with_hand(mut self, x: f64, y: f64) -> Self {
        self.anchors.hand = Some(Point::new(x, y));
        self
    }
}

/// Moves a node's geometry, paints and stroke widths through a transform.
pub(crate) fn apply(node: &mut Node, transform: Affine) {
    let scale = transform.determinant().abs().sqrt();
    match node {
        Node::Group(group) => {
            // A group's own transform acts inside; folding ours in leaves the tree free of stacks.
            let inner = transform * group.transform;
            group.transform = Affine::IDENTITY;
            if let Some(clip) = &mut group.clip {
                clip.path.apply_affine(inner);
            }
            for child in &mut group.children {
                apply(child, inner);
            }
        }
        Node::Shape(shape) => {
            shape.path.apply_affine(transform);
            if let Some(fill) = &mut shape.fill {
                apply_to_paint(&mut fill.paint, transform);
            }
            if let Some(stroke) = &mut shape.stroke {
                stroke.width *= scale;
                stroke.dash_offset *= scale;
                for dash in &mut stroke.dashes {
                    *dash *= scale;
                }
                apply_to_paint(&mut stroke.paint, transform);
            }
        }
    }
}

fn apply_to_paint(paint: &mut Paint, transform: Affine) {
    match paint {
        Paint::Solid(_) => {}
        Paint::Linear(gradient) => gradient.transform = transform * gradient.transform,
        Paint::Radial(gradient) => gradient.transform = transform * gradient.transform,
    }
}
