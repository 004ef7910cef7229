//! Placing an item against another: what each relation means in boxes.

use chat2svg_vector::Habitat;
use kurbo::{Point, Rect};

use super::anchor::{hollow, shelter, surface};
use super::attachment::with;
use super::item::{Item, Pose};
use crate::embedded::backdrop::{Medium, Stage};
use crate::embedded::scene::RelationKind;
use crate::embedded::things::Trait;

/// The least width of a thing against that of the land that it stands on.
const LEAST_ON_LAND: f64 = 0.13;

/// Where a tied item comes to stand. `u` and `v` in `0.0..=1.0` choose among the places that fulfil
/// the relation; `scale` is the item's own scale at its parent's depth.
pub(crate) fn tied(
    item: &Item,
    kind: RelationKind,
    parent: &Item,
    at: &Pose,
    scale: f64,
    (u, v): (f64, f64),
    stage: &Stage,
) -> Pose {
    let frame = parent.bounds(at);
    let size = |scale: f64| (item.extent.width() * scale, item.extent.height() * scale);
    let (width, height) = size(scale);
    let gap = 0.02 * stage.size.width.min(stage.size.height);
    let step = 0.012 * stage.size.height;
    let pose = |x: f64, y: f64, scale: f64, order: f64| Pose {
        foot: Point::new(x, y),
        scale,
        order,
    };
    // The foot's middle from the box's middle: groups may be lopsided.
    let shift = |scale: f64| (item.extent.x0 + item.extent.x1) / 2.0 * scale;
    let lerp = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let grounded =
        !matches!(item.habitat, Habitat::Sky | Habitat::Water) || stage.medium == Medium::Plain;
    match kind {
        RelationKind::On => {
            let (left, right, y) = surface(parent, at);
            let span = (right - left).max(1.0);
            let terrain = parent.habitat == Habitat::Terrain;
            // Side by side with its carrier a thing's true proportion shows: compress less.
            let truth = (item.metres / parent.metres.max(1e-6))
                .clamp(0.05, 1.0)
                .powf(0.16);
            let wanted = scale * if terrain { 1.0 } else { truth };
            let (width, height) = size(wanted);
            let most = if terrain { span * 0.7 } else { span * 1.15 };
            let fit = (most / width.max(1e-6)).min(1.0);
            let reach = frame
                .height()
                .max(frame.width() * 0.7)
                .max(stage.size.height * 0.2);
            let tall = (reach * 1.15 / height.max(1e-6)).min(1.0);
            // However large the land is, what stands on it is what the picture is about.
            let least = frame.width() * LEAST_ON_LAND / item.extent.width().max(1e-6);
            let scale = if terrain && item.has(Trait::Spans) {
                // A bridge reaches from bank to bank.
                span * 1.9 / item.extent.width().max(1e-6)
            } else {
                if terrain {
                    (wanted * fit).max(least)
                } else {
                    wanted * fit.min(tall)
                }
            };
            let room = ((span - item.extent.width() * scale) / 2.0).max(0.0);
            let x = (left + right) / 2.0 + lerp(-room, room, u);
            pose(x - shift(scale), y, scale, at.order + 0.002)
        }
        RelationKind::Under if parent.habitat == Habitat::Afloat => pose(
            // What is under a boat is in the water below its keel.
            frame.center().x + (u - 0.5) * frame.width() * 0.6 - shift(scale),
            frame.y1 + gap + height,
            scale,
            at.order + 0.002,
        ),
        RelationKind::Under => {
            let roof = shelter(parent, at);
            let below = (at.foot.y + step - roof.2).max(4.0);
            // A table top is a lid; before a tree's crown a head may be seen.
            let crown = parent.habitat == Habitat::Ground
                && parent
                    .anchors()
                    .is_some_and(|anchors| anchors.support.is_none());
            let reach = if crown { 1.3 } else { 0.96 };
            let fit = (below * reach / height.max(1e-6)).min(1.0);
            let span = (roof.1 - roof.0) * 0.92;
            let scale = scale * fit.min((span / width.max(1e-6)).min(1.0));
            // Part of it may look out from below the rim of the roof.
            let own = item.extent.width() * scale;
            let room = ((span - own * 0.6) / 2.0).max(if crown { own * 0.5 } else { 0.0 });
            // Off the middle, where the trunk is.
            let side = if u < 0.5 {
                -lerp(1.0, 0.55, u * 2.0)
            } else {
                lerp(0.55, 1.0, u * 2.0 - 1.0)
            };
            let x = (roof.0 + roof.1) / 2.0 + room * side * 0.9;
            pose(x - shift(scale), at.foot.y + step, scale, at.order + 0.002)
        }
        RelationKind::Above => {
            let highest = gap + height;
            let lowest = frame.y0 - gap;
            let reach = if item.habitat == Habitat::Sky {
                lerp(lowest, highest.min(lowest), 0.25 + 0.75 * v)
            } else {
                lowest - gap * v
            };
            let scale = if lowest < highest {
                scale * (((lowest - gap) / height.max(1e-6)).clamp(0.35, 1.0))
            } else {
                scale
            };
            let x = frame.center().x + (u - 0.5) * frame.width() * 0.6;
            pose(x - shift(scale), reach.min(lowest), scale, at.order + 0.002)
        }
        RelationKind::Below | RelationKind::Around => {
            if kind == RelationKind::Below {
                return pose(
                    frame.center().x + (u - 0.5) * frame.width() * 0.6 - shift(scale),
                    frame.y1 + gap + height,
                    scale,
                    at.order + 0.002,
                );
            }
            // Members were already arranged in a ring the size of the parent; its middle is the
            // foot.
            let scale = if item.members.len() > 1 {
                scale
            } else {
                (frame.width() * 1.25 / item.extent.width().max(1e-6)).min(scale.max(1e-6) * 2.5)
            };
            let y = if item.members.len() > 1 {
                at.foot.y - step
            } else {
                at.foot.y + step
            };
            pose(frame.center().x - shift(scale), y, scale, at.order + 0.003)
        }
        RelationKind::Behind if item.habitat == Habitat::Sky && parent.habitat != Habitat::Sky => {
            // A moon behind a cat: large, and looking out above it.
            let scale =
                scale.max(frame.width().max(frame.height()) * 1.15 / item.extent.width().max(1e-6));
            let height = item.extent.height() * scale;
            let y = frame.y0 + height * 0.48;
            pose(
                frame.center().x + (u - 0.5) * frame.width() * 0.3 - shift(scale),
                y,
                scale,
                (at.order - 0.002).min(-0.9),
            )
        }
        RelationKind::Behind => {
            let back = step * lerp(2.0, 5.0, v);
            let side = if u < 0.5 { -1.0 } else { 1.0 };
            let amount = (u * 2.0 - 1.0).abs();
            // Taller things look out above; others look out at the side, by about half.
            let across = if height > frame.height() * 1.35 {
                frame.width() * 0.3 * amount
            } else {
                frame.width() / 2.0 + width * lerp(-0.1, 0.15, amount)
            };
            let y = if grounded {
                at.foot.y - back
            } else {
                at.foot.y - back.min(height * 0.2)
            };
            pose(
                frame.center().x + side * across - shift(scale),
                y,
                scale,
                at.order - 0.002,
            )
        }
        RelationKind::InFrontOf => {
            let fore = step * lerp(1.5, 4.0, v);
            let side = side_offset(
                u,
                frame.width(),
                width,
                if height < frame.height() * 0.6 {
                    0.3
                } else {
                    0.62
                },
            );
            let y = (at.foot.y + fore).min(stage.size.height * 0.97);
            pose(
                frame.center().x + side - shift(scale),
                y,
                scale,
                at.order + 0.004,
            )
        }
        RelationKind::Inside => {
            let (inside, rim, open) = hollow(parent, at);
            let sprouting = open && item.has(Trait::Sprouts);
            let spread = if sprouting { 2.3 } else { 0.96 };
            let fit_width = (inside.width() * spread / width.max(1e-6)).min(1.0);
            let most = if open {
                inside.height() * 1.15
            } else {
                inside.height() * 0.94
            };
            let fit = fit_width.min(most / height.max(1e-6));
            // Small contents are enlarged: what is inside is meant to be seen.
            let wanted = (inside.width() * 0.6 / width.max(1e-6))
                .min(most / height.max(1e-6))
                .min(2.0);
            let scale = scale * if fit < 1.0 { fit } else { wanted.max(1.0) };
            let y = if open {
                // Most of it looks out of the opening.
                let hidden = if item.animate { 0.4 } else { 0.24 };
                inside.y1.min(rim + item.extent.height() * scale * hidden)
            } else {
                inside.center().y + item.extent.height() * scale / 2.0
            };
            pose(inside.center().x - shift(scale), y, scale, at.order + 0.001)
        }
        RelationKind::Beside => {
            let side = if u < 0.5 { -1.0 } else { 1.0 };
            aside(
                item,
                &frame,
                at,
                scale,
                side,
                gap * lerp(0.5, 2.0, v),
                step * (v - 0.5) * 2.0,
            )
        }
        RelationKind::LeftOf => aside(
            item,
            &frame,
            at,
            scale,
            -1.0,
            gap * lerp(0.5, 2.5, u),
            step * (v - 0.5) * 2.0,
        ),
        RelationKind::RightOf => aside(
            item,
            &frame,
            at,
            scale,
            1.0,
            gap * lerp(0.5, 2.5, u),
            step * (v - 0.5) * 2.0,
        ),
        RelationKind::Between => {
            // Its members flank the parent, a little farther back.
            pose(
                frame.center().x - shift(scale),
                at.foot.y - step,
                scale,
                at.order - 0.002,
            )
        }
        RelationKind::With => with(item, parent, at, &frame, scale, (u, v), gap),
    }
}

