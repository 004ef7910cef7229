//! Attaches what is worn, held, or part of a building: poses for "with".

use kurbo::{Point, Rect};

use super::anchor::{hand, head};
use super::item::{Item, Pose};
use super::place::{aside, tied};
use crate::embedded::backdrop::Stage;
use crate::embedded::scene::RelationKind;
use crate::embedded::things::{Attachment, Trait};

/// How an item goes with what has it, if it is one of these ways; the first goes before the others.
fn attachment<const COUNT: usize>(item: &Item, ways: [Attachment; COUNT]) -> Option<Attachment> {
    ways.into_iter().find(|way| item.is_attached(*way))
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
    let worn = attachment(item, [Attachment::Head, Attachment::Eyes, Attachment::Neck]);
    if let (Some(worn), true) = (worn, item.members.len() == 1) {
        let (left, right, top) = head(parent, at, frame);
        let wide = right - left;
        let middle = (left + right) / 2.0;
        return match worn {
            Attachment::Head => {
                let scale = to_width(wide * 1.12);
                place(middle, top + item.extent.height() * scale * 0.24, scale)
            }
            Attachment::Eyes => {
                let scale = to_width(wide * 0.86);
                place(
                    middle,
                    top + wide * 0.5 + item.extent.height() * scale * 0.5,
                    scale,
                )
            }
            _ => {
                let scale = to_width(wide * 0.66);
                place(
                    middle,
                    top + wide * 0.96 + item.extent.height() * scale,
                    scale,
                )
            }
        };
    }
    let held = attachment(
        item,
        [
            Attachment::Flown,
            Attachment::Hoisted,
            Attachment::Tethered,
            Attachment::Overhead,
        ],
    );
    // An umbrella is for a cat of the cat's size.
    let most_larger = if held.is_some() { 4.0 } else { 1.3 };
    let is_held = parent.animate && item.members.len() == 1 && !item.animate;
    if is_held && item.size < parent.size * most_larger {
        let lifted = held.is_some();
        let most = frame.height() * if lifted { 0.72 } else { 0.42 };
        let tall = item.extent.height() * scale;
        let scale = scale
            * (most / tall.max(1e-6))
                .min(1.0)
                .max((frame.height() * if lifted { 0.5 } else { 0.22 } / tall.max(1e-6)).min(1.6));
        let (x, y) = hand(parent, at, frame);
        // Either hand, so that two things held do not hide each other.
        // The pole of a flag is its left edge, so that only the right hand keeps it off the face.
        let hoisted = held == Some(Attachment::Hoisted);
        let outward = if u < 0.5 && !hoisted { -1.0 } else { 1.0 };
        let x = frame.center().x + (x - frame.center().x) * outward;
        let foot = if held == Some(Attachment::Flown) {
            frame.y0 + frame.height() * 0.3
        } else if lifted {
            y + item.extent.height() * scale * 0.06
        } else {
            y + item.extent.height() * scale * 0.42
        };
        let aside = match held {
            Some(Attachment::Flown) => frame.width() * 0.3 + item.extent.width() * scale * 0.5,
            Some(Attachment::Hoisted) => item.extent.width() * scale * 0.42,
            Some(Attachment::Tethered) => frame.width() * 0.12,
            _ => 0.0,
        };
        let mut pose = place(x + aside * outward, foot.min(at.foot.y), scale);
        if held == Some(Attachment::Overhead) {
            // The canopy is behind the head, not before the face.
            pose.order = at.order - 0.002;
        }
        return pose;
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
    let fitted = attachment(
        item,
        [Attachment::Doorway, Attachment::Opening, Attachment::Roof],
    );
    if let (Some(fitted), true) = (
        fitted,
        parent.has(Trait::Building) && item.members.len() == 1,
    ) {
        return part_of_building(item, fitted, at, frame, place);
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
    fitted: Attachment,
    at: &Pose,
    frame: &Rect,
    place: impl Fn(f64, f64, f64) -> Pose,
) -> Pose {
    let to_height = |height: f64| height / item.extent.height().max(1e-6);
    if fitted == Attachment::Doorway {
        return place(
            frame.center().x,
            at.foot.y,
            to_height(frame.height() * 0.38),
        );
    }
    if fitted == Attachment::Opening {
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
