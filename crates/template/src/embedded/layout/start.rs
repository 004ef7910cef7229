//! Where the search for a layout begins: the scale, the first positions, and who waits for whom.

use super::item::{Item, Link};
use crate::embedded::backdrop::{Medium, Stage};
use crate::embedded::dice::Dice;
use crate::embedded::scene::RelationKind;
use chat2svg_vector::Habitat;

/// Pixels for a size of 1 at which the items would fill the stage well.
pub(super) fn start_scale(items: &[Item], links: &[Option<Link>], stage: &Stage) -> f64 {
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

pub(super) fn initial(
    items: &[Item],
    links: &[Option<Link>],
    dice: &mut Dice<'_>,
) -> Vec<(f64, f64)> {
    let free: Vec<usize> = (0..items.len())
        .filter(|&index| links[index].is_none())
        .collect();
    let mut state: Vec<(f64, f64)> = items
        .iter()
        .map(|_| (dice.range(0.0, 1.0), dice.range(0.0, 1.0)))
        .collect();
    let first_left = dice.chance(0.5);
    for (rank, &index) in free.iter().enumerate() {
        // The main subject near the middle, the others to its sides in turn; large ones farther
        // back.
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
pub(super) fn by_dependency(links: &[Option<Link>]) -> Vec<usize> {
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
