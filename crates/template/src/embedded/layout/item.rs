//! What the layout moves: an object with its members, its proportions and its ties to others.

use chat2svg_vector::{Habitat, Meaning};
use kurbo::{Affine, Point, Rect};

use super::group::Member;
use crate::embedded::art::{Anchors, Drawing};
use crate::embedded::scene::RelationKind;
use crate::embedded::things::{Attachment, Trait, has_trait, is_attached};

/// An object of the scene, ready to be placed: one or several members of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// What the layer is called.
    pub(crate) label: String,
    /// Words that say what it is: the art's name and the label, in lower case.
    pub(crate) name: String,
    /// One drawing for each member.
    pub(crate) drawings: Vec<Drawing>,
    /// Where the members are, in units of the item's size; the foot of the item is the origin.
    pub(crate) members: Vec<Member>,
    /// The smallest rectangle around the members, in units of the item's size.
    pub(crate) extent: Rect,
    /// Size against other items: the longer side of one member, compressed.
    pub(crate) size: f64,
    /// Size in metres, as in the world.
    pub(crate) metres: f64,
    /// Where it is at home, or was put by the words.
    pub(crate) habitat: Habitat,
    /// Whether it is a living thing that holds and wears.
    pub(crate) animate: bool,
    /// What stages to come are told of it.
    pub(crate) meaning: Meaning,
}

/// Where an item's foot is, and how many pixels its unit has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pose {
    /// Middle of the foot.
    pub(crate) foot: Point,
    /// Pixels for each unit of the item's size.
    pub(crate) scale: f64,
    /// Painting order; higher is nearer.
    pub(crate) order: f64,
}

impl Item {
    /// Whether one of its words calls a thing with this trait.
    pub(crate) fn has(&self, kind: Trait) -> bool {
        has_trait(&self.name, kind)
    }

    /// Whether one of its words calls a thing that goes so with what has it.
    pub(crate) fn is_attached(&self, how: Attachment) -> bool {
        is_attached(&self.name, how)
    }

    /// The item's box on the canvas.
    pub(crate) fn bounds(&self, pose: &Pose) -> Rect {
        Rect::new(
            pose.foot.x + self.extent.x0 * pose.scale,
            pose.foot.y + self.extent.y0 * pose.scale,
            pose.foot.x + self.extent.x1 * pose.scale,
            pose.foot.y + self.extent.y1 * pose.scale,
        )
    }

    /// The boxes of the members on the canvas.
    pub(crate) fn member_bounds(&self, pose: &Pose) -> impl Iterator<Item = Rect> {
        let (foot, scale) = (pose.foot, pose.scale);
        self.members
            .iter()
            .zip(&self.drawings)
            .map(move |(member, drawing)| {
                let (width, height) = super::shape_of(drawing);
                let (half, tall) = (
                    width * member.scale * scale / 2.0,
                    height * member.scale * scale,
                );
                let (x, y) = (foot.x + member.x * scale, foot.y + member.y * scale);
                Rect::new(x - half, y - tall, x + half, y)
            })
    }

    /// The map from a member's drawing to the canvas.
    pub(crate) fn member_transform(&self, index: usize, pose: &Pose) -> Affine {
        let (Some(member), Some(drawing)) = (self.members.get(index), self.drawings.get(index))
        else {
            return Affine::IDENTITY;
        };
        let bounds = drawing.bounds;
        let unit = bounds.width().max(bounds.height()).max(1e-6);
        let scale = pose.scale * member.scale / unit;
        let flip = if member.mirrored { -1.0 } else { 1.0 };
        Affine::translate((
            pose.foot.x + member.x * pose.scale,
            pose.foot.y + member.y * pose.scale,
        )) * Affine::scale_non_uniform(scale * flip, scale)
            * Affine::translate((-bounds.center().x, -bounds.y1))
    }

    /// The anchors of a single member; `None` for groups, which have none of their own.
    pub(crate) fn anchors(&self) -> Option<&Anchors> {
        match self.drawings.as_slice() {
            [only] => Some(&only.anchors),
            _ => None,
        }
    }
}

/// A tie of an item to another that it is placed against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The item placed against.
    pub(crate) parent: usize,
    /// How.
    pub(crate) kind: RelationKind,
}
