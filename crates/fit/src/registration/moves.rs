//! Moves what moved between template and target: the guesses where a shape or group went are tried
//! by rendering, made exact by descent, and taken only when the error falls by enough. A shape that
//! shows the target already is not moved, and nothing is added here.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, VecDeque},
};

use chat2svg_trace::{Price, picture::mean_color};
use chat2svg_vector::{Color, Document, Paint, Raster, RenderError, ShapeVisit, Visibility};
use kurbo::Affine;

use super::{
    Search,
    form::{Form, Similarity},
    guesses::{Guess, NEAR_COLOR},
    pose::{AXES, SHIFTS, Trial, paint},
    tie_break::{Appearance, has_closer_rival},
    units::{Unit, units},
    view::{color_of, squared_distance},
};

/// Oklab distance up to which a region may be a shape of quite another colour.
const OTHER_COLOR: f32 = 0.35;
/// Most units that are looked for.
const MOST_UNITS: usize = 96;
/// Share of a group that may be settled where it is when the group is to move.
const SETTLED_SHARE: f64 = 0.1;
/// Distance in pixels of the regions' picture below which a move is left to the fit.
const LEAST_MOVE: f64 = 1.5;
/// Distance of two colours, components in `0.0..=1.0`, up to which a pixel shows a shape.
const AGREES: f32 = 0.08;
/// How much more of a unit the target must show where it is moved to, as a share.
const LEAST_AGREED: f64 = 0.1;
/// Share of a text that the target must show where it is moved to.
pub(crate) const TEXT_SHOWN: f64 = 0.5;
/// Share of a unit that the target shows where it certainly went, and the likeness of a guess that
/// is as good, whatever shines through the unit as yet.
const CERTAIN: f64 = 0.9;
pub(super) const LIKE: f64 = 0.9;
/// Share of what was seen of a group that must be seen where it is moved to, and be as the target
/// shows it.
const GROUP_SEEN: f64 = 0.8;
const GROUP_SHOWN: f64 = 0.5;
/// Share of a unit that must be seen for it to be looked for by what is seen of it.
const WELL_SEEN: f64 = 0.25;
/// Intersection over union with a region from which a shape shows the target already and stays
/// where it is.
const SETTLED_OVERLAP: f64 = 0.8;
/// Share of the error, where a move changes the picture, that it must take away.
const MOVE_GAIN: f64 = 0.4;
/// Pixels that something must show to be looked for, for the root of the side of the regions'
/// picture.
const LEAST_PIXELS: f64 = 0.655;
/// The part of that which a unit must paint: a line of writing has hardly a pixel of its own.
const LEAST_PAINTED: f64 = 0.5;
/// Renderings of a shape that all moves together may take, for each pixel of that side.
const MOVE_WORK: usize = 125;

/// The document as it stands, and what the search knows of it.
pub(super) struct State {
    pub(super) document: Document,
    pub(super) seen: Visibility,
    /// Of each shape the pixels that are seen of it, where it has a stroke of its fill alone: a
    /// region has one colour.
    pub(super) bodies: Vec<Vec<u32>>,
    /// Of each shape what these look like.
    pub(super) appearances: Vec<Option<Appearance>>,
    /// Of each shape the region that shows it where it is; `None` for those that may have moved.
    pub(super) settled: Vec<Option<usize>>,
    /// The document's picture at the size of the regions'.
    pub(super) picture: Vec<[f32; 3]>,
}

