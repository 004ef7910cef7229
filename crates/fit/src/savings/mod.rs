//! Saves bytes: a path less, a part of one, a point or a digit of an outline, a stop of a gradient.
//! Each change is rendered before it is taken, so that all compete by what the picture loses for a
//! byte; the template's shapes only by simpler outlines.

mod changes;
mod parts;

use std::collections::{BTreeMap, BTreeSet};

use chat2svg_diffraster::Node;
use chat2svg_trace::crossing::crosses_itself;

use crate::{
    Action, FitError,
    fit::Fit,
    quantise::quantise_outlines,
    scene::{SceneMap, Slot, outline_of, paint_of},
    trial::{Trials, taken},
};
use changes::{Change, Saving, Source, changed, goes_with};
use parts::{Part, parts_of};

/// Most changes tried in a round: those first that move outlines least for their bytes.
const MOST_TRIED: usize = 2000;

/// How much is saved in a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Bytes, about.
    pub(crate) bytes: f64,
    /// Most that the squared error may grow by, as far as the changes are independent.
    pub(crate) growth: f64,
    /// Most that it may grow by for a byte.
    pub(crate) per_byte: f64,
    /// Of how many tried changes the best one may be taken; the others are judged anew.
    pub(crate) one_of: usize,
    /// Most renderings for the trials.
    pub(crate) renderings: usize,
}

