//! Placing an item against another: what each relation means in boxes, and which relation ties which
//! item to which.

use kurbo::{Point, Rect};

use super::item::{Item, Link, Pose};
use super::sizes::Habitat;
use crate::embedded::backdrop::{Medium, Stage};
use crate::embedded::scene::{Relation, RelationKind};

/// For every item the tie that places it, if any: the first relation that does not close a cycle.
/// Relations that say "the sky thing is over the ground thing" tie the sky thing, whichever way the
/// words put it.
pub(crate) fn links(items: &[Item], relations: &[Relation]) -> Vec<Option<Link>> {
    let mut links: Vec<Option<Link>> = vec![None; items.len()];
    let tie =
        |links: &mut Vec<Option<Link>>, child: usize, parent: usize, kind: RelationKind| -> bool {
            if child >= items.len()
                || parent >= items.len()
                || links[child].is_some()
                || child == parent
            {
                return false;
            }
            let mut at = Some(parent);
            let mut steps = 0;
            while let Some(index) = at {
                if index == child || steps > items.len() {
                    return false;
                }
                at = links[index].map(|link| link.parent);
                steps += 1;
            }
            links[child] = Some(Link { parent, kind });
            true
        };
    for relation in relations {
        let (subject, reference) = (relation.subject.0, relation.reference.0);
        let is = |index: usize, habitat: Habitat| {
            items.get(index).is_some_and(|item| item.habitat == habitat)
        };
        let high = |index: usize| {
            items
                .get(index)
                .is_some_and(|item| item.habitat == Habitat::Sky)
        };
        match relation.kind {
            RelationKind::Under | RelationKind::Below if high(reference) && !high(subject) => {
                tie(&mut links, reference, subject, RelationKind::Above);
            }
            // Nothing of the ground hovers over a way or a water: it is on it.
            RelationKind::Above if is(reference, Habitat::Terrain) && !high(subject) => {
                tie(&mut links, subject, reference, RelationKind::On);
            }
            // "a mill in a field of tulips": what is among many stands behind the first of them.
            RelationKind::Inside
                if items
                    .get(reference)
                    .is_some_and(|item| item.members.len() > 1) =>
            {
                tie(&mut links, subject, reference, RelationKind::Behind);
            }
            // What hangs on the wall stays there, whatever stands beside it.
            RelationKind::Beside if is(reference, Habitat::Wall) || is(subject, Habitat::Wall) => {}
            RelationKind::InFrontOf if high(reference) && !high(subject) => {
                tie(&mut links, reference, subject, RelationKind::Behind);
            }
            // The holder is the subject: what it holds or wears is placed against it.
            RelationKind::With
                if !high(reference)
                    || held_aloft(items.get(reference))
                        && items.get(subject).is_some_and(|item| item.animate) =>
            {
                tie(&mut links, reference, subject, RelationKind::With);
            }
            RelationKind::With => {}
            RelationKind::Below => {
                tie(&mut links, reference, subject, RelationKind::Above);
            }
            RelationKind::Between => {
                if let Some(second) = relation.second_reference {
                    // Left neighbour, subject, right neighbour: a chain.
                    tie(&mut links, reference, subject, RelationKind::LeftOf);
                    tie(&mut links, second.0, subject, RelationKind::RightOf);
                } else if items
                    .get(reference)
                    .is_some_and(|item| item.members.len() > 1)
                {
                    // The members of the group flank the subject.
                    tie(&mut links, reference, subject, RelationKind::Between);
                } else {
                    tie(&mut links, subject, reference, RelationKind::Beside);
                }
            }
            kind => {
                if !tie(&mut links, subject, reference, kind) {
                    // Already placed: let the reference follow instead, where the mirror exists.
                    let mirrored = match kind {
                        RelationKind::LeftOf => Some(RelationKind::RightOf),
                        RelationKind::RightOf => Some(RelationKind::LeftOf),
                        RelationKind::Beside => Some(RelationKind::Beside),
                        RelationKind::Behind => Some(RelationKind::InFrontOf),
                        RelationKind::InFrontOf => Some(RelationKind::Behind),
                        _ => None,
                    };
                    if let Some(mirrored) = mirrored {
                        tie(&mut links, reference, subject, mirrored);
                    }
                }
            }
        }
    }
    links
}

/// Whether a thing of the air is one that people hold by a string.
fn held_aloft(item: Option<&Item>) -> bool {
    item.is_some_and(|item| item.is_called(&["balloon", "kite"]))
}

/// What is worn, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worn {
    /// On top of the head.
    Hat,
    /// Over the eyes.
    Glasses,
    /// Around the neck.
    Scarf,
}

