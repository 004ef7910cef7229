//! Saves bytes: a path less, a part of one, a point or a digit of an outline, a stop of a gradient.
//! Each change is rendered before it is taken, so that all compete by what the picture loses for a
//! byte.

mod changes;
mod parts;

use std::collections::{BTreeMap, BTreeSet};

use chat2svg_diffraster::Node;
use chat2svg_trace::crossing::crosses_itself;

use crate::{
    Action, FitError,
    fit::Fit,
    quantise::quantise_outlines,
    scene::{SceneMap, outline_of, paint_of},
    trial::{groups, growth},
};
use changes::{Change, Saving, Source, changed, goes_with};
use parts::{Part, parts_of};

/// Most renderings for the trials of one round, and most changes tried in them: those first that
/// move outlines least for their bytes.
const MOST_RENDERINGS: usize = 48;
const MOST_TRIED: usize = 2000;
/// Of how many tried changes the best one may be taken in a round; the others are judged anew.
const CHOICE: usize = 4;

impl Fit<'_> {
    /// Takes what gains least for its bytes out of added shapes until about so many are saved;
    /// returns whether anything was.
    pub(crate) fn save_bytes(&mut self, wanted: usize) -> Result<bool, FitError> {
        if self.is_stopped() || !self.problem.options.allow_topology {
            return Ok(false);
        }
        let map = self.scene();
        let outlines: Vec<Vec<Part>> = {
            let visits = self.document.shapes();
            let slots = map.slots.iter();
            let of = |shape: usize| visits.get(shape).map(|visit| &visit.shape.path);
            slots
                .map(|slot| {
                    of(slot.shape).map_or(Vec::new(), |path| parts_of(&(slot.to_scene * path)))
                })
                .collect()
        };
        let mut savings = self.savings(&map, &outlines)?;
        savings.sort_by(|a, b| a.moves.total_cmp(&b.moves));
        savings.truncate(MOST_TRIED);
        let growths = self.growths_with(&map, &outlines, &savings)?;
        // More than what is wanted is not worth more.
        let loss = |growth: f64, saving: &Saving| growth / saving.bytes.min(wanted as f64);
        let mut paying: Vec<(f64, &Saving)> = growths
            .iter()
            .filter_map(|(index, growth)| {
                let saving = savings.get(*index)?;
                Some((loss(*growth, saving), saving))
            })
            .collect();
        paying.sort_by(|a, b| a.0.total_cmp(&b.0));
        paying.truncate(paying.len().div_ceil(CHOICE));
        let is_crossed: Vec<bool> = outlines
            .iter()
            .map(|parts| crosses_itself(&changed(parts, &[]), 1.0))
            .collect();
        let mut taken: BTreeMap<usize, Vec<&Saving>> = BTreeMap::new();
        let mut saved = 0.0;
        for (_, saving) in paying {
            if saved >= wanted as f64 {
                break;
            }
            let mut others = taken.values().flatten();
            if !others.all(|other| goes_with(saving, other, &outlines)) {
                continue;
            }
            let own = taken.entry(saving.slot).or_default();
            own.push(saving);
            let is_whole = is_crossed[saving.slot]
                || !crosses_itself(&changed(&outlines[saving.slot], own), 1.0);
            if is_whole {
                saved += saving.bytes;
            } else {
                own.pop();
            }
        }
        if saved == 0.0 || self.is_stopped() {
            return Ok(false);
        }
        self.make(&map, &outlines, &taken);
        self.note(Action::Simplify)?;
        Ok(true)
    }

    /// What can be saved of added shapes.
    fn savings(&self, map: &SceneMap, outlines: &[Vec<Part>]) -> Result<Vec<Saving>, FitError> {
        let target = self.problem.target;
        let visibility = self
            .document
            .visibility(target.width as u32, target.height as u32)
            .map_err(|error| FitError::Template(error.to_string()))?;
        let pixels = visibility.pixels();
        let visits = self.document.shapes();
        let decimals = self.grids(&self.paths());
        let mut savings = Vec::new();
        for (index, slot) in map.slots.iter().enumerate() {
            let is_added = self.ids.get(slot.shape).is_some_and(|id| id.is_added());
            if is_added && let Some(visit) = visits.get(slot.shape) {
                let source = Source {
                    index,
                    slot,
                    shape: visit.shape,
                    parts: &outlines[index],
                    decimals: decimals.get(slot.shape).copied().unwrap_or_default(),
                    is_ground: self.is_ground(slot.shape),
                    pixels: pixels.get(slot.shape).map_or(&[], Vec::as_slice),
                    target,
                };
                source.savings(&mut savings);
            }
        }
        Ok(savings)
    }

    /// By how much the squared error grows with each of the changes for which there was room.
    fn growths_with(
        &mut self,
        map: &SceneMap,
        outlines: &[Vec<Part>],
        savings: &[Saving],
    ) -> Result<Vec<(usize, f64)>, FitError> {
        let target = self.problem.target;
        let mut whole = map.clone();
        let removals = self.descender.removals(&mut whole)?;
        let shown = self.descender.picture(&mut whole.scene)?;
        let (paths, tried): (Vec<usize>, Vec<usize>) =
            (0..savings.len()).partition(|index| matches!(savings[*index].change, Change::Path));
        let mut found: Vec<(usize, f64)> = paths
            .into_iter()
            .filter_map(|index| Some((index, *removals.get(map.slots[savings[index].slot].node)?)))
            .collect();
        let are_apart = |a: usize, b: usize| {
            let (a, b) = (&savings[tried[a]], &savings[tried[b]]);
            let both = a.extent.zip(b.extent);
            both.is_none_or(|(e, f)| !e.overlaps(&f)) && goes_with(a, b, outlines)
        };
        for group in groups(tried.len(), MOST_RENDERINGS, are_apart) {
            if self.is_stopped() {
                break;
            }
            let mut together: BTreeMap<usize, Vec<&Saving>> = BTreeMap::new();
            for at in &group {
                let saving = &savings[tried[*at]];
                together.entry(saving.slot).or_default().push(saving);
            }
            let mut scene = map.scene.clone();
            for (slot, own) in together {
                let Some(Node::Path(path)) = scene.nodes.get_mut(map.slots[slot].node) else {
                    continue;
                };
                if let [
                    Saving {
                        change: Change::Fill(paint),
                        ..
                    },
                ] = own.as_slice()
                {
                    if let Some(fill) = &mut path.fill {
                        fill.paint = paint_of(paint, map.slots[slot].to_scene);
                    }
                } else {
                    path.outline = outline_of(&changed(&outlines[slot], &own));
                }
            }
            let after = self.descender.picture(&mut scene)?;
            found.extend(group.into_iter().map(|at| {
                let extent = savings[tried[at]].extent;
                (tried[at], growth(target, &shown, &after, extent.as_slice()))
            }));
        }
        Ok(found)
    }

    /// Makes the changes that were taken, by the scene's paths.
    fn make(
        &mut self,
        map: &SceneMap,
        outlines: &[Vec<Part>],
        taken: &BTreeMap<usize, Vec<&Saving>>,
    ) {
        let mut decimals = self.grids(&self.paths());
        let mut gone = BTreeSet::new();
        let mut paths = BTreeMap::new();
        let mut paints = BTreeMap::new();
        for (index, own) in taken {
            let slot = &map.slots[*index];
            match own.first().map(|saving| &saving.change) {
                None => {}
                Some(Change::Path) => {
                    gone.insert(slot.shape);
                }
                Some(Change::Fill(paint)) => {
                    paints.insert(slot.shape, paint.clone());
                }
                Some(change) => {
                    if let (Change::Digit(_), Some(decimals)) =
                        (change, decimals.get_mut(slot.shape))
                    {
                        *decimals = decimals.saturating_sub(1);
                    }
                    let path = changed(&outlines[*index], own);
                    paths.insert(slot.shape, slot.to_scene.inverse() * path);
                }
            }
        }
        self.document.edit_shapes(|index, shape, _, _| {
            if let Some(path) = paths.remove(&index) {
                shape.path = path;
            }
            if let (Some(paint), Some(fill)) = (paints.remove(&index), &mut shape.fill) {
                fill.paint = paint;
            }
        });
        quantise_outlines(&mut self.document, decimals);
        self.remove_shapes(&gone);
    }
}

#[cfg(test)]
mod tests {
    use kurbo::{BezPath, Circle, Shape as _};

    use crate::{
        FitOptions,
        fit::ShapeId,
        testing::{document, with_fit},
    };

    #[test]
    fn a_part_that_is_hardly_seen_goes_and_the_rest_of_its_path_stays() {
        let disc = |x: f64, radius: f64| Circle::new((x, 32.0), radius).to_path(1e-3);
        let both: BezPath = disc(16.0, 12.0)
            .into_iter()
            .chain(disc(46.0, 0.02))
            .collect();
        let sample = document(&[("", both, [0.8, 0.1, 0.1])]);
        with_fit(&sample, &sample, &FitOptions::default(), |mut fit| {
            fit.ids[1..].fill(ShapeId::Added);
            assert!(fit.save_bytes(30).expect("saves"));
            let shapes = fit.document.shapes();
            assert_eq!(shapes[1].shape.path.to_svg().matches('M').count(), 1);
        });
    }
}
