//! The numbers of basic outlines, improved by what the picture shows: samples of a traced outline
//! leave a few hundredths of a pixel open.

use std::collections::BTreeMap;

use super::{
    Chosen,
    candidates::{Candidate, NEAR},
};
use crate::{FitError, fit::Fit, scene::SceneMap};

/// Steps in pixels by which numbers are tried, one round each.
pub(super) const STEPS: [f64; 3] = [0.12, 0.06, 0.03];
/// Steps from which a number moves by no more than one at once: the error falls evenly until a side
/// is where it should be.
const WIDE: f64 = 0.2;
/// Most numbers of an outline that are tried, each in two renderings a round: of polygons only
/// those of triangles.
const MOST_NUMBERS: usize = 7;
/// Most steps that a number moves by at once.
const MOST_STEPS: f64 = 2.0;
/// Squared error that is none: what does not change the picture stays.
const NOTHING: f64 = 1e-6;
/// Share of the error that nobody sees by which rounder numbers may be worse.
const ROUNDER: f64 = 0.1;

impl Fit<'_> {
    /// Moves the numbers of chosen outlines to where the squared error is least, one for itself, as
    /// by the parabola through three values.
    pub(super) fn refine_primitives(
        &mut self,
        map: &SceneMap,
        best: &mut BTreeMap<usize, Chosen>,
        steps: &[f64],
    ) -> Result<(), FitError> {
        // Stairs leave open more than it can tell.
        let clean = self.problem.reading.clean.as_ref();
        if clean.is_some_and(|clean| clean.is_hard) {
            return Ok(());
        }
        let of = |chosen: &Chosen| {
            let numbers = chosen.candidate.parameters();
            if numbers <= MOST_NUMBERS { numbers } else { 0 }
        };
        let most = best.values().map(of).max().unwrap_or(0);
        for step in steps {
            let mut moves: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
            for axis in 0..most {
                if self.is_stopped() {
                    return Ok(());
                }
                let tried = |way: f64| -> BTreeMap<usize, Candidate> {
                    let mut by = vec![0.0; most];
                    by[axis] = way * step;
                    let all = best.iter().filter(|(_, chosen)| axis < of(chosen));
                    all.filter_map(|(slot, chosen)| Some((*slot, chosen.candidate.moved(&by)?)))
                        .collect()
                };
                let (less, more) = (tried(-1.0), tried(1.0));
                let less = self.grown(map, less)?;
                let more = self.grown(map, more)?;
                for (slot, less) in less {
                    let (Some(more), Some(now)) = (more.get(&slot), best.get(&slot)) else {
                        continue;
                    };
                    let furthest = if *step < WIDE { MOST_STEPS } else { 1.0 };
                    let by =
                        lowest([less.growth, now.growth, more.growth]).clamp(-furthest, furthest);
                    moves.entry(slot).or_insert_with(|| vec![0.0; most])[axis] = by * step;
                }
            }
            let moved = moves.iter().filter_map(|(slot, by)| {
                let candidate = &best.get(slot)?.candidate;
                Some((*slot, candidate.moved(by)?))
            });
            let moved = moved.collect();
            self.take_better(map, best, moved, 0.0)?;
        }
        // The template's numbers are not in pixels.
        let added = best
            .iter()
            .filter(|(slot, _)| self.is_added(map.slots[**slot].shape));
        let rounder =
            added.filter_map(|(slot, chosen)| Some((*slot, chosen.candidate.snapped(NEAR)?)));
        let rounder = rounder.collect();
        self.take_better(map, best, rounder, ROUNDER)
    }

    /// Takes outlines that are better, or worse by no more than a share of what nobody sees.
    fn take_better(
        &mut self,
        map: &SceneMap,
        best: &mut BTreeMap<usize, Chosen>,
        tried: BTreeMap<usize, Candidate>,
        share: f64,
    ) -> Result<(), FitError> {
        for (slot, chosen) in self.grown(map, tried)? {
            if let Some(best) = best.get_mut(&slot)
                && chosen.growth < best.growth + share * best.unseen() - NOTHING
            {
                *best = chosen;
            }
        }
        Ok(())
    }

    /// Some outlines with by how much the squared error grows with each.
    pub(super) fn grown(
        &mut self,
        map: &SceneMap,
        tried: BTreeMap<usize, Candidate>,
    ) -> Result<BTreeMap<usize, Chosen>, FitError> {
        let grown = self.growths_of_slots(map, tried, Candidate::give_to)?;
        let grown = grown
            .into_iter()
            .map(|(slot, candidate, growth)| (slot, Chosen { candidate, growth }));
        Ok(grown.collect())
    }
}

/// Where the parabola through three values, one step apart, is lowest, in steps from the middle.
fn lowest([less, middle, more]: [f64; 3]) -> f64 {
    let bend = less + more - 2.0 * middle;
    // Beyond the canvas nothing changes: a side stays at its edge.
    if (less.min(more) - middle).abs() <= NOTHING {
        0.0
    } else if bend > NOTHING {
        (0.5 * (less - more) / bend).clamp(-MOST_STEPS, MOST_STEPS)
    } else if less < middle.min(more) {
        -1.0
    } else if more < middle {
        1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_to_where_the_error_is_least() {
        assert_eq!(lowest([2.0, 2.0, 2.0]), 0.0);
        assert!((lowest([9.0, 4.0, 1.0]) - 2.0).abs() < 1e-9);
        assert!((lowest([4.0, 1.0, 0.0]) - 1.0).abs() < 1e-9);
        assert_eq!(lowest([3.0, 2.0, 1.0]), 1.0);
        assert_eq!(lowest([1.0, 2.0, 1.5]), -1.0);
    }
}
