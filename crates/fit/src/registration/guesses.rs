//! Guesses where a shape or group of the template went in the target: similarities that lay it onto
//! a region of like form, or shifts under which its picture is found again. Nothing is rendered or
//! moved here.

use std::ops::RangeInclusive;

use chat2svg_vector::{Color, Paint, RenderError};
use kurbo::{Point, Vec2};

use super::{
    Search,
    form::{Form, Similarity},
    moves::State,
    tie_break::Appearance,
    units::Unit,
    view::squared_distance,
};
use crate::normals::pixel_at;

/// A colour that may have changed a little, in Oklab distance.
pub(super) const NEAR_COLOR: f32 = 0.2;
/// Oklab distance from which a shape's colour is another.
const RECOLORED: f32 = 0.03;
/// Least intersection over union of a shape laid onto a region at its place, and further away.
const LEAST_LIKENESS: f64 = 0.6;
const FAR_LIKENESS: f64 = 0.8;
/// The same for one of quite another colour.
const RECOLORED_LIKENESS: f64 = 0.85;
/// Ratios of areas between which a region may be a shape of another size.
const SIZES: RangeInclusive<f64> = 0.25..=4.0;
/// The same for a group, of which less is like it by chance.
const GROUP_SIZES: RangeInclusive<f64> = 0.15..=4.0;
/// The same for a text, which is not stretched to what it is not.
const TEXT_SIZES: RangeInclusive<f64> = 0.5..=2.0;
/// The same for one of quite another colour.
const RECOLORED_SIZES: RangeInclusive<f64> = 0.6..=1.7;
/// Regions of a like form that are tried by rendering.
const TRIED: usize = 4;
/// Most pixels of a unit that are looked at for a guess.
const SAMPLES: usize = 500;

/// A guess where a unit went, in pixels of the regions' picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    pub(super) similarity: Similarity,
    /// How well it fits before it is tried; higher is better.
    pub(super) likeness: f64,
    /// The colour that the unit has there.
    pub(super) color: Option<Color>,
}

impl Unit {
    /// Ratios of areas between which it may be of another size.
    pub(super) fn sizes(&self) -> RangeInclusive<f64> {
        match (self.is_text, self.is_group) {
            (true, _) => TEXT_SIZES,
            (false, true) => GROUP_SIZES,
            (false, false) => SIZES,
        }
    }
}

