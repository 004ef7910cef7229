//! The search for a good layout: annealing over free positions, at the largest scale that fits.

use kurbo::Point;

use super::Violation;
use super::cost::{cost, violations};
use super::group;
use super::item::{Item, Link, Pose};
use super::place::tied;
use super::sizes::Habitat;
use crate::embedded::backdrop::{Medium, Stage};
use crate::embedded::dice::Dice;
use crate::embedded::scene::{Relation, RelationKind};

/// A layout.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    /// A pose for every item.
    pub(crate) poses: Vec<Pose>,
    /// What it does not fulfil.
    pub(crate) violations: Vec<Violation>,
    /// How much it leaves to be desired.
    pub(crate) cost: f64,
    /// For every item how many of its members stand behind the item that they surround.
    pub(crate) behind: Vec<usize>,
}

/// Cost below which a scale is accepted.
const GOOD: f64 = 1.3;
/// Moves tried at every scale.
const MOVES: usize = 260;

/// Finds poses for the items. `main` is how prominent the first item must be: the least share of the
/// canvas's shorter side for its longer side.
pub(crate) fn solve(
    items: &mut [Item],
    links: &[Option<Link>],
    relations: &[Relation],
    stage: &Stage,
    dice: &mut Dice<'_>,
) -> Solution {
    let count = items.len();
    let order = by_dependency(links);
    let mut behind = vec![0; count];
    surround(items, links, &mut behind);
    let shorter = stage.size.width.min(stage.size.height);
    let mut best: Option<(f64, Vec<Pose>)> = None;
    let start = start_scale(items, links, stage);
    for attempt in 0..9 {
        let scale = start * 0.86f64.powi(attempt);
        let mut state: Vec<(f64, f64)> = initial(items, links, dice);
        let mut poses = pose_all(items, links, &order, &state, scale, stage);
        let mut value = cost(items, &poses, links, relations, stage);
        let (mut top_value, mut top) = (value, poses.clone());
        for step in 0..MOVES {
            if count == 0 {
                break;
            }
            let index = dice.below(count);
            let old = state[index];
            let heat = 1.0 - step as f64 / MOVES as f64;
            let reach = 0.08 + 0.5 * heat;
            state[index] = if dice.chance(0.15) {
                (dice.range(0.0, 1.0), dice.range(0.0, 1.0))
            } else {
                (
                    (old.0 + dice.range(-reach, reach)).clamp(0.0, 1.0),
                    (old.1 + dice.range(-reach, reach)).clamp(0.0, 1.0),
                )
            };
            let next = pose_all(items, links, &order, &state, scale, stage);
            let next_value = cost(items, &next, links, relations, stage);
            let accept = next_value <= value
                || dice.chance((-(next_value - value) / (0.05 + 0.5 * heat)).exp());
            if accept {
                (poses, value) = (next, next_value);
                if value < top_value {
                    (top_value, top) = (value, poses.clone());
                }
            } else {
                state[index] = old;
            }
        }
        // Small pictures are worse pictures: a smaller scale must earn its place.
        let total = top_value + 0.35 * f64::from(attempt);
        if best.as_ref().is_none_or(|(known, _)| total < *known) {
            best = Some((total, top));
        }
        if top_value < GOOD || scale * 0.2 < shorter * 0.01 {
            break;
        }
    }
    let mut poses = best.map(|(_, poses)| poses).unwrap_or_default();
    bring_inside(items, links, &mut poses, stage);
    if stage.medium == Medium::Plain {
        fill_plain(items, &mut poses, stage);
    }
    let cost = cost(items, &poses, links, relations, stage);
    let violations = violations(items, &poses, links, relations, stage);
    Solution {
        poses,
        cost,
        violations,
        behind,
    }
}

