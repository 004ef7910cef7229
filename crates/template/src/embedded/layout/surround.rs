//! Groups arranged around another item, or to both sides of it.

use super::group;
use super::item::{Item, Link};
use crate::embedded::scene::RelationKind;
use chat2svg_vector::Habitat;

/// Items around another are arranged in a ring its size.
pub(super) fn surround(items: &mut [Item], links: &[Option<Link>], behind: &mut [usize]) {
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