impl Search<'_> {
    /// Where a unit may have gone, best first.
    pub(super) fn guesses(
        &self,
        unit: &Unit,
        state: &State,
        apart: f32,
    ) -> Result<Vec<Guess>, RenderError> {
        let pixels = unit.parts(&state.seen).concat();
        let mut guesses = Vec::new();
        let seen = |shape: &usize| state.seen.pixels_of(*shape).len();
        let shapes = unit.shapes.clone();
        let mut large: Vec<usize> = shapes
            .filter(|shape| seen(shape) >= self.least_pixels())
            .collect();
        large.sort_by_key(|shape| std::cmp::Reverse(seen(shape)));
        for shape in large.into_iter().take(6) {
            self.stop.check()?;
            guesses.extend(self.region_guesses(shape, state, apart, unit.sizes()));
        }
        if unit.is_group {
            for guess in &mut guesses {
                guess.color = None;
            }
        }
        guesses.retain(|guess| unit.sizes().contains(&guess.similarity.scale.powi(2)));
        for guess in &mut guesses {
            guess.likeness = self.agreement(&pixels, guess, state);
        }
        guesses.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
        guesses.truncate(TRIED);
        guesses.extend(self.shift_guesses(&state.document, unit)?);
        Ok(guesses)
    }

    /// Where a shape would be had it gone the way of the first in its group that did.
    pub(super) fn fellow_guess(
        &self,
        unit: &Unit,
        state: &State,
        units: &[Unit],
        placed: &[(Unit, Similarity, bool)],
    ) -> Result<Option<Guess>, RenderError> {
        let is_fellow = |other: &Unit| {
            let mut groups = units.iter().filter(|group| group.is_group);
            groups.any(|group| [unit, other].iter().all(|each| group.holds(each)))
        };
        let found = placed.iter().find(|(other, ..)| is_fellow(other));
        let seen = state
            .appearances
            .get(unit.shapes.start)
            .and_then(Option::as_ref);
        let Some(((_, similarity, _), seen)) = found.zip(seen).filter(|_| !unit.is_group) else {
            return Ok(None);
        };
        let [width, height] = [self.areas.width, self.areas.height].map(|side| side as u32);
        let to_canvas = state.document.canvas_transform(width, height)?;
        let center = seen.form.center;
        let there = to_canvas * similarity.map() * to_canvas.inverse() * center;
        Ok(Some(Guess {
            similarity: Similarity {
                center,
                by: there - center,
                ..*similarity
            },
            likeness: 0.0,
            color: None,
        }))
    }

    /// Regions of a like form near a shape.
    fn region_guesses(
        &self,
        shape: usize,
        state: &State,
        furthest: f32,
        sizes: RangeInclusive<f64>,
    ) -> Vec<Guess> {
        let pixels = &state.bodies[shape];
        let Some(Appearance { form, color }) = &state.appearances[shape] else {
            return Vec::new();
        };
        let is_flat = (state.document)
            .shapes()
            .get(shape)
            .and_then(|visit| visit.shape.fill.as_ref())
            .is_some_and(|fill| matches!(fill.paint, Paint::Solid(_)));
        let side = self.areas.width.max(self.areas.height) as f64;
        let mut found = Vec::new();
        for (index, area) in self.areas.all.iter().enumerate() {
            let apart = color.distance(area.color);
            let far = area.form.center.distance(form.center);
            let is_other = apart > NEAR_COLOR;
            let is_taken = state.settled.contains(&Some(index));
            let sizes = if is_other { &RECOLORED_SIZES } else { &sizes };
            if is_taken
                || apart > furthest
                || (is_other && !is_flat)
                || !sizes.contains(&(area.form.area / form.area))
            {
                continue;
            }
            let least = if is_other {
                RECOLORED_LIKENESS
            } else {
                (LEAST_LIKENESS + 2.0 * far / side).min(FAR_LIKENESS)
            };
            if let Some((likeness, similarity)) = self.laid_onto(index, form, pixels)
                && likeness >= least
            {
                found.push(Guess {
                    similarity,
                    likeness: likeness - f64::from(apart) - 0.2 * far / side,
                    color: (is_flat && apart > RECOLORED).then_some(area.paint),
                });
            }
        }
        found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
        found.truncate(3);
        found
    }

    /// How a form with its pixels is best laid onto a region, after how like it they are then.
    pub(super) fn laid_onto(
        &self,
        area: usize,
        form: &Form,
        pixels: &[u32],
    ) -> Option<(f64, Similarity)> {
        let all = form.similarities_to(&self.areas.all.get(area)?.form);
        let rated = all.into_iter().map(|similarity| {
            let likeness = self.likeness(pixels, area, &similarity);
            // Of equal ones the least turned.
            (likeness - 0.02 * similarity.turn.abs(), similarity)
        });
        rated.max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Intersection over union of pixels moved onto a region.
    fn likeness(&self, pixels: &[u32], area: usize, similarity: &Similarity) -> f64 {
        let (mut count, mut inside) = (0.0_f64, 0.0);
        for (_, there) in self.samples(pixels, similarity) {
            count += 1.0;
            if there.is_some_and(|there| self.areas.holds(area, there)) {
                inside += 1.0;
            }
        }
        let whole = self.areas.all[area].form.area / pixels.len() as f64;
        let moved = similarity.scale.powi(2);
        let common = inside / count.max(1.0) * moved;
        common / (moved + whole - common).max(1e-9)
    }

    /// How well the target shows a unit's picture where a guess puts it, less the further it goes.
    fn agreement(&self, pixels: &[u32], guess: &Guess, state: &State) -> f64 {
        const UNLIKE: f32 = 0.15;
        let color = guess
            .color
            .map(|color| [color.red, color.green, color.blue]);
        let (mut count, mut error) = (0.0_f64, 0.0);
        for (pixel, there) in self.samples(pixels, &guess.similarity) {
            count += 1.0;
            let wanted = color.unwrap_or(state.picture[pixel]);
            error += f64::from(there.map_or(UNLIKE, |there| {
                squared_distance(self.fine.pixels[there], wanted).min(UNLIKE)
            }));
        }
        let side = self.areas.width.max(self.areas.height) as f64;
        let effort = guess.similarity.by.hypot() / side + 0.02 * guess.similarity.turn.abs();
        1.0 - error / (count.max(1.0) * f64::from(UNLIKE)) - 0.1 * effort
    }

    /// Some of many pixels, evenly spread, and where on the canvas a similarity moves each.
    fn samples(
        &self,
        pixels: &[u32],
        similarity: &Similarity,
    ) -> impl Iterator<Item = (usize, Option<usize>)> {
        let size @ [width, _] = [self.areas.width, self.areas.height];
        let map = similarity.map();
        let stride = pixels.len().div_ceil(SAMPLES).max(1);
        pixels.iter().step_by(stride).map(move |pixel| {
            let pixel = *pixel as usize;
            let corner = Point::new((pixel % width) as f64, (pixel / width) as f64);
            (pixel, pixel_at(map * (corner + Vec2::new(0.5, 0.5)), size))
        })
    }
}