/// To the side of a box: `side` is -1 (left) or 1.
pub(crate) fn aside(
    item: &Item,
    frame: &Rect,
    at: &Pose,
    scale: f64,
    side: f64,
    gap: f64,
    lift: f64,
) -> Pose {
    let half = item.extent.width() * scale / 2.0;
    let shift = (item.extent.x0 + item.extent.x1) / 2.0 * scale;
    let x = if side < 0.0 {
        frame.x0 - gap - half
    } else {
        frame.x1 + gap + half
    };
    let y = match item.habitat {
        Habitat::Sky | Habitat::Water => {
            frame.center().y + item.extent.height() * scale / 2.0 + lift
        }
        _ => at.foot.y + lift,
    };
    Pose {
        foot: Point::new(x - shift, y),
        scale,
        order: at.order + lift.signum() * 0.001,
    }
}

/// A sideways step that leaves at least part of the farther thing in sight.
fn side_offset(u: f64, reference: f64, own: f64, reach: f64) -> f64 {
    let most = (reference + own) / 2.0 * reach;
    let side = if u < 0.5 { -1.0 } else { 1.0 };
    let amount = if u < 0.5 {
        1.0 - u * 2.0
    } else {
        u * 2.0 - 1.0
    };
    side * most * (0.55 + 0.45 * amount)
}