/// Pixels for a size of 1 at which the items would fill the stage well.
fn start_scale(items: &[Item], links: &[Option<Link>], stage: &Stage) -> f64 {
    let (width, height) = (stage.size.width, stage.size.height);
    let most_of = |measure: &dyn Fn(&Item) -> f64| items.iter().map(measure).fold(1e-6, f64::max);
    let tallest = most_of(&|item| item.extent.height() * item.size);
    let widest = most_of(&|item| item.extent.width() * item.size);
    let hovering = stage.medium == Medium::Weightless;
    let in_row = |index: usize, item: &Item| {
        let overlapping = links[index].is_some_and(|link| {
            !matches!(
                link.kind,
                RelationKind::Beside
                    | RelationKind::LeftOf
                    | RelationKind::RightOf
                    | RelationKind::Between
            )
        });
        !overlapping && (hovering || !matches!(item.habitat, Habitat::Sky | Habitat::Wall))
    };
    let standing = || {
        items
            .iter()
            .enumerate()
            .filter(|(index, item)| in_row(*index, item))
            .map(|(_, item)| item)
    };
    let row = standing()
        .map(|item| item.extent.width() * item.size)
        .sum::<f64>()
        .max(1e-6);
    let area = standing()
        .map(|item| item.extent.area() * item.size * item.size)
        .sum::<f64>()
        .max(1e-6);
    let most = match stage.medium {
        Medium::Plain | Medium::Weightless => 0.72,
        _ if items.len() == 1 => 0.5,
        _ => 0.68,
    };
    let spread = if hovering {
        f64::INFINITY
    } else {
        width * 1.15 / row
    };
    (height * most / tallest)
        .min(width * 0.86 / widest)
        .min(spread)
        .min((width * height * 0.42 / area).sqrt())
}

fn initial(items: &[Item], links: &[Option<Link>], dice: &mut Dice<'_>) -> Vec<(f64, f64)> {
    let free: Vec<usize> = (0..items.len())
        .filter(|&index| links[index].is_none())
        .collect();
    let mut state: Vec<(f64, f64)> = items
        .iter()
        .map(|_| (dice.range(0.0, 1.0), dice.range(0.0, 1.0)))
        .collect();
    let first_left = dice.chance(0.5);
    for (rank, &index) in free.iter().enumerate() {
        // The main subject near the middle, the others to its sides in turn; large ones farther back.
        let side = if (rank % 2 == 1) == first_left {
            -1.0
        } else {
            1.0
        };
        let step = rank.div_ceil(2) as f64;
        let spread = 0.36 / (free.len() as f64 / 2.0).max(1.0);
        let x = 0.5 + side * step * spread + dice.range(-0.04, 0.04);
        let near = if items[index].size > 1.8 { 0.2 } else { 0.7 };
        state[index] = (
            x.clamp(0.0, 1.0),
            (near + dice.range(-0.15, 0.15)).clamp(0.0, 1.0),
        );
    }
    state
}

/// Items so ordered that every parent comes before what is tied to it.
fn by_dependency(links: &[Option<Link>]) -> Vec<usize> {
    let depth = |index: usize| {
        let (mut at, mut depth) = (index, 0);
        while let Some(link) = links[at] {
            at = link.parent;
            depth += 1;
            if depth > links.len() {
                break;
            }
        }
        depth
    };
    let mut order: Vec<usize> = (0..links.len()).collect();
    order.sort_by_key(|&index| depth(index));
    order
}

/// Items around another are arranged in a ring its size.
fn surround(items: &mut [Item], links: &[Option<Link>], behind: &mut [usize]) {
    for index in 0..items.len() {
        let Some(Link { parent, kind }) = links[index] else {
            continue;
        };
        let count = items[index].members.len();
        if count < 2 || !matches!(kind, RelationKind::Around | RelationKind::Between) {
            continue;
        }
        if kind == RelationKind::Between {
            flank(items, index, parent);
            continue;
        }
        let (width, height) = (
            items[parent].extent.width() * items[parent].size,
            items[parent].extent.height() * items[parent].size,
        );
        let size = items[index].size.max(1e-6);
        let own = items[index].extent.width() / count as f64;
        let flying = matches!(items[index].habitat, Habitat::Sky | Habitat::Water);
        let drop = if flying { height * 0.55 } else { width * 0.16 };
        let (mut members, back) = group::ring(count, width / size + own * 1.3, drop / size);
        if flying {
            for member in &mut members {
                member.y -= height * 0.4 / size;
            }
        }
        let shapes = items[index]
            .drawings
            .iter()
            .map(shape_of)
            .collect::<Vec<_>>();
        items[index].extent = group::extent(&members, &shapes);
        items[index].members = members;
        behind[index] = if flying { 0 } else { back };
    }
}

/// The members of a group stand to both sides of another item.
fn flank(items: &mut [Item], index: usize, parent: usize) {
    let room = items[parent].extent.width() * items[parent].size / items[index].size.max(1e-6);
    let shapes: Vec<(f64, f64)> = items[index].drawings.iter().map(shape_of).collect();
    let count = shapes.len();
    let mut reach = [room / 2.0 + 0.06; 2];
    for (place, (width, _)) in shapes.iter().enumerate() {
        let side = usize::from(place >= count / 2);
        let member = &mut items[index].members[place];
        let x = reach[side] + width * member.scale / 2.0;
        reach[side] = x + width * member.scale / 2.0 + 0.04;
        member.x = if side == 0 { -x } else { x };
        member.y = 0.0;
    }
    items[index].extent = group::extent(&items[index].members, &shapes);
}

