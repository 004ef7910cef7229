//! What is worn, held, or part of a building: placing for "with".

use kurbo::{Point, Rect};

use super::anchor::{hand, head};
use super::item::{Item, Pose};
use super::place::{aside, tied};
use crate::embedded::backdrop::Stage;
use crate::embedded::scene::RelationKind;
use crate::embedded::things::Trait;

/// What is worn, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worn {
    /// On top of the head.
    Hat,
    /// Over the eyes.
    Glasses,
    /// Around the neck.
    Scarf,
}

/// How a thing is worn, if it is.
fn worn(item: &Item) -> Option<Worn> {
    [
        (Trait::Hat, Worn::Hat),
        (Trait::Glasses, Worn::Glasses),
        (Trait::Scarf, Worn::Scarf),
    ]
    .into_iter()
    .find_map(|(kind, worn)| item.has(kind).then_some(worn))
}

/// Where what an item wears, holds or has comes to stand.
pub(crate) fn with(
    item: &Item,
    parent: &Item,
    at: &Pose,
    frame: &Rect,
    scale: f64,
    (u, v): (f64, f64),
    gap: f64,
) -> Pose {
    let shift = |scale: f64| (item.extent.x0 + item.extent.x1) / 2.0 * scale;
    let place = |x: f64, y: f64, scale: f64| Pose {
        foot: Point::new(x - shift(scale), y),
        scale,
        order: at.order + 0.002,
    };
    let to_width = |width: f64| width / item.extent.width().max(1e-6);
    if let (Some(worn), true) = (worn(item), item.members.len() == 1) {
        let (left, right, top) = head(parent, at, frame);
        let wide = right - left;
        let middle = (left + right) / 2.0;
        return match worn {
            Worn::Hat => {
                let scale = to_width(wide * 1.12);
                place(middle, top + item.extent.height() * scale * 0.24, scale)
            }
            Worn::Glasses => {
                let scale = to_width(wide * 0.86);
                place(
                    middle,
                    top + wide * 0.5 + item.extent.height() * scale * 0.5,
                    scale,
                )
            }
            Worn::Scarf => {
                let scale = to_width(wide * 0.66);
                place(
                    middle,
                    top + wide * 0.96 + item.extent.height() * scale,
                    scale,
                )
            }
        };
    }
    if parent.animate && item.members.len() == 1 && !item.animate && item.size < parent.size * 1.3 {
        let lifted = item.is_called(&["balloon", "umbrella", "kite", "flag"]);
        let most = frame.height() * if lifted { 0.72 } else { 0.42 };
        let tall = item.extent.height() * scale;
        let scale = scale
            * (most / tall.max(1e-6))
                .min(1.0)
                .max((frame.height() * if lifted { 0.5 } else { 0.22 } / tall.max(1e-6)).min(1.6));
        let (x, y) = hand(parent, at, frame);
        // Either hand, so that two things held do not hide each other.
        // The pole of a flag is its left edge, so that only the right hand keeps it off the face.
        let flag = item.is_called(&["flag"]);
        let outward = if u < 0.5 && !flag { -1.0 } else { 1.0 };
        let x = frame.center().x + (x - frame.center().x) * outward;
        let foot = if item.is_called(&["kite"]) {
            frame.y0 + frame.height() * 0.3
        } else if lifted {
            y + item.extent.height() * scale * 0.06
        } else {
            y + item.extent.height() * scale * 0.42
        };
        let aside = if item.is_called(&["kite"]) {
            frame.width() * 0.3 + item.extent.width() * scale * 0.5
        } else if flag {
            item.extent.width() * scale * 0.42
        } else if item.is_called(&["balloon"]) {
            frame.width() * 0.12
        } else {
            0.0
        };
        let mut held = place(x + aside * outward, foot.min(at.foot.y), scale);
        if item.is_called(&["umbrella"]) {
            // The canopy is behind the head, not before the face.
            held.order = at.order - 0.002;
        }
        return held;
    }
    if parent
        .anchors()
        .is_some_and(|anchors| anchors.container.is_some())
    {
        let stage_free = Stage::unbounded();
        return tied(
            item,
            RelationKind::Inside,
            parent,
            at,
            scale,
            (u, v),
            &stage_free,
        );
    }
    if parent.has(Trait::Building) && item.has(Trait::Fitting) && item.members.len() == 1 {
        return part_of_building(item, at, frame, place);
    }
    let side = if u < 0.5 { -1.0 } else { 1.0 };
    aside(
        item,
        frame,
        at,
        scale,
        side,
        gap * (0.3 + v),
        gap * (v - 0.3),
    )
}

/// Where a door, a window or a flag of a building is, and how large.
fn part_of_building(
    item: &Item,
    at: &Pose,
    frame: &Rect,
    place: impl Fn(f64, f64, f64) -> Pose,
) -> Pose {
    let to_height = |height: f64| height / item.extent.height().max(1e-6);
    if item.is_called(&["door"]) {
        return place(
            frame.center().x,
            at.foot.y,
            to_height(frame.height() * 0.38),
        );
    }
    if item.is_called(&["window"]) {
        return place(
            frame.x0 + frame.width() * 0.3,
            at.foot.y - frame.height() * 0.2,
            to_height(frame.height() * 0.24),
        );
    }
    place(
        frame.center().x,
        frame.y0 + frame.height() * 0.04,
        to_height(frame.height() * 0.34),
    )
}
