//! How good a layout is: broken relations, things hidden, things over the edge, balance.

use chat2svg_vector::Habitat;
use kurbo::Rect;

use super::item::{Item, Link, Pose};
use crate::embedded::backdrop::Stage;
use crate::embedded::scene::{Relation, RelationKind};

/// A wish that a layout does not fulfil.
#[derive(Clone, Debug, PartialEq)]
pub enum Violation {
    /// A relation does not hold.
    Relation(Relation),
    /// An object reaches over the edge of the canvas, by this share of its own size.
    OffCanvas {
        /// The object's index.
        object: usize,
        /// Share of its box outside.
        share: f64,
    },
    /// An object is covered by others that are not meant to cover it, by this share.
    Covered {
        /// The object's index.
        object: usize,
        /// Share of its box covered.
        share: f64,
    },
}

/// The share of an object's box that others may cover unasked.
const COVER_LIMIT: f64 = 0.34;
/// The share of the canvas, along one side, that the objects together should span.
const FULL: f64 = 0.66;
/// The share of an object's box that may lie outside.
const EDGE_LIMIT: f64 = 0.02;

/// Everything that a layout does not fulfil.
pub(crate) fn violations(
    items: &[Item],
    poses: &[Pose],
    links: &[Option<Link>],
    relations: &[Relation],
    stage: &Stage,
) -> Vec<Violation> {
    let boxes: Vec<Rect> = items
        .iter()
        .zip(poses)
        .map(|(item, pose)| item.bounds(pose))
        .collect();
    let mut found = Vec::new();
    for relation in relations {
        if !holds(relation, items, poses, &boxes, stage) {
            found.push(Violation::Relation(*relation));
        }
    }
    for (object, frame) in boxes.iter().enumerate() {
        let share = outside(frame, stage);
        if share > EDGE_LIMIT {
            found.push(Violation::OffCanvas { object, share });
        }
        let share = covered(object, items, poses, links, &boxes);
        if share > COVER_LIMIT {
            found.push(Violation::Covered { object, share });
        }
    }
    found
}

/// The cost of a layout, lower is better.
pub(crate) fn cost(
    items: &[Item],
    poses: &[Pose],
    links: &[Option<Link>],
    relations: &[Relation],
    stage: &Stage,
) -> f64 {
    let boxes: Vec<Rect> = items
        .iter()
        .zip(poses)
        .map(|(item, pose)| item.bounds(pose))
        .collect();
    let mut sum = 0.0;
    for relation in relations {
        if !holds(relation, items, poses, &boxes, stage) {
            sum += 6.0;
        }
    }
    let mut weight = 0.0;
    let mut moment = 0.0;
    for (object, frame) in boxes.iter().enumerate() {
        sum += 14.0 * outside(frame, stage);
        let share = covered(object, items, poses, links, &boxes);
        sum += 4.0 * share
            + if share > COVER_LIMIT * 0.8 {
                5.0 * share
            } else {
                0.0
            };
        let mass = frame.area().sqrt() * if object == 0 { 1.6 } else { 1.0 };
        weight += mass;
        moment += mass * frame.center().x;
    }
    if weight > 0.0 {
        let off = (moment / weight / stage.size.width - 0.5).abs();
        sum += 3.0 * off;
    }
    if let Some(frame) = boxes.iter().copied().reduce(|all, next| all.union(next)) {
        // What the picture is about fills it.
        let share = (frame.width() / stage.size.width).max(frame.height() / stage.size.height);
        sum += 2.0 * (FULL - share).max(0.0);
    }
    if let Some(main) = boxes.first() {
        // The main subject near the middle, not right at the rim.
        let off = (main.center().x / stage.size.width - 0.5).abs();
        sum += 1.2 * (off - 0.12).max(0.0);
    }
    sum
}

fn outside(frame: &Rect, stage: &Stage) -> f64 {
    let margin = stage.size.width.min(stage.size.height) * 0.015;
    let canvas = Rect::new(
        margin,
        margin,
        stage.size.width - margin,
        stage.size.height - margin,
    );
    let inside = frame.intersect(canvas).area().max(0.0);
    if frame.x1 < canvas.x0 || frame.x0 > canvas.x1 || frame.y1 < canvas.y0 || frame.y0 > canvas.y1
    {
        return 1.0;
    }
    1.0 - inside / frame.area().max(1e-6)
}