/// A drawing's width and height when its longer side is 1.
pub(crate) fn shape_of(drawing: &crate::embedded::art::Drawing) -> (f64, f64) {
    let bounds = drawing.bounds;
    let unit = bounds.width().max(bounds.height()).max(1e-6);
    (bounds.width() / unit, bounds.height() / unit)
}

fn pose_all(
    items: &[Item],
    links: &[Option<Link>],
    order: &[usize],
    state: &[(f64, f64)],
    scale: f64,
    stage: &Stage,
) -> Vec<Pose> {
    let mut poses = vec![
        Pose {
            foot: Point::ZERO,
            scale: 1.0,
            order: 0.0
        };
        items.len()
    ];
    let mut near = vec![1.0; items.len()];
    for &index in order {
        let item = &items[index];
        // No two things are painted at the same depth, so that which covers which is certain.
        let apart = index as f64 * 1e-5;
        poses[index] = match links[index] {
            Some(link) => {
                near[index] = near[link.parent];
                let own = scale * item.size * near[index];
                let mut pose = tied(
                    item,
                    link.kind,
                    &items[link.parent],
                    &poses[link.parent],
                    own,
                    state[index],
                    stage,
                );
                pose.order += apart;
                if item.habitat == Habitat::Sky && link.kind == RelationKind::Above {
                    pose.order = pose.order.min(-1.0 + index as f64 * 1e-3);
                }
                pose
            }
            None => {
                let (pose, depth) = free(item, state[index], scale, stage, index);
                near[index] = depth;
                pose
            }
        };
    }
    poses
}

/// Where a free item stands; the second value is the scale that its depth gives.
fn free(item: &Item, (u, v): (f64, f64), scale: f64, stage: &Stage, index: usize) -> (Pose, f64) {
    let (width, height) = (stage.size.width, stage.size.height);
    let margin = 0.03 * width.min(height);
    let lerp = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let tie_break = index as f64 * 1e-6;
    let at = |y: f64, near: f64, order: f64| {
        let scale = scale * item.size * near;
        let low = margin - item.extent.x0 * scale;
        let high = width - margin - item.extent.x1 * scale;
        let x = if low < high {
            lerp(low, high, u)
        } else {
            (low + high) / 2.0
        };
        (
            Pose {
                foot: Point::new(x, y),
                scale,
                order: order + tie_break,
            },
            near,
        )
    };
    let hover = |top: f64, bottom: f64, near: f64, order: f64| {
        let tall = item.extent.height() * scale * item.size * near;
        let drop = item.extent.y1 * scale * item.size * near;
        let (high, low) = (top + tall, bottom.max(top + tall));
        at(lerp(high, low, v) - drop, near, order)
    };
    match (stage.medium, item.habitat) {
        (Medium::Weightless, Habitat::Ground | Habitat::Terrain | Habitat::Wall)
            if stage.water.is_some() =>
        {
            at(lerp(stage.ground_top, stage.ground_bottom, v), 1.0, 1.0 + v)
        }
        (Medium::Weightless, _) => {
            let bottom = stage.water.map_or(height - margin, |band| band.bottom);
            let top = stage.water.map_or(margin, |band| band.top);
            hover(top, bottom, 1.0, 0.5)
        }
        (_, Habitat::Sky) => hover(margin, stage.sky_bottom, 0.8, -1.0),
        (Medium::Plain, Habitat::Terrain) => at(stage.ground_bottom, 1.0, 0.1),
        (Medium::Plain, _) => at(lerp(stage.ground_top, stage.ground_bottom, v), 1.0, 1.0 + v),
        (_, Habitat::Wall) => hover(height * 0.1, stage.ground_top * 0.72, 0.8, -0.5),
        (Medium::Water, _) => {
            let band = stage
                .water
                .map_or((stage.ground_top, stage.ground_bottom), |band| {
                    (band.top, band.bottom)
                });
            let sunk = if item.habitat == Habitat::Water {
                0.2
            } else {
                0.05
            };
            let near = lerp(0.7, 1.0, v);
            let (pose, near) = at(lerp(band.0, band.1, v), near, 1.0 + v);
            let foot = Point::new(pose.foot.x, pose.foot.y.min(height * 0.93) + sunk * 0.0);
            (Pose { foot, ..pose }, near)
        }
        (_, Habitat::Water | Habitat::Afloat) if stage.water.is_some() => {
            let band = stage
                .water
                .map_or((stage.ground_top, stage.ground_bottom), |band| {
                    (band.top, band.bottom)
                });
            at(
                lerp(band.0 + (band.1 - band.0) * 0.4, band.1, v),
                lerp(0.6, 0.8, v),
                0.2 + 0.3 * v,
            )
        }
        (_, Habitat::Terrain) => {
            let flat = item.extent.height() < 0.75 * item.extent.width()
                && !item.name.contains("hill")
                && !item.name.contains("mountain");
            if flat {
                // Ways and waters lie on the ground: their lower edge is near the viewer.
                at(
                    lerp(
                        lerp(stage.ground_top, stage.ground_bottom, 0.6),
                        height * 0.985,
                        v,
                    ),
                    1.0,
                    0.1,
                )
            } else {
                // Far land rises at the horizon, behind whatever lies before it.
                let near = if stage.water.is_some() {
                    stage.horizon
                } else {
                    stage.ground_top
                };
                at(
                    lerp(stage.horizon + 0.015 * height, near + 0.02 * height, v),
                    0.85,
                    -0.2 + 0.1 * v,
                )
            }
        }
        _ => at(
            lerp(stage.ground_top, stage.ground_bottom, v),
            lerp(0.82, 1.0, v),
            1.0 + v,
        ),
    }
}

