//! The search for a good layout: annealing over free positions, at the largest scale that fits.

use super::Violation;
use super::cost::{cost, violations};
use super::finish::{bring_inside, fill_plain};
use super::item::{Item, Link, Pose};
use super::poses::pose_all;
use super::start::{by_dependency, initial, start_scale};
use super::surround::surround;
use crate::embedded::backdrop::{Medium, Stage};
use crate::embedded::dice::Dice;
use crate::embedded::scene::Relation;

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

/// Moves tried at every scale when there are few items.
const MOVES: usize = 260;
/// Fewest moves tried at every scale.
const LEAST_MOVES: usize = 36;
/// Comparisons of a box with a member's that one scale may cost: every move compares all pairs.
const COMPARISONS: usize = 40_000;

/// Finds poses for the items. `main` is how prominent the first item must be: the least share of
/// the canvas's shorter side for its longer side.
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
    let members: usize = items.iter().map(|item| item.members.len()).sum();
    let moves = effort(count, members);
    for attempt in 0..9 {
        let scale = start * 0.86f64.powi(attempt);
        let mut state: Vec<(f64, f64)> = initial(items, links, dice);
        let mut poses = pose_all(items, links, &order, &state, scale, stage);
        let mut value = cost(items, &poses, links, relations, stage);
        let (mut top_value, mut top) = (value, poses.clone());
        for step in 0..moves {
            if count == 0 {
                break;
            }
            let index = dice.below(count);
            let old = state[index];
            let heat = 1.0 - step as f64 / moves as f64;
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

/// Moves tried at every scale for this many items with this many members together.
fn effort(items: usize, members: usize) -> usize {
    (COMPARISONS / (items * members).max(1)).clamp(LEAST_MOVES, MOVES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effort_falls_as_the_pairs_grow() {
        assert_eq!(effort(0, 0), MOVES);
        assert_eq!(effort(3, 5), MOVES);
        assert_eq!(effort(20, 20), COMPARISONS / 400);
        assert_eq!(effort(32, 32 * 24), LEAST_MOVES);
    }
}
