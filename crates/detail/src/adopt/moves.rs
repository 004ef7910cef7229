//! Where a shape or group of the template went in the target: similarities are guessed from matching
//! regions, tried by rendering, made exact by descent, and taken only when the error falls by enough.
//! A shape that shows the target already is not moved, and nothing is added here.

use std::collections::{BTreeSet, VecDeque};

use chat2svg_protocol::Movement;
use chat2svg_vector::{Color, Document, Paint, RenderError};
use kurbo::{Point, Vec2};

use crate::halt::Halt;

use super::{
    AdoptError, AdoptParameters,
    areas::{Areas, Seen, mean_color},
    form::{Form, Similarity},
    trial::{Trial, paint},
    twins::Looks,
    units::{Unit, units},
    view::{View, color_of, squared_distance, sum},
};

/// A colour that may have changed a little, in Oklab distance.
const NEAR_COLOR: f32 = 0.2;
/// Oklab distance up to which a region may be a shape of quite another colour.
const OTHER_COLOR: f32 = 0.35;
/// Oklab distance from which a shape's colour is another.
const RECOLORED: f32 = 0.03;
/// Least intersection over union of a shape laid onto a region at its place, and further away.
const LEAST_LIKENESS: f64 = 0.6;
const FAR_LIKENESS: f64 = 0.8;
/// The same for one of quite another colour.
const RECOLORED_LIKENESS: f64 = 0.85;
/// Ratios of areas between which a region may be a shape of another size.
const SIZES: std::ops::RangeInclusive<f64> = 0.25..=4.0;
/// The same for one of quite another colour.
const RECOLORED_SIZES: std::ops::RangeInclusive<f64> = 0.6..=1.7;
/// Most units that are looked for.
const MOST_UNITS: usize = 96;
/// Share of a group that may be settled where it is when the group is to move.
const SETTLED_SHARE: f64 = 0.1;
/// Guesses of a unit that are tried by rendering.
const TRIED: usize = 6;
/// Most pixels of a unit that are looked at for a guess.
const SAMPLES: usize = 500;
/// Shape renderings that all moves together may take.
const WORK: usize = 40_000;
/// Distance in pixels of the regions' picture below which a move is left to the fit.
const LEAST_MOVE: f64 = 1.5;
/// Bytes that a move must be worth: those of a shape painted over instead.
const MOVE_BYTES: f64 = 60.0;

/// What the search works on.
pub(super) struct Search<'a> {
    pub(super) areas: &'a Areas,
    /// The target at the size of the regions' picture.
    pub(super) fine: &'a View<'a>,
    /// The target at the size at which guesses are tried.
    pub(super) rough: &'a View<'a>,
    pub(super) parameters: &'a AdoptParameters,
    /// Says when to end.
    pub(super) halt: Halt<'a>,
}

/// A guess where a unit went, in pixels of the regions' picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    pub(super) similarity: Similarity,
    /// How well it fits before it is tried; higher is better.
    likeness: f64,
    /// The colour that the unit has there.
    pub(super) color: Option<Color>,
    /// The region guessed from, when it is one.
    area: Option<usize>,
}

/// Of each shape the region that shows it where it is; `None` for those that may have moved.
type Settled = Vec<Option<usize>>;

