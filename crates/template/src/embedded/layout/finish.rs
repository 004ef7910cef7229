//! The last adjustments of a found layout: nothing over the edge, and plain grounds well filled.

use kurbo::Point;

use super::item::{Item, Link, Pose};
use crate::embedded::backdrop::Stage;
use crate::embedded::things::Trait;

/// On a plain ground nothing else gives the picture its size: what is drawn fills it.
pub(super) fn fill_plain(items: &[Item], poses: &mut [Pose], stage: &Stage) {
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
    let signs = items.iter().all(|item| item.has(Trait::Symbol));
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
pub(super) fn bring_inside(
    items: &[Item],
    links: &[Option<Link>],
    poses: &mut [Pose],
    stage: &Stage,
) {
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