impl Fit<'_> {
    /// Takes out what the picture loses least by for its bytes until so much is saved as is wanted;
    /// returns whether anything was.
    pub(crate) fn save_bytes(&mut self, wanted: Wanted) -> Result<bool, FitError> {
        if self.is_stopped() || !self.problem.options.allow_topology {
            return Ok(false);
        }
        let map = self.scene();
        let paths = self.paths();
        let parts = |slot: &Slot| parts_of(&(slot.to_scene * &paths[slot.shape]));
        let outlines: Vec<Vec<Part>> = map.slots.iter().map(parts).collect();
        let mut savings = self.savings(&map, &outlines)?;
        savings.sort_by(|a, b| a.moves.total_cmp(&b.moves));
        savings.truncate(MOST_TRIED);
        let growths = self.growths_with(&map, &outlines, &savings, wanted.renderings)?;
        // More than what is wanted is not worth more.
        let mut paying: Vec<(f64, (f64, &Saving))> = growths
            .iter()
            .filter_map(|(index, growth)| {
                let saving = savings.get(*index)?;
                Some((growth / saving.bytes.min(wanted.bytes), (*growth, saving)))
            })
            .collect();
        paying.sort_by(|a, b| a.0.total_cmp(&b.0));
        paying.truncate(paying.len().div_ceil(wanted.one_of));
        paying.retain(|(loss, _)| *loss <= wanted.per_byte);
        let is_crossed =
            |parts: &[Part], own: &[&Saving]| crosses_itself(&changed(parts, own), 1.0);
        let (mut saved, mut grown) = (0.0, 0.0);
        let taken = taken(paying, |taken, (growth, saving)| {
            if saved >= wanted.bytes || grown + growth > wanted.growth {
                return false;
            }
            let mut others = taken.iter();
            if !others.all(|(_, other)| goes_with(saving, other, &outlines)) {
                return false;
            }
            let of_path = taken.iter().filter(|(_, other)| other.slot == saving.slot);
            let own: Vec<&Saving> = of_path.map(|(_, other)| *other).chain([*saving]).collect();
            let parts = &outlines[saving.slot];
            let is_whole = !is_crossed(parts, &own) || is_crossed(parts, &[]);
            if is_whole {
                saved += saving.bytes;
                grown += growth.max(0.0);
            }
            is_whole
        });
        if saved == 0.0 || self.is_stopped() {
            return Ok(false);
        }
        self.make(
            &map,
            &outlines,
            by_slot(taken.into_iter().map(|(_, saving)| saving)),
        );
        self.note(Action::Simplify)?;
        Ok(true)
    }

    /// What can be saved.
    fn savings(&self, map: &SceneMap, outlines: &[Vec<Part>]) -> Result<Vec<Saving>, FitError> {
        let target = self.problem.target;
        let seen = (self.document).visibility(target.width as u32, target.height as u32)?;
        let visits = self.document.shapes();
        let decimals = self.grids(&self.paths());
        let mut savings = Vec::new();
        for (index, slot) in map.slots.iter().enumerate() {
            if let Some(visit) = visits.get(slot.shape) {
                let source = Source {
                    index,
                    slot,
                    shape: visit.shape,
                    parts: &outlines[index],
                    decimals: decimals.get(slot.shape).copied().unwrap_or_default(),
                    is_added: self.is_added(slot.shape),
                    may_bend: self.problem.options.allow_points,
                    is_ground: self.is_ground(slot.shape),
                    pixels: seen.pixels_of(slot.shape),
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
        renderings: usize,
    ) -> Result<Vec<(usize, f64)>, FitError> {
        let mut whole = map.clone();
        let removals = self.descender.removals(&mut whole)?;
        let (paths, tried): (Vec<usize>, Vec<usize>) =
            (0..savings.len()).partition(|index| matches!(savings[*index].change, Change::Path));
        let mut found: Vec<(usize, f64)> = paths
            .into_iter()
            .filter_map(|index| Some((index, *removals.get(map.slots[savings[index].slot].node)?)))
            .collect();
        let extents = tried.iter().map(|index| savings[*index].extent);
        let extents = extents.map(|extent| extent.into_iter().collect()).collect();
        let trials = Trials::new(&mut self.descender, &mut whole.scene, extents)?;
        let go_together =
            |a: usize, b: usize| goes_with(&savings[tried[a]], &savings[tried[b]], outlines);
        let with_changes = |group: &[usize]| {
            let mut scene = map.scene.clone();
            let group = group.iter().map(|at| &savings[tried[*at]]);
            for (slot, own) in by_slot(group) {
                let Some(Node::Path(path)) = scene.nodes.get_mut(map.slots[slot].node) else {
                    continue;
                };
                if let Some(Change::Fill(paint)) = own.first().map(|saving| &saving.change) {
                    if let Some(fill) = &mut path.fill {
                        fill.paint = paint_of(paint, map.slots[slot].to_scene);
                    }
                } else {
                    path.outline = outline_of(&changed(&outlines[slot], &own));
                }
            }
            scene
        };
        let grown = trials.growths(&mut self.descender, renderings, go_together, with_changes)?;
        found.extend(grown.into_iter().map(|(at, growth)| (tried[at], growth)));
        Ok(found)
    }

    /// Makes the changes that were taken, by the scene's paths.
    fn make(
        &mut self,
        map: &SceneMap,
        outlines: &[Vec<Part>],
        taken: BTreeMap<usize, Vec<&Saving>>,
    ) {
        let mut decimals = self.grids(&self.paths());
        let mut gone = BTreeSet::new();
        let mut taken = taken.into_iter().peekable();
        self.document.edit_shapes(|index, shape, _, _| {
            let Some((at, own)) = taken.next_if(|(at, _)| map.slots[*at].shape == index) else {
                return;
            };
            match own.first().map(|saving| &saving.change) {
                None => {}
                Some(Change::Path) => {
                    gone.insert(index);
                }
                Some(Change::Fill(paint)) => {
                    let fill = shape.fill.iter_mut();
                    fill.for_each(|fill| fill.paint = paint.clone());
                }
                Some(change) => {
                    if let (Change::Digit(_), Some(decimals)) = (change, decimals.get_mut(index)) {
                        *decimals = decimals.saturating_sub(1);
                    }
                    shape.path = map.slots[at].to_scene.inverse() * changed(&outlines[at], &own);
                }
            }
        });
        quantise_outlines(&mut self.document, &decimals);
        self.remove_shapes(&gone);
    }
}

/// Changes by the scene's paths that they change.
fn by_slot<'s>(savings: impl Iterator<Item = &'s Saving>) -> BTreeMap<usize, Vec<&'s Saving>> {
    let mut slots: BTreeMap<usize, Vec<&Saving>> = BTreeMap::new();
    savings.for_each(|saving| slots.entry(saving.slot).or_default().push(saving));
    slots
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Color, GradientStop, LinearGradient, Paint, Spread};
    use kurbo::{Affine, BezPath, Circle, Point, Shape as _};

    use super::Wanted;
    use crate::{
        FitOptions,
        fit::ShapeId,
        schedule::{MOST_GROWN, save},
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
            let wanted = Wanted {
                bytes: 30.0,
                growth: f64::INFINITY,
                per_byte: f64::INFINITY,
                one_of: 4,
                renderings: 8,
            };
            assert!(fit.save_bytes(wanted).expect("saves"));
            let shapes = fit.document.shapes();
            assert_eq!(shapes[1].shape.path.to_svg().matches('M').count(), 1);
        });
    }

    #[test]
    fn a_faint_gradient_becomes_a_colour_and_one_that_is_seen_stays() {
        let fill_after = |apart: f32| {
            let disc = Circle::new((32.0, 32.0), 20.0).to_path(1e-3);
            let mut sample = document(&[("", disc, [0.5, 0.1, 0.1])]);
            let stop = |offset: f32| GradientStop {
                offset,
                color: Color::new(0.5 + apart * (offset - 0.5), 0.1, 0.1),
                opacity: 1.0,
            };
            let gradient = LinearGradient {
                start: Point::new(12.0, 32.0),
                end: Point::new(52.0, 32.0),
                transform: Affine::IDENTITY,
                stops: vec![stop(0.0), stop(1.0)],
                spread: Spread::Pad,
            };
            sample.edit_shapes(|index, shape, _, _| {
                if let (1, Some(fill)) = (index, &mut shape.fill) {
                    fill.paint = Paint::Linear(gradient.clone());
                }
            });
            let options = FitOptions {
                allow_points: false,
                ..FitOptions::default()
            };
            with_fit(&sample, &sample, &options, |mut fit| {
                fit.ids[1..].fill(ShapeId::Added);
                let wanted = Wanted {
                    bytes: f64::INFINITY,
                    growth: f64::INFINITY,
                    per_byte: fit.price().byte(),
                    one_of: 1,
                    renderings: 8,
                };
                fit.save_bytes(wanted).expect("saves");
                let shapes = fit.document.shapes();
                shapes[1].shape.fill.as_ref().map(|fill| fill.paint.clone())
            })
        };
        let is_solid = |paint: Option<Paint>| match paint {
            Some(Paint::Solid(color)) => (color.red - 0.5).abs() < 0.01,
            _ => false,
        };
        assert!(is_solid(fill_after(0.01)));
        assert!(matches!(fill_after(0.4), Some(Paint::Linear(_))));
    }

    #[test]
    fn points_that_do_not_pay_go_but_not_where_outlines_stay() {
        let sides = "M12 12L22 12L32 12L52 12L52 22L52 52L32 52L12 52L12 22Z";
        let square = BezPath::from_svg(sides).expect("a path");
        let rough = document(&[("", square.clone(), [0.8, 0.1, 0.1])]);
        let target = document(&[("", square, [0.7, 0.1, 0.1])]);
        let after = |allow_points: bool| {
            let options = FitOptions {
                allow_points,
                ..FitOptions::default()
            };
            with_fit(&rough, &target, &options, |mut fit| {
                let before = fit.best_error();
                save(&mut fit).expect("saves");
                assert!(fit.best_error() <= MOST_GROWN * before);
                fit.document.shapes()[1].shape.path.elements().len()
            })
        };
        assert_eq!(after(false), 10);
        assert_eq!(after(true), 5);
    }
}