impl Search<'_> {
    /// Moves what moved; tells in `placed` what, how in user space, and whether the target shows
    /// just that.
    pub(super) fn run(
        &self,
        document: &mut Document,
        placed: &mut Vec<(Unit, Similarity, bool)>,
    ) -> Result<(), RenderError> {
        let mut work = MOVE_WORK * self.areas.width.max(self.areas.height);
        let list = units(document);
        let shapes = document.counts().shapes;
        let mut state = self.state(document.clone())?;
        // Groups as wholes before their parts, and the large before the small.
        let mut order: Vec<&Unit> = list
            .iter()
            .filter(|unit| {
                unit.painted_area(&state.seen) >= LEAST_PAINTED * self.least_pixels() as f64
            })
            .collect();
        order.sort_by_key(|unit| {
            let size = unit.seen_area(&state.seen);
            (!unit.is_group, Reverse(size), unit.shapes.start)
        });
        // What kept its colour first: it has the better claim to a region.
        let kept = order.iter().map(|unit| (*unit, NEAR_COLOR));
        let single = order.iter().filter(|unit| !unit.is_group);
        let recolored = single.map(|unit| (*unit, OTHER_COLOR));
        let mut looked = 0;
        let mut queue: VecDeque<(&Unit, f32)> = kept.chain(recolored).collect();
        let (mut waited, mut doubted) = (BTreeSet::new(), BTreeSet::<&[usize]>::new());
        while let Some((unit, apart)) = queue.pop_front() {
            let is_enough = placed.len() >= self.registration.moves as usize || work < shapes;
            if is_enough || looked >= MOST_UNITS {
                break;
            }
            self.stop.check()?;
            if self.is_settled(unit, &state) {
                continue;
            }
            looked += 1;
            let alone = self.alone(unit, &state)?;
            let look = alone.as_ref().unwrap_or(&state);
            let mut guesses = self.guesses(unit, look, apart)?;
            let all = guesses.len();
            if !unit.is_group {
                guesses.retain(|guess| {
                    let to = guess.similarity.center + guess.similarity.by;
                    let may_go = |shape: usize| state.settled.get(shape) == Some(&None);
                    let shape = unit.shapes.start;
                    !has_closer_rival(&state.appearances, shape, to, may_go)
                });
            }
            if guesses.len() < all && waited.insert(unit.shapes.start) {
                // Its twins go first: where they were, it may go then.
                queue.push_back((unit, apart));
                continue;
            }
            guesses.extend(self.fellow_guess(unit, look, &list, placed)?);
            if guesses.is_empty() {
                continue;
            }
            let found = self.best(unit, &guesses, &state, &mut work)?;
            if let Some((better, similarity, is_certain)) = found {
                if !is_certain && doubted.insert(unit.place.as_slice()) {
                    // What is shown just so has the better claim, also to its place.
                    queue.push_back((unit, apart));
                    continue;
                }
                state = better;
                document.clone_from(&state.document);
                match placed.iter_mut().find(|(other, ..)| other == unit) {
                    Some((_, so_far, _)) => so_far.go_on(&similarity),
                    None => placed.push((unit.clone(), similarity, is_certain)),
                }
            }
        }
        self.exchange(&list, &mut state, placed, &mut work)?;
        document.clone_from(&state.document);
        // Twice where others were not in their exact places yet. What is drawn otherwise in the
        // target has none.
        let rounds = placed.len().min(2);
        let mut certain: Vec<_> = placed.iter_mut().filter(|(.., certain)| *certain).collect();
        if certain.is_empty() {
            return Ok(());
        }
        let views = self.closer(document)?;
        for _ in 0..rounds {
            for (unit, similarity, _) in &mut certain {
                self.make_exact(document, unit, similarity, &views, &mut work)?;
            }
        }
        Ok(())
    }

    pub(super) fn visibility(&self, document: &Document) -> Result<Visibility, RenderError> {
        let (width, height) = (self.areas.width as u32, self.areas.height as u32);
        document.visibility_until(width, height, self.stop)
    }

    pub(super) fn state(&self, document: Document) -> Result<State, RenderError> {
        let seen = self.visibility(&document)?;
        let shown = self.fine.shown(&document)?;
        let picture: Vec<[f32; 3]> = shown.pixels().iter().map(color_of).collect();
        let mut bodies = seen.pixels().to_vec();
        for visit in document.shapes() {
            if let (Some(body), Some(fill)) = (bodies.get_mut(visit.index), stroked_fill(&visit)) {
                let is_fill = |at: &u32| {
                    let shown = picture.get(*at as usize);
                    shown.is_some_and(|shown| squared_distance(*shown, fill).sqrt() <= AGREES)
                };
                body.retain(is_fill);
            }
        }
        let appearance = |pixels: &Vec<u32>| {
            Some(Appearance {
                form: Form::of(pixels.iter().copied(), self.areas.width)?,
                color: mean_color(&picture, pixels).to_oklab(),
            })
        };
        let settled = |pixels: &Vec<u32>| {
            let (ratio, area) = *self.areas.overlaps(pixels).first()?;
            (ratio >= SETTLED_OVERLAP).then_some(area)
        };
        Ok(State {
            appearances: bodies.iter().map(appearance).collect(),
            settled: bodies.iter().map(settled).collect(),
            bodies,
            document,
            seen,
            picture,
        })
    }

    /// The state in which a unit of which much is hidden is seen whole, and nothing else; `None`
    /// where it is seen well enough.
    fn alone(&self, unit: &Unit, state: &State) -> Result<Option<State>, RenderError> {
        if unit.seen_area(&state.seen) as f64 >= WELL_SEEN * unit.painted_area(&state.seen) {
            return Ok(None);
        }
        let mut alone = state.document.clone();
        alone.edit_shapes(|index, shape, _, _| {
            if !unit.shapes.contains(&index) {
                (shape.fill, shape.stroke) = (None, None);
            }
        });
        Ok(Some(State {
            document: state.document.clone(),
            settled: state.settled.clone(),
            ..self.state(alone)?
        }))
    }

    /// Whether the target shows a unit where it is, or some of a group there, or too much of it to
    /// say.
    fn is_settled(&self, unit: &Unit, state: &State) -> bool {
        let all = unit.seen_area(&state.seen);
        let parts = unit.shapes.clone().zip(unit.parts(&state.seen));
        let settled: usize = parts
            .filter(|(shape, _)| state.settled.get(*shape).is_some_and(Option::is_some))
            .map(|(_, pixels)| pixels.len())
            .sum();
        2 * all > self.areas.width * self.areas.height
            || settled as f64 > SETTLED_SHARE * all as f64
    }

    /// Pixels that something must show to be looked for.
    pub(super) fn least_pixels(&self) -> usize {
        let side = self.areas.width.max(self.areas.height) as f64;
        (LEAST_PIXELS * side.sqrt()).max(6.0) as usize
    }

    /// The state with the unit moved as the best guess says, how in user space, and whether the
    /// target shows just that; when it is better by enough.
    fn best(
        &self,
        unit: &Unit,
        guesses: &[Guess],
        state: &State,
        work: &mut usize,
    ) -> Result<Option<(State, Similarity, bool)>, RenderError> {
        let document = &state.document;
        let mut trial = Trial::new(document, unit, &self.rough, work)?;
        let factor = f64::from(self.rough.width) / self.areas.width as f64;
        let to_rough = Affine::scale(factor);
        let rest = self.rough.without(document, &unit.shapes)?;
        // What the target shows just so comes before what lowers the error more.
        let mut best: Option<(bool, f64, Guess)> = None;
        for guess in guesses {
            let guess = Guess {
                similarity: guess.similarity.mapped(to_rough),
                ..*guess
            };
            let Some(shown) = trial.shown(&guess)? else {
                break;
            };
            let is_certain =
                guess.likeness >= LIKE || self.rough.share_of(&shown, &rest) >= CERTAIN;
            let error = self.rough.error_of(&shown);
            if best.is_none_or(|(sure, least, _)| (!is_certain, error) < (!sure, least)) {
                best = Some((is_certain, error, guess));
            }
        }
        let Some((is_certain, error, guess)) = best else {
            return Ok(None);
        };
        // A guess that is far worse than what is there is not made good by descent.
        let old = self.rough.shown(document)?;
        let before = self.rough.error_of(&old);
        if error > 1.5 * before {
            return Ok(None);
        }
        let (error, guess) = if is_certain || unit.is_text {
            trial.descended(error, guess, SHIFTS)?
        } else {
            (error, guess)
        };
        let (_, guess) = trial.descended(error, guess, [true; AXES])?;
        let better = trial.moved(&guess);
        let is_far = trial.reach_of(&guess) >= LEAST_MOVE * factor;
        if !is_far || !unit.sizes().contains(&guess.similarity.scale.powi(2)) {
            return Ok(None);
        }
        let new = self.rough.shown(&better)?;
        let share = self.rough.share_of(&new, &rest);
        let better = self.state(better)?;
        let is_shown = if unit.is_text {
            // Hardly a pixel of thin strokes has their colour.
            share >= TEXT_SHOWN
        } else {
            let (old, found) = (self.agreeing(state, unit), self.agreeing(&better, unit));
            found.is_more_than(old)
                && (!unit.is_group || found.is_whole(old, guess.similarity.scale))
        };
        if !is_shown || !self.is_worth(state, &[(unit, guess.color)], [&old, &new])? {
            return Ok(None);
        }
        let similarity = guess.similarity.mapped(trial.to_view.inverse());
        Ok(Some((better, similarity, is_certain || share >= CERTAIN)))
    }

    /// Whether moves, with colours, take away enough of the error where they change the picture,
    /// also when the units could be given other colours instead.
    pub(super) fn is_worth(
        &self,
        state: &State,
        moved: &[(&Unit, Option<Color>)],
        [old, new]: [&Raster; 2],
    ) -> Result<bool, RenderError> {
        let is_changed: Vec<bool> = old
            .pixels()
            .iter()
            .zip(new.pixels())
            .map(|(a, b)| squared_distance(color_of(a), color_of(b)) > 1e-4)
            .collect();
        let there = |shown: &Raster| -> f64 {
            let errors = self.rough.errors_of(shown).zip(&is_changed);
            errors
                .filter(|(_, changed)| **changed)
                .map(|(error, _)| error)
                .sum()
        };
        let mut least = there(old);
        for is_new in [false, true] {
            let colors = moved.iter().filter(|(unit, _)| !unit.is_group);
            let colors = colors.filter_map(|(unit, color)| {
                let pixels = state.seen.pixels_of(unit.shapes.start);
                let here = || Some(mean_color(&self.fine.pixels, pixels));
                Some((unit, if is_new { *color } else { here() }?))
            });
            let colors: Vec<(&&Unit, Color)> = colors.collect();
            if colors.is_empty() {
                continue;
            }
            let mut recolored = state.document.clone();
            for (unit, color) in colors {
                paint(&mut recolored, &unit.place, color);
            }
            least = least.min(there(&self.rough.shown(&recolored)?));
        }
        let gain = least - there(new);
        let price = Price::of_size(self.rough.width as usize, self.rough.height as usize);
        Ok(gain >= MOVE_GAIN * least && gain >= price.usual_shape())
    }

    /// How much of what is seen of a unit the target shows as it is.
    pub(super) fn agreeing(&self, state: &State, unit: &Unit) -> Agreeing {
        let agrees = |pixel: &&u32| {
            let at = **pixel as usize;
            squared_distance(state.picture[at], self.fine.pixels[at]).sqrt() <= AGREES
        };
        let pixels = unit.parts(&state.seen).iter().flatten();
        Agreeing {
            agreeing: pixels.filter(agrees).count() as f64,
            seen: unit.seen_area(&state.seen) as f64,
        }
    }
}