/// The share of an object's box that is covered by nearer boxes that are not meant to cover it.
fn covered(
    object: usize,
    items: &[Item],
    poses: &[Pose],
    links: &[Option<Link>],
    boxes: &[Rect],
) -> f64 {
    if items[object].habitat == Habitat::Terrain {
        return 0.0;
    }
    let own = boxes[object];
    let sum: f64 = (0..items.len())
        .filter(|&other| {
            other != object
                && poses[other].order > poses[object].order
                && !tied_together(object, other, links)
        })
        .map(|other| {
            // Boxes overstate what round and branching things cover.
            let solid = if items[other].habitat == Habitat::Terrain {
                0.3
            } else {
                0.8
            };
            let hidden: f64 = items[other]
                .member_bounds(&poses[other])
                .map(|part| overlap(&own, &part))
                .sum();
            hidden * solid
        })
        .sum();
    (sum / own.area().max(1e-6)).min(1.0)
}

fn overlap(a: &Rect, b: &Rect) -> f64 {
    let width = a.x1.min(b.x1) - a.x0.max(b.x0);
    let height = a.y1.min(b.y1) - a.y0.max(b.y0);
    if width > 0.0 && height > 0.0 {
        width * height
    } else {
        0.0
    }
}

/// Whether a relation that wants overlap ties the two.
fn tied_together(a: usize, b: usize, links: &[Option<Link>]) -> bool {
    let wants_overlap = |child: usize, parent: usize| {
        links[child].is_some_and(|link| {
            link.parent == parent
                && !matches!(
                    link.kind,
                    RelationKind::Beside
                        | RelationKind::LeftOf
                        | RelationKind::RightOf
                        | RelationKind::Above
                        | RelationKind::Below
                )
        })
    };
    wants_overlap(a, b) || wants_overlap(b, a)
}

/// Whether a relation holds, by the boxes.
pub(crate) fn holds(
    relation: &Relation,
    items: &[Item],
    poses: &[Pose],
    boxes: &[Rect],
    stage: &Stage,
) -> bool {
    let (s, r) = (relation.subject.0, relation.reference.0);
    let (Some(subject), Some(reference)) = (boxes.get(s), boxes.get(r)) else {
        return true;
    };
    if s == r {
        return true;
    }
    let slack = 0.012 * stage.size.width.min(stage.size.height);
    let (sc, rc) = (subject.center(), reference.center());
    let over = sc.x >= reference.x0 - slack && sc.x <= reference.x1 + slack
        || rc.x >= subject.x0 - slack && rc.x <= subject.x1 + slack;
    let near = {
        let gap = (subject.x0 - reference.x1).max(reference.x0 - subject.x1);
        gap < 0.3 * stage.size.width
    };
    match relation.kind {
        RelationKind::On => {
            over && subject.y1 > reference.y0 - slack
                && subject.y1 <= reference.y1 + slack
                && poses[s].order >= poses[r].order
        }
        RelationKind::Under => {
            if items[r].habitat == Habitat::Sky {
                reference.y1 <= subject.y0 + slack
            } else {
                over && sc.y > rc.y - slack
            }
        }
        RelationKind::Above
            if items[r].habitat == Habitat::Terrain && items[s].habitat != Habitat::Sky =>
        {
            over
        }
        RelationKind::Above => subject.y1 <= reference.y0 + slack,
        RelationKind::Below => subject.y0 >= reference.y1 - slack,
        RelationKind::Behind => near && poses[s].order < poses[r].order,
        RelationKind::InFrontOf => near && poses[s].order > poses[r].order,
        RelationKind::Inside if items[r].members.len() > 1 => near,
        RelationKind::Inside => {
            reference.inflate(slack, slack).contains(sc)
                || over && sc.y > reference.y0 - subject.height() * 0.5 && sc.y < reference.y1
        }
        RelationKind::Beside
            if items[s].habitat == Habitat::Wall || items[r].habitat == Habitat::Wall =>
        {
            near
        }
        RelationKind::Beside => {
            let gap = (subject.x0 - reference.x1).max(reference.x0 - subject.x1);
            gap > -slack * 2.0 && gap < 0.35 * stage.size.width
        }
        RelationKind::LeftOf => subject.x1 <= reference.x0 + slack * 2.0,
        RelationKind::RightOf => subject.x0 >= reference.x1 - slack * 2.0,
        RelationKind::Between => match relation
            .second_reference
            .and_then(|second| boxes.get(second.0))
        {
            Some(second) => {
                let (low, high) = (rc.x.min(second.center().x), rc.x.max(second.center().x));
                sc.x > low && sc.x < high
            }
            None => over || near,
        },
        RelationKind::Around => over || near,
        RelationKind::With => near,
    }
}
