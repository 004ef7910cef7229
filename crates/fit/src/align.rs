//! Brings a template's shapes to their places before their points move on their own: named groups
//! by a similarity each, then shapes, then shapes by a low-order lattice; from coarse to fine. What
//! gains nothing by its movement returns (`rollback`). Which shapes there are is not its business.

use std::collections::BTreeMap;

use chat2svg_diffraster::{Layout, Node, Paint};
use chat2svg_vector::Group;

use crate::{
    Action, FitError,
    deform::{Deformation, Form},
    descend::{DeformedPhase, DescentPhase},
    explicable::{Absent, settled},
    fit::{Fit, Problem},
    freedom::Motion,
    naming::is_named,
    parameters::{is_direct, paints_of},
    scene::SceneMap,
};

/// Shares of all steps in which named groups, then shapes, are moved, turned and scaled, and in
/// which shapes are bent by a free-form lattice over their box. They are taken at coarse resolution
/// and cost little time.
pub(crate) const SIMILARITY: f32 = 0.16;
pub(crate) const LATTICE: f32 = 0.12;
/// How far shapes are looked for, as a share of the picture's longest side.
pub(crate) const REACH: f32 = 0.06;
/// Control points along a side of the lattice.
const LATTICE_SIDE: usize = 3;
/// Longest sides in pixels of the pictures in which shapes are moved, then placed, then bent.
const MOVING_SIDE: f64 = 64.0;
const PLACING_SIDE: f64 = 128.0;
/// Share of the steps, when shapes are left alone where they show the target, in which they come to
/// their exact places in the finest picture.
const EXACT_SHARE: f64 = 0.25;
const BENDING_SIDE: f64 = 256.0;
/// Reach of the filter in pixels of the coarsest.
const FILTER: usize = 2;
/// Share of a stage's steps in its coarser picture.
const COARSER_SHARE: f64 = 0.6;
/// How far the finer picture moves shapes, and the lattice bends them, as a share of the reach.
const PLACING_REACH: f64 = 0.2;
const BENDING_REACH: f64 = 0.5;
/// Share of the picture from which a paint is fitted while its shape is not in its place.
const LARGE: f32 = 0.02;
/// A descent's mean rate as a share of its full rate.
const MEAN_RATE: f64 = 0.52;

