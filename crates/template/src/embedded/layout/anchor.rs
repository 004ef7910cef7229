//! Where on an item others attach: its surface, the space below and inside it, head and hand.
//! Anchors of the drawing where it has them, else what is usual.

use chat2svg_vector::Habitat;
use kurbo::{Point, Rect};

use super::item::{Item, Pose};
use crate::embedded::things::Trait;

/// A surface of the item that carries things: left, right, height on the canvas.
pub(crate) fn surface(parent: &Item, at: &Pose) -> (f64, f64, f64) {
    let frame = parent.bounds(at);
    if let Some(span) = parent.anchors().and_then(|anchors| anchors.support) {
        let map = parent.member_transform(0, at);
        let (a, b) = (
            map * Point::new(span.left, span.y),
            map * Point::new(span.right, span.y),
        );
        return (a.x.min(b.x), a.x.max(b.x), a.y);
    }
    let share = if parent.animate {
        0.42
    } else if parent.habitat == Habitat::Terrain {
        0.35
    } else if parent.has(Trait::Hull) {
        0.6
    } else {
        0.1
    };
    let inset = frame.width() * if parent.animate { 0.3 } else { 0.16 };
    (
        frame.x0 + inset,
        frame.x1 - inset,
        frame.y0 + frame.height() * share,
    )
}

/// The underside of the item that things can be below: left, right, height.
pub(crate) fn shelter(parent: &Item, at: &Pose) -> (f64, f64, f64) {
    let frame = parent.bounds(at);
    if let Some(span) = parent.anchors().and_then(|anchors| anchors.shelter) {
        let map = parent.member_transform(0, at);
        let (a, b) = (
            map * Point::new(span.left, span.y),
            map * Point::new(span.right, span.y),
        );
        return (a.x.min(b.x), a.x.max(b.x), a.y);
    }
    (frame.x0, frame.x1, frame.y0 + frame.height() * 0.5)
}

/// The space inside the item, the height of its rim, and whether contents may look out of it.
pub(crate) fn hollow(parent: &Item, at: &Pose) -> (Rect, f64, bool) {
    if let Some(container) = parent.anchors().and_then(|anchors| anchors.container) {
        let map = parent.member_transform(0, at);
        let rim = (map * Point::new(0.0, container.rim)).y;
        return (
            map.transform_rect_bbox(container.inside),
            rim,
            container.open,
        );
    }
    let frame = parent.bounds(at);
    let (dx, dy) = (frame.width() * 0.2, frame.height() * 0.2);
    let inside = frame.inset(kurbo::Insets::new(-dx, -dy, -dx, -dy * 0.6));
    (inside, inside.y0, false)
}

/// The head: left, right, top.
pub(crate) fn head(parent: &Item, at: &Pose, frame: &Rect) -> (f64, f64, f64) {
    if let Some(span) = parent.anchors().and_then(|anchors| anchors.head) {
        let map = parent.member_transform(0, at);
        let (a, b) = (
            map * Point::new(span.left, span.y),
            map * Point::new(span.right, span.y),
        );
        return (a.x.min(b.x), a.x.max(b.x), a.y);
    }
    let wide = frame.width() * if parent.animate { 0.3 } else { 0.36 };
    // Animals of the collection that stand in profile are wide, and look to the left.
    let profile = parent.animate && frame.width() > frame.height() * 0.95;
    let middle = frame.x0 + frame.width() * if profile { 0.27 } else { 0.5 };
    (
        middle - wide / 2.0,
        middle + wide / 2.0,
        frame.y0 + frame.height() * 0.04,
    )
}

/// The hand.
pub(crate) fn hand(parent: &Item, at: &Pose, frame: &Rect) -> (f64, f64) {
    if let Some(point) = parent.anchors().and_then(|anchors| anchors.hand) {
        let point = parent.member_transform(0, at) * point;
        return (point.x, point.y);
    }
    (
        frame.x1 - frame.width() * 0.06,
        frame.y0 + frame.height() * 0.66,
    )
}