/// How a thing of this name is worn, if it is.
pub(crate) fn worn(name: &str) -> Option<Worn> {
    let has = |words: &[&str]| {
        name.split(|letter: char| !letter.is_alphanumeric())
            .any(|word| words.contains(&word))
    };
    if has(&["hat", "cap", "crown", "helmet", "beret", "tophat"]) {
        Some(Worn::Hat)
    } else if has(&["glasses", "sunglasses", "goggles"]) {
        Some(Worn::Glasses)
    } else if has(&["scarf", "tie", "necktie", "necklace", "bowtie", "ribbon"]) {
        Some(Worn::Scarf)
    } else {
        None
    }
}

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
            let scale = if terrain && item.is_called(&["bridge"]) {
                // A bridge reaches from bank to bank.
                span * 1.9 / item.extent.width().max(1e-6)
            } else {
                wanted * if terrain { fit } else { fit.min(tall) }
            };
            let room = ((span - item.extent.width() * scale) / 2.0).max(0.0);
            let x = (left + right) / 2.0 + lerp(-room, room, u);
            pose(x - shift(scale), y, scale, at.order + 0.002)
        }
        RelationKind::Under => {
            let roof = shelter(parent, at);
            let below = (at.foot.y + step - roof.2).max(4.0);
            let fit = (below * 0.96 / height.max(1e-6)).min(1.0);
            let span = (roof.1 - roof.0) * 0.92;
            let scale = scale * fit.min((span / width.max(1e-6)).min(1.0));
            // Part of it may look out from below the rim of the roof.
            let room = ((span - item.extent.width() * scale * 0.6) / 2.0).max(0.0);
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
            // Members were already arranged in a ring the size of the parent; its middle is the foot.
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
            let sprouting = open && item.is_called(SPROUTING);
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

fn aside(item: &Item, frame: &Rect, at: &Pose, scale: f64, side: f64, gap: f64, lift: f64) -> Pose {
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

/// What stands in vessels and spreads above them.
const SPROUTING: &[&str] = &[
    "flower",
    "sunflower",
    "tulip",
    "rose",
    "daisy",
    "bouquet",
    "plant",
    "blossom",
    "cherry blossom",
    "hibiscus",
];

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

fn with(
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
    if let (Some(worn), true) = (worn(&item.name), item.members.len() == 1) {
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
        let foot = if lifted {
            y + item.extent.height() * scale * 0.06
        } else {
            y + item.extent.height() * scale * 0.42
        };
        let aside = if item.is_called(&["balloon", "kite"]) {
            frame.width() * 0.12
        } else {
            0.0
        };
        let mut held = place(x + aside, foot.min(at.foot.y), scale);
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
    if parent.is_called(BUILDINGS)
        && item.is_called(&["door", "window", "flag", "chimney"])
        && item.members.len() == 1
    {
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

const BUILDINGS: &[&str] = &[
    "house", "cottage", "barn", "castle", "church", "hut", "tower", "building", "cabin", "home",
];

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

/// A surface of the item that carries things: left, right, height on the canvas.
fn surface(parent: &Item, at: &Pose) -> (f64, f64, f64) {
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
    } else if parent.is_called(&["boat", "ship", "canoe", "sailboat", "yacht", "ferry"]) {
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
fn shelter(parent: &Item, at: &Pose) -> (f64, f64, f64) {
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
fn hollow(parent: &Item, at: &Pose) -> (Rect, f64, bool) {
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

fn head(parent: &Item, at: &Pose, frame: &Rect) -> (f64, f64, f64) {
    if let Some(span) = parent.anchors().and_then(|anchors| anchors.head) {
        let map = parent.member_transform(0, at);
        let (a, b) = (
            map * Point::new(span.left, span.y),
            map * Point::new(span.right, span.y),
        );
        return (a.x.min(b.x), a.x.max(b.x), a.y);
    }
    let wide = frame.width() * 0.36;
    // Animals of the collection that stand in profile look to the left.
    let middle = frame.x0 + frame.width() * if parent.animate { 0.34 } else { 0.5 };
    (
        middle - wide / 2.0,
        middle + wide / 2.0,
        frame.y0 + frame.height() * 0.04,
    )
}

fn hand(parent: &Item, at: &Pose, frame: &Rect) -> (f64, f64) {
    if let Some(point) = parent.anchors().and_then(|anchors| anchors.hand) {
        let point = parent.member_transform(0, at) * point;
        return (point.x, point.y);
    }
    (
        frame.x1 - frame.width() * 0.06,
        frame.y0 + frame.height() * 0.66,
    )
}
