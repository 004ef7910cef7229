//! What has been read stays within what can be drawn at any size: checked once all transforms are known.

use kurbo::{Affine, BezPath, Rect};

use crate::sanitise::ParseError;
use crate::transform::largest_scale;
use crate::{Document, Node, Paint};

/// Farthest from the view box that anything may be, in longest sides of the view box. At the largest
/// rendering that is within what the canvas holds.
const MAX_SIDES: u64 = 10_000_000;

/// Checks that all numbers are finite and nothing lies too far out.
pub(super) fn check(document: &Document) -> Result<(), ParseError> {
    let frame = document.view_box;
    let reach = frame.width().max(frame.height()) * MAX_SIDES as f64;
    let near = frame.inflate(reach, reach);
    nodes(&document.layers, Affine::IDENTITY, near)
}

fn nodes(nodes: &[Node], to_user: Affine, near: Rect) -> Result<(), ParseError> {
    for node in nodes {
        match node {
            Node::Shape(shape) => {
                let around = shape.stroke.as_ref().map_or(0.0, |stroke| {
                    let numbers = [stroke.dash_offset, stroke.miter_limit];
                    let is_finite = numbers.iter().chain(&stroke.dashes).all(|n| n.is_finite());
                    if is_finite { stroke.reach() } else { f64::NAN }
                });
                let fill = shape.fill.as_ref().map(|fill| &fill.paint);
                let stroke = shape.stroke.as_ref().map(|stroke| &stroke.paint);
                let is_finite = fill.into_iter().chain(stroke).all(is_finite);
                if !is_finite || !is_near(&shape.path, around, to_user, near) {
                    return Err(too_far(node));
                }
            }
            Node::Group(group) => {
                let inner = to_user * group.transform;
                let clip = group.clip.as_ref();
                let has_near_clip = clip.is_none_or(|clip| is_near(&clip.path, 0.0, inner, near));
                if !has_near_clip {
                    return Err(too_far(node));
                }
                self::nodes(&group.children, inner, near)?;
            }
        }
    }
    Ok(())
}

fn is_near(path: &BezPath, around: f64, to_user: Affine, near: Rect) -> bool {
    if path.elements().is_empty() {
        return true;
    }
    let around = around * largest_scale(to_user);
    let bounds = (to_user * path).control_box().inflate(around, around);
    // False for what is not a number.
    path.is_finite()
        && bounds.x0 >= near.x0
        && bounds.y0 >= near.y0
        && bounds.x1 <= near.x1
        && bounds.y1 <= near.y1
}

fn is_finite(paint: &Paint) -> bool {
    match paint {
        Paint::Solid(_) => true,
        Paint::Linear(gradient) => {
            gradient.start.is_finite() && gradient.end.is_finite() && gradient.transform.is_finite()
        }
        Paint::Radial(gradient) => {
            gradient.center.is_finite()
                && gradient.focus.is_finite()
                && gradient.radius.is_finite()
                && gradient.focal_radius.is_finite()
                && gradient.transform.is_finite()
        }
    }
}

fn too_far(node: &Node) -> ParseError {
    let (kind, name) = match node {
        Node::Shape(_) => ("the shape", node.label()),
        Node::Group(_) => ("the clip path of", node.label()),
    };
    let name = if name.is_empty() { node.id() } else { name };
    let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    let what = if name.is_empty() {
        format!("{kind} a part without a name")
    } else {
        format!("{kind} “{name}”")
    };
    ParseError::TooFarOut {
        what,
        limit: MAX_SIDES,
    }
}