/// The flat fill of a shape that has a stroke as well.
fn stroked_fill(visit: &ShapeVisit<'_>) -> Option<[f32; 3]> {
    visit.shape.stroke.as_ref()?;
    match visit.shape.fill.as_ref()?.paint {
        Paint::Solid(color) => Some([color.red, color.green, color.blue]),
        _ => None,
    }
}

/// Pixels that are seen of a unit, and those that the target shows as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Agreeing {
    seen: f64,
    agreeing: f64,
}

impl Agreeing {
    /// The share that agrees.
    pub(super) fn share(&self) -> f64 {
        self.agreeing / self.seen.max(1.0)
    }

    /// Whether a group shows most of its parts where it went: what moved by itself is not carried
    /// off the canvas by the others.
    fn is_whole(&self, before: Self, scale: f64) -> bool {
        let seen = before.seen * scale.powi(2).min(1.0);
        self.seen >= GROUP_SEEN * seen && self.agreeing >= GROUP_SHOWN * seen.max(self.seen)
    }

    /// Whether more agrees than did before: a larger share, or as large a share of more. What is
    /// half covered by something new agrees as well as it can, wherever it goes; what moved or grew
    /// does not.
    fn is_more_than(&self, before: Self) -> bool {
        let (old, new) = (before.share(), self.share());
        new >= old + LEAST_AGREED
            || (new >= old - 0.5 * LEAST_AGREED
                && self.agreeing >= (1.0 + LEAST_AGREED) * before.agreeing)
    }
}
