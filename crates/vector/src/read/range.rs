//! What has been read stays within what can be drawn at any size: checked once all transforms are
//! known.

use kurbo::{Affine, BezPath, Rect};

use crate::sanitise::{ParseError, printable};
use crate::transform::largest_scale;
use crate::{Document, Node, Paint};

/// Farthest from the view box that anything may be, in longest sides of the view box. At the
/// largest rendering that is within what the canvas holds.
const MAX_SIDES: u64 = 10_000_000;
/// Largest number that a document may hold, so that what is written of it can be read again.
const MAX_NUMBER: f64 = 1e9;

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
                    let numbers = [stroke.width, stroke.dash_offset, stroke.miter_limit];
                    let are_usable = numbers.iter().chain(&stroke.dashes).all(is_usable);
                    if are_usable { stroke.reach() } else { f64::NAN }
                });
                let fill = shape.fill.as_ref().map(|fill| &fill.paint);
                let stroke = shape.stroke.as_ref().map(|stroke| &stroke.paint);
                let has_usable_paints = fill.into_iter().chain(stroke).all(is_usable_paint);
                if !has_usable_paints || !is_near(&shape.path, around, to_user, near) {
                    return Err(too_far(node));
                }
            }
            Node::Group(group) => {
                let inner = to_user * group.transform;
                if !group.transform.as_coeffs().iter().all(is_usable) {
                    return Err(too_far(node));
                }
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
    let local = path.control_box();
    // False for what is not a number.
    path.is_finite()
        && [local.x0, local.y0, local.x1, local.y1]
            .iter()
            .all(is_usable)
        && bounds.x0 >= near.x0
        && bounds.y0 >= near.y0
        && bounds.x1 <= near.x1
        && bounds.y1 <= near.y1
}

/// Whether a number can be written and read; false for what is not one.
fn is_usable(number: &f64) -> bool {
    number.abs() <= MAX_NUMBER
}

fn is_usable_paint(paint: &Paint) -> bool {
    let (numbers, transform) = match paint {
        Paint::Solid(_) => return true,
        Paint::Linear(gradient) => {
            let [start, end] = [gradient.start, gradient.end];
            (
                [start.x, start.y, end.x, end.y, 0.0, 0.0],
                gradient.transform,
            )
        }
        Paint::Radial(gradient) => {
            let [center, focus] = [gradient.center, gradient.focus];
            let radii = [gradient.radius, gradient.focal_radius];
            let [outer, inner] = radii;
            (
                [center.x, center.y, focus.x, focus.y, outer, inner],
                gradient.transform,
            )
        }
    };
    numbers.iter().chain(&transform.as_coeffs()).all(is_usable)
}

fn too_far(node: &Node) -> ParseError {
    let (kind, name) = match node {
        Node::Shape(_) => ("the shape", node.label()),
        Node::Group(_) => ("the group", node.label()),
    };
    let name = if name.is_empty() { node.id() } else { name };
    let name = printable(name, 60);
    let what = if name.is_empty() {
        format!("{kind} without a name")
    } else {
        format!("{kind} “{name}”")
    };
    ParseError::TooFarOut {
        what,
        limit: MAX_SIDES,
    }
}
