//! Which relation ties which item to which.

use super::item::{Item, Link};
use crate::embedded::scene::{Relation, RelationKind};
use crate::embedded::things::Attachment;
use chat2svg_vector::Habitat;

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
    item.is_some_and(|item| {
        item.is_attached(Attachment::Tethered) || item.is_attached(Attachment::Flown)
    })
}
