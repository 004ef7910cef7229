//! Computes the poses of all items from the free positions that the search varies.

use chat2svg_vector::Habitat;
use kurbo::Point;

use super::item::{Item, Link, Pose};
use super::place::tied;
use crate::embedded::backdrop::{Medium, Stage};
use crate::embedded::scene::RelationKind;
use crate::embedded::things::Trait;

pub(super) fn pose_all(
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
pub(super) fn free(
    item: &Item,
    (u, v): (f64, f64),
    scale: f64,
    stage: &Stage,
    index: usize,
) -> (Pose, f64) {
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
            let flat = item.extent.height() < 0.75 * item.extent.width() && !item.has(Trait::Rises);
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
        _ => {
            // Who stands right at the horizon seems to float above it.
            let v = if item.animate { lerp(0.4, 1.0, v) } else { v };
            at(
                lerp(stage.ground_top, stage.ground_bottom, v),
                lerp(0.82, 1.0, v),
                1.0 + v,
            )
        }
    }
}