impl Fit<'_> {
    /// Brings shapes to their places, unless they are there.
    pub(crate) fn align(&mut self) -> Result<(), FitError> {
        if self.problem.options.is_in_place {
            return Ok(());
        }
        let budget = f64::from(self.tracker.budget);
        let steps = |share: f32| (budget * f64::from(share)).round() as u32;
        let (similarity, lattice) = (steps(SIMILARITY), steps(LATTICE));
        let groups = self.group_blocks();
        let for_groups = if groups.is_empty() { 0 } else { similarity / 3 };
        self.align_stage(Form::Similarity, &groups, for_groups)?;
        let shapes = self.shape_blocks();
        self.align_stage(Form::Similarity, &shapes, similarity - for_groups)?;
        let map = self.scene();
        let pliable: Vec<Vec<usize>> = shapes
            .into_iter()
            .filter(|block| {
                let motions = block.iter().filter_map(|slot| map.slots.get(*slot));
                motions
                    .map(|slot| slot.freedom.outline)
                    .all(|motion| motion == Motion::Free)
            })
            .collect();
        self.align_stage(Form::Lattice(LATTICE_SIDE), &pliable, lattice)
    }

    /// Leaves the shapes alone that show the target where they are now, and those that are still
    /// lost as the template has them; whether that is all.
    pub(crate) fn leave_placed(&mut self) -> Result<bool, FitError> {
        let Problem {
            compared, options, ..
        } = self.problem;
        let Some(compared) = compared else {
            return Ok(false);
        };
        let Ok(settled) = settled(&self.document, compared, &options.stop) else {
            return Ok(false);
        };
        let absent = Absent::of(&self.document, compared, &options.stop);
        let (mut are_all, mut is_any_lost) = (true, false);
        for (shape, (id, settled)) in self.ids.iter().zip(settled).enumerate() {
            let Some(freedom) = id.origin().and_then(|at| self.freedoms.get_mut(at)) else {
                continue;
            };
            let is_lost = freedom.is_lost && !absent.has_found(shape);
            freedom.is_settled |= is_lost;
            freedom.has_free_paint |= freedom.is_lost;
            if settled || is_lost {
                freedom.outline = Motion::Fixed;
                freedom.has_free_paint = false;
            }
            are_all &= settled || is_lost;
            is_any_lost |= is_lost;
        }
        if is_any_lost {
            // The best so far may owe that to one that was laid over something else.
            self.restore_settled();
            let restored = std::mem::replace(&mut self.document, self.problem.template.clone());
            self.accept(Action::Return, f64::INFINITY)?;
            self.document = restored;
            self.note(Action::Return)?;
        }
        Ok(are_all)
    }

    /// One stage over blocks of slots; kept as far as it lowers the squared error.
    fn align_stage(
        &mut self,
        form: Form,
        blocks: &[Vec<usize>],
        steps: u32,
    ) -> Result<(), FitError> {
        if steps == 0 || blocks.is_empty() || self.is_stopped() || self.tracker.is_spent() {
            return Ok(());
        }
        let mut map = self.scene();
        let error_before = self.squared_error(&mut map)?;
        let longest = self.problem.target.width.max(self.problem.target.height) as f64;
        let reach = f64::from(REACH) * longest;
        let is_exact = self.problem.compared.is_some() && form == Form::Similarity;
        let exact = if is_exact {
            (f64::from(steps) * EXACT_SHARE).ceil() as u32
        } else {
            0
        };
        let coarser = (f64::from(steps - exact) * COARSER_SHARE).round() as u32;
        let finer = steps - exact - coarser;
        let stretches = match form {
            Form::Lattice(_) => {
                let bend = BENDING_REACH * reach;
                let first = (PLACING_SIDE, 0, 0.0, coarser, bend);
                vec![first, (BENDING_SIDE, 0, 0.0, finer, PLACING_REACH * bend)]
            }
            Form::Similarity => {
                let near = PLACING_REACH * reach;
                let first = (MOVING_SIDE, FILTER, LARGE, coarser, reach);
                let second = (PLACING_SIDE, 0, LARGE, finer, near);
                let third = (longest, 0, LARGE, exact, PLACING_REACH * near);
                vec![first, second, third]
            }
        };
        let layout = Layout::of(&map.scene);
        let places: Vec<Vec<usize>> = blocks
            .iter()
            .map(|block| {
                let slots = block.iter();
                slots
                    .flat_map(|slot| places_of(&map, &layout, *slot, form))
                    .collect()
            })
            .collect();
        let mut start = Vec::new();
        map.scene.read_parameters(&mut start);
        for (side, filter, least_painted, steps, reach) in stretches {
            if steps == 0 {
                continue;
            }
            let mut values = Vec::new();
            map.scene.read_parameters(&mut values);
            let mut deformation = Deformation::of(&values);
            for block in &places {
                deformation.add(form, block.clone());
            }
            let rate = reach / (MEAN_RATE * f64::from(steps.max(1)));
            let deformed = DeformedPhase {
                phase: DescentPhase {
                    steps,
                    scale: (side / longest).min(1.0),
                    rate: rate as f32,
                },
                filter,
                least_painted,
            };
            let (tracker, document) = (&mut self.tracker, &self.document);
            self.descender
                .run_deformed(&mut map, &deformation, deformed, tracker, document)?;
        }
        if self.is_stopped() {
            return Ok(());
        }
        let mut values = Vec::new();
        map.scene.read_parameters(&mut values);
        let lost = self.lost_texts(&map)?;
        for slot in lost.iter().flatten() {
            for at in places_of(&map, &layout, *slot, form) {
                values[at] = start[at];
                values[at + 1] = start[at + 1];
            }
        }
        if !lost.is_empty() {
            map.scene.write_parameters(&values);
        }
        for at in places.iter().flatten() {
            values[*at] = start[*at];
            values[at + 1] = start[at + 1];
        }
        let mut back = map.clone();
        back.scene.write_parameters(&values);
        self.roll_back_worthless(&mut map, &mut back, blocks, |_| 0.0)?;
        let error = self.squared_error(&mut map)?;
        if error >= error_before || self.is_stopped() {
            return Ok(());
        }
        self.take_over(&map)?;
        self.note(Action::Align)
    }

    /// Shapes that can be moved: all but those that are settled or the canvas's ground, and those
    /// off it.
    pub(crate) fn is_movable(&self, map: &SceneMap, slot: usize) -> bool {
        let target = self.problem.target;
        let extent = map.extent(slot, target);
        map.slots[slot].has_own_outline
            && map.slots[slot].freedom.outline != Motion::Fixed
            && extent.is_some_and(|extent| !extent.is_whole(target.size()))
    }

    fn movable(&self, map: &SceneMap) -> Vec<usize> {
        let slots = 0..map.slots.len();
        slots.filter(|slot| self.is_movable(map, *slot)).collect()
    }

    /// The movable shapes, each alone; but all of a text together.
    fn shape_blocks(&self) -> Vec<Vec<usize>> {
        let map = self.scene();
        map.blocks(&self.movable(&map))
    }

    /// The movable shapes of each named group that has several; a shape counts to the innermost. A
    /// clip does not move with its group, so a group that has one is left alone.
    fn group_blocks(&self) -> Vec<Vec<usize>> {
        let map = self.scene();
        let visits = self.document.shapes();
        let is_asked = |group: &Group| is_named(group) && group.clip.is_none();
        let mut members: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
        for slot in self.movable(&map) {
            let Some(visit) = visits.get(map.slots[slot].shape) else {
                continue;
            };
            let groups = visit.groups.iter().enumerate();
            for (depth, _) in groups.filter(|(_, group)| is_asked(group)) {
                let place = &visit.place[..=depth];
                members.entry(place).or_default().push(slot);
            }
        }
        members.retain(|_, block| block.len() > 1);
        let mut is_taken = vec![false; map.slots.len()];
        // The place of a group comes before those of the groups in it.
        let innermost = members.into_values().rev().map(|mut block| {
            block.retain(|slot| !std::mem::replace(&mut is_taken[*slot], true));
            block
        });
        let mut blocks: Vec<Vec<usize>> = innermost.filter(|block| block.len() > 1).collect();
        blocks.reverse();
        blocks
    }
}

/// The positions of the points that move with a slot's shape: its outline, and with a similarity
/// what places its gradients.
fn places_of(map: &SceneMap, layout: &Layout, slot: usize, form: Form) -> Vec<usize> {
    let node = map.slots[slot].node;
    let (Some(Node::Path(path)), Some(place)) = (map.scene.nodes.get(node), layout.nodes.get(node))
    else {
        return Vec::new();
    };
    let mut places: Vec<usize> = place.points.clone().step_by(2).collect();
    if form == Form::Similarity {
        for (paint, _, slots) in paints_of(path, place).filter(|(paint, ..)| is_direct(paint)) {
            let first = slots.geometry.start;
            // Of a radial one centre and focus; the radius lies between them.
            let apart = if matches!(paint, Paint::Linear(_)) {
                2
            } else {
                3
            };
            places.extend([first, first + apart]);
        }
    }
    places
}