/// On a plain ground nothing else gives the picture its size: what is drawn fills it.
fn fill_plain(items: &[Item], poses: &mut [Pose], stage: &Stage) {
    let boxes = items
        .iter()
        .zip(poses.iter())
        .map(|(item, pose)| item.bounds(pose));
    let Some(frame) = boxes.reduce(|all, next| all.union(next)) else {
        return;
    };
    let (width, height) = (stage.size.width, stage.size.height);
    let grow = (width * 0.8 / frame.width().max(1e-6))
        .min(height * 0.74 / frame.height().max(1e-6))
        .clamp(0.5, 4.0);
    let signs = items.iter().all(Item::is_symbol);
    // Signs hang in the middle; things stand a little below it.
    let bottom = if signs {
        (height + frame.height() * grow) / 2.0
    } else {
        (height * 0.5 + frame.height() * grow * 0.5 + height * 0.05)
            .clamp(stage.ground_top, height * 0.94)
    };
    for pose in poses {
        pose.foot = Point::new(
            width / 2.0 + (pose.foot.x - frame.center().x) * grow,
            bottom + (pose.foot.y - frame.y1) * grow,
        );
        pose.scale *= grow;
    }
}

/// Moves clusters that reach over the edge back inside as far as they fit, and shrinks what is too
/// large for the canvas.
fn bring_inside(items: &[Item], links: &[Option<Link>], poses: &mut [Pose], stage: &Stage) {
    let margin = 0.02 * stage.size.width.min(stage.size.height);
    let root = |index: usize| {
        let (mut at, mut steps) = (index, 0);
        while let Some(link) = links[at] {
            at = link.parent;
            steps += 1;
            if steps > links.len() {
                break;
            }
        }
        at
    };
    for (leader, link) in links.iter().enumerate() {
        if link.is_some() {
            continue;
        }
        let cluster: Vec<usize> = (0..items.len())
            .filter(|&index| root(index) == leader)
            .collect();
        let Some(frame) = cluster
            .iter()
            .map(|&index| items[index].bounds(&poses[index]))
            .reduce(|all, next| all.union(next))
        else {
            continue;
        };
        let room = (
            stage.size.width - 2.0 * margin,
            stage.size.height - 2.0 * margin,
        );
        let shrink = (room.0 / frame.width().max(1e-6))
            .min(room.1 / frame.height().max(1e-6))
            .min(1.0);
        let pivot = Point::new(frame.center().x, frame.y1);
        let shrunk = kurbo::Rect::new(
            pivot.x - frame.width() * shrink / 2.0,
            pivot.y - frame.height() * shrink,
            pivot.x + frame.width() * shrink / 2.0,
            pivot.y,
        );
        let push = |low: f64, high: f64, side: f64| -> f64 {
            if low < margin {
                margin - low
            } else if high > side - margin {
                side - margin - high
            } else {
                0.0
            }
        };
        let (dx, dy) = (
            push(shrunk.x0, shrunk.x1, stage.size.width),
            push(shrunk.y0, shrunk.y1, stage.size.height),
        );
        for index in cluster {
            let pose = &mut poses[index];
            pose.foot = Point::new(
                pivot.x + (pose.foot.x - pivot.x) * shrink + dx,
                pivot.y + (pose.foot.y - pivot.y) * shrink + dy,
            );
            pose.scale *= shrink;
        }
    }
}