impl Search<'_> {
    /// Moves what moved; tells what and how far.
    pub(super) fn run(&self, document: &mut Document) -> Result<Vec<Movement>, AdoptError> {
        let mut moved = Vec::new();
        let mut work = WORK;
        let list = units(document);
        let shapes = document.counts().shapes;
        let mut state = self.state(document)?;
        // Groups as wholes before their parts, and the large before the small.
        let size = |unit: &Unit, seen: &Seen| -> usize {
            seen.pixels
                .get(unit.shapes.clone())
                .map_or(0, |parts| parts.iter().map(Vec::len).sum())
        };
        let mut order: Vec<&Unit> = list
            .iter()
            .filter(|unit| size(unit, &state.seen) >= self.least_pixels())
            .collect();
        order.sort_by_key(|unit| {
            let rank = if unit.is_group { 0 } else { 1 };
            (
                rank,
                std::cmp::Reverse(size(unit, &state.seen)),
                unit.shapes.start,
            )
        });
        // What kept its colour first: it has the better claim to a region.
        let kept = order.iter().map(|unit| (*unit, NEAR_COLOR));
        let single = order.iter().filter(|unit| !unit.is_group);
        let recolored = single.map(|unit| (*unit, OTHER_COLOR));
        let mut looked = 0;
        let mut queue: VecDeque<(&Unit, f32)> = kept.chain(recolored).collect();
        let mut waited = BTreeSet::new();
        while let Some((unit, apart)) = queue.pop_front() {
            let is_enough = moved.len() >= self.parameters.most_moves || work < shapes;
            if is_enough || looked >= MOST_UNITS {
                break;
            }
            self.halt.check()?;
            if self.is_settled(unit, &state) {
                continue;
            }
            looked += 1;
            let mut guesses = self.guesses(document, unit, &state, apart)?;
            let all = guesses.len();
            if !unit.is_group {
                guesses.retain(|guess| {
                    let to = guess.similarity.center + guess.similarity.by;
                    !state.looks.has_nearer_twin(unit.shapes.start, to)
                });
            }
            if guesses.len() < all && waited.insert(unit.shapes.start) {
                // Its twins go first: where they were, it may go then.
                queue.push_back((unit, apart));
                continue;
            }
            if guesses.is_empty() {
                continue;
            }
            if let Some((better, movement)) = self.best(document, unit, &guesses, &mut work)? {
                *document = better;
                moved.push(movement);
                state = self.state(document)?;
            }
        }
        Ok(moved)
    }

    fn state(&self, document: &Document) -> Result<State, RenderError> {
        let seen = Seen::of(document, self.areas.width, self.areas.height, self.halt)?;
        let settled = seen
            .pixels
            .iter()
            .map(|pixels| {
                let best = *self.areas.overlaps(pixels).first()?;
                (best.ratio >= self.parameters.settled_overlap).then_some(best.area)
            })
            .collect();
        let shown = self.fine.shown(document)?;
        let picture: Vec<[f32; 3]> = shown.pixels().iter().map(color_of).collect();
        Ok(State {
            looks: Looks::of(&seen, &picture, self.areas.width),
            seen,
            settled,
            picture,
        })
    }

    /// Whether the target shows a unit where it is, or some of a group there, or too much of it to say.
    fn is_settled(&self, unit: &Unit, state: &State) -> bool {
        let seen = |shape: usize| state.seen.pixels.get(shape).map_or(0, Vec::len);
        let all: usize = unit.shapes.clone().map(seen).sum();
        let settled: usize = unit
            .shapes
            .clone()
            .filter(|shape| state.settled.get(*shape).is_some_and(Option::is_some))
            .map(seen)
            .sum();
        2 * all > self.areas.width * self.areas.height
            || settled as f64 > SETTLED_SHARE * all as f64
    }

    /// Pixels that something must show to be looked for.
    fn least_pixels(&self) -> usize {
        let scale = self.areas.width.max(self.areas.height) as f64 / 512.0;
        (self.parameters.least_area * scale * scale).max(6.0) as usize
    }

    /// Where a unit may have gone, best first.
    fn guesses(
        &self,
        document: &Document,
        unit: &Unit,
        state: &State,
        apart: f32,
    ) -> Result<Vec<Guess>, AdoptError> {
        let parts: Vec<usize> = unit
            .shapes
            .clone()
            .filter(|shape| state.seen.pixels[*shape].len() >= self.least_pixels())
            .collect();
        let pixels: Vec<u32> = unit
            .shapes
            .clone()
            .flat_map(|shape| state.seen.pixels[shape].iter().copied())
            .collect();
        let mut guesses = Vec::new();
        let mut of_parts = Vec::new();
        let mut large = parts.clone();
        large.sort_by_key(|shape| std::cmp::Reverse(state.seen.pixels[*shape].len()));
        for shape in large.into_iter().take(6) {
            self.halt.check()?;
            let found = self.region_guesses(document, shape, state, apart);
            guesses.extend(found.iter().take(3).copied());
            of_parts.push(found);
        }
        let Some(form) = Form::of(pixels.iter().copied(), self.areas.width) else {
            return Ok(Vec::new());
        };
        if unit.is_group {
            for guess in &mut guesses {
                guess.color = None;
            }
            guesses.extend(self.pair_guesses(&of_parts, form.center));
        }
        guesses.extend(self.shift_guesses(&pixels, form.center, state));
        let reach = self.parameters.reach * self.areas.width.max(self.areas.height) as f64;
        guesses.retain(|guess| {
            let goes = guess.similarity.map() * form.center - form.center;
            goes.hypot() <= reach && SIZES.contains(&guess.similarity.scale.powi(2))
        });
        for guess in &mut guesses {
            guess.likeness = self.agreement(&pixels, guess, state);
        }
        guesses.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
        guesses.truncate(TRIED);
        Ok(guesses)
    }

    /// Regions of a like form near a shape.
    fn region_guesses(
        &self,
        document: &Document,
        shape: usize,
        state: &State,
        furthest: f32,
    ) -> Vec<Guess> {
        let pixels = &state.seen.pixels[shape];
        let Some(form) = Form::of(pixels.iter().copied(), self.areas.width) else {
            return Vec::new();
        };
        let own = mean_color(&state.picture, pixels).to_oklab();
        let is_flat = document
            .shapes()
            .get(shape)
            .and_then(|visit| visit.shape.fill.as_ref())
            .is_some_and(|fill| matches!(fill.paint, Paint::Solid(_)));
        let side = self.areas.width.max(self.areas.height) as f64;
        let mut found = Vec::new();
        for (index, area) in self.areas.all.iter().enumerate() {
            let apart = own.distance(area.color);
            let far = area.form.center.distance(form.center);
            let is_other = apart > NEAR_COLOR;
            let is_taken = state.settled.contains(&Some(index));
            let sizes = if is_other { RECOLORED_SIZES } else { SIZES };
            if is_taken
                || apart > furthest
                || (is_other && !is_flat)
                || far > 1.2 * self.parameters.reach * side
                || !sizes.contains(&(area.form.area / form.area))
            {
                continue;
            }
            let least = if is_other {
                RECOLORED_LIKENESS
            } else {
                (LEAST_LIKENESS + 2.0 * far / side).min(FAR_LIKENESS)
            };
            let best = form
                .similarities_to(&area.form)
                .into_iter()
                .map(|similarity| {
                    let likeness = self.likeness(pixels, index, &similarity);
                    // Of equal ones the least turned.
                    (likeness - 0.02 * similarity.turn.abs(), similarity)
                })
                .max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((likeness, similarity)) = best
                && likeness >= least
            {
                found.push(Guess {
                    similarity,
                    likeness: likeness - f64::from(apart) - 0.2 * far / side,
                    color: (is_flat && apart > RECOLORED).then_some(area.paint),
                    area: Some(index),
                });
            }
        }
        found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
        found.truncate(4);
        found
    }

    /// Intersection over union of pixels moved onto a region.
    fn likeness(&self, pixels: &[u32], area: usize, similarity: &Similarity) -> f64 {
        let map = similarity.map();
        let mut count = 0.0_f64;
        let mut inside = 0.0;
        for pixel in sampled(pixels) {
            count += 1.0;
            if let Some(there) = self.pixel_at(map * self.center_of(pixel))
                && self.areas.holds(area, there)
            {
                inside += 1.0;
            }
        }
        let whole = self.areas.all[area].form.area / pixels.len() as f64;
        let moved = similarity.scale.powi(2);
        let common = inside / count.max(1.0) * moved;
        common / (moved + whole - common).max(1e-9)
    }

    /// Two parts that went to two regions, together.
    fn pair_guesses(&self, of_parts: &[Vec<Guess>], center: Point) -> Vec<Guess> {
        let mut found = Vec::new();
        for (first, others) in of_parts.iter().zip(1..) {
            for second in of_parts.iter().skip(others) {
                for a in first.iter().take(2) {
                    for b in second.iter().take(2) {
                        let ends = |guess: &Guess| {
                            let from = guess.similarity.center;
                            (from, guess.similarity.map() * from)
                        };
                        let ((from, to), (other_from, other_to)) = (ends(a), ends(b));
                        let both = Similarity::through(center, [from, other_from], [to, other_to]);
                        if a.area != b.area
                            && let Some(similarity) = both
                        {
                            found.push(Guess {
                                similarity,
                                likeness: 0.0,
                                color: None,
                                area: None,
                            });
                        }
                    }
                }
            }
        }
        found
    }

    /// The shifts under which the unit's picture is found again, by trying all on a grid.
    fn shift_guesses(&self, pixels: &[u32], center: Point, state: &State) -> Vec<Guess> {
        let side = self.areas.width.max(self.areas.height) as f64;
        let step = (side / 80.0).max(1.0);
        let most = (self.parameters.reach * side / step).floor() as i32;
        let mut found: Vec<Guess> = Vec::new();
        for row in -most..=most {
            for column in -most..=most {
                if (row, column) == (0, 0) {
                    continue;
                }
                let by = Vec2::new(f64::from(column) * step, f64::from(row) * step);
                let mut guess = Guess {
                    similarity: Similarity::shift(center, by),
                    likeness: 0.0,
                    color: None,
                    area: None,
                };
                guess.likeness = self.agreement_of(pixels, &guess, state, 60);
                found.push(guess);
            }
        }
        found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
        // The best few that are not neighbours.
        let mut kept: Vec<Guess> = Vec::new();
        for guess in found {
            let is_new = kept
                .iter()
                .all(|other| (other.similarity.by - guess.similarity.by).hypot() > 2.5 * step);
            if is_new {
                kept.push(guess);
            }
            if kept.len() == 3 {
                break;
            }
        }
        kept
    }

    /// How well the target shows a unit's picture where a guess puts it, less the further it goes.
    fn agreement(&self, pixels: &[u32], guess: &Guess, state: &State) -> f64 {
        self.agreement_of(pixels, guess, state, SAMPLES)
    }

    fn agreement_of(&self, pixels: &[u32], guess: &Guess, state: &State, most: usize) -> f64 {
        const UNLIKE: f32 = 0.15;
        let map = guess.similarity.map();
        let stride = pixels.len().div_ceil(most).max(1);
        let color = guess
            .color
            .map(|color| [color.red, color.green, color.blue]);
        let (mut count, mut error) = (0.0_f64, 0.0);
        for pixel in pixels.iter().step_by(stride) {
            count += 1.0;
            let wanted = color.unwrap_or(state.picture[*pixel as usize]);
            error += f64::from(
                self.pixel_at(map * self.center_of(*pixel))
                    .map_or(UNLIKE, |there| {
                        squared_distance(self.fine.pixels[there], wanted).min(UNLIKE)
                    }),
            );
        }
        let side = self.areas.width.max(self.areas.height) as f64;
        let effort = guess.similarity.by.hypot() / side + 0.02 * guess.similarity.turn.abs();
        1.0 - error / (count.max(1.0) * f64::from(UNLIKE)) - 0.1 * effort
    }

    fn center_of(&self, pixel: u32) -> Point {
        let width = self.areas.width;
        Point::new(
            (pixel as usize % width) as f64 + 0.5,
            (pixel as usize / width) as f64 + 0.5,
        )
    }

    fn pixel_at(&self, point: Point) -> Option<usize> {
        let (x, y) = (point.x.floor(), point.y.floor());
        let is_inside =
            x >= 0.0 && y >= 0.0 && x < self.areas.width as f64 && y < self.areas.height as f64;
        is_inside.then(|| y as usize * self.areas.width + x as usize)
    }

    /// The document with the unit moved as the best guess says, made exact, when that is better by enough.
    fn best(
        &self,
        document: &Document,
        unit: &Unit,
        guesses: &[Guess],
        work: &mut usize,
    ) -> Result<Option<(Document, Movement)>, AdoptError> {
        let mut trial = Trial {
            search: self,
            document,
            unit,
            to_rough: document.canvas_transform(self.rough.width, self.rough.height)?,
            factor: f64::from(self.rough.width) / self.areas.width as f64,
            shapes: document.counts().shapes.max(1),
            work,
        };
        let mut best: Option<(f64, Guess)> = None;
        for guess in guesses {
            let guess = Guess {
                similarity: guess.similarity.scaled(trial.factor),
                ..*guess
            };
            let Some(error) = trial.error(&guess)? else {
                break;
            };
            if best.is_none_or(|(found, _)| error < found) {
                best = Some((error, guess));
            }
        }
        let Some((error, guess)) = best else {
            return Ok(None);
        };
        // A guess that is far worse than what is there is not made good by descent.
        let before = self.rough.errors(document)?;
        if error > 1.5 * sum(&before) {
            return Ok(None);
        }
        let (error, guess) = trial.descended(error, guess, 4)?;
        let (error, guess) = trial.plainest(error, guess, sum(&before))?;
        let (_, guess) = trial.descended(error, guess, 2)?;
        let better = trial.moved(&guess);
        if trial.reach_of(&guess) < LEAST_MOVE * trial.factor {
            return Ok(None);
        }
        if !self.is_worth(document, &better, unit, &guess)? {
            return Ok(None);
        }
        let to_user = trial.to_rough.inverse();
        let scale = to_user.determinant().abs().sqrt();
        let far = guess.similarity.by * scale;
        let name = unit.name.clone();
        Ok(Some((
            better,
            Movement {
                name,
                by: [rounded(far.x), rounded(far.y)],
                turned: rounded(guess.similarity.turn.to_degrees()),
                scaled: (guess.similarity.scale * 1000.0).round() / 1000.0,
            },
        )))
    }

    /// Whether a move takes away enough of the error where it changes the picture, also when the unit
    /// could be given another colour instead.
    fn is_worth(
        &self,
        before: &Document,
        after: &Document,
        unit: &Unit,
        guess: &Guess,
    ) -> Result<bool, AdoptError> {
        let old = self.rough.shown(before)?;
        let new = self.rough.shown(after)?;
        let is_changed: Vec<bool> = old
            .pixels()
            .iter()
            .zip(new.pixels())
            .map(|(a, b)| squared_distance(color_of(a), color_of(b)) > 1e-4)
            .collect();
        let there = |errors: &[f32]| -> f64 {
            errors
                .iter()
                .zip(&is_changed)
                .filter(|(_, changed)| **changed)
                .map(|(error, _)| f64::from(*error))
                .sum()
        };
        let mut least = there(&self.rough.errors_of(&old));
        if !unit.is_group {
            let seen = Seen::of(before, self.areas.width, self.areas.height, self.halt)?;
            let pixels = &seen.pixels[unit.shapes.start];
            let instead = [Some(mean_color(&self.fine.pixels, pixels)), guess.color];
            for color in instead.into_iter().flatten() {
                let mut recolored = before.clone();
                paint(&mut recolored, &unit.place, color);
                least = least.min(there(&self.rough.errors(&recolored)?));
            }
        }
        let gain = least - there(&self.rough.errors_of(&new));
        let side = f64::from(self.rough.width.max(self.rough.height)) / 512.0;
        let price = self.parameters.gain_per_byte * MOVE_BYTES * side * side;
        Ok(gain >= self.parameters.move_gain * least && gain >= price)
    }
}

/// What the search knows of the document as it stands.
struct State {
    seen: Seen,
    looks: Looks,
    settled: Settled,
    /// The document's picture at the size of the regions'.
    picture: Vec<[f32; 3]>,
}

/// Some of many pixels, evenly spread.
fn sampled(pixels: &[u32]) -> impl Iterator<Item = u32> + '_ {
    let stride = pixels.len().div_ceil(SAMPLES).max(1);
    pixels.iter().step_by(stride).copied()
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
